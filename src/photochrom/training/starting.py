"""Where a run starts: from its own last checkpoint, another model, a distilled encoder, or ImageNet weights.

Bins and class weights come from the model that a run starts from, else from its teacher, else from the photographs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from photochrom.color.bins import AbBins
from photochrom.evaluation.photographs import Photographs
from photochrom.networks.colorizer_net import ColorizerNet, build_encoder
from photochrom.networks.files import read_tensors
from photochrom.training.checkpoints import load_module, load_run
from photochrom.training.features import START_WEIGHTS, FeaturesModule, Teachers, begin, load_encoder
from photochrom.training.losses import class_weights
from photochrom.training.module import ColorizerModule
from photochrom.training.pretrained import find_pretrained
from photochrom.training.prior import measure_prior
from photochrom.training.recipe import Recipe
from photochrom.training.run_module import RunModule
from photochrom.training.teacher import Teacher


def starting_module(
    recipe: Recipe,
    photographs: Photographs,
    provenance: Mapping[str, str],
    *,
    last: Path | None,
    start: str | Path | None,
    pretrained: str | Path | None,
) -> RunModule:
    """The module of a run as it is about to be trained, its teachers included.

    Args:
        recipe: what to train.
        photographs: that it is trained on.
        provenance: what a new run records; one that goes on keeps its own.
        last: the run's checkpoint, where it goes on.
        start: checkpoint, bundled model or model folder to start from.
        pretrained: the encoder's weights, see `photochrom.training.pretrained`; for the task "features", its teacher's.

    Raises:
        UsageError, ModelError, DataError, MissingExtraError: with what does not fit.
    """
    weights: Path | None = None
    if pretrained is not None and (recipe.task == "features" or last is None):
        weights, facts = find_pretrained(pretrained, recipe.encoder)
        provenance = {**provenance, **facts}
    if recipe.task == "features":
        return _features(recipe, photographs, provenance, weights, last)
    if last is not None:
        module = load_module(last, recipe=recipe)
    else:
        module = _colorizer(recipe, photographs, provenance, start=start, pretrained=weights)
    if recipe.teacher:
        taught_by, bins, log_w, _ = _weights_from(recipe.teacher)
        module.teacher = Teacher(taught_by, AbBins(np.asarray(bins)), np.asarray(log_w), module.bins)
    return module


def _colorizer(
    recipe: Recipe,
    photographs: Photographs,
    provenance: Mapping[str, str],
    *,
    start: str | Path | None,
    pretrained: Path | None,
) -> ColorizerModule:
    distilled = _distilled(start)
    if start is None or distilled:
        bins, weighting = _weights_from(recipe.teacher)[1:3] if recipe.teacher else _measured(recipe, photographs)
        encoder = list(START_WEIGHTS) if distilled else [build_encoder(recipe.encoder).start_weights]
        module = ColorizerModule(recipe.to_dict(), bins, weighting, {**provenance, "start_weights": encoder})
        if start and distilled:
            load_encoder(Path(start), distilled, module.net.encoder)
        else:
            module.net.encoder.load_pretrained(pretrained)
        return module
    net, bins, weighting, origins = _weights_from(start)
    decoder = {k: v for k, v in net.decoder.config.to_dict().items() if k not in ("bins", "channels")}
    recipe = recipe.merged({"encoder": net.encoder.config, "decoder": decoder})
    module = ColorizerModule(recipe.to_dict(), bins, weighting, {**provenance, "start_weights": origins})
    module.net.load_state_dict(net.state_dict())
    return module


def _features(
    recipe: Recipe, photographs: Photographs, provenance: Mapping[str, str], pretrained: Path | None, last: Path | None
) -> FeaturesModule:
    teachers = Teachers.load(pretrained)
    if last is None:
        return begin(recipe, photographs, {**provenance, "start": "Inception-v3 of 2015"}, teachers)
    module = load_run(last, FeaturesModule, recipe=recipe)
    module.teachers = teachers
    return module


def _distilled(start: str | Path | None) -> Mapping[str, Any] | None:
    """The checkpoint `start`, where it is one of the task "features"."""
    if start is None or not Path(start).is_file():
        return None
    stored = read_tensors(Path(start))
    values = stored.get("hyper_parameters", {})
    return stored if "bins" not in values and values.get("recipe", {}).get("task") == "features" else None


def _measured(recipe: Recipe, photographs: Photographs) -> tuple[list[list[float]], list[float]]:
    """Bins that the photographs use, and log w."""
    weights = photographs.weights(recipe.source_weights)
    found, prior = measure_prior(photographs, weights, count=min(3000, 10 * len(photographs)), seed=recipe.seed)
    return found.centers.tolist(), np.log(class_weights(prior, recipe.class_weight)).tolist()


def _weights_from(
    start: str | Path,
) -> tuple[ColorizerNet, list[list[float]], list[float], list[Mapping[str, Any] | str]]:
    """Network, bins, log w and start weights of a checkpoint, a bundled model or a model folder."""
    if Path(start).is_file():
        stored = load_module(Path(start))
        return stored.net, stored.bins.centers.tolist(), stored.loss.log_w.tolist(), stored.start_weights
    from photochrom.training.export import load_exported

    net, card = load_exported(start)
    return net, [list(center) for center in card.bins], list(card.log_w), list(card.start_weights)

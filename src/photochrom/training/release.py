"""Release: a checkpoint becomes a model folder whose read-out was chosen and whose card tells the truth.

The graphs are exported, the frontier is measured with them on the validation split, and the card, as
JSON inside the files and as `MODEL_CARD.md` beside them, says what the weights were made from.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from photochrom import __version__
from photochrom.errors import DataError
from photochrom.evaluation.cards import install, write_card
from photochrom.evaluation.frontier import Frontier, Lpips, measure_frontier
from photochrom.evaluation.photographs import Photographs
from photochrom.runtime.card import ModelCard, ReadOut
from photochrom.runtime.model import Model
from photochrom.training.checkpoints import load_module
from photochrom.training.continuing import Verdict, check_accepted
from photochrom.training.export import Storage, export
from photochrom.training.module import ColorizerModule
from photochrom.training.samples import whole

Rgb = NDArray[np.uint8]


def release(
    checkpoint: Path,
    out: Path,
    *,
    manifest: Path,
    name: str | None = None,
    version: str = "1",
    storage: Storage = "fp16",
    area: int = 256 * 256,
    limit: int = 200,
    metric_weights: Path | None = None,
    notes: Sequence[str] = (),
    bundle: str | None = None,
) -> ModelCard:
    """Export `checkpoint` to the folder `out`; returns the card that was written.

    Args:
        checkpoint: of `photochrom train`.
        out: folder for encoder.onnx, decoder.onnx and MODEL_CARD.md.
        manifest: of the training data, with a `val` split on which the read-out is chosen.
        name: of the model; the recipe's where None.
        version: of the model.
        storage: of the weights.
        area: working area in pixels.
        limit: photographs of `val` that are measured, evenly spread over the split.
        metric_weights: folder with `lpips_alex.safetensors`; without it the read-out is chosen by PSNR alone.
        notes: sentences for the card, beside what it says by itself.
        bundle: where given, the model is also copied among the bundled ones, and this says what it is for.

    Raises:
        ModelError: the checkpoint is damaged, or its run has a gate that did not accept it.
        DataError: the photographs can't be read.
    """
    module = load_module(checkpoint)
    check_accepted(module, checkpoint)
    photographs = Photographs(manifest, "train")
    card = ModelCard(
        name=name or module.recipe.name,
        version=version,
        encoder=module.net.encoder.config,
        decoder=module.net.decoder.config.to_dict(),
        bins=tuple((float(a), float(b)) for a, b in module.bins.centers),
        log_w=tuple(float(v) for v in module.loss.log_w),
        area=area,
        frontier=(ReadOut(vividness=0, t=0, T=1, gain=1), ReadOut(vividness=1, t=1, T=1, gain=1.5)),
        default_vividness=0.5,
        data=_data(module, photographs, manifest, notes),
        start_weights=tuple(module.start_weights),
    )
    difference = export(module.net, card, out, storage=storage)
    validation = Photographs(manifest, "val")
    side = round(np.sqrt(area) / 32) * 32
    chosen = np.linspace(0, len(validation) - 1, min(limit, len(validation))).round().astype(int)
    pictures = [whole(validation.read(int(index)), side) for index in chosen]
    frontier = measure_frontier(Model.load(out, device="cpu"), pictures, lpips=_lpips(metric_weights))
    card = replace(
        card,
        frontier=tuple(point.read_out for point in frontier.points),
        default_vividness=frontier.default_vividness,
        metrics={"frontier": _figures(frontier, len(pictures), side), "parity": round(difference, 4)},
    )
    write_card(out, card)
    if bundle is not None:
        install(out, card, bundle)
    return card


def _figures(frontier: Frontier, photographs: int, side: int) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return round(value, 4) if np.isfinite(value) else None

    return {
        "split": "val",
        "photographs": photographs,
        "side": side,
        "truth_cf_abs": number(frontier.truth_colorfulness),
        "grey_psnr": number(frontier.grey_psnr),
        "grey_lpips": number(frontier.grey_lpips),
        "points": [
            {
                "vividness": point.read_out.vividness,
                "psnr": number(point.psnr),
                "cf_abs": number(point.colorfulness),
                "lpips": number(point.lpips),
            }
            for point in frontier.points
        ],
        "cloud_columns": ["t", "T", "gain", "psnr", "cf_abs", "lpips"],
        "cloud": [[p.t, p.T, p.gain, number(p.psnr), number(p.colorfulness), number(p.lpips)] for p in frontier.cloud],
    }


def _data(module: ColorizerModule, photographs: Photographs, manifest: Path, notes: Sequence[str]) -> dict[str, Any]:
    counts = Counter(entry.source for entry in photographs.entries)
    terms = _terms(manifest.parent / "sources.csv")
    return {
        "photochrom": __version__,
        "manifest_sha256": photographs.manifest_sha256,
        "photographs": len(photographs),
        "samples": module.sample,
        "hours": round(module.seconds / 3600, 2),
        "recipe": module.recipe.to_dict(),
        "notes": [*notes, *_continued(module)],
        "sources": [
            {"source": source, "photographs": count, "terms": terms.get(source, "not stated")}
            for source, count in sorted(counts.items(), key=lambda item: -item[1])
        ],
    }


def _continued(module: ColorizerModule) -> list[str]:
    """What the card says of a model that went on from another one."""
    facts, notes = module.provenance, []
    if "replay_sha256" in facts or "gate" in facts:
        notes.append(f"continued from {Path(facts['start']).name}")
    if "replay_sha256" in facts:
        share = module.recipe.replay_share
        notes.append(f"{share:.0%} of every batch from older photographs, manifest SHA-256 `{facts['replay_sha256']}`")
    if module.verdict is not None:
        found = Verdict.from_dict(module.verdict)
        notes.append(
            f"negative log-likelihood on {found.photographs} other photographs {found.start:.4f} before, "
            f"{found.result:.4f} after"
        )
    return notes


def _terms(path: Path) -> dict[str, str]:
    """Terms by source from `sources.csv` beside the manifest; none where there is no such file."""
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {row["source"]: row["terms"] for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise DataError(f"{path} can't be read as a table of source and terms: {error}") from error


def _lpips(folder: Path | None) -> Lpips | None:
    if folder is None:
        return None
    from photochrom.evaluation.lpips import LpipsAlex

    metric = LpipsAlex.load(folder)

    def look(truth: Rgb) -> Callable[[Rgb], float]:
        described = metric.describe(torch.from_numpy(truth)[None])
        return lambda result: float(metric.distance(metric.describe(torch.from_numpy(result)[None]), described))

    return look

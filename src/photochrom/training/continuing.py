"""Continuing: a model learns from new photographs and is accepted only if it has not become worse elsewhere.

The recipe is the model's own with a short run and a low rate; older photographs can be replayed
(`photochrom.training.replay`). At the end the gate holds the result against the model that it started from,
photograph by photograph, on a set that neither has trained on; what it finds goes into the checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from photochrom.errors import DataError, ModelError, UsageError
from photochrom.evaluation.intervals import Estimate, Resamples, mean
from photochrom.evaluation.photographs import Photographs
from photochrom.networks.files import read_tensors
from photochrom.training.checkpoints import load_module, write_checkpoint
from photochrom.training.export import load_exported
from photochrom.training.module import ColorizerModule
from photochrom.training.recipe import Recipe

FEWEST: Final = 20
"""Photographs of a gate below which it can't tell a fall from chance."""

MOST: Final = 1000
"""Photographs of a gate that are looked at, evenly spread over it."""

_SHORT: Final[Mapping[str, Any]] = {
    "samples": 20_000,
    "warmup": 1_000,
    "cooldown": 10_000,
    "val_samples": 5_000,
    "late_share": 1.0,
    "ema": 0.99,  # the usual one remembers more steps than such a run has
}
_LOWER: Final = 0.2


@dataclass(frozen=True)
class Verdict:
    """What a gate found.

    Attributes:
        accepted: every score is a number, and the interval of `worse` does not lie above 0.
        gate: the set, as it was given.
        photographs: how many of it were looked at.
        start: mean score of the model that the run started from: calibrated negative log-likelihood, mean of
            clean and aged; lower is better.
        result: the same of the result.
        worse: result less start, with its 95 % interval over the photographs (paired bootstrap).
    """

    accepted: bool
    gate: str
    photographs: int
    start: float
    result: float
    worse: Estimate

    def __str__(self) -> str:
        return (
            f"{'accepted' if self.accepted else 'refused'} by the {self.photographs} photographs of {self.gate}: "
            f"negative log-likelihood {self.start:.4f} at the start, {self.result:.4f} now, a difference of "
            f"{self.worse.value:+.4f} (95 % interval {self.worse.low:+.4f} to {self.worse.high:+.4f})"
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Verdict:
        """Read back what `dataclasses.asdict` made of one."""
        return cls(**{**values, "worse": Estimate(**values["worse"])})


def continuing_recipe(start: str | Path) -> Recipe:
    """The recipe of a checkpoint, bundled model or model folder, made short and its rate low.

    The weights of sources are left out, for the new photographs come from others. Everything can be
    set otherwise, see `Recipe.overridden`.

    Raises:
        ModelError: there is no such model.
    """
    recipe = start_module(start).recipe
    return recipe.merged({**_SHORT, "learning_rate": recipe.learning_rate * _LOWER, "source_weights": {}})


def start_module(start: str | Path) -> ColorizerModule:
    """The module of a checkpoint, bundled model or model folder.

    Raises:
        ModelError: there is no such model, or it is damaged.
    """
    if Path(start).is_file():
        return load_module(Path(start))
    net, card = load_exported(start)
    known = {field.name for field in fields(Recipe)}
    recipe = {key: value for key, value in card.data.get("recipe", {}).items() if key in known}
    decoder = {key: value for key, value in card.decoder.items() if key not in ("bins", "channels")}
    bins, log_w = [list(center) for center in card.bins], list(card.log_w)
    module = ColorizerModule({**recipe, "encoder": card.encoder, "decoder": decoder}, bins, log_w)
    module.net.load_state_dict(net.state_dict())
    return module


def open_gate(gate: str) -> Photographs:
    """The photographs of a gate, given as `manifest.csv` (its split `val`) or `manifest.csv:split`.

    Raises:
        DataError: they can't be read, or are too few.
    """
    path, colon, split = gate.rpartition(":")
    whole = not colon or Path(gate).is_file()
    photographs = Photographs(Path(gate), "val") if whole else Photographs(Path(path), split)
    if len(photographs) < FEWEST:
        raise DataError(
            f"The gate {gate} has {len(photographs)} photographs, too few to tell a fall from chance: "
            f"{FEWEST} are needed, some hundred are good."
        )
    return photographs


def judge(start: ColorizerModule, result: ColorizerModule, gate: str) -> Verdict:
    """Whether `result` is no worse than `start` on the photographs of `gate`; the bins of both must be the same.

    Raises:
        DataError: the gate can't be read.
        ModelError: their bins differ, so that their scores can't be compared.
    """
    if not np.array_equal(start.bins.centers, result.bins.centers):
        raise ModelError("The result has other colour bins than the model it started from: no gate can compare them.")
    photographs = open_gate(gate)
    indices = np.linspace(0, len(photographs) - 1, min(MOST, len(photographs))).round().astype(int).tolist()
    before, after = (module.scores(photographs, indices, side=result.recipe.val_size) for module in (start, result))
    worse = Resamples(len(indices)).difference(mean(after), mean(before))
    return Verdict(
        accepted=bool(np.isfinite(after).all() and worse.low <= 0),
        gate=gate,
        photographs=len(indices),
        start=float(before.mean()),
        result=float(after.mean()),
        worse=worse,
    )


def accept(best: Path, *, start: str | Path, gate: str) -> Verdict:
    """Judge a run by its gate and write the verdict into its checkpoint and into `gate.json` beside it.

    Args:
        best: what `photochrom.training.fit.train` returned. Where it is refused it is renamed to `refused.ckpt`.
        start: what the run started from.
        gate: see `open_gate`.

    Returns:
        The verdict, of an earlier call where nothing has changed since.

    Raises:
        UsageError: the run started from something else.
        DataError, ModelError: what can't be read or compared.
    """
    refused = best.with_name("refused.ckpt")
    if best.name != "best.ckpt" and refused.exists():
        best = refused
    result = load_module(best)
    if result.provenance.get("start") != str(start):
        raise UsageError(f"The run of {best} started from {result.provenance.get('start')}, not from {start}.")
    if result.verdict is not None and result.verdict["gate"] == gate:
        return Verdict.from_dict(result.verdict)
    verdict = judge(start_module(start), result, gate)
    kept = best.with_name("best.ckpt") if verdict.accepted else refused
    write_checkpoint({**read_tensors(best), "verdict": asdict(verdict)}, kept)
    outdated = refused if verdict.accepted else kept.with_name("best.ckpt")
    outdated.unlink(missing_ok=True)
    try:
        kept.with_name("gate.json").write_text(json.dumps(asdict(verdict), indent=1), encoding="utf-8")
    except OSError as error:
        raise DataError(f"The verdict can't be written beside {kept}: {error}") from error
    return verdict


def check_accepted(module: ColorizerModule, checkpoint: Path) -> None:
    """Refuse a checkpoint whose run has a gate that did not accept it.

    Raises:
        ModelError: with the gate's figures.
    """
    if module.verdict is not None and not module.verdict["accepted"]:
        raise ModelError(f"{checkpoint} was {Verdict.from_dict(module.verdict)}. It is not for use.")
    if module.verdict is None and "gate" in module.provenance:
        raise ModelError(
            f"{checkpoint} has not been judged by its gate {module.provenance['gate']}: "
            "take the best.ckpt of its run, which is judged when `photochrom train` ends."
        )

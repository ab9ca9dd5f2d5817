"""The report of a run: `report.html` in its folder, written at every validation.

One page says where the run stands, what it learned when, on which data and by which code, and shows the same
few photographs as it coloured them at each validation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import lightning
import numpy as np
import yaml
from lightning.pytorch.callbacks import Callback
from markupsafe import Markup

from photochrom.evaluation.page import Section, figure, fold, grid, page, picture, table
from photochrom.evaluation.plots import over_samples
from photochrom.training.continuing import Verdict
from photochrom.training.history import RATE, SPEED, Curve, History
from photochrom.training.run_module import RunModule
from photochrom.training.showing import Shown, kept_pictures

REPORT: Final = "report.html"

_SCORE: Final = "val/score"
_METRICS: Final = {
    "nll": "negative log-likelihood",
    "auc": "AuC, percent",
    "chroma": "chroma, share of the truth's",
    "features": "features, share of their variance not told",
    "classes": "class probabilities, divergence in nats",
}
_TRAIN: Final = {
    "train/loss": "training loss",
    "train/entropy": "weighted cross-entropy",
    "train/smooth_l1": "smooth-L1 of the colour",
    "train/features": "features, share of their variance not told",
    "train/classes": "class probabilities, divergence in nats",
    "train/gradient": "gradient norm",
}
_SPLITS: Final = {
    "val": "the validation split",
    "val_unseen": "sources that training never sees",
    "val_replay": "the old photographs that are replayed",
}
_EXPLAINED: Final = {
    "color": """\
Every figure is the mean over the first photographs of the split, coloured from clean grey, from grey that was aged as \
old prints are, and from clean grey with ten true colours given (hinted). The negative log-likelihood is that of the \
true colours under the calibrated distribution, lower is better; AuC counts how near its mean colours are, higher \
is better; chroma tells how colourful they are beside the truth. The best checkpoint is the one of the lowest score: \
the mean of clean and aged negative log-likelihood.""",
    "features": """\
Every figure is the mean over the first photographs of the split, looked at as clean grey and as grey that was aged as \
old prints are: the share of the variance of Inception-v3's features that the encoder does not tell, and the \
divergence of its class probabilities from those of EfficientNet-Lite 2; of both, lower is better. The best checkpoint \
is the one of the lowest score: their weighted sum, mean of clean and aged.""",
}
"""What the figures of a task mean."""


class RunReport(Callback):
    """Colours the same photographs at every validation and writes the report.

    It must come after the callback that puts averaged weights in place, for they are what is shown.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._shown: Shown | None = None

    def on_validation_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, RunModule)
        pl_module.log("train/samples", float(pl_module.sample), batch_size=1)
        if trainer.is_global_zero:
            self._shown = self._shown or Shown.of(pl_module)
            self._shown.keep(pl_module, self._out)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if trainer.is_global_zero:
            for logger in trainer.loggers:
                logger.save()
            write_report(self._out)


def write_report(run: Path, out: Path | None = None) -> Path:
    """Write the report of the run in a folder from what is there; returns its path.

    Args:
        run: the run's folder, of this version or an earlier one, going on or finished.
        out: where the page goes; into the run's folder where left out.

    Raises:
        DataError: there is no such folder.
    """
    out = out or run / REPORT
    history = History.of(run)
    recipe, record = _yaml(run / "recipe.yaml"), _json(run / "run.json")
    sections = [
        Section("Where it stands", parts=[_standing(history, recipe, record)], text=_gate(_json(run / "gate.json"))),
        Section("Training", parts=_training(history)),
        Section("Validation", text=_EXPLAINED.get(recipe.get("task", "color"), ""), parts=_validation(history)),
        *_pictures(run),
        Section("Made from", parts=[*_made_from(history, record, recipe)]),
    ]
    made = out.with_name(f"{out.name}.part")
    made.write_text(page(f"Run {run.resolve().name}", sections, lead=_lead(history, recipe)), encoding="utf-8")
    made.replace(out)
    return out


def _lead(history: History, recipe: Mapping[str, Any]) -> str:
    if not history.starts:
        return "Nothing has been logged so far."
    seen, wanted = history.starts[-1].last, recipe.get("samples")
    of = f" of {wanted:,}" if isinstance(wanted, int) else ""
    best = history.lowest(_SCORE)
    told = f" The best validation so far has a score of {best[1]:.4f}, at {best[0]:,.0f} samples." if best else ""
    return f"{recipe.get('name', 'A model')}: {seen:,.0f}{of} samples seen.{told}"


def _gate(verdict: Mapping[str, Any]) -> str:
    told = str(Verdict.from_dict(verdict)) if verdict else ""
    return f"{told[:1].upper()}{told[1:]}." if told else ""


def _standing(history: History, recipe: Mapping[str, Any], record: Mapping[str, Any]) -> Markup:
    rows: list[tuple[str, str]] = []
    best = history.lowest(_SCORE)
    if best:
        rows.append(("best score", f"{best[1]:.4f} at {best[0]:,.0f} samples"))
        last = history.curves[_SCORE]
        rows.append(("latest score", f"{last.values[-1]:.4f} at {last.samples[-1]:,.0f} samples"))
    if "train/loss" in history.curves:
        rows.append(("training loss", f"{history.curves['train/loss'].smoothed().values[-3:].mean():.4f}"))
    rate = history.latest(RATE)
    if rate is not None:
        rows.append(("learning rate", f"{rate:.2e}"))
    if SPEED in history.curves:
        speed = float(np.median(history.curves[SPEED].values[-50:]))
        rows.append(("samples a second", f"{speed:.1f}"))
        left = max(0, recipe.get("samples", 0) - history.starts[-1].last)
        time = f", {left / speed / 3600:.1f} hours at this speed" if speed > 0 else ""
        rows.append(("left", f"{left:,.0f} samples{time}" if left else "nothing"))
    if "parameters" in record:
        rows.append(("parameters", f"{record['parameters']:,}"))
    return table(["figure", "now"], rows)


def _training(history: History) -> list[Markup]:
    plots = []
    for tag, label in _TRAIN.items():
        if tag in history.curves:
            curve = history.curves[tag]
            plots.append(_plot({"smoothed": curve.smoothed()}, label, faint={"smoothed": curve}))
    if RATE in history.curves:
        plots.append(_plot({"rate": history.curves[RATE]}, "learning rate of the decoder"))
    if SPEED in history.curves:
        curve = history.curves[SPEED]
        plots.append(_plot({"smoothed": curve.smoothed()}, "samples a second", faint={"smoothed": curve}))
    return [grid(plots)] if plots else []


def _validation(history: History) -> list[Markup]:
    """Score and all other figures, those of a split and metric in one plot."""
    groups: dict[tuple[str, str], dict[str, Curve]] = {}
    for tag, curve in history.curves.items():
        split, _, name = tag.partition("/")
        if split.startswith("val") and tag != _SCORE:
            seen, _, metric = name.rpartition("_")
            groups.setdefault((split, metric), {})[seen or metric] = curve
    plots = []
    if _SCORE in history.curves:
        plots.append(_plot({"score": history.curves[_SCORE]}, "score", mark=history.lowest(_SCORE), points=True))
    for split in sorted({split for split, _ in groups}, key=lambda split: (split not in _SPLITS, split)):
        metrics = {metric for of, metric in groups if of == split}
        for metric in (*(m for m in _METRICS if m in metrics), *sorted(metrics - set(_METRICS))):
            label = _METRICS.get(metric, metric)
            plots.append(_plot(groups[split, metric], label, points=True, caption=_SPLITS.get(split, split)))
    rows = [
        [f"{sample:,.0f}", *(_near(history.curves[tag], sample) for tag in _tags(history))]
        for sample in (history.curves[_SCORE].samples if _SCORE in history.curves else ())
    ]
    figures = table(["samples", *(tag.replace("_", " ") for tag in _tags(history))], rows) if rows else Markup("")
    return [grid(plots), fold("All figures", [figures])] if plots else []


def _tags(history: History) -> list[str]:
    return [tag for tag in history.curves if tag.startswith("val")]


def _near(curve: Curve, sample: float) -> float | None:
    """The value that was logged at a number of samples; None where none was."""
    place = int(np.abs(curve.samples - sample).argmin())
    return round(float(curve.values[place]), 4) if abs(curve.samples[place] - sample) < 1 else None


def _pictures(run: Path) -> list[Section]:
    rows = [(label, picture(sheet, alt=f"the sample photographs, {label}")) for label, sheet in kept_pictures(run)]
    if not rows:
        return []
    text = (
        "The same photographs at each validation, read out half way between the most likely and the most colourful "
        "(the weights of rare colours half undone, chroma times 1.3)."
    )
    return [Section("Pictures over time", text=text, parts=[table(["samples", "pictures"], rows)])]


def _made_from(history: History, record: Mapping[str, Any], recipe: Mapping[str, Any]) -> list[Markup]:
    starts = [
        (f"{start.at:%Y-%m-%d %H:%M} UTC", start.folder, f"{start.first:,.0f}", f"{start.last:,.0f}")
        for start in history.starts
    ]
    facts = {key: value for key, value in record.items() if key not in ("recipe", "starts")}
    options = [
        (
            str(start.get("at")),
            f"{start.get('sample'):,}",
            str(start.get("commit", ""))[:12],
            _short(start.get("options")),
        )
        for start in record.get("starts", ())
    ]
    return [
        table(["fact", "value"], [(key, _short(value)) for key, value in facts.items()], caption="Data and versions"),
        table(["setting", "value"], [(key, _short(value)) for key, value in recipe.items()], caption="Recipe"),
        table(["started", "folder", "first logged sample", "last"], starts, caption="Times that it was started"),
        *([table(["started", "at sample", "code", "options"], options, caption="Options")] if options else []),
    ]


def _plot(
    curves: Mapping[str, Curve],
    label: str,
    *,
    faint: Mapping[str, Curve] | None = None,
    mark: tuple[float, float] | None = None,
    points: bool = False,
    caption: str = "",
) -> Markup:
    def drawn(of: Mapping[str, Curve]) -> dict[str, tuple[Any, Any]]:
        return {name: (thin.samples, thin.values) for name, curve in of.items() for thin in [curve.thinned()]}

    fig = over_samples(drawn(curves), ylabel=label, faint=drawn(faint or {}), mark=mark, points=points)
    return figure(fig, alt=f"{label} over the samples seen", caption=caption)


def _short(value: Any) -> str:
    if isinstance(value, str | int | float | bool) or value is None:
        return str(value)
    return yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()


def _yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return values if isinstance(values, dict) else {}


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}

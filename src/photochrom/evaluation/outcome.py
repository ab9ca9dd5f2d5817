"""Outcome: all that an evaluation found, for the report to tell and for JSON files to keep.

The figures of `metrics.json` are the ones that are compared; everything else, with the data, the
counts and what was left out, is in `details.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from photochrom.evaluation.aged import Ageing
from photochrom.evaluation.calibration import Calibration
from photochrom.evaluation.figures import Difference, Figures
from photochrom.evaluation.hint_curve import HintCurve
from photochrom.evaluation.intervals import Estimate
from photochrom.evaluation.photographs import Entry
from photochrom.evaluation.points import PointScore
from photochrom.evaluation.robustness import Robustness
from photochrom.evaluation.scenes import Scenes
from photochrom.evaluation.scoring import Scored
from photochrom.evaluation.subjects import ModelSubject, Subject
from photochrom.evaluation.suggesting import Suggesting
from photochrom.evaluation.truths import Truths


@dataclass(frozen=True)
class Studies:
    """What was looked at beyond the figures, for each model (scenes: for all together); empty where it was not."""

    calibration: tuple[Calibration, ...] = ()
    suggesting: tuple[Suggesting, ...] = ()
    hint_curves: tuple[HintCurve, ...] = ()
    ageing: tuple[Ageing, ...] = ()
    robustness: tuple[Robustness, ...] = ()
    points: tuple[PointScore, ...] = ()
    scenes: Scenes | None = None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that was found.

    Attributes:
        command: what was typed, in short: which subjects, which data.
        truths: the photographs with colours; None where there was no colour truth.
        subjects: baselines, models (each at its default vividness, then at 0) and results, in the report's order.
        models: those of the subjects that are models at their default vividness.
        historic: photographs without colour truth, to be looked at.
        scored: what one pass found in each picture; None without truth.
        figures: subject -> key of `metrics.json` -> figure; empty without truth.
        truth: "cf_abs" and "cf_exact" of the photographs themselves; empty without truth.
        differences: between every two models and results, and of each to grey; paired.
        papers: subject -> "psnr" and "auc" where L* of the truth is given in place of its luma; for orientation.
        studies: what else was looked at.
        notes: what could not be measured or was left out, one sentence each.
        seconds: part -> seconds that it took.
    """

    command: str
    truths: Truths | None
    subjects: tuple[Subject, ...]
    models: tuple[ModelSubject, ...]
    historic: tuple[Entry, ...] = ()
    scored: Scored | None = None
    figures: Mapping[str, Figures] = field(default_factory=dict)
    truth: Figures = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    papers: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    studies: Studies = field(default_factory=Studies)
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write `metrics.json`, where there was a colour truth, and `details.json` into a folder that exists."""
        if self.figures:
            _write(folder / "metrics.json", self.figures)
        _write(folder / "details.json", self.details())

    def details(self) -> dict[str, Any]:
        """Everything that is not in `metrics.json` and is no picture."""
        truths, scored = self.truths, self.scored
        return {
            "command": self.command,
            "models": {
                model.name: {
                    "identity": model.model.identity,
                    "default_vividness": model.model.card.default_vividness,
                    "area": model.model.card.area,
                }
                for model in self.models
            },
            "data": None if truths is None else str(truths.data),
            "split": None if truths is None else truths.split,
            "photographs": 0 if scored is None else len(scored.names),
            "left_out": [] if truths is None else truths.left_out,
            "notes": self.notes,
            "truth": self.truth,
            "differences": self.differences,
            "papers": self.papers,
            "studies": self.studies,
            "seconds": {part: round(value, 2) for part, value in self.seconds.items()},
        }


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _plain(content: object) -> Any:
    """As JSON has it; what is no number, such as the PSNR of identical pictures, is null."""
    if is_dataclass(content) and not isinstance(content, type):
        kept = (each for each in fields(content) if each.metadata.get("json", True))
        return {each.name: _plain(getattr(content, each.name)) for each in kept}
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, np.ndarray | np.generic):
        return _plain(content.tolist())
    if isinstance(content, float):
        return content if isfinite(content) else None
    if content is None or isinstance(content, bool | int | str):
        return content
    return str(content)

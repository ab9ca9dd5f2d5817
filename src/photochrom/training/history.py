"""History: what a run logged, put together over all the times that it was started.

Lightning logs by steps and starts anew with every start, and a run that was killed logged some samples twice. Here
everything stands against the samples seen, each of them once. It is read from the TensorBoard events: unlike the
CSV files they tell the time, and lose nothing of a run that was killed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from photochrom.errors import DataError, UsageError
from photochrom.training.recipe import Recipe

Double = NDArray[np.float64]

RATE: Final = "train/rate"
"""The decoder's learning rate."""

SPEED: Final = "samples a second"
"""Not logged: it follows from the times of the others."""

_SAMPLES: Final = "train/samples"


@dataclass(frozen=True)
class Curve:
    """A figure over a run: samples seen (N,), ascending, and values (N,)."""

    samples: Double
    values: Double

    def __len__(self) -> int:
        return len(self.samples)

    def smoothed(self, share: float = 0.02) -> Curve:
        """Mean over a window of a share of the run, at least 5 values; at both ends the part of it that there is."""
        radius = max(2, round(len(self) * share / 2))
        sums = np.concatenate([[0.0], np.cumsum(self.values)])
        place = np.arange(len(self))
        low, high = np.maximum(0, place - radius), np.minimum(len(self), place + radius + 1)
        return Curve(self.samples, (sums[high] - sums[low]) / (high - low))

    def thinned(self, most: int = 500) -> Curve:
        """At most so many values, evenly spread: what a plot can show."""
        place = np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).round().astype(int))
        return Curve(self.samples[place], self.values[place])


@dataclass(frozen=True)
class Start:
    """One time that a run was started: its folder, when, and the first and last samples that count of it."""

    folder: str
    at: datetime
    first: float
    last: float


@dataclass(frozen=True)
class History:
    """Curves by the name under which they were logged, and the starts, in the order of time."""

    curves: Mapping[str, Curve]
    starts: tuple[Start, ...]

    @classmethod
    def of(cls, run: Path) -> History:
        """Read the history of the run in a folder; it is empty before the first figures are written.

        Raises:
            DataError: there is no such folder.
        """
        if not run.is_dir():
            raise DataError(f"There is no run in {run}: it is no folder.")
        logged = sorted(
            (log for file in run.glob("*/events.out.tfevents.*") if (log := _log(file))), key=lambda log: log.time
        )
        kept: dict[str, list[tuple[Double, Double]]] = {}
        starts: list[Start] = []
        end = np.inf
        for log in reversed(logged):  # what a later start did again counts, and not what an earlier one did
            for tag, (samples, values) in log.curves.items():
                counts = samples <= end
                kept.setdefault(tag, []).append((samples[counts], values[counts]))
            last = min(log.last, end)
            if last >= log.first:
                starts.append(Start(log.folder, datetime.fromtimestamp(log.time, UTC), log.first, last))
            end = min(end, log.begin)
        curves = {
            tag: Curve(*(np.concatenate([part[i] for part in reversed(parts)]) for i in (0, 1)))
            for tag, parts in sorted(kept.items())
        }
        return cls({tag: curve for tag, curve in curves.items() if len(curve)}, tuple(reversed(starts)))

    def latest(self, tag: str) -> float | None:
        """The last value of a curve; None where there is none."""
        return float(self.curves[tag].values[-1]) if tag in self.curves else None

    def lowest(self, tag: str) -> tuple[float, float] | None:
        """Samples and value where a curve is lowest; None where there is none."""
        if tag not in self.curves:
            return None
        curve = self.curves[tag]
        place = int(np.argmin(curve.values))
        return float(curve.samples[place]), float(curve.values[place])


@dataclass(frozen=True)
class _Log:
    """What one file of events holds: `begin` is where the start took up, `first` and `last` its logged samples."""

    folder: str
    time: float
    begin: float
    first: float
    last: float
    curves: Mapping[str, tuple[Double, Double]]


def _log(file: Path) -> _Log | None:
    logging.getLogger("tensorboard").setLevel(logging.ERROR)  # it warns of files that end within a record
    events = EventAccumulator(str(file), size_guidance={"scalars": 0})
    events.Reload()
    tags = events.Tags()["scalars"]
    if _SAMPLES not in tags:
        return None
    seen = events.Scalars(_SAMPLES)
    steps, samples, times = (
        np.array([getattr(e, k) for e in seen], np.float64) for k in ("step", "value", "wall_time")
    )
    a_step = np.diff(samples) / np.maximum(1, np.diff(steps)) if len(seen) > 1 else np.array([samples[0] / 20])
    curves = {
        tag: (_at(np.array([e.step for e in found], np.float64), steps, samples, a_step), _values(found))
        for tag in tags
        if tag != _SAMPLES and "/" in tag and (found := events.Scalars(tag))
    }
    if RATE not in curves and (rates := _rates(file.parent / "hparams.yaml", samples)) is not None:
        curves[RATE] = (samples, rates)
    if len(seen) > 1:
        curves[SPEED] = (samples[1:], np.diff(samples) / np.maximum(1e-3, np.diff(times)))
    last = max(float(x.max()) for x in (samples, *(x for x, _ in curves.values())))
    begin = float(file.parent.name.removeprefix("from-")) if file.parent.name.startswith("from-") else samples[0] - 1
    return _Log(file.parent.name, times[0], begin, float(samples[0]), last, curves)


def _rates(hyperparameters: Path, samples: Double) -> Double | None:
    """The rate (N,) by the recipe that a start was under, for runs from before it was logged."""
    try:
        values = yaml.safe_load(hyperparameters.read_text(encoding="utf-8"))["recipe"]
        known = {field.name for field in fields(Recipe)}
        recipe = Recipe().merged({key: value for key, value in values.items() if key in known})
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, UsageError):
        return None
    return np.array([recipe.learning_rate * recipe.rate(int(sample)) for sample in samples], np.float64)


def _at(wanted: Double, steps: Double, samples: Double, a_step: Double) -> Double:
    """Samples seen at steps; beyond the first and last that are known, by the pace there."""
    inside = np.interp(wanted, steps, samples)
    before = np.minimum(0, wanted - steps[0]) * a_step[0]
    after = np.maximum(0, wanted - steps[-1]) * a_step[-1]
    result: Double = np.maximum(0, inside + before + after)
    return result


def _values(found: list[Any]) -> Double:
    return np.array([event.value for event in found], np.float64)

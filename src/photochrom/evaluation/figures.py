"""Figures: the metrics of a pass with their intervals, and which subject is better than which.

The keys are those of `metrics.json`, the same for every subject. Of two subjects the difference is
estimated on the same resamples; only where its interval excludes zero does a report say "better".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from photochrom.evaluation import intervals
from photochrom.evaluation.intervals import Draws, Estimate, Resamples, Statistic
from photochrom.evaluation.metrics import kid_kernel
from photochrom.evaluation.scoring import Scored

HIGHER_IS_BETTER: Final[Mapping[str, bool | None]] = {
    "psnr": True,
    "ssim": True,
    "lpips": False,
    "ciede2000": False,
    "cf_abs": None,
    "cf_exact": None,
    "dcf": False,
    "p10_cf": True,
    "auc": True,
    "auc_rebalanced": True,
    "kid768": False,
    "nll": False,
    "ece": False,
}
"""The keys of `metrics.json`, and whether more is better; None: neither, it is to be as in the truth."""

Figures = Mapping[str, Estimate | None]
"""Key -> value and interval; None where it was not measured."""


@dataclass(frozen=True)
class Difference:
    """How much higher a figure of `one` is than that of `other`, and what that means.

    Attributes:
        better: the name of the better one; "" where the interval does not exclude zero.
    """

    key: str
    one: str
    other: str
    estimate: Estimate
    better: str


def statistics(scored: Scored, name: str) -> dict[str, Statistic]:
    """Key -> statistic of what one pass found of the subject `name`; without lpips and kid768 where not measured."""
    column, truth = scored.subjects[name], scored.truth
    values = column.values
    found = {key: intervals.mean(values[key]) for key in values}
    found["dcf"] = intervals.gap(values["cf_abs"], truth.values["cf_abs"])
    found["p10_cf"] = intervals.percentile(values["cf_abs"] / truth.values["cf_abs"], 10)
    found["auc_rebalanced"] = intervals.class_mean(column.classes, truth.classes)
    if column.features is not None and truth.features is not None and len(truth.features) > 1:
        x, y = column.features, truth.features
        found["kid768"] = intervals.kernel_distance(kid_kernel(x, x), kid_kernel(x, y), kid_kernel(y, y))
    return found


def draw(resamples: Resamples, found: Mapping[str, Statistic]) -> dict[str, Draws]:
    """Every statistic of a subject on all resamples."""
    return {key: resamples.draws(statistic) for key, statistic in found.items()}


def figures(drawn: Mapping[str, Draws]) -> dict[str, Estimate | None]:
    """All keys of `metrics.json`, in their order."""
    return {key: drawn[key].estimate() if key in drawn else None for key in HIGHER_IS_BETTER}


def differences(drawn: Mapping[str, Mapping[str, Draws]], pairs: Iterable[tuple[str, str]]) -> list[Difference]:
    """The paired differences of each pair of subjects, for every key that both have and that can be better."""
    found = []
    for one, other in pairs:
        for key, higher in HIGHER_IS_BETTER.items():
            if higher is None or key not in drawn[one] or key not in drawn[other]:
                continue
            estimate = (drawn[one][key] - drawn[other][key]).estimate()
            better = (one if (estimate.value > 0) == higher else other) if estimate.excludes_zero else ""
            found.append(Difference(key, one, other, estimate, better))
    return found

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


@dataclass(frozen=True)
class Key:
    """A key of `metrics.json`: how its figure is written, and which way is better.

    Attributes:
        name: in reports.
        unit: "" where it has none.
        digits: behind the point, as many as mean something.
        higher_is_better: None where neither is: it is to be as in the truth, or is told by another key.
    """

    name: str
    unit: str
    digits: int
    higher_is_better: bool | None


KEYS: Final[Mapping[str, Key]] = {
    "psnr": Key("PSNR", "dB", 2, True),
    "ssim": Key("SSIM", "", 4, True),
    "lpips": Key("LPIPS", "", 4, False),
    "ciede2000": Key("CIEDE2000", "", 2, False),
    "cf_abs": Key("CF abs", "", 1, None),
    "cf_exact": Key("CF exact", "", 1, None),
    "dcf": Key("dCF", "", 1, False),
    "p10_cf": Key("p10-CF", "", 2, True),
    "auc": Key("AuC", "%", 2, True),
    "auc_rebalanced": Key("AuC rebalanced", "%", 2, True),
    "kid768": Key("KID-768", "", 3, False),
    "nll": Key("NLL", "nats", 3, False),
    "ece": Key("ECE", "", 4, False),
}
"""Every key of `metrics.json`, in its order."""

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
    return {key: drawn[key].estimate() if key in drawn else None for key in KEYS}


def differences(drawn: Mapping[str, Mapping[str, Draws]], pairs: Iterable[tuple[str, str]]) -> list[Difference]:
    """The paired differences of each pair of subjects, for every key that both have and that can be better."""
    found = []
    for one, other in pairs:
        for key, written in KEYS.items():
            higher = written.higher_is_better
            if higher is None or key not in drawn[one] or key not in drawn[other]:
                continue
            estimate = (drawn[one][key] - drawn[other][key]).estimate()
            better = (one if (estimate.value > 0) == higher else other) if estimate.excludes_zero else ""
            found.append(Difference(key, one, other, estimate, better))
    return found

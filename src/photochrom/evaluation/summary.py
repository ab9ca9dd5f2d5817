"""The head of the report: what the figures mean in plain words, and the table of all of them.

"Better" is said only where the paired interval of a difference excludes zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from photochrom.evaluation.chapters import cell, said
from photochrom.evaluation.figures import HIGHER_IS_BETTER, Difference, Figures
from photochrom.evaluation.intervals import Estimate
from photochrom.evaluation.page import Cell, bullets, fold, table

BASELINES: Final = ("grey", "mean", "ceiling")


@dataclass(frozen=True)
class Label:
    """How a metric is written: its name, its unit and the digits that mean something."""

    name: str
    unit: str
    digits: int


LABELS: Final[Mapping[str, Label]] = {
    "psnr": Label("PSNR", "dB", 2),
    "ssim": Label("SSIM", "", 4),
    "lpips": Label("LPIPS", "", 4),
    "ciede2000": Label("CIEDE2000", "", 2),
    "cf_abs": Label("CF abs", "", 1),
    "cf_exact": Label("CF exact", "", 1),
    "dcf": Label("dCF", "", 1),
    "p10_cf": Label("p10-CF", "", 2),
    "auc": Label("AuC", "%", 2),
    "auc_rebalanced": Label("AuC rebalanced", "%", 2),
    "kid768": Label("KID-768", "", 3),
    "nll": Label("NLL", "nats", 3),
    "ece": Label("ECE", "", 4),
}
"""Every key of `metrics.json`, in the order of the table."""


def in_words(figures: Mapping[str, Figures], differences: Sequence[Difference], truth: Figures) -> Markup:
    """The differences that are real, subject by subject, and how colourful each is beside the truth."""
    items = []
    for name in figures:
        if name in BASELINES:
            continue
        shown, true = figures[name]["cf_abs"], truth["cf_abs"]
        if shown is not None and true is not None and true.value > 0:
            items.append(
                f"{name} is {100 * shown.value / true.value:.0f} % as colourful as the truth "
                f"(CF {said(shown, 1)}, truth {true.value:.1f})."
            )
    pairs = dict.fromkeys((each.one, each.other) for each in differences)
    for one, other in pairs:
        items.append(_verdict(one, other, [each for each in differences if (each.one, each.other) == (one, other)]))
    return bullets(items)


def all_figures(figures: Mapping[str, Figures], truth: Figures) -> Markup:
    """The main table: baselines first, then what was scored, the ceiling and the truth last.

    Of two or more results the best of each column is set apart.
    """
    keys = [key for key in LABELS if any(row.get(key) is not None for row in figures.values())]
    scored = [name for name in figures if name not in BASELINES]
    order = [name for name in ("grey", "mean", *scored, "ceiling") if name in figures]
    best = {key: _best(key, {name: figures[name].get(key) for name in scored}) for key in keys}
    rows: list[list[Cell]] = [
        [name, *(cell(figures[name].get(key), LABELS[key].digits, strong=best[key] == name) for key in keys)]
        for name in order
    ]
    rows.append(["truth", *(cell(truth.get(key), LABELS[key].digits) for key in keys)])
    return table(["", *(_heading(key) for key in keys)], rows)


def all_differences(differences: Sequence[Difference]) -> Markup:
    """Every paired difference with its interval, folded away."""
    rows: list[list[Cell]] = [
        [
            f"{each.one} − {each.other}",
            LABELS[each.key].name,
            cell(each.estimate, LABELS[each.key].digits, signed=True),
            f"{each.better} is better" if each.better else "not sure",
        ]
        for each in differences
    ]
    return fold("Every difference with its interval", [table(["pair", "metric", "difference", "verdict"], rows)])


def _verdict(one: str, other: str, found: Sequence[Difference]) -> str:
    better = [_amount(each) for each in found if each.better == one]
    worse = [_amount(each) for each in found if each.better == other]
    open_ = [LABELS[each.key].name for each in found if not each.better]
    said_ = [
        f"{word} on {', '.join(what)}"
        for word, what in ((f"better than {other}", better), (f"worse than {other}", worse))
        if what
    ]
    sentence = f"{one} is {' and '.join(said_)}" if said_ else f"{one} and {other} are not surely apart on anything"
    return f"{sentence}; no sure difference on {', '.join(open_)}." if said_ and open_ else f"{sentence}."


def _amount(each: Difference) -> str:
    label = LABELS[each.key]
    amount = f"{each.estimate.value:+.{label.digits}f}".replace("-", "−")
    return f"{label.name} ({amount}{' ' + label.unit if label.unit else ''})"


def _heading(key: str) -> str:
    higher = HIGHER_IS_BETTER[key]
    arrow = "" if higher is None else " ↑" if higher else " ↓"
    unit = LABELS[key].unit
    return LABELS[key].name + (f", {unit}" if unit else "") + arrow


def _best(key: str, values: Mapping[str, Estimate | None]) -> str:
    """The name of the best of two or more; "" where there is no such thing."""
    known = {name: each.value for name, each in values.items() if each is not None}
    higher = HIGHER_IS_BETTER[key]
    if higher is None or len(known) < 2:
        return ""
    return (max if higher else min)(known, key=lambda name: known[name])

"""The head of the report: what the figures mean in plain words, and the table of all of them.

"Better" is said only where the paired interval of a difference excludes zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from photochrom.evaluation.chapters import cell, said
from photochrom.evaluation.figures import KEYS, Difference, Figures
from photochrom.evaluation.intervals import Estimate
from photochrom.evaluation.page import Cell, bullets, fold, table

BASELINES: Final = ("grey", "mean", "ceiling")


_TABLES: Final[Mapping[str, Sequence[str]]] = {
    "How near to the truth": ("psnr", "ssim", "lpips", "ciede2000", "auc", "auc_rebalanced"),
    "How colourful, and how much like photographs": ("cf_abs", "cf_exact", "dcf", "p10_cf", "kid768"),
    "How true the predicted probabilities are": ("nll", "ece"),
}
"""Caption -> keys: every key stands in one of these tables."""


def in_words(figures: Mapping[str, Figures], differences: Sequence[Difference], truth: Figures) -> Markup:
    """The differences that are real, subject by subject, and how colourful each is beside the truth."""
    items = []
    for name in figures:
        if name in BASELINES:
            continue
        shown, true = figures[name]["cf_abs"], truth["cf_abs"]
        if shown is not None and true is not None and true.value > 0:
            items.append(
                Markup("<strong>{}</strong> is {:.0f}\u00a0% as colourful as the truth (CF {}, truth {:.1f}).").format(
                    name, 100 * shown.value / true.value, said(shown, 1), true.value
                )
            )
    pairs = dict.fromkeys((each.one, each.other) for each in differences)
    for one, other in pairs:
        items.append(_verdict(one, other, [each for each in differences if (each.one, each.other) == (one, other)]))
    return bullets(items)


def all_figures(figures: Mapping[str, Figures], truth: Figures) -> list[Markup]:
    """The main tables: baselines first, then what was scored, the ceiling and the truth last.

    Of two or more results the best of each column is set apart.
    """
    scored = [name for name in figures if name not in BASELINES]
    order = [name for name in ("grey", "mean", *scored, "ceiling") if name in figures]
    tables = []
    for caption, keys in _TABLES.items():
        best = {key: _best(key, {name: figures[name].get(key) for name in scored}) for key in keys}
        measured = [key for key in keys if any(figures[name].get(key) is not None for name in order)]
        rows: list[list[Cell]] = [
            [name, *(cell(figures[name].get(key), KEYS[key].digits, strong=best[key] == name) for key in measured)]
            for name in order
            if any(figures[name].get(key) is not None for key in measured)
        ]
        if any(truth.get(key) is not None for key in measured):
            rows.append(["truth", *(cell(truth.get(key), KEYS[key].digits) for key in measured)])
        if measured:
            tables.append(table(["", *(_heading(key) for key in measured)], rows, caption=caption))
    return tables


def all_differences(differences: Sequence[Difference]) -> Markup:
    """Every paired difference with its interval, folded away."""
    rows: list[list[Cell]] = [
        [
            f"{each.one} − {each.other}",
            KEYS[each.key].name,
            cell(each.estimate, KEYS[each.key].digits, signed=True),
            f"{each.better} is better" if each.better else "not sure",
        ]
        for each in differences
    ]
    return fold("Every difference with its interval", [table(["pair", "metric", "difference", "verdict"], rows)])


def _verdict(one: str, other: str, found: Sequence[Difference]) -> Markup:
    better = [_amount(each) for each in found if each.better == one]
    worse = [_amount(each) for each in found if each.better == other]
    open_ = [KEYS[each.key].name for each in found if not each.better]
    said_ = [
        f"{word} on {', '.join(what)}"
        for word, what in ((f"better than {other}", better), (f"worse than {other}", worse))
        if what
    ]
    if not said_:
        return Markup("<strong>{}</strong> and {} are not surely apart on anything.").format(one, other)
    rest = f"; no sure difference on {', '.join(open_)}" if open_ else ""
    return Markup("<strong>{}</strong> is {}{}.").format(one, " and ".join(said_), rest)


def _amount(each: Difference) -> str:
    written = KEYS[each.key]
    amount = f"{each.estimate.value:+.{written.digits}f}".replace("-", "−")
    unit = f"\u00a0{written.unit}" if written.unit else ""
    return f"{written.name} ({amount}{unit})"


def _heading(key: str) -> str:
    written = KEYS[key]
    arrow = {None: "", True: " ↑", False: " ↓"}[written.higher_is_better]
    return written.name + (f", {written.unit}" if written.unit else "") + arrow


def _best(key: str, values: Mapping[str, Estimate | None]) -> str:
    """The name of the best of two or more; "" where there is no such thing or two of them share it."""
    known = {name: each.value for name, each in values.items() if each is not None}
    higher = KEYS[key].higher_is_better
    if higher is None or len(known) < 2:
        return ""
    best = (max if higher else min)(known.values())
    names = [name for name, value in known.items() if value == best]
    return names[0] if len(names) == 1 else ""

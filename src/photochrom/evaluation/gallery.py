"""Pictures of the report: best, median and worst as grey | truth | each result, and photographs without truth.

Which pictures are shown is decided by a figure, not by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from photochrom.evaluation.page import picture, strip
from photochrom.evaluation.sheet import fitted
from photochrom.evaluation.subjects import Subject
from photochrom.evaluation.truths import Truth

Rgb = NDArray[np.uint8]


def ranked(scores: ArrayLike, count: int) -> Mapping[str, list[int]]:
    """Indices of the `count` best, median and worst of (N,) scores, higher is better; none of them twice.

    Best first, median around the middle, worst last. Where there are fewer than three times `count`
    they share what there is.
    """
    values = np.asarray(scores, np.float64)
    order = [int(i) for i in np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable")]
    each = min(count, len(order) // 3)
    if not each:
        return {"all": order}
    middle = (len(order) - each) // 2
    return {"best": order[:each], "median": order[middle : middle + each], "worst": order[-each:]}


def row(truth: Truth, results: Iterable[tuple[str, Rgb, str]], *, caption: str, side: int = 256) -> Markup:
    """One photograph as grey | truth | each result.

    Args:
        truth: the photograph.
        results: name, picture (H, W, 3) and what else is said under it.
        caption: over the row.
        side: greatest side on the page in pixels.
    """
    shown = [("grey", truth.luma, ""), ("truth", truth.rgb, ""), *results]
    return strip(
        [
            (picture(fitted(rgb, side), alt=f"{truth.name}, {name}"), f"{name} {note}".rstrip())
            for name, rgb, note in shown
        ],
        caption=caption,
    )


def rows_of(truths: Sequence[Truth], subjects: Sequence[Subject]) -> list[list[Rgb]]:
    """grey | truth | each subject of every photograph, for a contact sheet."""
    return [
        [np.repeat(truth.luma[..., None], 3, axis=-1), truth.rgb, *(subject.color(truth) for subject in subjects)]
        for truth in truths
    ]

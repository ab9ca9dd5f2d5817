"""The aged set: the same photographs as old material would show them, and what a model still makes of them.

Old plates did not see red, prints fade, film has grain; peers that know clean grey alone fail on that.
One row for each kind of ageing, scored on ab alone, because the luma was changed on purpose.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import srgb_to_lab
from photochrom.evaluation import degrade
from photochrom.evaluation.intervals import Estimate, Resamples, mean
from photochrom.evaluation.metrics import auc, auc_score
from photochrom.evaluation.subjects import Grey, ModelSubject
from photochrom.evaluation.truths import Truth

Rgb = NDArray[np.uint8]
Float = NDArray[np.float32]
Double = NDArray[np.float64]

KINDS: Final[Mapping[str, Callable[[Rgb, np.random.Generator], Float]]] = {
    "orthochromatic": lambda rgb, rng: degrade.respond(rgb, degrade.ORTHOCHROMATIC),
    "blue-sensitive": lambda rgb, rng: degrade.respond(rgb, degrade.BLUE_SENSITIVE),
    "faded": lambda rgb, rng: degrade.fade(degrade.luma(rgb), black=0.2, white=0.8),
    "grain": lambda rgb, rng: degrade.grain(degrade.luma(rgb), 0.05, 0.7, rng),
    "JPEG": lambda rgb, rng: degrade.jpeg(degrade.luma(rgb), 25),
    "blur": lambda rgb, rng: degrade.blur(degrade.luma(rgb), 1.5),
}
"""Kind of ageing -> luma (H, W) of a picture (H, W, 3) that has aged so; grain is drawn from the generator."""


@dataclass(frozen=True)
class AgedRow:
    """Results on one kind of ageing, means over the photographs.

    Attributes:
        kind: "clean", or one of `KINDS`.
        ab_error: mean distance from the truth in ab, Lab units; lower is better.
        auc: raw AuC in percent; higher is better.
        auc_lost: AuC that the ageing costs, paired: clean less aged.
        chroma: mean chroma of the results, Lab units: a model that no longer sees what is what gets paler.
    """

    kind: str
    ab_error: Estimate
    auc: Estimate
    auc_lost: Estimate
    chroma: Estimate


@dataclass(frozen=True)
class Ageing:
    """Results of one model on clean and on aged pictures, at vividness 0, where paler is not nearer to the truth.

    To be plotted: `auc` of each row as a bar with its interval, that of grey as a line.

    Attributes:
        model: name of the subject.
        photographs: how many were measured.
        rows: "clean" first, then each kind of ageing.
        aged: mean over the kinds of ageing.
        both: mean of clean and aged; models are chosen on its AuC.
        grey: the grey picture's figures, which ageing does not change.
    """

    model: str
    photographs: int
    rows: tuple[AgedRow, ...]
    aged: AgedRow
    both: AgedRow
    grey: AgedRow


def aged_luma(truth: Truth, kind: str) -> NDArray[np.uint8]:
    """The luma (H, W) uint8 of a photograph that has aged in this way; always the same for its name."""
    rng = np.random.default_rng(zlib.crc32(f"{kind} {truth.name}".encode()))
    levels: NDArray[np.uint8] = np.round(np.clip(KINDS[kind](truth.rgb, rng), 0, 1) * 255).astype(np.uint8)
    return levels


def measure_ageing(subject: ModelSubject, truths: Iterable[Truth]) -> Ageing:
    """The figures of `subject`; a photograph takes seven looks and 0.02 s for each picture's score."""
    scores = []
    for truth in truths:
        lab = srgb_to_lab(truth.rgb)
        given = (truth.luma, *(aged_luma(truth, kind) for kind in KINDS))
        results = [subject.paint(subject.look(luma), vividness=0) for luma in given]
        scores.append([_score(rgb, lab) for rgb in (*results, Grey().color(truth))])
    if not scores:
        raise ValueError("the aged set needs at least one photograph")
    table = np.array(scores).transpose(1, 2, 0)  # kind, figure, photograph
    draws, clean = Resamples(len(scores)), mean(table[0, 1])
    aged = table[1:-1].mean(axis=0)

    def row(kind: str, figures: Double) -> AgedRow:
        error, area, chroma = (mean(values) for values in figures)
        lost = draws.difference(clean, area)
        return AgedRow(kind, draws.estimate(error), draws.estimate(area), lost, draws.estimate(chroma))

    return Ageing(
        model=subject.name,
        photographs=len(scores),
        rows=tuple(row(kind, figures) for kind, figures in zip(("clean", *KINDS), table[:-1], strict=True)),
        aged=row("aged", aged),
        both=row("clean and aged", 0.5 * (table[0] + aged)),
        grey=row("grey", table[-1]),
    )


def _score(rgb: Rgb, lab: Float) -> tuple[float, float, float]:
    """Mean ab error and AuC of a result against the truth's Lab (H, W, 3), and its mean chroma."""
    ab, truth = srgb_to_lab(rgb)[..., 1:], lab[..., 1:]
    error, chroma = (np.hypot(*np.moveaxis(each, -1, 0)).mean(dtype=np.float64) for each in (ab - truth, ab))
    return float(error), auc(auc_score(ab, truth)), float(chroma)

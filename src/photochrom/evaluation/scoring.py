"""One pass over the photographs: what every metric needs to know of every picture of every subject.

All results of a photograph are made and looked at beside each other, so that the truth is read,
converted and described once. Nothing is averaged here: intervals and differences need each picture.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom.color.bins import AbBins
from photochrom.color.lab import srgb_to_lab
from photochrom.errors import DataError
from photochrom.evaluation import metrics
from photochrom.evaluation.inception_features import InceptionFeatures
from photochrom.evaluation.lpips import LpipsAlex
from photochrom.evaluation.progress import Advance, Stopwatch
from photochrom.evaluation.subjects import Subject
from photochrom.evaluation.truths import Truth

Rgb = NDArray[np.uint8]
Float = NDArray[np.float32]
Double = NDArray[np.float64]
Counts = NDArray[np.int64]

BATCH: Final = 8
"""Photographs that the metrics' networks look at together; with more it is no faster."""

CLASSES: Final = AbBins.grid()
"""Colour classes of the rebalanced AuC."""

AB_EDGES: Final = np.arange(-80, 81, 4)
"""Limits of the cells of the ab plane in which pixels are counted, along a and along b, in Lab units."""

CHROMA_EDGES: Final = np.arange(0, 101, 2)
"""Limits of the steps of chroma in which pixels are counted, in Lab units."""


@dataclass(frozen=True)
class MetricWeights:
    """The networks of LPIPS and KID; None where their weights are not there."""

    lpips: LpipsAlex | None = None
    inception: InceptionFeatures | None = None

    @classmethod
    def load(cls, folder: Path | None) -> MetricWeights:
        """Both networks from a folder of metric weights; neither without one.

        Raises:
            DataError, ModelError: a file is missing or damaged.
        """
        return cls() if folder is None else cls(LpipsAlex.load(folder), InceptionFeatures.load(folder))


@dataclass(frozen=True, eq=False)
class Column:
    """What was found in the N pictures of one subject, or of the truth.

    Attributes:
        values: metric -> (N,), one value a picture: psnr, ssim, ciede2000, cf_abs, cf_exact, auc, lpips; of the truth
            cf_abs and cf_exact alone.
        classes: (N, K) by picture and colour class of the truth: sum of the AuC scores; of the truth the pixels.
        features: (N, 768) float32 for KID; None where it is not measured.
        occupancy: (40, 40) pixels of all pictures by b (rows) and a (columns) between `AB_EDGES`.
        chroma: (50,) pixels of all pictures between `CHROMA_EDGES`.
    """

    values: Mapping[str, Double]
    classes: Double
    features: Float | None
    occupancy: Counts
    chroma: Counts


@dataclass(frozen=True, eq=False)
class Scored:
    """All that was found in one pass.

    Attributes:
        names: of the N photographs, in their order.
        sources, labels: of each of them; "" and {} where not known.
        truth: what was found in the photographs themselves.
        subjects: name -> what was found in its pictures, in the order of the subjects.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    labels: tuple[Mapping[str, str], ...]
    truth: Column
    subjects: Mapping[str, Column]


def score(
    truths: Iterable[Truth],
    subjects: Sequence[Subject],
    weights: MetricWeights,
    *,
    watch: Stopwatch | None = None,
    advance: Advance = lambda: None,
) -> Scored:
    """Color every photograph by every subject and look at the results.

    Args:
        truths: at least one.
        subjects: of different names.
        weights: of LPIPS and KID.
        watch: is given the seconds of the parts reading, NAME (making its pictures), metrics, lpips, kid.
        advance: called after each photograph.

    Raises:
        DataError: there is no photograph, or a result does not fit its photograph.
    """
    watch = watch or Stopwatch()
    true, columns = _Gathered(), {subject.name: _Gathered() for subject in subjects}
    names: list[str] = []
    sources: list[str] = []
    labels: list[Mapping[str, str]] = []
    for batch in _batches(truths, watch):
        made: dict[str, list[Rgb]] = {subject.name: [] for subject in subjects}
        for truth in batch:
            with watch.part("metrics"):
                known = _Known.of(truth)
                _look_at_truth(true, truth, known)
            for subject in subjects:
                with watch.part(subject.name):
                    result = subject.color(truth)
                with watch.part("metrics"):
                    _compare(columns[subject.name], result, truth, known)
                made[subject.name].append(result)
            names.append(truth.name)
            sources.append(truth.source)
            labels.append(truth.labels)
            advance()
        if weights.lpips is not None:
            with watch.part("lpips"):
                _lpips(weights.lpips, [truth.rgb for truth in batch], made, columns)
        if weights.inception is not None:
            with watch.part("kid"):
                true.features.append(weights.inception.describe([truth.rgb for truth in batch]))
                for name, pictures in made.items():
                    columns[name].features.append(weights.inception.describe(pictures))
        _give_back()
    if not names:
        raise DataError("there is no photograph in colour to measure on")
    return Scored(
        names=tuple(names),
        sources=tuple(sources),
        labels=tuple(labels),
        truth=true.column(),
        subjects={name: gathered.column() for name, gathered in columns.items()},
    )


@dataclass(frozen=True, eq=False)
class _Known:
    """What the comparison with every result needs of a truth: Lab (H, W, 3), and (H, W) class of each pixel."""

    lab: Float
    classes: Counts

    @classmethod
    def of(cls, truth: Truth) -> _Known:
        lab = srgb_to_lab(truth.rgb)
        return cls(lab, CLASSES.nearest(lab[..., 1:]))


@dataclass(eq=False)
class _Gathered:
    """A column while the pass goes on."""

    values: dict[str, list[float]] = field(default_factory=dict)
    classes: list[Double] = field(default_factory=list)
    features: list[Float] = field(default_factory=list)
    occupancy: Counts = field(default_factory=lambda: np.zeros((len(AB_EDGES) - 1,) * 2, np.int64))
    chroma: Counts = field(default_factory=lambda: np.zeros(len(CHROMA_EDGES) - 1, np.int64))

    def add(self, **values: float) -> None:
        for key, value in values.items():
            self.values.setdefault(key, []).append(value)

    def count(self, lab: Float) -> None:
        """Add pixels (H, W, 3) to the counts of colours; those beyond the last limit go into the last cell."""
        a, b = lab[..., 1].ravel(), lab[..., 2].ravel()
        n, step = len(self.occupancy), AB_EDGES[1] - AB_EDGES[0]
        rows, columns = (np.clip((axis - AB_EDGES[0]) // step, 0, n - 1).astype(np.int64) for axis in (b, a))
        self.occupancy += np.bincount(rows * n + columns, minlength=n * n).reshape(n, n)
        steps = np.minimum(np.hypot(a, b) // (CHROMA_EDGES[1] - CHROMA_EDGES[0]), len(self.chroma) - 1)
        self.chroma += np.bincount(steps.astype(np.int64), minlength=len(self.chroma))

    def column(self) -> Column:
        return Column(
            values={key: np.array(values, np.float64) for key, values in self.values.items()},
            classes=np.stack(self.classes),
            features=np.concatenate(self.features) if self.features else None,
            occupancy=self.occupancy,
            chroma=self.chroma,
        )


def _batches(truths: Iterable[Truth], watch: Stopwatch) -> Iterator[list[Truth]]:
    photographs = iter(truths)
    while True:
        batch: list[Truth] = []
        with watch.part("reading"):
            while len(batch) < BATCH and (truth := next(photographs, None)) is not None:
                batch.append(truth)
        if not batch:
            return
        yield batch


def _give_back() -> None:
    """Give memory back to the system: glibc's heap, in pieces after each batch, would grow by gigabytes in a pass."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _look_at_truth(true: _Gathered, truth: Truth, known: _Known) -> None:
    true.add(cf_abs=metrics.colorfulness_abs(truth.rgb), cf_exact=metrics.colorfulness(truth.rgb))
    true.classes.append(np.bincount(known.classes.ravel(), minlength=len(CLASSES)).astype(np.float64))
    true.count(known.lab)


def _compare(column: _Gathered, result: Rgb, truth: Truth, known: _Known) -> None:
    lab = srgb_to_lab(result)
    area = metrics.auc_score(lab[..., 1:], known.lab[..., 1:])
    column.add(
        psnr=metrics.psnr(result, truth.rgb),
        ssim=metrics.ssim(result, truth.rgb),
        ciede2000=float(metrics.ciede2000(lab, known.lab).mean(dtype=np.float64)),
        cf_abs=metrics.colorfulness_abs(result),
        cf_exact=metrics.colorfulness(result),
        auc=metrics.auc(area),
    )
    column.classes.append(metrics.auc_by_class(area, known.classes, len(CLASSES))[0])
    column.count(lab)


def _lpips(metric: LpipsAlex, truths: list[Rgb], made: dict[str, list[Rgb]], columns: dict[str, _Gathered]) -> None:
    """LPIPS of the results of a batch, size by size; each truth is described once."""
    distances: dict[str, list[float]] = {name: [0.0] * len(truths) for name in made}
    for shape in dict.fromkeys(truth.shape for truth in truths):
        alike = [i for i, truth in enumerate(truths) if truth.shape == shape]

        def described(pictures: list[Rgb], chosen: list[int] = alike) -> list[Tensor]:
            return metric.describe(torch.from_numpy(np.stack([pictures[i] for i in chosen])))

        true = described(truths)
        for name, pictures in made.items():
            for i, value in zip(alike, metric.distance(described(pictures), true).tolist(), strict=True):
                distances[name][i] = value
    for name, values in distances.items():
        for value in values:
            columns[name].add(lpips=value)

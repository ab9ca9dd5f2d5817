"""The papers' variant, for orientation: models are given the truth's L* with a = b = 0 in place of its luma.

Colorization papers evaluate that way; real grey files hold luma. Their figures can be held against
these two, and against nothing else here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from photochrom.color.lab import srgb_to_lab
from photochrom.evaluation.intervals import Estimate, Resamples, mean
from photochrom.evaluation.metrics import auc, auc_score, psnr
from photochrom.evaluation.subjects import Subject
from photochrom.evaluation.truths import Truth


def measure_as_papers(subjects: Sequence[Subject], truths: Iterable[Truth]) -> Mapping[str, Mapping[str, Estimate]]:
    """Subject -> "psnr" in dB and raw "auc" in percent, where it is given what papers give.

    Raises:
        ValueError: there is no photograph.
    """
    found: dict[str, list[tuple[float, float]]] = {subject.name: [] for subject in subjects}
    for truth in truths:
        given = truth.as_papers_give_it()
        ab = srgb_to_lab(truth.rgb)[..., 1:]
        for subject in subjects:
            rgb = subject.color(given)
            found[subject.name].append((psnr(rgb, truth.rgb), auc(auc_score(srgb_to_lab(rgb)[..., 1:], ab))))
    figures = {}
    for name, pictures in found.items():
        resamples = Resamples(len(pictures))
        by_key = zip(("psnr", "auc"), zip(*pictures, strict=True), strict=True)
        figures[name] = {key: resamples.estimate(mean(values)) for key, values in by_key}
    return figures

"""Chapters of the report on confidence: whether what a model thinks of its own colours is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from photochrom.evaluation import plots
from photochrom.evaluation.calibration import Calibration, Step
from photochrom.evaluation.chapters import cell
from photochrom.evaluation.intervals import Estimate
from photochrom.evaluation.page import Section, figure, fold, grid, table
from photochrom.evaluation.suggesting import COLORFUL, Suggesting

_LEAST_PROBABILITY: Final = 1e-3


def calibration(found: Sequence[Calibration]) -> Section:
    """Reliability of the predicted probabilities, and error against confidence."""
    sentences = [
        f"{each.model}: the probability of its likeliest colour is off by "
        f"{100 * each.ece.value:.1f} percentage points on average; the true colour costs it {each.nll.value:.2f} nats, "
        f"where somebody who knows only how often each colour occurs would need {each.nll_of_shares:.2f}."
        for each in found
    ]
    parts = [
        figure(
            plots.reliability({each.model: _reliability(each.likeliest) for each in found}),
            alt="Reliability diagram of the likeliest colour",
            caption="The likeliest colour of each cell: predicted probability against how often it was true. On the "
            "dashed line confidence is true; under it the model is too sure. Larger dots stand for more cells.",
        ),
        figure(
            plots.reliability({each.model: _reliability(each.any) for each in found}, least=_LEAST_PROBABILITY),
            alt="Reliability diagram of all colours",
            caption="The same for every colour that was thought possible, also the unlikely ones (both axes "
            "logarithmic).",
        ),
        figure(
            plots.error_by_confidence(
                {
                    each.model: (
                        [part.confidence for part in each.by_confidence],
                        [part.error for part in each.by_confidence],
                        [part.expected for part in each.by_confidence],
                    )
                    for each in found
                }
            ),
            alt="Error of colour against confidence",
            caption="Error in ab of each tenth of all cells, from the least to the most confident. Dashed: the error "
            "that the model expects of itself.",
        ),
    ]
    rows = [
        [each.model, cell(each.nll, 3), f"{each.nll_of_shares:.3f}", cell(each.ece, 4), each.photographs]
        for each in found
    ]
    columns = ["model", "NLL", "NLL of shares", "ECE", "photographs"]
    return Section(
        "Is the confidence true?", " ".join(sentences), [grid(parts), fold("Figures", [table(columns, rows)])]
    )


def suggesting(found: Sequence[Suggesting]) -> Section:
    """How often a suggestion is near the truth, beside fixed colours, and whether its probability is true."""
    sentences = [
        f"{each.model}: one of five suggestions lies near the true colour at {_percent(each.near)} of {each.points} "
        f"random places (five fixed colours: {_percent(each.near_fixed)}), where the truth is colourful at "
        f"{_percent(each.colorful)} ({_percent(each.colorful_fixed)}). Their probabilities are off by "
        f"{100 * each.ece.value:.1f} percentage points on average, the confidence in the colour shown by "
        f"{100 * each.confidence_ece.value:.1f}."
        for each in found
    ]
    parts = [
        figure(
            plots.reliability({each.model: _reliability(each.steps) for each in found}),
            alt="Reliability diagram of suggestions",
            caption="Each of five suggestions: its probability against how often the truth lay within 10 Lab units.",
        ),
        figure(
            plots.reliability(
                {
                    each.model: (
                        [part.confidence for part in each.tenths],
                        [part.right for part in each.tenths],
                        [1 / len(each.tenths)] * len(each.tenths),
                    )
                    for each in found
                }
            ),
            alt="Reliability diagram of the confidence",
            caption="The confidence in the colour that is shown, by tenths of all places, against how often the truth "
            "lay within 15 Lab units of it.",
        ),
    ]
    columns = ["model", "near", "fixed", f"near, chroma > {COLORFUL:g}", "fixed", "ECE", "ECE of confidence", "rank"]
    rows = [
        [
            each.model,
            cell(each.near, 3),
            cell(each.near_fixed, 3),
            cell(each.colorful, 3),
            cell(each.colorful_fixed, 3),
            cell(each.ece, 4),
            cell(each.confidence_ece, 4),
            f"{each.rank_correlation:.2f}".replace("-", "−"),
        ]
        for each in found
    ]
    caption = "Near: within 10 Lab units in ab. Rank: Spearman correlation of confidence and error"
    return Section(
        "Suggestions", " ".join(sentences), [grid(parts), fold("Figures", [table(columns, rows, caption=caption)])]
    )


def _reliability(steps: Sequence[Step]) -> tuple[list[float], list[float], list[float]]:
    return [step.predicted for step in steps], [step.hits for step in steps], [step.share for step in steps]


def _percent(estimate: Estimate) -> str:
    return f"{100 * estimate.value:.1f} %"

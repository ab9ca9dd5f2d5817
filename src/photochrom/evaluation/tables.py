"""The figures as rows of text: for the terminal, and with intervals for the model card."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from photochrom.evaluation.figures import KEYS
from photochrom.evaluation.intervals import Estimate
from photochrom.evaluation.outcome import Evaluation
from photochrom.evaluation.points import PointScore
from photochrom.evaluation.subjects import Finished, ModelSubject

_ON_TERMINAL: Final = ("psnr", "cf_abs", "p10_cf", "auc", "auc_rebalanced", "lpips", "kid768")
_ON_CARDS: Final = tuple(key for key in KEYS if key not in ("cf_exact", "dcf"))


def on_terminal(evaluation: Evaluation) -> str:
    """The main figures, a line for each subject and one for the truth; "" without colour truth."""
    if not evaluation.figures:
        return ""
    keys = [key for key in _ON_TERMINAL if any(figures[key] for figures in evaluation.figures.values())]
    rows = [["", *(KEYS[key].name for key in keys)]]
    for name, figures in {**evaluation.figures, "truth": evaluation.truth}.items():
        rows.append([name, *(_value(key, figures.get(key)) for key in keys)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *values in rows:
        padded = [value.rjust(width) for value, width in zip(values, widths[1:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *padded]))
    return "\n".join(lines)


def for_card(evaluation: Evaluation, model: ModelSubject) -> dict[str, Any]:
    """This run's figures of one model and of the baselines, as a table of its card (`cards.add_benchmarks`).

    Raises:
        ValueError: there was no colour truth.
    """
    truths, scored = evaluation.truths, evaluation.scored
    if truths is None or scored is None:
        raise ValueError("without colour truth there are no figures for a card")
    rows = {
        subject.name: evaluation.figures[subject.name]
        for subject in evaluation.subjects
        if not isinstance(subject, Finished) and (not isinstance(subject, ModelSubject) or subject.model is model.model)
    }
    keys = [key for key in _ON_CARDS if any(figures[key] for figures in rows.values())]
    split = f", split {truths.split}" if truths.split else ""
    photographs = f"{len(scored.names)} photographs, truth CF {_value('cf_abs', evaluation.truth['cf_abs'])}"
    return {
        "title": f"{truths.data.name}{split}: {photographs}",
        "command": evaluation.command,
        "columns": [KEYS[key].name for key in keys],
        "rows": [[name, *(_with_interval(key, figures[key]) for key in keys)] for name, figures in rows.items()],
    }


def points_for_card(evaluation: Evaluation, score: PointScore) -> dict[str, Any]:
    """The share of the places that a model colours rightly, as a table of its card."""
    names = {"skin": "skin", "colour": "must be coloured", "neutral": "must be neutral"}
    keys = [key for key in names if key in score.headline]
    return {
        "title": f"Places on {score.photographs} historic photographs whose colour is known within limits: "
        "share that is right, %",
        "command": evaluation.command,
        "columns": [names[key] for key in keys],
        "rows": [[score.model, *(_told(score.headline[key], 1) for key in keys)]],
    }


def _value(key: str, estimate: Estimate | None) -> str:
    return "-" if estimate is None or not np.isfinite(estimate.value) else f"{estimate.value:.{KEYS[key].digits}f}"


def _with_interval(key: str, estimate: Estimate | None) -> str:
    if estimate is None or not np.isfinite(estimate.value):
        return "-"
    return _told(estimate, KEYS[key].digits)


def _told(estimate: Estimate, digits: int) -> str:
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"

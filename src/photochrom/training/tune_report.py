"""A study's report: how the trials went, what mattered, and whether the best is better than chance."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from photochrom.evaluation.page import Section, figure, grid, page, table

_FEW = 4
"""Complete trials below which importance says nothing."""


def report(study: optuna.Study) -> str:
    """The study so far as one self-contained HTML page; curves, history, importance, every trial."""
    trials = [t for t in study.get_trials(deepcopy=False) if t.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    complete = sorted((t for t in trials if t.state is TrialState.COMPLETE), key=_score)
    pruned = len(trials) - len(complete)
    lead = f"{len(trials)} trials, {pruned} of them broken off because they were behind."
    if not complete:
        return page("Study", [Section("Trials", "No trial is complete yet.")], lead=lead)
    parts = [
        figure(_history(trials), alt="Score of each trial"),
        figure(_curves(trials), alt="Scores over validations"),
    ]
    importance = _importance(study, len(complete))
    if importance:
        parts.append(figure(_bars(importance), alt="Importance of each setting"))
    settings = sorted({key for trial in complete for key in trial.params})
    slices = [figure(_slice(complete, key), alt=f"Score by {key}") for key in settings]
    sections = [
        Section("What came of it", "\n\n".join(verdict(complete)), [grid(parts)]),
        Section("Settings", "The score of complete trials by each setting; the ring is the best.", [grid(slices)]),
        Section("Trials", "The lowest score is the best.", [_table(trials, complete, settings)]),
    ]
    return page("Study", sections, lead=lead)


def verdict(complete: Sequence[FrozenTrial]) -> list[str]:
    """Sentences on the best trial and on the noise between equal trials."""
    best = min(complete, key=_score)
    values = ", ".join(f"{key} {_text(value)}" for key, value in best.params.items())
    said = [f"The best is trial {best.number} with a score of {_score(best):.4f}: {values}."]
    own = [_score(trial) for trial in complete if "seed" in trial.user_attrs]
    if len(own) < 2:
        return [*said, "Equal trials were not repeated: how much of the difference is chance, nobody knows."]
    mean, spread = float(np.mean(own)), float(np.std(own, ddof=1))
    gain = mean - _score(best)
    said.append(
        f"The recipe's own settings have {mean:.4f} on average over {len(own)} seeds, with a standard deviation of "
        f"{spread:.4f}. The best is {abs(gain):.4f} {'better' if gain >= 0 else 'worse'}: {_chance(gain, spread)}."
    )
    return said


def _chance(gain: float, spread: float) -> str:
    if gain > 3 * spread:
        return "more than chance would give, at this budget"
    return "not more than chance can give, so this study found nothing better"


def _score(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return trial.value


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(trials: Sequence[FrozenTrial], complete: Sequence[FrozenTrial], settings: Sequence[str]) -> Markup:
    others = [trial for trial in trials if trial.state is not TrialState.COMPLETE]
    rows = []
    for trial in [*complete, *others]:
        validations = max(trial.intermediate_values, default=0)
        score = f"{_score(trial):.4f}" if trial.state is TrialState.COMPLETE else "broken off"
        took = trial.duration.total_seconds() if trial.duration else None
        seed = trial.user_attrs.get("seed")
        rows.append(
            [
                str(trial.number),
                score,
                *(_text(trial.params.get(key)) for key in settings),
                "" if seed is None else f"own, seed {seed}",
                validations,
                took,
            ]
        )
    return table(["trial", "score", *settings, "recipe's", "validations", "seconds"], rows)


def _figure(title: str, x: str, y: str) -> tuple[Figure, Any]:
    fig = Figure(figsize=(4.6, 3.0), layout="constrained")
    axes = fig.subplots()
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return fig, axes


def _history(trials: Sequence[FrozenTrial]) -> Figure:
    fig, axes = _figure("History", "trial", "val/score")
    done = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    numbers, scores = [trial.number for trial in done], [_score(trial) for trial in done]
    axes.plot(numbers, scores, "o", color="#1f77b4", markersize=4)
    axes.plot(numbers, np.minimum.accumulate(scores), color="#ff7f0e", label="best so far")
    own = [trial for trial in done if "seed" in trial.user_attrs]
    axes.plot([t.number for t in own], [_score(t) for t in own], "s", color="#2ca02c", label="the recipe's own")
    axes.legend(fontsize=8, frameon=False)
    return fig


def _curves(trials: Sequence[FrozenTrial]) -> Figure:
    fig, axes = _figure("Validations", "validation", "val/score")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for trial in trials:
        steps = sorted(trial.intermediate_values.items())
        color = "#1f77b4" if trial.state is TrialState.COMPLETE else "#808080"
        axes.plot(*zip(*steps, strict=True), color=color, linewidth=0.8, marker=".") if steps else None
    return fig


def _importance(study: optuna.Study, complete: int) -> dict[str, float]:
    if complete < _FEW:
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of few trials, and the report tells how many there are
            return optuna.importance.get_param_importances(study)
    except (RuntimeError, ValueError):  # all scores are equal
        return {}


def _bars(importance: dict[str, float]) -> Figure:
    fig, axes = _figure("Importance (PED-ANOVA)", "share", "")
    names = list(importance)[::-1]
    axes.barh(names, [importance[name] for name in names], color="#1f77b4")
    return fig


def _slice(complete: Sequence[FrozenTrial], key: str) -> Figure:
    fig, axes = _figure(key, key, "val/score")
    shown = [trial for trial in complete if key in trial.params]
    values = [trial.params[key] for trial in shown]
    kind = shown[0].distributions[key]
    if isinstance(kind, CategoricalDistribution):
        values = [str(value) for value in values]
    elif isinstance(kind, FloatDistribution | IntDistribution) and kind.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.scatter(values, [_score(trial) for trial in shown], color="#1f77b4", s=14)
    axes.plot(values[:1], [_score(shown[0])], "o", markersize=10, fillstyle="none", color="#ff7f0e")
    return fig

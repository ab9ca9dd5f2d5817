"""Chapters of the report: what each study found, as one sentence or two, a plot, and the figures behind it.

Every sentence is made from the figures, so that it can't say more than they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup

from photochrom.evaluation import plots
from photochrom.evaluation.aged import Ageing
from photochrom.evaluation.hint_curve import HintCurve, HintStep
from photochrom.evaluation.intervals import Estimate
from photochrom.evaluation.page import Section, figure, fold, grid, table
from photochrom.evaluation.robustness import Robustness
from photochrom.runtime.card import ModelCard


def said(estimate: Estimate, digits: int = 2, *, signed: bool = False) -> str:
    """A figure with its interval in words: "24.13 (23.90 to 24.35)"."""
    sign = "+" if signed else ""
    value, low, high = (f"{each:{sign}.{digits}f}" for each in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low} to {high})".replace("-", "−")


def cell(estimate: Estimate | None, digits: int, *, strong: bool = False, signed: bool = False) -> Markup | None:
    """A figure for a table, its interval small below it; None where it was not measured."""
    if estimate is None or not np.isfinite(estimate.value):
        return None
    sign = "+" if signed else ""
    value, low, high = (
        f"{each:{sign}.{digits}f}".replace("-", "−") for each in (estimate.value, estimate.low, estimate.high)
    )
    shown = Markup("<strong>{}</strong>").format(value) if strong else value
    return Markup("{}<small>{} … {}</small>").format(shown, low, high)


def hints(found: Sequence[HintCurve]) -> Section:
    """The curves against the number of points, with the spreads that need no network."""
    parts = []
    for each in found:
        counts = [step.points for step in each.steps]
        curves = {
            key: plots.hint_curve(
                counts,
                {
                    each.model: _curve(each.steps, key),
                    "differences, spread": _curve(each.differences, key),
                    "colours, spread": _curve(each.colors, key),
                },
                ylabel=ylabel,
                baselines=["differences, spread", "colours, spread"],
            )
            for key, ylabel in (("psnr", "PSNR, dB"), ("auc", "AuC, %"))
        }
        told = (
            f"{each.model} with true colours at random places, beside two ways to spread the same points without a "
            "network: their differences to the automatic result, and their colours."
        )
        parts.append(
            grid(
                [
                    figure(curves["psnr"], alt=f"PSNR of {each.model} against the number of hints", caption=told),
                    figure(
                        curves["auc"], alt=f"AuC of {each.model} against the number of hints", caption="AuC of these."
                    ),
                ]
            )
        )
    tables = [
        table(
            ["points", "PSNR", "gained", "ahead of differences, spread", "AuC"],
            [
                [
                    step.points,
                    cell(step.psnr, 2),
                    cell(gained, 2, signed=True),
                    cell(ahead, 2, signed=True),
                    cell(step.auc, 2),
                ]
                for step, gained, ahead in zip(each.steps, each.gained, each.ahead, strict=True)
            ],
            caption=f"{each.model}, {each.photographs} photographs, at vividness 0",
        )
        for each in found
    ]
    return Section("With hints", " ".join(_hint_sentence(each) for each in found), [*parts, fold("Figures", tables)])


def ageing(found: Sequence[Ageing]) -> Section:
    """One row for each kind of ageing, clean above and grey as the line."""
    kinds = [row.kind for row in found[0].rows]
    sentences = []
    for each in found:
        worst = max(each.rows[1:], key=lambda row: row.auc_lost.value)
        sentences.append(
            f"{each.model} loses most to {worst.kind} ({said(worst.auc_lost)} AuC); the mean of clean and aged, on "
            f"which models are chosen, is {said(each.both.auc)}, grey has {each.grey.auc.value:.2f}."
        )
    plot = figure(
        plots.intervals(
            kinds,
            {each.model: triples([row.auc for row in each.rows]) for each in found},
            xlabel="AuC, %",
            mark=found[0].grey.auc.value,
        ),
        alt="AuC by kind of ageing",
        caption="AuC at vividness 0 of the same photographs, aged in one way at a time. The dashed line is "
        "grey, which no ageing changes in ab.",
    )
    rows = [
        [each.model, row.kind, cell(row.ab_error, 2), cell(row.auc, 2), cell(row.auc_lost, 2, signed=True)]
        for each in found
        for row in (*each.rows, each.aged, each.both, each.grey)
    ]
    columns = ["model", "kind", "ab error", "AuC", "AuC lost"]
    return Section("Aged photographs", " ".join(sentences), [plot, fold("Figures", [table(columns, rows)])])


def robustness(found: Sequence[Robustness]) -> Section:
    """How far colours move when the same photograph comes in another way."""
    sentences = [
        f"{each.model}: of these changes “{most.change}” moves its colours most, by {said(most.ab)} in ab, where "
        f"their mean chroma is {each.chroma.value:.1f}."
        for each in found
        for most in [max(each.rows, key=lambda row: row.ab.value)]
    ]
    plot = figure(
        plots.intervals(
            [row.change for row in found[0].rows],
            {each.model: triples([row.ab for row in each.rows]) for each in found},
            xlabel="mean change of ab",
        ),
        alt="Mean change of colour by change of the input",
        caption="Mean distance in ab between the results of the same photograph, given plain and changed. Lower is "
        "steadier; a paler model moves less.",
    )
    rows = [[each.model, row.change, cell(row.ab, 2)] for each in found for row in each.rows]
    return Section(
        "The same photograph, given otherwise",
        " ".join(sentences),
        [plot, fold("Figures", [table(["model", "change", "mean change of ab"], rows)])],
    )


def vividness(cards: Mapping[str, ModelCard]) -> Section | None:
    """The read-out frontier that each model was exported with; None where no card tells of one."""
    parts = [_frontier(name, card) for name, card in cards.items() if card.metrics.get("frontier", {}).get("points")]
    if not parts:
        return None
    text = (
        "A distribution can be read in many ways; for every colourfulness there is one that errs least. Along that "
        "line the vividness option moves from 0 to 1. It was measured when the model was exported, on validation "
        "photographs."
    )
    return Section("Vividness", text, [grid(parts)])


def _frontier(name: str, card: ModelCard) -> Markup:
    measured: Mapping[str, Any] = card.metrics["frontier"]
    line = np.array([_numbers(point["cf_abs"], point["psnr"], point["lpips"]) for point in measured["points"]]).T
    at = np.array([point["vividness"] for point in measured["points"]])
    cloud = np.array([_numbers(cf, psnr, lpips) for _, _, _, psnr, cf, lpips in measured.get("cloud", ())]).T
    default = [float(np.interp(card.default_vividness, at, figures)) for figures in line]
    plot = plots.frontier(
        (cloud[0], cloud[1], cloud[2]) if cloud.size else None,
        (line[0], line[1], line[2]),
        default=(default[0], default[1], default[2]),
        truth_colorfulness=float(measured["truth_cf_abs"]),
        grey=(float(measured["grey_psnr"]), _numbers(measured.get("grey_lpips"))[0]),
    )
    return figure(
        plot,
        alt=f"Read-out frontier of {name}",
        caption=f"{name} on {measured['photographs']} photographs of {measured.get('split', 'validation')}; the "
        f"default is vividness {card.default_vividness:g}."
        + (" Each small dot is one read-out that was tried." if cloud.size else ""),
    )


def _numbers(*values: float | None) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]


def _curve(steps: Sequence[HintStep], key: str) -> list[tuple[float, float, float]]:
    return triples([getattr(step, key) for step in steps])


def triples(estimates: Sequence[Estimate | None]) -> list[tuple[float, float, float]]:
    """Value, low, high of each, as plots take them; nan where not measured."""
    none = float("nan")
    return [(none, none, none) if each is None else (each.value, each.low, each.high) for each in estimates]


def _hint_sentence(curve: HintCurve) -> str:
    values = [step.psnr.value for step in curve.steps]
    falls = [(a.points, b.points) for a, b in pairwise(curve.steps) if b.psnr.value <= a.psnr.value]
    pairs = list(zip(curve.steps, curve.ahead, strict=True))
    rise = "rises with every step" if not falls else f"does not rise from {falls[0][0]} to {falls[0][1]} points"
    than = [
        f"{word} the spread of differences with {' and '.join(map(str, counts))} points"
        for word, sign in (("ahead of", 1), ("behind", -1))
        if (counts := [step.points for step, lead in pairs if lead.excludes_zero and lead.value * sign > 0])
    ]
    apart = " and ".join(than) or "nowhere surely apart from the spread of differences"
    return (
        f"{curve.model}: from {values[0]:.2f} dB without to {values[-1]:.2f} dB with {curve.steps[-1].points} points; "
        f"the curve {rise}. It is {apart}."
    )

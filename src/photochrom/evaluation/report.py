"""The report of an evaluation: one HTML file that somebody reads, and contact sheets to look at.

First what the figures mean, then the figures, then the pictures; each study has a chapter. Nothing is
measured here except the pictures that are shown, which are made once more.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

import photochrom
from photochrom.color.luma import luma
from photochrom.evaluation import chapters, confidence_chapters, failures, gallery, plots, summary
from photochrom.evaluation.figures import KEYS
from photochrom.evaluation.outcome import Evaluation
from photochrom.evaluation.page import Section, figure, fold, grid, page, picture, prose, strip, table
from photochrom.evaluation.photographs import Entry
from photochrom.evaluation.scoring import AB_EDGES, CHROMA_EDGES, Scored
from photochrom.evaluation.sheet import contact_sheet, fitted, write_png
from photochrom.evaluation.subjects import Subject
from photochrom.evaluation.truths import WIDEST, Truth, Truths

Rgb = NDArray[np.uint8]

REPORT: Final = "report.html"
SHEET: Final = "sheet.png"
HISTORIC_SHEET: Final = "historic.png"

_EACH: Final = 3
"""Best, median and worst pictures, so many of each."""
_ON_SHEET: Final = 24
_SEEN: Final = 768
"""Longer side in pixels of a photograph without truth when it is coloured for the page."""
_SHOWN: Final = 384

_DEFINITIONS: Final = """\
Everything is measured on 8-bit RGB, 256×256 centre crops; models are given the photograph's luma (Y′ of \
BT.601). PSNR and SSIM compare pixels, CIEDE2000 colours as the eye sees differences, LPIPS (Alex, v0.1) what \
a network sees. CF is the colourfulness of Hasler and Süsstrunk, abs in the form that papers publish; dCF is \
how far its mean lies from the truth's, p10-CF the tenth percentile of CF over CF of the truth: a mean hides \
half-grey beside half-garish pictures. AuC is the area under the share of pixels whose error in ab is below 0 \
to 150; rebalanced, every colour counts the same. KID-768 compares the distributions of Inception features, \
times 1000; a result and its own photograph are no pair of it, because they share their luma. NLL and ECE \
judge the calibrated distribution.

Intervals hold 95 % of 2000 bootstrap resamples of the photographs, the same ones for everybody, so that \
differences are paired. Only a difference whose interval excludes zero is called better or worse.

Grey is the grey picture, mean the training photographs’ mean colour everywhere, ceiling the truth’s own \
colours at a quarter of the size through the same path as any model’s: nothing can do better."""


def write_report(evaluation: Evaluation, folder: Path) -> None:
    """Write report.html, and sheet.png and historic.png where there are such photographs, into a folder."""
    shown = _shown(evaluation)
    historic = _colored(evaluation.historic, evaluation.models)
    sections = _sections(evaluation, shown, historic)
    (folder / REPORT).write_text(page(_title(shown), sections, lead=_lead(evaluation)), encoding="utf-8")
    truths = evaluation.truths
    if truths is not None and len(truths):
        chosen = list(truths.some(_ON_SHEET))
        columns = ["grey", "truth", *(subject.name for subject in shown)]
        labels = [truth.name for truth in chosen]
        write_png(contact_sheet(gallery.rows_of(chosen, shown), columns=columns, labels=labels), folder / SHEET)
    if historic:
        columns = ["grey", *(model.name for model in evaluation.models)]
        sheet = contact_sheet(list(historic.values()), columns=columns, labels=list(historic), cell=240)
        write_png(sheet, folder / HISTORIC_SHEET)


def _title(shown: Sequence[Subject]) -> str:
    names = [subject.name for subject in shown]
    if not names:
        return "Photochrom, evaluated"
    return f"How well {names[0]} colours" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} compared"


def _lead(evaluation: Evaluation) -> str:
    truths, scored = evaluation.truths, evaluation.scored
    if truths is None or scored is None:
        return f"{len(evaluation.historic)} photographs without colour truth: to be looked at."
    split = f", split {truths.split}" if truths.split else ""
    left = f" {len(truths.left_out)} have no colours themselves and were left out." if truths.left_out else ""
    return f"{len(scored.names)} photographs of {truths.data.name}{split}.{left}"


def _shown(evaluation: Evaluation) -> list[Subject]:
    """Whose pictures are shown: models as they come, and the results of other programs."""
    paler = {f"{model.name} at vividness 0" for model in evaluation.models}
    return [each for each in evaluation.subjects if each.name not in {*summary.BASELINES, *paler}]


def _sections(evaluation: Evaluation, shown: Sequence[Subject], historic: Mapping[str, Sequence[Rgb]]) -> list[Section]:
    studies, scored = evaluation.studies, evaluation.scored
    names = [each.name for each in shown]
    sections: list[Section | None] = []
    if scored is not None and evaluation.truths is not None:
        sections += [
            Section("In short", parts=[summary.in_words(evaluation.figures, evaluation.differences, evaluation.truth)]),
            Section(
                "All figures",
                parts=[
                    *summary.all_figures(evaluation.figures, evaluation.truth),
                    summary.all_differences(evaluation.differences),
                    *_papers(evaluation),
                ],
            ),
            _pictures(evaluation.truths, scored, shown),
            _colors(scored, shown),
            failures.scenes(studies.scenes, names) if studies.scenes is not None and studies.scenes.groups else None,
        ]
    sections += [
        failures.points(studies.points) if studies.points else None,
        _historic(historic, ["grey", *(model.name for model in evaluation.models)]) if historic else None,
        chapters.hints(studies.hint_curves) if studies.hint_curves else None,
        confidence_chapters.calibration(studies.calibration) if studies.calibration else None,
        confidence_chapters.suggesting(studies.suggesting) if studies.suggesting else None,
        chapters.vividness({model.name: model.model.card for model in evaluation.models}),
        chapters.ageing(studies.ageing) if studies.ageing else None,
        chapters.robustness(studies.robustness) if studies.robustness else None,
        _measured(evaluation),
    ]
    return [section for section in sections if section is not None]


def _papers(evaluation: Evaluation) -> list[Markup]:
    if not evaluation.papers:
        return []
    rows = [
        [name, chapters.cell(row.get("psnr"), 2), chapters.cell(row.get("auc"), 2)]
        for name, row in evaluation.papers.items()
    ]
    caption = "For orientation: given as colorization papers give it, L* of the truth in place of its luma"
    return [table(["", "PSNR, dB ↑", "AuC, % ↑"], rows, caption=caption)]


def _pictures(truths: Truths, scored: Scored, shown: Sequence[Subject]) -> Section | None:
    """Best, median and worst of the first one shown, by what comes nearest to the eye."""
    if not shown:
        return None
    values = scored.subjects[shown[0].name].values
    key = "lpips" if "lpips" in values else "ciede2000"
    parts = []
    for title, indices in gallery.ranked(-values[key], _EACH).items():
        parts.append(prose("", heading=title.capitalize()))
        for i in indices:
            truth = truths.read(scored.names[i])
            results = [
                (each.name, each.color(truth), f"{scored.subjects[each.name].values['psnr'][i]:.1f} dB")
                for each in shown
            ]
            scene = truth.labels.get("scene", "")
            parts.append(
                gallery.row(truth, results, caption=" · ".join(filter(None, (truth.name, scene, truth.source))))
            )
    text = (
        f"The best, the median and the worst photographs of {shown[0].name} by {KEYS[key].name}. "
        "More of them, evenly spread over the data, are on the contact sheet beside this report."
    )
    return Section("Pictures", text, parts)


def _colors(scored: Scored, shown: Sequence[Subject]) -> Section | None:
    if not shown:
        return None
    columns: Mapping[str, NDArray[np.int64]] = {
        "truth": scored.truth.occupancy,
        **{each.name: scored.subjects[each.name].occupancy for each in shown},
    }
    parts = [
        figure(
            plots.saturation(
                CHROMA_EDGES, scored.truth.chroma, {each.name: scored.subjects[each.name].chroma for each in shown}
            ),
            alt="Histogram of chroma",
            caption="How many pixels have how much chroma. A model that lies under the truth on the right shuns strong "
            "colours.",
        ),
        figure(
            plots.occupancy(columns),
            alt="Occupancy of the ab plane",
            caption="Which colours occur: the ab plane, each place in its colour, deeper where more pixels lie "
            f"(logarithmic). It reaches to {AB_EDGES[-1]} in Lab units on every side.",
        ),
    ]
    return Section("Colours used", parts=[grid(parts)])


def _historic(pictures: Mapping[str, Sequence[Rgb]], columns: Sequence[str]) -> Section:
    parts = [
        strip(
            [
                (picture(fitted(rgb, _SHOWN), alt=f"{name}, {column}"), column)
                for column, rgb in zip(columns, row, strict=True)
            ],
            caption=name,
        )
        for name, row in pictures.items()
    ]
    return Section("Photographs without truth", "Nobody knows their colours; look at them.", parts)


def _colored(entries: Sequence[Entry], models: Sequence[Subject]) -> dict[str, list[Rgb]]:
    """Name -> grey and each model's picture, of photographs whose colours nobody knows; empty without a model."""
    truths = [_without_truth(entry) for entry in entries] if models else []
    return {truth.name: [truth.rgb, *(model.color(truth) for model in models)] for truth in truths}


def _without_truth(entry: Entry) -> Truth:
    """A photograph of unknown colours, as grey, at most 768 pixels long and at most 3:1."""
    grey = luma(fitted(entry.read(), _SEEN))
    height, width = (min(side, WIDEST * min(grey.shape)) for side in grey.shape)
    top, left = (grey.shape[0] - height) // 2, (grey.shape[1] - width) // 2
    part = np.ascontiguousarray(grey[top : top + height, left : left + width])
    return Truth(entry.key, np.repeat(part[..., None], 3, axis=-1))


def _measured(evaluation: Evaluation) -> Section:
    parts = [prose(_DEFINITIONS)] if evaluation.scored is not None else []
    if evaluation.notes:
        parts.append(prose("\n\n".join(evaluation.notes), heading="Not measured, left out"))
    facts: list[list[str | float | None]] = [["command", Markup("<code>{}</code>").format(evaluation.command)]]
    facts += [
        [model.name, f"{model.model.identity}, vividness {model.model.card.default_vividness:g}"]
        for model in evaluation.models
    ]
    if evaluation.truths is not None and evaluation.truths.left_out:
        facts.append(["left out", ", ".join(evaluation.truths.left_out)])
    facts += [["Photochrom", photochrom.__version__], ["date", datetime.date.today().isoformat()]]
    parts.append(table(["", ""], facts))
    seconds = [[part, f"{value:.1f}"] for part, value in evaluation.seconds.items()]
    if seconds:
        parts.append(fold("Seconds by part", [table(["part", "seconds"], seconds)]))
    return Section("How it was measured", parts=parts)

"""Evaluate: models and finished pictures against photographs, with baselines, studies and a report.

What is done in which order, and nothing of how: photographs are found, everything that is scored is
made ready, one pass gathers what the metrics need, and the studies look closer at each model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final, TypeVar

import torch

from photochrom.errors import DataError, UsageError
from photochrom.evaluation.aged import measure_ageing
from photochrom.evaluation.calibration import measure_calibration
from photochrom.evaluation.cards import add_benchmarks
from photochrom.evaluation.figures import differences, draw, figures, statistics
from photochrom.evaluation.hint_curve import measure_hint_curve
from photochrom.evaluation.intervals import Resamples, mean
from photochrom.evaluation.lpips import WEIGHTS_FILE as LPIPS_FILE
from photochrom.evaluation.options import Options
from photochrom.evaluation.outcome import Evaluation, Studies
from photochrom.evaluation.papers import measure_as_papers
from photochrom.evaluation.photographs import Entry
from photochrom.evaluation.points import CLASSES, PointScore, measure_points, read_points, read_regions
from photochrom.evaluation.progress import Advance, Stopwatch, progress
from photochrom.evaluation.report import write_report
from photochrom.evaluation.robustness import measure_robustness
from photochrom.evaluation.scenes import measure_scenes
from photochrom.evaluation.scoring import MetricWeights, Scored, score
from photochrom.evaluation.subjects import AREA, Ceiling, Finished, Grey, MeanColor, ModelSubject, Subject
from photochrom.evaluation.suggesting import measure_suggesting
from photochrom.evaluation.tables import for_card, points_for_card
from photochrom.evaluation.truths import Truth, Truths
from photochrom.networks.inception_v3 import WEIGHTS as INCEPTION_FILE
from photochrom.runtime.devices import cpus
from photochrom.runtime.model import Model

STUDIED: Final = 150
"""Photographs at most, evenly spread, on which hints, ageing and robustness are studied: each takes many looks."""

T = TypeVar("T")


def evaluate(options: Options) -> Evaluation:
    """Do all of it: measure, study, and write the report into its folder.

    Raises:
        DataError: photographs, results, labels or points are missing, damaged, or do not belong together.
        ModelError: no such model, or damaged weights.
        UsageError: two subjects of one name, or a folder for the report that can't be made.
    """
    torch.set_num_threads(options.threads or cpus())
    try:
        options.report.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--report {options.report} can't be made: {error.strerror}; give another folder") from error
    watch = Stopwatch()
    with watch.part("opening"):
        weights = MetricWeights.load(options.metric_weights)
        models = _models(options)
        truths, historic = _photographs(options)
        subjects = _subjects(models, options.results, truths)
    points: tuple[PointScore, ...] = ()
    if options.points is not None:  # first, because they are few: what is wrong with them shows before a long pass
        with watch.part("points"), progress("points", len(models)) as advance:
            points = tuple(measure_points(model, options.points) for model in _counted(models, advance))
    if truths is None or not len(truths):
        found = Evaluation(options.command, None, subjects, models, notes=_notes(options, truths))
    else:
        found = _measured(options, truths, subjects, models, weights, watch)
    studies = replace(found.studies, points=points)
    found = replace(found, studies=studies, historic=historic, seconds=dict(watch.seconds))
    found.write(options.report)
    with progress("report", 1) as advance:
        write_report(found, options.report)
        advance()
    if options.write_card:
        for name, model in zip(options.model_names, models, strict=True):
            add_benchmarks(name, _tables(found, model))
    return found


def _models(options: Options) -> tuple[ModelSubject, ...]:
    """Every model at its default vividness, under a name that no other one has."""
    asked = options.model_names
    loaded = [Model.load(name, threads=options.threads) for name in asked]
    named = [model.card.name for model in loaded]
    versions = [f"{model.card.name} {model.card.version}" for model in loaded]
    folders = [f"{model.card.name} ({Path(path).name})" for path, model in zip(asked, loaded, strict=True)]
    names = [
        name if named.count(name) == 1 else version if versions.count(version) == 1 else folder
        for name, version, folder in zip(named, versions, folders, strict=True)
    ]
    return tuple(ModelSubject(model, name=name) for model, name in zip(loaded, names, strict=True))


def _photographs(options: Options) -> tuple[Truths | None, tuple[Entry, ...]]:
    """Those with colour truth; and those to be looked at without: of the points, or data that is grey throughout."""
    truths, historic = None, dict[Path, Entry]()
    if options.points is not None:
        points = read_points(options.points, read_regions(options.points.with_name(CLASSES)))
        entries = (Entry.of_file(options.points.with_name(file)) for file in dict.fromkeys(p.file for p in points))
        historic = {entry.shard: entry for entry in entries}
    if options.data is not None:
        truths = Truths.open(options.data, split=options.split, labels=options.labels, limit=options.limit)
        if not len(truths):
            if options.results:
                raise DataError(f"{options.data} has no photograph in colour that results could be held against")
            grey = (truths.entry(name) for name in truths.left_out)
            historic |= {entry.shard / entry.key: entry for entry in grey if entry.shard not in historic}
    return truths, tuple(historic.values())


def _subjects(
    models: Sequence[ModelSubject], results: Mapping[str, Path], truths: Truths | None
) -> tuple[Subject, ...]:
    """All that is scored, in the report's order; without truth the models alone."""
    if truths is None or not len(truths):
        return _of_different_names(models)
    area = max((model.model.card.area for model in models), default=AREA)
    subjects: list[Subject] = [Grey(), MeanColor(area=area)]
    for model in models:
        subjects.append(model)
        if model.model.card.default_vividness > 0:
            subjects.append(model.at(0, f"{model.name} at vividness 0"))
    subjects += [Finished(name, folder, truths) for name, folder in results.items()]
    return _of_different_names([*subjects, Ceiling(area=area)])


def _of_different_names(subjects: Sequence[Subject]) -> tuple[Subject, ...]:
    twice = [name for name, count in Counter(["truth", *(each.name for each in subjects)]).items() if count > 1]
    if twice:
        raise UsageError(f"two things are called '{twice[0]}': give the result another name, or the model once")
    return tuple(subjects)


def _notes(options: Options, truths: Truths | None) -> tuple[str, ...]:
    """What was left out, and what would measure more."""
    notes = []
    if truths is not None and truths.left_out:
        names = ", ".join(truths.left_out[:5]) + (", …" if len(truths.left_out) > 5 else "")
        why = "they have no colour, or the labels say so" if options.labels else "they have no colour"
        notes.append(f"{len(truths.left_out)} photographs were left out because {why}: {names}.")
    if truths is not None and not len(truths):
        notes.append("There is no photograph in colour: the report shows pictures, and measures nothing on them.")
    elif truths is not None and options.metric_weights is None:
        notes.append(
            f"LPIPS and KID-768 were not measured: give --metric-weights, a folder with {LPIPS_FILE} and "
            f"{INCEPTION_FILE}."
        )
    if truths is not None and truths.passed_over:
        others = ", ".join(truths.passed_over[:5]) + (", …" if len(truths.passed_over) > 5 else "")
        notes.append(f"{truths.data.name} also holds what is none of the pictures that are read: {others}.")
    if truths is not None and len(truths) > STUDIED and options.model_names:
        studies = "Hints, ageing and robustness" if options.aged else "Hints and robustness"
        notes.append(f"{studies} were studied on {STUDIED} of {len(truths)} photographs, evenly spread.")
    return tuple(notes)


def _measured(
    options: Options,
    truths: Truths,
    subjects: tuple[Subject, ...],
    models: tuple[ModelSubject, ...],
    weights: MetricWeights,
    watch: Stopwatch,
) -> Evaluation:
    """One pass, the studies, and the figures from both."""
    with progress("measuring", len(truths)) as advance:
        scored = score(truths, subjects, weights, watch=watch, advance=advance)
    studies = _studied(options, truths, subjects, models, scored, watch)
    shown = [subject for subject in subjects if isinstance(subject, Grey | ModelSubject)]
    with watch.part("papers"), progress("papers' variant", len(truths)) as advance:
        papers = measure_as_papers(shown, _counted(truths, advance))
    with watch.part("intervals"):
        resamples = Resamples(len(truths))
        drawn = {name: draw(resamples, statistics(scored, name)) for name in scored.subjects}
        for each in studies.calibration:
            drawn[each.model] |= each.draws
        compared = differences(drawn, _pairs(subjects, models))
        for subject in subjects:
            if isinstance(subject, ModelSubject):  # whatever its vividness, the distribution is the same
                model = next(model for model in models if model.model is subject.model)
                drawn[subject.name] |= {key: drawn[model.name][key] for key in ("nll", "ece")}
        return Evaluation(
            command=options.command,
            truths=truths,
            subjects=subjects,
            models=models,
            scored=scored,
            figures={name: figures(found) for name, found in drawn.items()},
            truth={key: resamples.estimate(mean(values)) for key, values in scored.truth.values.items()},
            differences=tuple(compared),
            papers=papers,
            studies=studies,
            notes=_notes(options, truths),
        )


def _studied(
    options: Options,
    truths: Truths,
    subjects: Sequence[Subject],
    models: Sequence[ModelSubject],
    scored: Scored,
    watch: Stopwatch,
) -> Studies:
    """Each model looked at more closely, and where all of them and the results fail."""

    def study(part: str, measure: Callable[[ModelSubject, Iterable[Truth]], T], count: int = STUDIED) -> tuple[T, ...]:
        found = []
        for model in models:
            with watch.part(part), progress(f"{part}, {model.name}", min(count, len(truths))) as advance:
                found.append(measure(model, _counted(truths.some(count), advance)))
        return tuple(found)

    usual = [subject.name for subject in subjects if subject in models or isinstance(subject, Finished)]
    return Studies(
        calibration=study("calibration", measure_calibration, len(truths)),
        suggesting=study("suggestions", measure_suggesting, len(truths)),
        hint_curves=study("hints", measure_hint_curve),
        robustness=study("robustness", measure_robustness),
        ageing=study("ageing", measure_ageing) if options.aged else (),
        scenes=measure_scenes(scored, usual),
    )


def _counted(items: Iterable[T], advance: Advance) -> Iterator[T]:
    for item in items:
        yield item
        advance()


def _tables(found: Evaluation, model: ModelSubject) -> list[dict[str, Any]]:
    """What goes onto a model's card."""
    tables = [for_card(found, model)] if found.scored is not None else []
    return tables + [points_for_card(found, each) for each in found.studies.points if each.model == model.name]


def _pairs(subjects: Sequence[Subject], models: Sequence[ModelSubject]) -> list[tuple[str, str]]:
    """Whom to compare: models and results with each other, models at vividness 0 with each other, and all with grey."""
    accurate = [subject.name for subject in subjects if isinstance(subject, ModelSubject) and subject not in models]
    usual = [subject.name for subject in subjects if subject in models or isinstance(subject, Finished)]
    return [*combinations(usual, 2), *combinations(accurate, 2), *((name, "grey") for name in (*usual, *accurate))]

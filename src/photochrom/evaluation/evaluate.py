"""Evaluate: models and finished pictures against photographs, with baselines, studies and a report.

What is done in which order, and nothing of how: photographs are found, everything that is scored is
made ready, one pass gathers what the metrics need, and the studies look closer at each model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Final, TypeVar

import torch

from photochrom.errors import DataError, UsageError
from photochrom.evaluation.aged import measure_ageing
from photochrom.evaluation.calibration import measure_calibration
from photochrom.evaluation.cards import add_benchmarks
from photochrom.evaluation.figures import differences, draw, figures, statistics
from photochrom.evaluation.hint_curve import measure_hint_curve
from photochrom.evaluation.intervals import Resamples, mean
from photochrom.evaluation.lpips import WEIGHTS_FILE as LPIPS_FILE
from photochrom.evaluation.outcome import Evaluation, Studies
from photochrom.evaluation.papers import measure_as_papers
from photochrom.evaluation.photographs import Entry
from photochrom.evaluation.progress import Advance, Stopwatch, progress
from photochrom.evaluation.robustness import measure_robustness
from photochrom.evaluation.scoring import MetricWeights, score
from photochrom.evaluation.subjects import AREA, Ceiling, Finished, Grey, MeanColor, ModelSubject, Subject
from photochrom.evaluation.tables import for_card
from photochrom.evaluation.truths import Truth, Truths
from photochrom.networks.inception_v3 import WEIGHTS as INCEPTION_FILE
from photochrom.runtime.model import Model, cpus

STUDIED: Final = 150
"""Photographs at most, evenly spread, on which hints, ageing and robustness are studied: each takes many looks."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is evaluated on what. See the options of `photochrom evaluate`.

    Raises:
        UsageError: options that make no sense together.
    """

    report: Path
    models: tuple[str, ...] = ()
    results: Mapping[str, Path] = field(default_factory=dict)
    data: Path | None = None
    split: str | None = None
    labels: Path | None = None
    limit: int | None = None
    metric_weights: Path | None = None
    points: Path | None = None
    aged: bool = False
    write_card: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.data is None and self.points is None:
            raise UsageError("there is nothing to evaluate on: give --data or --points")
        of_data = {
            "--split": self.split,
            "--labels": self.labels,
            "--limit": self.limit,
            "--result": self.results,
            "--aged": self.aged,
        }
        for option, value in of_data.items():
            if value and self.data is None:
                raise UsageError(f"{option} needs photographs with colours: give --data")
        if self.data is not None and (self.data.suffix.lower() == ".csv") != (self.split is not None):
            raise UsageError("--split NAME goes with a manifest, --data FILE.csv, and a manifest needs it")
        if self.limit is not None and self.limit < 2:
            raise UsageError("--limit must leave at least two photographs")
        if self.write_card and not self.model_names:
            raise UsageError("--write-card needs a model whose card it writes: give --model")
        if self.report.exists() and not self.report.is_dir():
            raise UsageError(f"--report {self.report} is a file: give the folder that the report goes into")

    @property
    def model_names(self) -> tuple[str, ...]:
        """The models asked for; the bundled `best` where neither models nor results are."""
        return self.models or (() if self.results else ("best",))

    @property
    def command(self) -> str:
        """What was typed, with names in place of paths, so that it says the same on every machine."""
        words = ["photochrom evaluate"]
        words += [f"--model {Path(model).name}" for model in self.models]
        words += [f"--result {name}={folder.name}" for name, folder in self.results.items()]
        for option, value in (("data", self.data), ("labels", self.labels), ("points", self.points)):
            words += [f"--{option} {value.name}"] if value else []
        words += [f"--split {self.split}"] if self.split else []
        words += [f"--limit {self.limit}"] if self.limit else []
        words += ["--metric-weights DIR"] if self.metric_weights else []
        return " ".join([*words, *(["--aged"] if self.aged else [])])


def evaluate(options: Options) -> Evaluation:
    """Do all of it: measure, study, and write the report into its folder.

    Raises:
        DataError: photographs, results, labels or points are missing, damaged, or do not belong together.
        ModelError: no such model, or damaged weights.
        UsageError: two subjects of one name.
    """
    torch.set_num_threads(options.threads or cpus())
    options.report.mkdir(parents=True, exist_ok=True)
    watch = Stopwatch()
    with watch.part("opening"):
        weights = MetricWeights.load(options.metric_weights)
        models = _models(options)
        truths, historic = _photographs(options)
        subjects = _subjects(models, options.results, truths)
    if truths is None or not len(truths):
        found = Evaluation(options.command, None, subjects, models, historic, notes=_notes(options, truths))
    else:
        found = _measured(options, truths, subjects, models, weights, watch)
        found = replace(found, historic=historic)
    found = replace(found, seconds=dict(watch.seconds))
    found.write(options.report)
    if options.write_card:
        for name, model in zip(options.model_names, models, strict=True):
            add_benchmarks(name, [for_card(found, model)])
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
    historic: dict[Path, Entry] = {}
    truths = None
    if options.data is not None:
        truths = Truths.open(options.data, split=options.split, labels=options.labels, limit=options.limit)
        if not len(truths):
            if options.results:
                raise DataError(f"{options.data} has no photograph in colour that results could be held against")
            return truths, tuple(truths.entry(name) for name in truths.left_out)
    return truths, tuple(historic.values())


def _subjects(
    models: Sequence[ModelSubject], results: Mapping[str, Path], truths: Truths | None
) -> tuple[Subject, ...]:
    """All that is scored, in the report's order; without truth the models alone."""
    if truths is None or not len(truths):
        return tuple(models)
    area = max((model.model.card.area for model in models), default=AREA)
    subjects: list[Subject] = [Grey(), MeanColor(area=area)]
    for model in models:
        subjects.append(model)
        if model.model.card.default_vividness > 0:
            subjects.append(model.at(0, f"{model.name} at vividness 0"))
    subjects += [Finished(name, folder, truths) for name, folder in results.items()]
    subjects.append(Ceiling(area=area))
    twice = [name for name, count in Counter(subject.name for subject in subjects).items() if count > 1]
    if twice:
        raise UsageError(f"two subjects are called '{twice[0]}': give the result another name, or the model once")
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
    if truths is not None and len(truths) > STUDIED:
        notes.append(f"Hints, ageing and robustness were studied on {STUDIED} of {len(truths)} photographs.")
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
    studies = _studied(options, truths, models, watch)
    shown = [subject for subject in subjects if isinstance(subject, Grey | ModelSubject)]
    with watch.part("papers"), progress("papers' variant", len(truths)) as advance:
        papers = measure_as_papers(shown, _counted(truths, advance))
    with watch.part("intervals"):
        resamples = Resamples(len(truths))
        drawn = {name: draw(resamples, statistics(scored, name)) for name in scored.subjects}
        calibrated = {each.model: {"nll": each.nll, "ece": each.ece} for each in studies.calibration}
        return Evaluation(
            command=options.command,
            truths=truths,
            subjects=subjects,
            models=models,
            scored=scored,
            figures={
                subject.name: figures(drawn[subject.name]) | calibrated.get(_model_of(subject, models), {})
                for subject in subjects
            },
            truth={key: resamples.estimate(mean(values)) for key, values in scored.truth.values.items()},
            differences=tuple(differences(drawn, _pairs(subjects, models))),
            papers=papers,
            studies=studies,
            notes=_notes(options, truths),
        )


def _studied(options: Options, truths: Truths, models: Sequence[ModelSubject], watch: Stopwatch) -> Studies:
    def study(part: str, measure: Callable[[ModelSubject, Iterable[Truth]], T], count: int = STUDIED) -> tuple[T, ...]:
        found = []
        for model in models:
            with watch.part(part), progress(f"{part}, {model.name}", min(count, len(truths))) as advance:
                found.append(measure(model, _counted(truths.some(count), advance)))
        return tuple(found)

    return Studies(
        calibration=study("calibration", measure_calibration, len(truths)),
        hint_curves=study("hints", measure_hint_curve),
        robustness=study("robustness", measure_robustness),
        ageing=study("ageing", measure_ageing) if options.aged else (),
    )


def _counted(truths: Iterable[Truth], advance: Advance) -> Iterator[Truth]:
    for truth in truths:
        yield truth
        advance()


def _model_of(subject: Subject, models: Sequence[ModelSubject]) -> str:
    """The name of the model at its default vividness, whatever the vividness of the subject."""
    if not isinstance(subject, ModelSubject):
        return ""
    return next(model.name for model in models if model.model is subject.model)


def _pairs(subjects: Sequence[Subject], models: Sequence[ModelSubject]) -> list[tuple[str, str]]:
    """Whom to compare: models and results with each other, models at vividness 0 with each other, and all with grey."""
    accurate = [subject.name for subject in subjects if isinstance(subject, ModelSubject) and subject not in models]
    finished = [subject.name for subject in subjects if isinstance(subject, Finished)]
    usual = [*(model.name for model in models), *finished]
    return [*combinations(usual, 2), *combinations(accurate, 2), *((name, "grey") for name in (*usual, *accurate))]

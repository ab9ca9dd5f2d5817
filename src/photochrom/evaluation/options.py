"""Options of an evaluation, checked before anything is opened: a long run must not fail at its end for a wrong word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from photochrom.errors import UsageError


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
        of_models = {"--points": self.points, "--aged": self.aged, "--write-card": self.write_card}
        for option, wanted in of_models.items():
            if wanted and not self.model_names:
                raise UsageError(f"{option} is of models, results alone have no use for it: give --model as well")
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

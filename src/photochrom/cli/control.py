"""What a person asks of the colours beyond one number: hints, masks, references, boxes, and what goes beside a result.

Checked by names alone, before any picture is touched; nothing heavy is imported here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.errors import UsageError

if TYPE_CHECKING:
    from photochrom.cli.jobs import Job

PROJECT: Final = ".photochrom"
HINTS: Final = ".json"

_ENDINGS: Final = {
    "layer": "-layer.png",
    "compare": "-compare.jpg",
    "confidence": "-confidence.png",
    "save-project": PROJECT,
}
"""What the names of files beside a result end in."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """The options of `photochrom colorize` that people take pictures in hand with; see its help.

    Attributes:
        refine: (left, top, right, bottom) each.
        variants: how many; 0: the one picture that is likeliest.
    """

    warmth: float | None = None
    hints: Path | None = None
    keep_grey: Path | None = None
    reference: Path | None = None
    palette_from: Path | None = None
    refine: tuple[tuple[float, ...], ...] = ()
    project: Path | None = None
    variants: int = 0
    seed: int | None = None
    label: bool | None = None
    layer: bool = False
    compare: bool = False
    confidence: bool = False
    save_project: bool = False

    def __post_init__(self) -> None:
        if self.reference and self.palette_from:
            raise UsageError("--palette-from is a --reference that was coloured before: give one of them")
        if self.seed is not None and not self.variants:
            raise UsageError("--seed chooses among --variants: give both")
        if self.variants and self.confidence:
            raise UsageError("--confidence is of the likeliest colours, not of --variants: leave one of them out")
        if self.variants and self.project:
            raise UsageError("--project is one way to colour a photograph: --variants of it make no sense")
        for option, path in self._files().items():
            if path is not None and not os.path.exists(path):
                raise UsageError(f"{path}: there is no such file for {option}")

    def check(self, jobs: Sequence[Job]) -> None:
        """See that the options go with what is to be coloured.

        Raises:
            UsageError: they don't.
        """
        one = self._of_one_photograph()
        if one and len(jobs) != 1:
            folder = "; a folder with NAME.json for each photograph can be given, too" if one[0] == "--hints" else ""
            raise UsageError(f"{one[0]} is for one photograph, and these are {len(jobs)}{folder}")
        beside = self.beside
        if (beside or self.variants) and any(job.target is None for job in jobs):
            name = f"--{beside[0]}" if beside else "--variants"
            raise UsageError(f"{name} writes a file beside the result: give -o FILE or -o FOLDER")
        if self.hints is not None and jobs and all(self.hints_for(job) is None for job in jobs):
            raise UsageError(f"{self.hints}: holds no hints for any of the pictures; they would be in NAME{HINTS}")
        taken: dict[Path, str] = {}
        for job in jobs:
            for path in () if job.target is None else self.companions(job.target):
                if taken.setdefault(path, job.name) != job.name:
                    raise UsageError(
                        f"{taken[path]} and {job.name} would both have {path} beside them: colour them apart"
                    )

    @property
    def beside(self) -> list[str]:
        """What is written beside a result, in the words of the options."""
        every = {
            "layer": self.layer,
            "compare": self.compare,
            "confidence": self.confidence,
            "save-project": self.save_project,
        }
        return [name for name, wanted in every.items() if wanted]

    def targets(self, target: Path) -> list[Path]:
        """Where results go: one, or as many as variants."""
        if not self.variants:
            return [target]
        return [target.with_stem(f"{target.stem}-{number}") for number in range(1, self.variants + 1)]

    def companions(self, target: Path) -> list[Path]:
        """All files that are written beside the results that go with this target."""
        return [path for each in self.targets(target) for path in self.companions_of(each).values()]

    def companions_of(self, target: Path) -> dict[str, Path]:
        """The files beside one result, by what they are."""
        return {name: target.with_name(target.stem + _ENDINGS[name]) for name in self.beside}

    def hints_for(self, job: Job) -> Path | None:
        """The hint file for a picture: the one there is, or NAME.EXT.json or NAME.json in the folder of hints."""
        if self.hints is None or not os.path.isdir(self.hints):
            return self.hints
        if job.source is None:
            return None
        below = job.below or Path(job.source.name)
        names = below.with_name(below.name + HINTS), below.with_suffix(HINTS)
        return next((self.hints / name for name in names if os.path.isfile(self.hints / name)), None)

    def _of_one_photograph(self) -> list[str]:
        """Options that count pixels of one photograph."""
        every = {
            "--hints": self.hints is not None and not os.path.isdir(self.hints),
            "--refine": bool(self.refine),
            "--project": self.project is not None,
        }
        return [name for name, given in every.items() if given]

    def _files(self) -> dict[str, Path | None]:
        return {
            "--hints": self.hints,
            "--keep-grey": self.keep_grey,
            "--reference": self.reference,
            "--palette-from": self.palette_from,
            "--project": self.project,
        }


def numbers(text: str, option: str, names: str) -> tuple[float, ...]:
    """Numbers with commas between them, such as a place or a box.

    Args:
        names: of the numbers, as in the help: "X,Y".

    Raises:
        UsageError: there are not so many, or they are none.
    """
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != names.count(",") + 1:
        raise UsageError(f"{option} is {names} in pixels of the photograph, not {text!r}")
    return values

"""What the command and its workers tell each other: pictures to color, how, and what became of each.

Nothing heavy is imported here, so that the command itself never loads a decoder or the network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from photochrom.cli.control import Control
from photochrom.contained.child import KEPT
from photochrom.errors import UsageError

STANDARD: Final = "-"
"""Standard input as an input, standard output as an output."""

STANDARD_INPUT: Final = "standard input"
"""What messages call it."""

Status = Literal["colored", "verified", "skipped", "missing", "differs", "failed"]


@dataclass(frozen=True)
class Job:
    """One picture to color.

    Attributes:
        source: file to read; None for standard input.
        target: file to write; None where the command hands the result on, to standard output or a device.
        listed: found in a folder or by a pattern and not named itself: skipped where it carries our mark.
        problem: why it cannot be done, known from the names alone; None where nothing speaks against it.
        replaces_input: the target is another input: replaced only where that is a result itself.
        existed: whether there was something at the target when the run began.
        passed_over: why it is not colored although nothing is wrong with it; None where it is.
        below: where the source stands under the folder that was given.
    """

    source: Path | None
    target: Path | None
    listed: bool = False
    problem: str | None = None
    replaces_input: bool = False
    existed: bool = False
    passed_over: str | None = None
    below: Path | None = None

    @property
    def name(self) -> str:
        """What results are listed under: the input as it was given."""
        return STANDARD if self.source is None else str(self.source)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How pictures are colored and saved, the same for all of them. See the options of `photochrom colorize`."""

    model: str | None = None
    device: str = "auto"
    vividness: float | None = None
    strength: float | None = None
    keep_tone: bool | None = None
    detail: float | None = None
    format: str | None = None
    quality: int | None = None
    skip_existing: bool = False
    overwrite: bool = False
    resume: bool = False
    verify: bool = False
    max_pixels: int | None = None
    control: Control = field(default_factory=Control)

    def __post_init__(self) -> None:
        if self.control.variants and (self.resume or self.verify):
            raise UsageError("--resume and --verify know one result for each picture: leave out --variants")
        if self.skip_existing and self.overwrite:
            raise UsageError("--skip-existing and --overwrite contradict each other: give one of them")
        if self.skip_existing and self.resume:
            raise UsageError("--resume looks at each result that exists, --skip-existing at none: give one of them")
        if self.verify and (self.skip_existing or self.overwrite or self.resume):
            raise UsageError("--verify writes nothing: leave out --resume, --overwrite and --skip-existing")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one picture may take before its worker is ended.

    Attributes:
        seconds: for a page of it, from opening to the finished file.
        memory: bytes of the whole worker; None: half of the machine's, at least `contained.child.LEAST_MEMORY`.
        kept: bytes more than after its first picture that a worker may keep after a later one: beyond, it leaks.
    """

    seconds: float = 600.0
    memory: int | None = None
    kept: int = KEPT


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of one picture: a line of `--json`.

    Attributes:
        input, output: paths, "-" for standard input and output; output is None where nothing was written.
        status: colored, skipped or failed; with --verify: verified, missing or differs, skipped or failed.
        reason: why it was neither colored nor verified.
        also: other files that were written beside the output: further variants, layers, projects, and the like.
        warnings: what its owner should know.
        width, height: of the result's first page, in pixels.
        model: the exact weights.
        seconds: from opening to the finished file.
    """

    input: str
    output: str | None = None
    status: Status = "colored"
    reason: str | None = None
    also: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    width: int | None = None
    height: int | None = None
    model: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a worker sends back for a job.

    Attributes:
        report: what became of the picture.
        data: the finished file, where the job has no target.
        mistake: the traceback of a mistake of ours.
    """

    report: Report
    data: bytes | None = None
    mistake: str | None = None

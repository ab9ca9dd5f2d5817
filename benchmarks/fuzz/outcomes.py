"""What became of the mutated files, counted by format, and the page in which that is kept."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from statistics import median
from typing import Final, Literal

Outcome = Literal["coloured", "refused", "skipped", "crashed", "hung", "memory", "mistake", "left over"]

BAD: Final[tuple[Outcome, ...]] = ("crashed", "hung", "memory", "mistake", "left over")
"""Outcomes that must not be: each makes the run fail."""

MOST_GROWTH: Final = 50
"""Megabytes that the worker may grow by, from the end of its warming up to the end of the run."""

_WARM: Final = 0.1
"""Part of the run after which every kind of file has been seen often: memory is compared with that from there on."""

_WORDS: Final[dict[Outcome, str]] = {
    "coloured": "coloured",
    "refused": "refused with a `PhotoError`",
    "skipped": "passed over: carries our mark",
    "crashed": "crashed the worker",
    "hung": "beyond the time limit",
    "memory": "beyond the memory limit",
    "mistake": "unexpected exception",
    "left over": "failed, but left an output",
}

_LIBRARIES: Final = ("numpy", "onnxruntime", "opencv-python-headless", "pyvips-binary", "simplejpeg", "tifftools")


@dataclass
class Tally:
    """Outcomes so far.

    Attributes:
        counts: by (format, outcome).
        failing: (name of the good file, seed, outcome, reason) of every bad one.
        megabytes: of the worker, between two files, at equal steps of the run.
        slowest: seconds of the slowest file, and which it was.
        seconds: of the whole run.
        replaced: workers that had to be replaced.
    """

    counts: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    failing: list[tuple[str, int, Outcome, str]] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    slowest: tuple[float, str, int] = (0.0, "", 0)
    seconds: float = 0.0
    replaced: int = 0

    def add(self, format: str, name: str, seed: int, outcome: Outcome, *, reason: str, seconds: float) -> None:
        self.counts[format, outcome] += 1
        self.slowest = max(self.slowest, (seconds, name, seed))
        if outcome in BAD:
            self.failing.append((name, seed, outcome, reason))

    @property
    def files(self) -> int:
        return self.counts.total()

    @property
    def growth(self) -> float:
        """Megabytes from the end of the warming up to the last tenth of the run, each a median."""
        tenth = max(int(len(self.megabytes) * _WARM), 1)
        warm = self.megabytes[tenth : 2 * tenth] or self.megabytes
        return median(self.megabytes[-tenth:]) - median(warm) if self.megabytes else 0.0

    @property
    def passed(self) -> bool:
        return not self.failing and self.growth <= MOST_GROWTH


def page(tally: Tally, *, names: Sequence[str], first: int, limits: str) -> str:
    """The summary as Markdown. It has no date; all of it but the times and the memory is the same on every run."""
    formats = list(dict.fromkeys(format for format, _ in tally.counts))
    shown = list(_WORDS)
    rows = {format: [tally.counts[format, outcome] for outcome in shown] for format in formats}
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    table = ["| format | files | " + " | ".join(_WORDS[outcome] for outcome in shown) + " |"]
    table.append("|---|" + "---:|" * (len(shown) + 1))
    for format, numbers in rows.items():
        table.append(f"| {format} | " + " | ".join(f"{number:,}" for number in (sum(numbers), *numbers)) + " |")
    seconds, name, seed = tally.slowest
    steps = tally.megabytes[:: max(len(tally.megabytes) // 10, 1)]
    failing = [f"- `{name}` {seed}: {_WORDS[outcome]}: {reason}" for name, seed, outcome, reason in tally.failing]
    libraries = ", ".join(f"{each} {version(each)}" for each in _LIBRARIES)
    return "\n".join(
        [
            "# Hostile files",
            "",
            f"{tally.files:,} mutations of {len(names)} good files, each opened, coloured and saved in a worker",
            "process as `photochrom colorize` does it. Mutations are of bytes, of integers that say something about",
            "the structure, of parts (segments, chunks, boxes, directories) and of what stands in them: EXIF, XMP,",
            "IPTC, profiles, compressed data. A mutated file that still is a picture is coloured; any other is",
            "refused with an error that says what is wrong. Written by:",
            "",
            f"    python -m benchmarks.fuzz --files {tally.files} --first {first}",
            "",
            *table,
            "",
            f"Limits: {limits}. Verdict: **{'passed' if tally.passed else 'FAILED'}**.",
            "",
            f"- Time: {tally.seconds:.0f} s, {1000 * tally.seconds / max(tally.files, 1):.1f} ms a file; "
            f"the slowest took {seconds:.2f} s (`{name}` {seed}).",
            f"- Memory of the worker between two files, at ten moments of the run: "
            f"{', '.join(f'{each:.0f}' for each in steps)} MB; growth after warming up {tally.growth:.0f} MB "
            f"(at most {MOST_GROWTH}). The allocator gives freed memory back at once in this run; as it is usually set",
            "  it keeps some for later use.",
            f"- Workers replaced: {tally.replaced}.",
            f"- Machine: {platform.system()} {platform.machine()}, Python {platform.python_version()}, {libraries}.",
            "",
            "Any of the files can be made again from the good file's name and the seed:",
            "",
            f'    python -m benchmarks.fuzz --make "{names[0]}" {first} -o hostile',
            "",
            "## Failing files",
            "",
            *(failing or ["None."]),
            "",
            "## The good files",
            "",
            *(f"- {each}" for each in names),
            "",
        ]
    )

"""The command of the fuzzing harness; see the package."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Final

import psutil

ROOT: Final = Path(__file__).parents[2]
if str(ROOT / "tests") not in sys.path:
    sys.path.append(str(ROOT / "tests"))  # the good files and the tiny model are those of the tests

import tiny_model  # noqa: E402

from benchmarks.fuzz.bases import bases  # noqa: E402
from benchmarks.fuzz.mutations import mutated  # noqa: E402
from benchmarks.fuzz.outcomes import Outcome, Tally, page  # noqa: E402
from photochrom.cli.jobs import Answer, Job, Limits, Settings  # noqa: E402
from photochrom.cli.workers import Workers  # noqa: E402
from photochrom.photo.mark import PHOTOCHROM  # noqa: E402

PIXELS: Final = 4_000_000
"""Limit on the pixels: a good file has 0.002, and one that says it has billions is refused all the same."""

_ALLOCATOR: Final = {"MALLOC_MMAP_THRESHOLD_": "131072"}
"""For the worker: glibc is to give freed memory back at once. Left to itself it learns to keep ever larger pieces, to
be quick, and what is kept by mistake could not be told from that."""

LIMITS: Final = Limits(seconds=20, memory=1 << 30)
_SAMPLES: Final = 200
"""How often in a run the worker's memory is looked at."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if nothing bad happened, 1 if something did, 2 for options that make no sense."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=100_000, help="how many, spread evenly over the good files")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--only", default="", help='good files whose name begins so, as "PNG" or "TIFF tiles"')
    parser.add_argument("--max-pixels", type=int, default=PIXELS, help="as of photochrom colorize")
    parser.add_argument("--make", nargs=2, metavar=("NAME", "SEED"), help="write that one mutated file, and end")
    parser.add_argument("-o", "--output", type=Path, help="where to write the summary, or the file of --make")
    options = parser.parse_args(arguments)
    if options.make:
        name, seed = options.make
        if name not in bases() or options.output is None:
            parser.error(f"--make needs -o and one of: {', '.join(bases())}")
        options.output.write_bytes(mutated(name, int(seed)))
        return 0
    names = [name for name in bases() if name.startswith(options.only)]
    if not names:
        parser.error(f"no good file is called so; there are: {', '.join(bases())}")
    tally = run(names, files=options.files, first=options.first, max_pixels=options.max_pixels)
    assert LIMITS.memory is not None
    limits = (
        f"{LIMITS.seconds:g} s and {LIMITS.memory >> 20:,} MB for a file, {options.max_pixels / 1e6:g} million pixels"
    )
    summary = page(tally, names=names, first=options.first, limits=limits)
    if options.output:
        options.output.write_text(summary, encoding="utf-8")
    else:
        print(summary)
    return 0 if tally.passed else 1


def run(
    names: Sequence[str],
    *,
    files: int,
    first: int = 0,
    max_pixels: int = PIXELS,
    limits: Limits = LIMITS,
) -> Tally:
    """Send so many mutated files through a worker, the good files taking turns."""
    tally = Tally()
    os.environ.update(_ALLOCATOR)
    start = time.perf_counter()
    memory = Path("/dev/shm")  # a file that is written is flushed to the disk: where there is none, that takes no time
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        model = tiny_model.write(Path(folder) / "model", of=tiny_model.card(area=32 * 32))
        settings = Settings(model=str(model), strength=0.5, max_pixels=max_pixels)
        wanted = list(islice(((name, seed) for seed in count(first) for name in names), files))
        with Workers(settings, limits=limits) as workers:
            work = ((job, None) for job in _jobs(wanted, Path(folder)))
            for number, answer in enumerate(workers.answers(work)):
                name, seed = wanted[number]
                target = _target(Path(folder), number)
                outcome = _outcome(answer, target)
                report = answer.report
                reason = (report.reason or "").replace(f"{folder}/", "")
                tally.add(bases()[name].format, name, seed, outcome, reason=reason, seconds=report.seconds)
                target.unlink(missing_ok=True)
                Path(report.input).unlink()
                if number % max(files // _SAMPLES, 1) == 0:
                    tally.megabytes.append(_megabytes_of_children())
            tally.replaced = workers.replaced
            stray = [path.name for path in Path(folder).iterdir() if path.name != "model"]
        if stray:
            tally.failing.append(("all", first, "left over", f"{len(stray)} files, such as {stray[0]}"))
    tally.seconds = time.perf_counter() - start
    return tally


def _jobs(wanted: Sequence[tuple[str, int]], folder: Path) -> Iterator[Job]:
    """As for files that stand in a folder: each is asked first whether it carries our mark, as some good ones do."""
    for number, (name, seed) in enumerate(wanted):
        data, source = mutated(name, seed), folder / f"{number}.in"
        source.write_bytes(data)
        yield Job(source, _target(folder, number), listed=PHOTOCHROM.encode() not in data)


def _target(folder: Path, number: int) -> Path:
    return folder / f"{number}"  # without an ending: the result is of the format that came


def _outcome(answer: Answer, target: Path) -> Outcome:
    report = answer.report
    if report.status == "colored":
        return "coloured" if target.exists() and target.stat().st_size else "mistake"
    reason = report.reason or ""
    if answer.mistake is not None:
        return "mistake"
    if report.status == "skipped" and not target.exists():
        return "skipped"
    if "crash" in reason or "ended by the system" in reason:
        return "crashed"
    if "given up" in reason:
        return "memory" if "of memory" in reason else "hung"
    return "left over" if target.exists() else "refused"


def _megabytes_of_children() -> float:
    total = 0
    for child in psutil.Process().children():
        try:
            total += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


if __name__ == "__main__":
    sys.exit(main())

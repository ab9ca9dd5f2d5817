"""Coloring many pictures at once: several are decoded, looked at and encoded beside each other.

Each picture goes its whole way in one thread; the libraries that do the work leave the others
free to run. A picture that fails is reported and the next one goes on. Results are reported in
the order of the inputs.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from photochrom.cli.plan import STANDARD, Job, is_result
from photochrom.colorizer import Colorizer
from photochrom.errors import PhotochromError, UsageError
from photochrom.photo import MAX_PIXELS, Photo, collect_warnings, save_pages
from photochrom.photo.files import STANDARD_INPUT, explained, is_device
from photochrom.runtime.model import cpus

MOST_JOBS = 8
"""Pictures at once unless somebody asks for more: each large one takes a few hundred megabytes."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How pictures are colored and saved, the same for all of them. See the options of `photochrom colorize`."""

    model: str = "best"
    device: str = "auto"
    vividness: float | None = None
    strength: float = 1.0
    detail: float | None = None
    format: str | None = None
    quality: int | None = None
    skip_existing: bool = False
    overwrite: bool = False
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        if self.skip_existing and self.overwrite:
            raise UsageError("--skip-existing and --overwrite contradict each other: give one of them")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of one picture: a line of `--json`.

    Attributes:
        input, output: paths, "-" for standard input and output; output is None where nothing was written.
        status: "colored", "skipped" or "failed".
        reason: why it was skipped or failed.
        warnings: what its owner should know.
        width, height: of the result's first page, in pixels.
        model: the exact weights.
        seconds: from opening to the finished file.
    """

    input: str
    output: str | None = None
    status: Literal["colored", "skipped", "failed"] = "colored"
    reason: str | None = None
    warnings: list[str] = field(default_factory=list)
    width: int | None = None
    height: int | None = None
    model: str | None = None
    seconds: float = 0.0


class _Stopped(Exception):
    """The user wants to stop: what is being written is given up."""


def run(work: Sequence[Job], settings: Settings, *, jobs: int | None, threads: int | None, as_json: bool) -> int:
    """Color all pictures and report them. Returns the exit code: 0 all done, 1 some failed.

    Raises:
        UsageError, ModelError, MissingExtraError: before any picture is touched.
    """
    piped = any(job.target is None for job in work)
    if piped and as_json:
        raise UsageError("standard output cannot take both the picture and --json: give -o FILE")
    if piped and sys.stdout.isatty():
        raise UsageError("the picture would go to this terminal: give -o FILE, or send the output to a file or program")
    at_once = min(jobs or min(cpus(), MOST_JOBS), max(len(work), 1))
    painter = Colorizer(settings.model, device=settings.device, threads=threads or max(cpus() // at_once, 1))
    counts = {"colored": 0, "skipped": 0, "failed": 0}
    with _progress(len(work)) as advance:
        for report in _reports(work, painter, settings, at_once):
            counts[report.status] += 1
            _tell(report, as_json=as_json, piped=piped)
            advance()
    if len(work) > 1:
        words = {"colored": "coloured"}  # identifiers are American, what people read is British
        told = (f"{count} {words.get(status, status)}" for status, count in counts.items() if count)
        print(", ".join(told), file=sys.stderr)
    return 1 if counts["failed"] else 0


def _reports(work: Sequence[Job], painter: Colorizer, settings: Settings, at_once: int) -> Iterator[Report]:
    stop = threading.Event()
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="photochrom")
    try:
        futures = [pool.submit(_attempt, job, painter, settings, stop) for job in work]
        for future in futures:
            yield future.result()
    finally:
        # On Ctrl-C: nothing new is begun, and what is being written is finished or removed before the process ends.
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _attempt(job: Job, painter: Colorizer, settings: Settings, stop: threading.Event) -> Report:
    start = time.perf_counter()
    with collect_warnings() as warnings:
        try:
            report = _color(job, painter, settings, stop)
        except PhotochromError as error:
            report = Report(input=job.name, status="failed", reason=str(error))
        except MemoryError:
            report = Report(input=job.name, status="failed", reason="there is not enough memory for it: try --jobs 1")
        except _Stopped:
            report = Report(input=job.name, status="failed", reason="stopped")
        except Exception as error:
            # A mistake of ours must not cost the other pictures; it is shown in full, so that it can be reported.
            traceback.print_exc()
            report = Report(input=job.name, status="failed", reason=f"Photochrom made a mistake: {error!r}")
    return replace(report, warnings=warnings, seconds=round(time.perf_counter() - start, 3))


def _color(job: Job, painter: Colorizer, settings: Settings, stop: threading.Event) -> Report:
    if job.problem is not None:
        return Report(input=job.name, status="failed", reason=job.problem)
    if job.target is not None and not settings.overwrite and os.path.exists(job.target) and not is_device(job.target):
        if settings.skip_existing:
            return Report(input=job.name, status="skipped", reason=f"{job.target} exists already")
        raise PhotochromError(f"{job.target} exists already: give --overwrite or --skip-existing, or another -o")
    if job.listed and job.source is not None and is_result(job.source):
        return Report(input=job.name, status="skipped", reason="Photochrom has coloured it before")
    pages = painter.pages(
        sys.stdin.buffer if job.source is None else job.source,
        vividness=settings.vividness,
        strength=settings.strength,
        detail=settings.detail,
        max_pixels=settings.max_pixels,
    )
    sizes: list[tuple[int, int]] = []

    def painted() -> Iterator[Photo]:
        for page in pages:
            if stop.is_set():
                raise _Stopped
            if job.target is not None and not sizes:  # only now is there something to put into a new folder
                with explained(job.target):
                    job.target.parent.mkdir(parents=True, exist_ok=True)
            sizes.append(page.size)
            yield page

    if job.target is None:
        whole = io.BytesIO()
        save_pages(painted(), whole, format=settings.format, quality=settings.quality)
        with explained("standard output"):
            sys.stdout.buffer.write(whole.getbuffer())
            sys.stdout.buffer.flush()
    else:
        save_pages(
            painted(), job.target, format=settings.format, quality=settings.quality, overwrite=settings.overwrite
        )
    return Report(
        input=job.name,
        output=STANDARD if job.target is None else os.fspath(job.target),
        width=sizes[0][0],
        height=sizes[0][1],
        model=painter.model.identity,
    )


def _tell(report: Report, *, as_json: bool, piped: bool) -> None:
    if as_json:
        print(json.dumps(asdict(report)), flush=True)  # in ASCII: a name may hold what no terminal can write
        return
    for warning in report.warnings:
        print(f"photochrom: warning: {_about(report, warning)}", file=sys.stderr)
    if report.status == "failed":
        print(f"photochrom: error: {_about(report, report.reason or '')}", file=sys.stderr)
    elif report.status == "skipped":
        print(f"{report.input}: skipped, {report.reason}", file=sys.stderr)
    elif not piped:
        print(f"{_called(report)} -> {report.output} ({report.seconds:.2f} s)", flush=True)


def _about(report: Report, message: str) -> str:
    """The message, with the picture that it is about before it, if it doesn't begin with that."""
    name = _called(report)
    return message if message.startswith((f"{name}:", f"{name} ")) else f"{name}: {message}"


def _called(report: Report) -> str:
    return STANDARD_INPUT if report.input == STANDARD else report.input


@contextmanager
def _progress(count: int) -> Iterator[Callable[[], object]]:
    """A bar on standard error, where that is a terminal and there is more than one picture."""
    if count < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("colouring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    # What is printed on the same terminal goes above the bar; what goes elsewhere must not be taken from there.
    same = sys.stdout.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=same) as bar:
        task = bar.add_task("colouring", total=count)
        yield lambda: bar.advance(task)

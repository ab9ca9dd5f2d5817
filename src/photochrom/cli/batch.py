"""`photochrom colorize`: what is asked for becomes jobs, the workers do them, each is reported in the inputs' order.

This process holds what belongs to the terminal: standard input and output, messages, the bar and
the exit code. It loads no decoder and no network.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace

from photochrom.cli.jobs import STANDARD, STANDARD_INPUT, Answer, Job, Limits, Report, Settings
from photochrom.cli.summary import FAILURES, Summary
from photochrom.cli.workers import Workers
from photochrom.errors import UsageError
from photochrom.runtime.devices import cpus

MOST_JOBS = 8
"""Pictures at once unless somebody asks for more: each large one takes a few hundred megabytes."""


def run(
    inputs: Sequence[str],
    settings: Settings,
    *,
    output: str | None,
    recursive: bool,
    jobs: int | None,
    threads: int | None,
    limits: Limits,
    as_json: bool,
) -> int:
    """Color all pictures and report them. Returns the exit code: 0 all done, 1 some failed.

    Raises:
        UsageError, ModelError, MissingExtraError: before any picture is touched.
    """
    device = None  # what /dev/stdout and the like mean, only this process knows
    if output is not None and _is_device(output):
        device, output = output, STANDARD
    with Workers(settings, limits=limits) as workers:
        work = workers.plan(
            inputs=inputs,
            output=output,
            format=settings.format,
            recursive=recursive,
            overwrite=settings.overwrite,
        )
        settings.control.check(work)
        piped = device is None and any(job.target is None for job in work)
        if any(job.target is None for job in work) and (settings.resume or settings.verify):
            raise UsageError("--resume and --verify need results in files: give -o FILE or -o FOLDER")
        if piped and as_json:
            raise UsageError("standard output cannot take both the picture and --json: give -o FILE")
        if piped and sys.stdout.isatty():
            raise UsageError(
                "the picture would go to this terminal: give -o FILE, or send the output to a file or program"
            )
        at_once = min(jobs or min(cpus(), MOST_JOBS), max(len(work), 1))
        threads = threads or max(cpus() // at_once, 1)
        summary = Summary()
        answers = workers.answers(_read(work), at_once=at_once, threads=threads, planned=work)
        with _progress(len(work)) as advance:
            for job, answer in zip(work, answers, strict=True):
                report = _handed_on(answer, device)
                summary.add(job, report)
                if answer.mistake:
                    print(answer.mistake, file=sys.stderr)
                _tell(report, as_json=as_json, piped=piped)
                advance()
    if as_json:
        print(json.dumps({"summary": summary.as_dict()}), flush=True)
    if len(work) > 1:
        print(*summary.lines(), sep="\n", file=sys.stderr)
    return 1 if summary.failed else 0


def _is_device(output: str) -> bool:
    return os.path.exists(output) and not os.path.isfile(output) and not os.path.isdir(output)


def _read(work: Sequence[Job]) -> Iterator[tuple[Job, bytes | None]]:
    """The jobs, with the bytes of what only this process can read: standard input, and files that the shell made up."""
    for job in work:
        data = None
        try:
            if job.source is None:
                data = sys.stdin.buffer.read()
            elif job.problem is None and job.source.parts[:2] in (("/", "dev"), ("/", "proc")):
                data = job.source.read_bytes()
        except OSError as error:
            name = STANDARD_INPUT if job.source is None else job.name
            job = replace(job, problem=f"{name}: could not be read ({error.strerror or error})")
        yield job, data


def _handed_on(answer: Answer, device: str | None) -> Report:
    """The report, after what is no file went to standard output or the device."""
    report, data = answer.report, answer.data
    if data is None:
        return report
    place = device or "standard output"
    try:
        if device is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            with open(device, "wb") as file:
                file.write(data)
    except OSError as error:
        reason = f"{place}: could not be written ({error.strerror or error})"
        return Report(input=report.input, status="failed", reason=reason, seconds=report.seconds)
    return report if device is None else replace(report, output=device)


def _tell(report: Report, *, as_json: bool, piped: bool) -> None:
    if as_json:
        print(json.dumps(asdict(report)), flush=True)  # in ASCII: a name may hold what no terminal can write
        return
    for warning in report.warnings:
        print(f"photochrom: warning: {_about(report, warning)}", file=sys.stderr)
    if report.status in FAILURES:
        print(f"photochrom: error: {_about(report, report.reason or '')}", file=sys.stderr)
    elif report.status == "skipped":
        print(f"{report.input}: skipped, {report.reason}", file=sys.stderr)
    elif report.status == "verified":
        print(f"{report.input} -> {report.output}: verified", flush=True)
    elif not piped:
        written = ", ".join([str(report.output), *report.also])
        print(f"{_called(report)} -> {written} ({report.seconds:.2f} s)", flush=True)


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

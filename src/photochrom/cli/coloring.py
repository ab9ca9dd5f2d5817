"""One picture's whole way, in a worker: open, color, save; whatever goes wrong becomes a report."""

from __future__ import annotations

import io
import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path

from photochrom.claims import BusyError, Claim, claimed, temporary_of
from photochrom.cli.jobs import STANDARD, Answer, Job, Report, Settings
from photochrom.cli.plan import is_result
from photochrom.colorizer import Colorizer
from photochrom.errors import PhotochromError
from photochrom.photo import MAX_PIXELS, Photo, collect_warnings, save_pages
from photochrom.photo.files import explained

Tell = Callable[[str, object], None]
"""Takes ("writes", temporary file) before one is made, and ("page", None) whenever a page is done."""


def attempt(job: Job, data: bytes | None, painter: Colorizer, settings: Settings, tell: Tell) -> Answer:
    """Color one picture; never raises for what is wrong with it.

    Args:
        data: what is read instead of the job's source.
    """
    start = time.perf_counter()
    result, mistake = None, None
    with collect_warnings() as warnings:
        try:
            report, result = _color(job, data, painter, settings, tell)
        except BusyError as error:
            report = Report(input=job.name, status="skipped", reason=str(error))
        except PhotochromError as error:
            report = Report(input=job.name, status="failed", reason=str(error))
        except MemoryError:
            report = Report(input=job.name, status="failed", reason="there is not enough memory for it: try --jobs 1")
        except Exception as error:
            # A mistake of ours must not cost the other pictures; it is shown in full, so that it can be reported.
            mistake = traceback.format_exc()
            report = Report(input=job.name, status="failed", reason=f"Photochrom made a mistake: {error!r}")
    report = replace(report, warnings=warnings, seconds=round(time.perf_counter() - start, 3))
    return Answer(report=report, data=result, mistake=mistake)


def _color(
    job: Job, data: bytes | None, painter: Colorizer, settings: Settings, tell: Tell
) -> tuple[Report, bytes | None]:
    if job.problem is not None:
        return Report(input=job.name, status="failed", reason=job.problem), None
    if job.target is not None and not settings.overwrite and os.path.exists(job.target):
        if settings.skip_existing:
            return Report(input=job.name, status="skipped", reason=f"{job.target} exists already"), None
        raise PhotochromError(f"{job.target} exists already: give --overwrite or --skip-existing, or another -o")
    if job.listed and job.source is not None and is_result(job.source):
        return Report(input=job.name, status="skipped", reason="Photochrom has coloured it before"), None
    if job.replaces_input and job.target is not None and not is_result(job.target):
        raise PhotochromError(f"its result would replace {job.target}, which is an input too: give another -o")

    with ExitStack() as stack:
        claim = None
        # Before the work, so that nobody does it twice; but a new folder is made only once there is something for it.
        if job.target is not None and job.target.parent.is_dir():
            claim = _claimed(job.target, stack, tell)
        pages = painter.pages(
            job.source if data is None else _Piped(data, job),
            vividness=settings.vividness,
            strength=settings.strength,
            detail=settings.detail,
            max_pixels=settings.max_pixels or MAX_PIXELS,
        )
        first = next(pages)
        width, height = first.size
        painted = _told(chain([first], pages), tell)
        del first  # a document's first page need not stay in memory with all the others
        result = None
        if job.target is None:
            whole = io.BytesIO()
            save_pages(painted, whole, format=settings.format, quality=settings.quality)
            result = whole.getvalue()
        else:
            if claim is None:
                with explained(job.target):
                    job.target.parent.mkdir(parents=True, exist_ok=True)
                claim = _claimed(job.target, stack, tell)
            save_pages(
                painted,
                job.target,
                format=settings.format,
                quality=settings.quality,
                overwrite=settings.overwrite,
                claim=claim,
            )
    return Report(
        input=job.name,
        output=STANDARD if job.target is None else os.fspath(job.target),
        width=width,
        height=height,
        model=painter.model.identity,
    ), result


def _claimed(target: Path, stack: ExitStack, tell: Tell) -> Claim:
    """The claim to a target, which may be a link, until `stack` is closed."""
    with explained(target):
        place = target.resolve()
        tell("writes", temporary_of(place))
        return stack.enter_context(claimed(place))


class _Piped(io.BytesIO):
    """Bytes that messages call by the name of what they were read from."""

    def __init__(self, data: bytes, job: Job) -> None:
        super().__init__(data)
        self.name = "<stdin>" if job.source is None else str(job.source)


def _told(pages: Iterator[Photo], tell: Tell) -> Iterator[Photo]:
    for page in pages:
        tell("page", None)
        yield page

"""One picture's whole way, in a worker: open, color, save; whatever goes wrong becomes a report.

Before the work, what stands already where the result is to go is looked at, and the result is
claimed, so that no two runs make the same file.
"""

from __future__ import annotations

import io
import os
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path

from photochrom.claims import BusyError, Claim, claimed, temporary_of
from photochrom.cli import beside
from photochrom.cli.jobs import STANDARD, Answer, Job, Report, Settings
from photochrom.cli.journal import Stamp
from photochrom.cli.painting import Painting
from photochrom.cli.plan import is_result
from photochrom.cli.standing import Standing
from photochrom.errors import PhotochromError
from photochrom.photo import Photo, collect_warnings, save_pages
from photochrom.photo.files import explained

Tell = Callable[[str, object], None]
"""Takes ("writes", temporary file) before one is made, and ("page", None) whenever a page is done."""


class Coloring:
    """A model made ready, and how pictures are to be colored.

    Raises:
        UsageError, ModelError, MissingExtraError: the model can't be used.
    """

    def __init__(self, settings: Settings, *, threads: int, tell: Tell) -> None:
        self._settings = settings
        self._tell = tell
        self._painting = Painting(settings, threads=threads)
        self._standing = Standing(settings, self._painting)

    def prepare(self, jobs: Sequence[Job]) -> None:
        """See :meth:`Standing.prepare`."""
        self._standing.prepare(jobs)

    def color(self, job: Job, data: bytes | None) -> tuple[Report, bytes | None]:
        """Color one picture. Returns also the finished file, where the job has no target.

        Args:
            data: what is read instead of the job's source.

        Raises:
            PhotochromError: what is wrong with it.
        """
        if job.listed and job.source is not None and is_result(job.source):
            return _skipped(job, "Photochrom has coloured it before"), None
        if job.replaces_input and job.target is not None and not is_result(job.target):
            raise PhotochromError(f"its result would replace {job.target}, which is an input too: give another -o")
        why = self._standing.why_not(job)
        if why is not None:
            return _skipped(job, why), None
        files = {} if job.target is None else self._settings.control.companions_of(job.target)
        beside.check(files, replace=self._settings.overwrite or self._settings.resume)
        with ExitStack() as stack:
            claim = None
            # Before the work, so that nobody does it twice; but a new folder is made only once something goes there.
            if job.target is not None and job.target.parent.is_dir():
                claim = _claimed(job.target, stack, self._tell)
                why = self._standing.why_not(job)  # somebody may have finished it just now
                if why is not None:
                    return _skipped(job, why), None
            return self._saved(job, data, stack, claim, files)

    def _saved(
        self, job: Job, data: bytes | None, stack: ExitStack, claim: Claim | None, files: Mapping[str, Path]
    ) -> tuple[Report, bytes | None]:
        settings = self._settings
        stamp = None if job.source is None or not job.source.is_file() else Stamp.of(job.source)
        pages = self._painting.pages(job, job.source if data is None else _Piped(data, job))
        first = next(pages)
        width, height = first.photo.size
        painted = _told(chain([first.photo], (page.photo for page in pages)), self._tell)
        whole = None
        if job.target is None:
            del first  # a document's first page need not stay in memory with all the others
            stream = io.BytesIO()
            save_pages(painted, stream, format=settings.format, quality=settings.quality)
            whole = stream.getvalue()
        else:
            if claim is None:
                with explained(job.target):
                    job.target.parent.mkdir(parents=True, exist_ok=True)
                claim = _claimed(job.target, stack, self._tell)
            self._standing.begin(job, job.target, stamp)
            # The result comes last: where it stands, everything does.
            beside.write(files, first)
            del first
            save_pages(
                painted,
                job.target,
                format=settings.format,
                quality=settings.quality,
                overwrite=settings.overwrite,
                claim=claim,
            )
            self._standing.finish(job, job.target, stamp)
        report = Report(
            input=job.name,
            output=STANDARD if job.target is None else os.fspath(job.target),
            also=[os.fspath(path) for path in files.values()],
            width=width,
            height=height,
            model=self._painting.painter.model.identity,
        )
        return report, whole


def attempt(job: Job, data: bytes | None, work: Callable[[Job, bytes | None], tuple[Report, bytes | None]]) -> Answer:
    """Do the work for one picture; never raises for what is wrong with it."""
    start = time.perf_counter()
    result, mistake = None, None
    with collect_warnings() as warnings:
        try:
            if job.problem is not None:
                raise PhotochromError(job.problem)
            if job.passed_over is not None:
                report = _skipped(job, job.passed_over)
            else:
                report, result = work(job, data)
        except BusyError as error:
            report = _skipped(job, str(error))
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


def _skipped(job: Job, why: str) -> Report:
    return Report(input=job.name, status="skipped", reason=why)


def _claimed(target: Path, stack: ExitStack, tell: Tell) -> Claim:
    """The claim to a target, which may be a link, until `stack` is closed."""
    with explained(target):
        place = target.resolve()
        tell("writes", temporary_of(place))
        try:
            return stack.enter_context(claimed(place))
        except BusyError:
            raise BusyError(f"{target} is being made by another run") from None


class _Piped(io.BytesIO):
    """Bytes that messages call by the name of what they were read from."""

    def __init__(self, data: bytes, job: Job) -> None:
        super().__init__(data)
        self.name = "<stdin>" if job.source is None else str(job.source)


def _told(pages: Iterator[Photo], tell: Tell) -> Iterator[Photo]:
    for page in pages:
        tell("page", None)
        yield page

"""One picture's whole way, in a worker: open, color, save; whatever goes wrong becomes a report.

Before the work, what stands already where the result is to go is looked at, and the result is
claimed, so that no two runs make the same file.
"""

from __future__ import annotations

import io
import os
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from photochrom.claims import BusyError, Claim, claimed, temporary_of
from photochrom.cli import beside
from photochrom.cli.jobs import STANDARD, Answer, Job, Report, Settings
from photochrom.cli.journal import Stamp
from photochrom.cli.painting import Painted, Painting
from photochrom.cli.plan import is_result
from photochrom.cli.standing import Standing
from photochrom.contained.process import PROGRESS, WRITES, Tell
from photochrom.errors import PhotochromError
from photochrom.photo import Photo, collect_warnings, save_pages
from photochrom.photo.files import explained


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
        with ExitStack() as stack:
            places, why = [], ""
            for number, part in enumerate(self._parts(job)):
                claim, why = self._reserved(part, stack)
                if not why:
                    places.append(_Place(part, number, claim))
            if not places:
                return _skipped(job, why), None
            return self._saved(job, data, places, stack)

    def _parts(self, job: Job) -> list[Job]:
        """The job for each result that it gives: one, or as many as variants."""
        if job.target is None or not self._settings.control.variants:
            return [job]
        targets = self._settings.control.targets(job.target)
        return [replace(job, target=target, existed=os.path.exists(target)) for target in targets]

    def _reserved(self, job: Job, stack: ExitStack) -> tuple[Claim | None, str]:
        """The claim to a job's target, before the work, so that nobody does it twice; or why it is not to be done.

        A new folder is made only once something goes there, so that a claim into it comes later.

        Raises:
            PhotochromError: something is in the way.
        """
        claim, why = None, self._standing.why_not(job)
        if why is None and job.target is not None:
            files = self._settings.control.companions_of(job.target)
            beside.check(files, replace=self._settings.overwrite or self._settings.resume)
            if os.path.isdir(job.target.parent):  # unlike Path.is_dir, also where the way there is barred
                claim = _claimed(job.target, stack, self._tell)
                why = self._standing.why_not(job)  # somebody may have finished it just now
        return claim, why or ""

    def _saved(
        self, job: Job, data: bytes | None, places: Sequence[_Place], stack: ExitStack
    ) -> tuple[Report, bytes | None]:
        source = job.source if data is None else _Piped(data, job)
        stamp = Stamp.of(job.source) if job.source is not None and os.path.isfile(job.source) else None
        if self._settings.control.variants:
            variants = self._painting.variants(job, source)
            results = [iter([variants[place.number]]) for place in places]
        else:
            results = [self._painting.pages(job, source)]
        written, size, whole = list[str](), (0, 0), None
        for place, pages in zip(places, results, strict=True):
            if place.job.target is None:
                size, whole = self._streamed(pages)
                written.append(STANDARD)
            else:
                size, files = self._written(place, place.job.target, pages, stamp, stack)
                written += map(os.fspath, files)
        report = Report(
            input=job.name,
            output=written[0],
            also=written[1:],
            width=size[0],
            height=size[1],
            model=self._painting.painter.model.identity,
        )
        return report, whole

    def _streamed(self, pages: Iterator[Painted]) -> tuple[tuple[int, int], bytes]:
        """The size of the first page, and all of them as a file."""
        stream = io.BytesIO()
        first = next(pages).photo
        size, photos = first.size, self._told(first, pages)
        del first  # a document's first page need not stay in memory with all the others
        save_pages(photos, stream, format=self._settings.format, quality=self._settings.quality)
        return size, stream.getvalue()

    def _written(
        self, place: _Place, target: Path, pages: Iterator[Painted], stamp: Stamp | None, stack: ExitStack
    ) -> tuple[tuple[int, int], list[Path]]:
        """The size of the first page, and the files that were written, the result's own first."""
        settings, claim = self._settings, place.claim
        files = settings.control.companions_of(target)
        first = next(pages)
        size, photos = first.photo.size, self._told(first.photo, pages)
        if claim is None:
            with explained(target):
                target.parent.mkdir(parents=True, exist_ok=True)
            claim = _claimed(target, stack, self._tell)
            if why := self._standing.why_not(place.job):  # as above
                raise BusyError(why)
        self._standing.begin(place.job, target, stamp)
        for path in files.values():
            self._tell(WRITES, temporary_of(path.resolve()))
        with beside.written(files, first) as put_in_place:  # before the result: where that stands, everything does
            del first
            save_pages(
                photos,
                target,
                format=settings.format,
                quality=settings.quality,
                overwrite=settings.overwrite,
                claim=claim,
                when_whole=put_in_place,
            )
        self._standing.finish(place.job, target, stamp)
        return size, [target, *files.values()]

    def _told(self, first: Photo, rest: Iterator[Painted]) -> Iterator[Photo]:
        """The pages one after the other; whenever one is done, that is told."""
        for page in chain([first], (each.photo for each in rest)):
            self._tell(PROGRESS, None)
            yield page


@dataclass(frozen=True)
class _Place:
    """A result that is to be made.

    Attributes:
        job: with the result's own target.
        number: of the variant, counted from 0.
        claim: to the target; None where its folder is not there yet.
    """

    job: Job
    number: int
    claim: Claim | None


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
        tell(WRITES, temporary_of(place))
        try:
            return stack.enter_context(claimed(place))
        except BusyError:
            raise BusyError(f"{target} is being made by another run") from None


class _Piped(io.BytesIO):
    """Bytes that messages call by the name of what they were read from."""

    def __init__(self, data: bytes, job: Job) -> None:
        super().__init__(data)
        self.name = "<stdin>" if job.source is None else str(job.source)

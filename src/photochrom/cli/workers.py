"""Pictures are colored in processes of their own: a file that hangs, crashes or floods a decoder ends only those.

The command itself loads no decoder and no network. It hands out one picture at a time to each
worker, watches time and memory, ends a worker that takes too much, starts another in its place,
and reports the file. (The Python API works in the caller's own process and contains nothing.)
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from photochrom.cli.jobs import Answer, Job, Limits, Report, Settings
from photochrom.contained.child import Child, DiedError, watch
from photochrom.errors import PhotochromError

_SERVING: Final = "photochrom.cli.worker:Serving"

_WINDOW: Final = 1000
"""Pictures that may be done or under way while an earlier one, to be told before them, still takes its time."""


class Workers:
    """A number of workers, started as they are needed and replaced as they end.

    >>> with Workers(Settings(model="fast"), limits=Limits(seconds=60)) as workers:
    ...     for report in workers.color(jobs, at_once=2):
    ...         print(report.status, report.reason)

    Attributes:
        replaced: workers that died, were ended or grew too large so far.
    """

    def __init__(self, settings: Settings, *, limits: Limits | None = None) -> None:
        self.replaced = 0
        self._settings = settings
        self._limits = limits or Limits()
        self._idle: deque[Child] = deque()
        self._all: set[Child] = set()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._idle.append(self._start())  # it imports what it needs while this process goes on

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def plan(self, **options: Any) -> list[Job]:
        """`photochrom.cli.plan.plan`, in a worker: it knows the formats.

        Raises:
            UsageError: inputs and output make no sense together.
        """
        return self._first("plan", options)  # type: ignore[no-any-return]

    def color(self, jobs: Iterable[Job], *, at_once: int = 1, threads: int = 1) -> Iterator[Report]:
        """Reports of all jobs, in their order, whatever becomes of each. Those for standard input are not for this."""
        return (
            answer.report for answer in self.answers(((job, None) for job in jobs), at_once=at_once, threads=threads)
        )

    def answers(
        self,
        work: Iterable[tuple[Job, bytes | None]],
        *,
        at_once: int = 1,
        threads: int = 1,
        planned: Sequence[Job] = (),
    ) -> Iterator[Answer]:
        """As :meth:`color`, for jobs with the bytes to read (None: the job's source), and with what is not in files.

        Args:
            planned: all jobs, where `settings.resume` asks to look first at what an earlier run left.

        Raises:
            UsageError, ModelError, MissingExtraError: the model can't be used, or not with what is there already;
                before any picture is touched.
        """
        self._threads = threads
        self._first("load", self._settings, threads)
        if self._settings.resume:
            self._first("prepare", planned)
        watch(self._everyone, self._closed)
        pool = ThreadPoolExecutor(at_once, thread_name_prefix="photochrom")
        pending: deque[Future[Answer]] = deque()
        try:
            for job, data in work:
                pending.append(pool.submit(self._attempt, job, data))
                while len(pending) >= _WINDOW or (pending and pending[0].done()):
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            if pending:  # given up, as by Ctrl-C
                self._stop()
            pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """End all workers; nothing that is under way is finished, and nothing half is left."""
        self._stop()
        for worker in self._everyone():
            worker.close()

    def _stop(self) -> None:
        with self._lock:
            self._closed.set()
            for worker in self._all:
                worker.kill()

    def _first(self, kind: str, *arguments: object) -> Any:
        try:
            return self._idle[0].ask(kind, *arguments)
        except DiedError as error:
            raise PhotochromError(
                f"no picture was touched: the process that colours them could not begin ({error.how})"
            ) from None

    def _start(self) -> Child:
        with self._lock:
            if self._closed.is_set():
                raise DiedError("stopped", "before it began")
            try:
                worker = Child(_SERVING, memory=self._limits.memory, kept=self._limits.kept)
            except OSError as error:
                raise PhotochromError(
                    f"no process could be started for it ({error.strerror or error}): try --jobs 1"
                ) from error
            self._all.add(worker)
            return worker

    def _attempt(self, job: Job, data: bytes | None) -> Answer:
        """Have one job done by a worker of its own for that time."""
        start = time.perf_counter()
        worker = None
        try:
            worker = self._taken()
            answer: Answer = worker.ask("attempt", job, data, seconds=self._limits.seconds)
        except (DiedError, PhotochromError) as error:
            if worker is not None:
                self._drop(worker)
            seconds = round(time.perf_counter() - start, 3)
            reason = self._sentence(error, worker) if isinstance(error, DiedError) else str(error)
            return Answer(report=Report(input=job.name, status="failed", reason=reason, seconds=seconds))
        if worker.swollen():
            self._drop(worker)
        else:
            self._idle.append(worker)
        return answer

    def _taken(self) -> Child:
        with suppress(IndexError):
            while True:
                worker = self._idle.pop()
                if worker.alive():
                    return worker
                self._drop(worker)
        worker = self._start()
        try:
            worker.ask("load", self._settings, self._threads)
        except (DiedError, PhotochromError):
            self._drop(worker)
            raise
        return worker

    def _drop(self, worker: Child) -> None:
        worker.close()
        with self._lock:
            self._all.discard(worker)
            self.replaced += 1

    def _sentence(self, error: DiedError, worker: Child | None) -> str:
        """What the report of a picture says that its worker has died of."""
        if error.cause == "time":
            return f"took longer than {self._limits.seconds:g} seconds and was given up; --time-limit allows more"
        if error.cause == "memory" and worker is not None:
            limit = worker.memory_limit >> 20
            return f"took more than {limit} MB of memory and was given up; --memory-limit allows more"
        if error.cause == "system":
            return "was ended by the system, most likely for want of memory: try --jobs 1"
        if error.cause == "crash":
            return f"made its process crash ({error.how}); most likely the file is damaged, or made to do harm"
        return "was stopped"

    def _everyone(self) -> list[Child]:
        with self._lock:
            return list(self._all)

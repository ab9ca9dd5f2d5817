"""Pool: work is given to a worker process, is watched while it is done, and costs nobody else when it goes wrong.

Lives in the server's event loop, which it never blocks: each worker is asked in a thread of its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from photochrom.contained.child import KEPT, Child, DiedError, watch
from photochrom.errors import PhotochromError
from photochrom.service.settings import Settings
from photochrom.service.studio import Mistake
from photochrom.service.turns import BusyError, Lane, Turns

_SERVING: Final = "photochrom.service.studio:Serving"

_GRACE: Final = 1.0
"""Seconds that work which nobody waits for any more has to come to its end by itself."""

_NEAR: Final = 64
"""Ids that a worker is known by."""

_PATIENCE: Final = 60
"""Seconds: the most between two tries to start a worker."""

_log = logging.getLogger(__name__)


class TooLongError(PhotochromError):
    """Work took longer than it may and was ended."""


class CrashedError(PhotochromError):
    """Work made its process crash, or take more memory than it may."""


class MistakeError(Exception):
    """Work went wrong for no reason that people can do anything about.

    Args:
        trace: of the worker; for the log, not for whoever asked.
    """

    def __init__(self, trace: str) -> None:
        super().__init__("a mistake in a worker")
        self.trace = trace


@dataclass(eq=False)
class _Seat:
    """The place of one worker.

    Attributes:
        child: its process, with the model ready; None while there is none.
        near: ids that it served, the last one last.
    """

    child: Child | None = None
    near: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def served(self, id: str) -> None:
        """It serves this one now."""
        self.near[id] = None
        self.near.move_to_end(id)
        while len(self.near) > _NEAR:
            self.near.popitem(last=False)


class Pool:
    """Worker processes, and the queue before them.

    >>> async with Pool(settings) as pool:
    ...     answer = await pool.run(paint, seen, options, near=seen.id, lane=Lane.HAND)

    Attributes:
        model: the exact weights that all workers use.
        replaced: workers that died, were ended or grew too large so far.
    """

    def __init__(self, settings: Settings) -> None:
        self.model = ""
        self.replaced = 0
        self._settings = settings
        self._kept = KEPT + settings.canvases_bytes // settings.processes
        self._seats = [_Seat() for _ in range(settings.processes)]
        self._idle: list[_Seat] = []
        self._turns = Turns[_Seat](settings, free=lambda seat: self._free(seat))
        self._closed = threading.Event()
        self._children: set[Child] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(2 * settings.processes, thread_name_prefix="photochrom")

    @property
    def waiting(self) -> int:
        """Work that waits for a worker."""
        return len(self._turns)

    @property
    def alive(self) -> int:
        """Workers that are ready or at work."""
        return sum(seat.child is not None for seat in self._seats)

    @property
    def at_work(self) -> bool:
        """Whether something is being worked on, or waits."""
        return bool(self.waiting) or len(self._idle) < len(self._seats)

    async def __aenter__(self) -> Self:
        """Start all workers.

        Raises:
            ModelError, MissingExtraError, UsageError: the model can't be used.
            PhotochromError: no process could be started.
        """
        watch(lambda: tuple(self._children), self._closed)
        try:
            await asyncio.gather(*(self._seated(seat) for seat in self._seats))
        except DiedError as error:
            await self.close()
            raise PhotochromError(f"a process that colours pictures could not begin ({error.how})") from None
        except BaseException:
            await self.close()
            raise
        self._idle += self._seats
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def run(
        self,
        work: Callable[..., Any],
        *arguments: Any,
        near: str | None = None,
        lane: Lane = Lane.CALL,
        seconds: float | None = None,
    ) -> Any:
        """Have a worker call ``work(studio, *arguments)``.

        Cancelling the task that awaits this takes the work out of the queue, or ends it.

        Args:
            work: a function of a module; it and the arguments are pickled.
            near: the id of a photograph: an idle worker that served it before, and may hold it, is preferred.
            lane: who goes first.
            seconds: that it may take in the worker; None: what a request may.

        Raises:
            BusyError: as many wait already as may, or it has waited too long.
            TooLongError: it took too long.
            CrashedError: it made its process crash.
            PhotochromError: what the work itself raised.
            MistakeError: anything else that it raised.
        """
        if self._closed.is_set():
            raise _closing()
        seat = self._taken(near) or await self._turns.wait(lane)
        child = seat.child
        assert child is not None
        if near is not None:
            seat.served(near)
        limit = self._settings.seconds if seconds is None else seconds
        loop = asyncio.get_running_loop()
        start = loop.time()
        asking = loop.run_in_executor(self._threads, _asked, child, work, arguments, limit)
        try:
            answer, swollen = await asyncio.shield(asking)
        except asyncio.CancelledError:
            await asyncio.shield(self._task(self._give_up(seat, child, asking)))
            raise
        except DiedError as error:
            self._renew(seat)
            raise _closing() if self._closed.is_set() else _translated(error, limit) from None
        except Exception:
            self._free(seat)
            raise
        self._turns.took(loop.time() - start)
        if swollen:
            self._renew(seat)
        else:
            self._free(seat)
        if isinstance(answer, Mistake):
            raise MistakeError(answer.trace)
        return answer

    async def close(self) -> None:
        """End all workers, whatever they do."""
        self._closed.set()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        self._turns.end(_closing())
        for child in tuple(self._children):
            child.kill()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        for child in self._children:
            child.close()
        self._children.clear()

    def _taken(self, near: str | None) -> _Seat | None:
        """An idle worker, that for `near` if it is idle; one that has died meanwhile is replaced."""
        while self._idle:
            seat = next((each for each in self._idle if near in each.near), self._idle[0])
            self._idle.remove(seat)
            if seat.child is not None and seat.child.alive():
                return seat
            self._renew(seat)
        return None

    def _free(self, seat: _Seat) -> None:
        """A worker is ready for whoever comes next."""
        if not self._turns.give(seat):
            self._idle.append(seat)

    async def _give_up(self, seat: _Seat, child: Child, asking: asyncio.Future[tuple[Any, bool]]) -> None:
        """Nobody wants the answer any more: the work may end by itself, within a moment, or is ended."""
        done, _ = await asyncio.wait({asking}, timeout=_GRACE)
        if not done:
            child.kill()
            await asyncio.wait({asking})
        error = asking.exception()
        if not done or isinstance(error, DiedError) or (error is None and asking.result()[1]):
            self._renew(seat)
        else:
            self._free(seat)

    def _renew(self, seat: _Seat) -> None:
        """Start another worker in the place of one that is gone, or is to go."""
        if not self._closed.is_set():
            self.replaced += 1
            self._task(self._renewed(seat))

    async def _renewed(self, seat: _Seat) -> None:
        old, seat.child = seat.child, None
        seat.near.clear()
        if old is not None:
            await self._ended(old)
        pause = 1
        while True:
            try:
                await self._seated(seat)
            except (DiedError, PhotochromError) as error:
                _log.error("a worker could not be started, another try follows in %d s: %s", pause, error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _PATIENCE)
            else:
                self._free(seat)
                return

    async def _seated(self, seat: _Seat) -> None:
        """Start a worker and make its model ready."""
        loop = asyncio.get_running_loop()
        child = await loop.run_in_executor(self._threads, self._start)
        try:
            self.model = await loop.run_in_executor(self._threads, child.ask, "load", self._settings.for_workers())
        except (DiedError, PhotochromError):
            await self._ended(child)
            raise
        seat.child = child

    def _start(self) -> Child:
        try:
            child = Child(_SERVING, kept=self._kept)
        except OSError as error:
            raise PhotochromError(
                f"no process could be started ({error.strerror or error}): try --workers 1"
            ) from error
        self._children.add(child)
        if self._closed.is_set():
            child.kill()
        return child

    async def _ended(self, child: Child) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, child.close)
        self._children.discard(child)

    def _task(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _asked(child: Child, work: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> tuple[Any, bool]:
    """The worker's answer, and whether it keeps too much memory afterwards. In a thread."""
    return child.ask("run", work, arguments, seconds=seconds), child.swollen()


def _closing() -> BusyError:
    return BusyError(10, "the service is about to end")


def _translated(error: DiedError, seconds: float) -> PhotochromError:
    if error.cause == "time":
        return TooLongError(f"this took longer than the {seconds:g} seconds that it may take, and was given up")
    if error.cause == "memory":
        return CrashedError("this took more memory than it may, and was given up: try a smaller picture")
    if error.cause == "crash":
        return CrashedError("this file made its process crash; most likely it is damaged, or made to do harm")
    return CrashedError("its process was ended by the system, most likely for want of memory: try a smaller picture")

"""Colours the items of all batches, as many at once as there are workers, whenever nobody else needs these.

The order in which things are written is what makes the end of the server at any moment harmless:
an item runs, its result is whole on the disk, the store knows what the result is, the result is
moved into place, the store says that it is done, the original is removed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from starlette.concurrency import run_in_threadpool

from photochrom.service.batches.folders import Folders
from photochrom.service.batches.records import Records
from photochrom.service.batches.store import Result, Store, Task
from photochrom.service.coloring import Order, color
from photochrom.service.disk import NoSpaceError
from photochrom.service.problems import problem_of
from photochrom.service.turns import BusyError, Lane

_GRACE: Final = 5.0
"""Seconds that it may take to note the last results when the server ends."""


_PAUSE: Final = 1.0
"""Seconds until work goes on after a mistake of ours."""


@dataclass(frozen=True)
class _Outcome:
    """What became of an item: one of these."""

    made: Path | None = None
    result: Result | None = None
    failed: str | None = None
    busy: int | None = None


class Workers(Protocol):
    """What is needed of `Pool`."""

    async def run(self, work: Callable[..., Any], *arguments: Any, lane: Lane) -> Any: ...


class Runner:
    """Runs from :meth:`start` to :meth:`stop`.

    Args:
        changed: called with the batch of an item that has changed.
    """

    def __init__(
        self,
        *,
        records: Records,
        folders: Folders,
        workers: Workers,
        at_once: int,
        changed: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        self._records, self._folders, self._workers = records, folders, workers
        self._at_once, self._changed, self._now = at_once, changed, now
        self._wake = asyncio.Event()
        self._lines: list[asyncio.Task[None]] = []
        self._running: dict[asyncio.Task[_Outcome], str] = {}

    def start(self) -> None:
        """Begin with what waits."""
        self._lines = [asyncio.create_task(self._line()) for _ in range(self._at_once)]

    async def stop(self) -> None:
        """End what is under way; it still stands in the store as running."""
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def wake(self) -> None:
        """There is a new batch."""
        self._wake.set()

    async def end(self, batch: str) -> None:
        """End what is under way of a batch that was cancelled or deleted in the store."""
        tasks = [task for task, of in self._running.items() if of == batch]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _line(self) -> None:
        """One item after the other."""
        while True:
            try:
                self._wake.clear()
                task = await self._records.insist(Store.take)
                if task is None:
                    await self._wake.wait()
                else:
                    await self._attempt(task)
            except Exception as error:
                problem_of(error)  # into the log; the other items go on
                await asyncio.sleep(_PAUSE)

    async def _attempt(self, task: Task) -> None:
        """Color one item, whatever becomes of it."""
        self._changed(task.batch)
        coloring = asyncio.create_task(self._colored(task))
        self._running[coloring] = task.batch
        try:
            await asyncio.wait({coloring})
        finally:
            del self._running[coloring]
            coloring.cancel()
            await asyncio.wait({coloring})
        if coloring.cancelled():  # as its batch was
            return
        outcome = coloring.result()
        if outcome.busy is not None:
            await self._records.insist(Store.put_back, task.batch, task.number)
            self._changed(task.batch)
            await asyncio.sleep(outcome.busy)
        else:
            await _to_its_end(self._note(task, outcome))

    async def _colored(self, task: Task) -> _Outcome:
        folders = self._folders
        # A name that was never used: the worker of a server that was killed may live for a moment yet.
        making = folders.making(task.batch) / f"{task.number}-{secrets.token_hex(4)}"
        order = Order(
            source=folders.original(task.batch, task.number),
            target=making,
            name=task.name,
            reference=folders.lent(task.batch, "reference"),
            keep_grey=folders.lent(task.batch, "keep_grey"),
            **task.options,
        )
        try:
            done = await self._workers.run(color, order, lane=Lane.BATCH)
            return _Outcome(made=making, result=Result(done.ending, done.mime, done.warnings))
        except BusyError as error:
            return _Outcome(busy=error.retry_after)
        except Exception as error:
            return _Outcome(failed=problem_of(error).message)

    async def _note(self, task: Task, outcome: _Outcome) -> None:
        """Keep what became of an item."""
        batch, number, failed = task.batch, task.number, outcome.failed
        if outcome.made and outcome.result:
            failed = await self._kept(task, outcome.made, outcome.result)
        await self._records.insist(Store.finish, batch, number, failed=failed, now=self._now())
        self._changed(batch)
        await run_in_threadpool(self._folders.spent, batch, number)
        summary = await self._records.ask(Store.summary, batch)
        if summary is not None and summary.ended is not None:
            await run_in_threadpool(self._folders.end, batch)

    async def _kept(self, task: Task, made: Path, result: Result) -> str | None:
        """Move a result into its place if it is still wanted. Returns why that was not possible, or None."""
        wanted = await self._records.insist(Store.made, task.batch, task.number, result)
        if not wanted:
            return None
        try:
            place = self._folders.result(task.batch, task.number, result.extension)
            await run_in_threadpool(self._folders.keep, made, place)
        except NoSpaceError as error:
            return str(error)
        return None


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await work that is not to be left half done; only if it takes too long after whoever awaits it was cancelled."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_GRACE)
        task.cancel()
        raise

"""All batches of a server: accepted, looked at, watched, cancelled, deleted, and forgotten a while after their end."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from starlette.concurrency import run_in_threadpool
from zipstream.ng import ZipStream

from photochrom.service.batches.folders import Folders
from photochrom.service.batches.records import Records
from photochrom.service.batches.runner import Runner, Workers
from photochrom.service.batches.store import Item, State, Store, Summary
from photochrom.service.disk import NoSpaceError
from photochrom.service.naming import Results
from photochrom.service.settings import Settings
from photochrom.service.turns import BusyError

_LOOK: Final = 60.0
"""Seconds between two looks for batches that are to be forgotten."""

_LATER: Final = 60
"""Seconds after which one of many batches may have ended."""


@dataclass(frozen=True)
class Change:
    """What whoever watches a batch is told.

    Attributes:
        summary: of the batch now.
        item: that has changed; None at first.
    """

    summary: Summary
    item: Item | None


class Batches:
    """See `photochrom.service.batches`. Ready within ``async with``; the workers must be ready until its end.

    Args:
        now: the clock, in seconds since 1970.

    Attributes:
        folders: where their files lie.
        ending: whether those who watch were sent away, since the server is about to end.
    """

    def __init__(
        self,
        settings: Settings,
        workers: Workers,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.folders = Folders(settings.folder / "batches")
        self._seconds, self._most, self._now = settings.batch_seconds, settings.max_queue, now
        self._records = Records(settings.folder / "batches.sqlite3")
        self.ending = False
        self._watchers: dict[str, set[asyncio.Event]] = {}
        self._janitor: asyncio.Task[None] | None = None
        self._runner = Runner(
            records=self._records,
            folders=self.folders,
            workers=workers,
            at_once=settings.processes,
            changed=self._changed,
            now=now,
        )

    async def __aenter__(self) -> Self:
        """Go on from where the last server ended.

        Raises:
            PhotochromError: the database or the folder can't be used.
        """
        await self._records.open()
        await self._recover()
        self._runner.start()
        self._janitor = asyncio.create_task(self._sweep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """End; what is under way waits for the next start."""
        if self._janitor is not None:
            self._janitor.cancel()
        await self._runner.stop()
        await self._put_right(Store.put_back)
        await self._records.close()

    async def check_room(self) -> None:
        """Before a batch is taken in.

        Raises:
            BusyError: as many have not ended yet as may be under way.
        """
        if await self._records.ask(Store.under_way) >= self._most:
            raise BusyError(_LATER, "as many batches are under way as may be")

    async def accept(self, batch: str, options: dict[str, Any], items: Sequence[Item]) -> None:
        """A batch whose files are in its folder is to be coloured; from now on it outlives the server.

        If this is cancelled, the next start knows whether it was accepted.

        Raises:
            NoSpaceError: it can't be kept; its folder is gone.
        """
        try:
            await run_in_threadpool(self.folders.settle, batch)
            await self._records.ask(Store.create, batch, options=options, items=items, now=self._now())
        except NoSpaceError:
            await run_in_threadpool(self.folders.delete, batch)
            raise
        self._runner.wake()

    async def summary(self, batch: str) -> Summary | None:
        """A batch as a whole; None where there is none."""
        return await self._records.ask(Store.summary, batch)

    async def whole(self, batch: str) -> tuple[Summary | None, list[Item]]:
        """A batch as a whole and all its items, as they are at one moment."""
        return await self._records.ask(_snapshot, batch)

    async def cancel(self, batch: str) -> None:
        """End a batch before its time; what is finished stays.

        Raises:
            NoSpaceError: that can't be noted.
        """
        await self._records.ask(Store.cancel, batch, now=self._now())
        await self._runner.end(batch)
        await run_in_threadpool(self.folders.end, batch)
        self._changed(batch)

    async def delete(self, batch: str) -> None:
        """Forget a batch and all its files.

        Raises:
            NoSpaceError: that can't be noted.
        """
        await self._records.ask(Store.delete, batch)
        await self._runner.end(batch)
        await run_in_threadpool(self.folders.delete, batch)
        self._changed(batch)

    async def changes(self, batch: str, *, beat: float) -> AsyncGenerator[Change | None, None]:
        """How a batch stands, then each item that is not waiting any more, then each that changes, to its end.

        Or to the server's, see :meth:`dismiss`.
        Gives None after `beat` seconds without a change.
        """
        changed = asyncio.Event()
        self._watchers.setdefault(batch, set()).add(changed)
        try:
            told: dict[int, State] = {}
            while True:
                changed.clear()
                summary, items = await self._records.ask(_snapshot, batch)
                if summary is None:
                    return
                if not told:
                    told = {item.number: State.WAITING for item in items}
                    yield Change(summary, None)
                for item in items:
                    if told[item.number] is not item.state:
                        told[item.number] = item.state
                        yield Change(summary, item)
                if summary.ended is not None or self.ending:
                    return
                while True:
                    try:
                        await asyncio.wait_for(changed.wait(), beat)
                        break
                    except TimeoutError:
                        yield None
        finally:
            self._watchers[batch].discard(changed)
            if not self._watchers[batch]:
                del self._watchers[batch]

    def dismiss(self) -> None:
        """Send all who watch away: they would keep the server from ending."""
        self.ending = True
        for batch in self._watchers:
            self._changed(batch)

    async def counts(self) -> dict[str, int]:
        """How many items of all batches there are in each state."""
        return await self._records.ask(Store.counts)

    def expires_in(self, summary: Summary) -> float | None:
        """Seconds until a batch is forgotten; None before its end."""
        return None if summary.ended is None else max(summary.ended + self._seconds - self._now(), 0.0)

    def result(self, batch: str, item: Item) -> Path:
        """Where the result of an item that is done lies."""
        assert item.result is not None
        return self.folders.result(batch, item.number, item.result.extension)

    def zipped(self, summary: Summary, items: Sequence[Item]) -> ZipStream:
        """The zip of all results and a report, which knows its length and is made while it is read.

        Pictures are compressed already, so they are stored.
        """
        names = named(items)
        zipped = ZipStream(sized=True)
        for item in items:
            if item.number in names:
                zipped.add_path(self.result(summary.id, item), names[item.number], recurse=False)
        zipped.add(_report(summary, items, names), "report.json")
        return zipped

    async def _recover(self) -> None:
        """Put right what the last server left in the middle."""
        await run_in_threadpool(self.folders.restart, await self._records.ask(Store.batches))
        await self._put_right(partial(Store.interrupt, now=self._now()))
        for batch in await self._records.ask(Store.ended, math.inf):
            await run_in_threadpool(self.folders.end, batch)

    async def _put_right(self, put_back: Callable[[Store, str, int], None]) -> None:
        """What runs, although nobody works at it any more, is done if its result is in its place, else put back."""
        for batch, item in await self._records.ask(Store.running):
            if item.result is not None and self.result(batch, item).exists():
                await self._records.ask(Store.finish, batch, item.number, now=self._now())
            else:
                await self._records.ask(put_back, batch, item.number)

    async def _sweep(self) -> None:
        while True:
            for batch in await self._records.insist(Store.ended, self._now() - self._seconds):
                await self._records.insist(Store.delete, batch)
                await run_in_threadpool(self.folders.delete, batch)
            await asyncio.sleep(min(_LOOK, self._seconds))

    def _changed(self, batch: str) -> None:
        for event in self._watchers.get(batch, ()):
            event.set()


def named(items: Sequence[Item]) -> dict[int, str]:
    """The names of all results, by their item's number."""
    names = Results()
    return {
        item.number: names.name(item.name, item.result.extension)
        for item in items
        if item.state is State.DONE and item.result is not None
    }


def _report(summary: Summary, items: Sequence[Item], names: dict[int, str]) -> bytes:
    """What became of each file, for whoever opens the zip."""
    rows = [
        {
            "number": item.number,
            "name": item.name,
            "state": item.state,
            "result": names.get(item.number),
            "reason": item.reason,
            "warnings": item.result.warnings if item.result else (),
        }
        for item in items
    ]
    report = {"state": summary.state, "total": summary.total, "done": summary.done, "failed": summary.failed}
    return json.dumps({**report, "items": rows}, ensure_ascii=False, indent=2).encode()


def _snapshot(store: Store, batch: str) -> tuple[Summary | None, list[Item]]:
    return store.summary(batch), store.items(batch)

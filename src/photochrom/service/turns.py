"""Turns: who is next when a worker is free, a person at a page before programs and these before batches.

Only so many wait, each only so long; the others are told when to come again.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import Final, Generic, TypeVar

from photochrom.errors import PhotochromError
from photochrom.service.settings import Settings

Place = TypeVar("Place")

_PATIENCE: Final = 60
"""Seconds: the most that somebody is told to wait before the next try."""


class Lane(IntEnum):
    """Who goes first: a person at a page, then programs, then batches."""

    HAND = 0
    CALL = 1
    BATCH = 2


class BusyError(PhotochromError):
    """As many wait already as may, or the server is about to end.

    Args:
        retry_after: whole seconds after which another try makes sense.
    """

    def __init__(self, retry_after: int, why: str = "all workers are busy, and enough requests wait for them") -> None:
        super().__init__(f"{why}: try again in {retry_after} s")
        self.retry_after = retry_after


class Turns(Generic[Place]):
    """Those who wait for a place, in the event loop.

    Args:
        settings: say how many may wait and how long, and how many places there are.
        free: takes a place that came in the moment in which whoever had waited for it left.
    """

    def __init__(self, settings: Settings, *, free: Callable[[Place], object]) -> None:
        self._most, self._seconds, self._places = settings.max_queue, settings.seconds, settings.processes
        self._free = free
        self._lanes: dict[Lane, deque[asyncio.Future[Place]]] = {lane: deque() for lane in Lane}
        self._usual = 1.0

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    async def wait(self, lane: Lane) -> Place:
        """Wait for a place. Batches are bounded elsewhere, and wait for as long as it takes.

        Raises:
            BusyError: as many wait already as may, or it has waited too long.
        """
        queue = self._lanes[lane]
        if lane is not Lane.BATCH and len(queue) >= self._most:
            raise BusyError(self._retry_after())
        turn: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout(None if lane is Lane.BATCH else self._seconds):
                return await turn
        except TimeoutError:
            self._leave(queue, turn)
            raise BusyError(self._retry_after()) from None
        except BaseException:
            self._leave(queue, turn)
            raise

    def give(self, place: Place) -> bool:
        """Give a place to whoever is next; False where nobody waits."""
        for queue in self._lanes.values():
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(place)
                    return True
        return False

    def took(self, seconds: float) -> None:
        """Note how long some work took."""
        self._usual += 0.1 * (seconds - self._usual)

    def end(self, error: Exception) -> None:
        """Nobody gets a place any more."""
        for queue in self._lanes.values():
            for turn in queue:
                if not turn.done():
                    turn.set_exception(error)

    def _leave(self, queue: deque[asyncio.Future[Place]], turn: asyncio.Future[Place]) -> None:
        """Take no turn after all; one that has come just now is passed on."""
        with suppress(ValueError):
            queue.remove(turn)
        if turn.done() and not turn.cancelled() and not turn.exception():
            self._free(turn.result())

    def _retry_after(self) -> int:
        """Whole seconds until about half of those who wait have been served."""
        wait = self._usual * (len(self) + 1) / self._places / 2
        return min(max(math.ceil(wait), 1), _PATIENCE)

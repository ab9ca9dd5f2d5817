"""The store as the server's event loop sees it: one thread does all that is asked of it, in its order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from photochrom.service.batches.store import Store
from photochrom.service.disk import NoSpaceError

P = ParamSpec("P")
T = TypeVar("T")

_PAUSE: Final = 5.0
"""Seconds between two tries to write, while the disk is full."""

_log = logging.getLogger(__name__)


class Records:
    """One store.

    >>> summary = await records.ask(Store.summary, batch)

    Raises:
        PhotochromError: from :meth:`open`, as `Store` does.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="photochrom-store")
        self._store: Store | None = None

    async def open(self) -> None:
        """To be awaited before anything else."""
        self._store = await asyncio.get_running_loop().run_in_executor(self._thread, Store, self._path)

    async def close(self) -> None:
        """Everything asked before is done first."""
        if self._store is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
        self._thread.shutdown(wait=True)

    async def ask(self, function: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of the store. It is done even if whoever awaits this is cancelled.

        Raises:
            NoSpaceError: nothing can be written.
        """
        assert self._store is not None
        store = self._store
        answer = asyncio.get_running_loop().run_in_executor(self._thread, lambda: function(store, *args, **kwargs))
        return await asyncio.shield(answer)

    async def insist(self, function: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As :meth:`ask`, but where nothing can be written, try again until it can."""
        while True:
            try:
                return await self.ask(function, *args, **kwargs)
            except NoSpaceError as error:
                _log.error("batches wait: %s", error)
                await asyncio.sleep(_PAUSE)

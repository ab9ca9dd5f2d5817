"""Photos: uploads that stay for a while, so that a photograph is sent and looked at once and painted often.

An upload is one file on the disk; each id on it stands for a way to look at it (its page, its boxes). Ids
can't be guessed. What was not used for longest goes first when room is needed, and everything some time
after its last use; never a file that somebody works with. All of it lives in the server's event loop.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from fastapi import UploadFile

from photochrom.service.painting import Facts
from photochrom.service.problems import Problem
from photochrom.service.requests import new_id, store
from photochrom.service.studio import Seen

MOST_UPLOADS: Final = 2000
MOST_VIEWS: Final = 100
"""Ids on one upload: a box more costs a client little, and an id each."""

_OFTEN: Final = 60.0
"""Seconds between two looks for what has expired, at most."""

_LATER: Final = 5
"""Seconds after which room may have been made."""


@dataclass(eq=False)
class Upload:
    """A file that was sent.

    Attributes:
        path: of the file; it is alone in its folder.
        size: in bytes.
        used: when any of its photographs was used last.
        users: requests that work with it right now.
        ids: of its photographs.
    """

    path: Path
    size: int
    used: float
    users: int = 0
    ids: set[str] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class Kept:
    """A photograph that can be painted.

    Attributes:
        seen: what workers are told of it.
        facts: what the first look has shown, but for the project of its mark, which may be large.
        marked: whether it has one.
        upload: what it is of.
    """

    seen: Seen
    facts: Facts
    marked: bool
    upload: Upload


class Photos:
    """The uploads of one server.

    >>> async with photos.received(file, name="family.jpg") as seen:
    ...     kept = photos.keep(seen, facts)

    Args:
        folder: for the files; what an earlier server left there is removed when this is entered.
        most: bytes of all files.
        seconds: that a photograph stays after its last use.
        clock: seconds that only grow.
    """

    def __init__(self, folder: Path, *, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._photos: dict[str, Kept] = {}
        self._uploads: dict[Path, Upload] = {}  # what was used last comes last
        self._janitor: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._photos)

    @property
    def bytes(self) -> int:
        """Of all files, those that are just arriving among them."""
        return sum(upload.size for upload in self._uploads.values())

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700)
        self._janitor = asyncio.create_task(self._clean())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._janitor is not None:
            self._janitor.cancel()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    @asynccontextmanager
    async def received(self, file: UploadFile, *, name: str) -> AsyncIterator[Seen]:
        """Within the block a file that was sent is stored; after it, it is gone unless a photograph of it is kept.

        Args:
            name: a label.

        Raises:
            Problem: it is larger than all that may be stored, or there is no room while so much is in use.
            NoSpaceError: it can't be written.
        """
        size = file.size or 0
        await self._make_room(size)
        id = new_id()
        upload = Upload(self._folder / id / "original", size, self._clock(), users=1)
        self._uploads[upload.path] = upload
        try:
            await asyncio.to_thread(store, {upload.path.name: file}, upload.path.parent)
            yield Seen(id=id, path=upload.path, name=name)
        finally:
            await self._left(upload)

    def keep(self, seen: Seen, facts: Facts) -> Kept:
        """Keep a photograph under its id; its upload must be in use.

        Raises:
            Problem: its upload has as many as it can have.
        """
        upload = self._uploads[seen.path]
        if len(upload.ids) >= MOST_VIEWS:
            raise Problem(
                409,
                "too_many",
                f"{seen.name}: was looked at in {MOST_VIEWS} ways: delete some, or send it again",
            )
        kept = Kept(seen, replace(facts, project=None), facts.project is not None, upload)
        self._photos[seen.id] = kept
        upload.ids.add(seen.id)
        return kept

    @asynccontextmanager
    async def using(self, id: str, *, what: str = "photograph") -> AsyncIterator[Kept]:
        """Within the block the file of a photograph stays, whatever happens; at both ends its time begins anew.

        Args:
            what: how a message calls it.

        Raises:
            Problem: there is none of that id, or no longer.
        """
        kept = self._found(id, what)
        kept.upload.users += 1
        self._touch(kept.upload)
        try:
            yield kept
        finally:
            self._touch(kept.upload)
            await self._left(kept.upload)

    def expires_in(self, kept: Kept) -> float:
        """Seconds that a photograph stays if it is not used any more."""
        return max(self._left_of(kept.upload), 0)

    async def delete(self, id: str) -> None:
        """Forget a photograph; its file goes with the last one that stands for it.

        Raises:
            Problem: there is none of that id, or no longer.
        """
        kept = self._found(id, "photograph")
        del self._photos[id]
        kept.upload.ids.discard(id)
        await self._remove_unused(kept.upload)

    async def expire(self) -> None:
        """Forget whatever was not used for too long."""
        for upload in [each for each in self._uploads.values() if not each.users and self._left_of(each) <= 0]:
            await self._forget(upload)

    def _found(self, id: str, what: str) -> Kept:
        kept = self._photos.get(id)
        if kept is None or (not kept.upload.users and self._left_of(kept.upload) <= 0):
            raise Problem(404, "not_found", f"there is no {what} of this id, or no longer: send it again")
        return kept

    def _left_of(self, upload: Upload) -> float:
        return upload.used + self._seconds - self._clock()

    def _touch(self, upload: Upload) -> None:
        upload.used = self._clock()
        if self._uploads.pop(upload.path, None) is not None:
            self._uploads[upload.path] = upload

    async def _make_room(self, size: int) -> None:
        """Let go of what was not used for longest until a file has room."""
        if size > self._most:
            raise Problem(413, "too_large", f"this is larger than the {self._most / 1e6:,.0f} MB that can be stored")
        await self.expire()
        while self.bytes + size > self._most or len(self._uploads) >= MOST_UPLOADS:
            oldest = next((upload for upload in self._uploads.values() if not upload.users), None)
            if oldest is None:
                raise Problem(
                    503,
                    "no_room",
                    f"there is no room for another photograph now: try again in {_LATER} s",
                    {"Retry-After": str(_LATER)},
                )
            await self._forget(oldest)

    async def _forget(self, upload: Upload) -> None:
        for id in upload.ids:
            del self._photos[id]
        upload.ids.clear()
        await self._remove_unused(upload)

    async def _left(self, upload: Upload) -> None:
        upload.users -= 1
        await self._remove_unused(upload)

    async def _remove_unused(self, upload: Upload) -> None:
        if not upload.users and not upload.ids and self._uploads.pop(upload.path, None) is not None:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, upload.path.parent, ignore_errors=True))

    async def _clean(self) -> None:
        while True:
            await asyncio.sleep(min(_OFTEN, self._seconds / 4))
            await self.expire()

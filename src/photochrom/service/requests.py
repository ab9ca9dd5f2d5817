"""A folder of its own for each request that needs files: what came in, and what goes out; gone with the request."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from fastapi import UploadFile
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from photochrom.service import disk

_CHUNK: Final = 1 << 20


class Requests:
    """The folders of requests under way. What an earlier server left there is removed when it is entered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    async def new(self, uploads: Mapping[str, UploadFile | None] | None = None) -> Path:
        """A new folder; whoever asks for it sees to its end, with :meth:`done` or `FinalResponse`.

        Args:
            uploads: what is written there first, each under the name that stands with it.

        Raises:
            NoSpaceError: that can't be written.
        """
        folder = self.folder / new_id()
        try:
            await run_in_threadpool(store, uploads or {}, folder)  # in one go: each takes a turn of another thread
        except BaseException:
            await self.done(folder)
            raise
        return folder

    async def done(self, folder: Path) -> None:
        """Remove the folder."""
        await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)


def new_id() -> str:
    """A name that nobody can guess: 128 bits."""
    return secrets.token_urlsafe(16)


def store(uploads: Mapping[str, UploadFile | None], folder: Path) -> None:
    """Write uploads into a new folder of ours, each under the name that stands with it. In a thread.

    Raises:
        NoSpaceError: that can't be written.
    """
    with disk.explained():
        folder.mkdir(mode=0o700)
        for name, upload in uploads.items():
            if upload is not None:
                upload.file.seek(0)
                with (folder / name).open("xb") as file:
                    shutil.copyfileobj(upload.file, file, _CHUNK)


class FinalResponse(Response):
    """A file that is sent once, after which something is done, whether the client took all of it or not.

    Args:
        path: of the file; by then, it is whole.
        after: what is done.
    """

    def __init__(self, path: Path, *, after: Callable[[], Awaitable[Any]], media_type: str, headers: dict[str, str]):
        super().__init__(media_type=media_type, headers=headers)
        self._path = path
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            file, size, piece = await run_in_threadpool(self._begun)
            with file:
                self.headers["content-length"] = str(size)
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                sent = len(piece)
                while sent < size and piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    piece = await run_in_threadpool(file.read, _CHUNK)
                    sent += len(piece)
                await send({"type": "http.response.body", "body": piece})
        finally:
            await self._after()

    def _begun(self) -> tuple[BinaryIO, int, bytes]:
        file = self._path.open("rb")
        return file, os.fstat(file.fileno()).st_size, file.read(_CHUNK)

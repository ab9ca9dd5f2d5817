"""A folder of its own for each request that needs files: what came in, and what goes out; gone with the request."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fastapi import UploadFile
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send


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

    async def new(self) -> Path:
        """A new folder; whoever asks for it sees to its end, with :meth:`done` or `FinalResponse`."""
        folder = self.folder / new_id()
        await run_in_threadpool(folder.mkdir, mode=0o700)
        return folder

    async def done(self, folder: Path) -> None:
        """Remove the folder."""
        await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)


def new_id() -> str:
    """A name that nobody can guess: 128 bits."""
    return secrets.token_urlsafe(16)


async def stored(upload: UploadFile, path: Path) -> Path:
    """Write an upload to a new file of ours. Returns its path."""

    def copy() -> Path:
        upload.file.seek(0)
        with path.open("xb") as file:
            shutil.copyfileobj(upload.file, file, 1 << 20)
        return path

    return await run_in_threadpool(copy)


class FinalResponse(FileResponse):
    """A file that is sent, after which something is done, whether the client took all of it or not."""

    chunk_size = 1 << 20  # each takes a turn of another thread

    def __init__(self, path: Path, *, after: Callable[[], Awaitable[Any]], media_type: str, headers: dict[str, str]):
        super().__init__(path, media_type=media_type, headers=headers)
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._after()

"""Darkroom: everything that the routes of one server share, opened and closed together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from photochrom import claims
from photochrom.errors import UsageError
from photochrom.service.batches.batches import Batches
from photochrom.service.metrics import Metrics
from photochrom.service.photos import Photos
from photochrom.service.pool import Pool
from photochrom.service.requests import Requests
from photochrom.service.settings import Settings


class Darkroom:
    """What one server has. Routes get it as a parameter `darkroom: Shared`.

    Attributes:
        settings: as given.
        pool: of workers.
        batches: of photographs.
        requests: folders for the files of requests under way.
        photos: that were uploaded to be painted.
        metrics: what is counted.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pool = Pool(settings)
        self.batches = Batches(settings, self.pool)
        self.requests = Requests(settings.folder / "requests")
        self.photos = Photos(settings.folder / "photos", most=settings.photos_bytes, seconds=settings.photos_seconds)
        self.metrics = Metrics(self.pool)
        self.metrics.gauge("photochrom_photos", "Photographs that can be painted.", lambda: len(self.photos))
        self.metrics.gauge("photochrom_photos_bytes", "Bytes of uploads that are stored.", lambda: self.photos.bytes)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Within the block it is ready, and the only one on its work folder.

        Raises:
            UsageError: another server has the work folder.
            PhotochromError: the workers can't be started.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(_alone(self.settings.folder))
            stack.enter_context(self.requests)
            await stack.enter_async_context(self.photos)
            await stack.enter_async_context(self.pool)
            await stack.enter_async_context(self.batches)
            yield


async def _darkroom(request: Request) -> Darkroom:  # one that is not async would take a turn of another thread
    darkroom: Darkroom = request.app.state.darkroom
    return darkroom


Shared = Annotated[Darkroom, Depends(_darkroom)]
"""Type of a route's parameter that is to be the server's `Darkroom`."""


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make the work folder, readable for this user only, and hold it.

    Raises:
        UsageError: another server holds it, or it can't be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with claims.claimed(folder / "serve"):
            yield
    except claims.BusyError:
        raise UsageError(
            f"{folder}: another server works here: end it, or give this one another --work folder"
        ) from None
    except OSError as error:
        raise UsageError(
            f"{folder}: can't be worked in ({error.strerror or error}): give another --work folder"
        ) from None

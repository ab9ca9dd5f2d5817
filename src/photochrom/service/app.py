"""The app: settings in, an ASGI application out. Every part of the service is plugged in here, by one line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from photochrom.service import page, problems
from photochrom.service.darkroom import Darkroom
from photochrom.service.guarded import guard
from photochrom.service.metrics import Counting
from photochrom.service.routes import batches, colorize, photos, status
from photochrom.service.settings import Settings

_ROUTERS = (status.router, colorize.router, photos.router, batches.router)


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application. Its lifespan starts the workers and ends them.

    Raises (when it starts):
        UsageError: another server has the work folder.
        ModelError, MissingExtraError: the model can't be used.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with darkroom.opened():
            yield

    darkroom = Darkroom(settings)
    app = FastAPI(
        title="Photochrom",
        summary="Colours black-and-white photographs; nothing leaves this machine.",
        version=version("photochrom"),
        lifespan=lifespan,
        docs_url=None,  # these pages would be fetched from elsewhere
        redoc_url=None,
        form_limits={"max_files": 8, "max_fields": 32},
    )
    app.state.darkroom = darkroom
    problems.install(app)
    for router in _ROUTERS:
        app.include_router(router)
    page.serve(app)
    # Later ones are around the earlier ones: what is refused is counted, too.
    guard(app, settings, answer=lambda error: problems.problem_of(error).response())
    app.add_middleware(Counting, metrics=darkroom.metrics)
    return app

"""Which guards stand before the application, in which order, and with which bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from photochrom.service.guards.bodies import Bodies, Bounds
from photochrom.service.guards.connections import Connection
from photochrom.service.guards.headers import Headers
from photochrom.service.guards.hosts import Hosts
from photochrom.service.guards.keys import Keys
from photochrom.service.guards.mistakes import Mistakes
from photochrom.service.guards.sites import Sites
from photochrom.service.settings import Settings

_AROUND: Final = 1 << 20
"""Bytes of a form beside its files."""

_HEAD: Final = 1 << 10
"""Bytes of a form around each of its files."""

_EVERYWHERE: Final = ("0.0.0.0", "::")


def guard(app: FastAPI, settings: Settings, *, answer: Callable[[Exception], ASGIApp]) -> None:
    """Put all guards around an application.

    Args:
        answer: what an exception that nothing has met is answered with; it sees to the log as well.
    """
    upload = settings.max_upload + _AROUND
    batch = settings.batch_bytes + _AROUND + _HEAD * settings.batch_files
    bounds = Bounds(
        sizes={
            ("POST", "/v1/colorize"): upload,
            ("POST", "/v1/photos"): upload,
            ("POST", "/v1/batches"): max(upload, batch),
        },
        uploads=2 * settings.max_queue,
        folder=settings.folder,
    )
    own = () if settings.host in _EVERYWHERE else (settings.host,)
    # Each is around those before it.
    app.add_middleware(Bodies, bounds=bounds)
    if settings.api_key is not None:
        app.add_middleware(Keys, key=settings.api_key)
    app.add_middleware(Sites)
    app.add_middleware(Hosts, allowed=(*settings.allowed_hosts, *own))
    app.add_middleware(Mistakes, answer=answer)
    app.add_middleware(Headers)


def server_options() -> dict[str, Any]:
    """Options of `uvicorn.Config` that belong to it: connections are watched, and nothing that came is logged."""
    return {
        "http": Connection,
        "ws": "none",
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
    }

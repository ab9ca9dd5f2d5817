"""One line in the log for each request: what was asked for, what became of it, how long it took.

By the pattern of its route, never by its address: who knows the id of a photograph may see it, and an address may be
anything that somebody wants to stand in the log.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_log = logging.getLogger(__name__)


class Journal:
    """Writes it when the answer is out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        start, status = time.perf_counter(), "no answer"

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "(no route)")
            method = scope["method"] if scope["method"] in _METHODS else "(other)"
            _log.info("%s %s: %s, %.0f ms", method, route, status, 1000 * (time.perf_counter() - start))

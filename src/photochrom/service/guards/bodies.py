"""Bounds what comes in: how large a body may be, how slowly it may come, how many at once, and whether there is room.

Bytes are counted as they come, since the length that was announced may be a lie or be absent. A body that breaks a
bound ends there: whatever the application makes of that, the client is told the reason.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from python_multipart.multipart import parse_options_header
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from photochrom.service.guards.refusal import Refusal, header

PLAIN: Final = 1 << 20
"""Most bytes of a body that holds no file: options and hints."""

RESERVE: Final = 512 << 20
"""Bytes of the disk that stay free whatever comes."""

_LOOK: Final = 16 << 20
"""Bytes after which the disk is looked at again."""

_HEAD: Final = 32 << 10
"""Most bytes of all headers together."""

_DIGITS: Final = 18
"""Of the longest length that is looked at."""

_COPIES: Final = 3
"""How often an upload may lie on the disk at once: as it came, as it is kept, and coloured."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a body may be.

    Attributes:
        sizes: most bytes of a body by (method, path), where files are expected; of any other it is `PLAIN`.
        uploads: most of those at once.
        folder: on the disk that they go to.
        grace: seconds that a client may keep the service waiting, all in all,
        rate: and one more for each of so many bytes that came.
        reserve: bytes of the disk that stay free.
    """

    sizes: dict[tuple[str, str], int]
    uploads: int
    folder: Path
    grace: float = 30.0
    rate: float = 8192.0
    reserve: int = RESERVE


class _Broken(Exception):
    """Ends the application's reading."""


class Bodies:
    """Hands bodies on to the application as long as they keep within their bounds."""

    def __init__(self, app: ASGIApp, *, bounds: Bounds) -> None:
        self._app, self._bounds = app, bounds
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        cap = self._bounds.sizes.get((scope["method"], scope["path"]))
        body = _Body(receive, send, self._bounds, PLAIN if cap is None else cap)
        refusal = body.announced(scope)
        if refusal is None and cap is not None and self._uploads >= self._bounds.uploads:
            refusal = _BUSY
        if refusal:
            return await refusal(scope, receive, send)
        self._uploads += cap is not None
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if body.refusal is None:
                raise
        finally:
            self._uploads -= cap is not None
        if body.refusal and not body.answered:
            await body.refusal(scope, receive, send)


class _Body:
    """One of them, while it comes."""

    def __init__(self, receive: Receive, send: Send, bounds: Bounds, cap: int) -> None:
        self._receive, self._send, self._bounds, self._cap = receive, send, bounds, cap
        self._got, self._looked, self._waited = 0, 0, 0.0
        self._whole = False
        self.refusal: Refusal | None = None
        self.answered = False

    def announced(self, scope: Scope) -> Refusal | None:
        """Why a body is not even begun to be read."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _HEAD:
            return _MALFORMED
        length = header(scope, b"content-length") or "0"
        if not length.isdecimal() or len(length) > _DIGITS or not _readable(header(scope, b"content-type")):
            return _MALFORMED
        return _too_large(self._cap) if int(length) > self._cap else self._no_room(_COPIES * int(length))

    async def receive(self) -> Message:
        if self.refusal:
            raise _Broken
        if self._whole:  # the application waits for the client to leave, and may do so for long
            return await self._receive()
        start = time.monotonic()
        try:
            async with asyncio.timeout(self._bounds.grace + self._got / self._bounds.rate - self._waited):
                message = await self._receive()
        except TimeoutError:
            self._end(_SLOW)
        self._waited += time.monotonic() - start
        self._got += len(message.get("body", b""))
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        if self._got > self._cap:
            self._end(_too_large(self._cap))
        if self._got - self._looked >= _LOOK:
            self._looked = self._got
            if refusal := self._no_room(_COPIES * _LOOK):
                self._end(refusal)
        return message

    async def send(self, message: Message) -> None:
        if self.refusal and not self.answered:
            return  # what the application makes of a body that ended early
        self.answered = True
        await self._send(message)

    def _end(self, refusal: Refusal) -> None:
        self.refusal = refusal
        raise _Broken

    def _no_room(self, wanted: int) -> Refusal | None:
        if not wanted:
            return None
        return None if shutil.disk_usage(self._bounds.folder).free - wanted > self._bounds.reserve else _NO_ROOM


def _readable(kind: str | None) -> bool:
    """Whether text is said to be UTF-8, or nothing is said: Starlette decodes forms by any codec that Python has, and
    some of those, such as `idna`, are no character sets and raise what it doesn't expect."""
    if kind is None:
        return True
    charset = parse_options_header(kind)[1].get(b"charset", b"utf-8")
    return kind != "" and charset.lower() in (b"utf-8", b"utf8", b"us-ascii")


def _too_large(cap: int) -> Refusal:
    return Refusal(
        status=413, code="too_large", message=f"What was sent is larger than the {cap / 1e6:,.0f} MB that are taken."
    )


_MALFORMED: Final = Refusal(
    status=400, code="bad_request", message="The head of the request makes no sense, or is too large."
)
_SLOW: Final = Refusal(
    status=408,
    code="too_slow",
    message="The upload came too slowly and was given up.",
    headers=(("connection", "close"),),
)
_BUSY: Final = Refusal(
    status=503,
    code="busy",
    message="Too many uploads at once. Try again in a few seconds.",
    headers=(("retry-after", "5"),),
)
_NO_ROOM: Final = Refusal(
    status=503,
    code="no_room",
    message="The disk of the service is nearly full. Try again later.",
    headers=(("retry-after", "60"),),
)

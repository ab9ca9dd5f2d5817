"""The API key: whoever has it may use `/v1` and read `/metrics`; the page itself loads without, to ask for it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from photochrom.service.guards.refusal import Refusal, header

SLOWED: Final = 0.5
"""Seconds that a wrong key waits for its answer, while everything else goes on."""

_MISSING: Final = Refusal(
    status=401,
    code="key_needed",
    message="An API key is needed: send it as Authorization: Bearer KEY, or as X-API-Key: KEY.",
    headers=(("www-authenticate", "Bearer"),),
)
_WRONG: Final = Refusal(
    status=401,
    code="wrong_key",
    message="The API key is not the right one.",
    headers=(("www-authenticate", "Bearer"),),
)


class Keys:
    """Lets through what carries the key, and what needs none.

    The digests of the keys are compared, so that the time it takes says nothing about the key, its length included.
    """

    def __init__(self, app: ASGIApp, *, key: str, slowed: float = SLOWED) -> None:
        self._app, self._slowed = app, slowed
        self._digest = _digest(key.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_open(scope):
            return await self._app(scope, receive, send)
        given = _given(scope)
        if given is None:
            return await _MISSING(scope, receive, send)
        if not hmac.compare_digest(_digest(given.encode("latin-1")), self._digest):
            await asyncio.sleep(self._slowed)
            return await _WRONG(scope, receive, send)
        await self._app(scope, receive, send)


def _is_open(scope: Scope) -> bool:
    """Reading what is not `/v1` or `/metrics`: the page, health and version."""
    path = scope["path"]
    return scope["method"] in ("GET", "HEAD") and not path.startswith(("/v1", "/metrics"))


def _given(scope: Scope) -> str | None:
    scheme, _, token = (header(scope, b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return header(scope, b"x-api-key")


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()

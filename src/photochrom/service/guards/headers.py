"""What stands in the head of every answer, errors included, so that a browser can do no harm with any of them.

A picture that was uploaded comes back as a picture or as bytes to be saved, never as a document: no answer of `/v1`
may run, be framed, be embedded elsewhere or be kept in a cache.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"

ALWAYS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "permissions-policy": ", ".join(
        f"{feature}=()"
        for feature in ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb")
    ),
}
_PASSIVE: Final = ("application/json", "application/zip", "text/event-stream", "multipart/byteranges", "image/")


class Headers:
    """Sets them on whatever the application answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        api = scope["path"].startswith("/v1")

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                dress(MutableHeaders(scope=message), api=api)
            await send(message)

        await self._app(scope, receive, dressed)


def dress(headers: MutableHeaders, *, api: bool) -> None:
    """Set the headers of an answer.

    Args:
        headers: those of the answer; changed.
        api: whether it comes from `/v1`: data, never a page.
    """
    for name, value in ALWAYS.items():
        headers[name] = value
    headers["content-security-policy"] = DATA_POLICY if api else PAGE_POLICY
    for name in [name for name in headers if name.startswith("access-control-")]:
        del headers[name]
    if not api:
        headers.setdefault("cache-control", "no-cache")
        return
    headers["cache-control"] = "no-store"
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and (not kind.startswith(_PASSIVE) or kind.startswith("image/svg")):
        headers["content-type"] = "application/octet-stream"

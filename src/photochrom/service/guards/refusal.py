"""The one answer that guards give when they let a request go no further: a problem in JSON, as routes give it, too."""

from __future__ import annotations

import json
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An ASGI application that answers every request with the same problem.

    Attributes:
        status: of HTTP.
        code: for programs.
        message: one plain sentence for people; it repeats nothing of what came.
        headers: more of them, as pairs of name and value.
    """

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> bytes:
        return json.dumps({"code": self.code, "message": self.message}).encode()

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        own = (("content-type", "application/json"), ("content-length", str(len(self.body))))
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*own, *self.headers)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a header, its name in lower case; None where it is absent, "" where it came more than once."""
    values = [value for key, value in scope["headers"] if key == name]
    if not values:
        return None
    return str(values[0].decode("latin-1")).strip() if len(values) == 1 else ""

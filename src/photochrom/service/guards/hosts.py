"""Answers only to names that are known to be its own, against DNS rebinding.

A page of a foreign site can let its own name point to 127.0.0.1 once it is loaded; the browser then takes the service
for a part of that site and lets the page read it. The name it was asked by still stands in `Host`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from photochrom.service.guards.refusal import Refusal, header

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})

_FOREIGN: Final = Refusal(
    status=403,
    code="unknown_host",
    message="The service does not answer to the name that it was asked by. If the name is its own, start it with "
    "--allowed-host and that name.",
)


class Hosts:
    """Refuses a request whose `Host` is none of `allowed` (names without a port) and not a name of loopback.

    Any port will do: the port in `Host` is the one that the client sees, which a container or a proxy may have moved,
    and rebinding needs a foreign name, never a foreign port.
    """

    def __init__(self, app: ASGIApp, *, allowed: Iterable[str] = ()) -> None:
        self._app = app
        self._allowed = LOOPBACK | {name_of(each) for each in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = scope["type"] == "lifespan" or name_of(header(scope, b"host") or "") in self._allowed
        await (self._app if known else _FOREIGN)(scope, receive, send)


def name_of(host: str) -> str:
    """A host without its port, in the form in which two are compared: "LocalHost.:80" is "localhost"."""
    name, colon, port = host.strip().lower().rpartition(":")
    if not colon or not port.isdecimal() or (":" in name and not name.endswith("]")):
        name = host.strip().lower()  # no port: a bare name, or an IPv6 address
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    return name.removesuffix(".")

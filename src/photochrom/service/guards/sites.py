"""Keeps other web sites from driving the service, or reading it, through the browser of somebody who runs it.

A browser sends along where a request comes from: `Sec-Fetch-Site`, and `Origin` with whatever could change something.
Programs send neither. No header of CORS is ever given, so nothing that another site asks for can be read by it; what
would change something without being read is refused here.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from photochrom.service.guards.hosts import name_of
from photochrom.service.guards.refusal import Refusal, header

_OTHER_SITE: Final = Refusal(
    status=403, code="other_site", message="Another web site asked for this; the service works for its own page only."
)
_READS: Final = frozenset({"GET", "HEAD"})


class Sites:
    """Refuses what another site asks for, and every CORS preflight. A link from elsewhere may open the page.

    Another port of the same machine is another site: what listens there may be anybody's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = scope["type"] == "http" and (_preflight(scope) or (_foreign(scope) and not _opens_page(scope)))
        await (_OTHER_SITE if refused else self._app)(scope, receive, send)


def _preflight(scope: Scope) -> bool:
    return scope["method"] == "OPTIONS" and header(scope, b"access-control-request-method") is not None


def _foreign(scope: Scope) -> bool:
    site, origin = header(scope, b"sec-fetch-site"), header(scope, b"origin")
    own = ("same-origin", "none") if scope["method"] in _READS else ("same-origin",)
    return (site is not None and site not in own) or (origin is not None and not _same(origin, scope))


def _same(origin: str, scope: Scope) -> bool:
    """Either scheme will do, since TLS may end at a proxy; host and port must be those that were asked."""
    scheme, separator, host = origin.partition("://")
    asked = header(scope, b"host") or ""
    return bool(separator) and scheme in _PORTS and _with_port(host, scheme) == _with_port(asked, scheme)


_PORTS: Final = {"http": "80", "https": "443"}


def _with_port(host: str, scheme: str) -> tuple[str, str]:
    _, colon, port = host.rpartition(":")
    return name_of(host), port if colon and port.isdecimal() else _PORTS[scheme]


def _opens_page(scope: Scope) -> bool:
    """A link that was followed, or an address that was typed elsewhere: it shows something to a person only."""
    navigates = header(scope, b"sec-fetch-mode") == "navigate" and header(scope, b"sec-fetch-dest") == "document"
    api = scope["path"].startswith("/v1")
    return scope["method"] in _READS and navigates and not api and header(scope, b"origin") is None

"""Ends connections that only hold on: no request in time (slowloris), an answer that nobody reads.

Time limits of requests begin when their head is there, so a connection that never gets that far has to be ended one
floor below ASGI, in uvicorn's protocol. Bodies that come too slowly are the business of `bodies`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
from starlette.datastructures import MutableHeaders
from uvicorn.protocols.http.h11_impl import H11Protocol

from photochrom.service.guards.headers import dress
from photochrom.service.guards.refusal import Refusal

MOST: Final = 500
"""Connections at once: below the 1,024 open files that a process may have by default."""

_NO_HTTP: Final = Refusal(status=400, code="bad_request", message="This is no request that the service understands.")


class Connection(H11Protocol):
    """uvicorn's protocol with a watch, for its option `http`."""

    patience = 20.0
    """Seconds from the opening of a connection, or the end of an answer, to the head of the next request; what is left
    of a body that was refused has to come by then, too."""
    stall = 30.0
    """Seconds without a byte taken by a client that has not read its answer."""
    most = MOST

    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
            return
        self._idle_since: float | None = self.loop.time()
        self._moved, self._unread = self.loop.time(), 0
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch:
            self._watch.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def resume_writing(self) -> None:
        self._moved = self.loop.time()
        super().resume_writing()

    def _look(self) -> None:
        now = self.loop.time()
        unread = self.transport.get_write_buffer_size()
        if unread < self._unread or not unread:
            self._moved = now
        self._unread = unread
        if self.cycle is not None and not self.cycle.response_complete:
            self._idle_since = None
        elif self._idle_since is None or unread:
            self._idle_since = now
        waits = self._idle_since is not None and now - self._idle_since > self.patience
        if waits or now - self._moved > self.stall:
            self.transport.abort()
            return
        self._watch = self.loop.call_later(min(self.patience, self.stall) / 4, self._look)

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE) or (self.cycle and self.cycle.response_started):
            self.transport.abort()
            return
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        head: dict[str, Any] = {"headers": [*_NO_HTTP.raw_headers, (b"connection", b"close")]}
        dress(MutableHeaders(scope=head), api=True)
        self.transport.write(self.conn.send(h11.Response(status_code=400, headers=head["headers"])) or b"")
        self.transport.write(self.conn.send(h11.Data(data=_NO_HTTP.body)) or b"")
        self.transport.write(self.conn.send(h11.EndOfMessage()) or b"")
        self.transport.close()

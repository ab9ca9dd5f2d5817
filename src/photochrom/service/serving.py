"""Serving: the app on a socket, from the first worker's start until somebody ends it, and nothing left behind then."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import math
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from photochrom.errors import UsageError
from photochrom.service.darkroom import Darkroom
from photochrom.service.guarded import server_options
from photochrom.service.launched import Attendance, unused_for
from photochrom.service.settings import Settings

_PATIENCE: Final = 5
"""Seconds that answers under way may take to come to their end when the server is told to end."""

_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)


def serve(app: FastAPI, *, ready: Callable[[str], object], journal: bool = False, unused: float | None = None) -> None:
    """Serve until SIGINT (Ctrl-C) or SIGTERM.

    Args:
        app: what `create_app` gave.
        ready: called with the address, such as "http://127.0.0.1:8421", once it answers there.
        journal: write a line to standard error for each request.
        unused: seconds without any request, and without any work, after which it ends by itself.

    Raises:
        UsageError: it can't listen there, or another server has the work folder.
        PhotochromError: the model can't be used.
    """
    darkroom: Darkroom = app.state.darkroom
    _log(journal)
    with listening(darkroom.settings) as place, temporary_files_in(darkroom.requests.folder.absolute()):
        asyncio.run(_served(app, darkroom, place, ready, unused))


async def _served(
    app: FastAPI, darkroom: Darkroom, place: socket.socket, ready: Callable[[str], object], unused: float | None
) -> None:
    attendance = Attendance(app)
    config = uvicorn.Config(
        attendance, lifespan="off", log_config=None, timeout_graceful_shutdown=_PATIENCE, **server_options()
    )
    server = _Server(config, ready=lambda: ready(_address(place)), leaving=darkroom.batches.dismiss)

    async def leave(seconds: float) -> None:
        await unused_for(seconds, attendance=attendance, busy=lambda: darkroom.pool.at_work)
        server.should_exit = True

    app.openapi()  # kept by the app: made for the first who asks, it would take 0.2 s in which nobody is answered
    async with darkroom.opened():
        gc.freeze()  # what was imported is for good: to look through it again takes 50 ms, in which nobody is answered
        leaving = asyncio.create_task(leave(math.inf if unused is None else unused))
        try:
            await server.serve(sockets=[place])
        finally:
            leaving.cancel()


class _Server(uvicorn.Server):
    """One that says when it is ready, and takes being told to end as an end like any other."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], object], leaving: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready
        self._leaving = leaving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._leaving()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in _SIGNALS
            if signal.getsignal(number) != signal.SIG_IGN  # as nohup wants it
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """A socket on the host and port of the settings.

    Raises:
        UsageError: there is no such host here, or the port is in use.
    """
    host, port = settings.host.strip("[]"), settings.port
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise UsageError(f"{host}: is no address of this machine ({error.strerror or error})") from None
    with socket.socket(family, kind, protocol) as listener:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        elif sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        try:
            listener.bind(place)
            listener.listen()  # two could be bound, but only one of them may listen
        except PermissionError:
            raise UsageError(f"port {port} of {host}: may not be used by you: give a --port from 1024 up") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise UsageError(
                    f"port {port} of {host}: is in use, by another Photochrom or by something else: give another --port"
                ) from None
            raise UsageError(f"{host}: can't be listened at ({error.strerror or error}): give another --host") from None
        yield listener


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Within the block, temporary files of this process and of those that it starts go there.

    An upload is one until it has come whole. The usual place is memory on many systems, and not the disk whose
    room is looked at before an upload is taken.
    """
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"], tempfile.tempdir = str(folder), str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = None
        del os.environ["TMPDIR"]
        if before is not None:
            os.environ["TMPDIR"] = before


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _log(journal: bool) -> None:
    """Messages of the service to standard error, as lines with the time."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    for name, level in (("photochrom", logging.INFO if journal else logging.WARNING), ("uvicorn", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.handlers[:] = [handler]
        logger.propagate = False

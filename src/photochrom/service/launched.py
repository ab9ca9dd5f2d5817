"""What is different when the launcher starts the service: nobody sees a terminal, and there is nothing to close.

So a second double-click opens the page of the service that runs already, what went wrong is told in a window, and the
service ends by itself once nobody has used it for a while.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from photochrom.service.launcher import NAME

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

WATCHED: Final = ("/healthz", "/metrics", "/version")
"""Whoever asks for these watches the service and does not use it."""


def answers(address: str, *, seconds: float = 2.0) -> bool:
    """Whether a Photochrom, and not something else, answers at "http://host:port"."""
    try:
        with build_opener(ProxyHandler({})).open(f"{address}/version", timeout=seconds) as answer:
            return "photochrom" in json.load(answer)
    except (OSError, ValueError, TypeError):
        return False


def listens(address: str) -> bool:
    """Whether anything at all listens at "http://host:port", a Photochrom that is starting for one."""
    place = urlsplit(address)
    try:
        with socket.create_connection((place.hostname or "", place.port or 80), timeout=2):
            return True
    except OSError:
        return False


def answers_within(address: str, seconds: float) -> bool:
    """Whether one answers there, or does so soon: another may be starting at this moment."""
    end = time.monotonic() + seconds
    while not answers(address):
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def open_page(address: str) -> threading.Thread:
    """Show the page in the person's browser. Some are waited for until they are closed, so that happens in a thread."""

    def show() -> None:
        if not webbrowser.open(f"{address}/"):
            print(f"No browser could be started: open {address}/ yourself", file=sys.stderr)

    thread = threading.Thread(target=show, name="photochrom-browser", daemon=True)
    thread.start()
    return thread


def tell(message: str, *, system: str = sys.platform) -> bool:
    """Show a message in a window of its own; whether there was a way to."""
    if system == "win32":
        return _message_box(message)
    ways = _APPLE if system == "darwin" else _DESKTOP
    for words in ways:
        if shutil.which(words[0]):
            subprocess.run([*words, message], check=False, capture_output=True)
            return True
    return False


_APPLE: Final = [
    ["osascript", "-e", "on run about", "-e", f'display alert "{NAME}" message (item 1 of about)', "-e", "end run"],
]
_DESKTOP: Final = [
    ["zenity", "--error", "--no-markup", f"--title={NAME}", "--text"],
    ["kdialog", "--title", NAME, "--error"],
    ["xmessage", "-center", "-title", NAME],
    ["notify-send", NAME],
]


def _message_box(message: str) -> bool:
    import ctypes

    user: object = getattr(getattr(ctypes, "windll"), "user32")  # noqa: B009 - known on Windows only
    return bool(user.MessageBoxW(None, message, NAME, 0x10))  # type: ignore[attr-defined]


class Attendance:
    """Middleware that knows since when nobody has used the service.

    Args:
        app: what it stands around.
        clock: seconds that only grow.
    """

    def __init__(self, app: ASGIApp, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._clock = app, clock
        self._open = 0
        self._last = clock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in WATCHED:
            return await self._app(scope, receive, send)
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1
            self._last = self._clock()

    @property
    def unused(self) -> float:
        """Seconds since the last request was answered; 0 while one is."""
        return 0.0 if self._open else self._clock() - self._last


async def unused_for(seconds: float, *, attendance: Attendance, busy: Callable[[], bool], every: float = 10.0) -> None:
    """Come back once nobody has asked for anything, and nothing was worked on, for so many seconds."""
    worked = time.monotonic()
    while min(attendance.unused, time.monotonic() - worked) < seconds:
        if busy():
            worked = time.monotonic()
        await asyncio.sleep(min(every, seconds))


def into_file(path: Path) -> None:
    """Have all that would be printed, by worker processes too, written to a file, from its beginning."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = path.open("w", buffering=1, encoding="utf-8", errors="backslashreplace")
    for number in (1, 2):
        os.dup2(log.fileno(), number)
    sys.stdout = sys.stderr = log

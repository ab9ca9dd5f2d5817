"""Work that goes wrong in every way, for the tests of the service's pool: a worker imports it by its name."""

from __future__ import annotations

import os
import time
from pathlib import Path

from photochrom.errors import PhotoError, UsageError
from photochrom.service.studio import Studio

_HELD: list[bytes] = []


def echo(studio: Studio, value: object) -> object:
    """The value."""
    return value


def pid(studio: Studio) -> int:
    """Of the worker."""
    return os.getpid()


def hang(studio: Studio, begun: Path, seconds: float = 600.0) -> int:
    """Write the worker's pid, and be busy."""
    begun.with_suffix(".part").write_text(str(os.getpid()))
    begun.with_suffix(".part").replace(begun)
    time.sleep(seconds)
    return os.getpid()


def note(studio: Studio, log: Path, word: str) -> None:
    """Write a line."""
    with log.open("a") as file:
        file.write(f"{word}\n")


def abort(studio: Studio) -> None:
    """Crash."""
    os.abort()


def flood(studio: Studio, size: int) -> None:
    """Take more and more memory."""
    while True:
        _HELD.append(b"x" * size)
        time.sleep(0.01)


def keep(studio: Studio, size: int) -> int:
    """Keep memory after the work."""
    _HELD.append(b"x" * size)
    return os.getpid()


def refuse(studio: Studio) -> None:
    """Say what is wrong."""
    raise UsageError("this makes no sense")


def damaged(studio: Studio) -> None:
    """Say what is wrong with a file."""
    raise PhotoError("family.jpg: is damaged")


def mistaken(studio: Studio) -> None:
    """Make a mistake whose message quotes somebody."""
    raise KeyError("the secret note")

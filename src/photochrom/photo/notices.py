"""Warnings about one photograph: what could not be kept, what had to be guessed.

A Python warning reaches whoever calls the library and does not look for it. A command with many
files in several threads must know which file a warning belongs to, and Python's own recording
of warnings is not safe there: `collect_warnings` is, because each thread has its own context.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_collector: ContextVar[list[str] | None] = ContextVar("photochrom_warnings", default=None)


class PhotoWarning(UserWarning):
    """Something about a photograph that its owner should know; the work went on."""


def warn(message: str) -> None:
    """Tell the caller: into the list of `collect_warnings` where one is open here, else as a `PhotoWarning`."""
    collected = _collector.get()
    if collected is None:
        warnings.warn(message, PhotoWarning, stacklevel=_caller())
    elif message not in collected:  # every page of a file may have the same to say
        collected.append(message)


def _caller() -> int:
    """How many frames away from `warn` the code is that called this library: the line that a warning should show."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("photochrom."):
        frame, level = frame.f_back, level + 1
    return level


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Within the block, this thread's warnings go into the list that is given, and nowhere else.

    >>> with collect_warnings() as notes:
    ...     warn("family.bmp: BMP has no place for EXIF")
    >>> notes
    ['family.bmp: BMP has no place for EXIF']
    """
    collected: list[str] = []
    token = _collector.set(collected)
    try:
        yield collected
    finally:
        _collector.reset(token)

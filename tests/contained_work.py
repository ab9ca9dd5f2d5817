"""What a child serves in the tests of the room `contained`: it imports this by its name."""

from __future__ import annotations

import os
import sys
import time

from photochrom.contained.process import PROGRESS, WRITES, Tell
from photochrom.errors import UsageError


class Serving:
    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def add(self, one: int, other: int) -> int:
        return one + other

    def refuse(self) -> None:
        raise UsageError("no")

    def mistaken(self) -> None:
        raise KeyError("a mistake of ours")

    def abort(self) -> None:
        os.abort()

    def chatter(self) -> str:
        """What libraries do: print, and read standard input."""
        print("hello")
        return sys.stdin.read()

    def slow_but_sure(self, parts: int, seconds: float) -> int:
        for _ in range(parts):
            time.sleep(seconds)
            self._tell(PROGRESS, None)
        return parts

    def hang_while_writing(self, path: object) -> None:
        self._tell(WRITES, path)
        time.sleep(600)


class Odd:
    """Something that can be written and not be read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return _unreadable, ("nowhere",)


def _unreadable(where: str) -> None:
    raise ImportError(where)

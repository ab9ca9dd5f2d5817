"""Numbers that a caller gave, checked where they come in.

One that is of the wrong type is refused like one that is out of range, in one kind of message, so that
what is inside can trust its numbers.
"""

from __future__ import annotations

from math import inf, isfinite
from numbers import Integral, Real
from reprlib import repr as short
from typing import Any

from photochrom.errors import UsageError


def number(value: Any, name: str, least: float = -inf, most: float = inf) -> float:
    """The value, a finite number in a range; a truth value is none, and neither is a text.

    Raises:
        UsageError: it is not; the message calls it `name`.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            found = float(value)
        except OverflowError:
            found = inf
        if isfinite(found) and least <= found <= most:
            return found
    raise UsageError(f"{name} is a number{_range(least, most)}, not {short(value)}")


def integer(value: Any, name: str, least: float = -inf, most: float = inf) -> int:
    """The value, a whole number in a range; see `number`.

    Raises:
        UsageError: it is not.
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= most:
        return int(value)
    raise UsageError(f"{name} is a whole number{_range(least, most)}, not {short(value)}")


def _range(least: float, most: float) -> str:
    return (f" from {least:g}" if least > -inf else "") + (f" to {most:g}" if most < inf else "")

"""The options that a record holds: which there are, and what their values may be.

A record comes from a file that anybody can have written, so nothing in it is used unchecked. What a
caller gives is held against the same ranges.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from reprlib import repr as short
from typing import Any, Final

from photochrom.errors import UsageError
from photochrom.values import integer, number

RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "vividness": (0, 1),
    "strength": (0, 2),
    "warmth": (-1, 1),
    "detail": (1, 4),
}
"""The least and greatest value of the options that are numbers."""


def checked(options: Any, where: str) -> dict[str, Any]:
    """The options of a record, each of which makes sense.

    Raises:
        UsageError: one does not, or is unknown; the message begins with `where`.
    """
    if not isinstance(options, Mapping):
        raise UsageError(f"{where}: options are an object, not {options!r}")
    for name, value in options.items():
        try:
            _check(name, value)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
    return dict(options)


def ranged(name: str, value: Any) -> float:
    """The value of an option that is a number, in its range.

    Raises:
        UsageError: it is not.
    """
    return number(value, name, *RANGES[name])


def switch(name: str, value: Any) -> bool:
    """The value of an option that is on or off.

    Raises:
        UsageError: it is neither.
    """
    if not isinstance(value, bool):
        raise UsageError(f"{name} is true or false, not {short(value)}")
    return value


def _check(name: str, value: Any) -> None:
    if name in RANGES:
        ranged(name, value)
    elif name in _SWITCHES:
        switch(name, value)
    elif name == "page":
        integer(value, name, 0)
    elif name in _MEANS:
        means, fits = _MEANS[name]
        if not fits(value):
            raise UsageError(f"{name} is {means}, not {value!r}")
    else:
        raise UsageError(f"has the option {name!r}, which this Photochrom does not know: update it")


def _is_file(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(re.fullmatch("[0-9a-f]{64}", str(value.get("sha256"))))


def _are_boxes(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(box, list | tuple) and len(box) == 4 and all(map(_is_number, box)) for box in value
    )


def _is_number(value: Any) -> bool:
    try:
        number(value, "")
    except UsageError:
        return False
    return True


def _is_variant(value: Any) -> bool:
    parts = {"seed", "number", "anchors"}
    return isinstance(value, Mapping) and set(value) == parts and all(type(each) is int for each in value.values())


_SWITCHES: Final = ("keep_tone", "label")

_FILE: Final = ('an object with the "sha256" of a file', _is_file)

_MEANS: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "keep_grey": _FILE,
    "reference": _FILE,
    "refine": ("a list of boxes [left, top, right, bottom]", _are_boxes),
    "variant": ("an object with the whole numbers seed, number and anchors", _is_variant),
}
"""What each other option is, in words, and whether a value is that."""

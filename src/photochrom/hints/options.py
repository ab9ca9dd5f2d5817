"""The options that a record holds: which there are, and what their values may be.

A record comes from a file that anybody can have written, so nothing in it is used unchecked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

from photochrom.errors import UsageError


def checked(options: Any, where: str) -> dict[str, Any]:
    """The options of a record, each of which makes sense.

    Raises:
        UsageError: one does not, or is unknown; the message begins with `where`.
    """
    if not isinstance(options, Mapping):
        raise UsageError(f"{where}: options are an object, not {options!r}")
    for name, value in options.items():
        if name not in _MEANS:
            raise UsageError(f"{where}: has the option {name!r}, which this Photochrom does not know: update it")
        means, check = _MEANS[name]
        if not check(value):
            raise UsageError(f"{where}: {name} is {means}, not {value!r}")
    return dict(options)


def _number(least: float, most: float) -> tuple[str, Callable[[Any], bool]]:
    return f"a number from {least:g} to {most:g}", lambda value: _is_number(value) and least <= value <= most


def _whole(least: int) -> tuple[str, Callable[[Any], bool]]:
    return f"a whole number from {least}", lambda value: _is_number(value) and isinstance(value, int) and value >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_file(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(re.fullmatch("[0-9a-f]{64}", str(value.get("sha256"))))


def _are_boxes(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(box, list | tuple) and len(box) == 4 and all(map(_is_number, box)) for box in value
    )


def _is_variant(value: Any) -> bool:
    parts = {"seed", "number", "anchors"}
    return isinstance(value, Mapping) and set(value) == parts and all(type(each) is int for each in value.values())


_FILE: Final = ('an object with the "sha256" of a file', _is_file)

_MEANS: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "vividness": _number(0, 1),
    "strength": _number(0, 2),
    "warmth": _number(-1, 1),
    "detail": _number(1, 4),
    "keep_tone": ("true or false", lambda value: isinstance(value, bool)),
    "keep_grey": _FILE,
    "reference": _FILE,
    "refine": ("a list of boxes [left, top, right, bottom]", _are_boxes),
    "variant": ("an object with the whole numbers seed, number and anchors", _is_variant),
    "label": ("true or false", lambda value: isinstance(value, bool)),
}
"""What each option is, in words, and whether a value is that."""

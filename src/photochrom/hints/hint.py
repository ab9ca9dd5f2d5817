"""Hint and Stroke: what a person says about the colour of a place, and where they know it from.

The same hints go through the Python API, the command line, the page, project files and the mark
in a result; all of them write the JSON that is defined here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from reprlib import repr as short
from typing import Any, Final

from photochrom.errors import UsageError
from photochrom.hints.color import Color, ColorLike
from photochrom.values import number

MOST: Final = 10_000
"""Hints that one picture may have."""

MOST_NOTE: Final = 2000
"""Characters of a note."""

_KEYS: Final = frozenset({"x", "y", "stroke", "color", "radius", "note"})


@dataclass(frozen=True, init=False)
class Hint:
    """The colour of one place.

    Attributes:
        x, y: in pixels of the photograph as it is seen, upright: 0, 0 is its upper left corner.
        color: given as `Color.of` takes it; only hue and chroma count, the light is the photograph's own.
        radius: pixels around the place that have the colour as well; 0 is the place alone.
        note: where the knowledge comes from, such as "regimental museum, inv. 114".

    Raises:
        UsageError: from the constructor, where a value makes no sense.
    """

    x: float
    y: float
    color: Color
    radius: float
    note: str

    def __init__(self, x: float, y: float, color: ColorLike, radius: float = 0, note: str = "") -> None:
        object.__setattr__(self, "x", number(x, "a hint's x"))
        object.__setattr__(self, "y", number(y, "a hint's y"))
        _settle(self, color, radius, note)

    @property
    def line(self) -> tuple[tuple[float, float], ...]:
        """The place, as a line of one point."""
        return ((self.x, self.y),)

    def to_json(self) -> dict[str, Any]:
        """Plain values: the inverse of `from_json`."""
        return {"x": self.x, "y": self.y, **_common(self)}


@dataclass(frozen=True, init=False)
class Stroke:
    """The colour along a line.

    Attributes:
        points: (x, y) of its corners, at least one; in pixels as for a `Hint`.
        color, radius, note: as for a `Hint`.

    Raises:
        UsageError: from the constructor, where a value makes no sense.
    """

    points: tuple[tuple[float, float], ...]
    color: Color
    radius: float
    note: str

    def __init__(self, points: Sequence[Sequence[float]], color: ColorLike, radius: float = 0, note: str = "") -> None:
        if isinstance(points, str) or not isinstance(points, Sequence) or not points:
            raise UsageError(f"a stroke is a list of at least one (x, y), not {points!r}")
        for point in points:
            if isinstance(point, str) or not isinstance(point, Sequence) or len(point) != 2:
                raise UsageError(f"a stroke's point is (x, y), not {point!r}")
        object.__setattr__(self, "points", tuple((number(x, "a hint's x"), number(y, "a hint's y")) for x, y in points))
        _settle(self, color, radius, note)

    @property
    def line(self) -> tuple[tuple[float, float], ...]:
        """The corners."""
        return self.points

    def to_json(self) -> dict[str, Any]:
        """Plain values: the inverse of `from_json`."""
        return {"stroke": [list(point) for point in self.points], **_common(self)}


AnyHint = Hint | Stroke


def from_json(values: Any) -> AnyHint:
    """A hint or stroke from its plain values, `{"x": 310, "y": 220, "color": "#7a1f2b", "note": "…"}`, or with
    `"stroke": [[x, y], …]` in place of x and y.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(values, Mapping):
        raise UsageError(f"a hint is an object with x, y and color, not {values!r}")
    unknown = set(values) - _KEYS
    if unknown:
        raise UsageError(f"a hint has no {', '.join(sorted(map(str, unknown)))}: it has {', '.join(sorted(_KEYS))}")
    if "color" not in values or ("stroke" in values) == ("x" in values or "y" in values):
        raise UsageError(f"a hint needs color, and either x and y or stroke: {json.dumps(dict(values), default=str)}")
    common = {key: values[key] for key in ("color", "radius", "note") if key in values}
    if "stroke" in values:
        return Stroke(values["stroke"], **common)
    if not {"x", "y"} <= set(values):
        raise UsageError(f"a hint needs both x and y: {json.dumps(dict(values), default=str)}")
    return Hint(values["x"], values["y"], **common)


def listed(hints: Any) -> tuple[AnyHint, ...]:
    """The hints that a caller gave; each is looked at where it is used.

    Raises:
        UsageError: it is no list, as a single hint is not.
    """
    if isinstance(hints, Hint | Stroke | Mapping | str) or not isinstance(hints, Iterable):
        raise UsageError(f"hints are a list of Hint and Stroke, not {short(hints)}: put a single one into a list")
    return tuple(hints)


def read_hints(path: str | PathLike[str]) -> tuple[AnyHint, ...]:
    """The hints of a hint file: JSON, a list of hints, or an object with such a list as "hints".

    Raises:
        UsageError: it can't be read or holds something else; the message names the file and the hint.
    """
    try:
        values = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: the hints can't be read ({error.strerror or error})") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is no hint file, which is JSON ({error})") from None
    listed = values.get("hints") if isinstance(values, Mapping) else values
    if not isinstance(listed, list):
        raise UsageError(f"{path}: is no hint file: it should hold a list of hints")
    return tuple(_named(values, f"{path}: hint {number}") for number, values in enumerate(listed, start=1))


def write_hints(hints: Iterable[AnyHint]) -> str:
    """The text of a hint file."""
    return json.dumps({"hints": [hint.to_json() for hint in hints]}, indent=1, ensure_ascii=False) + "\n"


def _named(values: Any, name: str) -> AnyHint:
    try:
        return from_json(values)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None


def _common(hint: AnyHint) -> dict[str, Any]:
    values: dict[str, Any] = {"color": hint.color.hex}
    if hint.radius:
        values["radius"] = hint.radius
    if hint.note:
        values["note"] = hint.note
    return values


def _settle(hint: AnyHint, color: ColorLike, radius: float, note: str) -> None:
    object.__setattr__(hint, "color", Color.of(color))
    object.__setattr__(hint, "radius", number(radius, "a hint's radius", 0))
    object.__setattr__(hint, "note", note)
    if not isinstance(note, str) or len(note) > MOST_NOTE:
        raise UsageError(f"a hint's note is a text of at most {MOST_NOTE} characters")

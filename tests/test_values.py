"""Numbers of callers: whatever is of the wrong type or out of range is refused with its name, everywhere."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photochrom import Hint, Project, Stroke
from photochrom.canvas import Canvas
from photochrom.colorizer import Colorizer, colorize
from photochrom.errors import PhotoError, UsageError
from photochrom.values import integer, number

GREY = np.tile(np.arange(128, dtype=np.uint8), (96, 1))
NAN = float("nan")


@pytest.mark.parametrize("value", [0, 1.5, np.float32(0.5), np.int64(1), Fraction(1, 2), 2])
def test_a_number_in_range_is_taken_as_a_float(value: Any) -> None:
    assert number(value, "warmth", 0, 2) == float(value)
    assert type(number(value, "warmth", 0, 2)) is float


@pytest.mark.parametrize(
    "value", ["1", b"1", None, True, np.True_, NAN, float("inf"), 1j, [1], (), {}, -0.1, 2.1, np.zeros(3), 10**400]
)
def test_what_is_no_number_in_range_is_refused_by_name(value: Any) -> None:
    with pytest.raises(UsageError, match=r"^warmth is a number from 0 to 2, not "):
        number(value, "warmth", 0, 2)


@pytest.mark.parametrize("value", [1.0, NAN, "1", True, None, 0, 21, np.float32(3)])
def test_a_whole_number_is_no_other_number(value: Any) -> None:
    with pytest.raises(UsageError, match=r"^n is a whole number from 1 to 20, not "):
        integer(value, "n", 1, 20)


def test_whole_numbers_have_no_limit_unless_one_is_given() -> None:
    assert integer(np.int64(-5), "n") == -5
    assert integer(2**80, "n", 0) == 2**80


def test_a_long_value_is_told_in_few_words() -> None:
    with pytest.raises(UsageError) as told:
        number(list(range(10_000)), "warmth")
    assert len(str(told.value)) < 100


# The public names


@pytest.fixture(scope="module")
def painter(tiny: Path) -> Colorizer:
    return Colorizer(tiny, threads=1)


@pytest.fixture(scope="module")
def canvas(painter: Colorizer) -> Canvas:
    return painter.open(GREY)


HINT = Hint(5, 5, "red")

ODD = [
    *({name: value} for name in ("vividness", "strength", "warmth") for value in ("a", NAN, [1], True, 1j)),
    {"strength": None},
    {"warmth": None},
    {"keep_tone": "no"},
    {"keep_tone": None},
    *({"hints": value} for value in (HINT, 5, None, "red", {"x": 1}, [5], [None], ["red"])),
]


@pytest.mark.parametrize("options", ODD)
def test_odd_options_of_a_painting_are_refused_by_name(canvas: Canvas, tiny: Path, options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(UsageError, match=name.rstrip("s")):
        canvas.paint(**options)
    with pytest.raises(UsageError, match=name.rstrip("s")):
        canvas.variants(1, **options)
    with pytest.raises(UsageError, match=name.rstrip("s")):
        colorize(GREY, model=tiny, threads=1, **options)
    if name != "keep_tone":
        with pytest.raises(UsageError, match=name.rstrip("s")):
            canvas.confidence(**options)


def test_a_single_hint_is_told_where_to_go(canvas: Canvas) -> None:
    with pytest.raises(UsageError, match="put a single one into a list"):
        canvas.paint(hints=HINT)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options", [{"n": "a"}, {"n": None}, {"n": 2.0}, {"x": "a"}, {"x": None}, {"y": [1]}, {"y": NAN}, {"hints": HINT}]
)
def test_odd_places_for_suggestions_are_refused(canvas: Canvas, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        canvas.suggest(**{"x": 3, "y": 3, **options})


@pytest.mark.parametrize(
    "options", [{"n": "a"}, {"n": None}, {"n": NAN}, {"seed": "x"}, {"seed": None}, {"seed": 1.5}, {"seed": -1}]
)
def test_odd_numbers_of_variants_are_refused(canvas: Canvas, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="whole number"):
        canvas.variants(**{"n": 1, **options})


@pytest.mark.parametrize(
    "box", ["1234", ("1", "2", "40", "50"), None, 5, (True, False, 50, 50), (0, 0, 10**400, 50), {"a": 1}]
)
def test_odd_boxes_are_refused(canvas: Canvas, box: Any) -> None:
    with pytest.raises(UsageError, match="a box is"):
        canvas.refine(box)


@pytest.mark.parametrize(
    "options",
    [
        *({"detail": value} for value in ("a", NAN, True, [1])),
        *({"page": value} for value in ("a", None, 0.0, True)),
        *({"max_pixels": value} for value in ("a", None, NAN, -1)),
    ],
)
def test_odd_ways_to_open_are_refused_by_name(painter: Colorizer, options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(UsageError, match=name):
        painter.open(GREY, **options)


@pytest.mark.parametrize(
    "options", [*({"threads": value} for value in ("a", 1.5, True, 0)), {"model": 5}, {"model": None}, {"device": 5}]
)
def test_odd_models_are_refused_by_name(tiny: Path, options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(UsageError, match=name):
        Colorizer(**{"model": tiny, **options})


@pytest.mark.parametrize(
    "values", [("a", 1, "red"), (1j, 1, "red"), (10**400, 1, "red"), (1, 1, None), (1, 1, "red", NAN)]
)
def test_odd_hints_are_refused(values: Any) -> None:
    with pytest.raises(UsageError):
        Hint(*values)
    with pytest.raises(UsageError):
        Stroke([values[:2]], *values[2:])


@pytest.mark.parametrize("value", [None, 5, {}])
def test_what_is_no_project_is_refused(painter: Colorizer, value: Any) -> None:
    with pytest.raises(PhotoError, match="can be given as path, bytes"):
        Project.read(value)
    with pytest.raises(UsageError, match="a project is made of a Photo"):
        Project.of(value)
    with pytest.raises(UsageError, match="a Project is replayed"):
        painter.replay(value, GREY)

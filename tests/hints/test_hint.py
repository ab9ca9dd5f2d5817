"""Hints, strokes and hint files: what is taken, what is refused and with which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photochrom.errors import UsageError
from photochrom.hints.color import Color
from photochrom.hints.hint import Hint, Stroke, from_json, read_hints, write_hints

RED = Color(122, 31, 43)


@pytest.mark.parametrize("given", ["#7a1f2b", " #7A1F2B ", (122, 31, 43), [122, 31, 43], np.array([122, 31, 43]), RED])
def test_a_colour_is_taken_in_every_way_that_people_write_it(given: Any) -> None:
    assert Color.of(given) == RED
    assert Color.of(given).hex == "#7a1f2b"


def test_short_and_named_colours_are_those_of_css() -> None:
    assert Color.of("#f80") == Color(255, 136, 0)
    assert Color.of("navy") == Color.of("Navy") == Color(0, 0, 128)


@pytest.mark.parametrize("given", ["", "#12345", "reddish", (1, 2), (1, 2, 256), (0.5, 0.1, 0.2), None, 7, "#gggggg"])
def test_what_is_no_colour_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="colour"):
        Color.of(given)


def test_ab_are_those_of_lab() -> None:
    assert Color(255, 0, 0).ab == pytest.approx((80.1, 67.2), abs=0.2)
    assert Color(128, 128, 128).ab == pytest.approx((0, 0), abs=0.1)


def test_a_colour_at_a_place_has_its_hue_and_the_light_of_the_place() -> None:
    shown = Color.at(Color(255, 0, 0).ab, 0.3)
    assert shown.red > 100 > shown.green
    assert 0.299 * shown.red + 0.587 * shown.green + 0.114 * shown.blue == pytest.approx(0.3 * 255, abs=1)
    assert Color.at((60, 40), 1.0) == Color(255, 255, 255)


HINTS = (
    Hint(310, 220.5, "#7a1f2b", radius=12, note="mother's red dress; Brüssel"),
    Hint(0, 0, "navy"),
    Stroke([(1, 2), (30, 40)], (1, 2, 3), radius=2, note="inv. 114"),
)


def test_a_hint_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "hints.json"
    path.write_text(write_hints(HINTS), encoding="utf-8")
    assert read_hints(path) == HINTS
    path.write_text(json.dumps([hint.to_json() for hint in HINTS]), encoding="utf-8")
    assert read_hints(path) == HINTS


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (7, "an object"),
        ({"x": 1, "y": 2}, "needs color"),
        ({"x": 1, "color": "red"}, "both x and y"),
        ({"x": 1, "y": 2, "stroke": [[1, 2]], "color": "red"}, "either x and y or stroke"),
        ({"x": 1, "y": 2, "colour": "red"}, "has no colour"),
        ({"x": "a", "y": 2, "color": "red"}, "hint's x is a number"),
        ({"x": True, "y": 2, "color": "red"}, "hint's x is a number"),
        ({"x": float("nan"), "y": 2, "color": "red"}, "hint's x is a number"),
        ({"x": 1, "y": 2, "color": "red", "radius": -1}, "radius is a number from 0"),
        ({"x": 1, "y": 2, "color": "red", "note": 5}, "note is a text"),
        ({"stroke": [], "color": "red"}, "at least one"),
        ({"stroke": [[1, 2, 3]], "color": "red"}, "stroke's point"),
        ({"stroke": "12", "color": "red"}, "a stroke is a list"),
    ],
)
def test_what_is_no_hint_is_refused(values: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        from_json(values)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no hint file, which is JSON"),
        ("[" * 100_000, "is no hint file, which is JSON"),
        ("7", "should hold a list"),
        ('{"hints": 3}', "should hold a list"),
        ('[{"x": 1, "y": 1, "color": "red"}, {"x": 1}]', "hint 2: a hint needs color"),
        ("\x00\xff", "is no hint file"),
    ],
)
def test_a_bad_hint_file_is_named_with_its_hint(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "my.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=told) as caught:
        read_hints(path)
    assert "my.json" in str(caught.value)


def test_a_missing_hint_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no\\.json"):
        read_hints(tmp_path / "no.json")

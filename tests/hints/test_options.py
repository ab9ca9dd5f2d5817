"""Options of a record that anybody can have written."""

from __future__ import annotations

from typing import Any

import pytest

from photochrom.errors import UsageError
from photochrom.hints.options import checked

HASH = "0" * 64


def test_what_a_result_says_is_taken_as_it_is() -> None:
    options: dict[str, Any] = {
        "vividness": 0.5,
        "strength": 2,
        "warmth": -1.0,
        "detail": 1.5,
        "keep_tone": True,
        "keep_grey": {"sha256": HASH, "path": "mask.png"},
        "reference": {"sha256": HASH},
        "refine": [[0, 0, 10, 10.5]],
        "variant": {"seed": 0, "number": 1, "anchors": 8},
        "page": 3,
    }
    assert checked(options, "a.jpg") == options
    assert checked({}, "a.jpg") == {}


@pytest.mark.parametrize(
    "options",
    [
        {"vividness": 1.1},
        {"vividness": "0.5"},
        {"strength": float("nan")},
        {"strength": True},
        {"warmth": None},
        {"detail": 0},
        {"keep_tone": 1},
        {"keep_grey": "mask.png"},
        {"keep_grey": {"sha256": "../x"}},
        {"reference": {"path": "a.jpg"}},
        {"refine": [0, 0, 10, 10]},
        {"refine": [[0, 0, 10]]},
        {"refine": [[0, 0, 10, float("inf")]]},
        {"variant": {"seed": 0, "number": 1}},
        {"variant": {"seed": 0.5, "number": 1, "anchors": 8}},
        {"page": -1},
        {"page": 1.5},
        {"page": "1"},
        {"glow": 1},
        [],
        "vivid",
    ],
)
def test_what_makes_no_sense_is_refused_with_its_name(options: Any) -> None:
    with pytest.raises(UsageError, match=r"^a\.jpg: ") as told:
        checked(options, "a.jpg")
    for name in options if isinstance(options, dict) else ():
        assert name in str(told.value)

"""`photochrom suggest`: colours for a place, on paper and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skimage
from PIL import Image

Run = Callable[..., Any]


@pytest.fixture
def suggest(photochrom: Run, tiny: Path) -> Run:
    return lambda *arguments: photochrom("suggest", *arguments, "--model", tiny)


def test_the_likeliest_colours_come_first(suggest: Run, album: Path) -> None:
    result = suggest("album/a.jpg", "120,80")
    lines = result.out.decode().splitlines()
    assert (result.code, result.err, len(lines)) == (0, "", 5)
    assert all(re.fullmatch(r"#[0-9a-f]{6}  [ 0-9]{3} %", line) for line in lines)
    shares = [int(line.split()[1]) for line in lines]
    assert shares == sorted(shares, reverse=True)


def test_programs_get_them_with_their_probabilities(suggest: Run, album: Path) -> None:
    values = json.loads(suggest("album/a.jpg", "120,80.5", "-n", 3, "--json").out)
    assert (values["file"], values["x"], values["y"]) == ("album/a.jpg", 120, 80.5)
    assert [set(each) for each in values["suggestions"]] == [{"color", "probability"}] * 3
    assert 0 < sum(each["probability"] for each in values["suggestions"]) <= 1


def test_what_is_known_changes_what_is_likely(suggest: Run, album: Path) -> None:
    Path("hints.json").write_text('[{"x": 120, "y": 80, "color": "#803030", "radius": 10}]')
    first = suggest("album/a.jpg", "120,80", "--hints", "hints.json").out.decode().splitlines()[0]
    assert first != suggest("album/a.jpg", "120,80").out.decode().splitlines()[0]
    assert int(first.split()[1]) > 50


def test_a_reference_changes_what_is_likely(suggest: Run, album: Path) -> None:
    Image.fromarray(skimage.data.coffee()).resize((240, 160)).save("coffee.png")
    assert suggest("album/a.jpg", "120,80", "--reference", "coffee.png").out != suggest("album/a.jpg", "120,80").out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["album/a.jpg", "240,10"], 2, "outside of the photograph"),
        (["album/a.jpg", "240"], 2, "the place is X,Y in pixels"),
        (["album/a.jpg", "a,b"], 2, "the place is X,Y in pixels"),
        (["album/a.jpg", "1,1", "--hints", "none.json"], 2, "none.json"),
        (["album/a.jpg", "1,1", "--reference", "album/b.png"], 2, "is grey, so it has no colours to lend"),
        (["album/none.jpg", "1,1"], 1, "no such file"),
    ],
)
def test_what_makes_no_sense_is_told(suggest: Run, album: Path, arguments: list[str], code: int, told: str) -> None:
    result = suggest(*arguments)
    assert result.code == code
    assert told in result.err
    assert result.out == b""

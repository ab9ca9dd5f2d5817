"""`photochrom info`: what people and programs are told of a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from photochrom import Hint, Project, Stroke
from photochrom.colorizer import Colorizer

Run = Callable[..., Any]

HINTS = (
    Hint(40, 30, "#a03050", radius=8, note="mother's red dress"),
    Stroke([(100, 20), (140, 60)], "navy", note="制服"),
)


@pytest.fixture
def result(album: Path, tiny: Path) -> Path:
    photo = Colorizer(tiny, threads=1).open(album / "a.jpg").paint(hints=HINTS, vividness=0.5, keep_tone=True)
    photo.save(album / "a-colour.jpg")
    Project.of(photo).save(album / "a.photochrom")
    return album / "a-colour.jpg"


def test_a_result_says_who_coloured_what_and_how(photochrom: Run, result: Path) -> None:
    told = photochrom("info", result)
    assert (told.code, told.err) == (0, "")
    lines = told.out.decode().splitlines()
    assert lines[0].startswith(f"{result}: coloured by Photochrom ")
    assert any(line.split() == ["vividness", "0.5"] for line in lines)
    assert any(line.split() == ["keep_tone", "yes"] for line in lines)
    assert any(hashlib.sha256((result.parent / "a.jpg").read_bytes()).hexdigest() in line for line in lines)
    assert "    40, 30, radius 8  #a03050  mother's red dress" in lines
    assert "    stroke of 2 points from 100, 20  #000080  制服" in lines


def test_programs_get_everything(photochrom: Run, result: Path, tiny: Path) -> None:
    values = json.loads(photochrom("info", result, "--json").out)
    assert values["colored"] is True
    assert values["hints"] == [hint.to_json() for hint in HINTS]
    assert values["options"]["vividness"] == 0.5
    assert values["model"].startswith("tiny 1.0 (sha256 ")
    assert values["photo"]["width"] == 240
    project = json.loads(photochrom("info", result.parent / "a.photochrom", "--json").out)
    assert {**project, "file": ""} == {**values, "file": ""}


def test_standard_input_is_read(photochrom: Run, result: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a-colour.jpg", "a.photochrom"):
        with (result.parent / name).open("rb") as file:
            monkeypatch.setattr("sys.stdin", TextIOWrapper(file))
            told = photochrom("info", "-")
        assert (told.code, told.err) == (0, "")
        assert told.out.decode().startswith("standard input: coloured by Photochrom ")
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"")))
    assert "is empty" in photochrom("info", "-").err
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO((result.parent / "b.png").read_bytes())))
    assert json.loads(photochrom("info", "-", "--json").out) == {"file": "-", "colored": False}


def test_a_picture_without_a_mark_is_no_error(photochrom: Run, album: Path) -> None:
    told = photochrom("info", "album/b.png")
    assert (told.code, told.out) == (0, b"album/b.png: carries no mark of Photochrom\n")
    assert json.loads(photochrom("info", "album/b.png", "--json").out) == {"file": "album/b.png", "colored": False}


def test_what_cant_be_read_is_one_and_the_others_are_told(photochrom: Run, album: Path, result: Path) -> None:
    (album / "text.txt").write_text("no picture")
    told = photochrom("info", album / "text.txt", album / "none.jpg", result)
    assert told.code == 1
    assert told.err.count("photochrom: error: ") == 2
    assert b"coloured by" in told.out
    lines = photochrom("info", album / "none.jpg", result, "--json").out.splitlines()
    assert "no such file" in json.loads(lines[0])["error"]
    assert json.loads(lines[1])["colored"]


def test_a_note_cant_command_the_terminal(photochrom: Run, album: Path, tiny: Path) -> None:
    photo = Colorizer(tiny, threads=1).open(album / "b.png").paint(hints=[Hint(1, 1, "red", note="\x1b[2Jgone\n")])
    photo.save(album / "evil.png")
    out = photochrom("info", album / "evil.png").out
    assert b"\x1b" not in out
    assert b"\\x1b[2Jgone\\n" in out


def test_thousands_of_hints_are_counted_and_not_all_shown(photochrom: Run, album: Path, tiny: Path) -> None:
    hints = [Hint(n % 160, n // 160, "red") for n in range(3000)]
    Colorizer(tiny, threads=1).open(album / "b.png").paint(hints=hints).save(album / "many.png")
    lines = photochrom("info", album / "many.png").out.decode().splitlines()
    assert len(lines) < 70
    assert lines[-1] == "    and 2950 more: --json lists them all"
    assert len(json.loads(photochrom("info", album / "many.png", "--json").out)["hints"]) == 3000

"""docs/control.md: every command and every line of Python on it works as written, and its pictures are there."""

from __future__ import annotations

import re
import shlex
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skimage
from PIL import Image

from photochrom.cli import main
from photochrom.colorizer import Colorizer
from photochrom.photo import PhotoWarning

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "control.md").read_text(encoding="utf-8")
LARGEST = 60_000
"""Bytes of a picture on the page."""


def blocks(language: str) -> list[str]:
    """What stands on the page between ``` of this language."""
    return [text for name, text in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.S | re.M) if name == language]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the page speaks of, in the current folder."""
    monkeypatch.chdir(tmp_path)
    photograph = Image.open(DOCS / "pictures" / "migrant_mother.jpg")
    photograph.save("family.jpg")
    photograph.resize((1536, 1188)).save("better-scan.tif")
    photograph.point(lambda level: 255 * (level > 128)).save("mask.png")
    cup = Image.fromarray(skimage.data.coffee())
    cup.save("cup-in-colour.jpg")
    cup.convert("L").crop((90, 20, 560, 380)).save("cup.jpg")
    for folder in ("album", "hints"):
        Path(folder).mkdir()
    photograph.save("album/family.jpg")
    cup.convert("L").save("album/cup.png")
    (hints,) = blocks("json")
    for file in ("family.json", "hints/family.json"):
        Path(file).write_text(hints, encoding="utf-8")
    return tmp_path


def test_every_command_works_as_written_one_after_the_other(desk: Path, tiny: Path, capfd: Any) -> None:
    commands = [shlex.split(line) for block in blocks("") for line in block.splitlines()]
    assert len(commands) > 15
    for program, *arguments in commands:
        assert program == "photochrom"
        if arguments[0] != "info":
            arguments += ["--model", str(tiny)]
        if arguments[0] == "colorize":
            arguments += ["--jobs", "1"]
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0, (arguments, capfd.readouterr().err)
    for file in re.findall(r"`([\w-]+-(?:layer|compare|confidence|colour|[14])\.\w+)`", PAGE):
        assert Path(file).is_file(), file
    assert "so her niece says" in capfd.readouterr().out


def test_the_python_of_the_page_works(desk: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain: Callable[..., None] = Colorizer.__init__

    def tiny_colorizer(self: Colorizer) -> None:
        plain(self, tiny, threads=1)

    monkeypatch.setattr(Colorizer, "__init__", tiny_colorizer)
    (source,) = blocks("python")
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PhotoWarning)  # the better scan is another file
        exec(compile(source, "control.md", "exec"), names)
    assert names["again"].size == (1536, 1188)
    assert len(names["more"].record.hints) == 3


def test_its_pictures_are_there_small_and_all_shown() -> None:
    shown = re.findall(r"!\[[^]]+\]\((pictures/control-[\w-]+\.jpg)\)", PAGE)
    assert sorted(shown) == sorted(f"pictures/{path.name}" for path in (DOCS / "pictures").glob("control-*.jpg"))
    for path in shown:
        assert (DOCS / path).stat().st_size <= LARGEST
        with Image.open(DOCS / path) as picture:
            picture.verify()

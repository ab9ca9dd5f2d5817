"""`--verify`: each result exists, is whole, and was made from its input; nothing is written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def verify(photochrom: Run, tiny: Path, album: Path) -> Run:
    """Colors the album into `out` and gives what verifies it: status of each picture by name, exit code."""
    assert photochrom("colorize", "album", "-o", "out", "--resume", "--jobs", 1, "--model", tiny).code == 0

    def run(*arguments: str) -> tuple[dict[str, str], int]:
        # of a model that does not exist: none is needed
        result = photochrom(
            "colorize", "album", "-o", "out", "--verify", "--json", "--jobs", 1, "--model", "none", *arguments
        )
        *lines, _ = result.out.splitlines()
        return {Path(each["input"]).name: each["status"] for each in map(json.loads, lines)}, result.code

    return run


def test_results_as_they_were_made_are_verified(verify: Run) -> None:
    before = {path: path.read_bytes() for path in Path("out").iterdir()}
    assert verify() == (dict.fromkeys(["a.jpg", "b.png", "c.tif", "d.webp", "e.bmp"], "verified"), 0)
    assert {path: path.read_bytes() for path in Path("out").iterdir()} == before


def test_what_is_missing_damaged_exchanged_or_made_from_something_else_is_told(
    verify: Run, photochrom: Run, album: Path
) -> None:
    Path("out/a.jpg").unlink()
    Path("out/b.png").write_bytes(Path("out/b.png").read_bytes()[:-2000])
    shutil.copy("album/c.tif", "out/c.tif")
    with (album / "d.webp").open("ab") as file:
        file.write(b"\0\0")
    with (album / "e.bmp").open("ab") as file:
        file.write(b"\0\0")
    expected = {"a.jpg": "missing", "b.png": "differs", "c.tif": "differs", "d.webp": "differs", "e.bmp": "differs"}
    assert verify() == (expected, 1)


def test_inputs_that_are_results_or_cannot_be_read_are_told_apart(verify: Run, photochrom: Run, tiny: Path) -> None:
    assert photochrom("colorize", "album/a.jpg", "--model", tiny).code == 0
    assert verify()[0]["a-colour.jpg"] == "skipped"
    result = photochrom("colorize", "album/a.jpg", "album/missing.jpg", "-o", "out", "--verify")
    assert result.code == 1
    assert "album/missing.jpg: there is no such file" in result.err
    assert result.out == b"album/a.jpg -> out/a.jpg: verified\n"


def test_an_input_that_may_not_be_read_is_told(verify: Run, photochrom: Run, album: Path) -> None:
    (album / "a.jpg").chmod(0)
    if os.access(album / "a.jpg", os.R_OK):
        pytest.skip("whoever runs this may read everything")
    result = photochrom("colorize", "album/a.jpg", "-o", "out/", "--verify")
    assert result.code == 1
    assert result.err == "photochrom: error: album/a.jpg: could not be read (Permission denied)\n"

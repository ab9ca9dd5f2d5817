"""`photochrom clean`, as somebody types it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from clean_files import photographs, write
from spoiled_files import encoded


class Shell(Protocol):
    """What the `photochrom` fixture gives."""

    code: int
    out: bytes
    err: str


def test_pictures_left_out_are_a_result_and_no_failure(tmp_path: Path, photochrom: Callable[..., Shell]) -> None:
    album = tmp_path / "album"
    write(album, count=3)
    (album / "cut.png").write_bytes(encoded(photographs()[0], ".png")[:500])
    out = tmp_path / "shards"
    result = photochrom("clean", album, "--out", out, "--min-side", 150, "--workers", 1, "--val", 0, "--test", 0)
    assert (result.code, result.err) == (0, "")
    assert result.out.decode().splitlines() == [
        "kept 3 (train 3, val 0, test 0)",
        "left out 1: unreadable",
        str(out / "report.html"),
    ]
    assert {path.name for path in out.iterdir()} == {"train-00000.tar", "manifest.csv", "rejected.csv", "report.html"}


def test_nothing_usable_is_an_error_and_bad_options_are_usage(tmp_path: Path, photochrom: Callable[..., Shell]) -> None:
    album = tmp_path / "album"
    write(album, count=1)
    small = photochrom("clean", album, "--out", tmp_path / "shards", "--min-side", 4000, "--workers", 1)
    assert small.code == 1
    assert "None of the 1 pictures can be used: 1 too small" in small.err
    assert photochrom("clean", album, "--out", tmp_path / "shards", "--val", 2).code == 2
    assert photochrom("clean", tmp_path / "nowhere", "--out", tmp_path / "shards").code == 1

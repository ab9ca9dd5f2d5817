"""Runs that were cut off go on, runs beside each other share the work: every result whole, and made once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from photochrom.claims import temporary_of
from photochrom.cli.journal import NAME

Run = Callable[..., Any]
NAMES = ["a.jpg", "b.png", "c.tif", "d.webp", "e.bmp"]


@pytest.fixture
def resume(photochrom: Run, tiny: Path, album: Path) -> Run:
    """Color the album into `out` with --resume; gives what became of each picture by name, and the exit code."""

    def run(*arguments: object) -> tuple[dict[str, str], int]:
        result = photochrom(
            "colorize", "album", "-o", "out", "--resume", "--json", "--jobs", 1, "--model", tiny, *arguments
        )
        lines = [json.loads(line) for line in result.out.splitlines()]
        return {Path(each["input"]).name: each["status"] for each in lines if "summary" not in each}, result.code

    return run


def states(folder: str = "out") -> dict[str, tuple[int, int]]:
    """Inode and time of every file: a file that was made twice has others."""
    paths = [path for path in Path(folder).iterdir() if path.name != NAME]
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name != NAME}


def test_what_is_done_stays_and_the_rest_is_made(resume: Run) -> None:
    assert resume() == (dict.fromkeys(NAMES, "colored"), 0)
    before = states()
    assert sorted(before) == NAMES
    Path("out/b.png").unlink()
    assert resume() == ({**dict.fromkeys(NAMES, "skipped"), "b.png": "colored"}, 0)
    after = states()
    assert {name for name in NAMES if before[name] != after[name]} == {"b.png"}


@pytest.mark.parametrize("lines", [0, 1])
def test_a_result_counts_although_the_journal_does_not_tell_that_it_was_finished(resume: Run, lines: int) -> None:
    resume()
    journal = Path("out", NAME)
    begun = [line for line in journal.read_bytes().splitlines(True) if b'"begun"' in line]
    journal.write_bytes(b"".join(begun[: lines * len(begun)]) + b'{"file": "torn')
    before = states()
    if lines:
        assert resume() == (dict.fromkeys(NAMES, "skipped"), 0)
    else:  # nothing says what a file without a mark was made from
        assert resume() == ({**dict.fromkeys(NAMES, "skipped"), "e.bmp": "failed"}, 1)
    assert states() == before


def test_a_picture_that_changed_since_is_an_error_and_made_anew_on_request(resume: Run, grey: Image.Image) -> None:
    resume()
    before = states()
    grey.rotate(180).save("album/a.jpg")
    assert resume() == ({**dict.fromkeys(NAMES, "skipped"), "a.jpg": "failed"}, 1)
    assert states() == before
    assert resume("--overwrite") == ({**dict.fromkeys(NAMES, "skipped"), "a.jpg": "colored"}, 0)
    assert resume() == (dict.fromkeys(NAMES, "skipped"), 0)


@pytest.mark.parametrize("options", [("--strength", 0.5), ("--quality", 50)])
def test_other_options_are_refused_before_anything_is_done_or_make_all_anew(
    photochrom: Run, resume: Run, tiny: Path, options: tuple[str, object]
) -> None:
    resume()
    Path("out/c.tif").unlink()
    before = states()
    result = photochrom("colorize", "album", "-o", "out", "--resume", "--model", tiny, *options)
    assert result.code == 2
    assert f"out holds results made with {options[0][2:]} " in result.err
    assert states() == before
    assert resume(*options, "--overwrite") == (dict.fromkeys(NAMES, "colored"), 0)
    assert resume(*options) == (dict.fromkeys(NAMES, "skipped"), 0)


def test_results_of_a_run_without_a_journal_are_known_by_their_mark(photochrom: Run, resume: Run, tiny: Path) -> None:
    photochrom("colorize", "album", "-o", "out", "--strength", 0.5, "--model", tiny)
    assert not Path("out", NAME).exists()
    assert resume() == (dict.fromkeys(NAMES, "failed"), 1)
    assert resume("--strength", 0.5) == ({**dict.fromkeys(NAMES, "skipped"), "e.bmp": "failed"}, 1)


def test_a_run_without_resume_keeps_up_the_journal_that_is_there(photochrom: Run, resume: Run, tiny: Path) -> None:
    resume()
    photochrom("colorize", "album", "-o", "out", "--strength", 0.5, "--overwrite", "--model", tiny)
    assert resume()[1] == 2
    assert resume("--strength", 0.5) == (dict.fromkeys(NAMES, "skipped"), 0)


def test_the_same_work_again_is_passed_over_also_without_a_journal(photochrom: Run, tiny: Path, album: Path) -> None:
    command = ("colorize", "album/a.jpg", "--model", tiny)
    assert photochrom(*command).code == 0
    again = photochrom(*command)
    assert again.code == 0
    assert again.err == "album/a.jpg: skipped, album/a-colour.jpg is done already\n"
    assert photochrom(*command, "--strength", 0.5).code == 1
    assert photochrom(*command, "--quality", 50).code == 1


def test_what_a_killed_run_was_writing_is_removed(resume: Run) -> None:
    Path("out").mkdir()
    for name in ("a.jpg", "gone.jpg"):
        temporary_of(Path("out", name)).write_bytes(b"half")
    Path("out/.photochrom-0123456789abcdef.part").write_bytes(b"of an older version")
    resume()
    assert sorted(os.listdir("out")) == [NAME, *NAMES]


def test_results_beside_pictures_are_resumed_too(photochrom: Run, tiny: Path, album: Path) -> None:
    command = ("colorize", "album", "-r", "--resume", "--model", tiny)
    assert photochrom(*command).code == 0
    (album / "sub" / "f-colour.jpg").unlink()
    again = photochrom(*command)
    assert again.code == 0
    assert again.out.startswith(b"album/sub/f.jpg -> album/sub/f-colour.jpg")
    assert (album / "sub" / NAME).exists()


@pytest.mark.parametrize(
    "arguments",
    [["--resume", "--skip-existing"], ["--resume", "--verify"], ["--verify", "--overwrite"], ["--resume", "-o", "-"]],
)
def test_options_that_contradict_each_other_are_wrong_usage(photochrom: Run, album: Path, arguments: list[str]) -> None:
    assert photochrom("colorize", "album/a.jpg", *arguments).code == 2


def test_names_in_any_script_and_at_the_limit_are_resumed(photochrom: Run, tiny: Path, album: Path) -> None:
    shutil.rmtree(album)
    names = [
        "Фото 写真 صورة.jpg",
        "a\nb.jpg",
        "x" * 251 + ".jpg",
        "'\"$(rm).jpg",
        "-o.jpg",
        ".jpg.jpg",
        "é.jpg",
        "e\u0301.jpg",
    ]
    os.makedirs(b"album")
    for name in [os.fsencode(name) for name in names] + [b"\xff\xfe.jpg"]:
        try:
            with open(b"album/" + name, "wb") as file:
                Image.effect_noise((40, 30), 60).save(file, "JPEG")
        except OSError:
            continue  # this file system has no such names
    count = len(os.listdir("album")) - 1  # the one with a dot in front is hidden
    for expected in ({"colored": count}, {"skipped": count}):
        result = photochrom("colorize", "album", "-o", "out", "--resume", "--json", "--model", tiny)
        summary = json.loads(result.out.splitlines()[-1])["summary"]
        assert {key: value for key, value in summary.items() if key != "reasons"} == expected
    assert sorted(set(os.listdir("out")) - {NAME}) == sorted(set(os.listdir("album")) - {".jpg.jpg"})


# Several processes


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty small pictures in `many`, in formats with and without a mark."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "many"
    folder.mkdir()
    noise = np.random.default_rng(0)
    for number in range(40):
        grey = np.add.outer(np.arange(48), np.arange(64)) + noise.integers(0, 120, (48, 64))
        Image.fromarray(grey.astype(np.uint8)).save(
            folder / f"{number:02}{('.jpg', '.png', '.bmp', '.tif')[number % 4]}"
        )
    return folder


def begun(tiny: Path, out: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "photochrom", "colorize", "many", "-o", out, "--model", str(tiny), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_two_runs_at_once_make_every_result_once(tiny: Path, many: Path) -> None:
    assert begun(tiny, "whole").wait(60) == 0
    runs = [begun(tiny, "out", "--json", "--jobs", "1") for _ in range(2)]
    told: list[tuple[str, str]] = []
    for run in runs:
        out, _ = run.communicate(timeout=60)
        lines = [json.loads(line) for line in out.splitlines()[:-1]]
        told += [(line["input"], line["status"]) for line in lines]
    assert sorted(name for name, status in told if status == "colored") == sorted(
        f"many/{name}" for name in os.listdir("many")
    )
    assert contents("out") == contents("whole")

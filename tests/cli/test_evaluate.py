"""`photochrom evaluate` as somebody types it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from evaluation_files import photographs, write_folder


class Shell(Protocol):
    """What the `photochrom` fixture gives."""

    code: int
    out: bytes
    err: str


Run = Callable[..., Shell]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "photos", dict(list(photographs(48).items())[::4]))


def test_figures_are_printed_and_the_report_is_where_it_was_asked_for(
    photos: Path, tmp_path: Path, photochrom: Run
) -> None:
    report = tmp_path / "deep" / "report"
    done = photochrom("evaluate", "--result", f"same={photos}", "--data", photos, "--report", report, "--threads", 1)
    assert done.code == 0
    lines = done.out.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["PSNR", "grey", "mean", "same", "ceiling", "truth", str(report)]
    assert "LPIPS and KID-768 were not measured" in done.err
    assert (report / "report.html").exists()


@pytest.mark.parametrize("result", ["photos", "=photos", "name="])
def test_a_result_without_name_or_folder_is_a_usage_error(
    photos: Path, tmp_path: Path, photochrom: Run, result: str
) -> None:
    done = photochrom("evaluate", "--result", result, "--data", photos, "--report", tmp_path / "report")
    assert done.code == 2
    assert "NAME=FOLDER" in done.err


def test_two_results_of_one_name_are_a_usage_error(photos: Path, tmp_path: Path, photochrom: Run) -> None:
    results = ("--result", f"a={photos}", "--result", f"a={photos}")
    done = photochrom("evaluate", *results, "--data", photos, "--report", tmp_path / "report")
    assert (done.code, "two of this name" in done.err) == (2, True)


def test_results_that_lack_a_picture_fail_and_say_which(photos: Path, tmp_path: Path, photochrom: Run) -> None:
    results = write_folder(tmp_path / "results", dict(list(photographs(48).items())[:1]))
    done = photochrom("evaluate", "--result", f"a={results}", "--data", photos, "--report", tmp_path / "report")
    assert done.code == 1
    assert "lacks 2 of 3 photographs" in done.err


def test_a_missing_library_is_told_with_what_to_install(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photochrom: Run
) -> None:
    for name in [name for name in sys.modules if name.startswith("photochrom.evaluation")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = photochrom("evaluate", "--data", photos, "--report", tmp_path / "report")
    assert done.code == 1
    assert "pip install 'photochrom[train]'" in done.err

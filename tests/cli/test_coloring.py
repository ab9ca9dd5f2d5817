"""One picture in a worker: whatever goes wrong with it becomes a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from photochrom.cli import coloring
from photochrom.cli.jobs import Job, Settings


def test_a_mistake_of_ours_costs_one_picture_and_is_shown(
    album: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_once(path: Path) -> bool:
        if path.name == "b.png":
            raise ZeroDivisionError("oops")
        return False

    monkeypatch.setattr(coloring, "is_result", fails_once)
    work, answers = coloring.Coloring(Settings(model=str(tiny)), threads=1, tell=lambda kind, value: None), []
    for name in ("a.jpg", "b.png", "c.tif"):
        job = Job(album / name, Path("out", name), listed=True)
        answers.append(coloring.attempt(job, None, work.color))
    assert [answer.report.status for answer in answers] == ["colored", "failed", "colored"]
    assert answers[1].report.reason == "Photochrom made a mistake: ZeroDivisionError('oops')"
    assert "Traceback" in (answers[1].mistake or "")
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.jpg", "c.tif"]


def test_a_name_that_no_file_can_have_is_told_in_plain_words(album: Path, tiny: Path) -> None:
    work = coloring.Coloring(Settings(model=str(tiny)), threads=1, tell=lambda kind, value: None)
    answer = coloring.attempt(Job(album / ("a" * 300 + ".jpg"), Path("out.jpg")), None, work.color)
    assert answer.mistake is None
    assert "could not be read" in (answer.report.reason or "")


def test_what_another_run_finished_in_a_folder_that_was_not_there_before_is_left_alone(
    album: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = (coloring.Coloring(Settings(model=str(tiny)), threads=1, tell=lambda *_: None) for _ in range(2))
    job, pages = Job(album / "a.jpg", Path("out", "a.jpg")), ours._painting.pages

    def overtaken(*arguments: Any) -> Any:
        assert coloring.attempt(job, None, theirs.color).report.status == "colored"
        return pages(*arguments)

    monkeypatch.setattr(ours._painting, "pages", overtaken)
    report = coloring.attempt(job, None, ours.color).report
    assert (report.status, report.reason) == ("skipped", "out/a.jpg is done already")

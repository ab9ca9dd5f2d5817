"""One picture in a worker: whatever goes wrong with it becomes a report."""

from __future__ import annotations

from pathlib import Path

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

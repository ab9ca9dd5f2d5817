"""The summary: pictures with the same reason are counted together, whatever they are called."""

from __future__ import annotations

from pathlib import Path

from photochrom.cli.jobs import Job, Report, Status
from photochrom.cli.summary import Summary


def summary(*told: tuple[str, Status, str | None]) -> Summary:
    result = Summary()
    for name, status, reason in told:
        result.add(Job(Path("in", name), Path("out", name)), Report(input=f"in/{name}", status=status, reason=reason))
    return result


def test_reasons_are_grouped_without_the_names_of_files() -> None:
    result = summary(
        ("a.jpg", "colored", None),
        ("b.jpg", "failed", "in/b.jpg: is empty"),
        ("c.jpg", "skipped", "out/c.jpg is done already"),
        ("d.jpg", "failed", "in/d.jpg: is empty"),
        ("e.jpg", "failed", "its result would be out/e.jpg, as that of x"),
    )
    assert result.lines() == [
        "1 coloured, 1 skipped, 3 failed",
        "  2 failed: is empty",
        "  1 skipped: is done already",
        "  1 failed: its result would be …, as that of x",
    ]
    assert result.as_dict() == {
        "colored": 1,
        "skipped": 1,
        "failed": 3,
        "reasons": [
            {"status": "failed", "reason": "is empty", "count": 2},
            {"status": "skipped", "reason": "is done already", "count": 1},
            {"status": "failed", "reason": "its result would be …, as that of x", "count": 1},
        ],
    }


def test_of_very_many_reasons_people_see_the_frequent_ones() -> None:
    told: list[tuple[str, Status, str | None]] = [(f"{i}.jpg", "failed", f"reason {i % 50}") for i in range(99)]
    lines = summary(*told).lines()
    assert len(lines) == 1 + 12 + 1
    assert lines[-1] == "  75 more, for 38 other reasons"


def test_what_counts_as_failed() -> None:
    statuses: list[Status] = ["colored", "verified", "skipped", "missing", "differs", "failed"]
    assert [summary(("a", status, None)).failed for status in statuses] == [False] * 3 + [True] * 3

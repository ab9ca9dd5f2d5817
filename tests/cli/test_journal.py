"""The journal: lines that outlive a kill, read again by whoever goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from photochrom.cli.journal import NAME, Entry, Journal, Stamp

WORK = {"model": "tiny 1.0", "strength": 1.0}


def entry(file: str, state: str = "done") -> Entry:
    stamp = Stamp(size=7, mtime_ns=1)
    return Entry(file=file, state="done" if state == "done" else "begun", fresh=True, original=stamp, work=WORK)


def test_the_newest_line_counts_also_one_of_another_process(tmp_path: Path) -> None:
    ours, theirs = Journal(tmp_path), Journal(tmp_path)
    assert ours.last("a.jpg") is None
    assert not (tmp_path / NAME).exists()
    ours.write(entry("a.jpg", "begun"))
    assert ours.last("a.jpg") == entry("a.jpg", "begun")
    theirs.write(entry("a.jpg"))
    theirs.write(entry("b\udcff.jpg"))
    assert ours.last("a.jpg") == entry("a.jpg")
    assert ours.last("b\udcff.jpg") == entry("b\udcff.jpg")


@pytest.mark.parametrize("torn", [b'{"file": "b.jp', b"\0\0\0", b"[]\n", b'{"file": "b.jpg"}\n', b"\xff\n"])
def test_a_line_that_is_torn_or_something_else_costs_only_itself(tmp_path: Path, torn: bytes) -> None:
    Journal(tmp_path).write(entry("a.jpg"))
    with (tmp_path / NAME).open("ab") as file:
        file.write(torn)
    journal = Journal(tmp_path)
    assert journal.last("a.jpg") == entry("a.jpg")
    assert journal.last("b.jpg") is None
    journal.write(entry("c.jpg"))
    assert journal.last("c.jpg") == entry("c.jpg")
    assert Journal(tmp_path).last("a.jpg") == entry("a.jpg")

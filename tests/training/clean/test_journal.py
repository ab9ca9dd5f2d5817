"""The journal: results in order from any number of processes, and none lost or doubled by being killed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from clean_files import write

from photochrom.errors import DataError, UsageError
from photochrom.training.clean.examining import Examined, Way
from photochrom.training.clean.journal import Journal, in_order
from photochrom.training.clean.listing import Item, pictures

WAY = Way(side=96, min_side=64, quality=80)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    write(tmp_path / "album", ".jpg", count=5)
    (tmp_path / "album" / "photo-2.jpg").write_bytes(b"damaged")
    return pictures([str(tmp_path / "album")])


def done(folder: Path, items: list[Item]) -> Journal:
    journal = Journal(folder, "pictures", "task")
    journal.run(items, WAY, 1, lambda count: None)
    return journal


def outcome(journal: Journal) -> tuple[list[Examined], list[bytes]]:
    return journal.examined, list(journal.contents(range(len(journal.examined))))


def test_what_was_examined_comes_back_from_the_disk(items: list[Item], tmp_path: Path) -> None:
    examined, contents = outcome(done(tmp_path / "one", items))
    assert [each.reason for each in examined] == ["", "", "unreadable", "", ""]
    assert [content[:4] for content in contents] == [b"RIFF", b"RIFF", b"", b"RIFF", b"RIFF"]
    assert outcome(Journal(tmp_path / "one", "pictures", "task")) == (examined, contents)


def test_from_any_byte_at_which_it_was_cut_it_ends_the_same(items: list[Item], tmp_path: Path) -> None:
    whole = done(tmp_path / "whole", items)
    lines, spool = ((tmp_path / "whole" / f"pictures.{end}").read_bytes() for end in ("jsonl", "bin"))
    for part, (lines_left, spool_left) in enumerate(
        [(0, 0), (3, 0), (len(lines) // 2, len(spool)), (len(lines), len(spool) // 3), (len(lines) - 1, len(spool))]
    ):
        folder = tmp_path / f"cut-{part}"
        folder.mkdir()
        (folder / "pictures.jsonl").write_bytes(lines[:lines_left])
        (folder / "pictures.bin").write_bytes(spool[:spool_left])
        assert outcome(done(folder, items)) == outcome(whole)
        assert (folder / "pictures.jsonl").read_bytes() == lines
        assert (folder / "pictures.bin").read_bytes() == spool


def test_what_is_done_already_is_not_done_again(items: list[Item], tmp_path: Path) -> None:
    done(tmp_path / "one", items)
    for item in items:
        item.path.unlink()
    assert [each.reason for each in done(tmp_path / "one", items).examined] == ["", "", "unreadable", "", ""]


def test_a_journal_of_other_work_is_refused(items: list[Item], tmp_path: Path) -> None:
    done(tmp_path / "one", items)
    with pytest.raises(UsageError, match="other pictures or with other settings"):
        Journal(tmp_path / "one", "pictures", "another")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_told_and_the_work_goes_on_after_it(items: list[Item], tmp_path: Path) -> None:
    journal, spool = Journal(tmp_path / "one", "pictures", "task"), tmp_path / "one" / "pictures.bin"
    spool.unlink()
    spool.symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"No space left on device.*run the same command again"):
        journal.run(items, WAY, 1, lambda count: None)
    spool.unlink()
    assert outcome(done(tmp_path / "one", items)) == outcome(done(tmp_path / "other", items))


def test_a_folder_that_can_not_be_made_is_told(items: list[Item]) -> None:
    with pytest.raises(DataError, match=r"photo-0\.jpg/work can't be written"):
        Journal(items[0].path / "work", "pictures", "task")


def test_results_of_several_processes_come_in_the_order_of_the_items() -> None:
    assert list(in_order(_slow_first, range(40), 2)) == [number * 10 for number in range(40)]


def test_a_process_that_is_killed_is_told() -> None:
    with pytest.raises(DataError, match="fewer --workers"):
        list(in_order(_dies, range(4), 2))


def _slow_first(number: int) -> int:
    time.sleep(0.2 if number == 0 else 0)
    return number * 10


def _dies(number: int) -> int:
    os.kill(os.getpid(), 9)
    return number

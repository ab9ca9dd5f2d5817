"""A child answers, or dies of what it is asked, and whoever asked goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import contained_work
import pytest

from photochrom.claims import temporary_of
from photochrom.contained.child import Child, DiedError, watch
from photochrom.errors import UsageError


@pytest.fixture
def child() -> Iterator[Child]:
    child, closed = Child("contained_work:Serving"), threading.Event()
    watch(lambda: [child], closed)
    yield child
    closed.set()
    child.close()


def test_it_answers_and_raises_what_is_meant_for_people(child: Child) -> None:
    assert child.ask("add", 2, 3) == 5
    with pytest.raises(UsageError, match="no"):
        child.ask("refuse")
    assert child.ask("add", 2, 4) == 6


@pytest.mark.parametrize(("kind", "how"), [("abort", "SIGABRT"), ("mistaken", "exit code 1")])
def test_it_may_crash(child: Child, kind: str, how: str) -> None:
    with pytest.raises(DiedError) as died:
        child.ask(kind)
    assert (died.value.cause, died.value.how) == ("crash", how)
    assert not child.alive()


def test_a_request_that_it_cannot_read_ends_it_instead_of_leaving_it_deaf(child: Child) -> None:
    with pytest.raises(DiedError):
        child.ask("add", contained_work.Odd(), 1)


def test_what_libraries_print_and_read_stays_apart_from_the_answers(child: Child) -> None:
    assert child.ask("chatter") == ""


def test_its_time_begins_anew_with_each_part_that_is_done(child: Child) -> None:
    assert child.ask("slow_but_sure", 4, 0.4, seconds=1) == 4
    with pytest.raises(DiedError) as died:
        child.ask("slow_but_sure", 1, 30, seconds=0.5)
    assert died.value.cause == "time"


def test_what_it_was_writing_is_removed_when_it_ends(child: Child, tmp_path: Path) -> None:
    temporary = temporary_of(tmp_path / "result.jpg")
    temporary.write_bytes(b"half")
    with pytest.raises(DiedError):
        child.ask("hang_while_writing", temporary, seconds=0.5)
    assert os.listdir(tmp_path) == []

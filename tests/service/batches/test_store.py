"""What stands in the store is so after any restart; batches take turns; a full disk changes nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from photochrom.errors import PhotochromError
from photochrom.service.batches.store import MOST_INTERRUPTIONS, Item, Result, State, Store
from photochrom.service.disk import NoSpaceError

RESULT = Result(".jpg", "image/jpeg", ("it was in colour",))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "batches.sqlite3")


def batch(store: Store, id: str, count: int, *, now: float = 0) -> None:
    store.create(id, options={"strength": 0.5}, items=[Item(n, f"{n}.jpg") for n in range(1, count + 1)], now=now)


def color(store: Store) -> tuple[str, int]:
    """Do what is next."""
    task = store.take()
    assert task is not None
    assert store.made(task.batch, task.number, RESULT)
    assert store.finish(task.batch, task.number, now=5)
    return task.batch, task.number


def state(store: Store, id: str) -> State:
    summary = store.summary(id)
    assert summary is not None
    return summary.state


def test_a_batch_waits_runs_and_is_done(store: Store) -> None:
    batch(store, "a", 2)
    assert state(store, "a") is State.WAITING
    color(store)
    assert state(store, "a") is State.RUNNING
    color(store)
    summary = store.summary("a")
    assert summary is not None
    assert (summary.state, summary.done, summary.ended) == (State.DONE, 2, 5)
    assert store.take() is None
    assert store.items("a")[0] == Item(1, "1.jpg", State.DONE, None, RESULT)


def test_what_was_written_is_there_after_a_restart(store: Store, tmp_path: Path) -> None:
    batch(store, "a", 3)
    color(store)
    store.close()
    again = Store(tmp_path / "batches.sqlite3")
    assert [item.state for item in again.items("a")] == [State.DONE, State.WAITING, State.WAITING]
    task = again.take()
    assert task is not None
    assert (task.number, task.options) == (2, {"strength": 0.5})


def test_batches_take_turns_so_that_a_small_one_need_not_wait_for_a_large_one(store: Store) -> None:
    batch(store, "large", 5, now=1)
    color(store)
    color(store)
    batch(store, "small", 2, now=2)
    assert [color(store)[0] for _ in range(4)] == ["small", "large", "small", "large"]


def test_an_item_that_failed_before_it_was_coloured_counts(store: Store) -> None:
    store.create("a", options={}, items=[Item(1, "x", State.FAILED, "is damaged")], now=3)
    summary = store.summary("a")
    assert summary is not None
    assert (summary.state, summary.failed, summary.ended) == (State.DONE, 1, 3)


def test_an_item_at_which_the_server_was_killed_comes_last_and_in_the_end_never(store: Store) -> None:
    batch(store, "a", 2)
    task = store.take()
    assert task is not None
    assert [(id, item.number) for id, item in store.running()] == [("a", 1)]
    store.interrupt("a", 1, now=1)
    assert color(store) == ("a", 2)
    for _ in range(MOST_INTERRUPTIONS - 1):
        assert store.take() is not None
        store.interrupt("a", 1, now=2)
    item = store.items("a")[0]
    assert item.state is State.FAILED
    assert "the service ended" in str(item.reason)
    assert state(store, "a") is State.DONE


def test_an_item_that_is_put_back_is_not_blamed(store: Store) -> None:
    batch(store, "a", 2)
    for _ in range(2 * MOST_INTERRUPTIONS):
        task = store.take()
        assert task is not None
        assert task.number == 1
        store.put_back("a", 1)


def test_a_result_that_comes_after_the_batch_was_cancelled_is_not_wanted(store: Store) -> None:
    batch(store, "a", 2)
    store.take()
    store.cancel("a", now=4)
    assert not store.made("a", 1, RESULT)
    assert not store.finish("a", 1, now=5)
    summary = store.summary("a")
    assert summary is not None
    assert (summary.state, summary.ended) == (State.CANCELLED, 4)
    assert [item.state for item in store.items("a")] == [State.CANCELLED] * 2


def test_cancelling_what_has_ended_changes_nothing(store: Store) -> None:
    batch(store, "a", 1)
    color(store)
    store.cancel("a", now=9)
    assert state(store, "a") is State.DONE


def test_what_is_deleted_is_gone_with_its_items(store: Store, tmp_path: Path) -> None:
    batch(store, "a", 2)
    store.delete("a")
    assert store.summary("a") is None
    assert store.batches() == []
    rows = sqlite3.connect(tmp_path / "batches.sqlite3").execute("SELECT count(*) FROM items").fetchone()
    assert rows == (0,)


def test_the_ended_ones_are_found_by_their_age(store: Store) -> None:
    batch(store, "done", 1)
    color(store)
    batch(store, "waiting", 1)
    assert store.ended(5) == []
    assert store.ended(5.1) == ["done"]


def test_a_full_disk_is_said_and_changes_nothing(store: Store) -> None:
    store._database.execute("PRAGMA max_page_count = 10")
    with pytest.raises(NoSpaceError, match=r"could not write .* full"):
        batch(store, "a", 5000)
    assert store.batches() == []
    batch(store, "b", 2)
    assert color(store) == ("b", 1)


@pytest.mark.parametrize("content", [b"not a database, but as long as one must be to be looked at at all" * 40])
def test_a_database_that_is_none_is_said_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "batches.sqlite3").write_bytes(content)
    with pytest.raises(PhotochromError, match="move this file away"):
        Store(tmp_path / "batches.sqlite3")


def test_a_database_of_a_newer_version_is_left_alone(store: Store, tmp_path: Path) -> None:
    store._database.execute("PRAGMA user_version = 2")
    store.close()
    with pytest.raises(PhotochromError, match="newer Photochrom"):
        Store(tmp_path / "batches.sqlite3")

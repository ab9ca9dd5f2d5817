"""What is known of all batches, in an SQLite database, so that it outlives the server.

Whatever stands here is true of the disk at any moment: files are there before a batch is, and a
result is in its place before its item is done. Not for several threads at once; one process has
it open (the work folder is locked).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from photochrom.errors import PhotochromError
from photochrom.service import disk

VERSION: Final = 1
"""Of the tables, as PRAGMA user_version has it."""

MOST_INTERRUPTIONS: Final = 5
"""How often the server may end while an item is under way, until that is taken to be the item's doing."""

_TABLES: Final = """
CREATE TABLE batches (
    id TEXT PRIMARY KEY,
    options TEXT NOT NULL,
    created REAL NOT NULL,
    ended REAL,
    cancelled INTEGER NOT NULL DEFAULT 0,
    turn INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE items (
    batch TEXT NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    warnings TEXT NOT NULL DEFAULT '[]',
    extension TEXT,
    mime TEXT,
    interruptions INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (batch, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX under_way ON items (state) WHERE state IN ('waiting', 'running');
"""


class State(StrEnum):
    """Of an item; a batch is never failed."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Result:
    """A finished file.

    Attributes:
        extension: of its name, as ".jpg".
        mime: its media type.
        warnings: sentences about it.
    """

    extension: str
    mime: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """One photograph of a batch.

    Attributes:
        number: counted from 1, in the order in which they were sent.
        name: what its sender calls it.
        reason: why it failed.
        result: once there is one.
    """

    number: int
    name: str
    state: State = State.WAITING
    reason: str | None = None
    result: Result | None = None


@dataclass(frozen=True)
class Summary:
    """A batch as a whole. Times are in seconds since 1970.

    Attributes:
        total, done, failed: items.
        ended: when its last item was finished, or it was cancelled; None before.
    """

    id: str
    state: State
    total: int
    done: int
    failed: int
    created: float
    ended: float | None


@dataclass(frozen=True)
class Task:
    """An item to be coloured now."""

    batch: str
    number: int
    name: str
    options: dict[str, Any]


class Store:
    """The database.

    Raises:
        PhotochromError: it is damaged, of a newer version, or can't be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")  # a batch that was accepted outlives a power cut
            self._database.execute("PRAGMA foreign_keys = ON")
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
        except sqlite3.Error as error:
            raise PhotochromError(
                f"{path}: can't be used ({error}); make its folder writable, or move this file away to go on "
                "without the batches in it"
            ) from error
        if version > VERSION:
            raise PhotochromError(f"{path}: is of a newer Photochrom; update this one, or choose another work folder")

    def close(self) -> None:
        """No more after this."""
        self._database.close()

    def create(self, batch: str, *, options: dict[str, Any], items: Sequence[Item], now: float) -> None:
        """A new batch, whose files are there. Items that failed already may be among them."""
        with self._writing() as database:
            database.execute(
                "INSERT INTO batches (id, options, created) VALUES (?, ?, ?)", (batch, json.dumps(options), now)
            )
            database.executemany(
                "INSERT INTO items (batch, number, name, state, reason) VALUES (?, ?, ?, ?, ?)",
                [(batch, item.number, item.name, item.state, item.reason) for item in items],
            )
            self._end(batch, now)

    def take(self) -> Task | None:
        """The item that is to be coloured next, from now on running; None where all are.

        Batches take turns, so that a small one need not wait for a large one. Items that the server did not
        outlive before come last in theirs, so that they can't keep the others from being coloured.
        """
        with self._writing() as database:
            row = database.execute(
                "SELECT batch, number, name, options FROM items JOIN batches ON id = batch WHERE state = 'waiting' "
                "ORDER BY turn, created, batch, interruptions, number LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            batch, number, name, options = row
            self._set(batch, number, {"state": State.RUNNING})
            database.execute("UPDATE batches SET turn = (SELECT max(turn) FROM batches) + 1 WHERE id = ?", (batch,))
            return Task(batch, number, name, json.loads(options))

    def made(self, batch: str, number: int, result: Result) -> bool:
        """A running item's result is whole, but not in its place yet. Returns whether it is still wanted."""
        with self._writing():
            warnings = json.dumps(result.warnings)
            values = {**asdict(result), "warnings": warnings}
            return self._change_running(batch, number, values)

    def finish(self, batch: str, number: int, *, failed: str | None = None, now: float) -> bool:
        """A running item's result is in its place, or it failed for a reason. Returns whether it was still running."""
        with self._writing():
            state = State.DONE if failed is None else State.FAILED
            changed = self._change_running(batch, number, {"state": state, "reason": failed})
            self._end(batch, now)
            return changed

    def put_back(self, batch: str, number: int) -> None:
        """A running item is to wait again, through no fault of its own."""
        with self._writing():
            self._change_running(batch, number, {"state": State.WAITING})

    def cancel(self, batch: str, *, now: float) -> None:
        """What is not finished of a batch never will be. Nothing where it has ended."""
        with self._writing() as database:
            changed = database.execute(
                "UPDATE items SET state = 'cancelled' WHERE batch = ? AND state IN ('waiting', 'running')", (batch,)
            )
            if changed.rowcount:
                database.execute("UPDATE batches SET cancelled = 1, ended = ? WHERE id = ?", (now, batch))

    def delete(self, batch: str) -> None:
        """Forget a batch."""
        with self._writing() as database:
            database.execute("DELETE FROM batches WHERE id = ?", (batch,))

    def running(self) -> list[tuple[str, Item]]:
        """The items that run, each with its batch; at the start, those at which the last server was killed."""
        rows = self._database.execute(f"SELECT batch, {_ITEM} FROM items WHERE state = 'running'").fetchall()
        return [(batch, _item(row)) for batch, *row in rows]

    def interrupt(self, batch: str, number: int, *, now: float) -> None:
        """Put back an item at which the last server was killed; or, where that happened too often, give it up."""
        with self._writing() as database:
            database.execute(
                "UPDATE items SET interruptions = interruptions + 1 WHERE batch = ? AND number = ?", (batch, number)
            )
            (count,) = database.execute(
                "SELECT interruptions FROM items WHERE batch = ? AND number = ?", (batch, number)
            ).fetchone()
            if count < MOST_INTERRUPTIONS:
                self._set(batch, number, {"state": State.WAITING})
            else:
                why = f"was given up: {count} times the service ended in the middle of it"
                self._set(batch, number, {"state": State.FAILED, "reason": why})
            self._end(batch, now)

    def batches(self) -> list[str]:
        """All of them."""
        return [batch for (batch,) in self._database.execute("SELECT id FROM batches").fetchall()]

    def under_way(self) -> int:
        """How many batches have not ended."""
        (count,) = self._database.execute("SELECT count(*) FROM batches WHERE ended IS NULL").fetchone()
        return int(count)

    def counts(self) -> dict[str, int]:
        """How many items of all batches there are in each state."""
        found = dict(self._database.execute("SELECT state, count(*) FROM items GROUP BY state").fetchall())
        return {state.value: found.get(state, 0) for state in State}

    def ended(self, before: float) -> list[str]:
        """The batches that ended before a time."""
        return [batch for (batch,) in self._database.execute("SELECT id FROM batches WHERE ended < ?", (before,))]

    def summary(self, batch: str) -> Summary | None:
        """None where there is no such batch."""
        row = self._database.execute(
            "SELECT created, ended, cancelled, count(*), sum(state = 'done'), sum(state = 'failed'), "
            "sum(state = 'waiting') FROM batches JOIN items ON batch = id WHERE id = ? GROUP BY id",
            (batch,),
        ).fetchone()
        if row is None:
            return None
        created, ended, cancelled, total, done, failed, waiting = row
        if ended is not None:
            state = State.CANCELLED if cancelled else State.DONE
        else:
            state = State.WAITING if waiting == total else State.RUNNING
        return Summary(batch, state, total, done, failed, created, ended)

    def items(self, batch: str) -> list[Item]:
        """The items of a batch, in their order."""
        rows = self._database.execute(f"SELECT {_ITEM} FROM items WHERE batch = ? ORDER BY number", (batch,)).fetchall()
        return [_item(row) for row in rows]

    def _change_running(self, batch: str, number: int, values: Mapping[str, Any]) -> bool:
        row = self._database.execute("SELECT state FROM items WHERE batch = ? AND number = ?", (batch, number))
        if row.fetchone() != (State.RUNNING,):  # cancelled or deleted meanwhile
            return False
        self._set(batch, number, values)
        return True

    def _set(self, batch: str, number: int, values: Mapping[str, Any]) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        self._database.execute(
            f"UPDATE items SET {names} WHERE batch = ? AND number = ?", (*values.values(), batch, number)
        )

    def _end(self, batch: str, now: float) -> None:
        """Note the time if nothing of a batch is left to do."""
        self._database.execute(
            "UPDATE batches SET ended = ? WHERE id = ? AND ended IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM items WHERE batch = id AND state IN ('waiting', 'running'))",
            (now, batch),
        )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction.

        Raises:
            NoSpaceError: it could not be written, and nothing has changed.
        """
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database
            self._database.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise disk.no_space(error) from error
            raise


_ITEM: Final = "number, name, state, reason, extension, mime, warnings"


def _item(row: Sequence[Any]) -> Item:
    number, name, state, why, extension, mime, warnings = row
    item = Item(number, name, State(state), why)
    if extension is None:
        return item
    return replace(item, result=Result(extension, mime, tuple(json.loads(warnings))))

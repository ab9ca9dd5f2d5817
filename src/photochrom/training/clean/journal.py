"""The work on many pictures, spread over processes and written down as it goes, so that it can be taken up again.

Results come in the order of the pictures, whichever process was faster. Each is one line of a journal,
its small picture lies in a spool beside it; a line counts only when its bytes are there. A run that
was killed goes on after the last such line and ends with the same bytes as one that was not.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import cv2

from photochrom.errors import DataError, UsageError
from photochrom.photo.files import reason
from photochrom.training.clean.examining import Examined, Way, examine
from photochrom.training.clean.listing import Item

T = TypeVar("T")
R = TypeVar("R")

_AHEAD: Final = 16
"""Pictures that may wait for each process, so that memory stays bounded."""


class Journal:
    """What is known of pictures, on disk: `NAME.jsonl` and the spool `NAME.bin`.

    Args:
        folder: where the files are; made if it is missing.
        name: theirs.
        task: says which pictures are examined and how; a journal of another task is refused.

    Raises:
        UsageError: the files belong to another task.
        DataError: they can't be read or written.
    """

    def __init__(self, folder: Path, name: str, task: str) -> None:
        self._lines, self._spool = folder / f"{name}.jsonl", folder / f"{name}.bin"
        self._task = task
        self.examined: list[Examined] = []
        self._places: list[tuple[int, int]] = []
        with _explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._take_up()

    def run(self, items: Sequence[Item], way: Way, workers: int, advance: Callable[[int], object]) -> None:
        """Examine the items that the journal lacks; `advance` is told how many are done, after each.

        Raises:
            DataError: the journal can't be written, since the disk is full, say.
        """
        advance(len(self.examined))
        todo = items[len(self.examined) :]
        end = sum(self._places[-1]) if self._places else 0
        with (
            _explained(self._lines.parent),
            self._lines.open("a", encoding="utf-8") as lines,
            self._spool.open("ab") as spool,
        ):
            for examined, content in in_order(partial(examine, way=way), todo, workers):
                spool.write(content)
                spool.flush()
                lines.write(json.dumps({**asdict(examined), "place": (end, len(content))}) + "\n")
                lines.flush()
                self.examined.append(examined)
                self._places.append((end, len(content)))
                end += len(content)
                advance(len(self.examined))

    def contents(self, indices: Sequence[int]) -> Iterator[bytes]:
        """The small pictures of these numbers, in this order."""
        with self._spool.open("rb") as spool:
            for index in indices:
                offset, size = self._places[index]
                spool.seek(offset)
                yield spool.read(size)

    def remove(self) -> None:
        """Delete the files: the work is done."""
        self._lines.unlink()
        self._spool.unlink()

    def _take_up(self) -> None:
        """Read what there is; what comes after the last whole entry is cut off."""
        head = json.dumps({"task": self._task}) + "\n"
        self._spool.touch()
        if not self._lines.exists() or self._lines.stat().st_size < len(head):
            self._lines.write_text(head, encoding="utf-8")
            self._spool.write_bytes(b"")
            return
        spooled = self._spool.stat().st_size
        with self._lines.open("rb") as file:
            first = file.readline()
            if _parsed(first).get("task") != self._task:
                raise UsageError(
                    f"{self._lines.parent} holds unfinished work on other pictures or with other settings: "
                    "run that command again to end it, or delete the folder"
                )
            good = len(first)
            for line in file:
                entry = _parsed(line)
                place = entry.pop("place", (0, spooled + 1))
                if sum(place) > spooled:
                    break
                self.examined.append(Examined.from_dict(entry))
                self._places.append((place[0], place[1]))
                good += len(line)
        os.truncate(self._lines, good)
        os.truncate(self._spool, sum(self._places[-1]) if self._places else 0)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Say in one line what kept a journal from being read or written."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{folder} can't be written ({reason(error)}): free some space, or whatever is wrong, and run the same "
            "command again; it goes on where it was"
        ) from error


def in_order(function: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[R]:
    """`function` of each item, in their order, computed by so many processes; by this one where that is 1.

    Raises:
        DataError: a process was ended from outside, most likely for want of memory.
    """
    if workers <= 1 or len(items) <= 1:
        yield from map(function, items)
        return
    waiting: deque[Future[R]] = deque()
    rest = iter(items)
    with ExitStack() as stack:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_alone)
        stack.callback(pool.shutdown, cancel_futures=True)
        try:
            waiting.extend(pool.submit(function, item) for item in islice(rest, workers * _AHEAD))
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(function, item) for item in islice(rest, 1))
        except BrokenProcessPool as error:
            raise DataError("A worker process was ended from outside; run again with fewer --workers.") from error


def _alone() -> None:
    """Each process computes in one thread: there are others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the parent ends them
    os.environ["VIPS_CONCURRENCY"] = "1"
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the parent is gone; were it killed, its workers would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line) if line.endswith(b"\n") else {}
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}

"""One process that can be spared, as seen from the one that asks: watched for time and memory, ended, cleared up after.

What it serves is a class that the caller names; see `photochrom.contained.process`.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from photochrom.claims import remove_leftover
from photochrom.contained.process import OK, PROGRESS, RAISED, WRITES

if TYPE_CHECKING:
    import psutil

LEAST_MEMORY: Final = 2 << 30
"""Bytes that a child may always take, unless somebody says less: enough for 200 megapixels of 16 bit."""

KEPT: Final = 512 << 20
"""Bytes more than after its first request that a child may keep after a later one; beyond, it leaks."""

INTERVAL: Final = 0.2
"""Seconds between two looks at what children take."""

Cause = Literal["time", "memory", "stopped", "system", "crash"]
"""Why a child has ended: it took longer or more memory than it may, was told to, was ended by the system (most likely
for want of memory), or crashed."""


class DiedError(Exception):
    """A child has ended without an answer.

    Args:
        cause: why.
        how: the signal or exit code.
    """

    def __init__(self, cause: Cause, how: str) -> None:
        super().__init__(f"{cause} ({how})")
        self.cause = cause
        self.how = how


class Child:
    """One process. Not for several threads at once, apart from :meth:`watch` and :meth:`kill`.

    Args:
        serving: "module:class" of what it serves.
        memory: bytes that it may have in use; None: half of the machine's, at least `LEAST_MEMORY`.
        kept: bytes more than after its first request that it may keep after a later one.

    Attributes:
        memory_limit: bytes that it may have in use.

    Raises:
        OSError: no process could be started.
    """

    def __init__(self, serving: str, *, memory: int | None = None, kept: int = KEPT) -> None:
        # With this process's own search path: neither the current folder nor the way this was started may matter.
        code = f"import sys; sys.path[:] = {sys.path!r}; from photochrom.contained import process; "
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"{code}process.serve({serving!r})"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the process that asks, which then ends its children
        )
        self._limit = memory
        self._kept = kept
        self._lock = threading.Lock()
        self._seconds: float | None = None
        self._since: float | None = None
        self._cause: Cause | None = None
        self._writes: set[Path] = set()
        self._usual: int | None = None
        self._system: psutil.Process | None = None

    @property
    def memory_limit(self) -> int:
        return _usual_limit() if self._limit is None else self._limit

    def ask(self, kind: str, *arguments: object, seconds: float | None = None) -> Any:
        """Send a request and wait for its answer.

        Args:
            kind: name of a method of what it serves.
            seconds: that it may take, or a part of it; time and memory are watched meanwhile. None: whatever it takes.

        Raises:
            DiedError: it ended, or was ended by :meth:`watch` or :meth:`kill`.
            PhotochromError: what was raised there.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = pickle.dumps((kind, arguments))
        try:
            self._seconds = seconds
            self._since = None if seconds is None else time.monotonic()
            self._process.stdin.write(request)
            self._process.stdin.flush()
            while True:
                told, value = pickle.load(self._process.stdout)
                if told == OK:
                    return value
                if told == RAISED:
                    raise value
                if told == WRITES:
                    self._writes.add(value)
                elif told == PROGRESS and seconds is not None:
                    self._since = time.monotonic()
        except (EOFError, OSError, pickle.UnpicklingError):
            raise self._end() from None
        finally:
            with self._lock:
                self._since = None
                self._writes.clear()

    def alive(self) -> bool:
        """Whether its process still runs."""
        return self._process.poll() is None

    def watch(self) -> None:
        """End it if its request takes longer, or more memory, than it may."""
        since, seconds = self._since, self._seconds
        if since is None or seconds is None:
            return
        cause: Cause | None = None
        if time.monotonic() - since > seconds:
            cause = "time"
        elif self.memory() > self.memory_limit:
            cause = "memory"
        with self._lock:
            if cause is not None and self._since is since:  # it may have become ready meanwhile
                self.kill(cause)

    def kill(self, cause: Cause = "stopped") -> None:
        """End it at once, from any thread."""
        self._cause = self._cause or cause
        self._process.kill()

    def close(self) -> None:
        """End it, whatever it does; what it was writing is removed."""
        self.kill()
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._end()

    def memory(self) -> int:
        """Bytes that it has in use."""
        import psutil

        try:
            if self._system is None:
                self._system = psutil.Process(self._process.pid)
            return int(self._system.memory_info().rss)
        except (psutil.Error, OSError):  # OSError: this process may open no more files just now; the watch goes on
            return 0

    def swollen(self) -> bool:
        """Whether it keeps far more memory between two requests than after its first."""
        memory = self.memory()
        self._usual = memory if self._usual is None else min(self._usual, memory)
        return memory > self._usual + self._kept

    def _end(self) -> DiedError:
        """Wait until it is gone, and clear away what it left. Returns why it ended."""
        code = self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        for path in self._writes:
            remove_leftover(path)
        self._writes.clear()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return DiedError(self._cause or ("system" if how == "SIGKILL" else "crash"), how)


def watch(children: Callable[[], Iterable[Child]], closed: threading.Event) -> None:
    """Look after children, in a thread of its own, until `closed`."""

    def look() -> None:
        while not closed.wait(INTERVAL):
            for child in children():
                child.watch()

    threading.Thread(target=look, daemon=True, name="photochrom-watch").start()


@cache
def _usual_limit() -> int:
    import psutil

    return max(LEAST_MEMORY, int(psutil.virtual_memory().total) // 2)

"""One worker process as the command sees it: asked, watched for time and memory, ended, and cleared up after."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from photochrom.claims import remove_leftover
from photochrom.cli.jobs import Limits
from photochrom.cli.worker import OK, RAISED

if TYPE_CHECKING:
    import psutil

LEAST_MEMORY: Final = 2 << 30
"""Bytes that a worker may always take, unless somebody says less: enough for 200 megapixels of 16 bit."""

KEPT: Final = 512 << 20
"""Bytes more than after its first picture that a worker may keep after a later one; beyond, it leaks: replaced."""


class WorkerDied(Exception):
    """A worker has ended without an answer.

    Args:
        why: what a picture's report says.
        how: the signal or exit code.
    """

    def __init__(self, why: str, how: str) -> None:
        super().__init__(why)
        self.how = how


class Worker:
    """One worker process, as seen from the command. Not for several threads at once, apart from :meth:`watch` and
    :meth:`kill`."""

    def __init__(self, limits: Limits) -> None:
        # With this process's own search path: neither the current folder nor the way this was started may matter.
        code = f"import sys; sys.path[:] = {sys.path!r}; from photochrom.cli.worker import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the command, which then ends its workers
        )
        self._limits = limits
        self._lock = threading.Lock()
        self._since: float | None = None
        self._why: str | None = None
        self._writes: set[Path] = set()
        self._usual: int | None = None
        self._system: psutil.Process | None = None

    def ask(self, kind: str, *arguments: object, limited: bool = False) -> Any:
        """Send a request and wait for its answer.

        Args:
            limited: watch time and memory meanwhile.

        Raises:
            WorkerDied: it ended, or was ended by :meth:`watch` or :meth:`kill`.
            PhotochromError: what the worker itself raised.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._since = time.monotonic() if limited else None
            pickle.dump((kind, arguments), self._process.stdin)
            self._process.stdin.flush()
            while True:
                told, value = pickle.load(self._process.stdout)
                if told == OK:
                    return value
                if told == RAISED:
                    raise value
                if told == "writes":
                    self._writes.add(value)
                elif told == "page" and limited:
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

    def watch(self, memory: int) -> None:
        """End it if its picture takes longer than it may, or if it has more than `memory` bytes in use."""
        since = self._since
        if since is None:
            return
        why = None
        if time.monotonic() - since > self._limits.seconds:
            why = f"took longer than {self._limits.seconds:g} seconds and was given up; --time-limit allows more"
        elif self.memory() > memory:
            why = f"took more than {memory >> 20} MB of memory and was given up; --memory-limit allows more"
        with self._lock:
            if why is not None and self._since is since:  # it may have become ready meanwhile
                self.kill(why)

    def kill(self, why: str) -> None:
        """End it at once, from any thread."""
        self._why = self._why or why
        self._process.kill()

    def close(self) -> None:
        """End it, whatever it does; what it was writing is removed."""
        self.kill("was stopped")
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
        except psutil.Error:
            return 0

    def swollen(self) -> bool:
        """Whether it keeps far more memory between two pictures than after its first."""
        memory = self.memory()
        self._usual = memory if self._usual is None else min(self._usual, memory)
        return memory > self._usual + KEPT

    def _end(self) -> WorkerDied:
        """Wait until it is gone, and clear away what it left. Returns why it ended."""
        code = self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        for path in self._writes:
            remove_leftover(path)
        self._writes.clear()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if self._why is not None:
            why = self._why
        elif how == "SIGKILL":
            why = "was ended by the system, most likely for want of memory: try --jobs 1"
        else:
            why = f"made its process crash ({how}); most likely the file is damaged, or made to do harm"
        return WorkerDied(why, how)


def memory_limit(limits: Limits) -> int:
    """Bytes that a worker may take."""
    if limits.memory is not None:
        return limits.memory
    import psutil

    return max(LEAST_MEMORY, int(psutil.virtual_memory().total) // 2)

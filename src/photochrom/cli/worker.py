"""A worker process: colors what it is told to, one picture after the other, and may die of any of them.

It reads requests from its standard input and answers on its standard output, both pickled. A
decoder or the network that hangs or crashes takes this process with it and nothing else. When the
command is gone, however it went, the worker goes too.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any, BinaryIO

from photochrom.cli.jobs import Answer, Job, Settings
from photochrom.errors import PhotochromError

OK, RAISED = "ok", "raised"
"""How an answer ends: with a value, or with an error to raise. What is told before that has other names."""


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command decides what is to end
    requests, answers = _own_pipes()
    _expendable()
    pending: SimpleQueue[tuple[str, tuple[Any, ...]]] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests, pending), daemon=True).start()

    def tell(kind: str, value: object = None) -> None:
        pickle.dump((kind, value), answers)
        answers.flush()

    serving = _Serving(tell)
    while True:
        kind, arguments = pending.get()
        try:
            value = getattr(serving, kind)(*arguments)
        except PhotochromError as error:
            tell(RAISED, error)
        else:
            tell(OK, value)


class _Serving:
    """What can be asked for; modules are imported as they are needed."""

    def __init__(self, tell: Any) -> None:
        self._tell = tell

    def plan(self, options: dict[str, Any]) -> list[Job]:
        """The jobs of a command line: `photochrom.cli.plan.plan`."""
        from photochrom.cli.plan import plan

        return plan(**options)

    def load(self, settings: Settings, threads: int) -> None:
        """Make ready what is needed, the model above all."""
        if settings.verify:
            from photochrom.cli.verifying import Verifying

            self._work: Any = Verifying(settings).verify
        else:
            from photochrom.cli.coloring import Coloring

            self._coloring = Coloring(settings, threads=threads, tell=self._tell)
            self._work = self._coloring.color

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Once for a run, before its pictures: `photochrom.cli.standing.Standing.prepare`."""
        self._coloring.prepare(jobs)

    def attempt(self, job: Job, data: bytes | None) -> Answer:
        """Color or verify one picture: `photochrom.cli.coloring.attempt`."""
        from photochrom.cli.coloring import attempt

        return attempt(job, data, self._work)


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes for this module alone: libraries that print, and files called /dev/stdin, must not get at them."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _expendable() -> None:
    """Where memory runs out, the system is to end a worker and not the command; and a crash leaves no core file."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("800")
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _listen(requests: BinaryIO, pending: SimpleQueue[tuple[str, tuple[Any, ...]]]) -> None:
    try:
        while True:
            pending.put(pickle.load(requests))
    except (EOFError, OSError, pickle.UnpicklingError):
        os._exit(0)  # nobody listens any more: whatever is under way is of no use

"""The process that can be spared: does what it is told to, one thing after the other, and may die of any of them.

It reads requests from its standard input and answers on its standard output, both pickled. A
decoder or the network that hangs or crashes takes this process with it and nothing else. When the
process that asks is gone, however it went, this one goes too.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from queue import SimpleQueue
from typing import Any, BinaryIO

from photochrom.errors import PhotochromError

OK, RAISED = "ok", "raised"
"""How an answer ends: with a value, or with an error to raise."""

WRITES, PROGRESS = "writes", "progress"
"""What may be told before that: a temporary file that is to be removed if this process dies; that a part is done, so
that the time begins anew."""

Tell = Callable[[str, object], None]
"""Takes (WRITES, path) and (PROGRESS, None)."""


def serve(place: str) -> None:
    """Serve until standard input ends.

    Args:
        place: "module:class"; requests are names of its methods, with arguments. It is made with a `Tell`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks decides what is to end
    requests, answers = _own_pipes()
    _expendable()
    pending: SimpleQueue[tuple[str, tuple[Any, ...]]] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests, pending), daemon=True).start()

    def tell(kind: str, value: object = None) -> None:
        told = pickle.dumps((kind, value))
        try:
            answers.write(told)
            answers.flush()
        except BrokenPipeError:
            os._exit(0)  # as in `_listen`

    module, _, name = place.partition(":")
    serving = getattr(import_module(module), name)(tell)
    while True:
        kind, arguments = pending.get()
        try:
            value = getattr(serving, kind)(*arguments)
        except PhotochromError as error:
            tell(RAISED, error)
        else:
            tell(OK, value)


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes for this module alone: libraries that print, and files called /dev/stdin, must not get at them."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _expendable() -> None:
    """Where memory runs out, the system is to end this process and not who asks; and a crash leaves no core file."""
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
    except BaseException:  # a request of which nothing can be made: better dead than deaf
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)

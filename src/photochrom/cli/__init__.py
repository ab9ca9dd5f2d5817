"""The `photochrom` command: thin modules, one for each command, over the same functions that anybody can call.

What every command shares is here: errors become one line on stderr and an exit code (0 all done,
1 some inputs failed, 2 usage), and being asked to stop leaves no half files.
"""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from photochrom.errors import PhotochromError, UsageError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; `arguments` are those of the shell unless given. Always ends in SystemExit."""
    from photochrom.cli.app import app

    # Names of files may hold what the terminal can't write: no reason to lose the pictures that come after.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    # The default would end the process on the spot; this way temporary files are removed first, as on Ctrl-C.
    signal.signal(signal.SIGTERM, _terminate)
    # A closed terminal is no other case, unless somebody asked for it to be ignored, as nohup does.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, _terminate)
    try:
        app(args=None if arguments is None else list(arguments), prog_name="photochrom")
    except UsageError as error:
        _fail(error, 2)
    except PhotochromError as error:
        _fail(error, 1)


def _fail(error: PhotochromError, code: int) -> None:
    print(f"photochrom: {error}", file=sys.stderr)
    raise SystemExit(code)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)

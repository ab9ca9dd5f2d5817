"""What the log says of a mistake of ours: where it happened, and nothing of what people sent.

The message of an exception may quote a file name, a note or a whole form, so messages stay out, and with them the
usual traces.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_FRAMES: Final = 25
"""Innermost calls that are listed of each error."""


def trace_of(error: BaseException) -> str:
    """The kinds of the error and of those that led to it, each with the calls it came through; no message of any."""
    return "\n".join(line for each in _chain(error) for line in _lines(each))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    rest = [error]
    while rest:
        each = rest.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            rest += each.exceptions
        if earlier := each.__cause__ or (None if each.__suppress_context__ else each.__context__):
            rest.append(earlier)


def _lines(error: BaseException) -> Iterator[str]:
    yield f"{type(error).__module__}.{type(error).__qualname__}"
    for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]:
        yield f"  {'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"

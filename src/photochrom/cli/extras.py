"""What a command says when the libraries of its extra are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from photochrom.errors import MissingExtraError


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a missing import inside into one line that says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "photochrom":
            raise
        raise MissingExtraError(
            f"this command needs {error.name}, which is not installed: pip install 'photochrom[{extra}]'"
        ) from error

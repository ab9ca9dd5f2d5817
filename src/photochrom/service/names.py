"""Files go by numbers in the work folder; in what people read they go by the names that people gave them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from photochrom.errors import PhotochromError


@contextmanager
def called(names: Mapping[Path, str]) -> Iterator[list[str]]:
    """Within the block, in a worker: warnings go into the list that is given; they and errors say the names.

    Args:
        names: what people call these files.

    Raises:
        PhotochromError: as in the block, with other names in its sentence.
    """
    from photochrom.photo import collect_warnings

    def told(sentence: str) -> str:
        for path, name in sorted(names.items(), key=lambda item: -len(os.fspath(item[0]))):
            sentence = sentence.replace(os.fspath(path), name)
        return sentence

    with collect_warnings() as warnings:
        try:
            yield warnings
        except PhotochromError as error:
            raise type(error)(told(str(error))) from None
        finally:
            warnings[:] = map(told, warnings)

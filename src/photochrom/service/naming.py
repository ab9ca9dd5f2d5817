"""Names that users gave to their files: labels to show and to put into a zip, never a path of ours.

A name may come from any system, or from somebody who means harm. What is left of it here can be
unpacked on any system, inside the folder it is unpacked to. In what people read, files go by these
names and not by those of the work folder.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from photochrom.errors import PhotochromError

SUFFIX: Final = "-colour"

_LONGEST: Final = 120
"""Characters of one part of a name: with an ending, below the 255 bytes of most file systems in most languages."""

_DEEPEST: Final = 8
"""Folders above a file that are kept."""

_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_JUNK: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini", "ehthumbs.db"})


def label(name: str) -> str:
    """A harmless name, with its folders: "album/1923/wedding.jpg". Never empty, absolute or with "..".

    >>> label("C:\\\\photos\\\\..\\\\..\\\\wedding.jpg")
    'photos/wedding.jpg'
    """
    parts = [_part(part) for part in re.sub(r"^[A-Za-z]:", "", name.replace("\\", "/")).split("/")]
    kept = [part for part in parts if part]
    return "/".join(kept[-_DEEPEST - 1 :]) or "photograph"


def is_junk(name: str) -> bool:
    """Whether a file was put into a zip by an operating system and not by a person."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts[:-1] or parts[-1].startswith("._") or parts[-1].lower() in _JUNK


class Results:
    """Names of results, NAME-colour.EXT, no two of which are the same on any system."""

    def __init__(self) -> None:
        self._taken: set[str] = {"report.json"}

    def name(self, label: str, extension: str) -> str:
        """The name for the result of the file that is called `label`.

        Args:
            extension: with its dot, as ".jpg".
        """
        path = PurePosixPath(label)
        stem = path.name.removesuffix(path.suffix) + SUFFIX
        number = 1
        while True:
            last = stem if number == 1 else f"{stem}-{number}"
            name = str(path.with_name(last + extension))
            if _folded(name) not in self._taken:
                self._taken.add(_folded(name))
                return name
            number += 1


def ending(name: str, suffixes: Sequence[str]) -> str:
    """What the name of a result ends in: as the upload's own where that is one of its format's, else as usual."""
    own = Path(name).suffix
    return own if own.lower() in suffixes else suffixes[0]


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


def _part(text: str) -> str:
    """One folder or file name, without what some system can't take; "" for none."""
    visible = "".join(letter for letter in text if unicodedata.category(letter)[0] != "C")
    part = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", visible)).strip().rstrip(". ")
    if not part.strip("."):
        return ""
    if _RESERVED.fullmatch(part):
        part = f"_{part}"
    stem, dot, ending = part.rpartition(".")
    if len(part) > _LONGEST and dot and len(ending) <= 5:
        return f"{stem[: _LONGEST - len(ending) - 1]}.{ending}"
    return part[:_LONGEST]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())

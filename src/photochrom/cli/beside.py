"""What is written beside a result: its layer, before | after, the map of its confidence, and its project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from photochrom.cli.control import PROJECT
from photochrom.cli.painting import Painted
from photochrom.cli.plan import is_result
from photochrom.errors import PhotochromError
from photochrom.hints.project import Project
from photochrom.photo.companions import compared, layer, pictured
from photochrom.photo.files import finished_or_nothing


def check(files: Mapping[str, Path], *, replace: bool) -> None:
    """See that nothing is in the way.

    Args:
        files: what is to be written, and where.
        replace: whether what Photochrom wrote may be replaced.

    Raises:
        PhotochromError: something is.
    """
    for path in files.values():
        if not path.exists():
            continue
        if not replace:
            raise PhotochromError(f"{path} exists already: give --overwrite, or another -o")
        if not _is_ours(path):
            raise PhotochromError(f"{path} exists already and is none of Photochrom's files: give another -o")


@contextmanager
def written(files: Mapping[str, Path], painted: Painted) -> Iterator[Callable[[], None]]:
    """Write what was asked for under temporary names; whatever fails in the block, everything stays as it was.

    Gives what moves all to their places, for when the result is whole. Whatever is there by now is replaced, as
    `check` allowed.
    """
    with ExitStack() as stack:
        for name, path in files.items():
            file = stack.enter_context(finished_or_nothing(path, overwrite=True))
            _write(name, painted, _Named(file, str(path)), path.parent)
        yield stack.close


@dataclass(frozen=True)
class _Named:
    """A file under a temporary name that messages call by its own."""

    file: BinaryIO
    name: str

    def write(self, data: bytes, /) -> object:
        return self.file.write(data)


def _write(name: str, painted: Painted, file: _Named, folder: Path) -> None:
    photo = painted.photo
    if name == "layer":
        layer(photo).save(file, format="png")
    elif name == "compare":
        compared(photo).save(file, format="jpeg", quality=90, subsampling="444")
    elif name == "confidence":
        pictured(photo, painted.confidence_map()).save(file, format="png")
    else:
        file.write(Project.of(photo).to_bytes(folder))


def _is_ours(path: Path) -> bool:
    if path.suffix != PROJECT:
        return is_result(path)
    try:
        Project.read(path)
    except PhotochromError:
        return False
    return True

"""What is written beside a result: its layer, before | after, the map of its confidence, and its project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from photochrom.cli.control import PROJECT
from photochrom.cli.painting import Painted
from photochrom.cli.plan import is_result
from photochrom.errors import PhotochromError
from photochrom.hints.project import Project
from photochrom.photo.companions import compared, layer, pictured


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


def write(files: Mapping[str, Path], painted: Painted) -> None:
    """Write what was asked for; whatever is there by now is replaced, as `check` allowed."""
    photo = painted.photo
    for name, path in files.items():
        if name == "layer":
            layer(photo).save(path, overwrite=True)
        elif name == "compare":
            compared(photo).save(path, quality=90, subsampling="444", overwrite=True)
        elif name == "confidence":
            pictured(photo, painted.confidence_map()).save(path, overwrite=True)
        else:
            Project.of(photo).save(path, overwrite=True)


def _is_ours(path: Path) -> bool:
    if path.suffix != PROJECT:
        return is_result(path)
    try:
        Project.read(path)
    except PhotochromError:
        return False
    return True

"""What a command line asks for: which pictures are read, and where each result goes.

Everything that can be decided by names alone is decided here, before a picture is touched:
folders and patterns are expanded, results get their names, and two that would meet are found.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Final

from photochrom.errors import PhotoError, UsageError
from photochrom.photo.formats import FORMATS, of_name, recognised
from photochrom.photo.formats.base import Format

STANDARD: Final = "-"
"""Standard input as an input, standard output as an output."""

SUFFIX: Final = "-colour"


@dataclass(frozen=True)
class Job:
    """One picture to color.

    Attributes:
        source: file to read; None for standard input.
        target: file to write; None for standard output.
        listed: found in a folder or by a pattern and not named itself: skipped where it carries our mark.
        problem: why it cannot be done, known from the names alone; None where nothing speaks against it.
    """

    source: Path | None
    target: Path | None
    listed: bool = False
    problem: str | None = None

    @property
    def name(self) -> str:
        """What messages call the picture."""
        return STANDARD if self.source is None else str(self.source)


@dataclass(frozen=True)
class _Found:
    path: Path
    below: Path
    """Where it stands under the folder that was given: kept under the output folder."""
    listed: bool = False
    problem: str | None = None

    def is_below(self, folder: Path) -> bool:
        """Whether it was found in `folder`, which lies inside the folder that was read: there, results go."""
        base = Path(*self.path.parts[: len(self.path.parts) - len(self.below.parts)])
        return self.listed and folder.resolve() in [(base / part).resolve() for part in self.below.parents[:-1]]


def plan(
    inputs: Sequence[str], *, output: str | None, format: str | None, recursive: bool, overwrite: bool = False
) -> list[Job]:
    """The jobs of a command line, in the order of its inputs; a picture named twice is done once.

    Args:
        inputs: files, folders, patterns such as "scans/*.tif", or "-" alone for standard input.
        output: None: beside each input, as NAME-colour.EXT. Else a folder, where files keep their names and
            subfolders; with one file also the name of the result, or "-" for standard output.
        format: name or suffix of the results' format; None keeps each input's.
        recursive: read the subfolders of folders as well.
        overwrite: results may replace files; but never one that is an input for another result.

    Raises:
        UsageError: inputs and output make no sense together.
    """
    kind = _format(format)
    if STANDARD in inputs:
        return [_standard_input(inputs, output)]
    found = [each for item in inputs for each in _expand(item, recursive)]
    # A folder or a pattern is never "one file", whatever it holds today.
    alone = len(inputs) == 1 and len(found) == 1 and not found[0].listed and not Path(inputs[0]).is_dir()
    if output == STANDARD:
        if not alone:
            raise UsageError("only one picture can go to standard output: give one file, or -o FOLDER")
        return [Job(found[0].path, None)]
    file = _as_file(output) if alone and output is not None else None
    folder = None if output is None or file is not None else Path(output)
    if folder is not None and folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: several pictures need a folder to go to")

    if folder is not None:
        found = [each for each in found if not each.is_below(folder)]
    unique = {os.path.realpath(each.path): each for each in reversed(found)}
    first: dict[str, _Found] = {}
    jobs = []
    for real, each in reversed(unique.items()):
        target, problem = file or _target(each, folder, kind), each.problem
        place = os.path.realpath(target)
        if problem is None and first.setdefault(os.path.normcase(place), each) is not each:
            problem = f"its result would be {target}, as that of {first[os.path.normcase(place)].path}: give another -o"
        if problem is None and overwrite and place != real and place in unique:
            problem = f"its result would replace {target}, which is an input too: give another -o"
        jobs.append(Job(each.path, target, each.listed, problem))
    return jobs


def is_unmarked_result(path: Path) -> bool:
    """Whether a file is most likely a result of ours in a format that has no place for the mark, such as BMP."""
    kind = next((each for each in FORMATS if path.suffix.lower() in each.suffixes), None)
    if kind is None or "xmp" in kind.keeps or not path.stem.endswith(SUFFIX):
        return False
    return path.with_stem(path.stem.removesuffix(SUFFIX)).exists()


def _format(name: str | None) -> Format | None:
    if name is None:
        return None
    try:
        return of_name(name)
    except PhotoError as error:
        raise UsageError(str(error)) from error


def _standard_input(inputs: Sequence[str], output: str | None) -> Job:
    if len(inputs) > 1:
        raise UsageError("standard input ('-') stands alone: it cannot be mixed with other inputs")
    if output is None or output == STANDARD:
        return Job(None, None)
    file = _as_file(output)
    if file is None:
        raise UsageError(f"a picture from standard input has no name to get in the folder {output}: give -o FILE")
    return Job(None, file)


def _as_file(output: str) -> Path | None:
    """The output as the name of a file; None where it means a folder: there is one, or it has no ending."""
    path = Path(output)
    is_folder = path.is_dir() or output.endswith(("/", os.sep)) or not path.suffix
    return None if is_folder else path


def _expand(item: str, recursive: bool) -> Iterator[_Found]:
    path = Path(item)
    if path.is_dir():
        yield from _folder(path, recursive)
    elif has_magic(item) and not path.exists():
        yield from _pattern(item)
    else:
        yield _Found(path, Path(path.name))


def _folder(folder: Path, recursive: bool) -> Iterator[_Found]:
    suffixes = {suffix for each in FORMATS for suffix in each.suffixes}
    try:
        entries = sorted(folder.rglob("*") if recursive else folder.iterdir())
    except OSError as error:
        yield _Found(folder, Path(folder.name), problem=f"this folder cannot be read ({error.strerror or error})")
        return
    pictures = [
        path
        for path in entries
        if path.suffix.lower() in suffixes
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    if not pictures:
        hint = "" if recursive else "; --recursive looks into its subfolders too"
        kinds = ", ".join(each.name for each in FORMATS)
        yield _Found(folder, Path(folder.name), problem=f"this folder holds no picture ({kinds}){hint}")
    for path in pictures:
        yield _Found(path, path.relative_to(folder), listed=True)


def _pattern(pattern: str) -> Iterator[_Found]:
    """Files that match; those under the part of the pattern without wildcards keep their subfolders."""
    parts = Path(pattern).parts
    fixed = next(i for i, part in enumerate(parts) if has_magic(part))
    base = Path(*parts[:fixed])
    matches = sorted(path for path in map(Path, glob(pattern, recursive=True)) if path.is_file())
    if not matches:
        yield _Found(Path(pattern), Path(parts[-1]), problem="no file matches this pattern")
    for path in matches:
        yield _Found(path, path.relative_to(base), listed=True)


def _target(found: _Found, folder: Path | None, kind: Format | None) -> Path:
    path = found.below if folder is not None else found.path
    name = path.stem if folder is not None else path.stem + SUFFIX
    return (folder or Path()) / path.with_name(name + _suffix(found.path, kind))


def _suffix(path: Path, kind: Format | None) -> str:
    """The ending of the result's name: the input's own, unless it says nothing of the format that is written."""
    own = path.suffix
    if kind is not None:
        return own if own.lower() in kind.suffixes else kind.suffixes[0]
    if any(own.lower() in each.suffixes for each in FORMATS):
        return own
    try:
        with path.open("rb") as file:
            content = recognised(file.read(64))
    except OSError:
        content = None
    return own if content is None else content.suffixes[0]

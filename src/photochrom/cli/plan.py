"""What a command line asks for: which pictures are read, and where each result goes.

Everything that can be decided without decoding is decided here, before a picture is touched:
folders and patterns are expanded, results get their names, and two that would meet are found.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from glob import glob, has_magic
from pathlib import Path
from typing import Final

from photochrom.cli.jobs import STANDARD, Job
from photochrom.errors import PhotoError, UsageError
from photochrom.photo import is_marked
from photochrom.photo.formats import FORMATS, check_ending, of_name, of_path, recognised
from photochrom.photo.formats.base import Format

SUFFIX: Final = "-colour"


@dataclass(frozen=True)
class _Found:
    path: Path
    below: Path
    """Where it stands under the folder that was given: kept under the output folder."""
    listed: bool = False
    problem: str | None = None
    passed_over: str | None = None

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
    if "" in (*inputs, output):
        raise UsageError("an input or output is empty: a variable of the shell that is not set?")
    if STANDARD in inputs:
        return [_standard_input(inputs, output, kind)]
    found = [each for item in inputs for each in _expand(item, recursive)]
    # A folder or a pattern is never "one file", whatever it holds today.
    alone = len(inputs) == 1 and len(found) == 1 and not found[0].listed and not os.path.isdir(inputs[0])
    if output == STANDARD:
        if not alone:
            raise UsageError("only one picture can go to standard output: give one file, or -o FOLDER")
        return [Job(found[0].path, None)]
    file = _as_file(output, kind) if alone and output is not None else None
    folder = None if output is None or file is not None else Path(output)
    if folder is not None and os.path.exists(folder) and not os.path.isdir(folder):
        raise UsageError(f"{folder} is a file: several pictures need a folder to go to")

    if folder is not None:
        found = [each for each in found if not each.is_below(folder)]
    unique = {os.path.realpath(each.path): each for each in reversed(found)}
    taken: dict[str, dict[str, _Found]] = {}
    jobs = []
    for real, each in reversed(unique.items()):
        target, problem = file or _target(each, folder, kind), each.problem
        place = os.path.realpath(target)
        if problem is None and each.passed_over is None:
            alike = taken.setdefault(_folded(place), {})
            other = alike.get(place) or (next(iter(alike.values())) if alike and _folds(Path(place).parent) else None)
            if other is not None:
                problem = f"its result would be {target}, as that of {other.path}: give another -o"
            alike.setdefault(place, each)
        replaces_input = overwrite and place != real and place in unique
        if problem is None and replaces_input and not unique[place].listed:
            problem = f"its result would replace {target}, which is an input too: give another -o"
        jobs.append(
            Job(
                each.path,
                target,
                listed=each.listed,
                problem=problem,
                replaces_input=replaces_input,
                existed=os.path.exists(target),
                passed_over=each.passed_over,
                below=each.below,
            )
        )
    return jobs


def is_result(path: Path) -> bool:
    """Whether a file is a result of ours: by its mark or, in a format that has no place for one (BMP), by its name."""
    if is_marked(path):
        return True
    if holds_mark(path) or not path.stem.endswith(SUFFIX):
        return False
    original = path.with_stem(path.stem.removesuffix(SUFFIX))
    endings = [ending for each in FORMATS for suffix in each.suffixes for ending in (suffix, suffix.upper())]
    return any(os.path.exists(original.with_suffix(ending)) for ending in (original.suffix, *endings))


def holds_mark(path: Path) -> bool:
    """Whether a file of this name is of a format that has a place for our mark."""
    kind = next((each for each in FORMATS if path.suffix.lower() in each.suffixes), None)
    return kind is None or "xmp" in kind.keeps


def _folded(place: str) -> str:
    """A path as file systems see it that don't tell large letters from small, or accents written in two ways."""
    return unicodedata.normalize("NFC", place.casefold())


@cache
def _folds(folder: Path) -> bool:
    """Whether in a folder, which need not exist yet, names that differ in case alone are the same name."""
    there = next((each for each in (folder, *folder.parents) if os.path.isdir(each)), folder)
    other = there.with_name(there.name.swapcase()) if there.name else there
    if other.name == there.name:  # no letters to try it with
        return sys.platform in ("darwin", "win32")
    return os.path.exists(other) and os.path.samefile(there, other)


def _format(name: str | None) -> Format | None:
    if name is None:
        return None
    try:
        return of_name(name)
    except PhotoError as error:
        raise UsageError(str(error)) from error


def _standard_input(inputs: Sequence[str], output: str | None, kind: Format | None) -> Job:
    if len(inputs) > 1:
        raise UsageError("standard input ('-') stands alone: it cannot be mixed with other inputs")
    if output is None or output == STANDARD:
        return Job(None, None)
    file = _as_file(output, kind)
    if file is None:
        raise UsageError(f"a picture from standard input has no name to get in the folder {output}: give -o FILE")
    return Job(None, file)


def _as_file(output: str, kind: Format | None) -> Path | None:
    """The output as the name of a file; None where it means a folder: there is one, or nothing yet and no ending.

    Raises:
        UsageError: its ending is that of no format, and no `kind` of file was asked for; or that of another kind.
    """
    path = Path(output)
    there = os.path.exists(path)
    if os.path.isdir(path) or output.endswith(("/", os.sep)) or not (there or path.suffix):
        return None
    if kind is None:
        try:
            of_path(path)
        except PhotoError as error:
            raise UsageError(f"{output}: {error}; for a folder, write {output}/") from error
    else:
        check_ending(path, kind)
    return path


def _expand(item: str, recursive: bool) -> Iterator[_Found]:
    path = Path(item)
    if os.path.isdir(path):  # unlike Path.is_dir, also where the way there is barred or the name too long
        yield from _folder(path, recursive)
    elif has_magic(item) and not os.path.exists(path):
        yield from _pattern(item)
    else:
        yield _Found(path, Path(path.name))


def _folder(folder: Path, recursive: bool) -> Iterator[_Found]:
    suffixes = {suffix for each in FORMATS for suffix in each.suffixes}
    pictures: list[Path] = []
    barred: list[OSError] = []
    links: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=barred.append):
        folders[:] = [name for name in folders if recursive and not name.startswith(".")]
        links += [Path(place, name) for name in folders if os.path.islink(os.path.join(place, name))]
        named = [Path(place, name) for name in files if not name.startswith(".")]
        # Where there is nothing behind the name, as with some links, it is taken too: to be told, not passed over.
        pictures += [
            path
            for path in named
            if path.suffix.lower() in suffixes and (os.path.isfile(path) or not os.path.exists(path))
        ]
    for error in barred:
        path = Path(error.filename)
        yield _Found(path, Path(path.name), problem=f"this folder cannot be read ({error.strerror or error})")
    for path in sorted(links):
        why = "is a link to a folder, which is not followed: name it itself to have its pictures coloured"
        yield _Found(path, Path(path.name), passed_over=why)
    if not pictures and not barred and not links:
        hint = "" if recursive else "; --recursive looks into its subfolders too"
        kinds = ", ".join(each.name for each in FORMATS)
        yield _Found(folder, Path(folder.name), problem=f"this folder holds no picture ({kinds}){hint}")
    for path in sorted(pictures):
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

"""Project: all that it takes to colour a photograph again, or on from where it stood.

Everything but the photograph itself: hints with their notes, options, the model, and what the
photograph was, so that it is known again. Kept as a `.photochrom` file, which is JSON; a result's
own mark holds the same, except for where masks and reference pictures lie.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from reprlib import repr as short
from typing import Any, Final

from photochrom.errors import UsageError
from photochrom.hints.hint import AnyHint, from_json
from photochrom.hints.options import checked
from photochrom.hints.scaling import same_shape, scaled
from photochrom.photo import MAX_PIXELS, Photo, Record, open, read_original, read_record, warn
from photochrom.photo.files import Readable, finished_or_nothing
from photochrom.photo.opening import content, open_page_or_only

SUFFIX: Final = ".photochrom"

FORMAT: Final = 1
"""Of the file: a number that grows when an older Photochrom could no longer read it rightly."""


_PAINTED: Final = ("vividness", "strength", "warmth", "keep_tone")
_FILES: Final = ("keep_grey", "reference")
"""Options that `Canvas.paint` takes under the same names; the latter are files."""


class NoMarkError(UsageError):
    """A picture was taken for a result, but carries no mark of Photochrom."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """One photograph's colouring, apart from the photograph.

    >>> project = Project.of(canvas.paint(hints=hints))
    >>> project.save("family.photochrom")
    >>> Colorizer().replay(Project.read("family.photochrom"), "better-scan.tif").save("family-colour.tif")

    Attributes:
        name: of the photograph's file.
        size: its (width, height) in pixels, which hints and boxes count.
        sha256: of its file, in hexadecimal; None where it came from none.
        model: the exact weights, as in the record.
        software: name and version of what coloured it.
        options: what was asked for, as in the record.
        hints: what was known, with notes.
        files: where masks and reference pictures lie that the options name by their hash, by the option's name.
    """

    name: str
    size: tuple[int, int]
    sha256: str | None
    model: str
    software: str
    options: Mapping[str, Any] = field(default_factory=dict)
    hints: tuple[AnyHint, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, photo: Photo) -> Project:
        """The project of a photograph that has just been coloured.

        Raises:
            UsageError: it has not been, or it is no Photo.
        """
        if not isinstance(photo, Photo):
            raise UsageError(f"a project is made of a Photo, such as Canvas.paint gives, not of {short(photo)}")
        if photo.record is None:
            raise UsageError(f"{photo.name}: has not been coloured yet, so there is nothing to keep of it")
        return cls._of(photo.record, photo, photo.sha256)

    @classmethod
    def read(cls, source: str | PathLike[str] | bytes | Readable) -> Project:
        """A project from its file, or from a result of Photochrom by the mark in it.

        Args:
            source: path, bytes or binary stream. Masks and references that a file names lie as seen from its folder.

        Raises:
            PhotoError: the file can't be read, or is neither.
            NoMarkError: it is a picture without a mark.
            UsageError: what is in it makes no sense.
        """
        data, name = content(source)
        if isinstance(data, bytes) and data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            return cls.parse(data, Path(name))
        return cls.in_mark(open(data, name=name) if isinstance(data, bytes) else open(Path(name)))

    @classmethod
    def in_mark(cls, photo: Photo) -> Project:
        """A project from the mark in a result that is open. Where masks and references lie, no mark says.

        Raises:
            NoMarkError: it carries none.
            UsageError: what is in it makes no sense.
        """
        try:
            record = read_record(photo.metadata.xmp)
        except ValueError:
            raise UsageError(f"{photo.name}: its mark is damaged; give the {SUFFIX} file, if there is one") from None
        if record is None:
            raise NoMarkError(f"{photo.name}: carries no mark of Photochrom, so that nothing is known of its colours")
        return cls._of(record, photo, read_original(photo.metadata.xmp))

    @classmethod
    def _of(cls, record: Record, photo: Photo, sha256: str | None) -> Project:
        files = {key: Path(path) for key, path in record.files.items()}
        where = f"{photo.name}: its mark"
        return cls(
            name=Path(photo.name).name,
            size=record.size or photo.size,
            sha256=sha256,
            model=record.model,
            software=record.software,
            options=checked(record.options, where),
            hints=_hints(record.hints, where),
            files=files,
        )

    @classmethod
    def parse(cls, data: bytes, path: Path) -> Project:
        """A project from the content of its file, whose path it is; nothing is looked for there.

        Raises:
            UsageError: it is none, or what is in it makes no sense.
        """
        try:
            values = json.loads(data.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}: is no project, which is JSON ({error})") from None
        version = values.get("photochrom") if isinstance(values, dict) else None
        if type(version) is int and version > FORMAT:
            raise UsageError(f"{path}: was written by a newer Photochrom: use that one, or update this one")
        if type(version) is not int or version != FORMAT:
            raise UsageError(f'{path}: is no project of Photochrom, which begins with "photochrom": {FORMAT}')
        photo, where = values.get("photo"), str(path)
        if not isinstance(photo, Mapping) or not isinstance(photo.get("name"), str):
            raise UsageError(f'{path}: says nothing of its photograph: "photo" with name, width and height is missing')
        size = photo.get("width"), photo.get("height")
        if not all(type(side) is int and side > 0 for side in size):
            raise UsageError(f"{path}: its photograph has no size in pixels")
        texts = {key: values.get(key, "") for key in ("model", "software")}
        if not all(isinstance(text, str) for text in (*texts.values(), photo.get("sha256") or "")):
            raise UsageError(f"{path}: model, software and sha256 are texts")
        given = values.get("options", {})
        files = {
            key: path.parent / value["path"]
            for key, value in (given.items() if isinstance(given, Mapping) else ())
            if isinstance(value, Mapping) and isinstance(value.get("path"), str)
        }
        return cls(
            name=photo["name"],
            size=size,  # type: ignore[arg-type]
            sha256=photo.get("sha256"),
            options=checked(given, where),
            hints=_hints(values.get("hints", []), where),
            files=files,
            **texts,
        )

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the project's file.

        Raises:
            UsageError: its name does not end in `.photochrom`.
            PhotoError: it can't be written, or is there already.
        """
        target = Path(path)
        if target.suffix.lower() != SUFFIX:
            raise UsageError(f"{target}: a project's name ends in {SUFFIX}")
        with finished_or_nothing(target, overwrite=overwrite) as file:
            file.write(self.to_bytes(target.parent))

    def to_bytes(self, folder: Path | None = None) -> bytes:
        """The content of the project's file in a folder."""
        return self.to_json(folder).encode("utf-8", "surrogatepass")

    def to_json(self, folder: Path | None = None) -> str:
        """The text of the project's file; other files are named as seen from `folder`, if that is given."""
        options = dict(self.options)
        for key, path in self.files.items():
            options[key] = {**options[key], "path": _seen_from(path, folder)}
        values = {
            "photochrom": FORMAT,
            "software": self.software,
            "model": self.model,
            "photo": {"name": self.name, "sha256": self.sha256, "width": self.size[0], "height": self.size[1]},
            "options": options,
            "hints": [hint.to_json() for hint in self.hints],
        }
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"

    def on(self, photo: Photo) -> Project:
        """The same for a photograph that is open: hints and boxes in its pixels.

        Warns:
            PhotoWarning: it is another file than the one that was coloured, such as a better scan.

        Raises:
            UsageError: its shape is another, so that it can't be the same photograph.
        """
        if not same_shape(self.size, photo.size):
            raise UsageError(
                f"{photo.name}: has {photo.size[0]} x {photo.size[1]} pixels, a shape other than that of {self.name} "
                f"({self.size[0]} x {self.size[1]}), which this project is of: give a scan of the same cut"
            )
        if self.sha256 is not None and photo.sha256 != self.sha256:
            warn(f"{photo.name}: is not the file that this project was made with, but perhaps another scan of it")
        options = {key: value for key, value in self.options.items() if key != "page"}
        if photo.page is not None:
            options["page"] = photo.page
        if self.size == photo.size:
            return replace(self, name=Path(photo.name).name, sha256=photo.sha256, options=options)
        across, down = photo.size[0] / self.size[0], photo.size[1] / self.size[1]
        if "refine" in options:
            options["refine"] = [[x0 * across, y0 * down, x1 * across, y1 * down] for x0, y0, x1, y1 in self.boxes]
        return replace(
            self,
            name=Path(photo.name).name,
            size=photo.size,
            sha256=photo.sha256,
            options=options,
            hints=tuple(scaled(hint, self.size, photo.size) for hint in self.hints),
        )

    def open(self, source: Any, *, max_pixels: int = MAX_PIXELS) -> Photo:
        """Open a photograph for this project: of a file with several pages the one that the project is of.

        See `photochrom.photo.open` for what it takes and raises.
        """
        return open_page_or_only(source, self.page or 0, max_pixels=max_pixels)

    def compare_model(self, identity: str) -> None:
        """Warns where a model is not the one that was used."""
        if self.model != identity:
            warn(
                f"{self.name}: was coloured by {self.model or 'an unknown model'}; {identity} may choose other colours "
                "where none are stated"
            )

    @property
    def boxes(self) -> list[list[float]]:
        """What is looked at closer: left, top, right, bottom each, in the order of `Canvas.refine`."""
        return [list(box) for box in self.options.get("refine", ())]

    @property
    def detail(self) -> float:
        """What `Colorizer.open` takes."""
        return float(self.options.get("detail", 1))

    @property
    def page(self) -> int | None:
        """Which page of its file the photograph was, counted from 0; None where that had only one."""
        return self.options.get("page")

    def painting(self, *, given: Collection[str] = ()) -> dict[str, Any]:
        """What `Canvas.paint` takes, by the names of its arguments.

        Args:
            given: options whose files are given anew, so that the old ones are not asked for.

        Warns:
            PhotoWarning: a mask or reference picture is not what it was.

        Raises:
            UsageError: it is not there, or nobody knows where.
        """
        values = {key: self.options[key] for key in _PAINTED if key in self.options}
        for option in _FILES:
            path = None if option in given else self.file_of(option)
            if path is not None:
                values[option] = path
        return {"hints": self.hints, **values}

    def file_of(self, option: str) -> Path | None:
        """Where the file lies that an option names; None where the option was not used.

        Raises:
            UsageError: nobody knows where it lies, or it is not there any more.
        """
        if option not in self.options:
            return None
        path, name = self.files.get(option), f"--{option.replace('_', '-')}"
        sha256 = self.options[option]["sha256"]
        if path is None:
            raise UsageError(
                f"{self.name}: was coloured with a {name} of which only the SHA-256 was kept ({sha256}): give it again"
            )
        if not path.is_file():
            raise UsageError(f"{path}: was used as {name} and is not there any more: put it back, or give {name} anew")
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            warn(f"{path}: has changed since it was used as {name}")
        return path


def _hints(values: Any, where: str) -> tuple[AnyHint, ...]:
    if not isinstance(values, list | tuple):
        raise UsageError(f"{where}: hints are a list")
    hints = []
    for number, each in enumerate(values, start=1):
        try:
            hints.append(from_json(each))
        except UsageError as error:
            raise UsageError(f"{where}: hint {number}: {error}") from None
    return tuple(hints)


def _seen_from(path: Path, folder: Path | None) -> str:
    """The path relative to a folder, with slashes, where that goes."""
    if folder is None:
        return path.absolute().as_posix()
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.absolute().as_posix()

"""What workers do with an uploaded photograph: look at it, and paint it in any way.

Each function is called by `Pool.run`; what it is given and gives back is plain. No path of this machine
is in any of it, and none that a file names is followed.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from photochrom.errors import PhotoError, UsageError
from photochrom.hints.hint import AnyHint
from photochrom.service import naming, projects
from photochrom.service.studio import Seen

if TYPE_CHECKING:
    from photochrom.canvas import Canvas
    from photochrom.photo import Photo
    from photochrom.service.studio import Studio

_SCREEN: Final[dict[str, Any]] = {"format": "JPEG", "quality": 90, "subsampling": "444"}
"""How pictures for looking at are saved."""

WRITTEN: Final = ("file", "layer", "compare")
"""Outputs that may be large and are written to a file of ours; the others are handed back."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a photograph is painted; see :meth:`Canvas.paint`."""

    hints: tuple[AnyHint, ...] = ()
    vividness: float | None = None
    strength: float = 1.0
    warmth: float = 0.0
    keep_tone: bool = False
    reference: Seen | None = None
    keep_grey: Seen | None = None


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to come of a painting.

    Attributes:
        output: "file", "preview", "layer", "compare" or "project".
        target: where what is `WRITTEN` goes; its name has no ending, and nothing is there yet.
        size: longer side of a preview, in pixels.
        format, quality: of a file; None: as it came.
        label: whether "Colourised" is written into the corner.
    """

    output: str
    target: Path | None
    size: int
    format: str | None = None
    quality: int | None = None
    label: bool = False


@dataclass(frozen=True, kw_only=True)
class Painted:
    """What has come of it.

    Attributes:
        ending: what the end of its name is after NAME-colour, such as ".jpg".
        mime: its media type.
        warnings: sentences about it.
        data: it, where it was not written to the target.
    """

    ending: str
    mime: str
    warnings: tuple[str, ...]
    data: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a look at a photograph shows.

    Attributes:
        vividness: of the model where none is asked for.
        refined: boxes, cut to the photograph.
        project: how it was coloured before, by its own mark; None where it has none that can be used.
    """

    width: int
    height: int
    pages: int
    format: str
    was_colored: str
    vividness: float
    refined: tuple[tuple[float, ...], ...]
    warnings: tuple[str, ...]
    project: dict[str, Any] | None


def look(studio: Studio, seen: Seen) -> Facts:
    """Open a photograph and have the network look at it, so that painting it is quick from now on.

    Raises:
        PhotoError, UsageError: it can't be read, has no such page, or a box lies outside of it.
    """
    from photochrom.photo import pages

    with naming.called({seen.path: seen.name}) as warnings:
        count = pages(seen.path, name=seen.name)
        if seen.page >= count:
            raise UsageError(f"{seen.name}: has {count} pages, and they are counted from 0: there is no {seen.page}")
        canvas = studio.canvas(seen)
        photo = canvas.photo
        project = projects.in_mark(studio, canvas)
    return Facts(
        width=photo.size[0],
        height=photo.size[1],
        pages=count,
        format=photo.format or "",
        was_colored=photo.was_colored,
        vividness=studio.painter.model.card.default_vividness,
        refined=canvas.refined,
        warnings=tuple(warnings),
        project=project,
    )


def grey(studio: Studio, seen: Seen, size: int | None) -> bytes:
    """The photograph as it came, as JPEG, its longer side at most `size` pixels."""
    from photochrom.photo.proof import LONGEST, shown

    with opened(studio, seen) as (canvas, _):
        return shown(canvas.photo, size or LONGEST)


def paint(studio: Studio, seen: Seen, options: Options, wish: Wish) -> Painted:
    """Paint a photograph and make of it what is wished for.

    Raises:
        UsageError, PhotoError, ModelError: see :meth:`Canvas.paint`; or the format can't hold it.
    """
    from photochrom.hints.project import SUFFIX, Project
    from photochrom.photo.companions import compared, layer
    from photochrom.photo.formats import of_name
    from photochrom.photo.label import labelled

    with opened(studio, seen, options, wish.target) as (canvas, warnings):
        if wish.output == "preview":
            canvas = canvas.proof(wish.size)
        photo = canvas.paint(**given(studio, canvas, options))
        if wish.label:
            photo = labelled(photo)
        data = None
        if wish.target is None:
            if wish.output == "preview":
                ending, mime, data = ".jpg", "image/jpeg", _screen(photo)
            else:
                project = replace(Project.of(photo), files={})
                ending, mime, data = SUFFIX, "application/json", project.to_json().encode("utf-8", "replace")
        elif wish.output == "layer":
            layer(photo).save(wish.target, format="PNG")
            ending, mime = "-layer.png", "image/png"
        elif wish.output == "compare":
            compared(photo).save(wish.target, **_SCREEN)
            ending, mime = "-compare.jpg", "image/jpeg"
        else:
            kind = of_name(wish.format or photo.format or "PNG")
            with _as_usage():
                photo.save(wish.target, format=kind.name, quality=wish.quality)
            ending, mime = naming.ending(seen.name, kind.suffixes), kind.mime
    return Painted(ending=ending, mime=mime, warnings=tuple(warnings), data=data)


def variants(
    studio: Studio, seen: Seen, options: Options, n: int, seed: int, size: int
) -> list[tuple[Sequence[Any], str]]:
    """Other colourings: the hints that make each, and its picture as JPEG in base64.

    Raises:
        UsageError, PhotoError, ModelError: see :meth:`Canvas.variants`.
    """
    with opened(studio, seen, options) as (canvas, _):
        found = canvas.proof(size).variants(n, seed=seed, **given(studio, canvas, options))
        return [
            (photo.record.hints if photo.record else (), base64.b64encode(_screen(photo)).decode()) for photo in found
        ]


def project_on(studio: Studio, seen: Seen, data: bytes, name: str) -> dict[str, Any]:
    """What the content of a .photochrom file says, for this photograph.

    Raises:
        UsageError: it is none, makes no sense, or is of a photograph of another shape.
    """
    from photochrom.hints.project import Project

    with opened(studio, seen) as (canvas, warnings):
        told = projects.on(studio, canvas, Project.parse(data, Path(name)))
        told["warnings"] = [*warnings, *told["warnings"]]
    return told


@contextmanager
def opened(
    studio: Studio, seen: Seen, options: Options | None = None, target: Path | None = None
) -> Iterator[tuple[Canvas, list[str]]]:
    """The photograph on its canvas, and a list of the warnings of the block; files go by the names that people know."""
    files = (seen, options.reference, options.keep_grey) if options else (seen,)
    names = {each.path: each.name for each in files if each is not None}
    with naming.called(names if target is None else {**names, target: seen.name}) as warnings:
        canvas = studio.canvas(seen)
        warnings.clear()  # those of a first look were told then
        yield canvas, warnings


def given(studio: Studio, canvas: Canvas, options: Options) -> dict[str, Any]:
    """What `Canvas.paint` takes."""
    return {**sure(studio, canvas, options), "keep_tone": options.keep_tone}


def sure(studio: Studio, canvas: Canvas, options: Options) -> dict[str, Any]:
    """What `Canvas.certainty` takes."""
    mask, lends = options.keep_grey, options.reference
    return {
        "hints": options.hints,
        "vividness": options.vividness,
        "strength": options.strength,
        "warmth": options.warmth,
        "keep_grey": None if mask is None else studio.mask(mask, canvas.photo.size),
        "reference": None if lends is None else studio.reference(lends),
    }


def _screen(photo: Photo) -> bytes:
    stream = io.BytesIO()
    photo.save(stream, **_SCREEN)
    return stream.getvalue()


@contextmanager
def _as_usage() -> Iterator[None]:
    """The photograph could be read: what can't be written is a matter of what was asked for."""
    try:
        yield
    except PhotoError as error:
        raise UsageError(str(error)) from None

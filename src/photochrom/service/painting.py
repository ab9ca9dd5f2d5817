"""What workers do with an uploaded photograph: look at it, paint it in any way, and say what is known of its colours.

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
from photochrom.service import projects
from photochrom.service.naming import called
from photochrom.service.studio import Seen

if TYPE_CHECKING:
    from photochrom.canvas import Canvas
    from photochrom.photo import Photo
    from photochrom.photo.formats.base import Format
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

    with called({seen.path: seen.name}) as warnings:
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

    with _open(studio, seen) as (canvas, _):
        return shown(canvas.photo, size or LONGEST)


def paint(studio: Studio, seen: Seen, options: Options, wish: Wish) -> Painted:
    """Paint a photograph and make of it what is wished for.

    Raises:
        UsageError, PhotoError, ModelError: see :meth:`Canvas.paint`; or the format can't hold it.
    """
    from photochrom.hints.project import SUFFIX, Project
    from photochrom.photo.companions import compared, layer
    from photochrom.photo.label import labelled

    with _open(studio, seen, options, wish.target) as (canvas, warnings):
        if wish.output == "preview":
            canvas = canvas.proof(wish.size)
        photo = canvas.paint(**_given(studio, canvas, options))
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
            kind = _format(wish.format or photo.format or "PNG")
            with _as_usage():
                photo.save(wish.target, format=kind.name, quality=wish.quality)
            ending, mime = _ending(seen.name, kind), kind.mime
    return Painted(ending=ending, mime=mime, warnings=tuple(warnings), data=data)


def suggest(
    studio: Studio, seen: Seen, place: tuple[float, float], n: int, options: Options
) -> tuple[list[tuple[str, float]], float]:
    """The likeliest colours of a place, each with its probability; and the place's lightness L*.

    Raises:
        UsageError, PhotoError: see :meth:`Canvas.suggest`.
    """
    from photochrom.color.lab import lightness

    with _open(studio, seen, options) as (canvas, _):
        reference = None if options.reference is None else studio.reference(options.reference)
        found = canvas.suggest(*place, n, hints=options.hints, reference=reference)
        left, top = int(place[0]), int(place[1])
        luma = canvas.photo.working_luma((1, 1), part=(left, top, left + 1, top + 1))
    return [(color.hex, probability) for color, probability in found], float(lightness(luma)[0, 0])


def overlay(studio: Studio, seen: Seen, options: Options) -> dict[str, Any]:
    """Where the colours come from: the size of the cells, the share of each source, and a PNG to lay over.

    Raises:
        UsageError, PhotoError: see :meth:`Canvas.certainty`.
    """
    import cv2

    from photochrom.hints import confidence_map

    with _open(studio, seen, options) as (canvas, _):
        certainty = canvas.certainty(**_sure(studio, canvas, options))
    rgba = confidence_map.overlay(certainty)
    _, png = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
    shares = certainty.planes.mean(axis=(1, 2), dtype="float64")
    names = ("stated", "follows", "inferred", "uncertain")
    return {
        "width": rgba.shape[1],
        "height": rgba.shape[0],
        "shares": dict(zip(names, map(float, shares), strict=True)),
        "overlay": base64.b64encode(png.tobytes()).decode(),
    }


def sure_map(studio: Studio, seen: Seen, options: Options) -> bytes:
    """Where the colours come from, as PNG over the grey photograph, with a legend.

    Raises:
        UsageError, PhotoError, ModelError: see :meth:`Canvas.certainty` and :meth:`Canvas.paint`.
    """
    from photochrom.hints import confidence_map
    from photochrom.photo.companions import pictured

    with _open(studio, seen, options) as (canvas, _):
        drawn = confidence_map.draw(canvas.certainty(**_sure(studio, canvas, options)), canvas.photo.luma)
        photo = canvas.paint(**_given(studio, canvas, options))
    stream = io.BytesIO()
    pictured(photo, drawn).save(stream, format="PNG")
    return stream.getvalue()


def variants(
    studio: Studio, seen: Seen, options: Options, n: int, seed: int, size: int
) -> list[tuple[Sequence[Any], str]]:
    """Other colourings: the hints that make each, and its picture as JPEG in base64.

    Raises:
        UsageError, PhotoError, ModelError: see :meth:`Canvas.variants`.
    """
    with _open(studio, seen, options) as (canvas, _):
        found = canvas.proof(size).variants(n, seed=seed, **_given(studio, canvas, options))
        return [
            (photo.record.hints if photo.record else (), base64.b64encode(_screen(photo)).decode()) for photo in found
        ]


def project_on(studio: Studio, seen: Seen, data: bytes, name: str) -> dict[str, Any]:
    """What the content of a .photochrom file says, for this photograph.

    Raises:
        UsageError: it is none, makes no sense, or is of a photograph of another shape.
    """
    from photochrom.hints.project import Project

    with _open(studio, seen) as (canvas, warnings):
        told = projects.on(studio, canvas, Project.parse(data, Path(name)))
        told["warnings"] = [*warnings, *told["warnings"]]
    return told


@contextmanager
def _open(
    studio: Studio, seen: Seen, options: Options | None = None, target: Path | None = None
) -> Iterator[tuple[Canvas, list[str]]]:
    """The photograph on its canvas, and a list of the warnings of the block; files go by the names that people know."""
    files = (seen, options.reference, options.keep_grey) if options else (seen,)
    names = {each.path: each.name for each in files if each is not None}
    with called(names if target is None else {**names, target: seen.name}) as warnings:
        canvas = studio.canvas(seen)
        warnings.clear()  # those of a first look were told then
        yield canvas, warnings


def _given(studio: Studio, canvas: Canvas, options: Options) -> dict[str, Any]:
    """What `Canvas.paint` takes."""
    return {**_sure(studio, canvas, options), "keep_tone": options.keep_tone}


def _sure(studio: Studio, canvas: Canvas, options: Options) -> dict[str, Any]:
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


def _format(name: str) -> Format:
    from photochrom.photo.formats import of_name

    with _as_usage():
        return of_name(name)


def _ending(name: str, kind: Format) -> str:
    """The ending of the upload's own name where that fits, else the usual one of the format."""
    own = Path(name).suffix
    return own if own.lower() in kind.suffixes else kind.suffixes[0]


@contextmanager
def _as_usage() -> Iterator[None]:
    """The photograph could be read: what can't be written is a matter of what was asked for."""
    try:
        yield
    except PhotoError as error:
        raise UsageError(str(error)) from None

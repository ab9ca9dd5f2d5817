"""A whole file, from what was uploaded to what is given back: work for a worker, the same as the command's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.errors import UsageError
from photochrom.service.naming import called, ending

if TYPE_CHECKING:
    from photochrom.canvas import Canvas
    from photochrom.photo import Photo
    from photochrom.service.studio import Studio


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be done with a file. Values are as they came: what makes no sense shows in the worker.

    Attributes:
        source: the upload.
        target: what is written, without an ending; on the same disk, nothing is there yet.
        name: what people call the upload.
        options: vividness, strength, warmth and keep_tone of :meth:`Canvas.paint`.
        hints: each in its JSON.
        refine: boxes that are looked at closer.
        detail: as for :meth:`Colorizer.open`.
        format, quality: as for :meth:`Photo.save`.
        label: whether "Colourised" is written into the corner.
        reference, keep_grey: other files, for the options of these names.
    """

    source: Path
    target: Path
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    hints: Sequence[Any] = ()
    refine: Sequence[Any] = ()
    detail: float | None = None
    format: str | None = None
    quality: int | None = None
    label: bool = False
    reference: Path | None = None
    keep_grey: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Colored:
    """What became of it.

    Attributes:
        ending: of the result's name, such as ".jpg": the upload's own where that fits.
        mime: media type of the result.
        model: the exact weights.
        warnings: what its owner should know.
    """

    ending: str
    mime: str
    model: str
    warnings: tuple[str, ...]


def color(studio: Studio, order: Order) -> Colored:
    """Color every page of a file and save it.

    Raises:
        TooLargeError, PhotoError: the file can't be read as a photograph, or not saved in that format.
        UsageError: a value makes no sense, or not for this photograph.
        ModelError: the model found no colour.
    """
    from photochrom.photo import save_pages
    from photochrom.photo.formats import of_name

    names = {order.target: order.name, order.source: order.name}
    names |= {path: what for path, what in ((order.reference, "the reference"), (order.keep_grey, "the mask")) if path}
    with called(names) as warnings:
        pages = _pages(studio, order)
        first = next(pages)
        kind = of_name(order.format or first.format or "PNG")
        pages = chain([first], pages)
        del first  # a document's first page need not stay in memory with all the others
        save_pages(pages, order.target, format=kind.name, quality=order.quality)
    return Colored(
        ending=ending(order.name, kind.suffixes),
        mime=kind.mime,
        model=studio.painter.model.identity,
        warnings=tuple(warnings),
    )


def _pages(studio: Studio, order: Order) -> Iterator[Photo]:
    """The painted pages, each when it is asked for."""
    canvases = studio.painter.canvases(order.source, detail=order.detail, max_pixels=studio.settings.max_pixels)
    options = _options(studio, order)
    first = next(canvases)
    second = next(canvases, None) if order.hints or order.refine else None
    if second is not None:
        raise UsageError(f"{order.name}: has several pages, and hints and boxes are for one: open it page by page")
    for canvas in chain([first], canvases):
        yield _painted(canvas, order, options)


def _painted(canvas: Canvas, order: Order, options: Mapping[str, Any]) -> Photo:
    from photochrom.photo.label import labelled

    for box in order.refine:
        canvas = canvas.refine(box)
    photo = canvas.paint(**options)
    return labelled(photo) if order.label else photo


def _options(studio: Studio, order: Order) -> dict[str, Any]:
    from photochrom import photo as photos
    from photochrom.hints.hint import from_json
    from photochrom.service.studio import Seen

    hints = tuple(from_json(values) for values in order.hints)
    lends = order.reference
    reference = None if lends is None else studio.reference(Seen(id="", path=lends, name="the reference"))
    mask = None if order.keep_grey is None else photos.open(order.keep_grey, max_pixels=studio.settings.max_pixels)
    return {**order.options, "hints": hints, "reference": reference, "keep_grey": mask}

"""Colorizer: the one path from a photograph to a colored photograph.

Everything else (commands, service, film, cluster) calls this and adds nothing to it: open -> luma ->
working luma -> encode once, which gives a `Canvas` to paint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from photochrom import photo as photos
from photochrom.canvas import Canvas, reference_of
from photochrom.errors import UsageError
from photochrom.hints.hint import AnyHint, listed
from photochrom.hints.options import ranged
from photochrom.hints.project import Project
from photochrom.hints.reference import Reference
from photochrom.photo import MAX_PIXELS, Photo, warn
from photochrom.photo.label import labelled
from photochrom.runtime.model import Model


class Colorizer:
    """A loaded model, ready for any number of photographs. Safe to use from several threads at once.

    >>> painter = Colorizer()
    >>> painter.open("family.jpg").paint(vividness=0.6).save("family-colour.jpg")

    Args:
        model: name of a bundled model, or path of a model's folder.
        device: "auto", "cpu", "cuda" … (photochrom.runtime.devices); auto takes what ONNX Runtime finds.
        threads: threads of the network; None: one for each CPU that this process may use. Results are the same.

    Raises:
        ModelError: unknown model (the message lists the known ones) or damaged weights.
        MissingExtraError: ONNX Runtime has no such device; the message says what to install.
        UsageError: no such device name, or less than one thread.
    """

    def __init__(self, model: str | Path = "best", *, device: str = "auto", threads: int | None = None) -> None:
        self.model = Model.load(model, device=device, threads=threads)

    def open(self, source: Any, *, page: int = 0, detail: float | None = None, max_pixels: int = MAX_PIXELS) -> Canvas:
        """Open a photograph and let the network look at it, once.

        Args:
            source: path, bytes, binary stream, Pillow image, NumPy array ((H, W), or (H, W, 2 to 4 channels)), or a
                Photo that is open already.
            page: page of a file that has several, counted from 0.
            detail: factor on the sides of what the network sees, from 1 (None: 1) to 4: for small faces in a
                large picture. The time grows with its square: at 4 the network needs 16 times the time and 1.7 GB.
            max_pixels: refuse larger pictures.

        Raises:
            PhotoError: the source cannot be read as a photograph.
            UsageError: detail is out of range.

        Warns:
            PhotoWarning: the picture is in colour already. It is colored from its luma like any other.
        """
        opened = source if isinstance(source, Photo) else photos.open(source, page=page, max_pixels=max_pixels)
        if opened.was_colored == "color":
            _warn_of_color(opened)
        return self._canvas(opened, detail)

    def canvases(self, source: Any, *, detail: float | None = None, max_pixels: int = MAX_PIXELS) -> Iterator[Canvas]:
        """Open every page of a picture, each when it is asked for; only TIFF has more than one. See :meth:`open`."""
        warned = False
        for opened in photos.open_pages(source, max_pixels=max_pixels):
            if opened.was_colored == "color" and not warned:
                _warn_of_color(opened)
                warned = True
            yield self._canvas(opened, detail)

    def replay(self, project: Project, source: Any, *, page: int | None = None, max_pixels: int = MAX_PIXELS) -> Photo:
        """Color a photograph as a project says: the same file again, or a better scan of it.

        To go on from there instead, open it with the project's `detail`, and give `paint` what
        ``project.on(canvas.photo).painting()`` holds, with the changes.

        >>> Colorizer().replay(Project.read("family.photochrom"), "better-scan.tif").save("family-colour.tif")

        Args:
            source, max_pixels: see :meth:`open`.
            page: of a source that has several; None: the one that the project is of.

        Warns:
            PhotoWarning: it is another file, or the model or a mask is not the one that was used.

        Raises:
            PhotoError: the source, or a file that the project names, cannot be read.
            UsageError: its shape is another than the project's photograph had, or a file is missing.
        """
        if not isinstance(project, Project):
            raise UsageError(f"a Project is replayed, such as Project.read gives, not {project!r}")
        project.compare_model(self.model.identity)
        if page is None:
            source = source if isinstance(source, Photo) else project.open(source, max_pixels=max_pixels)
        canvas = self.open(source, page=page or 0, detail=project.detail, max_pixels=max_pixels)
        here = project.on(canvas.photo)
        for box in here.boxes:
            canvas = canvas.refine(box)
        painted = canvas.paint(**here.painting())
        return labelled(painted) if here.options.get("label") else painted

    def reference(self, source: Any, *, page: int = 0, max_pixels: int = MAX_PIXELS) -> Reference:
        """Prepare a picture in colour once, to lend its colours to any number of photographs of an album.

        >>> uniform = painter.reference("regiment-colour.jpg")
        >>> for name in ("1915.jpg", "1916.jpg"):
        ...     painter.open(name).paint(reference=uniform).save(f"colour-{name}")

        Args:
            source: as for :meth:`open`; a Canvas of a picture in colour; or a Photo, such as a result.
            page, max_pixels: as for :meth:`open`.

        Raises:
            UsageError: it is grey, or toned as sepia is, and has no colours to lend.
            PhotoError: it can't be read as a photograph.
        """
        return reference_of(source, self.model, page=page, max_pixels=max_pixels)

    def _canvas(self, opened: Photo, detail: float | None) -> Canvas:
        factor = 1.0 if detail is None else ranged("detail", detail)
        return Canvas(self.model, opened, factor)


def colorize(
    source: Any,
    *,
    model: str | Path = "best",
    hints: Iterable[AnyHint] = (),
    vividness: float | None = None,
    strength: float = 1.0,
    warmth: float = 0.0,
    keep_grey: Any = None,
    keep_tone: bool = False,
    reference: Any = None,
    detail: float | None = None,
    device: str = "auto",
    threads: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Photo:
    """Color a photograph, every page of it, in one call. For several photographs, keep a :class:`Colorizer`.

    >>> colorize("family.jpg").save("family-colour.jpg")

    Args and errors are those of :class:`Colorizer`, :meth:`Colorizer.open` and :meth:`Canvas.paint`.

    Returns:
        The first page; further ones stand in its `more_pages` and are saved together with it.

    Raises:
        UsageError: there are hints, whose places are those of one page, and several pages.
    """
    painter = Colorizer(model, device=device, threads=threads)
    known = listed(hints)
    lends = None if reference is None else painter.reference(reference)
    pages: list[Photo] = []
    for canvas in painter.canvases(source, detail=detail, max_pixels=max_pixels):
        if known and pages:
            raise UsageError(
                f"{canvas.photo.name}: has several pages, and hints are for one: open(page=...) each and paint it"
            )
        pages.append(
            canvas.paint(
                hints=known,
                vividness=vividness,
                strength=strength,
                warmth=warmth,
                keep_grey=keep_grey,
                keep_tone=keep_tone,
                reference=lends,
            )
        )
    first, *more = pages
    return first.with_pages(more)


def _warn_of_color(opened: Photo) -> None:
    warn(f"{opened.name}: is in colour already; its colours are replaced by the model's")

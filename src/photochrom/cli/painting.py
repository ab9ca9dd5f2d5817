"""How the pictures of a run are painted: what the command, hint files, projects and finished pictures ask for.

What is given on the command line counts before what a project says, and that before a finished
picture that lends its palette.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.canvas import Canvas
from photochrom.cli.jobs import Job, Settings
from photochrom.cli.journal import Work
from photochrom.colorizer import Colorizer
from photochrom.errors import PhotochromError
from photochrom.hints.confidence_map import draw
from photochrom.hints.hint import AnyHint, read_hints
from photochrom.hints.mask import Mask
from photochrom.hints.project import Project
from photochrom.photo import MAX_PIXELS, Photo
from photochrom.photo.files import read_path
from photochrom.photo.label import labelled
from photochrom.runtime.registry import bundled

DEFAULT_MODEL: Final = "best"

_PALETTE: Final = ("vividness", "warmth")
"""Options that a finished picture hands on with its palette. Not its strength and tone: they are in its colours."""


@dataclass(frozen=True, eq=False)
class Painted:
    """A page that was painted.

    Attributes:
        photo: the result.
        canvas: what it was painted on.
        options: what `Canvas.paint` was given.
    """

    photo: Photo
    canvas: Canvas
    options: Mapping[str, Any]

    def confidence_map(self) -> NDArray[np.uint8]:
        """Where its colours come from: (h, w, 3) sRGB."""
        asked = {key: value for key, value in self.options.items() if key != "keep_tone"}
        return draw(self.canvas.certainty(**asked), self.canvas.photo.luma)


class Painting:
    """A model made ready, and all that is asked of it.

    Attributes:
        painter: the model.

    Raises:
        UsageError, PhotoError, ModelError, MissingExtraError: from the constructor; before any picture is touched.
    """

    def __init__(self, settings: Settings, *, threads: int) -> None:
        control = settings.control
        self._settings, self._control = settings, control
        self._project = None if control.project is None else Project.read(control.project)
        self._palette = None if control.palette_from is None else Project.read(control.palette_from)
        self.painter = Colorizer(self._model(), device=settings.device, threads=threads)
        lends = control.reference or control.palette_from
        self._reference = None if lends is None else self.painter.reference(lends)
        self._hashes: dict[str, str] = {}
        if control.keep_grey is not None:
            self._hashes["keep_grey"] = hashlib.sha256(read_path(control.keep_grey)).hexdigest()
        if self._reference is not None:
            self._hashes["reference"] = self._reference.sha256

    def pages(self, job: Job, source: Any) -> Iterator[Painted]:
        """The pages of a picture, opened and painted, each when it is asked for.

        Raises:
            PhotochromError: the picture can't be read, or what is asked does not fit it.
        """
        if self._is_of_one_page(job):
            yield self._painted(job, self._only(job, source))
            return
        for canvas in self._canvases(source):
            yield self._painted(job, canvas)

    def variants(self, job: Job, source: Any) -> list[Painted]:
        """The variants of a picture; see :meth:`pages`."""
        canvas, options = self._asked(job, self._only(job, source))
        photos = canvas.variants(self._control.variants, seed=self._control.seed or 0, **options)
        return [Painted(labelled(photo) if self._labels else photo, canvas, options) for photo in photos]

    def _canvases(self, source: Any) -> Iterator[Canvas]:
        return self.painter.canvases(source, detail=self._detail, max_pixels=self._max_pixels)

    def _only(self, job: Job, source: Any) -> Canvas:
        """The canvas of a picture that has one page, or of the page that the project is of."""
        if self._project is not None and self._project.page is not None:
            page = self._project.open(source, max_pixels=self._max_pixels)
            return self.painter.open(page, detail=self._detail)
        canvases = self._canvases(source)
        canvas = next(canvases)
        if next(canvases, None) is not None:
            raise PhotochromError(
                f"{job.name}: has several pages, and hints, boxes, variants and what goes beside a result are for "
                "pictures of one: split it first"
            )
        return canvas

    def work(self, job: Job) -> Work:
        """All that decides what a result and the files beside it look like, but the original; for the journal."""
        hints = self._control.hints_for(job)
        files = {"hints": hints, "project": self._control.project}
        return {
            "model": self.painter.model.identity,
            **self._marked(),
            "format": self._settings.format,
            "quality": self._settings.quality,
            **{key: hashlib.sha256(read_path(path)).hexdigest() for key, path in files.items() if path is not None},
            **({"refine": [list(box) for box in self._control.refine]} if self._control.refine else {}),
            **({"beside": self._control.beside} if self._control.beside else {}),
        }

    def marked(self, job: Job) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]] | None:
        """The options and hints that the mark of a result will hold; None where only painting it can tell."""
        if self._control.project is not None or self._control.refine or self._control.variants:
            return None
        return self._marked(), [hint.to_json() for hint in self._hints(job)]

    @property
    def _detail(self) -> float:
        return float(self._option("detail", self._settings.detail, 1))

    @property
    def _max_pixels(self) -> int:
        return self._settings.max_pixels or MAX_PIXELS

    @property
    def _labels(self) -> bool:
        return bool(self._option("label", self._control.label, False))

    def _model(self) -> str:
        """The name or folder that was given, else the project's or the palette's model if that came with Photochrom."""
        if self._settings.model is not None:
            return self._settings.model
        source = self._project or self._palette
        name = "" if source is None else source.model.partition(" ")[0]
        return name if name in bundled() else DEFAULT_MODEL

    def _is_of_one_page(self, job: Job) -> bool:
        control = self._control
        return bool(control.hints_for(job) or control.refine or control.project or control.variants or control.beside)

    def _hints(self, job: Job) -> tuple[AnyHint, ...]:
        path = self._control.hints_for(job)
        return () if path is None else read_hints(path)

    def _painted(self, job: Job, canvas: Canvas) -> Painted:
        canvas, options = self._asked(job, canvas)
        photo = canvas.paint(**options)
        return Painted(labelled(photo) if self._labels else photo, canvas, options)

    def _asked(self, job: Job, canvas: Canvas) -> tuple[Canvas, dict[str, Any]]:
        """The canvas looked at as closely as was asked for, and what `paint` is to be given."""
        options: dict[str, Any] = {}
        if self._project is not None:
            self._project.compare_model(self.painter.model.identity)
            here = self._project.on(canvas.photo)
            for box in here.boxes:
                canvas = canvas.refine(box)
            options = here.painting(given=self._hashes)
        for given in self._control.refine:
            canvas = canvas.refine(given)
        options |= self._chosen()
        if self._control.keep_grey is not None:
            options["keep_grey"] = Mask.of(self._control.keep_grey, canvas.photo.size)
        if self._reference is not None:
            options["reference"] = self._reference
        if self._control.hints is not None:
            options["hints"] = self._hints(job)
        return canvas, options

    def _chosen(self) -> dict[str, Any]:
        """The numbers and switches that were chosen somewhere, as `Canvas.paint` takes them."""
        given = {"vividness": self._settings.vividness, "strength": self._settings.strength}
        values = {key: self._option(key, value, None) for key, value in given.items()}
        values["warmth"] = self._option("warmth", self._control.warmth, None)
        values["keep_tone"] = self._option("keep_tone", self._settings.keep_tone, None)
        return {key: value for key, value in values.items() if value is not None}

    def _marked(self) -> dict[str, Any]:
        """The options of the record, but for what depends on the picture."""
        chosen = self._chosen()
        values = {
            "vividness": self.painter.model.card.read_out(chosen.get("vividness")).vividness,
            "strength": float(chosen.get("strength", 1)),
            "detail": self._detail,
        }
        if chosen.get("warmth"):
            values["warmth"] = float(chosen["warmth"])
        values |= {key: True for key in ("keep_tone",) if chosen.get(key)} | ({"label": True} if self._labels else {})
        return values | {key: {"sha256": digest} for key, digest in self._hashes.items()}

    def _option(self, name: str, given: Any, default: Any) -> Any:
        if given is not None:
            return given
        for source, takes in ((self._project, True), (self._palette, name in _PALETTE)):
            if source is not None and takes and name in source.options:
                return source.options[name]
        return default

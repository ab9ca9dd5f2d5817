"""The inside of a worker process: the model, and the photographs that it has looked at.

Work is a function `def paint(studio: Studio, ...)`, called here by `Pool.run`. Photographs are opened
from their stored uploads whenever they are not held, so that a worker that dies loses nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from photochrom.contained.process import Tell
from photochrom.errors import PhotochromError, TooLargeError
from photochrom.service.incidents import trace_of
from photochrom.service.settings import Settings

if TYPE_CHECKING:
    from photochrom.canvas import Canvas
    from photochrom.colorizer import Colorizer
    from photochrom.hints.mask import Mask
    from photochrom.hints.reference import Reference
    from photochrom.photo import Photo

Made = TypeVar("Made")
_View = tuple[Any, ...]
"""Begins with the path of the upload."""

_OTHERS: Final = 4
"""References, and masks, that are held ready."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A photograph, and how closely it is looked at.

    Attributes:
        id: names just this: another page, detail or box is another one.
        path: of the stored upload.
        name: what messages call it, and never its path.
        page: counted from 0.
        detail: as for :meth:`Colorizer.open`.
        boxes: (left, top, right, bottom) each, looked at closer in this order.
    """

    id: str
    path: Path
    name: str = "this photograph"
    page: int = 0
    detail: float | None = None
    boxes: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Mistake:
    """What a worker answers where the work went wrong for no reason that people can do anything about.

    Attributes:
        trace: for the log.
    """

    trace: str


class Studio:
    """What work is done with. Made once for each worker.

    Attributes:
        painter: the model.
        settings: of the server.

    Raises:
        ModelError, MissingExtraError, UsageError: the model can't be used.
    """

    painter: Colorizer

    def __init__(self, settings: Settings) -> None:
        from photochrom.colorizer import Colorizer

        self.settings = settings
        self.painter = Colorizer(settings.model or "best", device=settings.device, threads=settings.threads)
        self._canvases: OrderedDict[_View, Canvas] = OrderedDict()
        self._references: OrderedDict[_View, Reference] = OrderedDict()
        self._masks: OrderedDict[_View, Mask] = OrderedDict()
        self._most = settings.canvases_bytes // settings.processes

    def canvas(self, seen: Seen) -> Canvas:
        """The photograph, ready to be painted; looked at anew where it is not held any more.

        Raises:
            PhotoError, UsageError: see :meth:`Colorizer.open` and :meth:`Canvas.refine`.
        """
        self._forget()
        view, boxes = _view(seen), seen.boxes
        held = next((n for n in range(len(boxes), -1, -1) if (*view, boxes[:n]) in self._canvases), None)
        if held is None:
            canvas = self.painter.open(self._photo(seen), detail=seen.detail)
        else:
            canvas = self._canvases[*view, boxes[:held]]
        for box in boxes[held or 0 :]:
            canvas = canvas.refine(box)
        self._canvases[*view, canvas.refined] = canvas
        self._canvases.move_to_end((*view, canvas.refined))
        while len(self._canvases) > 1 and sum(each.nbytes for each in self._canvases.values()) > self._most:
            self._canvases.popitem(last=False)
        return canvas

    def reference(self, seen: Seen) -> Reference:
        """The photograph as one that lends its colours.

        Raises:
            PhotoError, UsageError: see :meth:`Colorizer.reference`.
        """
        return _kept(self._references, _view(seen), lambda: self.painter.reference(self._photo(seen)))

    def mask(self, seen: Seen, size: tuple[int, int]) -> Mask:
        """The picture as a mask for a photograph of (width, height).

        Raises:
            PhotoError, UsageError: see :meth:`Mask.of`.
        """
        from photochrom.hints.mask import Mask

        return _kept(self._masks, (*_view(seen), size), lambda: Mask.of(self._photo(seen), size))

    def _photo(self, seen: Seen) -> Photo:
        """The photograph itself, which the network need not have looked at."""
        from photochrom import photo as photos

        held = next((canvas for view, canvas in self._canvases.items() if view[:2] == (seen.path, seen.page)), None)
        if held is not None:
            return held.photo
        return photos.open(seen.path, page=seen.page, max_pixels=self.settings.max_pixels, name=seen.name)

    def _forget(self) -> None:
        """Let go of all that is made of uploads that are there no longer: they were deleted, or have expired."""
        for held in (self._canvases, self._references, self._masks):
            for view in [view for view in held if not view[0].exists()]:
                del held[view]


def _view(seen: Seen) -> _View:
    """What a photograph is looked at as, apart from its boxes."""
    return seen.path, seen.page, seen.detail


def _kept(held: OrderedDict[_View, Made], view: _View, make: Callable[[], Made]) -> Made:
    """What is held for a view, or made now; the `_OTHERS` that were used last stay."""
    made = held.pop(view, None) or make()
    held[view] = made
    while len(held) > _OTHERS:
        held.popitem(last=False)
    return made


class Serving:
    """What a worker can be asked for; see `photochrom.contained.process`."""

    def __init__(self, tell: Tell) -> None:
        self._studio: Studio | None = None

    def load(self, settings: Settings) -> str:
        """Make the model ready. Returns its exact weights."""
        self._studio = Studio(settings)
        return self._studio.painter.model.identity

    def run(self, work: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        """Do the work; a mistake of ours costs no worker."""
        try:
            return work(self._studio, *arguments)
        except PhotochromError:
            raise
        except MemoryError:
            raise TooLargeError("there is not enough memory for this picture now: try a smaller one") from None
        except Exception as error:
            return Mistake(trace_of(error))

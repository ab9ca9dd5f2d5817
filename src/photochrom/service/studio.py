"""The inside of a worker process: the model, and the photographs that it has looked at.

Work is a function `def paint(studio: Studio, ...)`, called here by `Pool.run`. Photographs are opened
from their stored uploads whenever they are not held, so that a worker that dies loses nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.contained.process import Tell
from photochrom.errors import PhotochromError, TooLargeError
from photochrom.service.incidents import trace_of
from photochrom.service.settings import Settings

if TYPE_CHECKING:
    from photochrom.canvas import Canvas
    from photochrom.colorizer import Colorizer


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A photograph, and how closely it is looked at.

    Attributes:
        id: names just this: another page, detail or box is another one.
        path: of the stored upload.
        page: counted from 0.
        detail: as for :meth:`Colorizer.open`.
        boxes: (left, top, right, bottom) each, looked at closer in this order.
    """

    id: str
    path: Path
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
        self._canvases: OrderedDict[str, tuple[Canvas, int]] = OrderedDict()
        self._most = settings.canvases_bytes // settings.processes

    def canvas(self, seen: Seen) -> Canvas:
        """The photograph, ready to be painted; looked at anew where it is not held any more.

        Raises:
            PhotoError, UsageError: see :meth:`Colorizer.open` and :meth:`Canvas.refine`.
        """
        held = self._canvases.pop(seen.id, None)
        if held is None:
            canvas = self.painter.open(
                seen.path, page=seen.page, detail=seen.detail, max_pixels=self.settings.max_pixels
            )
            for box in seen.boxes:
                canvas = canvas.refine(box)
            held = canvas, canvas.nbytes
        self._canvases[seen.id] = held
        self._shrink()
        return held[0]

    def _shrink(self) -> None:
        """Let go of what was not used for longest; never of the one that was used last."""
        while len(self._canvases) > 1 and sum(size for _, size in self._canvases.values()) > self._most:
            self._canvases.popitem(last=False)


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

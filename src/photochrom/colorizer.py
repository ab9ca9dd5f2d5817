"""Colorizer and Canvas: the one path from a photograph to a colored photograph.

Everything else (commands, service, film, cluster) calls this and adds nothing to it:
open -> luma -> working luma -> encode once; then hints -> decode -> read out -> recombine, as often
as somebody paints. How large a picture is when the network sees it is decided here as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import photochrom
from photochrom import photo as photos
from photochrom.color.readout import read_out
from photochrom.errors import ModelError, UsageError
from photochrom.photo import MAX_PIXELS, Photo, Record, warn
from photochrom.runtime.model import MULTIPLE, STRIDES, Features, Model

Float = NDArray[np.float32]

CELL: Final = STRIDES[0]
"""Working pixels along a side of one cell of the read-out."""

WIDEST: Final = 3.0
"""Aspect ratio up to which a picture is looked at in one piece."""

MOST_TILES: Final = 16
"""A strip is looked at in at most so many tiles; beyond (longer than 26:1), it is looked at smaller."""

DETAIL: Final = (1.0, 4.0)
"""Least and greatest factor on the working sides. At 4 the network needs 16 times the time and 1.7 GB."""

GREATEST_STRENGTH: Final = 2.0

_COLORLESS: Final = 0.5
"""Lab units of chroma below which nobody sees a colour: a result that nowhere exceeds this is grey."""


@dataclass(frozen=True)
class WorkingSize:
    """How large the network sees a picture, and in which pieces.

    The whole picture is brought to `height` x `width`. Where one of them is below 32, the picture
    is continued by its mirror image up to 32. The network then looks at tiles of `tile` working
    pixels along the long side, one after the other; they overlap, and a single one covers all of a
    picture up to 3:1.

    Attributes:
        height, width: of the whole picture, in working pixels; multiples of 32, or of 4 below that.
        tile: length of a tile along the long side; a multiple of 32.
        starts: where the tiles begin along the long side; multiples of 4, the first one 0.
    """

    height: int
    width: int
    tile: int
    starts: tuple[int, ...]

    @property
    def axis(self) -> int:
        """The long side's axis: 0 for a tall picture, 1 for a wide one."""
        return 0 if self.height > self.width else 1

    @classmethod
    def of(cls, height: int, width: int, area: int) -> WorkingSize:
        """The working size of a picture of (height, width) pixels, for a model of this working area.

        It depends on the shape of the picture alone and not on its number of pixels.
        """
        long, short = max(height, width), min(height, width)
        aspect = long / short
        if aspect <= WIDEST:
            side_long, side_short = _to_multiple(sqrt(area * aspect)), _to_multiple(sqrt(area / aspect))
            tile = side_long
            starts: tuple[int, ...] = (0,)
        else:
            across = _to_multiple(sqrt(area / WIDEST))
            tile = max(_to_multiple(area / across), 2 * across)
            step = tile - across
            longest = tile + (MOST_TILES - 1) * step
            side_long = min(_to_multiple(across * aspect), longest)
            side_short = across if side_long < longest else _short_side(longest / aspect)
            tile = min(tile, side_long)
            count = 1 + ceil((side_long - tile) / step)
            starts = tuple(CELL * round(i * (side_long - tile) / max(count - 1, 1) / CELL) for i in range(count))
        size = (side_short, side_long) if width >= height else (side_long, side_short)
        return cls(*size, tile, starts)


def _to_multiple(side: float) -> int:
    return max(MULTIPLE, MULTIPLE * round(side / MULTIPLE))


def _short_side(side: float) -> int:
    return _to_multiple(side) if side >= MULTIPLE else max(CELL, CELL * round(side / CELL))


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
                large picture. The time grows with its square.
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

    def pages(
        self,
        source: Any,
        *,
        vividness: float | None = None,
        strength: float = 1.0,
        detail: float | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> Iterator[Photo]:
        """Color every page of a picture, each when it is asked for; only TIFF has more than one.

        Args, errors and warnings are those of :meth:`open` and :meth:`Canvas.paint`.
        """
        warned = False
        for opened in photos.open_pages(source, max_pixels=max_pixels):
            if opened.was_colored == "color" and not warned:
                _warn_of_color(opened)
                warned = True
            yield self._canvas(opened, detail).paint(vividness=vividness, strength=strength)

    def _canvas(self, opened: Photo, detail: float | None) -> Canvas:
        factor = DETAIL[0] if detail is None else float(detail)
        if not DETAIL[0] <= factor <= DETAIL[1]:
            raise UsageError(f"detail goes from {DETAIL[0]:g} to {DETAIL[1]:g}, not {detail}")
        return Canvas(self.model, opened, factor)


def colorize(
    source: Any,
    *,
    model: str | Path = "best",
    vividness: float | None = None,
    strength: float = 1.0,
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
    """
    painter = Colorizer(model, device=device, threads=threads)
    first, *more = painter.pages(source, vividness=vividness, strength=strength, detail=detail, max_pixels=max_pixels)
    return first.with_pages(more)


def _warn_of_color(opened: Photo) -> None:
    warn(f"{opened.name}: is in colour already; its colours are replaced by the model's")


class Canvas:
    """One photograph that the network has looked at, ready to be painted any number of times.

    Made by :meth:`Colorizer.open`.

    Attributes:
        photo: the photograph as it was opened.
        size: how the network saw it.
    """

    def __init__(self, model: Model, photo: Photo, detail: float) -> None:
        self.photo = photo
        self._model = model
        self._detail = detail
        width, height = photo.size
        self.size = WorkingSize.of(height, width, round(model.card.area * detail**2))
        self._luma = photo.working_luma((self.size.height, self.size.width))
        self._tiles = [model.encode(tile) for tile in self._cut(self._luma)]

    def paint(self, *, vividness: float | None = None, strength: float = 1.0) -> Photo:
        """Color the photograph.

        Args:
            vividness: 0 for the least error to the truest colourfulness and beyond at 1; None: the model's default.
            strength: factor on the finished chroma, in [0, 2]: 0 is grey on request, 1 as the model read it out.

        Returns:
            A new Photo of the same size, depth and metadata, with the honest mark in it.

        Raises:
            UsageError: an option is out of range.
            ModelError: the model's answer is no colour at all, although the picture is not flat.
        """
        if vividness is not None and not 0 <= vividness <= 1:
            raise UsageError(f"vividness goes from 0 to 1, not {vividness}")
        if not 0 <= strength <= GREATEST_STRENGTH:
            raise UsageError(f"strength goes from 0 to {GREATEST_STRENGTH:g}, not {strength}")
        setting = self._model.card.read_out(vividness)
        ab = self._join([self._read_out(tile, t=setting.t, T=setting.T, gain=setting.gain) for tile in self._tiles])
        self._refuse_grey(ab)
        options = {"vividness": setting.vividness, "strength": float(strength), "detail": self._detail}
        record = Record(f"Photochrom {photochrom.__version__}", self._model.identity, options)
        return self.photo.colored(ab * np.float32(strength), self._cells(), record=record)

    def _read_out(self, features: Features, *, t: float, T: float, gain: float) -> Float:
        card = self._model.card
        return read_out(self._model.decode(features), card.log_w, card.bins, t=t, T=T, gain=gain)

    def _refuse_grey(self, ab: Float) -> None:
        """A grey picture must never go for a colored one: not from a broken model, nor from a broken computation."""
        if not np.isfinite(ab).all():
            raise ModelError(
                f"the model {self._model.identity} answered with something that is no number: "
                "try --device cpu, or another model"
            )
        flat = float(np.ptp(self._luma)) < 1 / 255
        if not flat and float(np.abs(ab).max()) < _COLORLESS:
            raise ModelError(
                f"the model {self._model.identity} found no colour in this picture, which is no flat grey: "
                "try a higher vividness, or another model"
            )

    def _cut(self, luma: Float) -> Iterator[Float]:
        """The tiles of the whole working luma, each with sides that are multiples of 32."""
        missing = [max(MULTIPLE - side, 0) for side in luma.shape]
        padded = np.pad(luma, [(0, missing[0]), (0, missing[1])], mode="symmetric") if any(missing) else luma
        for start in self.size.starts:
            part = slice(start, start + self.size.tile)
            yield padded[part] if self.size.axis == 0 else padded[:, part]

    def _join(self, tiles: list[Float]) -> Float:
        """One ab picture (height / 4, width / 4, 2) of those of the tiles, blended where they overlap."""
        height, width = self.size.height // CELL, self.size.width // CELL
        if len(tiles) == 1:
            return tiles[0][:height, :width]
        axis, length = self.size.axis, self.size.tile // CELL
        # Near its ends a tile knows least about what comes next: there the other one counts, by a Hann window.
        window = np.sin(np.pi * (np.arange(length) + 0.5) / length).astype(np.float32) ** 2
        along = window[:, None, None] if axis == 0 else window[None, :, None]
        total = np.zeros((height, width, 2), np.float32)
        weight = np.zeros((height, 1, 1) if axis == 0 else (1, width, 1), np.float32)
        for start, tile in zip(self.size.starts, tiles, strict=True):
            part = slice(start // CELL, start // CELL + length)
            place = (part,) if axis == 0 else (slice(None), part)
            total[place] += tile[:height, :width] * along
            weight[place] += along
        return total / weight

    def _cells(self) -> Float:
        """Luma (height / 4, width / 4) in [0, 1] of the cells that the read-out stands for."""
        height, width = self.size.height // CELL, self.size.width // CELL
        cells: Float = self._luma.reshape(height, CELL, width, CELL).mean(axis=(1, 3), dtype=np.float32)
        return cells

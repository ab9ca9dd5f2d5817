"""Subjects: everything that is scored. Baselines, models, and finished pictures of other programs.

Each one answers the same question: how does this grey picture look in colour? Baselines and models go
through the one path of the product, so that what is measured is what people get.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import photo as photos
from photochrom.color.lab import srgb_to_lab
from photochrom.color.luma import ab_to_cbcr, luma, recombine
from photochrom.errors import DataError
from photochrom.evaluation.photographs import SUFFIXES, Entry
from photochrom.evaluation.progress import progress
from photochrom.evaluation.truths import Truth, Truths, crop
from photochrom.hints.known import Known
from photochrom.hints.painting import Painter
from photochrom.runtime.look import Look
from photochrom.runtime.model import Model
from photochrom.runtime.working import CELL, WorkingSize

Rgb = NDArray[np.uint8]
Luma = NDArray[np.uint8]
Float = NDArray[np.float32]

MEAN_COLOR: Final = (1.92, 8.37)
"""Mean a and b of the training photographs, in Lab units."""

AREA: Final = 256 * 256
"""Working area in pixels of the baselines, where no model says another."""

RESULT_ENDING: Final = "-colour"
"""What `photochrom colorize` adds to the names of its results."""

_ALIKE: Final = 0.5
"""Least correlation of a result's luma with its photograph's; whatever the colours, it is 0.9 and more."""

_FLAT: Final = 4.0
"""Standard deviation of luma, in levels of 255, below which a photograph has nothing to be known by."""


class Subject(Protocol):
    """What is scored."""

    @property
    def name(self) -> str:
        """As reports call it; no two subjects of an evaluation have the same."""

    def color(self, truth: Truth) -> Rgb:
        """The grey picture `truth.luma` in colour: (H, W, 3) uint8 sRGB of its size."""


@dataclass(frozen=True)
class Grey:
    """The grey picture as it was given."""

    name: str = "grey"

    def color(self, truth: Truth) -> Rgb:
        return np.repeat(truth.luma[..., None], 3, axis=-1)


@dataclass(frozen=True)
class MeanColor:
    """One colour everywhere, the mean of the training photographs, through our own path."""

    name: str = "mean"
    ab: tuple[float, float] = MEAN_COLOR
    area: int = AREA

    def color(self, truth: Truth) -> Rgb:
        cells = luma_cells(truth.luma, self.area)
        return joined(truth.luma, cells, np.full((*cells.shape, 2), self.ab, np.float32))


@dataclass(frozen=True)
class Ceiling:
    """The truth's own ab at a quarter of the working size, through our own path: no model can do better."""

    name: str = "ceiling"
    area: int = AREA

    def color(self, truth: Truth) -> Rgb:
        cells = luma_cells(truth.luma, self.area)
        return joined(truth.luma, cells, true_ab(truth, cells.shape))


@dataclass(frozen=True, eq=False)
class Seen:
    """One grey picture that a model has looked at.

    Attributes:
        luma: (H, W) uint8, the grey picture.
        painter: what the model saw in it.
    """

    luma: Luma
    painter: Painter

    @property
    def logits(self) -> Float:
        """(K, h, w) without hints, at a quarter of the working size."""
        (logits,) = self.painter.look.decode()
        return logits

    @property
    def luma01(self) -> Float:
        """(h, w) float32 in [0, 1], the luma of these cells."""
        return self.painter.look.cells


@dataclass(frozen=True, eq=False)
class ModelSubject:
    """A model at one vividness; None: its own default. Gives what `Colorizer(model).open(luma).paint()` gives.

    Subjects made by :meth:`at` share what the model saw last, so that one look serves several vividnesses.
    """

    model: Model
    vividness: float | None = None
    name: str = ""
    _seen: list[Seen] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.model.card.name)

    def at(self, vividness: float, name: str) -> ModelSubject:
        """The same model at another vividness, under another name."""
        return ModelSubject(self.model, vividness, name, self._seen)

    def color(self, truth: Truth) -> Rgb:
        return self.paint(self.look(truth.luma))

    def look(self, luma: Luma) -> Seen:
        """Let the network look at a grey picture (H, W) uint8 of at most 3:1; the last look is remembered."""
        if self._seen and self._seen[0].luma is luma:
            return self._seen[0]
        size = WorkingSize.of(luma.shape[0], luma.shape[1], self.model.card.area)
        if len(size.starts) != 1:
            raise ValueError(f"a picture of {luma.shape} is too long to be looked at in one piece")
        look = Look(self.model, photos.open(luma).working_luma((size.height, size.width)), size)
        seen = Seen(luma, Painter(look))
        self._seen[:] = [seen]
        return seen

    def ab(self, seen: Seen, *, known: Known | None = None, vividness: float | None = None) -> Float:
        """The colours (h, w, 2) in Lab units, at a quarter of the working size.

        Args:
            seen: by this model.
            known: colours that are known.
            vividness: in [0, 1]; None: the subject's.
        """
        return seen.painter.colors(known, vividness=self.vividness if vividness is None else vividness)

    def paint(self, seen: Seen, *, known: Known | None = None, vividness: float | None = None) -> Rgb:
        """The picture in colour, (H, W, 3) uint8; options as in :meth:`ab`."""
        return joined(seen.luma, seen.luma01, self.ab(seen, known=known, vividness=vividness))


class Finished:
    """Results of another program: a folder with one picture for each photograph, of its name.

    A picture is of the whole photograph's size, and is cropped like it, or of the size of the crop.

    Args:
        name: as reports call it.
        folder: holds `<name>.png`, or another ending, for each photograph; `<name>-colour.png` is taken as well.
        truths: what the results belong to; all that were chosen must be there, and each is looked at now, so that
            a long evaluation does not fail at its end.

    Raises:
        DataError: a picture is missing, belongs to no photograph, is there twice, or can't be taken by :meth:`color`.
    """

    def __init__(self, name: str, folder: Path, truths: Truths) -> None:
        self.name = name
        self._truths = truths
        self._files: dict[str, Path] = {}
        if not folder.is_dir():
            raise DataError(f"the results {name}: there is no folder {folder}")
        known = set(truths.all_names)
        unknown = []
        for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES):
            stem = path.stem if path.stem in known else path.stem.removesuffix(RESULT_ENDING)
            if stem not in known:
                unknown.append(path.name)
            elif stem in self._files:
                raise DataError(f"the results {name}: {path.name} and {self._files[stem].name} are of one photograph")
            else:
                self._files[stem] = path
        missing = [each for each in truths.names if each not in self._files]
        if missing:
            raise DataError(
                f"the results {name}: {folder} lacks {len(missing)} of {len(truths)} photographs, such as "
                f"{missing[0]}; its pictures must have the names of the photographs and end in {', '.join(SUFFIXES)}"
            )
        if unknown:
            raise DataError(
                f"the results {name}: {len(unknown)} pictures in {folder} belong to no photograph of {truths.data}, "
                f"such as {unknown[0]}: give the folder that was made from this data"
            )
        with progress(f"opening {name}", len(truths)) as advance:
            for truth in truths:
                self.color(truth)
                advance()

    def color(self, truth: Truth) -> Rgb:
        """The finished picture of `truth`.

        Raises:
            DataError: it is damaged, of neither the photograph's size nor the crop's, or of another photograph.
        """
        path = self._files[truth.name]
        picture = self._cropped(Entry.of_file(path).read(), truth, path)
        if not _alike(luma(picture), luma(truth.rgb)):
            raise DataError(
                f"the results {self.name}: {path} does not show the photograph {truth.name}, or not the same part of "
                "it: give uncropped results of the photographs' own size, each under its photograph's name"
            )
        return picture

    def _cropped(self, picture: Rgb, truth: Truth, path: Path) -> Rgb:
        if picture.shape == truth.rgb.shape:
            return picture
        whole = self._truths.full_size(truth.name)
        if picture.shape[:2] != whole:
            raise DataError(
                f"the results {self.name}: {path} is {picture.shape[1]}x{picture.shape[0]}, the photograph is "
                f"{whole[1]}x{whole[0]}: give results of the photographs' own size"
            )
        return crop(picture, str(path))


def luma_cells(luma: Luma, area: int) -> Float:
    """Luma (h, w) in [0, 1] at a quarter of the working size that a picture (H, W) has for a model of `area`."""
    size = WorkingSize.of(luma.shape[0], luma.shape[1], area)
    return _cells(photos.open(luma).working_luma((size.height, size.width)))


def true_ab(truth: Truth, size: tuple[int, ...]) -> Float:
    """The truth's colours (h, w, 2) in Lab units at `size` (h, w), area-averaged where that is smaller."""
    ab = srgb_to_lab(truth.rgb)[..., 1:]
    way = cv2.INTER_AREA if size[0] < ab.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(ab, (size[1], size[0]), interpolation=way), np.float32)


def joined(luma: Luma, luma01: Float, ab: Float) -> Rgb:
    """Colours (h, w, 2) of cells whose luma is `luma01` (h, w), enlarged and put beside `luma` (H, W): (H, W, 3)."""
    rgb: Rgb = recombine(luma, ab_to_cbcr(luma01, ab), np.uint8)
    return rgb


def _alike(one: Luma, other: Luma) -> bool:
    """Whether two planes (H, W) of one size show the same; all do beside one that is flat."""
    if other.std() < _FLAT:
        return True
    return bool(one.std() > 0 and np.corrcoef(one.ravel(), other.ravel())[0, 1] >= _ALIKE)


def _cells(working: Float) -> Float:
    height, width = working.shape[0] // CELL, working.shape[1] // CELL
    cells: Float = working.reshape(height, CELL, width, CELL).mean(axis=(1, 3), dtype=np.float32)
    return cells

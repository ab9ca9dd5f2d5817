"""Canvas: one photograph that the network has looked at, to be painted as often as somebody likes.

Encoding is done once; then hints -> decode -> read out -> recombine, again for every painting. What
each ability does stands in its own module of `hints`; here options are checked and passed on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from functools import cache, lru_cache, partial
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import ModelError
from photochrom.hints.color import Color
from photochrom.hints.confidence import Certainty, certainty
from photochrom.hints.finish import Finish
from photochrom.hints.hint import AnyHint, listed
from photochrom.hints.mask import Mask
from photochrom.hints.painting import Painter
from photochrom.hints.reference import Reference
from photochrom.hints.refining import Box, Region, laid_in, refined
from photochrom.hints.suggestions import suggestions
from photochrom.hints.variants import sampled
from photochrom.photo import MAX_PIXELS, Photo, Record, warn
from photochrom.photo.proof import proof
from photochrom.runtime.look import Look
from photochrom.runtime.model import Model
from photochrom.runtime.working import WorkingSize
from photochrom.values import integer

Float = NDArray[np.float32]

_MOST_CONFIDENCES: Final = 25_000_000

_PROOFS: Final = 3
"""Sizes of proofs that a canvas keeps the light of: the page asks for one of a view, and of a strip of small ones."""

_COLORLESS: Final = 0.5
"""Lab units of chroma below which nobody sees a colour: a result that nowhere exceeds this is grey."""


def reference_of(source: Any, model: Model, *, page: int = 0, max_pixels: int = MAX_PIXELS) -> Reference:
    """See :meth:`Colorizer.reference`."""
    opened = source.photo if isinstance(source, Canvas) else source
    return Reference.of(opened, model, page=page, max_pixels=max_pixels)


class Canvas:
    """One photograph that the network has looked at, ready to be painted any number of times.

    Made by :meth:`Colorizer.open`. It never changes: everything is an option of :meth:`paint`, so that
    whatever was tried can be undone by leaving it out.

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
        self._painter = Painter(Look(model, self._luma, self.size))
        self._regions: tuple[Region, ...] = ()
        self._proof = lru_cache(maxsize=_PROOFS)(partial(proof, photo))
        self._painted_on = photo

    @property
    def refined(self) -> tuple[Box, ...]:
        """The boxes that were looked at closer, in the order in which that was asked for, cut to the photograph."""
        return tuple(region.box for region in self._regions)

    @property
    def nbytes(self) -> int:
        """About how much memory it holds: for whoever keeps several, and must bound them."""
        painters = [self._painter, *(region.painter for region in self._regions)]
        return self.photo.nbytes + sum(painter.look.nbytes for painter in painters)

    def refine(self, box: Sequence[float]) -> Canvas:
        """Look at a part of the photograph again, closer: small faces, medals and badges get colours of their own.

        >>> painter.open("group.jpg").refine(box=(1200, 340, 1310, 470)).paint().save("group-colour.jpg")

        The network looks once more, at the box and half as much around it; around the box it fades into the whole.
        Boxes can follow each other, `canvas.refine(one).refine(other)`; where they meet, the later one counts.

        Args:
            box: left, top, right, bottom in pixels of the photograph as seen, upright; cut where it reaches beyond.

        Returns:
            A new canvas of the same photograph; this one stays as it is.

        Raises:
            UsageError: the box is empty, lies outside of the photograph, or has less than 8 pixels in a side.
        """
        closer = copy(self)
        closer._regions = (*self._regions, Region.of(self.photo, box, self._painter, self._regions))
        return closer

    def proof(self, longest: int) -> Canvas:
        """A canvas of the same photograph whose paintings are as a screen shows them: small, in sRGB, and quickly made.

        >>> canvas.proof(1600).paint(vividness=0.8).save("look.jpg", quality=90, subsampling="444")

        Hints, boxes and masks count pixels of the photograph as ever; nothing that its file carried goes along.

        Args:
            longest: pixels of the longer side at most.

        Raises:
            UsageError: that is no whole number from 1.
        """
        small = copy(self)
        small._painted_on = self._proof(integer(longest, "longest, pixels of the longer side,", 1))
        return small

    def paint(
        self,
        *,
        hints: Iterable[AnyHint] = (),
        vividness: float | None = None,
        strength: float = 1.0,
        warmth: float = 0.0,
        keep_grey: Any = None,
        keep_tone: bool = False,
        reference: Any = None,
    ) -> Photo:
        """Color the photograph.

        Args:
            hints: what is known of its colours, at most 10,000; where two meet, the later one counts.
            vividness: 0 for the least error to the truest colourfulness and beyond at 1; None: the model's default.
            strength: factor on the finished chroma, in [0, 2]: 0 is grey on request, 1 as the model read it out.
            warmth: from -1 (cool, blue) to 1 (warm, amber): the light of all that is guessed; hints keep their colours.
            keep_grey: a mask, white where the photograph stays grey: the path of a picture of its shape, or an array
                (H, W) of bool or of floats in [0, 1]; see :meth:`Mask.of`.
            keep_tone: whether the tint of a toned photograph, such as sepia, is laid over its colours; of one that is
                grey or in colour nothing is kept.
            reference: a picture in colour that lends its colours to what is alike in meaning, such as the same uniform;
                where nothing is alike, and where hints speak, it changes nothing. What :meth:`Colorizer.reference` has
                prepared, or whatever that takes, which then is looked at for this one painting.

        Returns:
            A new Photo of the same size, depth and metadata, with the honest mark in it.

        Warns:
            PhotoWarning: it is in colour, so that there is no tint to keep.

        Raises:
            UsageError: an option is out of range, a hint or mask does not fit the photograph, or the reference has no
                colours.
            PhotoError: the mask or reference can't be read.
            ModelError: the model's answer is no colour at all, although the picture is not flat.
        """
        finish = self._finish(
            vividness=vividness,
            strength=strength,
            warmth=warmth,
            keep_grey=keep_grey,
            keep_tone=keep_tone,
            reference=reference,
        )
        return self._painted(finish, listed(hints))

    def suggest(
        self, x: float, y: float, n: int = 5, *, hints: Iterable[AnyHint] = (), reference: Any = None
    ) -> list[tuple[Color, float]]:
        """The colours that a place most likely has.

        >>> for color, probability in canvas.suggest(x=310, y=220):
        ...     print(color, f"{probability:.0%}")

        Args:
            x, y: in pixels of the photograph as it is seen, upright.
            n: how many, 1 to 20.
            hints, reference: what is known of the photograph's colours, as for :meth:`paint`; the suggestions are those
                that are likely then.

        Returns:
            `n` different colours, at least 10 apart in ab, the likeliest first, as they look in the light of the place
            (where that is nearly black or white, several look alike); each with the probability that the true colour
            lies within 10 of it in ab, and of none before it.

        Raises:
            UsageError: the place lies outside of the photograph, `n` is out of range, or a hint does not fit.
        """
        lends = self._finish(reference=reference).reference
        return suggestions(self.photo, self._painter, self._regions, listed(hints), x=x, y=y, n=n, reference=lends)

    def confidence(
        self,
        *,
        hints: Iterable[AnyHint] = (),
        vividness: float | None = None,
        strength: float = 1.0,
        warmth: float = 0.0,
        keep_grey: Any = None,
        reference: Any = None,
    ) -> Float:
        """How likely each colour that `paint` gives is about right: within 15 Lab units of the truth in ab.

        Args:
            hints, vividness, strength, warmth, keep_grey, reference: as for :meth:`paint`. Its `keep_tone` does not
                count: the tint is laid over all colours alike, whether they are right or not.

        Returns:
            (H, W) float32 in [0, 1] of the photograph's size, or smaller by the same factor in both where that has more
            than 25 megapixels; 1 where a hint states the colour that is shown.

        Raises:
            UsageError, PhotoError: as for :meth:`paint`.
        """
        found = self.certainty(
            hints=hints,
            vividness=vividness,
            strength=strength,
            warmth=warmth,
            keep_grey=keep_grey,
            reference=reference,
        )
        width, height = self.photo.size
        scale = min(1, (_MOST_CONFIDENCES / (width * height)) ** 0.5)
        return found.sized((max(int(height * scale), 1), max(int(width * scale), 1))).confidence

    def certainty(
        self,
        *,
        hints: Iterable[AnyHint] = (),
        vividness: float | None = None,
        strength: float = 1.0,
        warmth: float = 0.0,
        keep_grey: Any = None,
        reference: Any = None,
    ) -> Certainty:
        """Where the colours that `paint` gives come from: stated, following from that, inferred, or uncertain.

        `photochrom.hints.confidence_map.draw` makes a picture of it. What a reference lent counts as inferred.
        Args and errors are those of :meth:`confidence`.
        """
        finish = self._finish(
            vividness=vividness, strength=strength, warmth=warmth, keep_grey=keep_grey, reference=reference
        )
        return certainty(self._painter, self._regions, listed(hints), photo=self.photo.size, finish=finish)

    def variants(
        self,
        n: int,
        *,
        seed: int = 0,
        hints: Iterable[AnyHint] = (),
        vividness: float | None = None,
        strength: float = 1.0,
        warmth: float = 0.0,
        keep_grey: Any = None,
        keep_tone: bool = False,
        reference: Any = None,
    ) -> list[Photo]:
        """Color the photograph in other ways, each plausible: places whose colour is ambiguous take a likely one.

        >>> for number, photo in enumerate(canvas.variants(4), start=1):
        ...     photo.save(f"family-{number}.jpg")

        Args:
            n: how many, 1 to 32. Each takes some nine times as long as a `paint`.
            seed: another one gives other variants, the same one the same; the first ones are the same for any `n`.
            hints: what is known; every variant keeps it.
            vividness, strength, warmth, keep_grey, keep_tone, reference: as for :meth:`paint`; what is alike to the
                reference varies less.

        Returns:
            `n` photographs. The record of each names the seed and, before the given hints, the hints that made it:
            `paint` with these gives it again.

        Raises:
            UsageError: an option is out of range, or a hint or mask does not fit the photograph.
            PhotoError: the mask or reference can't be read.
        """
        finish = self._finish(
            vividness=vividness,
            strength=strength,
            warmth=warmth,
            keep_grey=keep_grey,
            keep_tone=keep_tone,
            reference=reference,
        )
        hints = listed(hints)
        chosen = sampled(self._painter, hints, photo=self.photo.size, n=n, seed=seed, reference=finish.reference)
        found = []
        for number, anchors in enumerate(chosen, start=1):
            photo = self._painted(finish, (*anchors, *hints))
            variant = {"seed": int(seed), "number": number, "anchors": len(anchors)}
            if photo.record is not None:
                photo = replace(
                    photo, record=replace(photo.record, options={**photo.record.options, "variant": variant})
                )
            found.append(photo)
        return found

    def _finish(
        self,
        *,
        vividness: float | None = None,
        strength: float = 1.0,
        warmth: float = 0.0,
        keep_grey: Any = None,
        keep_tone: bool = False,
        reference: Any = None,
    ) -> Finish:
        """What was asked for, checked, the files that it names read."""
        return Finish(
            vividness=vividness,
            strength=strength,
            warmth=warmth,
            keep_grey=None if keep_grey is None else Mask.of(keep_grey, self.photo.size),
            keep_tone=keep_tone,
            reference=None if reference is None else reference_of(reference, self._model),
        )

    def _painted(self, finish: Finish, hints: Sequence[AnyHint]) -> Photo:
        ab = refined(
            self._painter,
            self._regions,
            hints,
            photo=self.photo.size,
            vividness=finish.vividness,
            warmth=finish.warmth,
            lent=None if finish.reference is None else finish.reference.lend(self._painter.look),
        )
        if not hints:
            self._refuse_grey(ab)
        if finish.keep_tone and self.photo.was_colored == "color":
            warn(f"{self.photo.name}: is in colour, not toned, so there is no tint that keep_tone could keep")
        options = {
            "vividness": self._model.card.read_out(finish.vividness).vividness,
            "detail": self._detail,
            **finish.to_json(),
            **({"refine": [list(box) for box in self.refined]} if self._regions else {}),
            **({"page": self.photo.page} if self.photo.page is not None else {}),
        }
        record = Record(
            _software(),
            self._model.identity,
            options,
            [hint.to_json() for hint in hints],
            size=self.photo.size,
            files=finish.files(),
        )
        return self._painted_on.colored(
            ab * np.float32(finish.strength),
            self._cells(),
            record=record,
            keep_tone=finish.keep_tone,
            keep_grey=None if finish.keep_grey is None else finish.keep_grey.grey,
        )

    def _cells(self) -> Float:
        """The luma of the cells that colours are given for: the regions' own ones in those of the whole."""
        parts = [region.painter.look.cells[..., None] for region in self._regions]
        return laid_in(self._painter.look.cells[..., None], self._regions, parts, photo=self.photo.size)[..., 0]

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


@cache
def _software() -> str:
    return f"Photochrom {version('photochrom')}"

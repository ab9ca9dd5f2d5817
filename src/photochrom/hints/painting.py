"""From what the network saw and what is known to one colour a cell: the heart of every painting.

A hint that the network could have guessed tells of the whole picture: its light, how colourful it
is. The decoder is told of it and carries it far. One that nobody could have guessed, such as a red
dress where brown was likely, tells of its object alone: the decoder would tint everything with it,
so it stays out of the decoder and runs from its place as far as the object reaches.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import lightness
from photochrom.color.warmth import warmed
from photochrom.hints.hintmap import HintMap
from photochrom.hints.known import Cells, Known
from photochrom.hints.objects import Objects
from photochrom.hints.reference import Lent
from photochrom.hints.spreading import LUMA, NARROWER, nearest, nearness, sum_of_weights
from photochrom.runtime.look import Logits, Look

Float = NDArray[np.float32]

_GUESSABLE: Final = (25.0, 38.0)
"""Lab units between a hint and the automatic colour up to which it is trusted to tell of the whole picture, and from
which it tells of its object alone. Without this limit one hint gains 0.1 dB more on the validation photographs, and a
red one changes the rest of a picture by 6 to 18 units."""

_BEYOND: Final = 0.045
"""What is left of a trusted hint's own difference where it is near and alike but beyond the edges of its object. With
0.15, fifty hints gain 0.03 dB more on the validation photographs, and a red one tints what is far twice as much."""

_NEAR: Final = 0.35
"""Width within which a hint's own difference is spread, for a single one, as a part of the longer side."""

_NONE: Final = 0.03
"""Weight of "no hint" there: an object takes all but a thirtieth of the difference. With 0.1, as where no network
helps, a hinted place is left by a tenth of it, and fifty hints gain 0.07 dB less on the validation photographs."""

_FAR: Final = 15.0
"""Lab units by which the decoder may change what belongs to no hint, for one hint; for more, by their root more."""

_PLACE: Final = 0.7
_LUMA: Final = 0.4
"""Widths within which a hint that is less colourful than the vivid read-out tames it. With 0.35 and 0.25, one hint
gains 0.3 dB less on the validation photographs."""

_ALIKE: Final = 0.9
"""How surely a cell has the colour of a hint that it belongs with: with this, what is said of being right within 15 Lab
units is true on the validation photographs."""


class Painter:
    """What the network saw in a picture, ready to give it colours. Safe to use from several threads at once.

    Attributes:
        look: what the network saw.
    """

    def __init__(self, look: Look) -> None:
        self.look = look
        self._last_reach: tuple[Known, Float, dict[bytes, Float]] | None = None

    def colors(
        self,
        known: Known | None = None,
        *,
        vividness: float | None = None,
        warmth: float = 0.0,
        soft: Float | None = None,
        change: Float | None = None,
        lent: Lent | None = None,
    ) -> Float:
        """The colours (h, w, 2) in Lab units of each cell.

        Args:
            known: colours that somebody knows.
            vividness: in [0, 1], from the least error to more colour than the truth has; None: the model's default.
            warmth: in [-1, 1], by which the light of all that is guessed is cooler or warmer.
            soft: what something else than a person thinks of each cell, which the decoder may overrule: (3, h, w)
                a/110, b/110 and confidence in [0, 1].
            change: (h, w, 2) Lab units that are added to all that is guessed.
            lent: what a reference tells of the cells; what is known goes before it. Not together with `soft`.
        """
        plain = None if known is None else self.logits(soft=soft if lent is None else lent.dense)
        lent = self.told_of(lent, known)
        logits = self.logits(known, soft=soft if lent is None else lent.dense)

        card, alone = self.look.model.card, known is None and lent is None
        settings = [card.read_out(bet) for bet in ((vividness,) if alone else (vividness, 0))]
        guesses = self.look.read_all(logits, settings)
        if known is not None and plain is not None:
            unhinted = self.look.read_all(plain, settings)
            guesses = [self._bounded(known, ab, other) for ab, other in zip(guesses, unhinted, strict=True)]
        guesses = [warmed(ab, self.look.cells, warmth) for ab in guesses]
        if change is not None:
            guesses = [ab + change for ab in guesses]
        vivid, accurate = guesses[0], guesses[-1]
        if lent is not None:
            vivid, accurate = (lent.settled(each, accurate) for each in (vivid, accurate))
        return vivid if known is None else self._settled(known, self._trust_in(known), vivid, accurate)

    def told_of(self, lent: Lent | None, known: Known | None) -> Lent | None:
        """What a reference tells, less surely where what is known goes before it."""
        return lent if lent is None or known is None else lent.less(self.follows(known))

    def logits(self, known: Known | None = None, *, soft: Float | None = None) -> Logits:
        """What the network answers when it is told of what is known, as far as it could have guessed it."""
        if known is None:
            return self.look.decode(None if soft is None else HintMap(dense=soft))
        return self.look.decode(known.map(self._trust_in(known), soft))

    def _bounded(self, known: Known, ab: Float, plain: Float) -> Float:
        """The decoder's answer to hints (h, w, 2), kept near the `plain` one where nothing belongs to what was hinted.

        A single colour that is stronger than usual makes some decoders tint all of a picture.
        """
        change = ab - plain
        most = np.float32(_FAR * len(known.spokesmen) ** 0.5)
        length = np.linalg.norm(change, axis=-1) + np.float32(1e-6)
        share = np.maximum(np.minimum(most / length, 1), self._reached(known).max(axis=0))
        result: Float = plain + change * share[..., None]
        return result

    def _reached(self, known: Known) -> Float:
        """How much each cell belongs to the object of each hint of `known.few`: (n, h, w) in [0, 1]."""
        last = self._last_reach  # read once: another thread may replace it
        if last is not None and last[0] is known:
            return last[1]
        places = [known.at[known.whose == number] for number in np.unique(known.whose[known.few])]
        keys = [cells.tobytes() for cells in places]
        # Mostly a hint was added to those of before.
        found = {} if last is None else dict(last[2])
        new = {key: cells for key, cells in zip(keys, places, strict=True) if key not in found}
        found |= zip(new, self.objects.reach(list(new.values())), strict=True)
        reached = np.stack([found[key] for key in keys])
        self._last_reach = known, reached, {key: found[key] for key in keys}
        return reached

    def follows(self, known: Known) -> Float:
        """How surely each cell has the colour of a hint, because it belongs to the object that the hint lies on.

        Returns:
            (h, w): 1 where it is stated, elsewhere up to 0.9.
        """
        follows: Float = self._reached(known).max(axis=0) * np.float32(_ALIKE)
        follows[known.at[:, 0], known.at[:, 1]] = 1
        return follows

    def _trust_in(self, known: Known) -> Float:
        rows, columns = known.at.T
        return _trust(known.ab - self._automatic[rows, columns])

    def _settled(self, known: Known, trust: Float, vivid: Float, accurate: Float) -> Float:
        """The network's colours, made to agree with what is known.

        Vividness is a bet on colours that nobody knows: where trusted hints are less colourful, what is near and like
        them is read out with the least error. Then the known cells take their colours. What they differ by is spread
        over their objects, each cell's to what is next to it, and, from a trusted hint, a little over what is near and
        alike beyond.

        Args:
            trust: (P,) of each known cell, in [0, 1].
            vivid, accurate: (h, w, 2) Lab units, read out as vivid as was asked for, and with the least error.
        """
        luma = self.look.cells
        at, ab, own = known.at[known.few], known.ab[known.few], known.whose[known.few]
        numbers, whose, members = np.unique(own, return_inverse=True, return_counts=True)
        # However many cells a hint has, it counts as one.
        part = (1 / members[whose]).astype(np.float32)
        trusted = trust[known.few]
        too_vivid = trusted * part * _too_vivid(ab, vivid[at[:, 0], at[:, 1]], accurate[at[:, 0], at[:, 1]])
        share = nearness(at, luma, place=_PLACE, luma=_LUMA, trust=too_vivid)[..., None]
        result = vivid + (accurate - vivid) * share
        left = ab - result[at[:, 0], at[:, 1]]

        light = lightness(luma) + np.float32(16)
        total = np.full(luma.shape, _NONE, np.float32)
        change = np.zeros_like(result)
        place, shade = (width * len(numbers) ** -power for width, power in zip((_NEAR, LUMA), NARROWER, strict=True))
        for number, reached in enumerate(self._reached(known)):
            own = np.flatnonzero(whose == number)
            near = sum_of_weights(at[own], luma, place=place, luma=shade, trust=trusted[own] ** 2 * part[own])
            inside = reached * np.sqrt(reached)  # so that an object ends as sharply as with a larger _NONE
            weight = np.maximum(near * np.maximum(inside, _BEYOND), inside)
            total += weight
            change += (weight * _dimmed(light, at[own]))[..., None] * nearest(left[own], at[own], luma)
        result += change / total[..., None]
        result[known.at[:, 0], known.at[:, 1]] = known.ab
        return result

    @cached_property
    def _automatic(self) -> Float:
        """The colours without any hint at the default vividness, against which hints are held."""
        return self.look.read(self.look.decode(), self.look.model.card.read_out(None))

    @cached_property
    def objects(self) -> Objects:
        """Where the objects of the picture end."""
        return Objects(self.look)


def _trust(difference: Float) -> Float:
    """How far a hint may speak for the whole picture, (P,) in [0, 1], by its (P, 2) difference from the likely."""
    full, none = _GUESSABLE
    distance = np.linalg.norm(difference, axis=-1)
    trust: Float = np.clip((none - distance) / (none - full), 0, 1).astype(np.float32)
    return trust


def _dimmed(light: Float, at: Cells) -> Float:
    """How much is left of the colour of cells in each other one (h, w), in (0, 1], where that is darker.

    In the shade a surface's X, Y and Z fall alike, and a and b with their cube roots: as `light` does, L* + 16.
    """
    left: Float = np.minimum(light / light[at[:, 0], at[:, 1]].mean(), 1)
    return left


def _too_vivid(ab: Float, vivid: Float, accurate: Float) -> Float:
    """How far known colours speak for the accurate read-out, not for the vivid one: (P,) in [0, 1].

    0 where a known colour (P, 2) has as much of the vivid one's chroma as that or more, 1 where as little as the
    accurate one or less.
    """
    square = (vivid * vivid).sum(axis=-1) + np.float32(1e-6)
    known, least = ((each * vivid).sum(axis=-1) / square for each in (ab, accurate))
    share: Float = np.clip((1 - known) / np.maximum(1 - least, 0.05), 0, 1).astype(np.float32)
    return share

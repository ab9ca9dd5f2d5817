"""From what the network saw and what is known to one colour a cell: the heart of every painting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photochrom.hints.known import Known
from photochrom.runtime.look import Look

Float = NDArray[np.float32]


def colors(look: Look, known: Known | None = None, *, vividness: float | None = None) -> Float:
    """The colours (h, w, 2) in Lab units of each cell of `look`.

    Args:
        look: what the network saw.
        known: colours that somebody knows.
        vividness: in [0, 1], from the least error to more colour than the truth has; None: the model's default.
    """
    card = look.model.card
    logits = look.decode(None if known is None else known.map)
    ab = look.read(logits, card.read_out(vividness))
    if known is None:
        return ab
    return known.settled(ab, look.read(logits, card.read_out(0)), look.cells)

"""Finish: what a person asks of a picture's colours as a whole, beside hints: the same for every way to find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.hints.mask import Mask
from photochrom.hints.options import ranged, switch
from photochrom.hints.reference import Reference

Float = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Finish:
    """How colours are read out and made a photograph. See `Canvas.paint`.

    Raises:
        UsageError: from the constructor, where a value is out of range or of another type.
    """

    vividness: float | None = None
    strength: float = 1.0
    warmth: float = 0.0
    keep_grey: Mask | None = None
    keep_tone: bool = False
    reference: Reference | None = None

    def __post_init__(self) -> None:
        if self.vividness is not None:
            ranged("vividness", self.vividness)
        ranged("strength", self.strength)
        ranged("warmth", self.warmth)
        switch("keep_tone", self.keep_tone)

    def shown(self, ab: Float) -> Float:
        """The colours (h, w, 2) in Lab units that a picture shows of those that were found, but for its tone."""
        shown = ab * np.float32(self.strength)
        if self.keep_grey is None:
            return shown
        size = ab.shape[1], ab.shape[0]
        grey = np.asarray(cv2.resize(self.keep_grey.grey, size, interpolation=cv2.INTER_AREA), np.float32)
        return shown * (1 - grey.reshape(*ab.shape[:2], 1))

    def to_json(self) -> dict[str, Any]:
        """What the record of a result says: strength always, the others where they change anything.

        Vividness is left out: how vivid the model's own choice is, only the model knows.
        """
        values: dict[str, Any] = {"strength": float(self.strength)}
        if self.warmth:
            values["warmth"] = float(self.warmth)
        if self.keep_grey is not None:
            values["keep_grey"] = self.keep_grey.to_json()
        if self.keep_tone:
            values["keep_tone"] = True
        if self.reference is not None:
            values["reference"] = self.reference.to_json()
        return values

    def files(self) -> dict[str, str]:
        """Where the files lie that `to_json` names by their hash."""
        sources = {"keep_grey": self.keep_grey, "reference": self.reference}
        paths = {name: source.path for name, source in sources.items() if source is not None}
        return {name: str(path.absolute()) for name, path in paths.items() if path is not None}

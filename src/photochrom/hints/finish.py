"""Finish: what a person asks of a picture's colours as a whole, beside hints: the same for every way to find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from photochrom.errors import UsageError
from photochrom.hints.mask import Mask
from photochrom.hints.reference import Reference

GREATEST_STRENGTH: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Finish:
    """How colours are read out and made a photograph. See `Canvas.paint`.

    Raises:
        UsageError: from the constructor, where a value is out of range.
    """

    vividness: float | None = None
    strength: float = 1.0
    warmth: float = 0.0
    keep_grey: Mask | None = None
    keep_tone: bool = False
    reference: Reference | None = None

    def __post_init__(self) -> None:
        if self.vividness is not None and not 0 <= self.vividness <= 1:
            raise UsageError(f"vividness goes from 0 to 1, not {self.vividness}")
        if not 0 <= self.strength <= GREATEST_STRENGTH:
            raise UsageError(f"strength goes from 0 to {GREATEST_STRENGTH:g}, not {self.strength}")
        if not -1 <= self.warmth <= 1:
            raise UsageError(f"warmth goes from -1 (cool) to 1 (warm), not {self.warmth}")

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

"""Why a picture is left out of the shards: the words that rejected.csv and the report use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """A reason to leave a picture out, in the order in which they are looked for."""

    UNREADABLE = "unreadable"
    TOO_SMALL = "too small"
    ASPECT = "extreme aspect"
    EMPTY = "near-empty"
    DRAWING = "drawing or screenshot"
    UNDEREXPOSED = "underexposed"
    OVEREXPOSED = "overexposed"
    GREY = "grey"
    TONED = "toned"
    PALE = "low colourfulness"
    EVALUATION = "in the evaluation set"
    EXACT_DUPLICATE = "exact duplicate"
    NEAR_DUPLICATE = "near duplicate"


@dataclass(frozen=True)
class Rejection:
    """Why one picture is left out, and what was measured, for people."""

    reason: Reason
    detail: str

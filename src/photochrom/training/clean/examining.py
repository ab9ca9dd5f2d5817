"""One picture looked at: decoded, cut, measured, made small.

A pure function of the picture's bytes and the way, so that any process can do it and always gives the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import cv2

from photochrom.errors import PhotoError
from photochrom.evaluation.metrics import colorfulness
from photochrom.training.clean.borders import cut_borders
from photochrom.training.clean.decoding import Rgb, decode, shrunk
from photochrom.training.clean.duplicates import Signature
from photochrom.training.clean.listing import Item
from photochrom.training.clean.reasons import Reason, Rejection
from photochrom.training.clean.rules import judged, measures, misfit


@dataclass(frozen=True)
class Way:
    """How pictures are made small and judged.

    Attributes:
        side: longest that the shorter side may be in the shards, in pixels.
        min_side: shortest that it may be in the file, without borders.
        quality: of the WebP files, 1 to 100.
        judge: False for an evaluation set: only what it looks like is wanted.
    """

    side: int
    min_side: int
    quality: int
    judge: bool = True


@dataclass(frozen=True)
class Examined:
    """What is known of one picture.

    Attributes:
        name, source: those of its item.
        size: of the file, in bytes.
        sha256: of its bytes, in hexadecimal; "" where they can't be read.
        width, height: of the file's picture in pixels, upright and without borders; 0 where it can't be decoded.
        side: its shorter side in the shards, in pixels.
        colorfulness: Hasler-Suesstrunk, exact, as it is in the shards.
        measures: by the reason's name, see `rules`.
        signature: what it looks like; None where it was rejected.
        reason, detail: why it is left out; "" where nothing speaks against it.
    """

    name: str
    source: str
    size: int
    sha256: str = ""
    width: int = 0
    height: int = 0
    side: int = 0
    colorfulness: float = 0.0
    measures: dict[str, float] = field(default_factory=dict)
    signature: Signature | None = None
    reason: str = ""
    detail: str = ""

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> Examined:
        """The inverse of `dataclasses.asdict`, also after a way through JSON."""
        look = entry["signature"]
        signature = Signature(tuple(look["views"]), tuple(look["colors"])) if look else None
        return cls(**{**entry, "signature": signature})

    def rejected(self, why: Rejection) -> Examined:
        """The same picture, left out."""
        return replace(self, signature=None, reason=why.reason.value, detail=why.detail)


def examine(item: Item, way: Way) -> tuple[Examined, bytes]:
    """What is known of a picture, and its file for the shards: WebP, empty where it is left out."""
    known = Examined(item.name, item.source, item.size)
    try:
        data = item.read()
        known = replace(known, sha256=hashlib.sha256(data).hexdigest())
        rgb, width, height = prepared(data, way.side)
    except PhotoError as error:
        return known.rejected(Rejection(Reason.UNREADABLE, str(error))), b""
    known = replace(known, width=width, height=height)
    if not way.judge:
        return replace(known, signature=Signature.of(rgb)), b""
    why = misfit(width, height, way.min_side)
    if why is None:
        measured = measures(rgb)
        known = replace(known, side=min(rgb.shape[:2]), colorfulness=round(colorfulness(rgb), 1), measures=measured)
        why = judged(measured)
    if why is not None:
        return known.rejected(why), b""
    content = cv2.imencode(".webp", rgb[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, way.quality])[1].tobytes()
    return replace(known, signature=Signature.of(rgb)), content


def prepared(data: bytes, side: int) -> tuple[Rgb, int, int]:
    """A picture as the shards hold it, (h, w, 3), and the width and height that its file has of it, in pixels.

    Raises:
        PhotoError: see `decode`.
    """
    decoded = decode(data, side)
    inner = cut_borders(decoded.rgb)
    scale = decoded.width / decoded.rgb.shape[1]
    width, height = round(inner.shape[1] * scale), round(inner.shape[0] * scale)
    return shrunk(inner, side), width, height

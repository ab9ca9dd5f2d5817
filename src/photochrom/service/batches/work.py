"""Colouring one item of a batch: work for a worker."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.service import coloring
from photochrom.service.batches.store import Result

if TYPE_CHECKING:
    from photochrom.service.coloring import Order
    from photochrom.service.studio import Studio

_CHUNK: Final = 1 << 20


def color(studio: Studio, order: Order) -> Result:
    """Color a file, which then lies at the order's target.

    Raises:
        PhotochromError: as `coloring.color`.
    """
    done = coloring.color(studio, order)
    size, crc = _size_and_crc(order.target)
    return Result(done.ending, done.mime, size, crc, done.warnings)


def _size_and_crc(path: Path) -> tuple[int, int]:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
        return file.tell(), crc

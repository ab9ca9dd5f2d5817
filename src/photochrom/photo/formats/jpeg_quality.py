"""Which quality a JPEG was encoded with, found from its quantization tables; TIFF holds JPEGs too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

DEFAULT_QUALITY: Final = 92
"""For pictures that were no JPEG."""

# ITU-T T.81 annex K, tables K.1 and K.2: what libjpeg scales by its quality.
_LUMA_TABLE: Final = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
).ravel()
_CHROMA_TABLE: Final = np.pad(
    [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]], ((0, 4), (0, 4)), constant_values=99
).ravel()
_ZIGZAG: Final = np.array(sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8)))


def nearest_quality(luma: NDArray[np.int64] | None, chroma: NDArray[np.int64] | None = None) -> int:
    """The libjpeg quality, 1 to 100, whose quantization tables are nearest to these (least sum of differences).

    Args:
        luma, chroma: 64 steps in zigzag order; None where there is no such table.
    """
    given = [(base[_ZIGZAG], own) for base, own in ((_LUMA_TABLE, luma), (_CHROMA_TABLE, chroma)) if own is not None]
    if not given:
        return DEFAULT_QUALITY
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    distance = np.zeros(100)
    for base, own in given:
        tables = np.clip((base[None] * scale[:, None] + 50) // 100, 1, 255)
        distance += np.abs(tables - own[None]).sum(axis=1)
    return int(quality[::-1][np.argmin(distance[::-1])])


def tables(content: bytes) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """(number, 64 steps in zigzag order) of each table in the content of a DQT segment."""
    place = 0
    while place < len(content):
        wide, number = content[place] >> 4, content[place] & 15
        kind, size = (">u2", 128) if wide else (">u1", 64)
        yield number, np.frombuffer(content, kind, 64, place + 1).astype(np.int64)
        place += 1 + size

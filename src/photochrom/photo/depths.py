"""Samples of 9 to 15 bits: in this program they fill 16, in a file they take what they need."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_full_range(samples: NDArray[Any], bits: int) -> NDArray[Any]:
    """Samples of 0 to 2**bits - 1 spread over 8 or, where they have more than 8 bits, 16; `bits` is 1 to 16."""
    if bits in (8, 16):
        return samples.astype(np.uint8 if bits == 8 else np.uint16, copy=False)
    result: NDArray[Any] = _spread(bits)[samples]
    return result


def to_depth(samples: NDArray[Any], bits: int) -> NDArray[Any]:
    """Samples of 16 bits brought to 0 to 2**bits - 1, rounded, still as uint16; uint8 and 16 bits are left alone."""
    if samples.dtype == np.uint8 or bits == 16:
        return samples
    result: NDArray[Any] = _narrowed(bits)[samples]
    return result


@lru_cache
def _spread(bits: int) -> NDArray[Any]:
    """(65536,): what is beyond 2**bits - 1, as in damaged files, counts as that."""
    most, full = (1 << bits) - 1, 255 if bits < 8 else 65535
    levels = np.minimum(np.arange(65536), most)
    return ((levels * full * 2 + most) // (2 * most)).astype(np.uint8 if bits < 8 else np.uint16)


@lru_cache
def _narrowed(bits: int) -> NDArray[np.uint16]:
    most = (1 << bits) - 1
    return ((np.arange(65536, dtype=np.int64) * most * 2 + 65535) // (2 * 65535)).astype(np.uint16)

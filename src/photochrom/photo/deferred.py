"""A large luma that is decoded in the background: the network looks at a small copy and need not wait for it.

The small copy is decoded in the foreground, and from all of the file's data. Thus a damaged file
is found before anybody gets a picture.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Deferred:
    """A plane that is still being decoded.

    Attributes:
        full: (H, W), when it is there.
        shape: (H, W).
        small: the same picture, there already: (ceil(H / fraction), ceil(W / fraction)) uint8.
        fraction: each of its pixels is the average of so many in a row and column; fewer of them at the far edges.
    """

    full: Future[Plane]
    shape: tuple[int, int]
    small: NDArray[np.uint8]
    fraction: int

    def working_luma(self, size: tuple[int, int]) -> NDArray[np.float32] | None:
        """The averages over areas of the small copy, (h, w) in [0, 1]; None if it is not at least twice as large.

        The last row and column of the small copy may lie partly outside of the picture, which must not be stretched
        by that: a network sees a third of a pixel.
        """
        if any(has < 2 * needed for has, needed in zip(self.small.shape, size, strict=True)):
            return None
        fy, fx = (needed * self.fraction / has for needed, has in zip(size, self.shape, strict=True))
        wide = self.small.astype(np.uint16) * np.uint16(257)
        return np.asarray(cv2.resize(wide, None, fx=fx, fy=fy, interpolation=cv2.INTER_AREA) / np.float32(65535))


def whole(plane: Plane | Deferred) -> Plane:
    """The plane, waited for if it is still being decoded.

    Raises:
        PhotoError: it could not be decoded.
    """
    return plane.full.result() if isinstance(plane, Deferred) else plane


def begun(work: Callable[[], Plane]) -> Future[Plane]:
    """The work, begun in a thread of its own that ends with it."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="photochrom-decode")
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future

"""Photographs for the tests of cleaning: parts of scikit-image's samples that have nothing in common."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data
from spoiled_files import encoded

Rgb = NDArray[np.uint8]


@cache
def photographs() -> tuple[Rgb, ...]:
    """Eight, 190 to 300 pixels a side."""
    astronaut, coffee, cat, rocket = data.astronaut(), data.coffee(), data.chelsea(), data.rocket()
    parts = (
        astronaut[:250, 120:370],
        astronaut[250:, :250],
        astronaut[20:260, 300:],
        coffee[:200, :290],
        coffee[200:, 310:],
        cat[:, :250],
        cat[90:, 240:],
        rocket[60:, 160:460],
    )
    return tuple(np.ascontiguousarray(part) for part in parts)


def photograph(number: int = 0, side: int = 256) -> Rgb:
    """One of them, its shorter side `side` pixels."""
    rgb = photographs()[number]
    factor = side / min(rgb.shape[:2])
    return cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def write(folder: Path, suffix: str = ".png", count: int = 8) -> list[Path]:
    """The first `count` of them as files, photo-0 and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"photo-{number}{suffix}" for number in range(count)]
    for path, rgb in zip(paths, photographs(), strict=False):
        path.write_bytes(encoded(rgb, suffix, 92))
    return paths

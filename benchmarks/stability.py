"""Do a photograph's colours depend on its size in pixels, or on how it is framed?

    python benchmarks/stability.py --photos DIR

Each photograph is coloured at 1, 4 and 12 megapixels, and whole beside its central 70 %. Compared at equal
size: the mean difference in a and b, Lab units. Targets: under 1.5 between sizes, under 5 between framings.
"""

from __future__ import annotations

import argparse
import sys
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.color.lab import srgb_to_lab

MEGAPIXELS = (1, 4, 12)
BORDER = 0.15


def main() -> int:
    parser = argparse.ArgumentParser(description="Do colours depend on a photograph's size or framing?")
    parser.add_argument("--photos", type=Path, required=True, help="folder with JPEG photographs")
    parser.add_argument("--model", default="best", help="bundled name, or folder of a model (default: best)")
    options = parser.parse_args()
    painter = Colorizer(options.model)
    sizes: list[float] = []
    framings: list[float] = []
    for path in sorted(options.photos.glob("*.jpg")):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if grey is None:
            print(f"{path} can't be read", file=sys.stderr)
            return 2
        picture = grey.astype(np.uint8, copy=False)
        height, width = picture.shape
        small = (width // 4, height // 4)
        results = [_ab(_colored(painter, _at(picture, megapixels)), small) for megapixels in MEGAPIXELS]
        sizes.append(max(float(np.abs(a - b).mean()) for a, b in combinations(results, 2)))
        inner = np.s_[
            int(height * BORDER) : int(height * (1 - BORDER)), int(width * BORDER) : int(width * (1 - BORDER))
        ]
        crop = np.ascontiguousarray(picture[inner])
        small = (crop.shape[1] // 4, crop.shape[0] // 4)
        whole = _ab(_colored(painter, picture)[inner], small)
        framings.append(float(np.abs(whole - _ab(_colored(painter, crop), small)).mean()))
    if not sizes:
        print(f"{options.photos} holds no .jpg", file=sys.stderr)
        return 2
    missed = 0
    for name, values, target in (("between sizes", sizes, 1.5), ("70 % crop against the whole", framings, 5.0)):
        passed = max(values) < target
        missed += not passed
        print(
            f"{'pass' if passed else 'FAIL'}  {name}: mean {np.mean(values):.2f}, worst of {len(values)} photographs "
            f"{max(values):.2f} (target < {target})"
        )
    return int(missed > 0)


def _at(grey: NDArray[np.uint8], megapixels: float) -> NDArray[np.uint8]:
    height, width = grey.shape
    scale = (megapixels * 1e6 / (height * width)) ** 0.5
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(grey, (round(width * scale), round(height * scale)), interpolation=mode).astype(np.uint8)


def _colored(painter: Colorizer, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(painter.open(grey).paint()).astype(np.uint8, copy=False)


def _ab(rgb: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    return srgb_to_lab(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8))[..., 1:]


if __name__ == "__main__":
    sys.exit(main())

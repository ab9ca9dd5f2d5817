"""Photographs to measure on, made of samples that come with scikit-image, and files of them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

Rgb = NDArray[np.uint8]


def photographs(side: int = 96) -> dict[str, Rgb]:
    """Twelve squares of three colour photographs, by name."""
    found = {}
    for name, rgb in (("astronaut", data.astronaut()), ("coffee", data.coffee()), ("chelsea", data.chelsea())):
        height = min(rgb.shape[:2])
        for i in range(4):
            top, left = (i // 2) * (height // 3), (i % 2) * (height // 3)
            part = rgb[top : top + 2 * height // 3, left : left + 2 * height // 3]
            found[f"{name}-{i}"] = np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    return found


def grey(rgb: Rgb) -> Rgb:
    """A picture without its colours, still as RGB."""
    return np.repeat(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=-1)


def png(rgb: Rgb) -> bytes:
    """A PNG file."""
    return bytes(cv2.imencode(".png", rgb[..., ::-1])[1])


def write_folder(folder: Path, pictures: Mapping[str, Rgb]) -> Path:
    """One PNG for each picture."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rgb in pictures.items():
        (folder / f"{name}.png").write_bytes(png(rgb))
    return folder


def write_tar(path: Path, pictures: Mapping[str, Rgb]) -> Path:
    """A tar with one PNG for each picture."""
    with tarfile.open(path, "w") as tar:
        for name, rgb in pictures.items():
            content = png(rgb)
            member = tarfile.TarInfo(f"{name}.png")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path

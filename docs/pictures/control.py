"""Makes the pictures of docs/control.md: python docs/pictures/control.py

Each is made by the commands that the page shows, then made small and put side by side.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray

HERE = Path(__file__).parent
MOST = 60_000
"""Bytes of each picture."""

FACES = ["440,30,600,210", "335,470,470,610"]

PEOPLE = [
    *(
        (445, 70),
        (470, 40),
        (510, 28),
        (555, 50),
        (580, 85),
        (590, 130),
        (620, 135),
        (650, 170),
        (665, 210),
        (707, 265),
    ),
    *((700, 300), (690, 330), (707, 385), (622, 412), (622, 570), (625, 600), (638, 645), (632, 667), (582, 667)),
    *((567, 697), (500, 697), (470, 682), (450, 685), (372, 674), (360, 650), (353, 610), (332, 545), (332, 510)),
    *((345, 482), (385, 460), (425, 468), (440, 440), (470, 380), (495, 345), (473, 330), (462, 270), (462, 190)),
    *((470, 160), (440, 140), (436, 100)),
]
"""Outline of the two, clockwise."""

Picture = NDArray[np.uint8]


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(HERE / "migrant_mother.jpg", folder / "family.jpg")
        (folder / "family.json").write_text(hints_of_the_page(), encoding="utf-8")
        grey = read(folder / "family.jpg")
        mask = np.full(grey.shape[:2], 255, np.uint8)
        cv2.fillPoly(mask, [np.array(PEOPLE)], (0,))
        cv2.imwrite(str(folder / "mask.png"), mask)
        coffee = skimage.data.coffee()[..., ::-1]
        cv2.imwrite(str(folder / "cup-in-colour.jpg"), coffee)
        cv2.imwrite(str(folder / "cup.jpg"), cv2.cvtColor(coffee[20:380, 90:560][:, ::-1], cv2.COLOR_BGR2GRAY))

        colorize(folder, "family.jpg", "-o", "plain.png")
        colorize(
            folder, "family.jpg", "--hints", "family.json", "--layer", "--compare", "--confidence", "-o", "known.png"
        )
        save("hints", beside(read(folder / "plain.png"), read(folder / "known.png"), width=1000))
        save("compare", scaled(read(folder / "known-compare.jpg"), 900))
        save("confidence", scaled(read(folder / "known-confidence.png"), 620))
        save("layer", scaled(read(folder / "known-layer.png"), 400))

        colorize(folder, "family.jpg", *(each for box in FACES for each in ("--refine", box)), "-o", "closer.png")
        pairs = []
        for box in FACES:
            left, top, right, bottom = (int(side) for side in box.split(","))
            crops = [read(folder / name)[top:bottom, left:right] for name in ("plain.png", "closer.png")]
            pairs.append(beside(*(scaled(crop, height=360) for crop in crops)))
        save("refine", beside(*pairs, gap=24))

        colorize(folder, "cup.jpg", "-o", "alone.png")
        colorize(folder, "cup.jpg", "--reference", "cup-in-colour.jpg", "-o", "alike.png")
        three = [read(folder / name) for name in ("cup-in-colour.jpg", "alone.png", "alike.png")]
        save("reference", beside(*(scaled(each, height=260) for each in three)))

        colorize(folder, "family.jpg", "--variants", "4", "--seed", "1", "-o", "other.png")
        save("variants", grid([read(folder / f"other-{number}.png") for number in (1, 2, 3, 4)], width=900))

        for name, options in {"cool": ["--warmth", "-0.7"], "warm": ["--warmth", "0.7"]}.items():
            colorize(folder, "family.jpg", *options, "-o", f"{name}.png")
        colorize(folder, "family.jpg", "--keep-grey", "mask.png", "--label", "-o", "grey.png")
        save("warmth", beside(*(read(folder / f"{name}.png") for name in ("cool", "plain", "warm")), width=1000))
        save("keep-grey", beside(read(folder / "mask.png"), read(folder / "grey.png"), width=900))


def hints_of_the_page() -> str:
    """The hint file that the page shows."""
    page = (HERE.parent / "control.md").read_text(encoding="utf-8")
    found = re.search(r"^```json\n(.*?)^```$", page, re.S | re.M)
    assert found
    return found[1]


def colorize(folder: Path, *arguments: str) -> None:
    """Run the command there."""
    subprocess.run([sys.executable, "-m", "photochrom", "colorize", *arguments], cwd=folder, check=True)


def read(path: Path) -> Picture:
    """BGR, as OpenCV has it."""
    picture = cv2.imread(str(path))
    assert picture is not None, path
    return np.asarray(picture, np.uint8)


def scaled(picture: Picture, width: int = 0, height: int = 0) -> Picture:
    """At this width or height."""
    scale = width / picture.shape[1] if width else height / picture.shape[0]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way), np.uint8)


def beside(*pictures: Picture, width: int = 0, gap: int = 6) -> Picture:
    """From left to right, with a white gap; together so wide, if that is given."""
    line = np.full((pictures[0].shape[0], gap, 3), 255, np.uint8)
    parts = [part for each in pictures for part in (each, line)][:-1]
    if width:
        each = (width - gap * (len(pictures) - 1)) // len(pictures)
        parts = [scaled(part, each) for part in pictures]
        line = line[: parts[0].shape[0]]
        parts = [part for scaled_one in parts for part in (scaled_one, line)][:-1]
    return np.concatenate(parts, axis=1)


def grid(pictures: Sequence[Picture], *, width: int) -> Picture:
    """Four in two rows."""
    rows = [beside(*pictures[:2], width=width), beside(*pictures[2:], width=width)]
    return np.concatenate([rows[0], np.full((6, rows[0].shape[1], 3), 255, np.uint8), rows[1]])


def save(name: str, picture: Picture) -> None:
    """As the best JPEG that is small enough."""
    for quality in range(90, 20, -5):
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(data) < MOST:
            break
    (HERE / f"control-{name}.jpg").write_bytes(data.tobytes())
    print(f"control-{name}.jpg: {picture.shape[1]} x {picture.shape[0]}, {len(data)} bytes, quality {quality}")


if __name__ == "__main__":
    main()

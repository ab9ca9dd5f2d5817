"""Pictures that no colorizer should learn from, made from photographs, with the reasons to reject each.

Also as a script, for a trial on real photographs:

    python tests/spoiled_files.py SHARD.tar FOLDER      # FOLDER/good: photographs; FOLDER/spoiled: 200 files
"""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import lab_to_srgb, srgb_to_lab
from photochrom.training.clean.reasons import Reason

Rgb = NDArray[np.uint8]
Rng = np.random.Generator
Change = Callable[[Rgb, Rng], Rgb]
Make = Callable[[Rng, int], Rgb]
"""Makes a picture of about so many pixels a side."""

DUPLICATE: Final = frozenset({Reason.EXACT_DUPLICATE, Reason.NEAR_DUPLICATE})
_FONTS: Final = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)
_WORDS: Final = ("File", "Edit", "View", "Insert", "Format", "the quick brown fox", "Total", "1,024", "Cancel", "12:45")


@dataclass(frozen=True)
class Spoiled:
    """One spoiled picture.

    Attributes:
        kind: how it was spoiled.
        name: of its file.
        content: the file.
        reasons: those for which it may rightly be rejected.
    """

    kind: str
    name: str
    content: bytes
    reasons: frozenset[Reason]


def encoded(rgb: Rgb, suffix: str = ".jpg", quality: int = 88) -> bytes:
    """The picture's file."""
    options = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, quality], ".webp": [cv2.IMWRITE_WEBP_QUALITY, quality]}
    return bytes(cv2.imencode(suffix, rgb[..., ::-1], options.get(suffix, []))[1])


def decoded(content: bytes) -> Rgb:
    """The picture of a file."""
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.ascontiguousarray(bgr[..., ::-1]).astype(np.uint8, copy=False)


# --- one photograph, spoiled --------------------------------------------------------------------


def grey(rgb: Rgb, rng: Rng) -> Rgb:
    """Without colour, but in three channels."""
    return np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8, copy=False)


def sepia(rgb: Rgb, rng: Rng) -> Rgb:
    """The matrix that photo programs use, at some strength, with the grain of a scan."""
    matrix = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)
    strength = np.float32(rng.uniform(0.5, 1))
    toned = cv2.transform(rgb.astype(np.float32), matrix) * strength + grey(rgb, rng) * (1 - strength)
    return _levels(toned + rng.normal(0, 2, (*rgb.shape[:2], 1)))


def tinted(rgb: Rgb, rng: Rng) -> Rgb:
    """Cyanotype, selenium, rose and the like: one ab colour, stronger in the middle tones."""
    lab = srgb_to_lab(grey(rgb, rng))
    hue, chroma = rng.uniform(0, 2 * np.pi), rng.uniform(10, 28)
    middle = 4 * lab[..., 0] / 100 * (1 - lab[..., 0] / 100)
    lab[..., 1], lab[..., 2] = chroma * np.cos(hue) * middle, chroma * np.sin(hue) * middle
    return np.asarray(lab_to_srgb(lab), np.uint8)


def pale(rgb: Rgb, rng: Rng) -> Rgb:
    """Nearly all colour gone."""
    share = np.float32(rng.uniform(0.06, 0.15))
    return _levels(rgb * share + grey(rgb, rng) * (1 - share))


def underexposed(rgb: Rgb, rng: Rng) -> Rgb:
    """Three to four stops too dark."""
    return _levels(255 * (rgb / np.float32(255)) ** 1.2 * rng.uniform(0.06, 0.14) + rng.normal(0, 1, rgb.shape))


def overexposed(rgb: Rgb, rng: Rng) -> Rgb:
    """Most of it burnt out."""
    middle = max(float(np.percentile(rgb.min(axis=2), 30)), 8.0)
    return _levels(rgb.astype(np.float32) * (265 / middle))


def recompressed(rgb: Rgb, rng: Rng) -> Rgb:
    """As saved once more, at a low quality."""
    return decoded(encoded(rgb, ".jpg", int(rng.integers(30, 60))))


def resized(rgb: Rgb, rng: Rng) -> Rgb:
    """Smaller by a little or larger by a half."""
    factor = rng.choice([0.9, 1.25, 1.5])
    return cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def cropped(rgb: Rgb, rng: Rng) -> Rgb:
    """Up to 6 % cut off at each side."""
    height, width = rgb.shape[:2]
    top, bottom, left, right = rng.uniform(0, 0.06, 4)
    return rgb[int(top * height) : height - int(bottom * height), int(left * width) : width - int(right * width)]


def brightened(rgb: Rgb, rng: Rng) -> Rgb:
    """Another brightness and contrast."""
    return _levels((rgb.astype(np.float32) - 128) * rng.uniform(0.8, 1.15) + 128 + rng.uniform(10, 35))


def bordered(rgb: Rgb, rng: Rng) -> Rgb:
    """In a black or white frame, or between two bars."""
    height, width = rgb.shape[:2]
    level = 0 if rng.random() < 0.5 else 255
    tall, wide = int(height * rng.uniform(0.06, 0.16)), int(width * rng.uniform(0.06, 0.16))
    kind = rng.integers(3)
    tall, wide = (0 if kind == 1 else tall), (0 if kind == 2 else wide)
    return cv2.copyMakeBorder(rgb, tall, tall, wide, wide, cv2.BORDER_CONSTANT, value=(level,) * 3).astype(np.uint8)


# --- made from nothing --------------------------------------------------------------------------


def drawing(rng: Rng, side: int = 320) -> Rgb:
    """Flat shapes with dark outlines, as in a cartoon or a clip art."""
    picture: Rgb = np.full((side, side, 3), rng.integers(120, 256, 3), np.uint8)
    for _ in range(int(rng.integers(4, 14))):
        color = tuple(int(c) for c in rng.integers(0, 256, 3))
        points = np.asarray(rng.integers(0, side, (int(rng.integers(3, 7)), 2)), np.int32)
        place = tuple(int(c) for c in points[0])
        size = int(rng.integers(side // 12, side // 4))
        if rng.random() < 0.5:
            cv2.circle(picture, place, size, color, -1, cv2.LINE_AA)
            cv2.circle(picture, place, size, (0, 0, 0), int(rng.integers(1, 4)), cv2.LINE_AA)
        else:
            cv2.fillPoly(picture, [points], color, cv2.LINE_AA)
            cv2.polylines(picture, [points], True, (0, 0, 0), int(rng.integers(1, 4)), cv2.LINE_AA)
    return picture


def chart(rng: Rng, side: int = 320) -> Rgb:
    """Coloured bars or a curve between axes, with figures."""
    picture: Rgb = np.full((side, side, 3), 255, np.uint8)
    bars = int(rng.integers(4, 10))
    for i in range(bars):
        color = tuple(int(c) for c in rng.integers(0, 230, 3))
        left, right = 40 + i * (side - 60) // bars, 40 + (i + 1) * (side - 60) // bars - 4
        cv2.rectangle(picture, (left, int(rng.integers(30, side - 60))), (right, side - 40), color, -1)
        cv2.putText(
            picture, str(int(rng.integers(10, 99))), (left, side - 20), _FONTS[0], 0.4, (0, 0, 0), 1, cv2.LINE_AA
        )
    cv2.line(picture, (38, 20), (38, side - 38), (0, 0, 0), 1)
    cv2.line(picture, (38, side - 38), (side - 10, side - 38), (0, 0, 0), 1)
    return picture


def screenshot(rng: Rng, side: int = 480) -> Rgb:
    """Flat windows with title bars and lines of text."""
    picture: Rgb = np.full((side, side * 4 // 3, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        left, top = int(rng.integers(0, side // 2)), int(rng.integers(0, side // 3))
        right, bottom = left + int(rng.integers(side // 2, side)), top + int(rng.integers(side // 2, side))
        paper = tuple(int(c) for c in (rng.integers(225, 256, 3) if rng.random() < 0.7 else rng.integers(15, 60, 3)))
        ink = (20, 20, 30) if paper[0] > 128 else (220, 225, 215)
        cv2.rectangle(picture, (left, top), (right, bottom), paper, -1)
        cv2.rectangle(picture, (left, top), (right, top + 22), tuple(int(c) for c in rng.integers(30, 200, 3)), -1)
        font, size = _FONTS[int(rng.integers(3))], float(rng.uniform(0.35, 0.6))
        for y in range(top + 44, bottom - 8, int(30 * size) + 8):
            line = " ".join(rng.choice(_WORDS, int(rng.integers(3, 9))))
            cv2.putText(
                picture, line[: int((right - left) / (20 * size))], (left + 8, y), font, size, ink, 1, cv2.LINE_AA
            )
    return picture


def _write(
    picture: Rgb,
    text: str,
    place: tuple[int, int],
    size: float,
    font: int = _FONTS[0],
    ink: tuple[int, int, int] = (0, 0, 0),
) -> None:
    cv2.putText(picture, text, place, font, size, ink, 1, cv2.LINE_AA)


def gradient(rng: Rng, side: int = 256) -> Rgb:
    """A slope from one colour to another, without any noise."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    angle = rng.uniform(0, 2 * np.pi)
    along = np.hypot(x - 0.5, y - 0.5) if rng.random() < 0.3 else (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    along = (along - along.min()) / np.ptp(along)
    first, second = rng.uniform(0, 255, (2, 3))
    return _levels(first + (second - first) * along[..., None])


def _plain(level: int) -> Callable[[Rng], Rgb]:
    def make(rng: Rng) -> Rgb:
        return _levels(level + rng.normal(0, rng.uniform(0, 2), (256, 256, 3)))

    return make


# --- the 200 ------------------------------------------------------------------------------------

_COLORLESS: Final = frozenset({Reason.GREY, Reason.TONED, Reason.PALE})
_DARK: Final = frozenset({Reason.UNDEREXPOSED, Reason.EMPTY, Reason.GREY, Reason.PALE})
_LIGHT: Final = frozenset({Reason.OVEREXPOSED, Reason.EMPTY, Reason.GREY, Reason.PALE})
_DRAWN: Final = frozenset({Reason.DRAWING})

_FROM_PHOTOGRAPHS: Final[Sequence[tuple[Change, int, frozenset[Reason]]]] = (
    (grey, 18, frozenset({Reason.GREY})),
    (sepia, 18, _COLORLESS),
    (tinted, 18, _COLORLESS),
    (pale, 6, _COLORLESS),
    (underexposed, 12, _DARK),
    (overexposed, 12, _LIGHT),
    (recompressed, 9, DUPLICATE),
    (resized, 9, DUPLICATE),
    (cropped, 9, DUPLICATE),
    (brightened, 9, DUPLICATE),
    (bordered, 9, DUPLICATE),
)
_FROM_NOTHING: Final[Sequence[tuple[str, Callable[[Rng], Rgb], int, frozenset[Reason]]]] = (
    ("drawing", drawing, 10, _DRAWN),
    ("chart", chart, 5, _DRAWN),
    ("screenshot", screenshot, 15, _DRAWN),
    ("gradient", gradient, 8, frozenset({Reason.EMPTY, Reason.DRAWING, *_COLORLESS})),
    ("black", _plain(2), 4, _DARK),
    ("white", _plain(253), 4, _LIGHT),
)


def spoiled(photographs: Sequence[bytes], seed: int = 0) -> Iterator[Spoiled]:
    """200 spoiled pictures; the duplicates are those of photographs, which must be cleaned together with them.

    Args:
        photographs: files of photographs with at least 160 pixels a side.
        seed: which photographs are spoiled in which way, and how much.
    """
    rng = np.random.default_rng(seed)
    drawn = cycle(rng.permutation(len(photographs)))

    def file() -> bytes:
        return photographs[int(next(drawn))]

    for change, count, reasons in _FROM_PHOTOGRAPHS:
        for i in range(count):
            content = encoded(change(decoded(file()), rng))
            yield Spoiled(change.__name__, f"{change.__name__}-{i:02d}.jpg", content, reasons)
    for kind, make, count, reasons in _FROM_NOTHING:
        for i in range(count):
            suffix = ".png" if i % 2 else ".jpg"
            yield Spoiled(kind, f"{kind}-{i:02d}{suffix}", encoded(make(rng), suffix), reasons)
    for i in range(9):
        suffix = (".jpg", ".png", ".webp")[i % 3]
        whole = encoded(decoded(file()), suffix)
        cut = whole[: int(len(whole) * rng.uniform(0.2, 0.8))]
        yield Spoiled("truncated", f"truncated-{i:02d}{suffix}", cut, frozenset({Reason.UNREADABLE}))
    for i in range(6):
        tiny = _sized(decoded(file()), 60 + 8 * i, 60)
        yield Spoiled("tiny", f"tiny-{i:02d}.jpg", encoded(tiny), frozenset({Reason.TOO_SMALL}))
    for i in range(5):
        long = _sized(decoded(file()), 160 * (4 + i), 160)
        yield Spoiled("extreme", f"extreme-{i:02d}.jpg", encoded(long), frozenset({Reason.ASPECT}))
    for i in range(5):
        yield Spoiled("copy", f"copy-{i:02d}.webp", file(), DUPLICATE)


def _sized(rgb: Rgb, width: int, height: int) -> Rgb:
    return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _levels(values: NDArray[np.floating]) -> Rgb:
    rgb: Rgb = np.clip(np.round(values), 0, 255).astype(np.uint8)
    return rgb


def main(tar: Path, folder: Path, every: int = 12) -> None:
    """Write every n-th photograph of a shard to `folder`/good, and the 200 to `folder`/spoiled."""
    with tarfile.open(tar) as shard:
        files = [(Path(member.name).name, shard.extractfile(member)) for member in shard.getmembers()[::every]]
        good = [(name, file.read()) for name, file in files if file is not None]
    bad = [(each.name, each.content) for each in spoiled([content for _, content in good])]
    for kind, pictures in (("good", good), ("spoiled", bad)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name, content in pictures:
            (folder / kind / name).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

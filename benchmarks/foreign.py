"""Do files that others made open here as they open there?

    python benchmarks/foreign.py FOLDER...

Every picture below the folders is opened by us and by Pillow, libvips and OpenCV. Compared, for the first page: the
size, and the luma, which must be the same within a level of 255. Prints for each folder how many files agree, then
every file that doesn't, with what each library says. Exit code 1 if we can't open what another one opens.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.luma import luma as luma_of
from photochrom.errors import PhotochromError
from photochrom.photo import collect_warnings, open_pages
from photochrom.photo.deferred import whole
from photochrom.photo.formats import FORMATS, recognised

SUFFIXES: Final = frozenset(suffix for format in FORMATS for suffix in format.suffixes)
LEVEL: Final = 1.5 / 255
"""A level, and half of one for what is rounded from 16 bit."""

SECONDS: Final = 60
"""Given to a file before the process is ended, whoever it is that hangs."""

Luma = NDArray[np.float32]


@dataclass(frozen=True)
class Result:
    """What became of one file.

    Attributes:
        ours: "opened", or why not.
        others: for each other library the same; where both opened it, how the pictures compare.
        verdict: what it is counted as.
    """

    ours: str
    others: dict[str, str]
    verdict: str


def main() -> int:
    parser = argparse.ArgumentParser(description="Do files that others made open here as they open there?")
    parser.add_argument("folders", nargs="+", type=Path)
    options = parser.parse_args()
    refused = 0
    for folder in options.folders:
        counts: Counter[str] = Counter()
        odd = []
        for path, result in _results(sorted(_pictures(folder))):
            counts[result.verdict] += 1
            if result.verdict not in (SAME, NOBODY):
                others = "; ".join(f"{name}: {said}" for name, said in result.others.items())
                odd.append(f"- {path.relative_to(folder)}: {result.verdict}. ours: {result.ours}; {others}")
        refused += counts[REFUSED] + counts[BROKEN]
        print(f"## {folder.name}: {counts.total()} files\n")
        print("".join(f"- {count} {verdict}\n" for verdict, count in counts.most_common()))
        print("\n".join(odd), flush=True)
    return int(refused > 0)


SAME: Final = "the same as another library has it"
DIFFERENT: Final = "different from all that open it"
REFUSED: Final = "refused here, opened elsewhere"
ALONE: Final = "opened here only"
NOBODY: Final = "refused by all"
BROKEN: Final = "unexpected exception here, or a process that died"


def _pictures(folder: Path) -> Iterator[Path]:
    """Files whose name or content says that they are pictures of our formats."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                known = recognised(file.read(64))
            if known is not None or path.suffix.lower() in SUFFIXES:
                yield path


def _results(paths: list[Path]) -> Iterator[tuple[Path, Result]]:
    """One after the other in a process of their own, which is replaced if a library takes it down."""
    pool = _pool()
    for path in paths:
        try:
            yield path, pool.submit(compare, path).result(timeout=SECONDS)
        except (BrokenProcessPool, TimeoutError) as error:
            yield path, Result(type(error).__name__, {}, BROKEN)
            for process in list(pool._processes.values()):
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)
            pool = _pool()
    pool.shutdown()


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def compare(path: Path) -> Result:
    """Open one file with everybody."""
    ours: Luma | None = None
    try:
        with collect_warnings():
            ours = _levels(whole(next(open_pages(path)).luma))
        said = "opened"
    except PhotochromError as error:
        said = str(error).removeprefix(f"{path}: ")
    except Exception as error:
        return Result(repr(error), {}, BROKEN)
    others, opened, same = {}, 0, 0
    for name, read in READERS.items():
        try:
            theirs = read(path)
        except Exception as error:  # of any kind: theirs to choose
            others[name] = f"refused ({' '.join(str(error).split())[:100] or type(error).__name__})"
            continue
        opened += 1
        if ours is not None:
            others[name] = _compared(ours, theirs)
            same += others[name] == "same"
        else:
            others[name] = "opened"
    if ours is None:
        return Result(said, others, REFUSED if opened else NOBODY)
    return Result(said, others, SAME if same else DIFFERENT if opened else ALONE)


def _compared(ours: Luma, theirs: Luma) -> str:
    if ours.shape != theirs.shape:
        return f"size {theirs.shape[1]} x {theirs.shape[0]}, not {ours.shape[1]} x {ours.shape[0]}"
    difference = np.abs(ours - theirs)
    if difference.max() <= LEVEL:
        return "same"
    return f"luma differs by {255 * difference.max():.0f} at most, {255 * difference.mean():.1f} on average"


def _levels(samples: NDArray[Any]) -> Luma:
    """Grey or RGB with or without alpha as luma in [0, 1].

    Raises:
        ValueError: samples of which nobody knows what is white.
    """
    if samples.dtype.kind not in "bu":
        raise ValueError(f"samples are {samples.dtype}")
    if samples.dtype == bool:
        samples = samples.astype(np.uint8) * 255
    if samples.ndim == 3:
        samples = luma_of(np.ascontiguousarray(samples[..., :3])) if samples.shape[2] >= 3 else samples[..., 0]
    return samples.astype(np.float32) / np.float32(np.iinfo(samples.dtype).max)


def _by_pillow(path: Path) -> Luma:
    from PIL import Image, ImageOps

    with suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
    with Image.open(path) as image:
        if image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
            image.draft("L", image.size)  # the file's own luma, as it stands in it
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I;16"):
            return _levels(np.asarray(upright).astype(np.uint16))
        if upright.mode == "I":
            return _levels(np.asarray(upright).astype(np.uint16))
        if upright.mode in ("L", "LA", "RGB", "RGBA", "RGBX"):
            return _levels(np.asarray(upright))
        return _levels(np.asarray(upright.convert("RGB")))


def _by_libvips(path: Path) -> Luma:
    image = _vips(path)
    if image.interpretation not in ("srgb", "rgb16", "rgb", "b-w", "grey16", "multiband"):
        image = image.colourspace("srgb")
    if image.format not in ("uchar", "ushort"):
        raise ValueError(f"samples are {image.format}")
    return _levels(image.numpy().reshape(image.height, image.width, image.bands))


def _in_srgb(path: Path) -> Luma:
    """By littleCMS, as Pillow calls it, for a file with a profile; CMYK without one by libvips' own."""
    from PIL import Image, ImageCms, ImageOps

    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image)
    profile = upright.info.get("icc_profile")
    upright = upright.convert({"LA": "L", "RGBA": "RGB", "P": "RGB"}.get(upright.mode, upright.mode))
    if profile and upright.mode in ("L", "RGB", "CMYK"):
        source, target = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        how = ImageCms.Flags.BLACKPOINTCOMPENSATION
        relative = ImageCms.Intent.RELATIVE_COLORIMETRIC
        converted = ImageCms.profileToProfile(upright, source, target, relative, "RGB", flags=how)
        assert converted is not None
        return _levels(np.asarray(converted))
    ink = _vips(path)
    if ink.interpretation != "cmyk":
        raise ValueError("no profile")
    how_vips = {"embedded": True, "input_profile": "cmyk", "intent": "relative", "black_point_compensation": True}
    return _levels(ink.icc_transform("srgb", **how_vips).numpy().reshape(ink.height, ink.width, 3))


def _vips(path: Path) -> Any:
    import pyvips

    return pyvips.Image.new_from_file(str(path), fail_on="error").autorot()


def _by_opencv(path: Path) -> Luma:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if image is None:
        raise ValueError("no picture")
    return _levels(np.ascontiguousarray(image[..., ::-1] if image.ndim == 3 else image))


READERS: Final[dict[str, Callable[[Path], Luma]]] = {
    "Pillow": _by_pillow,
    "libvips": _by_libvips,
    "in sRGB": _in_srgb,
    "OpenCV": _by_opencv,
}


if __name__ == "__main__":
    sys.exit(main())

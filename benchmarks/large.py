"""How much memory and time does a picture take, from 1 megapixel to 200?

    python benchmarks/large.py                               # all kinds, 1 to 200 megapixels
    python benchmarks/large.py --kinds jpeg --megapixels 50  # one kind, one size

Each file is coloured by a `photochrom colorize` of its own. Seconds go from opening the file to the finished result
(as `--json` reports them); memory is the most that the command and its worker process had in use, the model and all
libraries included. The pictures are mosaics of public-domain photographs; at 16 bit with noise in the low bits,
as scans have it. RGB files are toned, as scans of old prints are. A JPEG is measured up to 50 megapixels.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyvips

ROOT: Final = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from benchmarks.speed import mosaic, peak_memory  # noqa: E402

MEMORY_TARGETS: Final = {("jpeg", 50): 600, ("tiff-grey-16", 200): 2000, ("tiff-rgb-16", 200): 2000}
"""Megabytes that a kind of file may take at so many megapixels."""

LARGEST_JPEG: Final = 50

KINDS: Final = (
    "jpeg",
    "jpeg-progressive",
    "jpeg-rgb-progressive",
    "tiff-grey-16",
    "tiff-rgb-16",
    "tiff-rgb-8",
    "png-grey-16",
    "png-rgb-16",
)

SIZES: Final = (1, 4, 12, 50, 200)


@dataclass(frozen=True)
class Row:
    """What a file took: megabytes of memory and seconds."""

    kind: str
    megapixels: float
    seconds: float
    memory: float

    @property
    def most(self) -> float | None:
        """The megabytes that it may take; None where nothing is asked."""
        return MEMORY_TARGETS.get((self.kind, round(self.megapixels)))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="default: all")
    parser.add_argument("--megapixels", nargs="+", type=float, default=SIZES, help="default: 1 4 12 50 200")
    parser.add_argument("--model", default="best", help="bundled name, or folder of a model (default: best)")
    parser.add_argument("--folder", type=Path, help="where the files are made for a moment (default: a temporary one)")
    options = parser.parse_args(arguments)

    rows = []
    print("| file | megapixels | seconds | seconds a megapixel | memory, MB |\n|---|---:|---:|---:|---:|")
    for kind in options.kinds:
        for megapixels in sorted(options.megapixels):
            if kind.startswith("jpeg") and megapixels > LARGEST_JPEG:
                continue
            with tempfile.TemporaryDirectory(dir=options.folder) as name:
                row = measured(kind, megapixels, Path(name), options.model)
            rows.append(row)
            print(
                f"| {kind} | {megapixels:g} | {row.seconds:.2f} | {row.seconds / megapixels:.3f} | {row.memory:.0f} |",
                flush=True,
            )
    over = [row for row in rows if row.most and row.memory >= row.most]
    for row in over:
        print(f"{row.kind} of {row.megapixels:g} megapixels takes {row.memory:.0f} MB, more than {row.most} MB")
    return 1 if over else 0


def measured(kind: str, megapixels: float, folder: Path, model: str) -> Row:
    """Make a file and color it in a new process."""
    path = made(kind, megapixels, folder)
    said, memory = peak_memory(["colorize", str(path), "--json", "--jobs", "1", "--model", model])
    report = json.loads(said.splitlines()[0])
    if report["status"] != "colored":
        raise SystemExit(report["reason"])
    return Row(kind, megapixels, float(report["seconds"]), memory)


def made(kind: str, megapixels: float, folder: Path) -> Path:
    """A file of this kind."""
    format, *rest = kind.split("-")
    image = pyvips.Image.new_from_array(mosaic(megapixels))
    if "rgb" in rest:
        image = image.linear([1.0, 0.9, 0.75], [0, 5, 10]).cast("uchar").copy(interpretation="srgb")
    if "16" in rest:
        noise = pyvips.Image.gaussnoise(image.width, image.height, mean=128, sigma=64, seed=1)
        image = (image.cast("ushort") * 256 + noise).cast("ushort")
        image = image.copy(interpretation="rgb16" if "rgb" in rest else "grey16")
    path = folder / f"{kind}.{format}"
    options: dict[str, dict[str, Any]] = {
        "jpeg": {"Q": 90, "interlace": "progressive" in rest, "subsample_mode": "on"},
        "tiff": {"compression": "lzw", "predictor": "horizontal"},
        "png": {"compression": 1, "filter": "sub"},
    }
    image.write_to_file(str(path), **options[format])
    return path


if __name__ == "__main__":
    sys.exit(main())

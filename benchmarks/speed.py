"""How long does the whole way of a large photograph take, against decoding and encoding alone? And in how much memory?

    python benchmarks/speed.py                  # a mosaic of public-domain photographs, 12 megapixels
    python benchmarks/speed.py --photo a.jpg    # or one of your own, at its own size

For each format, in one warm process: the time of `photochrom colorize`'s work (read, decode, network,
recombine, encode, write) divided by the time to decode the grey file and encode the coloured
result: with Pillow for JPEG, with libvips, which we use as well, for PNG and deflate TIFF. Each is
the best of several runs. A large JPEG is decoded in the background while the network works: its
"read, decode" is that of a small copy. Memory is the peak of the command that colours the JPEG alone, with its worker
process. The last line is a cold start from the shell.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyvips
import skimage
from numpy.typing import NDArray
from PIL import Image

from photochrom import photo as photos
from photochrom.colorizer import Colorizer

TARGET: Final = 1.5
MEMORY_TARGET: Final = 450
COLD_TARGET: Final = 1.5


@dataclass(frozen=True)
class Row:
    """One format: seconds of ours and of the others' decoding and encoding, and where ours go."""

    name: str
    ours: float
    others: float
    stages: dict[str, float]

    @property
    def ratio(self) -> float:
        return self.ours / self.others


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--photo", type=Path, help="a photograph to take instead of the mosaic")
    parser.add_argument("--megapixels", type=float, default=12.0, help="of the mosaic (default: 12)")
    parser.add_argument("--model", default="best", help="bundled name, or folder of a model (default: best)")
    parser.add_argument("--threads", type=int, help="threads of the network (default: all)")
    parser.add_argument("--runs", type=int, default=5, help="take the best of so many (default: 5)")
    options = parser.parse_args(arguments)

    luma = mosaic(options.megapixels) if options.photo is None else np.array(Image.open(options.photo).convert("L"))
    painter = Colorizer(options.model, threads=options.threads)
    print(f"{luma.shape[1]} x {luma.shape[0]} pixels, {painter.model.identity}, {os.cpu_count()} CPUs")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            measure("JPEG", jpeg(luma, folder / "grey.jpg"), painter, options.runs, with_pillow),
            *(
                measure(
                    f"{kind.upper()} {depth} bit",
                    vips_file(luma, folder, kind, depth),
                    painter,
                    options.runs,
                    with_vips,
                )
                for kind in ("png", "tif")
                for depth in (8, 16)
            ),
        ]
        _, memory = peak_memory(command(folder / "grey.jpg", options.model)[3:])
        cold = cold_start(jpeg(luma[: luma.shape[0] // 2, : luma.shape[1] // 3], folder / "small.jpg"), options)
    print(f"{'':12} {'ours':>7} {'others':>7} {'ratio':>6}   where ours goes, ms")
    for row in rows:
        stages = "  ".join(f"{stage} {seconds * 1000:.0f}" for stage, seconds in row.stages.items())
        print(f"{row.name:12} {row.ours:6.3f}s {row.others:6.3f}s {row.ratio:6.2f}   {stages}")
    print(f"peak memory of the command that colours the JPEG: {memory:.0f} MB")
    print(f"cold start from the shell, JPEG of 2 megapixels: {cold:.2f} s")
    good = all(row.ratio <= TARGET for row in rows) and memory < MEMORY_TARGET and cold <= COLD_TARGET
    print(
        f"ratios <= {TARGET}, memory < {MEMORY_TARGET} MB, cold start <= {COLD_TARGET} s: {'met' if good else 'MISSED'}"
    )
    return 0 if good else 1


def mosaic(megapixels: float) -> NDArray[np.uint8]:
    """A grey picture (H, W) with a photograph's detail at every place: photographs side by side, none enlarged."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = height * 4 // 3
    names = ("astronaut", "coffee", "chelsea", "rocket", "camera")
    tiles = [np.array(Image.fromarray(getattr(skimage.data, name)()).convert("L"))[:300, :400] for name in names]
    rows = []
    for row in range(-(-height // 300)):
        line = [tiles[(row * 2 + column) % len(tiles)] for column in range(-(-width // 400) + 1)]
        rows.append(np.concatenate(line, axis=1)[:, :width])
    return np.ascontiguousarray(np.concatenate(rows)[:height])


def jpeg(luma: NDArray[np.uint8], path: Path) -> Path:
    Image.fromarray(luma).save(path, quality=90)
    return path


def vips_file(luma: NDArray[np.uint8], folder: Path, kind: str, depth: int) -> Path:
    path = folder / f"grey{depth}.{kind}"
    # At 16 bit real scans have noise in the low bits, which costs the encoder most of its time.
    wide = luma.astype(np.uint16) * np.uint16(256) + np.random.default_rng(0).integers(0, 256, luma.shape, np.uint16)
    image = pyvips.Image.new_from_array(luma if depth == 8 else wide)
    options = {"compression": "deflate", "predictor": "horizontal"} if kind == "tif" else {}
    image.copy(interpretation="b-w" if depth == 8 else "grey16").write_to_file(str(path), **options)
    return path


def measure(
    name: str, path: Path, painter: Colorizer, runs: int, others: Callable[[bytes, bytes], Callable[[], object]]
) -> Row:
    result = path.with_stem(path.stem + "-colour")
    stages: dict[str, float] = {}

    def ours() -> None:
        watch = time.perf_counter()

        def lap(stage: str) -> None:
            nonlocal watch
            now = time.perf_counter()
            stages[stage] = min(stages.get(stage, float("inf")), now - watch)
            watch = now

        opened = photos.open(path)
        lap("read, decode")
        canvas = painter.open(opened)
        lap("look")
        painted = canvas.paint()
        lap("paint")
        painted.save(result, overwrite=True)
        lap("encode, write")

    ours()
    theirs = others(path.read_bytes(), result.read_bytes())
    # In turns, so that whatever else the machine does meets both.
    times = [(seconds(ours), seconds(theirs)) for _ in range(runs)]
    return Row(name, min(mine for mine, _ in times), min(their for _, their in times), stages)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def with_pillow(grey: bytes, colored: bytes) -> Callable[[], object]:
    """Decode the grey JPEG and encode the coloured one, with its own quality tables and subsampling."""
    image = Image.open(io.BytesIO(colored))
    settings: dict[str, Any] = {"qtables": getattr(image, "quantization"), "subsampling": "4:2:0"}  # noqa: B009
    pixels = image.convert("RGB")

    def work() -> None:
        Image.open(io.BytesIO(grey)).load()
        pixels.save(io.BytesIO(), "JPEG", **settings)

    return work


def with_vips(grey: bytes, colored: bytes) -> Callable[[], object]:
    """Decode the grey file and encode the coloured pixels with libvips, at its defaults."""
    image = pyvips.Image.new_from_buffer(colored, "").copy_memory()
    is_png = grey.startswith(b"\x89PNG")
    pyvips.cache_set_max(0)

    def work() -> None:
        pyvips.Image.new_from_buffer(grey, "").copy_memory()
        if is_png:
            image.pngsave_buffer()
        else:
            image.tiffsave_buffer(compression="deflate", predictor="horizontal")

    return work


def command(path: Path, model: str) -> list[str]:
    return [sys.executable, "-m", "photochrom", "colorize", str(path), "--overwrite", "--model", model]


def peak_memory(arguments: list[str]) -> tuple[str, float]:
    """What the command with these arguments prints, and the most megabytes that it and its worker had in use."""
    script = (
        "import resource, sys\n"
        "from photochrom.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        # Linux hands ru_maxrss on from the process that started this one; VmHWM begins anew.
        "try: own = int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
        "except OSError: own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "print((own + (worker if sys.platform == 'linux' else worker / 1024)) / 1024)\n"
    )
    run = [sys.executable, "-c", script, *arguments]
    *said, memory = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return "\n".join(said), float(memory)


def cold_start(path: Path, options: argparse.Namespace) -> float:
    def run() -> None:
        subprocess.run(command(path, options.model), check=True, capture_output=True)

    return min(seconds(run) for _ in range(options.runs))


if __name__ == "__main__":
    sys.exit(main())

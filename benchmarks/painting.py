"""How long does painting with changed hints take, against the decoder alone and against the first colouring?

    python benchmarks/painting.py                 # the bundled models, on a photograph of 2 megapixels

A canvas is opened once; then each `paint` gets one hint more than the last, up to five, and begins anew. It is held
against what nobody can do without: one run of the decoder's graph, and making the RGB of the result. "of the first" is
its share of opening and painting the photograph for the first time. All are medians of several runs, taken in turn.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import skimage
from PIL import Image

from photochrom import Colorizer, Hint
from photochrom.hints.hintmap import HintMap
from photochrom.runtime.registry import bundled

TARGET = 1.3
"""Of the decoder and the pixels."""

FIRST_TARGET = 1 / 3
"""Of the first colouring, for inception-resnet-v2."""


MOST_HINTS = 5


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--model", action="append", help="bundled name, or folder of a model (default: all bundled)")
    parser.add_argument("--megapixels", type=float, default=2.0, help="of the photograph (default: 2)")
    parser.add_argument("--threads", type=int, default=1, help="of the network (default: 1)")
    parser.add_argument("--runs", type=int, default=15)
    chosen = parser.parse_args(arguments)
    grey = Image.fromarray(skimage.data.astronaut()).convert("L")
    side = round((chosen.megapixels * 1e6) ** 0.5)
    stream = io.BytesIO()
    grey.resize((side, side), Image.Resampling.LANCZOS).save(stream, "JPEG", quality=92)
    photograph = stream.getvalue()
    print("model                 first     paint   decoder    pixels   paint / (decoder + pixels)   of the first")
    missed = False
    for name in chosen.model or bundled():
        first, paint, decoder, pixels = _measured(name, photograph, chosen.threads, chosen.runs)
        ratio, share = paint / (decoder + pixels), paint / first
        print(
            f"{name:<20}{first * 1e3:6.0f} ms {paint * 1e3:6.0f} ms {decoder * 1e3:6.0f} ms {pixels * 1e3:6.0f} ms"
            f"{ratio:29.2f}{share:15.2f}"
        )
        missed |= ratio > TARGET or (name == "inception-resnet-v2" and share > FIRST_TARGET)
    return int(missed)


def _measured(name: str, photograph: bytes, threads: int, runs: int) -> tuple[float, float, float, float]:
    """Median seconds of the first colouring, of painting with changed hints, of the decoder and of the pixels."""
    painter = Colorizer(name, threads=threads)
    canvas = painter.open(photograph)
    plain = canvas.paint()
    canvas.paint(hints=[Hint(1, 1, "#8a7a6a")]).rgb()  # what is needed once for any number of hints
    features = canvas._painter.look._tiles[0]
    rng = np.random.default_rng(0)
    times: tuple[list[float], ...] = ([], [], [], [])

    hints: list[Hint] = []

    def paint() -> None:
        if len(hints) == MOST_HINTS:
            hints.clear()
        x, y = rng.uniform(0, min(canvas.photo.size), 2)
        hints.append(Hint(x, y, "#8a6a50"))
        canvas.paint(hints=hints).rgb()

    def decode() -> None:
        xy, ab = rng.uniform(0, 1, (3, 2)).astype(np.float32), np.ones((3, 2), np.float32)
        painter.model.decode(features, HintMap.from_points(xy, ab))

    for _ in range(runs):
        times[0].append(_seconds(lambda: painter.open(photograph).paint().rgb()))
        times[1].append(_seconds(paint))
        times[2].append(_seconds(decode))
        times[3].append(_seconds(plain.rgb))
    first, again, decoder, pixels = (statistics.median(each) for each in times)
    return first, again, decoder, pixels


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())

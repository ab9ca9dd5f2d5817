"""Are skin, sky and foliage coloured, and cloth, paper and metal not? Scores a model on historic photographs.

    python benchmarks/points.py --photos historic --model best

The folder holds the photographs, points.csv (file,x,y,class,note) and classes.json, the region of
colours that each class can have (photochrom.evaluation.points says what passes). Classes are few
points each: for reporting, not for choosing between models.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import numpy as np

from photochrom.colorizer import Colorizer
from photochrom.errors import PhotochromError
from photochrom.evaluation.points import Verdict, headline, judge, read_points, read_regions, shares

TARGETS: Final = {"skin": 75.0, "colour": 85.0, "neutral": 85.0}
"""Percent, all three at the model's default vividness."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "--photos", type=Path, required=True, help="folder with photographs, points.csv and classes.json"
    )
    parser.add_argument("--model", default="best", help="bundled name, or folder of a model (default: best)")
    parser.add_argument("--vividness", type=float, help="from 0 to 1 (default: the model's own)")
    parser.add_argument("--threads", type=int, help="threads of the network (default: all)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every point")
    options = parser.parse_args(arguments)
    try:
        regions = read_regions(options.photos / "classes.json")
        points = read_points(options.photos / "points.csv", regions)
        painter = Colorizer(model=options.model, threads=options.threads)
        verdicts: list[Verdict] = []
        for file in dict.fromkeys(point.file for point in points):
            rgb = painter.open(options.photos / file).paint(vividness=options.vividness).rgb(np.uint8)
            verdicts += judge(rgb, [point for point in points if point.file == file], regions)
    except PhotochromError as error:
        print(f"points.py: {error}", file=sys.stderr)
        return 2
    if options.verbose:
        for verdict in verdicts:
            print_point(verdict)
    for kind, (passed, count) in shares(verdicts).items():
        print(f"{kind:<13} {passed:3d} of {count:3d}  {100 * passed / count:5.1f} %  ({regions[kind].group})")
    print()
    figures = headline(verdicts, regions)
    for name, value in figures.items():
        word = "pass" if value >= TARGETS[name] else "FAIL"
        print(f"{word}  {name}: {value:.1f} % (target at least {TARGETS[name]:.0f} %)")
    return 0 if all(figures.get(name, 0) >= target for name, target in TARGETS.items()) else 1


def print_point(verdict: Verdict) -> None:
    point, (lightness, a, b) = verdict.point, verdict.lab
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
    print(
        f"{'ok  ' if verdict.passed else 'MISS'} {point.file:<28} {point.x:4d},{point.y:4d} {point.kind:<13}"
        f" L {lightness:5.1f} C {chroma:5.1f} h {hue:5.1f}  {point.note}"
    )


if __name__ == "__main__":
    sys.exit(main())

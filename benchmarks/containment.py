"""What does it cost that pictures are coloured in worker processes, against the same work in one process?

    python benchmarks/containment.py                                    # 60 pictures of 12 megapixels
    python benchmarks/containment.py --megapixels 2 --pictures 200       # or smaller ones

Both run from the shell, start included, one picture at a time, in turns; each is the best of several
runs, in seconds of the clock and of the CPU. The first line is one picture alone, so that the start can be
told from what comes with every picture.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image
from skimage import data

TARGET: Final = 3.0
"""Per cent."""

IN_PROCESS: Final = """
import sys
from pathlib import Path
import photochrom.cli.app
from photochrom.cli.coloring import Coloring, attempt
from photochrom.cli.jobs import Settings
from photochrom.cli.plan import plan
model, threads, source, out = sys.argv[1:]
coloring = Coloring(Settings(model=model), threads=int(threads), tell=lambda kind, value: None)
for job in plan([source], output=out, format=None, recursive=False):
    assert attempt(job, None, coloring.color).report.status == "colored"
"""


class Cost(NamedTuple):
    """Seconds of a run: of the clock, and of all its processes on the CPU."""

    clock: float
    cpu: float


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=60, help="of the run (default: 60)")
    parser.add_argument("--megapixels", type=float, default=12.0, help="of each (default: 12)")
    parser.add_argument("--model", default="best", help="bundled name, or folder of a model (default: best)")
    parser.add_argument("--threads", type=int, default=1, help="of the network (default: 1)")
    parser.add_argument("--runs", type=int, default=5, help="take the best of so many (default: 5)")
    options = parser.parse_args(arguments)
    print(f"{options.megapixels:g} megapixels each, {options.model}, {os.cpu_count()} CPUs")
    print(f"{'':14} {'contained':>16} {'in one process':>16} {'more':>14}   (clock / CPU)")
    costs = [measured(count, options) for count in (1, options.pictures)]
    for count, (contained, alone) in zip((1, options.pictures), costs, strict=True):
        clock, cpu = (100 * (ours / theirs - 1) for ours, theirs in zip(contained, alone, strict=True))
        print(
            f"{count:5} pictures {contained.clock:7.2f} / {contained.cpu:5.2f} s "
            f"{alone.clock:7.2f} / {alone.cpu:5.2f} s {clock:+6.1f} / {cpu:+.1f} %"
        )
    contained, alone = costs[-1]
    good = 100 * (contained.cpu / alone.cpu - 1) <= TARGET
    print(f"at most {TARGET:g} % more CPU in a run of {options.pictures}: {'met' if good else 'MISSED'}")
    return 0 if good else 1


def measured(count: int, options: argparse.Namespace) -> tuple[Cost, Cost]:
    """Contained, and in one process."""
    with tempfile.TemporaryDirectory() as name:
        source, out = Path(name, "in"), Path(name, "out")
        source.mkdir()
        first = picture(options.megapixels, source / "000.jpg")
        for number in range(1, count):
            shutil.copy(first, source / f"{number:03}.jpg")
        threads = str(options.threads)
        ours = [sys.executable, "-m", "photochrom", "colorize", str(source), "-o", str(out), "--jobs", "1"]
        ours += ["--threads", threads, "--model", options.model]
        theirs = [sys.executable, "-c", IN_PROCESS, options.model, threads, str(source), str(out)]
        found: list[list[Cost]] = [[], []]
        for _ in range(options.runs):
            for costs, command in zip(found, (ours, theirs), strict=True):
                costs.append(cost(command))
                assert len(list(out.iterdir())) == count
                shutil.rmtree(out)
    return least(found[0]), least(found[1])


def picture(megapixels: float, path: Path) -> Path:
    """A grey JPEG with a photograph's detail at every place."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = height * 4 // 3
    luma = np.array(Image.fromarray(data.coffee()).convert("L"))
    tiles = np.tile(luma, (-(-height // luma.shape[0]), -(-width // luma.shape[1])))
    Image.fromarray(tiles[:height, :width]).save(path, quality=90)
    return path


def least(costs: list[Cost]) -> Cost:
    return Cost(min(each.clock for each in costs), min(each.cpu for each in costs))


def cost(command: list[str]) -> Cost:
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    clock, after = time.perf_counter() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(clock, cpu)


if __name__ == "__main__":
    sys.exit(main())

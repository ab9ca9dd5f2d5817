"""Is a run that is killed again and again, and resumed each time, the same as one that was not?

    python benchmarks/kills.py                    # 500 small pictures, 30 kills
    python benchmarks/kills.py --pictures 60 --kills 4

Pictures of five formats (one has no place for a mark) are coloured by a tiny model, once without a
break and once with kill -9 at random moments, the same command after each, with --resume. At the end
every result must be whole and have the bytes of the unbroken run, nothing else may be left, and none
may have been made twice: a result that was seen once must keep its inode and its time, and the
journal must not tell of its end twice.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import tiny_model

ENDINGS: Final = ("jpg", "png", "bmp", "tif", "webp")
JOURNAL: Final = ".photochrom-journal.jsonl"

States = dict[str, tuple[int, int]]
"""Inode and time of change of each result, by name."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=500, help="of the run (default: 500)")
    parser.add_argument("--kills", type=int, default=30, help="random moments (default: 30)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="pictures at once (default: 2)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        return compared(Path(name), options)


def compared(folder: Path, options: argparse.Namespace) -> int:
    model = tiny_model.write(folder / "model")
    make_pictures(folder / "in", options.pictures)
    assert command(folder, model, "whole", options).wait() == 0
    print(f"{options.pictures} pictures without a break, then with kill -9 at {options.kills} random moments")

    chance = random.Random(options.seed)
    out = folder / "out"
    seen: States = {}
    changed: set[str] = set()
    killed = cut = leftovers = 0
    for number in range(options.kills):
        process = command(folder, model, "out", options, "--resume")
        wait(process, out, len(seen), chance, options)
        killed += process.poll() is None
        process.kill()
        process.communicate()
        now = states(out)
        changed |= {name for name in seen if now.get(name) != seen[name]}
        last = {line["file"]: line["state"] for line in journal(out)}
        cut += sum(last.get(name) != "done" for name in now.keys() - seen.keys())
        leftovers += len(hidden(out))
        seen = now
        print(f"\rkill {number + 1}: {len(seen)} results", end="", file=sys.stderr)
    print(file=sys.stderr)

    process = command(folder, model, "out", options, "--resume", "--json")
    told, _ = process.communicate()
    summary = json.loads(told.splitlines()[-1])["summary"]
    now = states(out)
    changed |= {name for name in seen if now.get(name) != seen[name]}
    ends = Counter(line["file"] for line in journal(out) if line["state"] == "done")
    twice = changed | {name for name, count in ends.items() if count > 1}
    same = contents(out) == contents(folder / "whole")
    print(f"killed at work: {killed}; with results between their place and their line in the journal: {cut}")
    print(f"temporary files that the kills left: {leftovers}; that are left now: {len(hidden(out))}")
    print(f"the last run: {summary.get('colored', 0)} coloured, {summary.get('skipped', 0)} done before")
    print(f"results: {len(now)}; the same bytes as without a break: {same}; made twice: {len(twice)}")
    good = process.returncode == 0 and same and not twice and not hidden(out) and killed == options.kills
    print("whole, the same and once: " + ("met" if good else "MISSED"))
    return 0 if good else 1


def wait(process: subprocess.Popen[bytes], out: Path, known: int, chance: random.Random, options: Any) -> None:
    """Until a random moment: in one of five runs while it starts, else after some more results, and a little."""
    if chance.random() < 0.2:
        time.sleep(chance.uniform(0, 1))
        return
    more = chance.randint(0, max(options.pictures // options.kills - 2, 1))
    while process.poll() is None and len(states(out)) < known + more:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.03))


def make_pictures(folder: Path, count: int) -> None:
    folder.mkdir()
    noise = np.random.default_rng(0)
    for number in range(count):
        grey = np.add.outer(np.arange(48), np.arange(64)) + noise.integers(0, 120, (48, 64))
        Image.fromarray(grey.astype(np.uint8)).save(folder / f"{number:04}.{ENDINGS[number % len(ENDINGS)]}")


def command(folder: Path, model: Path, out: str, options: argparse.Namespace, *more: str) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "photochrom", "colorize", "in", "-o", out, "--jobs", str(options.jobs)]
    return subprocess.Popen(
        [*line, "--model", str(model), *more], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def states(folder: Path) -> States:
    if not folder.exists():
        return {}
    found = {path.name: path.stat() for path in folder.iterdir() if not path.name.startswith(".")}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


def journal(folder: Path) -> list[dict[str, Any]]:
    path = folder / JOURNAL
    return [json.loads(line) for line in path.read_bytes().splitlines() if line] if path.exists() else []


def hidden(folder: Path) -> list[Path]:
    """What is neither a result nor the journal."""
    return [path for path in folder.glob(".*") if path.name != JOURNAL]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


if __name__ == "__main__":
    sys.exit(main())

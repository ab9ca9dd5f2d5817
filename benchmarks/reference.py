"""What does a reference picture do for the colours, and what where it has nothing to do with the photograph?

    python benchmarks/reference.py --data coco-500.tar --labels coco-500.labels.csv
    python benchmarks/reference.py --data coco-500.tar --labels coco-500.labels.csv \\
        --pairs pairs.txt --pairs-data manifest.csv --pairs-split val

Each photograph is coloured without and with a reference: once itself, mirrored, cropped to 80 % and brightened,
which must gain at least 2.5 dB of PSNR; once the next photograph of another scene, which may lose at most 0.3 dB.
Photographs whose colours could be those of sepia are left out. For pairs of different photographs of the same kind
of thing, two names a line, each lends its colours to the other: where they match, the mean distance in ab, and in
hue where both have one, between the colours before and after and those of the reference.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.normalize import unnormalize_ab
from photochrom.evaluation.metrics import psnr
from photochrom.evaluation.subjects import ModelSubject, Seen, joined
from photochrom.evaluation.truths import Truth, Truths
from photochrom.hints.reference import Lent, Reference
from photochrom.photo.samples import Look
from photochrom.runtime.model import Model

Rgb = NDArray[np.uint8]
Float = NDArray[np.float32]

LEAST_GAIN: Final = 2.5
"""Decibels that a photograph's own colours must bring, in the mean."""

MOST_LOSS: Final = 0.3
"""Decibels that colours of another scene may cost, in the mean."""

KEPT: Final = 0.8
"""Part of a photograph's sides that is left of it as its own reference."""

BRIGHTER: Final = (1.2, 8.0)
"""Factor and levels of 255 by which it is brightened."""

MATCHED: Final = 0.3
"""Confidence from which a cell counts as matched."""

HUED: Final = 8.0
"""Chroma from which a colour has a hue."""


@dataclass(frozen=True)
class Pair:
    """What a reference did to another photograph of the same kind: (before, after) each, over the matched cells."""

    area: float
    distance: tuple[float, float]
    hue: tuple[float, float]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder, tar, or manifest CSV of colour photographs")
    parser.add_argument("--split", help="split of a manifest")
    parser.add_argument("--labels", type=Path, help="CSV with the columns name, grey and scene")
    parser.add_argument("--limit", type=int, default=50, help="photographs, evenly chosen (default: 50)")
    parser.add_argument("--pairs", type=Path, help="text file: two names of photographs of the same kind a line")
    parser.add_argument("--pairs-data", type=Path, help="where these are (default: --data)")
    parser.add_argument("--pairs-split", help="their split of a manifest")
    parser.add_argument("--model", default="best", help="bundled name, or folder of a model (default: best)")
    options = parser.parse_args(arguments)
    subject = ModelSubject(Model.load(options.model))

    truths = Truths.open(options.data, split=options.split, labels=options.labels, limit=options.limit)
    own, other = compared(
        subject, [truth for truth in truths if has_colors(truth.rgb) and has_colors(changed(truth.rgb))]
    )
    missed = [
        verdict("the photograph itself, mirrored, cropped, brighter", own, own.mean() >= LEAST_GAIN),
        verdict("a photograph of another scene", other, other.mean() >= -MOST_LOSS),
    ]
    if options.pairs:
        names = [line.split() for line in options.pairs.read_text(encoding="utf-8").splitlines() if line.strip()]
        data, split = options.pairs_data or options.data, options.pairs_split or options.split
        missed.append(matched(subject, Truths.open(data, split=split), names))
    return 1 if any(missed) else 0


def compared(subject: ModelSubject, truths: list[Truth]) -> tuple[Float, Float]:
    """What each photograph gains, in dB, by its own colours and by those of another scene."""
    gained = []
    print("| photograph | automatic, dB | itself | another scene |\n|---|---:|---:|---:|")
    for number, truth in enumerate(truths):
        seen = subject.look(truth.luma)
        before = psnr(colored(seen, None), truth.rgb)
        stranger = next(each for each in [*truths[number + 1 :], *truths] if of_other_scene(each, truth))
        references = changed(truth.rgb), stranger.rgb
        gains = [psnr(colored(seen, lent(seen, each, subject.model)), truth.rgb) - before for each in references]
        gained.append(gains)
        print(f"| {truth.name} | {before:.2f} | {gains[0]:+.2f} | {gains[1]:+.2f} |", flush=True)
    own, other = np.array(gained, np.float32).T
    return own, other


def of_other_scene(one: Truth, other: Truth) -> bool:
    scene = one.labels.get("scene")
    return one.name != other.name and (scene is None or scene != other.labels.get("scene"))


def has_colors(rgb: Rgb) -> bool:
    """Whether a picture is taken for one in colour: earth tones alone are not, and lend nothing."""
    return Look.at(rgb).was_colored() == "color"


def changed(rgb: Rgb) -> Rgb:
    """A picture mirrored, cropped to its middle, and brightened."""
    top, left = (round(side * (1 - KEPT) / 2) for side in rgb.shape[:2])
    part = rgb[top : rgb.shape[0] - top, left : rgb.shape[1] - left][:, ::-1]
    brighter: Rgb = np.clip(part * np.float32(BRIGHTER[0]) + np.float32(BRIGHTER[1]), 0, 255).astype(np.uint8)
    return brighter


def lent(seen: Seen, rgb: Rgb, model: Model) -> Lent:
    """What a picture tells of another one's cells."""
    return Reference.of(rgb, model).lend(seen.painter.look)


def colored(seen: Seen, told: Lent | None) -> Rgb:
    return joined(seen.luma, seen.luma01, seen.painter.colors(lent=told))


def verdict(name: str, gains: Float, passed: bool | np.bool_) -> bool:
    """Print what references of one kind did; whether they missed their target."""
    print(
        f"{'pass' if passed else 'FAIL'}  {name}: {gains.mean():+.2f} dB in the mean of {len(gains)} photographs, "
        f"from {gains.min():+.2f} to {gains.max():+.2f}"
    )
    return not passed


def matched(subject: ModelSubject, truths: Truths, names: list[list[str]]) -> bool:
    """Print what photographs of the same kind lend each other; whether any goes away from its reference."""
    pairs = []
    print("| photograph | reference | matched | ab before | after | hue before | after |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for one, other in [pair[::step] for pair in names for step in (1, -1)]:
        pair = moved(subject, truths.read(one), truths.read(other))
        pairs.append(pair)
        (ab0, ab1), (hue0, hue1) = pair.distance, pair.hue
        print(f"| {one} | {other} | {pair.area:.0%} | {ab0:.1f} | {ab1:.1f} | {hue0:.0f}° | {hue1:.0f}° |", flush=True)
    ab, hue = (np.array([getattr(pair, name) for pair in pairs]) for name in ("distance", "hue"))
    closer = (ab[:, 1] < ab[:, 0]).mean()
    hued = hue[np.isfinite(hue).all(axis=1)]
    (ab0, ab1), (hue0, hue1) = ab.mean(axis=0), hued.sum(axis=0) / max(len(hued), 1)
    print(
        f"{'pass' if closer == 1 else 'FAIL'}  {closer:.0%} of {len(pairs)} photographs move toward their reference "
        f"where they match: ab distance {ab0:.1f} -> {ab1:.1f}, hue {hue0:.0f}° -> {hue1:.0f}°"
    )
    return bool(closer < 1)


def moved(subject: ModelSubject, truth: Truth, reference: Truth) -> Pair:
    """How far a photograph's colours are from those that it matches in the reference, without it and with it."""
    seen = subject.look(truth.luma)
    told = lent(seen, reference.rgb, subject.model)
    here = told.dense[2] >= MATCHED
    if not here.any():
        return Pair(0.0, (0.0, 0.0), (float("nan"), float("nan")))
    wanted = unnormalize_ab(told.dense[:2])[:, here]
    results = [seen.painter.colors(lent=each)[here].T for each in (None, told)]
    distances = [float(np.hypot(*(result - wanted)).mean()) for result in results]
    hued = np.logical_and.reduce([np.hypot(*each) >= HUED for each in (wanted, *results)])
    angles = [np.angle(np.exp(1j * (np.arctan2(*each[::-1]) - np.arctan2(*wanted[::-1])))) for each in results]
    hues = [float(np.degrees(np.abs(angle[hued])).mean()) if hued.any() else float("nan") for angle in angles]
    return Pair(float(here.mean()), (distances[0], distances[1]), (hues[0], hues[1]))


if __name__ == "__main__":
    sys.exit(main())

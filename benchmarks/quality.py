"""How good are a model's colours? Scores a model on colour photographs and checks them against the targets.

    python benchmarks/quality.py --model best --data coco-500.tar --labels coco-500.labels.csv --metric-weights DIR
    python benchmarks/quality.py --model runs/1/export --data manifest.csv --split val

Photographs are 256x256 centre crops (smaller ones whole). The model is given the truth's luma. Its
results stand beside the grey picture, one mean colour everywhere, and the ceiling: the truth's own
ab at a quarter of the working size, through the same path.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from photochrom.color.bins import AbBins
from photochrom.color.lab import srgb_to_lab
from photochrom.color.luma import ab_to_cbcr, luma, recombine
from photochrom.color.readout import read_out
from photochrom.colorizer import CELL, WorkingSize
from photochrom.errors import DataError, PhotochromError
from photochrom.evaluation import metrics
from photochrom.evaluation.lpips import LpipsAlex
from photochrom.hints.hintmap import HintMap
from photochrom.runtime.model import Model

Rgb = NDArray[np.uint8]
Float = NDArray[np.float32]

CROP: Final = 256
MEAN_COLOR: Final = (1.92, 8.37)
"""Mean ab of the training photographs."""

POINTS: Final = 10
BATCH: Final = 16
"""Pictures that LPIPS looks at together."""

CLASSES: Final = AbBins.grid()
"""Colour classes of the rebalanced AuC."""


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    try:
        model = Model.load(options.model, threads=options.threads)
        lpips = LpipsAlex.load(options.metric_weights) if options.metric_weights else None
        left_out = flagged_grey(options.labels) if options.labels else set()
        rows, skipped = score(model, lpips, photographs(options.data, options.split), left_out, options.limit)
    except PhotochromError as error:
        print(f"quality.py: {error}", file=sys.stderr)
        return 2
    count = len(rows["grey"].psnr)
    print(f"{model.identity} on {options.data}{f' ({options.split})' if options.split else ''}:", end=" ")
    print(f"{count} photographs, {skipped} grey ones left out\n")
    figures = {name: row.figures(rows["truth"]) for name, row in rows.items()}
    print_table(figures)
    print()
    passed = print_targets(figures)
    if options.json:
        options.json.write_text(json.dumps({"photographs": count, "left_out": skipped, **figures}, indent=1) + "\n")
    return 0 if passed else 1


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--model", default="best", help="bundled name, or folder of a model (default: best)")
    parser.add_argument("--data", type=Path, required=True, help="tar of photographs, or manifest.csv beside its tars")
    parser.add_argument("--split", help="split of the manifest, such as val")
    parser.add_argument("--labels", type=Path, help="CSV (name,…,grey,…): those flagged grey are left out")
    parser.add_argument(
        "--metric-weights", type=Path, help="folder with lpips_alex.safetensors; LPIPS is left out without"
    )
    parser.add_argument("--limit", type=int, help="look at the first N photographs only")
    parser.add_argument("--threads", type=int, default=1, help="threads of the networks (default: 1)")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args(arguments)
    if (options.data.suffix == ".csv") != bool(options.split):
        parser.error("--split goes with a manifest (--data FILE.csv), and a manifest needs it")
    return options


# --- photographs --------------------------------------------------------------------------------


def photographs(data: Path, split: str | None) -> Iterator[tuple[str, Rgb]]:
    """Name and RGB of each photograph of a tar, or of one split of a manifest."""
    if split is None:
        yield from members(data, None)
        return
    shards: dict[str, set[str]] = {}
    try:
        with data.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["split"] == split:
                    shards.setdefault(row["shard"], set()).add(row["key"])
    except (OSError, KeyError) as error:
        raise DataError(f"{data} is no manifest (shard,key,…,split): {error!r}") from error
    if not shards:
        raise DataError(f"{data} has no photographs of split '{split}'")
    for shard, keys in sorted(shards.items()):
        yield from members(data.parent / f"{shard}.tar", keys)


def members(tar: Path, keys: set[str] | None) -> Iterator[tuple[str, Rgb]]:
    """The photographs of a tar, all or those of these keys; a key that is missing is an error."""
    found = set()
    try:
        with tarfile.open(tar) as archive:
            for member in archive:
                key = member.name.rsplit(".", 1)[0]
                content = archive.extractfile(member)
                if content is None or (keys is not None and key not in keys):
                    continue
                found.add(key)
                yield key, decode(content.read(), f"{tar}: {member.name}")
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{tar} can't be read: {error}") from error
    if keys is not None and found != keys:
        raise DataError(f"{tar} lacks {len(keys - found)} photographs of the manifest, such as {min(keys - found)}")


def decode(data: bytes, name: str) -> Rgb:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    if picture is None:
        raise DataError(f"{name} is no picture that can be read")
    top, left = (max(0, (side - CROP) // 2) for side in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + CROP, left : left + CROP], np.uint8)


def flagged_grey(labels: Path) -> set[str]:
    try:
        with labels.open(newline="", encoding="utf-8") as file:
            return {row["name"] for row in csv.DictReader(file) if int(row["grey"])}
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{labels} has no columns name and grey: {error!r}") from error


# --- results ------------------------------------------------------------------------------------


def results(model: Model, truth: Rgb, seed: int) -> Iterator[tuple[str, Rgb]]:
    """The baselines, the ceiling and what the model makes of one photograph."""
    grey = luma(truth)
    size = WorkingSize.of(grey.shape[0], grey.shape[1], model.card.area)
    working = np.clip(resized(grey.astype(np.float32) / np.float32(255), (size.height, size.width)), 0, 1)
    cells = (size.height // CELL, size.width // CELL)
    luma01 = resized(working, cells)
    true_ab = resized(srgb_to_lab(truth)[..., 1:], cells)

    def through_our_path(ab: Float) -> Rgb:
        rgb: Rgb = recombine(grey, ab_to_cbcr(luma01, ab))
        return rgb

    yield "grey", np.repeat(grey[..., None], 3, axis=-1)
    yield "mean", through_our_path(np.broadcast_to(np.float32(MEAN_COLOR), true_ab.shape))  # type: ignore[arg-type]
    yield "ceiling", through_our_path(true_ab)

    card, features = model.card, model.encode(working)
    automatic, hinted = model.decode(features), model.decode(features, true_points(true_ab, seed))
    for name, logits, vividness in [
        ("accurate", automatic, 0.0),
        ("default", automatic, card.default_vividness),
        ("hinted", hinted, 0.0),
    ]:
        setting = card.read_out(vividness)
        ab = read_out(logits, card.log_w, card.bins, t=setting.t, T=setting.T, gain=setting.gain)
        yield name, through_our_path(ab)


def true_points(ab: Float, seed: int) -> HintMap:
    """True colours at random cells, the same ones in every run."""
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(0, ab.shape[0], POINTS), rng.integers(0, ab.shape[1], POINTS)
    xy = np.stack([(columns + 0.5) / ab.shape[1], (rows + 0.5) / ab.shape[0]], axis=-1).astype(np.float32)
    return HintMap.from_points(xy, ab[rows, columns])


def resized(picture: Float, size: tuple[int, int]) -> Float:
    """(h, w[, c]) at another size: area-averaged down, cubic up."""
    smaller = size[0] < picture.shape[0]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size[::-1], interpolation=way), np.float32)


# --- scores -------------------------------------------------------------------------------------


@dataclass
class Row:
    """One row of the table: what its pictures scored, one by one, and AuC by colour class."""

    psnr: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    cf: list[float] = field(default_factory=list)
    auc: list[float] = field(default_factory=list)
    lpips: list[float] = field(default_factory=list)
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(CLASSES)))
    count: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(CLASSES), np.int64))

    def figures(self, truth: Row) -> dict[str, float]:
        figures = {"cf_abs": float(np.mean(self.cf))}
        if not self.psnr:
            return figures
        return {
            "psnr": metrics.mean_psnr(self.psnr),
            "ssim": float(np.mean(self.ssim)),
            **figures,
            "p10_cf": metrics.p10_colorfulness(self.cf, truth.cf),
            "auc": float(np.mean(self.auc)),
            "auc_rebalanced": metrics.auc_rebalanced(self.total, self.count),
            **({"lpips": float(np.mean(self.lpips))} if self.lpips else {}),
        }


def score(
    model: Model, lpips: LpipsAlex | None, pictures: Iterator[tuple[str, Rgb]], left_out: set[str], limit: int | None
) -> tuple[dict[str, Row], int]:
    """The rows of the table by name, "truth" among them (its colourfulness alone), and how many were left out."""
    rows: dict[str, Row] = {"truth": Row()}
    skipped = done = 0
    pending: dict[str, list[Rgb]] = {}
    for name, truth in pictures:
        if limit is not None and done >= limit:
            break
        if name in left_out:
            skipped += 1
            continue
        true_ab = srgb_to_lab(truth)[..., 1:]
        true_class = CLASSES.nearest(true_ab)
        rows["truth"].cf.append(metrics.colorfulness_abs(truth))
        pending.setdefault("truth", []).append(truth)
        for kind, result in results(model, truth, seed=done):
            row = rows.setdefault(kind, Row())
            row.psnr.append(metrics.psnr(result, truth))
            row.ssim.append(metrics.ssim(result, truth))
            row.cf.append(metrics.colorfulness_abs(result))
            area = metrics.auc_score(srgb_to_lab(result)[..., 1:], true_ab)
            row.auc.append(metrics.auc(area))
            total, count = metrics.auc_by_class(area, true_class, len(CLASSES))
            row.total += total
            row.count += count
            pending.setdefault(kind, []).append(result)
        done += 1
        if lpips is None:
            pending.clear()
        elif len(pending["truth"]) == BATCH:
            compare(lpips, pending, rows)
        if sys.stderr.isatty():
            print(f"\r{done} photographs", end="", file=sys.stderr)
    if lpips is not None and pending:
        compare(lpips, pending, rows)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    if not done:
        raise DataError("there are no photographs to score")
    return rows, skipped


def compare(lpips: LpipsAlex, pending: dict[str, list[Rgb]], rows: dict[str, Row]) -> None:
    """LPIPS of what is pending, size by size, each truth described once; empties `pending`."""
    truths = pending.pop("truth")
    for shape in sorted({truth.shape for truth in truths}):
        alike = [i for i, truth in enumerate(truths) if truth.shape == shape]

        def described(pictures: list[Rgb], chosen: list[int] = alike) -> list[torch.Tensor]:
            return lpips.describe(torch.from_numpy(np.stack([pictures[i] for i in chosen])))

        true = described(truths)
        for kind, pictures in pending.items():
            rows[kind].lpips += lpips.distance(described(pictures), true).tolist()
    pending.clear()


# --- output -------------------------------------------------------------------------------------

LABELS: Final = {
    "grey": "grey",
    "mean": "mean colour",
    "accurate": "model, vividness 0",
    "default": "model, default vividness",
    "hinted": f"model, vividness 0, {POINTS} points",
    "ceiling": "ceiling",
    "truth": "truth",
}
COLUMNS: Final = {
    "psnr": ("PSNR", ".2f"),
    "ssim": ("SSIM", ".4f"),
    "cf_abs": ("CF abs", ".1f"),
    "p10_cf": ("p10-CF", ".2f"),
    "auc": ("AuC", ".2f"),
    "auc_rebalanced": ("rebalanced", ".1f"),
    "lpips": ("LPIPS", ".4f"),
}


def print_table(figures: dict[str, dict[str, float]]) -> None:
    wide = max(map(len, LABELS.values()))
    print(" " * wide, *(f"{title:>10}" for title, _ in COLUMNS.values()))
    for name, label in LABELS.items():
        values = [
            format(figures[name][key], style) if key in figures[name] else "-" for key, (_, style) in COLUMNS.items()
        ]
        print(f"{label:<{wide}}", *(f"{value:>10}" for value in values))


def print_targets(figures: dict[str, dict[str, float]]) -> bool:
    """Print each target, what was reached, and whether that will do; True where all will that could be measured."""
    grey, accurate, default, hinted = (figures[name] for name in ("grey", "accurate", "default", "hinted"))
    targets: list[tuple[str, Callable[[], float], float, bool]] = [
        ("PSNR above grey at vividness 0, dB", lambda: accurate["psnr"] - grey["psnr"], 1.5, True),
        ("AuC above grey at vividness 0, points", lambda: accurate["auc"] - grey["auc"], 2.1, True),
        (
            "mean CF of the truth's at default vividness",
            lambda: default["cf_abs"] / figures["truth"]["cf_abs"],
            0.80,
            True,
        ),
        ("p10-CF at default vividness", lambda: default["p10_cf"], 0.35, True),
        ("PSNR above grey at default vividness, dB", lambda: default["psnr"] - grey["psnr"], 0.4, True),
        ("LPIPS of grey's at default vividness", lambda: default["lpips"] / grey["lpips"], 0.8, False),
        (f"PSNR gained by {POINTS} true points, dB", lambda: hinted["psnr"] - accurate["psnr"], 2.0, True),
    ]
    all_passed = True
    for label, measure, bound, at_least in targets:
        sign = ">=" if at_least else "<"
        if "LPIPS" in label and "lpips" not in default:
            print(f"  -   {label}: not measured without --metric-weights")
            continue
        value = measure()
        passed = value >= bound if at_least else value < bound
        all_passed &= passed
        print(f"{'pass' if passed else 'FAIL'}  {label}: {value:.3f} (target {sign} {bound})")
    return all_passed


if __name__ == "__main__":
    sys.exit(main())

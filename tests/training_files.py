"""Photographs to train on, small and made on the spot: scenes in random colours, in shards with a manifest."""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from photochrom.training.recipe import Recipe

Rgb = NDArray[np.uint8]

COLUMNS = ("shard", "key", "source", "split")


@dataclass(frozen=True)
class Picture:
    """One photograph of a data set, and where it goes."""

    key: str
    rgb: Rgb
    split: str = "train"
    source: str = "scenes"
    shard: str = "shard-0"
    suffix: str = "webp"


def scene(seed: int, height: int = 72, width: int = 96) -> Rgb:
    """Discs on a slope, each in a colour of its own, with a little texture: (height, width, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    first, second = rng.uniform(0, 255, (2, 3))
    picture = first + (second - first) * (x / width)[..., None]
    for _ in range(5):
        inside = (x - rng.uniform(0, width)) ** 2 + (y - rng.uniform(0, height)) ** 2 < rng.uniform(6, 30) ** 2
        picture[inside] = rng.uniform(0, 255, 3)
    picture += rng.normal(0, 4, (height, width, 1))
    levels: Rgb = np.clip(picture, 0, 255).astype(np.uint8)
    return levels


def pictures() -> list[Picture]:
    """24 of the split `train`, 6 of `val`, from two sources, in two shards and three formats; three are photographs."""
    photographs: list[Rgb] = [
        cv2.resize(rgb, (128, 96), interpolation=cv2.INTER_AREA).astype(np.uint8)
        for rgb in (data.astronaut(), data.coffee(), data.chelsea())
    ]
    scenes = [*photographs, *(scene(seed) for seed in range(27))]
    return [
        Picture(
            key=f"{i:04x}",
            rgb=rgb,
            split="val" if i % 5 == 4 else "train",
            source="discs" if i % 2 else "scenes",
            shard=f"shard-{i % 2}",
            suffix=("webp", "jpg", "png")[i % 3],
        )
        for i, rgb in enumerate(scenes)
    ]


def encoded(picture: Picture) -> bytes:
    """The picture's file."""
    return bytes(cv2.imencode(f".{picture.suffix}", picture.rgb[..., ::-1])[1])


def write_shards(folder: Path, pictures: Iterable[Picture]) -> Path:
    """Write tars and `manifest.csv` into `folder`; returns the manifest."""
    chosen = list(pictures)
    for shard in {picture.shard for picture in chosen}:
        with tarfile.open(folder / f"{shard}.tar", "w") as tar:
            for picture in chosen:
                if picture.shard == shard:
                    content = encoded(picture)
                    member = tarfile.TarInfo(f"{picture.key}.{picture.suffix}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
    manifest = folder / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([p.shard, p.key, p.source, p.split] for p in chosen)
    return manifest


def tiny_recipe(**changes: Any) -> Recipe:
    """A recipe that is through in seconds: six steps of eight crops, then some of two larger ones."""
    values: dict[str, Any] = {
        "name": "tiny",
        "encoder": {"class": "EfficientNetLite", "variant": 0},
        "decoder": {"widths": [16, 16, 24, 24], "blocks": [1, 1, 1, 1], "heads": 2},
        "samples": 64,
        "size": 32,
        "late_size": 64,
        "late_share": 0.25,
        "batch": 8,
        "warmup": 8,
        "cooldown": 16,
        "val_photographs": 4,
        "val_size": 32,
        "val_samples": 32,
        "precision": "32-true",
        "seed": 3,
    }
    return Recipe().merged({**values, **changes})

"""Samples: a photograph becomes what the network sees, what it should say, and what it is told.

Geometry is drawn for the whole picture, ageing for the luma alone, hints from the true colours:
half of the samples see none, the others points or dense, noisy planes with holes (what film and
reference pictures feed at run-time).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from photochrom.color.lab import srgb_to_lab
from photochrom.color.normalize import normalize_ab, normalize_luma
from photochrom.evaluation.degrade import age, luma
from photochrom.evaluation.photographs import Photographs
from photochrom.training.cache import NOTHING, Features
from photochrom.training.recipe import Recipe

Float = NDArray[np.float32]

MAX_POINTS = 128

GRACE = 2.0
"""Seconds that a process of samples goes on when it is told to end."""


class Request(NamedTuple):
    """One sample to be made: which photograph, with which random stream, how large, at most how many points.

    With a `view` crop and ageing are those of this fixed view of the photograph, and only hints are drawn anew.
    """

    photograph: int
    seed: tuple[int, int]
    side: int
    points: int
    view: int | None = None


class Batch(NamedTuple):
    """luma (N, 1, S, S), ab (N, 2, S/4, S/4) in Lab units, points (N, P, 5), dense (N, 3, S/4, S/4).

    `clean` (N, 1, S, S) is the luma without its ageing, for a teacher to look at. `values` (N, V) and `scales` (N, C)
    are the frozen encoder's features, where they are kept (`photochrom.training.cache`); else without columns.
    """

    luma: Tensor
    ab: Tensor
    points: Tensor
    dense: Tensor
    clean: Tensor
    values: Tensor
    scales: Tensor


class Order(Sampler[list[Request]]):
    """Batches of requests from sample `start` on: a pure function of seed and position, so a run can go on anywhere.

    Process `rank` of several `ranks` gets its share of every batch.
    """

    def __init__(
        self, recipe: Recipe, weights: NDArray[np.float64], *, start: int, stop: int, rank: int = 0, ranks: int = 1
    ) -> None:
        self._recipe, self._start, self._stop = recipe, start, stop
        self._rank, self._ranks = rank, ranks
        self._edges = np.cumsum(weights)
        self._edges[-1] = 1.0

    def __iter__(self) -> Iterator[list[Request]]:
        sample = self._start
        while sample < self._stop:
            side = self._recipe.side(sample)
            count = batch_size(self._recipe, side)
            rng = np.random.default_rng((self._recipe.seed, 1, sample))
            cap = round(np.exp(rng.uniform(np.log(4), np.log(MAX_POINTS + 0.5))))
            places = (rng.permutation(count) + rng.random(count)) / count  # one in each count-th: a set's share is kept
            chosen = np.searchsorted(self._edges, places, side="right")
            cached = self._recipe.stage(sample).cache
            views = rng.integers(self._recipe.cache_views, size=count).tolist() if cached else [None] * count
            share = range(self._rank * count // self._ranks, (self._rank + 1) * count // self._ranks)
            seed = self._recipe.seed
            yield [Request(int(chosen[i]), (seed, sample + i), side, cap, views[i]) for i in share]
            sample += count


def batch_size(recipe: Recipe, side: int) -> int:
    """Photographs a step, so that every step has about the pixels of `batch` crops of `size`."""
    return max(1, round(recipe.batch * (recipe.size / side) ** 2))


class Samples(Dataset[tuple[NDArray[Any], ...]]):
    """Makes the samples that `Order` asks for: the columns of `Batch`, with stored features where there are such."""

    def __init__(self, photographs: Photographs, recipe: Recipe, features: Features | None = None) -> None:
        self._photographs, self._recipe, self._features = photographs, recipe, features

    def __getitem__(self, request: Request) -> tuple[NDArray[Any], ...]:
        drawn = np.random.default_rng((*request.seed, 2))
        rng = drawn
        if request.view is not None:
            rng = np.random.default_rng((self._recipe.seed, request.photograph, request.view, 6))
        rgb = crop(self._photographs.read(request.photograph), request.side, self._recipe.scale, rng)
        clean = luma(rgb)
        grey = age(rgb, rng, strength=self._recipe.aging) if rng.random() < self._recipe.degrade else clean
        ab = quarter_ab(rgb)
        points, dense = draw_hints(ab, request.points, self._recipe, drawn)
        stored = NOTHING
        if self._features is not None and request.view is not None:
            stored = self._features.read(request.photograph, request.view)
        return normalize_luma(grey)[None], ab, points, dense, normalize_luma(clean)[None], *stored


def crop(rgb: NDArray[np.uint8], side: int, scale: tuple[float, float], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A (side, side, 3) crop of the whole picture at `side` times a random factor, mirrored half of the time."""
    height, width = rgb.shape[:2]
    factor = max(side * rng.uniform(*scale) / min(height, width), side / min(height, width))
    size = (max(side, round(width * factor)), max(side, round(height * factor)))
    resized = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    left, top = rng.integers(size[0] - side + 1), rng.integers(size[1] - side + 1)
    picture = resized[top : top + side, left : left + side]
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture).astype(np.uint8, copy=False)


def whole(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The central square of a picture at (side, side, 3): what validation looks at."""
    height, width = rgb.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    square = rgb[top : top + short, left : left + short]
    mode = cv2.INTER_AREA if short > side else cv2.INTER_CUBIC
    return cv2.resize(square, (side, side), interpolation=mode).astype(np.uint8, copy=False)


def quarter_ab(rgb: NDArray[np.uint8]) -> Float:
    """True ab (2, H/4, W/4) in Lab units: the mean over each 4 x 4 block."""
    ab = srgb_to_lab(rgb)[..., 1:]
    height, width = rgb.shape[:2]
    small = cv2.resize(ab, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small.transpose(2, 0, 1)).astype(np.float32, copy=False)


def draw_hints(ab: Float, most: int, recipe: Recipe, rng: np.random.Generator) -> tuple[Float, Float]:
    """Points (most, 5), unused rows zero, and dense planes (3, h, w), drawn from the truth `ab` (2, h, w)."""
    points = np.zeros((most, 5), np.float32)
    dense = np.zeros((3, *ab.shape[1:]), np.float32)
    kind = rng.random()
    if kind < recipe.hints:
        count = min(most, round(np.exp(rng.uniform(0, np.log(most + 0.49)))))
        points[:count] = true_points(ab, count, rng)
        if rng.random() < 0.3:
            noise = rng.uniform(2, 15)
            points[:count, 2:4] += normalize_ab(rng.normal(0, noise, (count, 2)).astype(np.float32))
            points[:count, 4] = np.exp(-noise / 15)
    elif kind < recipe.hints + recipe.dense_hints:
        dense = _dense(ab, rng)
    return points, dense


def true_points(ab: Float, count: int, rng: np.random.Generator) -> Float:
    """`count` points (count, 5) of full confidence at random places; each the mean of a patch of 1 to 3 cells."""
    _, height, width = ab.shape
    xs, ys = rng.integers(width, size=count), rng.integers(height, size=count)
    rows = np.empty((count, 5), np.float32)
    for row, x, y, radius in zip(rows, xs, ys, rng.integers(0, 2, size=count), strict=True):
        patch = ab[:, max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
        row[:] = ((x + 0.5) / width, (y + 0.5) / height, *normalize_ab(patch.mean((1, 2))), 1)
    return rows


def _dense(ab: Float, rng: np.random.Generator) -> Float:
    """True colours blurred, shifted and noisy, with holes; the confidence falls with the noise."""
    _, height, width = ab.shape
    planes = ab.transpose(1, 2, 0)
    if rng.random() < 0.5:
        planes = np.asarray(cv2.GaussianBlur(planes, (0, 0), rng.uniform(0.5, 4)), np.float32)
    noise = rng.uniform(0, 12)
    coarse = rng.normal(0, 1, (max(2, height // 8), max(2, width // 8), 2)).astype(np.float32)
    planes = planes + np.float32(noise) * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.5:
        planes = np.roll(planes, rng.integers(-1, 2, size=2), (0, 1))
    field = rng.normal(0, 1, (rng.integers(2, 9), rng.integers(2, 9))).astype(np.float32)
    field = np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    known = field > np.quantile(field, rng.uniform(0.0, 0.8))
    confidence = np.where(known, np.float32(np.exp(-noise / 15)), np.float32(0))
    colors = normalize_ab(planes) * known[..., None]
    return np.stack([colors[..., 0], colors[..., 1], confidence]).astype(np.float32)


def collate(samples: list[tuple[NDArray[Any], ...]]) -> Batch:
    """Stack samples of one size into a batch; points are cut to the rows that somebody uses (at least one)."""
    columns = (torch.from_numpy(np.stack(column)) for column in zip(*samples, strict=True))
    luma_, ab, points, dense, clean, values, scales = columns
    used = int((points[..., 4] > 0).sum(1).max())
    return Batch(luma_.contiguous(), ab, points[:, : max(1, used)].contiguous(), dense, clean, values, scales)


class Validation(Dataset[tuple[NDArray[np.float32], ...]]):
    """Clean luma, aged luma, true ab and ten true points of photographs by their indices; fixed seeds."""

    def __init__(self, photographs: Photographs, indices: Sequence[int], side: int) -> None:
        self._photographs, self._indices, self._side = photographs, indices, side

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, item: int) -> tuple[NDArray[np.float32], ...]:
        index = self._indices[item]
        rgb = whole(self._photographs.read(index), self._side)
        rng = np.random.default_rng((index, 4))
        ab = quarter_ab(rgb)
        clean, aged = normalize_luma(luma(rgb))[None], normalize_luma(age(rgb, rng))[None]
        return clean, aged, ab, true_points(ab, 10, rng)


def quiet_worker(_: int) -> None:
    """Loader processes leave the cores to the network, and signals to the process that they work for.

    Told to end together with that one, they go on for some seconds: what they have made can be fetched only while
    they are there, and it tells them itself when it needs no more.
    """
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.signal(signal.SIGTERM, lambda *_: signal.setitimer(signal.ITIMER_REAL, GRACE))

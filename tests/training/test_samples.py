"""Which sample comes when is a pure function of its place; what a sample holds fits together."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage import data
from skimage.color import rgb2lab
from torch.utils.data import DataLoader
from training_files import scene, tiny_recipe

from photochrom.evaluation.photographs import Photographs
from photochrom.training.cache import NOTHING
from photochrom.training.recipe import Recipe
from photochrom.training.samples import (
    MAX_POINTS,
    Batch,
    Order,
    Request,
    Samples,
    batch_size,
    collate,
    crop,
    draw_hints,
    quarter_ab,
    true_points,
    whole,
)

UNIFORM = np.full(10, 0.1)


def _requests(recipe: Recipe, start: int, stop: int, weights: NDArray[np.float64] = UNIFORM) -> list[list[Request]]:
    return list(Order(recipe, weights, start=start, stop=stop))


def test_the_order_goes_on_from_any_batch_as_if_it_had_begun_at_the_first() -> None:
    recipe = tiny_recipe(samples=100)
    batches = _requests(recipe, 0, 100)
    seen = 0
    for index, batch in enumerate(batches):
        assert _requests(recipe, seen, 100) == batches[index:]
        assert [request.seed[1] for request in batch] == list(range(seen, seen + len(batch)))
        seen += len(batch)
    assert seen >= 100


def test_the_order_is_another_one_for_another_seed_and_the_same_for_the_same() -> None:
    recipe = tiny_recipe(samples=80)
    assert _requests(recipe, 0, 80) == _requests(recipe, 0, 80)
    assert _requests(recipe, 0, 80) != _requests(tiny_recipe(samples=80, seed=4), 0, 80)


def test_batches_grow_in_size_and_shrink_in_number_for_the_last_share() -> None:
    recipe = tiny_recipe(samples=100, size=32, late_size=64, late_share=0.2, batch=8)
    shapes = [(len(batch), batch[0].side) for batch in _requests(recipe, 0, 100)]
    assert set(shapes) == {(8, 32), (2, 64)}
    assert shapes == sorted(shapes, key=lambda shape: shape[1])
    assert sum(count for count, side in shapes if side == 32) == 80


@pytest.mark.parametrize(("side", "count"), [(64, 16), (96, 7), (128, 4), (512, 1)])
def test_every_step_has_about_the_same_pixels(side: int, count: int) -> None:
    assert batch_size(tiny_recipe(size=64, batch=16), side) == count


def test_photographs_are_drawn_by_their_weights() -> None:
    weights = np.array([0.5, 0.0, 0.3, 0.2])
    recipe = tiny_recipe(samples=4000, batch=100)
    drawn = [request.photograph for batch in _requests(recipe, 0, 3000, weights) for request in batch]
    assert np.bincount(drawn, minlength=4) / len(drawn) == pytest.approx(weights, abs=0.03)


def test_the_number_of_points_is_drawn_log_uniformly_up_to_128() -> None:
    recipe = tiny_recipe(samples=4000, batch=2, late_share=0)
    caps = [batch[0].points for batch in _requests(recipe, 0, 1000)]
    assert 4 <= min(caps) < 8
    assert 100 < max(caps) <= MAX_POINTS
    assert np.median(caps) == pytest.approx(np.sqrt(4 * MAX_POINTS), rel=0.2)


@pytest.fixture(scope="module")
def photographs(manifest: Path) -> Photographs:
    return Photographs(manifest, "train")


def _batches(photographs: Photographs, recipe: Recipe, start: int, stop: int, workers: int = 0) -> list[Batch]:
    order = Order(recipe, photographs.weights({}), start=start, stop=stop)
    return list(DataLoader(Samples(photographs, recipe), batch_sampler=order, collate_fn=collate, num_workers=workers))


def test_a_batch_has_the_shapes_and_ranges_that_the_network_takes(photographs: Photographs) -> None:
    for batch in _batches(photographs, tiny_recipe(samples=100, late_share=0.5), 0, 100):
        n, _, side, _ = batch.luma.shape
        assert (n, side) in {(8, 32), (2, 64)}
        assert batch.luma.shape == batch.clean.shape == (n, 1, side, side)
        assert batch.ab.shape == (n, 2, side // 4, side // 4)
        assert batch.dense.shape == (n, 3, side // 4, side // 4)
        assert batch.points.shape[::2] == (n, 5)
        assert {tensor.dtype for tensor in batch[:-2]} == {torch.float32}
        assert batch.values.shape == batch.scales.shape == (n, 0)  # no features are kept
        assert float(batch.luma.abs().max()) <= 1
        assert float(batch.ab.abs().max()) < 110
        assert 0 <= float(batch.points[..., 4].min()) <= float(batch.points[..., 4].max()) <= 1
        assert 0 <= float(batch.dense[:, 2].min()) <= float(batch.dense[:, 2].max()) <= 1


def test_a_batch_is_the_same_wherever_it_is_made_and_whatever_came_before(photographs: Photographs) -> None:
    recipe = tiny_recipe(samples=48, late_share=0)
    first, again = _batches(photographs, recipe, 0, 48), _batches(photographs, recipe, 16, 48, workers=1)
    for one, other in zip(first[2:], again, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_half_of_the_samples_see_no_hint_and_the_others_points_or_dense_ones(photographs: Photographs) -> None:
    recipe = Recipe(hints=0.35, dense_hints=0.15)
    ab = quarter_ab(scene(1, 64, 64))
    kinds = [draw_hints(ab, 16, recipe, np.random.default_rng(i)) for i in range(1000)]
    pointed = np.array([points[:, 4].any() for points, _ in kinds])
    dense = np.array([planes[2].any() for _, planes in kinds])
    assert not (pointed & dense).any()
    assert pointed.mean() == pytest.approx(0.35, abs=0.05)
    assert dense.mean() == pytest.approx(0.15, abs=0.05)


def test_hints_that_carry_noise_are_less_sure_and_true_ones_are_certain() -> None:
    ab = np.full((2, 16, 16), 20, np.float32)
    recipe = Recipe(hints=1.0, dense_hints=0.0)
    for seed in range(200):
        points, _ = draw_hints(ab, 8, recipe, np.random.default_rng(seed))
        used = points[points[:, 4] > 0]
        wrong = np.abs(used[:, 2:4] * 110 - 20).max()
        assert (used[:, 4] == 1).all() == (wrong < 1e-3)
        assert not points[len(used) :].any()


def test_dense_hints_have_holes_without_colour_and_are_near_the_truth_elsewhere() -> None:
    ab = quarter_ab(scene(3, 128, 128))
    recipe = Recipe(hints=0.0, dense_hints=1.0)
    shares, errors = [], []
    for seed in range(60):
        _, dense = draw_hints(ab, 8, recipe, np.random.default_rng(seed))
        known = dense[2] > 0
        assert not dense[:2, ~known].any()
        assert np.ptp(dense[2][known]) == 0
        shares.append(known.mean())
        errors.append(np.abs(dense[:2, known] * 110 - ab[:, known]).mean())
    assert min(shares) < 0.4
    assert max(shares) > 0.9
    assert np.median(errors) < 12


def test_true_points_say_the_colour_of_their_place() -> None:
    ab = np.zeros((2, 16, 32), np.float32)
    ab[0] = np.arange(32)
    ab[1] = np.arange(16)[:, None]
    rows = true_points(ab, 300, np.random.default_rng(0))
    x, y = rows[:, 0] * 32 - 0.5, rows[:, 1] * 16 - 0.5
    assert np.allclose(x, x.round(), atol=1e-4)
    assert np.allclose(y, y.round(), atol=1e-4)
    assert (np.abs(rows[:, 2] * 110 - x) < 0.51).all()  # at the border the mean of a patch moves inward
    assert (np.abs(rows[:, 3] * 110 - y) < 0.51).all()
    assert (rows[:, 4] == 1).all()


@pytest.mark.parametrize(("height", "width"), [(72, 96), (96, 72), (40, 40), (33, 500), (20, 21)])
def test_a_crop_has_the_side_asked_for_whatever_the_picture(height: int, width: int) -> None:
    picture = scene(height, height, width)
    for seed in range(10):
        rgb = crop(picture, 64, (1.0, 1.25), np.random.default_rng(seed))
        assert rgb.shape == (64, 64, 3)
        assert rgb.dtype == np.uint8
        assert rgb.flags.c_contiguous


def test_half_of_the_crops_are_mirrored() -> None:
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:, 16:] = 255
    right = [crop(picture, 32, (1, 1), np.random.default_rng(i))[:, 24:].mean() > 128 for i in range(200)]
    assert np.mean(right) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize(("height", "width"), [(96, 72), (72, 96), (64, 64), (30, 50)])
def test_validation_looks_at_the_central_square(height: int, width: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    picture[top : top + short, left : left + short] = 200
    assert np.array_equal(whole(picture, 32), np.full((32, 32, 3), 200))


def test_quarter_ab_is_the_mean_colour_of_each_block_of_four_by_four() -> None:
    rgb = data.astronaut()[:64, :96]
    blocks = rgb2lab(rgb)[..., 1:].reshape(16, 4, 24, 4, 2).mean((1, 3)).transpose(2, 0, 1)
    assert quarter_ab(rgb) == pytest.approx(blocks, abs=0.1)


def test_points_of_a_batch_are_cut_to_the_rows_that_somebody_uses() -> None:
    plane = np.zeros((1, 32, 32), np.float32), np.zeros((2, 8, 8), np.float32), np.zeros((3, 8, 8), np.float32)

    def sample(used: int) -> tuple[NDArray[Any], ...]:
        points = np.zeros((20, 5), np.float32)
        points[:used, 4] = 1
        return plane[0], plane[1], points, plane[2], plane[0], *NOTHING

    def rows(*used: int) -> int:
        return collate([sample(count) for count in used]).points.shape[1]

    assert (rows(0, 0), rows(3, 0, 7), rows(20, 1)) == (1, 7, 20)


@pytest.mark.parametrize("ranks", [2, 3])
def test_several_processes_see_the_samples_of_one_each_its_share_of_every_batch(ranks: int) -> None:
    recipe, weights = tiny_recipe(samples=48, late_share=0), np.full(24, 1 / 24)
    whole_batches = list(Order(recipe, weights, start=8, stop=48))
    shares = [list(Order(recipe, weights, start=8, stop=48, rank=rank, ranks=ranks)) for rank in range(ranks)]
    assert [[*chain.from_iterable(parts)] for parts in zip(*shares, strict=True)] == whole_batches
    assert all(part for share in shares for part in share)


def test_where_features_are_kept_a_photograph_has_a_few_fixed_views_and_hints_that_change(
    photographs: Photographs,
) -> None:
    recipe = tiny_recipe(frozen="all", stages=[{"cache": True}], late_share=0, cache_views=2, hints=1, dense_hints=0)
    requests = [*chain.from_iterable(Order(recipe, np.full(24, 1 / 24), start=0, stop=64))]
    assert {request.view for request in requests} == {0, 1}
    samples, first = Samples(photographs, recipe), requests[0]
    other = first._replace(seed=(3, 999))
    luma_, ab, points, _, clean, *_ = samples[first]
    again = samples[other]
    assert np.array_equal(luma_, again[0])
    assert np.array_equal(ab, again[1])
    assert np.array_equal(clean, again[4])
    assert not np.array_equal(points, again[2])
    assert not np.array_equal(luma_, samples[first._replace(view=1 - (first.view or 0))][0])

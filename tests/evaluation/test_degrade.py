"""Ageing changes greys and nothing else: shape and range stay, the same seed ages alike, colours are not touched."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data
from training_files import scene, tiny_recipe

from photochrom.evaluation.degrade import age, blur, fade, grain, jpeg, luma, respond, tone, vignette
from photochrom.evaluation.photographs import Photographs
from photochrom.training import samples
from photochrom.training.samples import Request, Samples

Float = NDArray[np.float32]


@pytest.fixture(scope="module")
def rgb() -> NDArray[np.uint8]:
    return np.ascontiguousarray(data.astronaut()[100:228, 150:310])


def test_ageing_keeps_shape_and_range_and_leaves_the_picture_alone(rgb: NDArray[np.uint8]) -> None:
    before = rgb.copy()
    for seed in range(60):
        grey = age(rgb, np.random.default_rng(seed))
        assert grey.shape == rgb.shape[:2]
        assert grey.dtype == np.float32
        assert 0 <= float(grey.min()) <= float(grey.max()) <= 1
    assert np.array_equal(rgb, before)


def test_the_same_seed_ages_alike_and_another_one_otherwise(rgb: NDArray[np.uint8]) -> None:
    first, again, other = (age(rgb, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_aged_pictures_can_still_be_recognised_but_are_not_the_clean_ones(rgb: NDArray[np.uint8]) -> None:
    clean = luma(rgb)
    aged = [age(rgb, np.random.default_rng(seed)) for seed in range(60)]
    assert np.median([np.corrcoef(grey.ravel(), clean.ravel())[0, 1] for grey in aged]) > 0.9
    assert np.mean([np.abs(grey - clean).mean() for grey in aged]) > 0.04


def test_ageing_grows_with_its_strength_and_never_turns_greys_upside_down(rgb: NDArray[np.uint8]) -> None:
    clean = luma(rgb)
    changes = []
    for strength in (0.0, 0.5, 1.0, 1.5):
        aged = [age(rgb, np.random.default_rng(seed), strength=strength) for seed in range(60)]
        changes.append(np.mean([np.abs(grey - clean).mean() for grey in aged]))
        assert min(np.corrcoef(grey.ravel(), clean.ravel())[0, 1] for grey in aged) > 0.4
    assert changes[0] < 0.004
    assert (np.diff(changes) > 0.01).all()


def test_the_colour_target_does_not_depend_on_ageing(monkeypatch: pytest.MonkeyPatch) -> None:
    class One:
        def read(self, _: int) -> NDArray[np.uint8]:
            return scene(2)

    def sample(degrade: float) -> tuple[Float, ...]:
        recipe = tiny_recipe(degrade=degrade, hints=0.0, dense_hints=0.0)
        photographs: Photographs = One()  # type: ignore[assignment]
        return Samples(photographs, recipe)[Request(0, (3, 17), 64, 8)]

    aged, clean = sample(1.0), sample(0.0)
    assert not np.array_equal(aged[0], clean[0])
    assert np.array_equal(aged[1], clean[1])
    assert np.array_equal(aged[4], clean[0])  # what a teacher looks at
    monkeypatch.setattr(samples, "age", lambda rgb, rng, strength: np.zeros(rgb.shape[:2], np.float32))
    black = sample(1.0)
    assert (black[0] == -1).all()
    assert np.array_equal(black[1], clean[1])


def test_clean_luma_is_what_pillow_makes_of_the_picture(rgb: NDArray[np.uint8]) -> None:
    levels = np.asarray(Image.fromarray(rgb).convert("L"), int)
    ours = luma(rgb) * 255
    assert np.abs(ours - ours.round()).max() < 1e-3
    assert np.abs(ours - levels).max() < 1.01
    assert (np.abs(ours - levels) < 0.5).mean() > 0.99


def test_a_blue_sensitive_plate_sees_red_as_black_and_blue_as_bright() -> None:
    colors = np.array([[[255, 0, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    red, blue, white = respond(colors, np.array([0, 0.15, 0.85], np.float32))[0]
    assert (red, blue, white) == pytest.approx((0, 0.85, 1), abs=1e-5)


RAMP = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (48, 1))


def test_another_development_keeps_black_white_and_the_order_of_greys() -> None:
    for gamma in (0.6, 1.0, 1.7):
        for contrast in (-0.7, 0.0, 0.7):
            bent = tone(RAMP, gamma=gamma, contrast=contrast)[0]
            assert (bent[0], bent[-1]) == pytest.approx((0, 1), abs=1e-6)
            assert (np.diff(bent) >= -1e-6).all()
    assert np.array_equal(tone(RAMP, gamma=1.0, contrast=0.0), RAMP)


def test_fading_draws_black_and_white_together() -> None:
    faded = fade(RAMP, black=0.2, white=0.8)
    assert (float(faded.min()), float(faded.max())) == pytest.approx((0.2, 0.8))


def test_a_vignette_darkens_corners_by_its_strength_and_not_the_middle() -> None:
    seen = vignette(np.ones((65, 97), np.float32), 0.4)
    assert seen[32, 48] == pytest.approx(1)
    assert [seen[y, x] for y in (0, -1) for x in (0, -1)] == pytest.approx([0.6] * 4)


@pytest.mark.parametrize("size", [0.0, 0.9])
def test_grain_has_the_amount_asked_for_and_no_bias(size: float) -> None:
    noise = grain(np.full((200, 200), 0.5, np.float32), 0.05, size, np.random.default_rng(0)) - 0.5
    assert noise.std() == pytest.approx(0.05, rel=0.05)
    assert abs(noise.mean()) < 0.003


@pytest.mark.parametrize("ageing", [lambda grey: blur(grey, 1.0), lambda grey: jpeg(grey, 30)], ids=["blur", "jpeg"])
def test_blur_and_jpeg_lose_detail_and_keep_the_mean(rgb: NDArray[np.uint8], ageing: Callable[[Float], Float]) -> None:
    clean = luma(rgb)
    seen = ageing(clean)
    assert seen.mean() == pytest.approx(clean.mean(), abs=0.005)
    assert 0.002 < np.abs(seen - clean).mean() < 0.06

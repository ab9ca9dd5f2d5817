"""Rules: each on pictures that it is there for, and on photographs that come close to them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import spoiled_files
from clean_files import photograph, photographs
from numpy.typing import NDArray
from spoiled_files import decoded, encoded

from photochrom.color.lab import lab_to_srgb, srgb_to_lab
from photochrom.training.clean.decoding import shrunk
from photochrom.training.clean.reasons import Reason
from photochrom.training.clean.rules import MAX_ASPECT, RULES, judged, measures, misfit

Rgb = NDArray[np.uint8]


def rejects(reason: Reason, rgb: Rgb) -> bool:
    """Whether the rule of that reason, on its own, rejects the picture."""
    (rule,) = (rule for rule in RULES if rule.reason is reason)
    return rule.rejects(rule.measure(rgb))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("number", range(8))
def test_photographs_stay(number: int) -> None:
    assert judged(measures(photographs()[number])) is None


def test_the_first_rule_in_order_names_the_reason_and_the_measure() -> None:
    why = judged(measures(np.zeros((64, 64, 3), np.uint8)))
    assert why is not None
    assert (why.reason, why.detail) == (Reason.EMPTY, "detail 0 < 1.5")


# --- near-empty ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_a_slope_without_noise_is_near_empty(seed: int) -> None:
    assert rejects(Reason.EMPTY, decoded(encoded(spoiled_files.gradient(rng(seed)))))


def test_a_photograph_in_thick_fog_is_not_yet_near_empty() -> None:
    fog = (photograph() * 0.25 + 150).astype(np.uint8)
    assert not rejects(Reason.EMPTY, fog)
    assert rejects(Reason.EMPTY, (photograph() * 0.01 + 200).astype(np.uint8))


# --- exposure -----------------------------------------------------------------------------------


def test_a_photograph_four_stops_too_dark_is_underexposed() -> None:
    assert rejects(Reason.UNDEREXPOSED, spoiled_files.underexposed(photograph(), rng()))


def test_a_lamp_in_the_night_is_not_underexposed() -> None:
    night = np.zeros((256, 256, 3), np.uint8)
    cv2.circle(night, (128, 128), 26, (250, 200, 120), -1)
    assert not rejects(Reason.UNDEREXPOSED, night)


def test_a_photograph_that_is_mostly_burnt_out_is_overexposed() -> None:
    assert rejects(Reason.OVEREXPOSED, spoiled_files.overexposed(photograph(), rng()))


def test_a_photograph_with_a_white_sky_is_not_overexposed() -> None:
    sky = photograph().copy()
    sky[: int(len(sky) * 0.45)] = 255
    assert not rejects(Reason.OVEREXPOSED, sky)


# --- colours ------------------------------------------------------------------------------------


def test_grey_is_grey_after_jpeg_too() -> None:
    assert rejects(Reason.GREY, decoded(encoded(spoiled_files.grey(photograph(), rng()), ".jpg", 60)))


def test_a_grey_photograph_with_a_small_red_thing_is_not_grey() -> None:
    rgb = spoiled_files.grey(photograph(), rng()).copy()
    rgb[100:130, 100:130] = (180, 30, 40)
    assert not rejects(Reason.GREY, rgb)


@pytest.mark.parametrize("number", range(8))
def test_sepia_and_tints_are_toned(number: int) -> None:
    for spoil in (spoiled_files.sepia, spoiled_files.tinted):
        assert rejects(Reason.TONED, decoded(encoded(spoil(photograph(number), rng(number)))))


def test_a_duotone_of_blue_shadows_and_warm_lights_is_toned() -> None:
    lab = srgb_to_lab(spoiled_files.grey(photograph(), rng()))
    lab[..., 1], lab[..., 2] = (lab[..., 0] - 50) * 0.1, (lab[..., 0] - 50) * 0.4
    assert rejects(Reason.TONED, np.asarray(lab_to_srgb(lab), np.uint8))


def test_a_photograph_behind_a_warm_filter_is_not_toned() -> None:
    lab = srgb_to_lab(photograph(3))
    lab[..., 1:] = lab[..., 1:] * 0.5 + (6, 20)
    assert not rejects(Reason.TONED, np.asarray(lab_to_srgb(lab), np.uint8))


def test_a_photograph_of_one_hue_in_many_strengths_is_not_toned() -> None:
    lab = srgb_to_lab(spoiled_files.grey(photograph(), rng()))
    strength = np.linspace(0, 40, lab.shape[1], dtype=np.float32)[None]
    lab[..., 1], lab[..., 2] = -0.6 * strength, 0.8 * strength
    assert not rejects(Reason.TONED, np.asarray(lab_to_srgb(lab), np.uint8))


def test_a_photograph_with_a_tenth_of_its_colour_is_pale_and_with_half_of_it_is_not() -> None:
    rgb, grey = photograph().astype(np.float32), spoiled_files.grey(photograph(), rng())
    assert rejects(Reason.PALE, (rgb * 0.1 + grey * 0.9).astype(np.uint8))
    assert not rejects(Reason.PALE, (rgb * 0.5 + grey * 0.5).astype(np.uint8))


# --- drawings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [spoiled_files.drawing, spoiled_files.chart, spoiled_files.screenshot])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_drawings_charts_and_screenshots_are_drawn(make: spoiled_files.Make, suffix: str) -> None:
    for seed in range(4):
        rgb = shrunk(decoded(encoded(make(rng(seed), 320), suffix, 85)), 256)
        assert rejects(Reason.DRAWING, rgb), seed


def test_a_thing_on_plain_paper_is_not_drawn() -> None:
    paper = np.full((400, 400, 3), 250, np.uint8)
    paper[110:290, 110:290] = photograph(1, 180)[:180, :180]
    assert not rejects(Reason.DRAWING, paper)


def test_a_photograph_that_has_lost_its_noise_is_not_drawn() -> None:
    smooth = photograph()
    for _ in range(3):
        smooth = cv2.bilateralFilter(smooth, 9, 30, 5).astype(np.uint8)
    assert not rejects(Reason.DRAWING, smooth)


# --- sizes --------------------------------------------------------------------------------------


def test_sizes_are_judged_by_the_shorter_side_and_the_aspect() -> None:
    for size in ((300, 255), (255, 300)):
        small = misfit(*size, 256)
        assert small is not None
        assert small.reason is Reason.TOO_SMALL
    assert misfit(256, 256, 256) is None
    longest = int(256 * MAX_ASPECT)
    assert misfit(longest, 256, 256) is None
    long = misfit(longest + 1, 256, 256)
    assert long is not None
    assert long.reason is Reason.ASPECT

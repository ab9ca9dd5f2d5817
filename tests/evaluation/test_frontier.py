"""The read-out frontier rises from the most accurate read-out to full colour, and its default keeps the rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tiny_model
from numpy.typing import NDArray
from skimage import data

from photochrom.color.bins import AbBins
from photochrom.color.lab import srgb_to_lab
from photochrom.color.luma import luma
from photochrom.evaluation.frontier import Frontier, FrontierPoint, _default, _look, measure_frontier
from photochrom.evaluation.frontier import _measure as _measure_point
from photochrom.evaluation.metrics import colorfulness_abs, psnr
from photochrom.runtime.card import ModelCard, ReadOut
from photochrom.runtime.model import Model

Rgb = NDArray[np.uint8]

BINS = AbBins.grid()
PRIOR = np.exp(-np.hypot(*BINS.centers.T) / 15) + 1e-4
LOG_W = (-0.6 * np.log(0.5 * PRIOR / PRIOR.sum() + 0.5 / len(BINS))).astype(np.float32)


class Unsure:
    """A model that can't tell a photograph's colours from those of its mirror image, and is drawn toward grey."""

    card = tiny_model.card(bins=tuple(map(tuple, BINS.centers.tolist())), log_w=tuple(LOG_W.tolist()))

    def __init__(self, photographs: list[Rgb]) -> None:
        self._truths = {luma(rgb).tobytes(): rgb for rgb in photographs}

    def encode(self, shade: NDArray[np.float32]) -> Rgb:
        return self._truths[(shade * 255).round().astype(np.uint8).tobytes()]

    def decode(self, rgb: Rgb) -> NDArray[np.float32]:
        ab = srgb_to_lab(rgb)[..., 1:]
        small = cv2.resize(ab, (rgb.shape[1] // 4, rgb.shape[0] // 4), interpolation=cv2.INTER_AREA)
        index, weight = BINS.soft_encode(small)
        p = np.zeros((*small.shape[:2], len(BINS)), np.float32)
        np.put_along_axis(p, index, weight, -1)
        p = 0.4 * p + 0.3 * p[:, ::-1] + 0.3 * PRIOR / PRIOR.sum()
        logits: NDArray[np.float32] = np.log(p) + LOG_W
        return np.ascontiguousarray(logits.transpose(2, 0, 1), np.float32)


def _photographs() -> list[Rgb]:
    whole = (data.astronaut(), data.coffee(), data.chelsea())
    return [cv2.resize(rgb[:300, :300], (64, 64), interpolation=cv2.INTER_AREA).astype(np.uint8) for rgb in whole]


def _measure(model: object, photographs: list[Rgb], **options: Any) -> Frontier:
    return measure_frontier(model, photographs, **options)  # type: ignore[arg-type]


def _measure_one(setting: ReadOut) -> FrontierPoint:
    model: Any = Unsure(_photographs())
    return _measure_point(model, [_look(model, rgb, None) for rgb in _photographs()], setting)


@pytest.fixture(scope="module")
def frontier() -> Frontier:
    return _measure(Unsure(_photographs()), _photographs())


def test_vividness_rises_in_even_steps_and_colourfulness_with_it(frontier: Frontier) -> None:
    assert [point.read_out.vividness for point in frontier.points] == pytest.approx(np.linspace(0, 1, 11))
    colors = [point.colorfulness for point in frontier.points]
    assert (np.diff(colors) > 0).all()
    assert colors[-1] == pytest.approx(1.15 * frontier.truth_colorfulness, rel=0.03)


def test_the_error_is_lowest_at_vividness_0_and_never_falls_after_it(frontier: Frontier) -> None:
    errors = [point.psnr for point in frontier.points]
    assert errors[0] == max(errors)
    assert (np.diff(errors) < 0.05).all()


def test_the_default_keeps_the_rules_and_no_more_vivid_point_does(frontier: Frontier) -> None:
    allowed = [
        point.read_out.vividness
        for point in frontier.points
        if point.colorfulness <= 1.02 * frontier.truth_colorfulness and point.psnr >= frontier.grey_psnr + 0.4
    ]
    assert frontier.default_vividness == max(allowed)
    assert 0 < frontier.default_vividness < 1


def test_figures_of_truth_and_grey_are_means_over_the_photographs(frontier: Frontier) -> None:
    photographs = _photographs()
    grey = [np.repeat(luma(rgb)[..., None], 3, -1) for rgb in photographs]
    assert frontier.truth_colorfulness == pytest.approx(np.mean([colorfulness_abs(rgb) for rgb in photographs]))
    assert frontier.grey_psnr == pytest.approx(
        np.mean([psnr(g, rgb) for g, rgb in zip(grey, photographs, strict=True)])
    )
    assert np.isnan(frontier.grey_lpips)
    assert all(np.isnan(point.lpips) for point in frontier.points)


def test_the_cloud_has_every_read_out_that_was_looked_at_and_none_is_above_the_line(frontier: Frontier) -> None:
    settings = [(p.t, p.T, p.gain) for p in frontier.cloud]
    assert len(set(settings)) == len(settings) == 60
    assert all(np.isnan(p.lpips) for p in frontier.cloud)
    colors = [point.colorfulness for point in frontier.points]
    errors = [point.psnr for point in frontier.points]
    above = [p.psnr - np.interp(p.colorfulness, colors, errors, right=np.inf) for p in frontier.cloud]
    assert max(above) < 0.05
    for p in frontier.cloud[::7]:
        again = _measure_one(ReadOut(vividness=0, t=p.t, T=p.T, gain=p.gain))
        assert (p.psnr, p.colorfulness) == pytest.approx((again.psnr, again.colorfulness), rel=1e-5)


def test_the_cloud_has_the_perceptual_distance_of_some_read_outs() -> None:
    photographs = _photographs()[:1]
    found = _measure(Unsure(photographs), photographs, lpips=lambda _: colorfulness_abs)
    measured = [p for p in found.cloud if np.isfinite(p.lpips)]
    assert len(measured) == 18
    assert all(p.lpips == pytest.approx(p.colorfulness, rel=1e-5) for p in measured)


def test_a_card_takes_the_frontier(frontier: Frontier) -> None:
    card: ModelCard = tiny_model.card(
        frontier=tuple(point.read_out for point in frontier.points), default_vividness=frontier.default_vividness
    )
    assert ModelCard.from_json(card.to_json()) == card


def test_a_perceptual_distance_holds_the_default_back() -> None:
    """A distance that counts colour itself as a fault: only the palest points are good by it."""

    def pale(_: Rgb) -> Callable[[Rgb], float]:
        return lambda result: colorfulness_abs(result) / 100

    photographs = _photographs()[:2]
    model = Unsure(photographs)
    free, held = _measure(model, photographs), _measure(model, photographs, lpips=pale)
    assert held.default_vividness < free.default_vividness
    lowest = min(point.lpips for point in held.points)
    (default,) = (p for p in held.points if p.read_out.vividness == held.default_vividness)
    assert default.lpips <= 1.08 * lowest
    assert held.grey_lpips == pytest.approx(0, abs=1e-3)


def test_a_photograph_that_is_grey_itself_spoils_no_mean() -> None:
    grey = np.repeat(luma(_photographs()[0])[..., None], 3, -1)
    photographs = [*_photographs()[1:], grey]
    found = _measure(Unsure(photographs), photographs)
    assert np.isfinite(found.grey_psnr)
    assert all(np.isfinite(point.psnr) for point in found.points)


def test_an_exported_model_can_be_measured(tiny: Path) -> None:
    found = measure_frontier(Model.load(tiny, device="cpu"), _photographs()[:1])
    colors = [point.colorfulness for point in found.points]
    assert len(colors) == 11
    assert (np.diff(colors) > -0.05).all()
    assert 0 <= found.default_vividness <= 1


def _line(*figures: tuple[float, float, float]) -> list[FrontierPoint]:
    return [
        FrontierPoint(ReadOut(vividness=i / 10, t=0, T=1, gain=1), psnr=db, colorfulness=color, lpips=distance)
        for i, (db, color, distance) in enumerate(figures)
    ]


@pytest.mark.parametrize(
    ("figures", "default"),
    [
        ([(25, 20, 0.20), (24, 30, 0.19), (23.5, 40, 0.19)], 0.2),
        ([(25, 20, 0.20), (24, 30, 0.19), (23.5, 43, 0.19)], 0.1),  # more colourful than the truth
        ([(25, 20, 0.20), (24, 30, 0.19), (22.3, 40, 0.19)], 0.1),  # hardly better than grey
        ([(25, 20, 0.20), (24, 30, 0.19), (23.5, 40, 0.22)], 0.1),  # farther by LPIPS
        ([(25, 20, 0.19), (24, 30, 0.21), (23.5, 40, 0.22)], 0.0),
        ([(22, 20, 0.20), (21, 30, 0.19), (20.5, 40, 0.19)], 0.5),  # nothing is good enough
    ],
)
def test_the_default_is_the_most_vivid_point_within_the_rules(
    figures: list[tuple[float, float, float]], default: float
) -> None:
    assert _default(_line(*figures), truth=40, grey_psnr=22) == default

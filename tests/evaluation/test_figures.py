"""Figures have every key of metrics.json, and "better" is said only where a paired difference is one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from evaluation_files import photographs

from photochrom.evaluation import metrics
from photochrom.evaluation.figures import KEYS, differences, draw, figures, statistics
from photochrom.evaluation.intervals import Draws, Resamples
from photochrom.evaluation.scoring import MetricWeights, Scored, score
from photochrom.evaluation.subjects import Ceiling, Grey, MeanColor
from photochrom.evaluation.truths import Truth

TRUTHS = [Truth(name, rgb) for name, rgb in photographs(64).items()]
NAMES = [
    "psnr",
    "ssim",
    "lpips",
    "ciede2000",
    "cf_abs",
    "cf_exact",
    "dcf",
    "p10_cf",
    "auc",
    "auc_rebalanced",
    "kid768",
    "nll",
    "ece",
]


@pytest.fixture(scope="module")
def scored() -> Scored:
    return score(TRUTHS, [Grey(), MeanColor(), Ceiling()], MetricWeights())


@pytest.fixture(scope="module")
def drawn(scored: Scored) -> Mapping[str, Mapping[str, Draws]]:
    resamples = Resamples(len(TRUTHS))
    return {name: draw(resamples, statistics(scored, name)) for name in scored.subjects}


def test_every_key_is_there_and_what_was_not_measured_is_none(drawn: Mapping[str, Mapping[str, Draws]]) -> None:
    found = figures(drawn["mean"])
    assert list(found) == NAMES
    assert [key for key, figure in found.items() if figure is None] == ["lpips", "kid768", "nll", "ece"]
    for figure in found.values():
        assert figure is None or figure.low <= figure.value <= figure.high


def test_figures_are_those_of_the_metrics(scored: Scored, drawn: Mapping[str, Mapping[str, Draws]]) -> None:
    found, values, true = figures(drawn["mean"]), scored.subjects["mean"].values, scored.truth.values["cf_abs"]
    assert {key: figure.value for key, figure in found.items() if figure} == pytest.approx(
        {
            "psnr": metrics.mean_psnr(values["psnr"]),
            "ssim": values["ssim"].mean(),
            "ciede2000": values["ciede2000"].mean(),
            "cf_abs": values["cf_abs"].mean(),
            "cf_exact": values["cf_exact"].mean(),
            "dcf": metrics.colorfulness_gap(values["cf_abs"], true),
            "p10_cf": metrics.p10_colorfulness(values["cf_abs"], true),
            "auc": values["auc"].mean(),
            "auc_rebalanced": metrics.auc_rebalanced(
                scored.subjects["mean"].classes.sum(axis=0), scored.truth.classes.sum(axis=0)
            ),
        }
    )


def test_the_better_one_is_named_whichever_way_a_metric_counts(drawn: Mapping[str, Mapping[str, Draws]]) -> None:
    found = {each.key: each for each in differences(drawn, [("grey", "ceiling")])}
    assert set(found) == {key for key in NAMES if KEYS[key].higher_is_better is not None and key in drawn["grey"]}
    assert {each.better for each in found.values()} == {"ceiling"}
    assert found["psnr"].estimate.value < 0 < found["ciede2000"].estimate.value


def test_nobody_is_better_where_the_interval_holds_zero() -> None:
    noise = np.random.default_rng(0).normal(0, 1, 2000)
    drawn = {
        "a": {"psnr": Draws(0.1, 20 + noise), "ssim": Draws(0.9, 0.9 + 0 * noise)},
        "b": {"psnr": Draws(0, 20 + 0 * noise)},
    }
    (found,) = differences(drawn, [("a", "b")])
    assert (found.key, found.better) == ("psnr", "")

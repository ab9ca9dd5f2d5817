"""One pass finds of each picture what the metrics find of it alone; bad results come out at the bottom."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from evaluation_files import Rgb, photographs
from numpy.typing import NDArray
from skimage import data

from photochrom.color.lab import srgb_to_lab
from photochrom.color.luma import ab_to_cbcr, recombine
from photochrom.errors import DataError
from photochrom.evaluation import metrics
from photochrom.evaluation.figures import statistics
from photochrom.evaluation.inception_features import InceptionFeatures
from photochrom.evaluation.intervals import Resamples
from photochrom.evaluation.lpips import LpipsAlex
from photochrom.evaluation.progress import Stopwatch
from photochrom.evaluation.scoring import AB_EDGES, CLASSES, MetricWeights, Scored, score
from photochrom.evaluation.subjects import Ceiling, Grey, MeanColor, ModelSubject, Subject
from photochrom.evaluation.truths import Truth
from photochrom.networks.inception_v3 import InceptionV3
from photochrom.runtime.model import Model

PHOTOGRAPHS = photographs(64)
TRUTHS = [Truth(name, rgb, "samples", {"scene": name[:3]}) for name, rgb in PHOTOGRAPHS.items()]
UNEVEN = [*TRUTHS[:2], Truth("low", data.coffee()[100:148, 100:164]), TRUTHS[2]]


@pytest.fixture(scope="module")
def random_weights() -> MetricWeights:
    """The networks of LPIPS and KID before anybody trained them."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return MetricWeights(LpipsAlex(), InceptionFeatures(InceptionV3()))


@pytest.fixture(scope="module")
def scored() -> Scored:
    return score(TRUTHS, [Grey(), MeanColor(), Ceiling()], MetricWeights())


@pytest.mark.parametrize("subject", [MeanColor(), Ceiling()])
def test_every_value_is_that_of_the_metric_on_the_picture_alone(scored: Scored, subject: Subject) -> None:
    column = scored.subjects[subject.name]
    for i, truth in enumerate(TRUTHS):
        rgb = subject.color(truth)
        lab, true = srgb_to_lab(rgb), srgb_to_lab(truth.rgb)
        expected = {
            "psnr": metrics.psnr(rgb, truth.rgb),
            "ssim": metrics.ssim(rgb, truth.rgb),
            "ciede2000": metrics.ciede2000(lab, true).mean(),
            "cf_abs": metrics.colorfulness_abs(rgb),
            "cf_exact": metrics.colorfulness(rgb),
            "auc": metrics.auc(metrics.auc_score(lab[..., 1:], true[..., 1:])),
        }
        assert {key: values[i] for key, values in column.values.items()} == pytest.approx(expected, rel=1e-5)
        assert scored.truth.values["cf_abs"][i] == metrics.colorfulness_abs(truth.rgb)


def test_rebalanced_auc_comes_from_the_sums_by_class(scored: Scored) -> None:
    found = Resamples(len(TRUTHS)).estimate(statistics(scored, "mean")["auc_rebalanced"])
    ab = np.concatenate([srgb_to_lab(MeanColor().color(truth))[..., 1:].reshape(-1, 2) for truth in TRUTHS])
    true = np.concatenate([srgb_to_lab(truth.rgb)[..., 1:].reshape(-1, 2) for truth in TRUTHS])
    by_class = metrics.auc_by_class(metrics.auc_score(ab, true), CLASSES.nearest(true), len(CLASSES))
    assert found.value == pytest.approx(metrics.auc_rebalanced(*by_class))


def test_names_sources_and_labels_stay_with_their_pictures(scored: Scored) -> None:
    assert scored.names == tuple(PHOTOGRAPHS)
    assert set(scored.sources) == {"samples"}
    assert [labels["scene"] for labels in scored.labels] == [name[:3] for name in PHOTOGRAPHS]


def test_all_pixels_are_counted_by_color(scored: Scored) -> None:
    pixels = 64 * 64 * len(TRUTHS)
    for column in (scored.truth, *scored.subjects.values()):
        assert column.occupancy.sum() == column.chroma.sum() == pixels
    middle = np.searchsorted(AB_EDGES, 0)
    grey, truth = scored.subjects["grey"], scored.truth
    assert grey.chroma[0] == pixels
    assert grey.occupancy[middle - 1 : middle + 1, middle - 1 : middle + 1].sum() == pixels
    assert truth.classes.sum() == pixels
    # photographs have more pixels that are yellow and red than blue and green
    assert truth.occupancy[middle:].sum() > truth.occupancy[:middle].sum()
    assert truth.occupancy[:, middle:].sum() > truth.occupancy[:, :middle].sum()


def test_pictures_of_unequal_size_are_described_as_alone(random_weights: MetricWeights) -> None:
    watch = Stopwatch()
    found = score(UNEVEN, [Grey()], random_weights, watch=watch)
    lpips, inception = random_weights.lpips, random_weights.inception
    assert lpips is not None
    assert inception is not None
    for i, truth in enumerate(UNEVEN):
        pair = [torch.from_numpy(rgb)[None] for rgb in (Grey().color(truth), truth.rgb)]
        assert found.subjects["grey"].values["lpips"][i] == pytest.approx(float(lpips(*pair)), rel=1e-4)
    assert found.truth.features is not None
    np.testing.assert_allclose(found.truth.features[2:3], inception.describe([UNEVEN[2].rgb]), rtol=1e-3, atol=1e-5)
    assert {"grey", "reading", "metrics", "lpips", "kid"} <= set(watch.seconds)
    kid = Resamples(4).estimate(statistics(found, "grey")["kid768"]).value
    assert kid == pytest.approx(
        metrics.kid(found.subjects["grey"].features, found.truth.features, paired=True)  # type: ignore[arg-type]
    )


class _Counting(InceptionFeatures):
    """Counts the pictures that it looks at."""

    looked = 0

    def describe(self, pictures: Sequence[Rgb]) -> NDArray[np.float32]:
        self.looked += len(pictures)
        return np.zeros((len(pictures), 768), np.float32)


def test_the_truths_features_are_computed_once_whatever_number_of_results_there_is() -> None:
    counting = _Counting(InceptionV3())
    score(TRUTHS, [Grey(), MeanColor(), Ceiling()], MetricWeights(inception=counting))
    assert counting.looked == (1 + 3) * len(TRUTHS)


def test_each_photograph_is_read_once_and_counted_once() -> None:
    read, done = [], []

    def reading() -> object:
        for truth in TRUTHS:
            read.append(truth.name)
            yield truth

    score(reading(), [Grey(), MeanColor()], MetricWeights(), advance=lambda: done.append(1))  # type: ignore[arg-type]
    assert read == list(PHOTOGRAPHS)
    assert len(done) == len(TRUTHS)


def test_without_photographs_there_is_nothing_to_score() -> None:
    with pytest.raises(DataError, match="no photograph in colour"):
        score([], [Grey()], MetricWeights())


# --- results that are bad on purpose ------------------------------------------------------------


@dataclass(frozen=True)
class Sepia:
    """The tone of an old print over everything."""

    name: str = "sepia"

    def color(self, truth: Truth) -> Rgb:
        return MeanColor(ab=(6.0, 18.0)).color(truth)


@dataclass(frozen=True)
class RandomColors:
    """Smooth colours that have nothing to do with the picture."""

    name: str = "random"

    def color(self, truth: Truth) -> Rgb:
        rng = np.random.default_rng(sum(truth.name.encode()))
        size = truth.luma.shape[1] // 4, truth.luma.shape[0] // 4
        ab = cv2.resize(rng.normal(0, 40, (5, 5, 2)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
        cells = np.asarray(cv2.resize(truth.luma, size, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)
        rgb: Rgb = recombine(truth.luma, ab_to_cbcr(cells, ab))
        return rgb


def measured(weights: MetricWeights) -> Mapping[str, Mapping[str, float]]:
    """Figures of the bundled model and of bad results, on 128 px."""
    truths = [Truth(name, rgb) for name, rgb in photographs(128).items()]
    subjects: list[Subject] = [
        ModelSubject(Model.load("best", device="cpu", threads=1)),
        Grey(),
        Sepia(),
        RandomColors(),
    ]
    found = score(truths, subjects, weights)
    resamples = Resamples(len(truths))
    return {
        name: {key: resamples.estimate(each).value for key, each in statistics(found, name).items()}
        for name in found.subjects
    }


def test_bad_results_come_out_at_the_bottom_without_metric_weights() -> None:
    figures = measured(MetricWeights())
    for bad in ("grey", "sepia", "random"):
        assert figures[bad]["auc_rebalanced"] < figures["best"]["auc_rebalanced"] - 2
    # half-grey results are what p10-CF is for; that random colours are colourful is true
    for pale in ("grey", "sepia"):
        assert figures[pale]["p10_cf"] < figures["best"]["p10_cf"] - 0.1
    assert figures["random"]["auc_rebalanced"] < figures["grey"]["auc_rebalanced"]


@pytest.mark.skipif("PHOTOCHROM_METRIC_WEIGHTS" not in os.environ, reason="PHOTOCHROM_METRIC_WEIGHTS is not set")
def test_bad_results_come_out_at_the_bottom_by_lpips_and_kid() -> None:
    figures = measured(MetricWeights.load(Path(os.environ["PHOTOCHROM_METRIC_WEIGHTS"])))
    for bad in ("grey", "sepia", "random"):
        for key in ("lpips", "kid768"):
            assert figures[bad][key] > figures["best"][key], (bad, key)

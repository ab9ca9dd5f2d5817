"""Groups by label and source show where a result fails, although its mean over all photographs looks well."""

import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom.evaluation.metrics import psnr
from photochrom.evaluation.scenes import LEAST, Group, Scenes, measure_scenes
from photochrom.evaluation.scoring import MetricWeights, Scored, score
from photochrom.evaluation.subjects import Grey
from photochrom.evaluation.truths import Truth

INDOOR, OUTDOOR = 10, 20


def _truths() -> list[Truth]:
    rng = np.random.default_rng(1)
    truths = []
    for i in range(INDOOR + OUTDOOR):
        colors = rng.integers(0, 256, (4, 4, 3), np.uint8).repeat(9, 0).repeat(9, 1)
        labels = {
            "scene": "indoor" if i < INDOOR else "outdoor",
            "has_people": str(i % 2),
            "note": f"number {i}",
            "weather": "snow" if i == 0 else "sun",
            "grey": "0",
        }
        truths.append(Truth(str(i), colors, "here" if i % 3 else "there", labels))
    return truths


class Half:
    """Right outdoors, red noise indoors."""

    name = "half"

    def color(self, truth: Truth) -> NDArray[np.uint8]:
        if truth.labels["scene"] == "outdoor":
            return np.where(truth.rgb < 255, truth.rgb + 1, 254).astype(np.uint8)
        noise = np.random.default_rng(int(truth.name)).integers(0, 256, truth.rgb.shape, np.uint8)
        return np.stack([np.full(truth.luma.shape, 255, np.uint8), noise[..., 1], noise[..., 2]], -1)


@pytest.fixture(scope="module")
def scored() -> Scored:
    return score(_truths(), [Grey(), Half()], MetricWeights())


@pytest.fixture(scope="module")
def scenes(scored: Scored) -> Scenes:
    return measure_scenes(scored, ["half"])


def _group(scenes: Scenes, by: str, value: str) -> Group:
    (found,) = (group for group in scenes.groups if (group.by, group.value) == (by, value))
    return found


def test_photographs_are_grouped_by_labels_and_sources_the_largest_group_first(scenes: Scenes) -> None:
    assert [(group.by, group.value, group.photographs) for group in scenes.groups] == [
        ("scene", "outdoor", 20),
        ("scene", "indoor", 10),
        ("has_people", "no", 15),
        ("has_people", "yes", 15),
        ("weather", "sun", 29),
        ("source", "here", 20),
        ("source", "there", 10),
    ]


def test_what_makes_no_group_is_said(scenes: Scenes) -> None:
    assert scenes.left_out == (
        "note has 30 different entries, which are too many for scenes",
        "weather snow: 1 photograph is too few",
    )


def test_a_group_that_fails_is_seen_to_fail_beside_grey(scenes: Scenes) -> None:
    for value, better in (("indoor", "grey"), ("outdoor", "half")):
        group = _group(scenes, "scene", value)
        verdicts = {each.key: each for each in group.over_grey}
        assert {each.one for each in group.over_grey} == {"half"}
        assert verdicts["psnr"].better == verdicts["auc"].better == better
        difference = verdicts["psnr"].estimate
        one, other = (group.figures[name]["psnr"] for name in ("half", "grey"))
        assert one is not None
        assert other is not None
        assert difference.value == pytest.approx(one.value - other.value)


def test_figures_of_a_group_are_means_over_its_photographs_alone(scenes: Scenes) -> None:
    truths = [truth for truth in _truths() if truth.labels["scene"] == "indoor"]
    figure = _group(scenes, "scene", "indoor").figures["half"]["psnr"]
    assert figure is not None
    assert figure.value == pytest.approx(np.mean([psnr(Half().color(truth), truth.rgb) for truth in truths]))
    assert figure.low < figure.value < figure.high


def test_without_labels_and_sources_there_are_no_scenes() -> None:
    plain = [Truth(truth.name, truth.rgb) for truth in _truths()[:LEAST]]
    assert measure_scenes(score(plain, [Grey()], MetricWeights()), []) == Scenes((), ())

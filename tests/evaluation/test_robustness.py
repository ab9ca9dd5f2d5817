"""Each change of the input is undone before results are compared: only what the model makes of it counts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom.color.lab import lab_to_srgb, lightness
from photochrom.evaluation.robustness import CHANGES, Robustness, measure_robustness
from photochrom.evaluation.subjects import ModelSubject
from photochrom.evaluation.truths import Truth
from photochrom.runtime.model import Model

Luma = NDArray[np.uint8]

TRUTHS = [
    Truth("cup", np.ascontiguousarray(data.coffee()[100:228, 200:328])),
    Truth("face", np.ascontiguousarray(data.astronaut()[50:178, 150:262])),
]


class Painter:
    """Gives colours by a rule: a and b (H, W) of the luma (H, W)."""

    name = "painter"

    def __init__(self, rule: Any) -> None:
        self.rule = rule

    def look(self, luma: Luma) -> Luma:
        return luma

    def paint(self, luma: Luma) -> NDArray[np.uint8]:
        a, b = np.broadcast_arrays(*self.rule(luma), luma)[:2]
        return lab_to_srgb(np.stack([0.4 * lightness(luma) + 40, a, b], -1))


def _changes(rule: Any) -> dict[str, float]:
    painter: Any = Painter(rule)
    return {row.change: row.ab.value for row in measure_robustness(painter, TRUTHS).rows}


def test_one_colour_for_everything_moves_with_nothing() -> None:
    found = _changes(lambda luma: (12.0, -8.0))
    assert list(found) == list(CHANGES)
    assert max(found.values()) < 0.6  # rounding to 8 bit


def test_colour_by_luma_moves_with_light_alone() -> None:
    found = _changes(lambda luma: (0.15 * luma.astype(np.float32) - 20, 10.0))
    assert found["brighter"] > 1.5
    assert found["flipped"] == 0
    assert found["cropped to 80 %"] < 0.5
    assert found["double the size"] < 0.5
    assert found["half the size"] < 0.5


def test_colour_by_place_moves_where_things_are_elsewhere() -> None:
    def by_place(luma: Luma) -> tuple[NDArray[np.float32], float]:
        return np.linspace(-30, 30, luma.shape[1], dtype=np.float32)[None], 10.0

    found = _changes(by_place)
    assert found["flipped"] > 25
    assert found["cropped to 80 %"] > 2
    assert max(found[name] for name in ("half the size", "double the size", "brighter", "grain", "JPEG")) < 0.6


def test_colour_by_the_mean_luma_moves_with_it_and_how_much_is_known() -> None:
    found = _changes(lambda luma: (30 * float(luma.mean()) / 255, 0.0))
    means = [np.mean((truth.luma / 255) ** 0.85) - np.mean(truth.luma / 255) for truth in TRUTHS]
    assert found["brighter"] == pytest.approx(30 * np.mean(means), abs=0.3)


def test_grain_and_brightness_are_the_same_in_every_run_and_chroma_stands_beside(tiny: Path) -> None:
    subject = ModelSubject(Model.load(tiny, device="cpu"))
    found = measure_robustness(subject, TRUTHS)
    assert found == measure_robustness(subject, TRUTHS)
    assert isinstance(found, Robustness)
    assert (found.model, found.photographs) == ("tiny", 2)
    assert found.chroma.value > 1
    with pytest.raises(ValueError, match="at least one"):
        measure_robustness(subject, [])

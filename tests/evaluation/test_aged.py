"""Ageing changes the luma in its own way each time, the same for a name, and is scored on ab alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom.color.lab import srgb_to_lab
from photochrom.color.luma import luma
from photochrom.evaluation.aged import KINDS, aged_luma, measure_ageing
from photochrom.evaluation.metrics import auc, auc_score
from photochrom.evaluation.subjects import ModelSubject
from photochrom.evaluation.truths import Truth
from photochrom.runtime.model import Model

CUP = Truth("cup", np.ascontiguousarray(data.coffee()[100:228, 200:328]))
FACE = Truth("face", np.ascontiguousarray(data.astronaut()[50:178, 150:278]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_photograph_ages_the_same_each_time_and_each_kind_shows(kind: str) -> None:
    aged = aged_luma(CUP, kind)
    assert aged.dtype == np.uint8
    assert aged.shape == CUP.luma.shape
    assert np.array_equal(aged, aged_luma(CUP, kind))
    assert np.abs(aged.astype(int) - CUP.luma).mean() > 0.5


def test_emulsions_without_red_see_a_red_thing_dark_and_a_blue_one_light() -> None:
    patches = Truth("patches", np.repeat(np.array([[(200, 60, 50), (60, 80, 200)]], np.uint8), 16, 0).repeat(16, 1))
    for kind in ("orthochromatic", "blue-sensitive"):
        aged = aged_luma(patches, kind).astype(int)
        assert aged[0, 0] < patches.luma[0, 0] - 20
        assert aged[0, -1] > patches.luma[0, -1] + 20


def test_grain_differs_from_photograph_to_photograph() -> None:
    other = Truth("another", CUP.rgb)
    assert not np.array_equal(aged_luma(CUP, "grain"), aged_luma(other, "grain"))
    assert np.array_equal(aged_luma(CUP, "blur"), aged_luma(other, "blur"))


def test_every_kind_has_a_row_and_the_means_are_those_of_the_rows(tiny: Path) -> None:
    subject = ModelSubject(Model.load(tiny, device="cpu"))
    found = measure_ageing(subject, [CUP, FACE])
    assert [row.kind for row in found.rows] == ["clean", *KINDS]
    clean, aged = found.rows[0].auc.value, np.mean([row.auc.value for row in found.rows[1:]])
    assert found.aged.auc.value == pytest.approx(aged)
    assert found.both.auc.value == pytest.approx((clean + aged) / 2)
    assert found.aged.auc_lost.value == pytest.approx(clean - aged)
    assert found.rows[0].auc_lost.value == 0
    scores = []
    for truth in (CUP, FACE):
        result = srgb_to_lab(subject.paint(subject.look(truth.luma), vividness=0))[..., 1:]
        scores.append(auc(auc_score(result, srgb_to_lab(truth.rgb)[..., 1:])))
    assert clean == pytest.approx(np.mean(scores))


class Knowing:
    """Knows the colours of clean pictures by heart and sees nothing but grey in any other."""

    name = "knowing"

    def look(self, given: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return given

    def paint(self, given: NDArray[np.uint8], *, vividness: float) -> NDArray[np.uint8]:
        known = [truth.rgb for truth in (CUP, FACE) if np.array_equal(luma(truth.rgb), given)]
        return known[0] if known else np.repeat(given[..., None], 3, -1)


def test_a_model_that_fails_on_old_material_falls_to_grey_and_is_pale() -> None:
    subject: Any = Knowing()
    found = measure_ageing(subject, [CUP, FACE])
    clean, *aged = found.rows
    assert clean.ab_error.value == 0
    for row in aged:
        assert row.ab_error.value == pytest.approx(found.grey.ab_error.value, abs=1e-3)
        assert row.chroma.value == pytest.approx(0, abs=1e-4)
        assert row.auc_lost.low > 0


def test_without_photographs_there_is_nothing_to_measure() -> None:
    subject: Any = Knowing()
    with pytest.raises(ValueError, match="at least one"):
        measure_ageing(subject, [])

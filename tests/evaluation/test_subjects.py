"""What is scored is what people get: models paint as Colorizer does, baselines go the same way, results are checked."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from evaluation_files import Rgb, grey, photographs, write_folder
from skimage import data

from photochrom import Colorizer
from photochrom.color.luma import luma
from photochrom.errors import DataError
from photochrom.evaluation.metrics import psnr
from photochrom.evaluation.subjects import Ceiling, Finished, Grey, MeanColor, ModelSubject, Subject, joined
from photochrom.evaluation.truths import Truth, Truths
from photochrom.hints.known import Known
from photochrom.runtime.model import Model

PHOTOGRAPHS = photographs(64)
TRUTH = Truth("coffee", data.coffee()[60:316, 150:406])


@pytest.fixture(scope="module")
def model(tiny: Path) -> Model:
    return Model.load(tiny, device="cpu", threads=1)


@pytest.fixture
def truths(tmp_path: Path) -> Truths:
    return Truths.open(write_folder(tmp_path / "photos", PHOTOGRAPHS))


@pytest.mark.parametrize("shape", [(256, 256), (100, 256), (250, 90)])
@pytest.mark.parametrize("vividness", [None, 0.0, 0.8])
def test_a_model_gives_exactly_what_colorizer_gives(
    tiny: Path, model: Model, shape: tuple[int, int], vividness: float | None
) -> None:
    given = luma(data.coffee()[: shape[0], : shape[1]])
    expected = Colorizer(tiny, device="cpu", threads=1).open(given).paint(vividness=vividness).rgb()
    subject = ModelSubject(model, vividness)
    np.testing.assert_array_equal(subject.paint(subject.look(given)), expected)


def test_one_look_serves_every_vividness_of_a_model(model: Model) -> None:
    usual = ModelSubject(model)
    accurate = usual.at(0, "accurate")
    look = usual.look(TRUTH.luma)
    assert accurate.look(TRUTH.luma) is look
    np.testing.assert_array_equal(accurate.color(TRUTH), usual.paint(look, vividness=0))
    assert usual.look(TRUTH.luma.copy()) is not look
    assert (usual.name, accurate.name) == ("tiny", "accurate")


def test_hints_reach_the_model(model: Model) -> None:
    subject = ModelSubject(model)
    look = subject.look(TRUTH.luma)
    at, size = np.array([[20, 20]]), (look.luma01.shape[0], look.luma01.shape[1])
    known = Known(at, np.array([[60.0, 20.0]], np.float32), np.array([0]), size)
    assert np.abs(subject.ab(look, known=known) - subject.ab(look)).max() > 1
    assert subject.paint(look, known=known).shape == TRUTH.rgb.shape


@pytest.mark.parametrize("subject", [Grey(), MeanColor(), Ceiling(), MeanColor(area=96 * 96)])
def test_baselines_keep_the_light_of_what_is_given(subject: Subject) -> None:
    rgb = subject.color(TRUTH)
    assert rgb.shape == TRUTH.rgb.shape
    assert np.abs(luma(rgb).astype(int) - TRUTH.luma).max() <= 1


def test_the_ceiling_is_far_better_than_mean_and_grey_and_sinks_with_the_working_size() -> None:
    scores = [psnr(subject.color(TRUTH), TRUTH.rgb) for subject in (Ceiling(), Ceiling(area=96 * 96), Grey())]
    assert scores[0] > scores[1] + 1 > scores[2] + 3


def test_finished_pictures_are_found_by_name_whole_cropped_or_with_the_ending_of_our_own(tmp_path: Path) -> None:
    photos = write_folder(tmp_path / "photos", {"large": data.astronaut(), "small": PHOTOGRAPHS["coffee-0"]})
    truths = Truths.open(photos)
    results = {"large": data.astronaut() // 2, "small-colour": PHOTOGRAPHS["coffee-0"] // 2}
    whole = Finished("other", write_folder(tmp_path / "whole", results), truths)
    cropped = {"large": results["large"][128:384, 128:384], "small": results["small-colour"]}
    crops = Finished("other", write_folder(tmp_path / "crops", cropped), truths)
    for truth in truths:
        np.testing.assert_array_equal(whole.color(truth), truth.rgb // 2)
        np.testing.assert_array_equal(crops.color(truth), truth.rgb // 2)


def test_pictures_of_photographs_that_are_not_measured_may_be_there(tmp_path: Path) -> None:
    photos = {**PHOTOGRAPHS, "old": grey(PHOTOGRAPHS["coffee-0"])}
    truths = Truths.open(write_folder(tmp_path / "photos", photos), limit=3)
    assert Finished("other", write_folder(tmp_path / "results", photos), truths).color(truths[0]).shape == (64, 64, 3)


def test_results_that_do_not_belong_to_the_photographs_are_refused(truths: Truths, tmp_path: Path) -> None:
    def refused(pictures: dict[str, Rgb]) -> str:
        folder = write_folder(tmp_path / f"results-{len(list(tmp_path.iterdir()))}", pictures)
        with pytest.raises(DataError) as caught:
            Finished("other", folder, truths)
        assert str(caught.value).startswith("the results other: ")
        return str(caught.value)

    fewer = {name: rgb for name, rgb in PHOTOGRAPHS.items() if name != "coffee-2"}
    assert "lacks 1 of 12 photographs, such as coffee-2" in refused(fewer)
    assert "lacks 12 of 12" in refused({})
    assert "1 pictures" in refused({**PHOTOGRAPHS, "stranger": PHOTOGRAPHS["coffee-0"]})
    assert "are of one photograph" in refused({**PHOTOGRAPHS, "coffee-2-colour": PHOTOGRAPHS["coffee-2"]})
    smaller = refused({**PHOTOGRAPHS, "coffee-2": PHOTOGRAPHS["coffee-2"][:60]})
    assert "coffee-2.png is 64x60, the photograph is 64x64" in smaller
    with pytest.raises(DataError, match="there is no folder"):
        Finished("other", tmp_path / "none", truths)


def test_results_under_each_others_names_or_made_smaller_are_refused(tmp_path: Path) -> None:
    swapped = {**PHOTOGRAPHS, "coffee-0": PHOTOGRAPHS["chelsea-0"], "chelsea-0": PHOTOGRAPHS["coffee-0"]}
    truths = Truths.open(write_folder(tmp_path / "photos", PHOTOGRAPHS))
    with pytest.raises(DataError, match=r"chelsea-0\.png does not show the photograph chelsea-0"):
        Finished("other", write_folder(tmp_path / "swapped", swapped), truths)
    large = Truths.open(write_folder(tmp_path / "large", {"astronaut": data.astronaut()}))
    made_smaller = np.asarray(cv2.resize(data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    with pytest.raises(DataError, match="not the same part"):
        Finished("other", write_folder(tmp_path / "smaller", {"astronaut": made_smaller}), large)


def test_whatever_its_colors_a_result_is_known_by_its_light(tmp_path: Path) -> None:
    truths = Truths.open(write_folder(tmp_path / "photos", PHOTOGRAPHS))
    random: dict[str, Rgb] = {}
    for name, rgb in PHOTOGRAPHS.items():
        colors = np.random.default_rng(len(random)).normal(0, 60, (64, 64, 2)).astype(np.float32)
        random[name] = joined(luma(rgb), luma(rgb).astype(np.float32) / np.float32(255), colors)
    flat = {"flat": np.full((64, 64, 3), (90, 120, 60), np.uint8)}
    assert Finished("random", write_folder(tmp_path / "random", random), truths).color(truths[0]).any()
    alone = Truths.open(write_folder(tmp_path / "flat", flat))
    assert Finished("flat", write_folder(tmp_path / "results", flat), alone).color(alone[0]).any()


def test_a_damaged_result_is_named(truths: Truths, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "results", PHOTOGRAPHS)
    (folder / "coffee-2.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="coffee-2 is damaged"):
        Finished("other", folder, truths)

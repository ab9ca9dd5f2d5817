"""The same photographs in the same order from whatever holds them, and nothing left out without a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluation_files import grey, photographs, write_folder, write_tar
from skimage import data
from training_files import Picture, write_shards

from photochrom.color.luma import luma
from photochrom.errors import DataError
from photochrom.evaluation.truths import Truth, Truths

PHOTOGRAPHS = photographs(48)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "photos", PHOTOGRAPHS)


def labels(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_folder_tar_and_manifest_give_the_same_photographs(folder: Path, tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "photos.tar", PHOTOGRAPHS)
    pictures = [Picture(name, rgb, "val", source="samples", suffix="png") for name, rgb in PHOTOGRAPHS.items()]
    manifest = write_shards(tmp_path, [*pictures, Picture("other", data.astronaut(), "train", suffix="png")])
    for truths in (Truths.open(folder), Truths.open(tar), Truths.open(manifest, split="val")):
        assert {truth.name for truth in truths} == set(PHOTOGRAPHS)
        for truth in truths:
            np.testing.assert_array_equal(truth.rgb, PHOTOGRAPHS[truth.name])
            assert truth.source == ("samples" if truths.split else "")
    assert list(Truths.open(folder).names) == sorted(PHOTOGRAPHS) == Truths.open(tar).names


def test_large_photographs_are_cropped_to_their_center_and_small_ones_stay_whole(tmp_path: Path) -> None:
    rgb = data.astronaut()
    truths = Truths.open(write_folder(tmp_path, {"large": rgb, "low": rgb[:100]}))
    np.testing.assert_array_equal(truths.read("large").rgb, rgb[128:384, 128:384])
    np.testing.assert_array_equal(truths.read("low").rgb, rgb[:100, 128:384])
    assert truths.full_size("large") == (512, 512)


def test_a_limit_takes_photographs_spread_evenly_over_the_set(folder: Path) -> None:
    names = sorted(PHOTOGRAPHS)
    truths = Truths.open(folder, limit=3)
    assert truths.names == [names[0], names[6], names[11]]
    assert truths.all_names == names
    assert [truth.name for truth in truths.some(2)] == [names[0], names[11]]
    assert Truths.open(folder, limit=99).names == names


def test_photographs_without_colors_are_left_out_and_named(folder: Path, tmp_path: Path) -> None:
    write_folder(folder, {"old": grey(PHOTOGRAPHS["coffee-0"])})
    truths = Truths.open(folder)
    assert truths.left_out == ["old"]
    assert truths.names == sorted(PHOTOGRAPHS)
    assert truths.read("old").rgb.shape == (48, 48, 3), "it can still be looked at"


def test_what_lies_in_a_folder_and_is_not_read_is_named(folder: Path) -> None:
    for name in ("photo.tif", "notes.txt", ".hidden"):
        (folder / name).write_bytes(b"")
    (folder / "more").mkdir()
    truths = Truths.open(folder)
    assert truths.passed_over == ["more", "notes.txt", "photo.tif"]
    assert truths.names == sorted(PHOTOGRAPHS)


def test_those_flagged_grey_by_the_labels_are_left_out_and_the_others_carry_their_row(
    folder: Path, tmp_path: Path
) -> None:
    rows = "".join(f"{name},indoor,{int(name == 'coffee-1')}\n" for name in [*PHOTOGRAPHS, "of-another-split"])
    truths = Truths.open(folder, labels=labels(tmp_path / "labels.csv", f"name,scene,grey\n{rows}"))
    assert truths.left_out == ["coffee-1"]
    assert truths.read("coffee-0").labels == {"scene": "indoor", "grey": "0"}


def test_a_folder_of_grey_photographs_has_no_truth_but_keeps_them(tmp_path: Path) -> None:
    truths = Truths.open(write_folder(tmp_path, {name: grey(rgb) for name, rgb in PHOTOGRAPHS.items()}))
    assert len(truths) == 0
    assert truths.left_out == sorted(PHOTOGRAPHS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,grey\n", "no column `name`"),
        ("name,grey\ncoffee-0,0\n", "no row for 11 of 12 photographs"),
        ("name,grey\ncoffee-0,0\ncoffee-0,1\n", "two rows for one photograph"),
        ("name,grey\n" + "".join(f"{name},no\n" for name in PHOTOGRAPHS), "neither 0 nor 1"),
    ],
)
def test_labels_that_do_not_belong_to_the_data_are_refused(folder: Path, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=f"labels.csv.*{said}"):
        Truths.open(folder, labels=labels(tmp_path / "labels.csv", text))
    with pytest.raises(DataError, match=r"none\.csv can't be read"):
        Truths.open(folder, labels=tmp_path / "none.csv")


def test_data_that_can_not_be_measured_on_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no pictures"):
        Truths.open(tmp_path / "empty")
    with pytest.raises(DataError, match=r"there is no .*none\.tar"):
        Truths.open(tmp_path / "none.tar")
    with pytest.raises(DataError, match="needs a split"):
        Truths.open(tmp_path / "manifest.csv")
    with pytest.raises(DataError, match="only a manifest has splits"):
        Truths.open(folder, split="val")
    (folder / "coffee-0.jpg").write_bytes((folder / "coffee-0.png").read_bytes())
    with pytest.raises(DataError, match="two photographs of the name coffee-0"):
        Truths.open(folder)
    (folder / "coffee-0.jpg").unlink()
    (folder / "coffee-0.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="coffee-0 is damaged"):
        Truths.open(folder)


@pytest.mark.parametrize(("height", "width"), [(31, 31), (40, 200)])
def test_a_picture_that_the_metrics_can_not_see_is_refused(tmp_path: Path, height: int, width: int) -> None:
    with pytest.raises(DataError, match=f"tiny is {width}x{height}"):
        Truths.open(write_folder(tmp_path, {"tiny": data.astronaut()[:height, :width]}))


def test_what_a_model_is_given_is_the_luma_unless_said_otherwise() -> None:
    truth = Truth("a", PHOTOGRAPHS["coffee-0"])
    np.testing.assert_array_equal(truth.luma, luma(truth.rgb))
    assert truth.luma is truth.luma, "made once"
    brighter = np.minimum(truth.luma, 200).astype(np.uint8) + np.uint8(20)
    np.testing.assert_array_equal(truth.seen_as(brighter).luma, brighter)
    np.testing.assert_array_equal(truth.seen_as(brighter).rgb, truth.rgb)
    with pytest.raises(ValueError, match="grey picture"):
        truth.seen_as(brighter[1:])


def test_the_papers_give_lightness_which_differs_from_luma_where_there_is_color() -> None:
    red, dark = (np.full((32, 32, 3), color, np.uint8) for color in ((255, 0, 0), (90, 90, 90)))
    # L* of sRGB red is 53.24, that of the grey 127 is 53.19 and that of 128 53.59
    assert set(Truth("red", red).as_papers_give_it().luma.ravel()) == {127}
    np.testing.assert_array_equal(Truth("grey", dark).as_papers_give_it().luma, 90)

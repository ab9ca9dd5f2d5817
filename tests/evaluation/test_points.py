"""Points pass where hue and chroma lie in their region, and three figures sum them up."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from photochrom.color.lab import lab_to_srgb
from photochrom.colorizer import Colorizer
from photochrom.errors import DataError, PhotochromError
from photochrom.evaluation.intervals import Estimate
from photochrom.evaluation.points import (
    Point,
    Region,
    _estimates,
    headline,
    judge,
    measure_points,
    read_points,
    read_regions,
    shares,
)
from photochrom.evaluation.subjects import ModelSubject
from photochrom.runtime.model import Model

SKIN = Region("colour", (9, 45), (18, 80))
SKY = Region("colour", (6, 56), (228, 294))
CLOTH = Region("neutral", (0, 12), (230, 330), hue_free_below=8)
PAPER = Region("neutral", (0, 11))
REGIONS = {"skin": SKIN, "sky": SKY, "cloth": CLOTH, "paper": PAPER}


def at(chroma: float, hue: float) -> tuple[float, float]:
    return chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))


@pytest.mark.parametrize(
    ("region", "chroma", "hue", "passes"),
    [
        (SKIN, 20, 50, True),
        (SKIN, 8, 50, False),
        (SKIN, 46, 50, False),
        (SKIN, 20, 17, False),
        (SKIN, 20, 81, False),
        (SKY, 20, 260, True),
        (SKY, 20, 80, False),
        (CLOTH, 7, 50, True),
        (CLOTH, 10, 50, False),
        (CLOTH, 10, 280, True),
        (PAPER, 10, 123, True),
        (PAPER, 12, 123, False),
        (Region("earth", (0, 50), (350, 10)), 20, 0, True),
        (Region("earth", (0, 50), (350, 10)), 20, 180, False),
    ],
)
def test_a_region_is_a_range_of_hue_and_chroma(region: Region, chroma: float, hue: float, passes: bool) -> None:
    assert region.contains(*at(chroma, hue)) is passes


def test_the_mean_of_the_patch_is_judged_and_stays_inside_the_picture() -> None:
    lab = np.zeros((20, 30, 3))
    lab[..., 0] = 60
    lab[:, 15:, 1:] = at(25, 50)
    rgb = lab_to_srgb(lab)
    points = [Point("a.jpg", x, y, "skin") for x, y in [(0, 0), (12, 10), (17, 10), (29, 19)]]
    verdicts = judge(rgb, points, REGIONS)
    assert [verdict.passed for verdict in verdicts] == [False, False, True, True]
    assert verdicts[3].lab == pytest.approx((60, *at(25, 50)), abs=0.7)
    half = judge(rgb, [Point("a.jpg", 15, 10, "skin")], REGIONS)[0]
    assert half.lab[1] == pytest.approx(at(25, 50)[0] * 3 / 5, abs=0.7)
    with pytest.raises(DataError, match="30,0 lies outside a picture of 30x20"):
        judge(rgb, [Point("a.jpg", 30, 0, "skin")], REGIONS)


def test_every_class_of_a_group_counts_the_same() -> None:
    grey = np.full((9, 9, 3), 128, np.uint8)
    points = [Point("a.jpg", 4, 4, kind) for kind in ("skin", "sky", "cloth", "cloth", "paper")]
    verdicts = judge(grey, points, REGIONS)
    assert shares(verdicts) == {"skin": (0, 1), "sky": (0, 1), "cloth": (2, 2), "paper": (1, 1)}
    assert headline(verdicts, REGIONS) == {"skin": 0, "colour": 0, "neutral": 100}
    warm = lab_to_srgb(np.tile([60.0, *at(20, 50)], (9, 9, 1)))
    assert headline(judge(warm, points, REGIONS), REGIONS) == {"skin": 100, "colour": 50, "neutral": 0}
    assert headline(judge(warm, points[1:2], REGIONS), REGIONS) == {"colour": 0}


def test_files_are_read_and_bad_ones_named(tmp_path: Path) -> None:
    classes, points = tmp_path / "classes.json", tmp_path / "points.csv"
    classes.write_text(
        json.dumps(
            {
                "_about": "a comment",
                "skin": {"group": "colour", "hue": [18, 80], "chroma": [9, 45]},
                "paper": {"group": "neutral", "hue": None, "chroma": [0, 11], "hue_free_below": 2},
            }
        )
    )
    regions = read_regions(classes)
    assert regions == {"skin": SKIN, "paper": Region("neutral", (0, 11), hue_free_below=2)}
    points.write_text("file,x,y,class,note\na.jpg,3,4,skin,cheek\n")
    assert read_points(points, regions) == [Point("a.jpg", 3, 4, "skin", "cheek")]
    points.write_text("file,x,y,class\na.jpg,3,4,hat\n")
    with pytest.raises(DataError, match="no region: hat"):
        read_points(points, regions)
    points.write_text("file,x\na.jpg,3\n")
    with pytest.raises(DataError, match=r"points\.csv"):
        read_points(points, regions)
    classes.write_text("{")
    with pytest.raises(DataError, match=r"classes\.json"):
        read_regions(classes)
    with pytest.raises(DataError, match=r"missing\.json"):
        read_regions(tmp_path / "missing.json")


@pytest.fixture
def historic(tmp_path: Path) -> Path:
    """Two photographs with points on them, of which every colour passes, and others that none does."""
    Image.fromarray(data.camera()).save(tmp_path / "camera.png")
    Image.fromarray(data.camera()[:90, :100]).save(tmp_path / "small.png")
    lines = [
        "file,x,y,class,note",
        "camera.png,10,20,skin,a cheek",
        "camera.png,300,200,cloth,a coat",
        "camera.png,511,511,sky,",
        "small.png,50,50,skin,",
        "small.png,3,4,cloth,",
    ]
    (tmp_path / "points.csv").write_text("\n".join(lines) + "\n")
    region = {"hue": None, "chroma": [0, 200]}
    never = {"hue": None, "chroma": [900, 901]}
    classes = {
        "skin": {"group": "colour", **region},
        "sky": {"group": "colour", **never},
        "cloth": {"group": "neutral", **never},
    }
    (tmp_path / "classes.json").write_text(json.dumps(classes))
    return tmp_path / "points.csv"


def test_a_model_is_judged_on_the_photographs_beside_the_points(historic: Path, tiny: Path) -> None:
    found = measure_points(ModelSubject(Model.load(tiny, device="cpu")), historic)
    assert (found.model, found.photographs) == ("tiny", 2)
    assert {name: figure.value for name, figure in found.headline.items()} == {"skin": 100, "colour": 50, "neutral": 0}
    assert found.classes == {"skin": (2, 2), "cloth": (0, 2), "sky": (0, 1)}
    assert found.groups == {"skin": "colour", "cloth": "neutral", "sky": "colour"}


def test_every_miss_has_its_picture_with_a_ring_in_the_colours_that_people_get(historic: Path, tiny: Path) -> None:
    found = measure_points(ModelSubject(Model.load(tiny, device="cpu"), 0.2), historic)
    assert [(miss.verdict.point.file, miss.verdict.point.kind) for miss in found.misses] == [
        ("camera.png", "cloth"),
        ("camera.png", "sky"),
        ("small.png", "cloth"),
    ]
    assert [miss.crop.shape for miss in found.misses] == [(128, 128, 3), (128, 128, 3), (90, 100, 3)]
    whole = np.asarray(Colorizer(tiny).open(historic.with_name("camera.png")).paint(vividness=0.2))
    part = whole[200 - 64 : 200 + 64, 300 - 64 : 300 + 64]
    differs = (found.misses[0].crop != part).any(-1)
    y, x = np.nonzero(differs)
    assert np.hypot(y - 64, x - 64) == pytest.approx(np.full(len(y), 9), abs=4)
    assert len(y) > 80
    assert found.misses[0].region.chroma == (900, 901)


def test_intervals_are_those_of_photographs_that_stand_and_fall_together() -> None:
    grey = np.full((9, 9, 3), 128, np.uint8)
    warm = lab_to_srgb(np.tile([60.0, *at(20, 50)], (9, 9, 1)))
    verdicts = [
        *judge(grey, [Point("a.jpg", 4, 4, "skin")] * 50, REGIONS),
        *judge(warm, [Point("b.jpg", 4, 4, "skin")] * 50, REGIONS),
    ]
    found = _estimates(verdicts, REGIONS)["skin"]
    assert found == Estimate(50, 0, 100)


def test_points_without_photograph_or_any_point_are_named(historic: Path, tiny: Path) -> None:
    subject = ModelSubject(Model.load(tiny, device="cpu"))
    historic.with_name("small.png").unlink()
    with pytest.raises(PhotochromError, match=r"small\.png"):
        measure_points(subject, historic)
    historic.write_text("file,x,y,class,note\n")
    with pytest.raises(DataError, match="no points"):
        measure_points(subject, historic)

"""The points benchmark colours a folder's photographs and says which of three figures will do."""

from pathlib import Path

import pytest
from benchmark_script import script
from PIL import Image
from skimage import data

points = script("points")

ANY = '{"group": "colour", "hue": null, "chroma": [0, 200]}'
NONE = '{"group": "neutral", "hue": null, "chroma": [900, 901]}'


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    Image.fromarray(data.camera()).save(tmp_path / "camera.png")
    (tmp_path / "points.csv").write_text(
        "file,x,y,class,note\ncamera.png,10,20,skin,a cheek\ncamera.png,300,20,sky,\ncamera.png,511,511,grass,\n"
    )
    (tmp_path / "classes.json").write_text(f'{{"skin": {ANY}, "sky": {ANY}, "grass": {NONE}}}')
    return tmp_path


def test_each_class_and_figure_is_printed_with_what_it_reached(
    photos: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert points.main(["--photos", str(photos), "--model", str(tiny), "-v"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("ok") for line in lines) == 2
    assert sum(line.startswith("MISS") for line in lines) == 1
    assert "skin            1 of   1  100.0 %  (colour)" in lines
    assert "pass  skin: 100.0 % (target at least 75 %)" in lines
    assert "pass  colour: 100.0 % (target at least 85 %)" in lines
    assert "FAIL  neutral: 0.0 % (target at least 85 %)" in lines


def test_all_three_reached_ends_with_0(photos: Path, tiny: Path) -> None:
    neutral = ANY.replace("colour", "neutral")
    (photos / "classes.json").write_text(f'{{"skin": {ANY}, "sky": {ANY}, "grass": {neutral}}}')
    assert points.main(["--photos", str(photos), "--model", str(tiny)]) == 0


def test_a_figure_without_points_is_not_reached(photos: Path, tiny: Path) -> None:
    (photos / "points.csv").write_text("file,x,y,class,note\ncamera.png,10,20,skin,\n")
    assert points.main(["--photos", str(photos), "--model", str(tiny)]) == 1


def test_bad_input_is_named_and_ends_with_2(photos: Path, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (photos / "points.csv").write_text("file,x,y,class,note\nnobody.png,10,20,skin,\n")
    assert points.main(["--photos", str(photos), "--model", str(tiny)]) == 2
    assert "nobody.png" in capsys.readouterr().err
    assert points.main(["--photos", str(photos / "none"), "--model", str(tiny)]) == 2
    assert "classes.json" in capsys.readouterr().err

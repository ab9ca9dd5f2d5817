"""Projects: a colouring kept, read back from its file or its result, and replayed on another scan."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage
import tiny_model
from PIL import Image, ImageSequence

import photochrom
from photochrom import Hint, Project, Stroke
from photochrom.colorizer import Colorizer
from photochrom.errors import PhotoError, UsageError
from photochrom.photo import PhotoWarning
from photochrom.photo.label import labelled

HINTS = (
    Hint(40, 30, "#a03050", radius=8, note="mother's red dress, says Anna"),
    Stroke([(100, 20), (140, 60)], "navy", radius=4, note="制服, museum no. 114"),
)


@pytest.fixture(scope="module")
def painter(tiny: Path) -> Colorizer:
    return Colorizer(tiny, threads=1)


def scan(folder: Path, name: str = "family.png", size: tuple[int, int] = (240, 160)) -> Path:
    path = folder / name
    Image.fromarray(skimage.data.coffee()).convert("L").resize(size, Image.Resampling.LANCZOS).save(path)
    return path


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    pixels = np.zeros((160, 240), bool)
    pixels[:, 200:] = True
    (tmp_path / "masks").mkdir()
    Image.fromarray(pixels).save(tmp_path / "masks" / "right.png")
    return tmp_path / "masks" / "right.png"


def painted(painter: Colorizer, folder: Path, mask: Path | None = None) -> photochrom.Photo:
    canvas = painter.open(scan(folder), detail=1.5).refine((10, 10, 90, 80))
    return canvas.paint(hints=HINTS, vividness=0.7, strength=0.8, warmth=0.2, keep_grey=mask)


def test_a_label_is_written_again(painter: Colorizer, tmp_path: Path) -> None:
    photo = labelled(painter.open(scan(tmp_path)).paint(hints=HINTS))
    again = painter.replay(Project.of(photo), tmp_path / "family.png")
    assert np.array_equal(again.rgb(), photo.rgb())
    assert again.record == photo.record


@pytest.mark.filterwarnings("error")
def test_a_saved_project_gives_the_same_picture_again(painter: Colorizer, tmp_path: Path, mask: Path) -> None:
    photo = painted(painter, tmp_path, mask)
    Project.of(photo).save(tmp_path / "family.photochrom")
    again = painter.replay(Project.read(tmp_path / "family.photochrom"), tmp_path / "family.png")
    assert np.array_equal(again.rgb(), photo.rgb())
    assert again.record == photo.record


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "webp"])
def test_a_result_is_its_own_project(painter: Colorizer, tmp_path: Path, kind: str) -> None:
    photo = painted(painter, tmp_path)
    photo.save(tmp_path / f"family-colour.{kind}")
    project = Project.read(tmp_path / f"family-colour.{kind}")
    assert project.hints == HINTS
    assert (project.sha256, project.size, project.model) == (photo.sha256, (240, 160), painter.model.identity)
    assert np.array_equal(painter.replay(project, tmp_path / "family.png").rgb(), photo.rgb())


def test_a_smaller_copy_of_a_result_still_knows_where_its_hints_lie(painter: Colorizer, tmp_path: Path) -> None:
    painted(painter, tmp_path).save(tmp_path / "whole.png")
    with Image.open(tmp_path / "whole.png") as whole:
        whole.resize((60, 40)).save(tmp_path / "small.png", pnginfo=_xmp(whole))
    project = Project.read(tmp_path / "small.png")
    assert (project.size, project.hints) == ((240, 160), HINTS)


def _xmp(image: Image.Image) -> Any:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    packet = image.info["xmp"]
    info.add_itxt("XML:com.adobe.xmp", packet.decode() if isinstance(packet, bytes) else packet)
    return info


def test_on_a_better_scan_hints_and_boxes_lie_on_the_same_things(painter: Colorizer, tmp_path: Path) -> None:
    project = Project.of(painted(painter, tmp_path))
    larger = painter.open(scan(tmp_path, "better.png", (721, 480))).photo
    with pytest.warns(PhotoWarning, match=r"better\.png: is not the file that this project was made with"):
        there = project.on(larger)
    assert there.size == (721, 480)
    hint, stroke = there.hints
    scale = np.array([721 / 240, 3])
    assert np.allclose(hint.line, [(40, 30)] * scale)
    assert np.allclose(stroke.line, [(100, 20), (140, 60)] * scale)
    assert hint.radius == pytest.approx(24, rel=0.01)
    assert (hint.color, hint.note) == (HINTS[0].color, HINTS[0].note)
    assert np.allclose(there.boxes, [[*(10, 10) * scale, *(90, 80) * scale]])


def test_a_better_scan_gets_the_colours_of_the_first(painter: Colorizer, tmp_path: Path, mask: Path) -> None:
    photo = painted(painter, tmp_path, mask)
    scan(tmp_path, "better.png", (480, 320))
    with pytest.warns(PhotoWarning, match="perhaps another scan"):
        better = painter.replay(Project.of(photo), tmp_path / "better.png")
    assert better.size == (480, 320)
    small = np.asarray(better.to_pil().resize((240, 160), Image.Resampling.BOX), int)
    assert np.abs(small - photo.rgb(np.uint8)).mean() < 4
    plain = np.asarray(painter.open(tmp_path / "family.png").paint().rgb(np.uint8), int)
    assert np.abs(small - plain).mean() > 8
    assert np.ptp(better.rgb(np.uint8)[:, 404:].astype(int), axis=-1).max() <= 1


def test_every_hint_stays_inside_whatever_the_scale(painter: Colorizer, tmp_path: Path) -> None:
    canvas = painter.open(scan(tmp_path))
    edge = np.nextafter(240.0, 0), np.nextafter(160.0, 0)
    project = Project.of(canvas.paint(hints=[Hint(*edge, "red"), Hint(0, 0, "blue")]))
    for size in [(333, 222), (7, 5), (121, 81), (2399, 1601)]:
        other = painter.open(scan(tmp_path, "other.png", size))
        with pytest.warns(PhotoWarning):
            other.paint(hints=project.on(other.photo).hints)


def test_a_picture_of_another_shape_is_refused(painter: Colorizer, tmp_path: Path) -> None:
    project = Project.of(painted(painter, tmp_path))
    with pytest.raises(UsageError, match=r"160 x 240 pixels, a shape other than that of family\.png"):
        painter.replay(project, scan(tmp_path, "turned.png", (160, 240)))


def test_another_model_is_told(painter: Colorizer, tmp_path: Path) -> None:
    project = Project.of(painted(painter, tmp_path))
    other = Colorizer(tiny_model.write(tmp_path / "other", of=tiny_model.card(version="2.0")), threads=1)
    with pytest.warns(PhotoWarning, match=r"was coloured by tiny 1\.0 .* tiny 2\.0 .* may choose other colours"):
        other.replay(project, tmp_path / "family.png")


def test_a_project_can_be_gone_on_with(painter: Colorizer, tmp_path: Path) -> None:
    project = Project.of(painted(painter, tmp_path))
    canvas = painter.open(tmp_path / "family.png", detail=project.detail)
    for box in project.boxes:
        canvas = canvas.refine(box)
    here = project.on(canvas.photo).painting()
    record = canvas.paint(**{**here, "hints": here["hints"][:1], "warmth": 0}).record
    assert record is not None
    assert record.hints == [HINTS[0].to_json()]
    assert "warmth" not in record.options
    assert record.options["refine"] == [[10, 10, 90, 80]]


# Several pages


def pages(folder: Path, name: str = "album.tif", count: int = 3) -> Path:
    first, *rest = (
        Image.fromarray(picture).convert("L").resize((240, 160))
        for picture in (skimage.data.coffee(), skimage.data.astronaut(), skimage.data.chelsea())[:count]
    )
    first.save(folder / name, save_all=True, append_images=rest)
    return folder / name


@pytest.mark.parametrize("page", [0, 2])
@pytest.mark.filterwarnings("error")
def test_a_project_knows_the_page_that_it_is_of(painter: Colorizer, tmp_path: Path, page: int) -> None:
    photo = painter.open(pages(tmp_path), page=page).paint(hints=HINTS)
    Project.of(photo).save(tmp_path / "album.photochrom")
    photo.save(tmp_path / "page.png")
    for file in ("album.photochrom", "page.png"):
        project = Project.read(tmp_path / file)
        assert project.page == page
        for source in (tmp_path / "album.tif", (tmp_path / "album.tif").read_bytes()):
            again = painter.replay(project, source)
            assert np.array_equal(again.rgb(), photo.rgb())
            assert again.record == photo.record


def test_a_scan_of_that_page_alone_is_taken_and_another_page_on_request(painter: Colorizer, tmp_path: Path) -> None:
    project = Project.of(painter.open(pages(tmp_path), page=2).paint())
    with Image.open(tmp_path / "album.tif") as album:
        frames = [np.array(frame) for frame in ImageSequence.Iterator(album)]
    Image.fromarray(frames[2]).save(tmp_path / "alone.png")
    with pytest.warns(PhotoWarning, match="perhaps another scan"):
        alone = painter.replay(project, tmp_path / "alone.png")
    assert np.array_equal(alone.luma, frames[2])
    assert Project.of(alone).page is None
    assert np.array_equal(painter.replay(project, tmp_path / "album.tif", page=1).luma, frames[1])
    with Image.open(tmp_path / "album.tif") as album, pytest.warns(PhotoWarning, match="perhaps another scan"):
        assert np.array_equal(painter.replay(project, album).luma, frames[2])
    with pytest.raises(PhotoError, match="has no page 2"):
        painter.replay(project, pages(tmp_path, "short.tif", 2))


def test_a_picture_of_one_page_has_no_number(painter: Colorizer, tmp_path: Path) -> None:
    record = painter.open(scan(tmp_path)).paint().record
    assert record is not None
    assert "page" not in record.options


def test_a_project_is_read_from_bytes_and_streams_as_well(painter: Colorizer, tmp_path: Path) -> None:
    photo = painted(painter, tmp_path)
    Project.of(photo).save(tmp_path / "family.photochrom")
    photo.save(tmp_path / "result.png")
    for name in ("family.photochrom", "result.png"):
        file = tmp_path / name
        with file.open("rb") as stream:
            assert Project.read(stream).hints == Project.read(file.read_bytes()).hints == HINTS


# The file


def test_the_file_is_json_with_all_that_is_needed_and_a_hint_file_too(
    painter: Colorizer, tmp_path: Path, mask: Path
) -> None:
    photo = painted(painter, tmp_path, mask)
    Project.of(photo).save(tmp_path / "family.photochrom")
    values = json.loads((tmp_path / "family.photochrom").read_bytes())
    assert values["photochrom"] == 1
    assert values["photo"] == {"name": "family.png", "sha256": photo.sha256, "width": 240, "height": 160}
    assert values["model"] == painter.model.identity
    assert values["options"]["keep_grey"]["path"] == "masks/right.png"
    assert values["options"]["refine"] == [[10, 10, 90, 80]]
    assert "制服" in (tmp_path / "family.photochrom").read_text(encoding="utf-8")
    assert photochrom.hints.hint.read_hints(tmp_path / "family.photochrom") == HINTS


def test_a_project_moves_with_its_mask(painter: Colorizer, tmp_path: Path, mask: Path) -> None:
    (tmp_path / "old").mkdir()
    photo = painted(painter, tmp_path, mask)
    Project.of(photo).save(tmp_path / "family.photochrom")
    for name in ("family.photochrom", "masks"):
        (tmp_path / name).rename(tmp_path / "old" / name)
    project = Project.read(tmp_path / "old" / "family.photochrom")
    assert project.painting()["keep_grey"] == tmp_path / "old" / "masks" / "right.png"


def test_a_mask_that_is_gone_or_was_never_a_file_is_asked_for(painter: Colorizer, tmp_path: Path, mask: Path) -> None:
    photo = painted(painter, tmp_path, mask)
    photo.save(tmp_path / "family-colour.png")
    with pytest.raises(UsageError, match="--keep-grey of which only the SHA-256 was kept"):
        painter.replay(Project.read(tmp_path / "family-colour.png"), tmp_path / "family.png")
    project = Project.of(photo)
    mask.write_bytes(b"changed")
    with pytest.warns(PhotoWarning, match="has changed"):
        project.painting()
    mask.unlink()
    with pytest.raises(UsageError, match=r"right\.png: was used as --keep-grey and is not there"):
        painter.replay(project, tmp_path / "family.png")


def test_a_project_is_not_overwritten_unless_asked_for_and_keeps_its_ending(painter: Colorizer, tmp_path: Path) -> None:
    project = Project.of(painted(painter, tmp_path))
    project.save(tmp_path / "a.photochrom")
    with pytest.raises(PhotoError, match="exists already"):
        project.save(tmp_path / "a.photochrom")
    project.save(tmp_path / "a.photochrom", overwrite=True)
    with pytest.raises(UsageError, match=r"ends in \.photochrom"):
        project.save(tmp_path / "family.png", overwrite=True)


GOOD: dict[str, Any] = {
    "photochrom": 1,
    "model": "tiny",
    "photo": {"name": "a.jpg", "sha256": None, "width": 10, "height": 10},
    "options": {},
    "hints": [],
}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"photochrom": 2}, "newer Photochrom"),
        ({"photochrom": "1"}, "is no project"),
        ({"photochrom": True}, "is no project"),
        ({"photo": None}, "says nothing of its photograph"),
        ({"photo": {"name": "a", "width": 0, "height": 3}}, "no size"),
        ({"photo": {"name": "a", "width": 1.5, "height": 3}}, "no size"),
        ({"model": 3}, "are texts"),
        ({"options": []}, "options are an object"),
        ({"options": {"glow": 1}}, "glow"),
        ({"options": {"keep_grey": {"path": "a"}}}, "keep_grey is an object"),
        ({"hints": {}}, "hints are a list"),
        ({"hints": [{"x": 1, "y": 2, "color": "reddish"}]}, "hint 1: 'reddish' is no colour"),
    ],
)
def test_a_damaged_project_is_refused_with_its_name_and_what_is_wrong(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    path = tmp_path / "bad.photochrom"
    path.write_text(json.dumps({**GOOD, **change}))
    with pytest.raises(UsageError, match=told) as caught:
        Project.read(path)
    assert str(path) in str(caught.value)
    path.write_text(json.dumps(GOOD))
    assert Project.read(path).size == (10, 10)


def test_what_is_neither_project_nor_result_is_refused(painter: Colorizer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="carries no mark"):
        Project.read(scan(tmp_path))
    (tmp_path / "half.photochrom").write_text('{"photochrom": 1, ')
    (tmp_path / "deep.photochrom").write_text('{"a":' + "[" * 100_000)
    for name in ("half", "deep"):
        with pytest.raises(UsageError, match="is no project, which is JSON"):
            Project.read(tmp_path / f"{name}.photochrom")
    with pytest.raises(PhotoError, match="no such file"):
        Project.read(tmp_path / "none.photochrom")
    with pytest.raises(UsageError, match="has not been coloured yet"):
        Project.of(painter.open(tmp_path / "family.png").photo)


def test_the_picture_alone_warns_of_nothing(painter: Colorizer, tmp_path: Path) -> None:
    project = Project.of(painted(painter, tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        painter.replay(project, tmp_path / "family.png")

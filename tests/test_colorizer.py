"""The one path: every kind of source, and what a result must be."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage
import tiny_model
from numpy.typing import NDArray
from PIL import Image

import photochrom
from photochrom.canvas import Canvas
from photochrom.colorizer import Colorizer, colorize
from photochrom.errors import ModelError, PhotoError, UsageError
from photochrom.hints.hint import Hint
from photochrom.photo import PhotoWarning
from photochrom.runtime.model import Model
from photochrom.runtime.registry import bundled


@pytest.fixture(scope="module")
def painter(tiny: Path) -> Colorizer:
    return Colorizer(tiny, threads=1)


def sample(name: str = "astronaut") -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)()).convert("L")


def small_ab(photo: photochrom.Photo) -> NDArray[np.float32]:
    """Chroma of a result in units in which 1 is the full range: (h, w, 2)."""
    assert photo.chroma is not None
    return np.moveaxis(photo.chroma, 0, -1)


# What goes in


def test_path_bytes_stream_pillow_image_and_array_give_the_same_result(painter: Colorizer, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    sample().save(path)
    sources: list[Any] = [
        path,
        str(path),
        path.read_bytes(),
        io.BytesIO(path.read_bytes()),
        sample(),
        np.array(sample()),
    ]
    results = [painter.open(source).paint().rgb() for source in sources]
    assert all(np.array_equal(result, results[0]) for result in results[1:])


@pytest.mark.parametrize("side", [400, 3000])
def test_a_jpeg_that_ends_early_is_refused_before_the_network_sees_it(
    painter: Colorizer, tiny: Path, side: int
) -> None:
    stream = io.BytesIO()
    sample().resize((side, side)).save(stream, "JPEG")
    short = stream.getvalue()[: len(stream.getvalue()) // 2]
    for entry in (painter.open, lambda data: colorize(data, model=tiny), lambda data: list(painter.canvases(data))):
        with pytest.raises(PhotoError, match="damaged or incomplete"):
            entry(short)


def test_a_photo_that_is_open_already_can_be_given(painter: Colorizer) -> None:
    first = painter.open(sample())
    assert np.array_equal(painter.open(first.photo).paint().rgb(), first.paint().rgb())


def test_every_page_of_a_tiff_is_colored_and_saved(tiny: Path, tmp_path: Path) -> None:
    pages = [sample(name).resize((200, 150)) for name in ("astronaut", "coffee", "chelsea")]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    result = colorize(tmp_path / "a.tif", model=tiny, threads=1)
    assert len(result.more_pages) == 2
    result.save(tmp_path / "b.tif")
    with Image.open(tmp_path / "b.tif") as saved:
        assert getattr(saved, "n_frames", 1) == 3
        for number, page in enumerate(pages):
            saved.seek(number)
            assert saved.mode == "RGB"
            difference = np.array(saved.convert("L"), int) - np.array(page, int)
            assert abs(difference).max() <= 1


def test_in_one_call_everything_can_be_asked_for_that_a_canvas_can_do(painter: Colorizer, tiny: Path) -> None:
    mask = np.zeros((512, 512), bool)
    mask[:, 400:] = True
    asked: dict[str, Any] = {
        "hints": (hint for hint in [Hint(100, 100, "#a03050", radius=20)]),
        "warmth": 0.3,
        "keep_grey": mask,
        "reference": skimage.data.astronaut(),
        "vividness": 0.4,
    }
    one_call = colorize(sample(), model=tiny, threads=1, **asked)
    asked["hints"] = [Hint(100, 100, "#a03050", radius=20)]
    assert np.array_equal(one_call.rgb(), painter.open(sample()).paint(**asked).rgb())
    assert one_call.record is not None
    assert {"warmth", "keep_grey", "reference"} <= set(one_call.record.options)
    assert len(one_call.record.hints) == 1


def test_every_page_is_painted_as_asked_but_hints_are_for_one(tiny: Path, tmp_path: Path) -> None:
    page = sample().resize((200, 150))
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page])
    result = colorize(tmp_path / "a.tif", model=tiny, threads=1, warmth=0.5)
    assert np.array_equal(result.rgb(), result.more_pages[0].rgb())
    with pytest.raises(UsageError, match="has several pages, and hints are for one"):
        colorize(tmp_path / "a.tif", model=tiny, threads=1, hints=[Hint(1, 1, "red")])


def test_one_page_can_be_opened_by_its_number(painter: Colorizer, tmp_path: Path) -> None:
    pages = [sample(name).resize((200, 150)) for name in ("astronaut", "coffee")]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    second = painter.open(tmp_path / "a.tif", page=1)
    assert np.array_equal(second.photo.luma, np.array(pages[1]))
    with pytest.raises(PhotoError, match="no page 2"):
        painter.open(tmp_path / "a.tif", page=2)


def test_a_picture_in_colour_gives_one_warning_and_is_colored_from_its_luma(painter: Colorizer) -> None:
    rgb = skimage.data.astronaut()
    with pytest.warns(PhotoWarning, match="in colour already") as caught:
        result = painter.open(rgb).paint()
    assert len(caught) == 1
    grey = painter.open(np.array(Image.fromarray(rgb).convert("L"))).paint()
    assert np.array_equal(result.rgb(), grey.rgb())


def test_a_tiff_in_colour_gives_one_warning_for_all_its_pages(painter: Colorizer, tmp_path: Path) -> None:
    page = Image.fromarray(skimage.data.astronaut()).resize((100, 100))
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page, page])
    with pytest.warns(PhotoWarning) as caught:
        assert len(list(painter.canvases(tmp_path / "a.tif"))) == 3
    assert len(caught) == 1


@pytest.mark.filterwarnings("error")
def test_a_toned_scan_is_colored_like_a_grey_one(painter: Colorizer) -> None:
    grey = np.array(sample()).astype(np.float32) / 255
    sepia = np.stack([grey**0.8, grey, grey**1.3], -1)
    toned = (sepia * 255 + 0.5).astype(np.uint8)
    result = painter.open(toned).paint()
    luma = np.array(Image.fromarray(toned).convert("L"))
    assert np.array_equal(result.rgb(), painter.open(luma).paint().rgb())


def test_a_picture_over_the_limit_is_refused_and_the_limit_can_be_raised(painter: Colorizer) -> None:
    with pytest.raises(PhotoError, match="limit"):
        painter.open(sample(), max_pixels=1000)
    assert painter.open(sample(), max_pixels=512 * 512)


# What comes out


def test_light_is_kept_and_colour_is_added(painter: Colorizer) -> None:
    result = painter.open(sample()).paint().to_pil()
    assert np.abs(np.array(result.convert("L"), int) - np.array(sample(), int)).max() <= 1
    assert np.ptp(np.array(result, int), axis=-1).mean() > 5


@pytest.mark.parametrize("size", [(1, 1), (1, 20000), (20000, 1), (2, 3), (31, 500), (700, 60), (33, 33)])
def test_every_shape_is_colored(painter: Colorizer, size: tuple[int, int]) -> None:
    luma = np.random.default_rng(1).integers(60, 200, size, np.uint8)
    rgb = painter.open(luma).paint().rgb()
    assert rgb.shape == (*size, 3)
    assert np.ptp(rgb.astype(int), axis=-1).max() > 0
    assert np.abs(np.array(Image.fromarray(rgb).convert("L"), int) - luma).max() <= 1


def test_painting_twice_gives_the_same_and_leaves_the_photo_alone(painter: Colorizer) -> None:
    canvas = painter.open(sample())
    assert np.array_equal(canvas.paint().rgb(), canvas.paint().rgb())
    assert canvas.photo.chroma is None


def chroma(canvas: Canvas, **options: Any) -> float:
    return float(np.abs(small_ab(canvas.paint(**options))).mean())


def test_strength_scales_the_finished_chroma_down_to_grey(painter: Colorizer) -> None:
    canvas = painter.open(sample())
    assert chroma(canvas, strength=0) < 1e-6
    assert 0 < chroma(canvas, strength=0.5) < chroma(canvas) < chroma(canvas, strength=2)


def test_vividness_moves_along_the_frontier_from_the_default(painter: Colorizer) -> None:
    canvas = painter.open(sample())
    assert chroma(canvas, vividness=0) < chroma(canvas, vividness=1)
    assert chroma(canvas) == chroma(canvas, vividness=painter.model.card.default_vividness)


def test_detail_lets_the_network_look_closer(painter: Colorizer) -> None:
    assert painter.open(sample(), detail=2).size.height == 2 * painter.open(sample()).size.height


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"vividness": 1.1}, "vividness is a number from 0 to 1"),
        ({"vividness": float("nan")}, "vividness is a number from 0 to 1"),
        ({"strength": -0.1}, "strength is a number from 0 to 2"),
        ({"strength": float("inf")}, "strength is a number from 0 to 2"),
    ],
)
def test_options_out_of_range_are_refused(painter: Colorizer, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        painter.open(sample()).paint(**options)


@pytest.mark.parametrize("detail", [0.5, 4.5, float("nan")])
def test_detail_out_of_range_is_refused(painter: Colorizer, detail: float) -> None:
    with pytest.raises(UsageError, match="detail is a number from 1 to 4"):
        painter.open(sample(), detail=detail)


def test_the_record_says_how_to_do_it_again(painter: Colorizer) -> None:
    record = painter.open(sample(), detail=1.5).paint(vividness=0.25, strength=0.5).record
    assert record is not None
    assert record.options == {"vividness": 0.25, "strength": 0.5, "detail": 1.5}
    assert record.model == painter.model.identity
    assert record.software == f"Photochrom {photochrom.__version__}"


def test_a_model_that_answers_grey_is_an_error_and_never_a_result(grey_model: Path) -> None:
    with pytest.raises(ModelError, match="found no colour"):
        Colorizer(grey_model, threads=1).open(sample()).paint()


def test_a_flat_picture_may_well_be_grey(grey_model: Path) -> None:
    rgb = Colorizer(grey_model, threads=1).open(np.full((50, 60), 128, np.uint8)).paint().rgb()
    assert (rgb == 128).all()


def test_grey_on_request_is_no_error(painter: Colorizer) -> None:
    assert np.array_equal(painter.open(sample()).paint(strength=0).rgb()[..., 1], np.array(sample()))


def test_a_model_that_answers_no_number_is_an_error(tmp_path: Path) -> None:
    broken = Colorizer(tiny_model.write(tmp_path, bias=float("nan")), threads=1)
    with pytest.raises(ModelError, match="no number"):
        broken.open(sample()).paint()


# Strips of tiles, sizes and framing


@pytest.mark.parametrize("turned", [False, True])
def test_a_strip_has_no_seams(painter: Colorizer, turned: bool) -> None:
    """Of a picture that does not change along its length, the colours must not either."""
    across = np.linspace(20, 230, 100).astype(np.uint8)
    luma = np.repeat(across[:, None], 1500, 1)
    canvas = painter.open(luma.T.copy() if turned else luma)
    assert len(canvas.size.starts) > 3
    field = small_ab(canvas.paint())
    if turned:
        field = field.swapaxes(0, 1)
    inside = field[:, 6:-6]
    assert np.abs(np.diff(inside, axis=1)).max() < 0.02
    assert np.abs(inside - inside.mean(axis=1, keepdims=True)).mean() < 0.01
    assert np.abs(inside).mean() > 0.01


def sized(picture: Image.Image, megapixels: float) -> Image.Image:
    factor = (megapixels * 1e6 / (picture.width * picture.height)) ** 0.5
    size = round(picture.width * factor), round(picture.height * factor)
    return picture.resize(size, Image.Resampling.LANCZOS)


def lab_of(photo: photochrom.Photo, size: tuple[int, int]) -> NDArray[Any]:
    small = photo.to_pil().resize(size, Image.Resampling.BOX)
    return np.asarray(skimage.color.rgb2lab(np.array(small)))[..., 1:]


def colorizers(tiny: Path) -> list[str]:
    return [str(tiny), *bundled()]


@pytest.mark.parametrize("name", ["chelsea", "coffee"])
def test_the_same_photograph_at_three_sizes_gets_the_same_colours(tiny: Path, name: str) -> None:
    for model in colorizers(tiny):
        painter = Colorizer(model)
        fields = [lab_of(painter.open(sized(sample(name), mp)).paint(), (240, 160)) for mp in (1, 4, 12)]
        for field in fields[1:]:
            assert np.abs(field - fields[0]).mean() < 1.5, model


@pytest.mark.parametrize("name", bundled())
@pytest.mark.parametrize("picture", ["astronaut", "chelsea", "coffee"])
def test_a_crop_gets_the_colours_of_the_whole(name: str, picture: str) -> None:
    painter = Colorizer(name)
    whole = sample(picture)
    box = tuple(round(side * part) for part in (0.15, 0.85) for side in whole.size)
    crop = whole.crop(box)  # type: ignore[arg-type]
    field = lab_of(painter.open(crop).paint(), (160, 120))
    same = Image.fromarray(painter.open(whole).paint().rgb()).crop(box)  # type: ignore[arg-type]
    expected = np.asarray(skimage.color.rgb2lab(np.array(same.resize((160, 120), Image.Resampling.BOX))))[..., 1:]
    assert np.abs(field - expected).mean() < 5


# Hints


def test_painting_with_changed_hints_opens_no_file_and_runs_no_encoder(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample().save(tmp_path / "a.png")
    canvas = Colorizer(tiny, threads=1).open(tmp_path / "a.png")
    (tmp_path / "a.png").unlink()
    calls: list[str] = []
    for name in ("encode", "decode"):
        plain = getattr(Model, name)

        def counted(self: Model, *given: Any, name: str = name, plain: Any = plain) -> Any:
            calls.append(name)
            return plain(self, *given)

        monkeypatch.setattr(Model, name, counted)
    for hints in ([], [Hint(100, 100, "red")], [Hint(100, 100, "red"), Hint(300, 200, "#a07050")]):
        canvas.paint(hints=hints)
    assert "encode" not in calls
    assert calls.count("decode") == 3
    canvas.paint(hints=[Hint(100, 100, "red"), Hint(300, 200, "#a07050")], vividness=0.9, strength=0.5)
    assert calls.count("decode") == 3


def test_suggestions_confidence_and_variants_open_no_file_and_run_no_encoder(
    painter: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas = painter.open(sample())

    def refused(self: Model, *_: Any) -> Any:
        raise AssertionError("encoded again")

    monkeypatch.setattr(Model, "encode", refused)
    assert len(canvas.suggest(300, 200)) == 5
    assert canvas.confidence(hints=[Hint(300, 200, "red")]).shape == (512, 512)
    assert len(canvas.variants(2)) == 2


def test_a_strip_of_tiles_has_suggestions_confidence_and_variants(painter: Colorizer) -> None:
    luma = np.random.default_rng(3).integers(60, 200, (60, 1200), np.uint8)
    canvas = painter.open(luma)
    assert len(canvas.size.starts) > 3
    assert canvas.suggest(20, 30) != canvas.suggest(1150, 30)
    confidence = canvas.confidence(hints=[Hint(1150, 30, "red")])
    assert confidence.shape == luma.shape
    assert confidence[30, 1150] == 1
    assert all(each.size == (1200, 60) for each in canvas.variants(2))


def test_a_hint_in_a_strip_of_tiles_is_seen_where_it_lies(painter: Colorizer) -> None:
    luma = np.full((100, 1500), 120, np.uint8)
    luma[:, ::7] = 140
    canvas = painter.open(luma)
    assert len(canvas.size.starts) > 3
    field = small_ab(canvas.paint(hints=[Hint(1400, 50, "#ff4040")])) - small_ab(canvas.paint())
    change = np.linalg.norm(field, axis=-1).mean(axis=0)
    assert change.argmax() == pytest.approx(1400 / 1500 * field.shape[1], abs=1.5)


def test_the_record_holds_the_hints_with_their_notes(painter: Colorizer) -> None:
    record = painter.open(sample()).paint(hints=[Hint(10, 20, "navy", note="inv. 114")]).record
    assert record is not None
    assert list(record.hints) == [{"x": 10.0, "y": 20.0, "color": "#000080", "note": "inv. 114"}]


def test_hints_that_contradict_each_other_or_lie_outside_give_a_defined_answer(painter: Colorizer) -> None:
    canvas = painter.open(sample())
    one, other = Hint(200, 200, "red"), Hint(200, 200, "blue")
    assert np.array_equal(canvas.paint(hints=[one, other]).rgb(), canvas.paint(hints=[other]).rgb())
    with pytest.raises(UsageError, match="outside of the photograph"):
        canvas.paint(hints=[Hint(512, 10, "red")])
    many = [Hint(x, y, "#8a6a50") for x in range(0, 500, 8) for y in range(0, 500, 8)]
    assert len(many) > 3000
    assert canvas.paint(hints=many).chroma is not None
    with pytest.raises(UsageError, match="at most 10000"):
        canvas.paint(hints=many * 3)

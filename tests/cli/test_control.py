"""Colouring with a hand on it, from the command line: hints, masks, projects, and what goes beside a result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage
from numpy.typing import NDArray
from PIL import Image

from photochrom import Hint, Project
from photochrom.color.lab import srgb_to_lab
from photochrom.colorizer import Colorizer
from photochrom.hints.color import Color
from photochrom.photo import is_marked, open, read_record

Run = Callable[..., Any]

RED: dict[str, Any] = {"x": 200, "y": 60, "color": "#8a5040", "radius": 12, "note": "mother's dress, says Anna"}


@pytest.fixture
def colorize(photochrom: Run, tiny: Path) -> Run:
    return lambda *arguments: photochrom("colorize", "--jobs", 1, *arguments, "--model", tiny)


@pytest.fixture
def hints(album: Path) -> Path:
    return told(Path("hints.json"), RED)


def told(path: Path, *hints: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(hints), encoding="utf-8")
    return path


def pixels(path: Path | str) -> NDArray[Any]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def ab_at(path: Path | str, x: int, y: int) -> NDArray[Any]:
    around: NDArray[Any] = srgb_to_lab(pixels(path)[y - 3 : y + 4, x - 3 : x + 4].astype(np.uint8))
    return np.asarray(around.mean(axis=(0, 1))[1:])


def options_of(path: Path | str) -> dict[str, Any]:
    record = read_record(open(path).metadata.xmp)
    assert record is not None
    return dict(record.options)


# Hints


def test_a_stated_colour_is_in_the_picture_and_its_note_in_the_file(colorize: Run, album: Path, hints: Path) -> None:
    assert colorize("album/b.png", "-o", "plain.png").code == 0
    Path("turned.json").write_text(json.dumps([{**RED, "x": 60, "y": 39}]))
    result = colorize("album/b.png", "--hints", "turned.json", "-o", "out.png")
    assert (result.code, result.err) == (0, "")
    wanted = Color.of(RED["color"]).ab
    assert np.linalg.norm(ab_at("out.png", 60, 39) - wanted) < 3
    assert np.linalg.norm(ab_at("plain.png", 60, 39) - wanted) > 6
    assert Project.read("out.png").hints[0].note == RED["note"]


def test_a_folder_of_hints_goes_with_a_folder_of_photographs(colorize: Run, album: Path) -> None:
    told(Path("known/a.json"), RED)
    told(Path("known/c.tif.json"), {**RED, "x": 100, "note": "by name and ending"})
    told(Path("known/sub/f.json"), {**RED, "note": "in a subfolder"})
    result = colorize("album", "-r", "--hints", "known", "-o", "out")
    assert result.code == 0
    notes = {name: [hint.note for hint in Project.read(f"out/{name}").hints] for name in ("a.jpg", "b.png", "c.tif")}
    assert notes == {"a.jpg": [RED["note"]], "b.png": [], "c.tif": ["by name and ending"]}
    assert Project.read("out/sub/f.jpg").hints[0].note == "in a subfolder"


def test_one_hint_file_is_not_for_many_photographs(colorize: Run, album: Path, hints: Path) -> None:
    result = colorize("album", "--hints", "hints.json", "-o", "out")
    assert result.code == 2
    assert "--hints is for one photograph, and these are 5; a folder with NAME.json" in result.err
    assert not Path("out").exists()


def test_a_folder_of_hints_for_other_pictures_is_a_mistake(colorize: Run, album: Path) -> None:
    told(Path("known/someone.json"), RED)
    result = colorize("album", "--hints", "known", "-o", "out")
    assert result.code == 2
    assert "holds no hints for any of the pictures" in result.err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no json", "is no hint file, which is JSON"),
        ('[{"x": 1, "y": 2, "color": "red"}, {"x": "a", "y": 2, "color": "red"}]', "hint 2: a hint's x is a number"),
        ("[" * 100_000, "is no hint file"),
    ],
)
def test_a_bad_hint_file_is_told_and_nothing_is_written(colorize: Run, album: Path, text: str, why: str) -> None:
    Path("hints.json").write_text(text)
    result = colorize("album/a.jpg", "--hints", "hints.json")
    assert result.code != 0
    assert "hints.json" in result.err
    assert why in result.err
    assert "Traceback" not in result.err
    assert not Path("album/a-colour.jpg").exists()


def test_a_hint_outside_of_the_picture_is_told(colorize: Run, album: Path) -> None:
    told(Path("hints.json"), RED, {**RED, "x": 240})
    result = colorize("album/a.jpg", "--hints", "hints.json")
    assert result.code == 1
    assert "hint 2 (#8a5040) lies at 240, 60, outside of the photograph, which has 240 x 160 pixels" in result.err
    assert not Path("album/a-colour.jpg").exists()


def test_hints_that_contradict_each_other_follow_the_later_one(colorize: Run, album: Path) -> None:
    told(Path("both.json"), {**RED, "color": "#406a90"}, RED)
    told(Path("one.json"), RED)
    for name in ("both", "one"):
        assert colorize("album/a.jpg", "--hints", f"{name}.json", "-o", f"{name}.png").code == 0
    assert np.array_equal(pixels("both.png"), pixels("one.png"))


def test_thousands_of_hints_are_taken_and_more_than_that_refused(colorize: Run, album: Path) -> None:
    many = [{"x": n % 240, "y": n // 240, "color": "#8a5040"} for n in range(10_001)]
    told(Path("many.json"), *many[:5000])
    assert colorize("album/a.jpg", "--hints", "many.json", "-o", "many.png").code == 0
    assert len(Project.read("many.png").hints) == 5000
    told(Path("more.json"), *many)
    result = colorize("album/a.jpg", "--hints", "more.json", "-o", "more.png")
    assert result.code == 1
    assert "at most 10000 hints" in result.err


# Masks, warmth, boxes


def test_warmth_and_a_mask_reach_the_picture_and_its_record(colorize: Run, album: Path) -> None:
    mask = np.zeros((160, 240), bool)
    mask[:, 120:] = True
    Image.fromarray(mask).save("mask.png")
    plain = colorize("album/a.jpg", "-o", "plain.png")
    warm = colorize("album/a.jpg", "--warmth", 1, "--keep-grey", "mask.png", "-o", "warm.png")
    assert (plain.code, warm.code) == (0, 0)
    assert np.ptp(pixels("warm.png")[:, 120:], axis=-1).max() <= 1
    assert ab_at("warm.png", 60, 80)[1] > ab_at("plain.png", 60, 80)[1]
    digest = hashlib.sha256(Path("mask.png").read_bytes()).hexdigest()
    options = options_of("warm.png")
    assert (options["warmth"], options["keep_grey"]) == (1, {"sha256": digest})


def test_boxes_are_looked_at_closer(colorize: Run, album: Path) -> None:
    boxes = ["--refine", "10,10,100,90", "--refine", "120,60,200,140"]
    assert colorize("album/a.jpg", *boxes, "-o", "out.png").code == 0
    assert options_of("out.png")["refine"] == [[10, 10, 100, 90], [120, 60, 200, 140]]


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (["--refine", "1,2,3"], 2, "--refine is X0,Y0,X1,Y1 in pixels"),
        (["--refine", "500,10,600,90"], 1, "outside of the photograph"),
        (["--keep-grey", "none.png"], 2, "none.png: there is no such file for --keep-grey"),
        (["--keep-grey", "hints.json"], 1, "hints.json"),
        (["--keep-grey", "album/b.png"], 1, "does not fit a photograph of 240 x 160"),
        (["--project", "none.photochrom"], 2, "no such file for --project"),
        (["--project", "hints.json"], 1, "hints.json"),
        (["--project", "album/b.png"], 2, "carries no mark"),
        (["--layer", "-o", "-"], 2, "--layer writes a file beside the result"),
    ],
)
def test_what_makes_no_sense_is_told(
    colorize: Run, album: Path, hints: Path, options: list[str], code: int, why: str
) -> None:
    result = colorize("album/a.jpg", *options)
    assert result.code == code
    assert why in result.err
    assert "Traceback" not in result.err
    assert not Path("album/a-colour.jpg").exists()


# What goes beside a result


def test_what_goes_beside_a_result_is_there_told_and_known_for_ours(colorize: Run, album: Path, hints: Path) -> None:
    asked = ["--layer", "--compare", "--confidence", "--save-project"]
    result = colorize("album/a.jpg", "--hints", "hints.json", *asked, "--json")
    report = json.loads(result.out.splitlines()[0])
    beside = [f"album/a-colour{end}" for end in ("-layer.png", "-compare.jpg", "-confidence.png", ".photochrom")]
    assert (report["output"], report["also"]) == ("album/a-colour.jpg", beside)
    assert all(is_marked(path) for path in beside[:3])
    assert Image.open(beside[0]).size == (240, 160)
    assert Image.open(beside[1]).size[0] > 480
    assert np.ptp(pixels(beside[2]), axis=-1).max() > 100
    assert Project.read(beside[3]).hints == Project.read("album/a-colour.jpg").hints
    again = colorize("album", "-o", "out")
    assert again.code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.jpg", "b.png", "c.tif", "d.webp", "e.bmp"]


def test_the_confidence_is_that_of_the_colours_that_are_shown(colorize: Run, album: Path) -> None:
    Image.fromarray(skimage.data.coffee()).save("coffee.png")
    Image.fromarray(np.ones((160, 240), bool)).save("mask.png")
    every: dict[str, list[Any]] = {
        "warm": ["--warmth", 1],
        "pale": ["--strength", 0.2],
        "grey": ["--keep-grey", "mask.png"],
        "lent": ["--reference", "coffee.png"],
        "toned": ["--keep-tone"],
    }
    assert colorize("album/a.jpg", "--confidence", "-o", "plain.png").code == 0
    for name, options in every.items():
        assert colorize("album/a.jpg", "--confidence", *options, "-o", f"{name}.png").code == 0
        same = np.array_equal(pixels(f"{name}-confidence.png"), pixels("plain-confidence.png"))
        assert same == (name == "toned")


def test_people_are_told_of_all_files(colorize: Run, album: Path) -> None:
    out = colorize("album/a.jpg", "--layer", "--save-project").out.decode()
    assert out.startswith("album/a.jpg -> album/a-colour.jpg, album/a-colour-layer.png, album/a-colour.photochrom (")


def test_nothing_that_stands_there_is_lost(colorize: Run, album: Path) -> None:
    Path("album/a-colour-layer.png").write_bytes(Path("album/b.png").read_bytes())
    Path("album/a-colour.photochrom").write_text("mine")
    before = {path: path.read_bytes() for path in album.iterdir() if path.is_file()}
    for options, why in [
        (["--layer"], "a-colour-layer.png exists already: give --overwrite"),
        (["--layer", "--overwrite"], "a-colour-layer.png exists already and is none of Photochrom's"),
        (["--save-project", "--overwrite"], "a-colour.photochrom exists already and is none of Photochrom's"),
    ]:
        result = colorize("album/a.jpg", *options)
        assert result.code == 1
        assert why in result.err
    assert {path: path.read_bytes() for path in album.iterdir() if path.is_file()} == before


def test_what_photochrom_wrote_is_replaced_where_that_is_asked_for(colorize: Run, album: Path) -> None:
    asked = ["--layer", "--compare", "--save-project", "-o", "a.png"]
    assert colorize("album/a.jpg", *asked).code == 0
    before = Path("a.photochrom").read_bytes(), Path("a-layer.png").read_bytes()
    result = colorize("album/a.jpg", "--overwrite", "--warmth", 0.5, *asked)
    assert (result.code, result.err) == (0, "")
    assert Path("a.photochrom").read_bytes() != before[0]
    assert Path("a-layer.png").read_bytes() != before[1]


def test_where_the_result_can_not_be_saved_nothing_goes_beside_it_and_what_is_there_stays(
    colorize: Run, album: Path, grey: Image.Image
) -> None:
    grey.resize((17000, 16)).save("long.png")  # longer than a WebP may be
    asked = ["--layer", "--compare", "--confidence", "--save-project", "--overwrite", "-o"]
    result = colorize("long.png", *asked, "out/long.webp")
    assert result.code == 1
    assert "out/long.webp" in result.err
    assert not list(Path("out").iterdir())
    assert colorize("album/a.jpg", *asked, "out/long.webp").code == 0
    before = {path: path.read_bytes() for path in Path("out").iterdir()}
    assert len(before) == 5
    assert colorize("long.png", *asked, "out/long.webp").code == 1
    assert {path: path.read_bytes() for path in Path("out").iterdir()} == before


def test_two_pictures_with_the_same_neighbour_are_told_apart_before_anything_is_written(
    colorize: Run, album: Path
) -> None:
    Image.open("album/a.jpg").save("album/a.png")
    result = colorize("album/a.jpg", "album/a.png", "--save-project", "-o", "out")
    assert result.code == 2
    assert "would both have out/a.photochrom beside them" in result.err


def test_the_label_is_in_the_corner_and_in_the_record(colorize: Run, album: Path) -> None:
    for name, options in {"plain": [], "label": ["--label"]}.items():
        assert colorize("album/a.jpg", *options, "-o", f"{name}.png").code == 0
    changed = (pixels("plain.png") != pixels("label.png")).any(axis=-1)
    assert changed[130:, 140:].any()
    assert not changed[:130].any()
    assert options_of("label.png")["label"] is True


def test_several_pages_have_no_hints_and_no_neighbours(colorize: Run, album: Path, grey: Image.Image) -> None:
    told(Path("hints.json"), RED)
    grey.save("pages.tif", save_all=True, append_images=[grey.rotate(180)])
    for options in (["--hints", "hints.json"], ["--layer"]):
        result = colorize("pages.tif", *options)
        assert result.code == 1
        assert "has several pages" in result.err
    assert not list(Path().glob("pages-*"))
    assert colorize("pages.tif", "--warmth", 0.5, "--label").code == 0


# Projects


def test_a_project_gives_the_same_again(colorize: Run, album: Path, hints: Path) -> None:
    options = ["--hints", "hints.json", "--vividness", 0.8, "--strength", 0.7, "--warmth", 0.4, "--detail", 1.5]
    first = colorize("album/a.jpg", *options, "--refine", "10,10,100,90", "--label", "--save-project", "-o", "a.png")
    assert first.code == 0
    for name, source in {"again": "a.photochrom", "result": "a.png"}.items():
        result = colorize("album/a.jpg", "--project", source, "-o", f"{name}.png")
        assert (result.code, result.err) == (0, "")
        assert Path(f"{name}.png").read_bytes() == Path("a.png").read_bytes()


def test_a_project_colours_a_better_scan_and_other_options_change_it(
    colorize: Run, album: Path, hints: Path, grey: Image.Image
) -> None:
    assert colorize("album/a.jpg", "--hints", "hints.json", "--warmth", 0.4, "--save-project", "-o", "a.png").code == 0
    grey.resize((720, 480), Image.Resampling.LANCZOS).save("better.tif")
    result = colorize("better.tif", "--project", "a.photochrom", "--strength", 0.9, "-o", "better.png")
    assert result.code == 0
    assert "is not the file that this project was made with" in result.err
    (hint,) = Project.read("better.png").hints
    assert (hint.line, hint.radius, hint.note) == (((600, 180),), 36, RED["note"])
    assert np.linalg.norm(ab_at("better.png", 600, 180) - 0.9 * np.array(Color.of(RED["color"]).ab)) < 3
    options = options_of("better.png")
    assert (options["warmth"], options["strength"]) == (0.4, 0.9)


def test_a_mask_that_a_result_can_only_name_can_be_given_again(colorize: Run, album: Path) -> None:
    Image.fromarray(np.eye(160, 240, dtype=bool)).save("mask.png")
    assert colorize("album/a.jpg", "--keep-grey", "mask.png", "-o", "a.png").code == 0
    result = colorize("album/a.jpg", "--project", "a.png", "-o", "again.png")
    assert result.code == 1
    assert "--keep-grey of which only the SHA-256 was kept" in result.err
    assert colorize("album/a.jpg", "--project", "a.png", "--keep-grey", "mask.png", "-o", "again.png").code == 0
    assert Path("again.png").read_bytes() == Path("a.png").read_bytes()


def test_of_a_document_the_page_is_coloured_that_the_project_is_of(
    colorize: Run, photochrom: Run, album: Path, grey: Image.Image, tiny: Path
) -> None:
    grey.save("pages.tif", save_all=True, append_images=[grey.rotate(180), grey.transpose(Image.Transpose.ROTATE_90)])
    photo = Colorizer(tiny, threads=1).open("pages.tif", page=1).paint(hints=[Hint(200, 60, "#a03050")])
    Project.of(photo).save("second.photochrom")
    assert colorize("pages.tif", "--project", "second.photochrom", "-o", "second.png").code == 0
    assert np.array_equal(pixels("second.png"), photo.rgb(np.uint8))
    assert Project.read("second.png").page == 1
    assert b"  page        1 (counted from 0)" in photochrom("info", "second.png").out


def test_what_a_project_switches_on_can_be_switched_off_again(colorize: Run, album: Path, grey: Image.Image) -> None:
    light = np.array(grey, float) / 255
    Image.fromarray(np.uint8(255 * np.dstack([light**0.8, light, light**1.3]))).save("toned.png")
    assert colorize("toned.png", "--keep-tone", "--label", "--save-project", "-o", "a.png").code == 0
    assert {"keep_tone", "label"} <= set(options_of("a.png"))
    again = ["toned.png", "--project", "a.photochrom", "-o"]
    assert colorize(*again, "b.png", "--no-label").code == 0
    assert (options_of("b.png").get("keep_tone"), options_of("b.png").get("label")) == (True, None)
    assert colorize(*again, "c.png", "--no-label", "--no-keep-tone").code == 0
    assert colorize("toned.png", "-o", "plain.png").code == 0
    assert options_of("c.png") == options_of("plain.png")
    assert np.array_equal(pixels("c.png"), pixels("plain.png"))


def test_hints_take_the_place_of_a_projects_and_boxes_are_added_to_its_own(
    colorize: Run, album: Path, hints: Path
) -> None:
    asked = ["--hints", "hints.json", "--refine", "10,10,100,90", "--save-project"]
    assert colorize("album/a.jpg", *asked, "-o", "a.png").code == 0
    other = told(Path("other.json"), {**RED, "note": "another"})
    more = ["--hints", other, "--refine", "120,60,200,140"]
    assert colorize("album/a.jpg", "--project", "a.photochrom", *more, "-o", "b.png").code == 0
    assert [hint.note for hint in Project.read("b.png").hints] == ["another"]
    assert options_of("b.png")["refine"] == [[10, 10, 100, 90], [120, 60, 200, 140]]


def test_a_project_is_for_one_photograph(colorize: Run, album: Path) -> None:
    assert colorize("album/a.jpg", "--save-project").code == 0
    result = colorize("album", "--project", "album/a-colour.photochrom", "-o", "out")
    assert result.code == 2
    assert "--project is for one photograph" in result.err


# Beside what stands already


def test_a_result_with_other_hints_is_no_finished_one(colorize: Run, album: Path, hints: Path) -> None:
    assert colorize("album/a.jpg", "--hints", "hints.json").code == 0
    assert "done already" in colorize("album/a.jpg", "--hints", "hints.json").err
    for options in (
        [],
        ["--hints", "hints.json", "--warmth", 0.1],
        ["--hints", "hints.json", "--refine", "1,1,90,90"],
        ["--hints", told(Path("other.json"), {**RED, "note": "another"})],
    ):
        result = colorize("album/a.jpg", *options)
        assert result.code == 1
        assert "exists already" in result.err


def test_a_folder_with_hints_is_resumed_and_changed_hints_are_told(colorize: Run, album: Path) -> None:
    told(Path("known/a.json"), RED)
    asked = ["album", "--hints", "known", "--layer", "-o", "out", "--resume"]
    assert colorize(*asked).code == 0
    Path("out/b.png").unlink()
    result = colorize(*asked)
    assert result.code == 0
    assert "1 coloured" in result.err
    told(Path("known/a.json"), {**RED, "note": "changed"})
    result = colorize(*asked)
    assert result.code == 2
    assert "holds results made with hints" in result.err


def test_a_resumed_run_that_asks_for_other_files_beside_its_results_is_told(colorize: Run, album: Path) -> None:
    asked = ["album", "--compare", "-o", "out", "--resume"]
    assert colorize(*asked).code == 0
    result = colorize(*asked, "--layer")
    assert result.code == 2
    assert "resume with the same options" in result.err
    assert not Path("out/a-layer.png").exists()
    assert colorize(*asked, "--layer", "--overwrite").code == 0
    assert Path("out/a-layer.png").exists()


# Variants


def test_variants_are_numbered_different_and_the_same_again(colorize: Run, album: Path, hints: Path) -> None:
    asked = ["album/a.jpg", "--variants", 3, "--seed", 5, "--hints", "hints.json", "--save-project"]
    report = json.loads(colorize(*asked, "--json").out.splitlines()[0])
    stems = [f"album/a-colour-{number}" for number in (1, 2, 3)]
    assert [report["output"], *report["also"]] == [f"{stem}{end}" for stem in stems for end in (".jpg", ".photochrom")]
    first, *others = (pixels(f"{stem}.jpg") for stem in stems)
    assert all(np.abs(first - other).mean() > 0.5 for other in others)
    assert options_of(f"{stems[1]}.jpg")["variant"]["seed"] == 5
    again = colorize("album/a.jpg", "--variants", 1, "--seed", 5, "--hints", "hints.json", "-o", "out/")
    assert again.code == 0
    assert np.array_equal(pixels("out/a-1.jpg"), first)
    assert colorize("album/a.jpg", "--project", f"{stems[2]}.photochrom", "-o", "third.jpg").code == 0
    assert np.array_equal(pixels("third.jpg"), pixels(f"{stems[2]}.jpg"))


def test_a_variant_that_exists_is_not_replaced(colorize: Run, album: Path) -> None:
    assert colorize("album/a.jpg", "--variants", 2).code == 0
    Path("album/a-colour-1.jpg").unlink()
    before = Path("album/a-colour-2.jpg").read_bytes()
    result = colorize("album/a.jpg", "--variants", 2)
    assert result.code == 1
    assert "a-colour-2.jpg exists already" in result.err
    assert colorize("album/a.jpg", "--variants", 2, "--skip-existing").code == 0
    assert Path("album/a-colour-1.jpg").exists()
    assert Path("album/a-colour-2.jpg").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--seed", "3"], "--seed chooses among --variants"),
        (["--variants", "2", "--resume"], "leave out --variants"),
        (["--variants", "2", "--confidence"], "--confidence is of the likeliest colours"),
        (["--variants", "2", "-o", "-"], "--variants writes a file beside the result"),
        (["--variants", "33"], "less than or equal to 32"),
    ],
)
def test_variants_that_make_no_sense_are_told(colorize: Run, album: Path, options: list[str], why: str) -> None:
    result = colorize("album/a.jpg", *options)
    assert result.code == 2
    assert why in result.err


# Albums


@pytest.fixture
def coffee(album: Path) -> Path:
    Image.fromarray(skimage.data.coffee()).resize((300, 200)).save("coffee.png")
    return Path("coffee.png")


def test_a_picture_in_colour_lends_its_colours_to_all(colorize: Run, album: Path, coffee: Path) -> None:
    asked = ["album/a.jpg", "album/d.webp"]
    assert colorize(*asked, "-o", "plain").code == 0
    assert colorize(*asked, "--reference", coffee, "-o", "lent").code == 0
    truth = np.asarray(Image.open(coffee).resize((240, 160))).astype(int)
    for name, wanted in {"a.jpg": truth, "d.webp": truth[:, ::-1]}.items():
        plain, lent = (np.abs(pixels(f"{folder}/{name}") - wanted).mean() for folder in ("plain", "lent"))
        assert lent < 0.8 * plain
        digest = hashlib.sha256(coffee.read_bytes()).hexdigest()
        assert options_of(f"lent/{name}")["reference"] == {"sha256": digest}


def test_a_finished_picture_lends_its_palette_and_how_it_was_painted(colorize: Run, album: Path, hints: Path) -> None:
    assert (
        colorize("album/a.jpg", "--hints", "hints.json", "--vividness", 0.3, "--warmth", 0.2, "--strength", 0.5).code
        == 0
    )
    result = colorize("album", "--palette-from", "album/a-colour.jpg", "--overwrite", "-o", "out")
    assert result.code == 0
    options = options_of("out/b.png")
    assert (options["vividness"], options["warmth"], options["strength"]) == (0.3, 0.2, 1)
    assert colorize("album/b.png", "--palette-from", "album/a-colour.jpg", "--warmth", 0, "-o", "cool.png").code == 0
    assert "warmth" not in options_of("cool.png")


def test_what_was_lent_is_in_the_project(colorize: Run, album: Path, coffee: Path) -> None:
    assert colorize("album/a.jpg", "--reference", coffee, "--save-project", "-o", "a.png").code == 0
    assert colorize("album/a.jpg", "--project", "a.photochrom", "-o", "again.png").code == 0
    assert Path("again.png").read_bytes() == Path("a.png").read_bytes()


def test_variants_of_what_a_reference_lends_are_different_and_known_for_its_own(
    colorize: Run, album: Path, coffee: Path
) -> None:
    assert colorize("album/a.jpg", "--reference", coffee, "--variants", 2, "-o", "v.png").code == 0
    assert np.abs(pixels("v-1.png") - pixels("v-2.png")).mean() > 0.5
    assert options_of("v-1.png")["reference"] == {"sha256": hashlib.sha256(coffee.read_bytes()).hexdigest()}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--reference", "album/b.png"], "is grey, so it has no colours to lend"),
        (["--reference", "none.png"], "none.png: there is no such file for --reference"),
        (["--palette-from", "coffee.png"], "carries no mark"),
        (["--palette-from", "coffee.png", "--reference", "coffee.png"], "give one of them"),
    ],
)
def test_references_that_make_no_sense_are_told(
    colorize: Run, album: Path, coffee: Path, options: list[str], why: str
) -> None:
    result = colorize("album/a.jpg", *options)
    assert result.code in (1, 2)
    assert not Path("album/a-colour.jpg").exists()
    assert why in result.err

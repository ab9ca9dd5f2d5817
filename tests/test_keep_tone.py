"""A toned original: nothing of its tint is kept, unless somebody asks for it."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import photo_files as files
import profile_files
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from photochrom import photo
from photochrom.colorizer import Colorizer, colorize
from photochrom.photo.samples import Look


def sepia(width: int = 160, height: int = 120) -> NDArray[np.uint8]:
    """A photograph toned as sepia is: nothing at black and white, most in the middle. The luma stays."""
    grey = files.grey(width, height).astype(np.float64)
    amount = 60 * (grey / 255) * (1 - grey / 255)
    red, blue = grey + amount, grey - 1.4 * amount
    green = (grey - 0.299 * red - 0.114 * blue) / 0.587
    return np.asarray(np.clip(np.rint(np.dstack([red, green, blue])), 0, 255), np.uint8)


def grey_of(rgb: NDArray[np.uint8]) -> Image.Image:
    """The picture that has the same luma and no tint."""
    return Image.fromarray(rgb).convert("L")


def chroma(image: Image.Image | NDArray[np.uint8]) -> NDArray[np.float64]:
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    return np.asarray(picture.convert("YCbCr"), np.float64)[..., 1:]


@pytest.fixture(scope="module")
def painter(tiny: Path) -> Colorizer:
    return Colorizer(tiny, threads=1)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG"])
def test_nothing_is_kept_of_a_tint(painter: Colorizer, format: str) -> None:
    best = {"quality": 100, "subsampling": 0} if format == "JPEG" else {}
    toned = painter.open(files.encoded(Image.fromarray(sepia()), format, **best))
    grey = painter.open(files.encoded(grey_of(sepia()), format, **best))
    assert (toned.photo.was_colored, grey.photo.was_colored) == ("toned", "grey")
    one, other = toned.paint().rgb().astype(int), grey.paint().rgb().astype(int)
    assert np.abs(one - other).max() <= (6 if format == "JPEG" else 0)
    assert np.abs(one - other).mean() < 1


@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG"])
def test_without_colours_the_kept_tint_is_that_of_the_original(painter: Colorizer, format: str) -> None:
    best = {"quality": 100, "subsampling": 0} if format == "JPEG" else {}
    canvas = painter.open(files.encoded(Image.fromarray(sepia()), format, **best))
    result = canvas.paint(strength=0, keep_tone=True).rgb().astype(int)
    assert np.abs(result - sepia()).mean() < 3
    assert chroma(canvas.paint(strength=0).rgb()).std() < 1
    assert np.abs(files.pillow_grey(result.astype(np.uint8)) - files.pillow_grey(sepia())).max() <= 3


def test_the_tint_is_laid_over_the_colours(painter: Colorizer) -> None:
    canvas = painter.open(sepia())
    plain, kept = canvas.paint(strength=0.3), canvas.paint(strength=0.3, keep_tone=True)
    added = chroma(kept.rgb()) - chroma(plain.rgb())
    expected = chroma(sepia()) - 128
    middle = (files.grey(160, 120) > 70) & (files.grey(160, 120) < 190)
    assert np.abs(added - expected)[middle].mean() < 3
    assert np.abs(expected[middle]).mean() > 10


@pytest.mark.filterwarnings("error")
def test_grey_pictures_have_no_tint_to_keep(painter: Colorizer) -> None:
    canvas = painter.open(files.grey())
    np.testing.assert_array_equal(canvas.paint(keep_tone=True).rgb(), canvas.paint().rgb())


def test_of_a_colour_picture_nothing_is_kept_and_that_is_said(painter: Colorizer) -> None:
    with photo.collect_warnings() as notes:
        canvas = painter.open(np.asarray(files.astronaut().resize((96, 64))))
        kept = canvas.paint(keep_tone=True)
    np.testing.assert_array_equal(kept.rgb(), canvas.paint().rgb())
    assert ["keep_tone" in note for note in notes] == [False, True]


def test_it_is_recorded_only_where_it_was_asked_for(painter: Colorizer) -> None:
    canvas = painter.open(sepia())
    plain, kept = (photo.open(files.saved(canvas.paint(keep_tone=wish), format="png")) for wish in (False, True))
    records = [photo.read_record(each.metadata.xmp) for each in (plain, kept)]
    assert [None if record is None else record.options.get("keep_tone") for record in records] == [None, True]


def test_pages_and_whole_files_keep_it_too(tiny: Path) -> None:
    pages = [Image.fromarray(sepia()), Image.fromarray(sepia()).rotate(90, expand=True)]
    file = files.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    first = colorize(file, model=tiny, threads=1, strength=0, keep_tone=True)
    for page, given in zip((first, *first.more_pages), pages, strict=True):
        assert np.abs(page.rgb().astype(int) - np.asarray(given)).mean() < 3


@pytest.mark.parametrize("name", ["Adobe RGB", "ProPhoto RGB", "a scanner's table"])
def test_a_tint_under_a_profile_looks_as_it_did(painter: Colorizer, name: str) -> None:
    icc = {
        "Adobe RGB": profile_files.rgb(profile_files.ADOBE_RGB, 2.2),
        "ProPhoto RGB": profile_files.rgb(profile_files.PROPHOTO, 1.8),
    }.get(name, profile_files.scanner())
    picture = Image.fromarray(profile_files.scanned(sepia()))
    if "RGB" in name:
        picture = converted(Image.fromarray(sepia()), ImageCms.createProfile("sRGB"), cms(icc))
    canvas = painter.open(files.encoded(picture, "PNG", icc_profile=icc))
    assert canvas.photo.was_colored == "toned"
    result = files.decoded(files.saved(canvas.paint(strength=0, keep_tone=True)))
    shown = converted(result, cms(result.info["icc_profile"]), ImageCms.createProfile("sRGB"))
    assert np.abs(np.asarray(shown).astype(int) - sepia()).mean() < 4


def cms(icc: bytes) -> Any:
    return ImageCms.ImageCmsProfile(io.BytesIO(icc))


def converted(image: Image.Image, source: Any, target: Any) -> Image.Image:
    result = ImageCms.profileToProfile(image, source, target)
    assert result is not None
    return result


def test_a_look_gives_the_tint_at_every_luma() -> None:
    tone = Look.at(sepia()).tone()
    assert (np.diff(tone.luma) > 0).all()
    cb, cr = tone.at(np.array([[0.0, 0.5, 1.0]], np.float32))
    assert cb[0] == pytest.approx([0, -0.0465, 0], abs=0.012)
    assert cr[0] == pytest.approx([0, 0.042, 0], abs=0.01)

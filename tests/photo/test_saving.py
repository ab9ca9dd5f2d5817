"""Saving: the format that is asked for, one warning for what is lost, the same bytes every time."""

import io
import threading
import warnings
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import photo_files as files
import pytest
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoError, UsageError
from photochrom.photo import PhotoWarning
from photochrom.photo.metadata import Density

GREY = Image.fromarray(files.grey())

EXTRAS = [format for format, module in (("heic", "pillow_heif"), ("jxl", "pyjpegxl")) if find_spec(module)]
MARKED = ["jpeg", "png", "tiff", "webp", "avif", "jp2", *EXTRAS]


def full() -> photo.Photo:
    """A 16-bit picture with transparency and everything that a file can carry."""
    samples = np.dstack([files.grey(), files.grey()[::-1]]).astype(np.uint16) * np.uint16(257)
    opened = photo.open(samples)
    metadata = replace(
        opened.metadata,
        exif=files.exif(resolution=(240, 240)),
        xmp=files.xmp(),
        iptc=files.IPTC,
        icc=files.profile("adobe"),
        density=Density(240, 240, "inch"),
    )
    return files.colored(replace(opened, metadata=metadata))


@pytest.mark.parametrize(
    ("format", "lost"),
    [
        ("png", []),
        ("tiff", []),
        ("jpeg", ["transparency", "16 bits"]),
        ("webp", ["IPTC", "16 bits"]),
        ("bmp", ["EXIF", "XMP", "IPTC", "colour profile", "16 bits"]),
        ("jp2", []),
    ],
)
def test_one_warning_names_all_that_a_format_has_no_place_for(format: str, lost: list[str]) -> None:
    with photo.collect_warnings() as notes:
        file = files.saved(full(), format=format)
    assert len(notes) == bool(lost)
    for word in ("EXIF", "XMP", "IPTC", "colour profile", "density", "transparency", "16 bits"):
        assert (word in "".join(notes)) == (word in lost)
    again = photo.open(file)
    kept = again.metadata
    found = {
        "EXIF": kept.exif is not None,
        "XMP": b"Migrant Mother" in (kept.xmp or b""),
        "IPTC": kept.iptc == files.IPTC,
        "colour profile": kept.icc == files.profile("adobe"),
        "transparency": again.alpha is not None,
        "16 bits": again.luma.dtype == np.uint16,
    }
    assert found == {word: word not in lost for word in found}
    assert kept.density is not None
    assert kept.density.per_inch() == pytest.approx((240, 240), abs=0.01)


def test_a_warning_points_to_the_line_that_saved() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        full().save(io.BytesIO(), format="jpeg")
    assert [each.category for each in caught] == [PhotoWarning]
    assert caught[0].filename == __file__


def test_collected_warnings_belong_to_their_thread() -> None:
    found: dict[str, list[str]] = {}
    barrier = threading.Barrier(2)

    def work(format: str) -> None:
        with photo.collect_warnings() as notes:
            barrier.wait()
            files.saved(full(), format=format)
            barrier.wait()
        found[format] = notes

    threads = [threading.Thread(target=work, args=[format]) for format in ("jpeg", "webp")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(notes) for notes in found.values()] == [1, 1]
    assert "JPEG" in found["jpeg"][0]
    assert "WebP" in found["webp"][0]


def test_the_paths_ending_decides_unless_a_format_is_given_that_it_does_not_contradict(tmp_path: Path) -> None:
    colored = files.colored(photo.open(files.encoded(GREY, "PNG")))
    colored.save(tmp_path / "a.JPG")
    colored.save(tmp_path / "b.2024", format="webp")
    colored.save(tmp_path / "c")
    formats = [Image.open(tmp_path / name).format for name in ("a.JPG", "b.2024", "c")]
    assert formats == ["JPEG", "WEBP", "PNG"]
    assert files.decoded(files.saved(files.colored(photo.open(files.grey())))).format == "PNG"


def test_a_format_that_the_paths_ending_contradicts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.jpg: its ending says JPEG.*PNG"):
        files.colored(photo.open(files.grey())).save(tmp_path / "a.jpg", format="png")
    assert list(tmp_path.iterdir()) == []


def test_unknown_formats_are_refused_and_the_known_named(tmp_path: Path) -> None:
    colored = files.colored(photo.open(files.grey()))
    with pytest.raises(PhotoError, match="JPEG, PNG, TIFF, WebP, BMP"):
        colored.save(tmp_path / "a.xyz")
    with pytest.raises(PhotoError, match="JPEG, PNG, TIFF, WebP, BMP"):
        colored.save(tmp_path / "a.png", format="gif")
    assert list(tmp_path.iterdir()) == []


def test_a_grey_picture_is_never_handed_back_as_a_success(tmp_path: Path) -> None:
    opened = photo.open(files.encoded(GREY, "PNG"))
    with pytest.raises(PhotoError, match="not been coloured"):
        opened.save(tmp_path / "a.png")
    for ask in (opened.planes, opened.rgb, opened.to_pil, lambda: np.asarray(opened)):
        with pytest.raises(PhotoError, match="not been coloured"):
            ask()
    with pytest.raises(PhotoError, match="not been coloured"):
        files.saved(files.colored(opened).with_pages([opened]), format="tiff")
    with pytest.raises(PhotoError, match="no page"):
        photo.save_pages([], tmp_path / "a.tif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")
@pytest.mark.parametrize("format", [*MARKED, "bmp", "j2k"])
def test_the_same_picture_gives_the_same_bytes_also_from_many_threads(format: str) -> None:
    file = files.encoded(GREY, "PNG", dpi=(300, 300), exif=b"Exif\0\0" + files.exif())
    results: list[bytes] = []

    def work() -> None:
        results.append(files.saved(files.colored(photo.open(file)), format=format))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work()
    assert len(set(results)) == 1
    assert len(results) == 4


@pytest.mark.parametrize("format", MARKED)
def test_every_format_that_can_carries_the_mark_and_the_originals_hash(format: str) -> None:
    original = files.encoded(GREY, "PNG")
    again = photo.open(files.saved(files.colored(photo.open(original)), format=format))
    assert photo.read_record(again.metadata.xmp) == files.RECORD
    assert (photo.open(original).sha256 or "-").encode() in (again.metadata.xmp or b"")


def test_everything_can_be_asked_of_a_coloured_photo() -> None:
    colored = files.colored(photo.open(files.grey()))
    array: Any = np.asarray(colored)
    assert (array.shape, array.dtype) == ((64, 96, 3), np.uint8)
    np.testing.assert_array_equal(array, colored.rgb())
    np.testing.assert_array_equal(np.asarray(colored.to_pil()), array)
    assert colored.rgb(np.uint16).dtype == np.uint16
    assert np.asarray(colored, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="copy"):
        np.asarray(colored, copy=False)
    assert full().to_pil().mode == "RGBA"
    assert full().to_pil().info["icc_profile"] == files.profile("adobe")
    y, cb, cr = colored.planes()
    assert (y.shape, cb.shape, cr.shape) == ((64, 96), (32, 48), (32, 48))
    assert full().planes("444")[1].shape == (64, 96)

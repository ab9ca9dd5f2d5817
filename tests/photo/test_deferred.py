"""A large JPEG is decoded while its small copy is looked at, and nobody can tell, but by the time it takes."""

import threading
from concurrent.futures import Future
from functools import cache
from typing import Any

import cv2
import numpy as np
import photo_files as files
import pytest
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoError
from photochrom.photo import Photo
from photochrom.photo.deferred import Deferred
from photochrom.photo.formats import jpeg

SHAPE = 2201, 3003
"""Large enough for a small copy at a quarter of the sides, and not of whole blocks."""


@cache
def rgb() -> NDArray[np.uint8]:
    """A photograph with a little noise, as film has."""
    large = cv2.resize(np.asarray(files.astronaut()), SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(0).integers(-3, 4, (*SHAPE, 1))
    return np.asarray(np.clip(large + noise, 0, 255), np.uint8)


def picture(kind: str) -> Image.Image:
    grey = Image.fromarray(rgb()).convert("L")
    if kind == "grey":
        return grey
    if kind == "grey as YCbCr":
        return grey.convert("RGB")
    if kind == "sepia":
        level = np.asarray(grey)[..., None] / 255
        return Image.fromarray((255 * level ** np.array([0.7, 0.95, 1.3])).astype(np.uint8))
    return Image.fromarray(rgb())


@cache
def file(kind: str = "grey", **options: Any) -> bytes:
    return files.encoded(picture(kind), "JPEG", quality=88, **options)


def full(data: bytes) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, colorspace="GRAY")[..., 0]
    return pixels


def complaint(data: bytes, *, fraction: int) -> str | None:
    """What libjpeg says about a file that it decodes at a fraction of its size."""
    height, width = (-(-side // fraction) for side in SHAPE)
    try:
        simplejpeg.decode_jpeg(data, colorspace="GRAY", min_height=height, min_width=width)
    except ValueError as error:
        return str(error)
    return None


def is_deferred(data: bytes) -> bool:
    decoded = jpeg.Jpeg().read(data, page=0, max_pixels=10**8, name="test")
    return isinstance(decoded.samples, Deferred)


@pytest.mark.parametrize(
    ("kind", "expected"), [("grey", "grey"), ("grey as YCbCr", "grey"), ("sepia", "toned"), ("color", "color")]
)
def test_luma_and_look_are_those_of_the_whole_file(kind: str, expected: str) -> None:
    assert is_deferred(file(kind))
    opened = photo.open(file(kind))
    assert opened.was_colored == expected
    assert opened.size == SHAPE[::-1]
    np.testing.assert_array_equal(opened.luma, full(file(kind)))


@pytest.mark.parametrize("kind", ["grey", "color"])
def test_the_network_is_shown_the_same_picture(kind: str) -> None:
    size = 224, 288
    shown, exact = photo.open(file(kind)).working_luma(size), photo.open(full(file(kind))).working_luma(size)
    assert np.abs(shown - exact).mean() * 255 < 0.5
    assert np.abs(shown - exact).max() * 255 < 15


def test_where_the_small_copy_is_too_small_the_luma_itself_is_shown() -> None:
    opened, exact = photo.open(file()), photo.open(full(file()))
    for size in ((600, 700), (100, 400), (300, 100)):
        np.testing.assert_array_equal(opened.working_luma(size), exact.working_luma(size))


def test_a_photograph_is_shown_alike_at_any_size() -> None:
    shown = []
    for megapixels in (1, 4, 12, 30):
        width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
        resized = picture("grey").resize((width, width * 3 // 4), Image.Resampling.LANCZOS)
        shown.append(photo.open(files.encoded(resized, "JPEG", quality=92)).working_luma((224, 288)))
    assert all(np.abs(each - shown[0]).mean() * 255 < 1 for each in shown)


@pytest.mark.parametrize("kind", ["grey", "color"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97, 0.9999])
def test_a_file_that_ends_early_is_refused_when_it_is_opened(kind: str, share: float) -> None:
    data = file(kind)
    with pytest.raises(PhotoError, match="damaged or incomplete"):
        photo.open(data[: int(len(data) * share)])


@pytest.mark.parametrize("seed", range(12))
def test_the_small_copy_finds_just_the_damage_that_the_full_size_would(seed: int) -> None:
    random = np.random.default_rng(seed)
    data = bytearray(file("color" if seed % 2 else "grey"))
    for place in random.integers(1000, len(data) - 2, 1 + seed):
        data[place] = random.integers(256)
    assert (
        complaint(bytes(data), fraction=4) == complaint(bytes(data), fraction=1) == complaint(bytes(data), fraction=8)
    )


def test_a_luma_that_fails_in_the_background_is_a_clear_error_wherever_it_is_needed() -> None:
    failed: Future[Any] = Future()
    failed.set_exception(PhotoError("a.jpg: is a damaged or incomplete JPEG"))
    opened = Photo(Deferred(failed, (64, 96), files.grey(48, 32), 2))
    assert opened.size == (96, 64)
    colored = opened.working_luma((8, 8))
    assert colored.shape == (8, 8)
    for use in (lambda: opened.luma, lambda: opened.working_luma((60, 90)), lambda: files.saved(files.colored(opened))):
        with pytest.raises(PhotoError, match=r"a\.jpg: is a damaged"):
            use()


def test_a_turned_picture_and_one_with_a_grey_profile_are_brought_into_order_first() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for options in ({"exif": exif}, {"xmp": files.xmp("", 'tiff:Orientation="6"')}):
        turned = photo.open(files.encoded(picture("grey"), "JPEG", quality=88, **options))
        assert turned.size == SHAPE
        np.testing.assert_array_equal(turned.luma, np.rot90(full(file()), -1))
    grey = files.encoded(picture("grey"), "JPEG", quality=88, icc_profile=files.profile("grey", gamma=1.0))
    linear = photo.open(grey)
    assert linear.luma.mean() > full(file()).mean() + 30
    assert linear.working_luma((224, 288)).mean() * 255 == pytest.approx(linear.luma.mean(), abs=1)


@pytest.mark.parametrize(
    ("options", "deferred"), [({}, True), ({"progressive": True}, False), ({"exif": Image.Exif()}, True)]
)
def test_only_files_that_are_quick_to_decode_small_are_decoded_twice(options: dict[str, Any], deferred: bool) -> None:
    assert is_deferred(files.encoded(picture("grey"), "JPEG", **options)) == deferred


def test_a_small_file_is_decoded_once() -> None:
    assert not is_deferred(files.encoded(picture("grey").resize((2000, 1500)), "JPEG"))


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    assert photo.open(file()).luma.shape == SHAPE
    for thread in threading.enumerate():
        if thread.name.startswith("photochrom-decode"):
            thread.join(5)
    assert threading.active_count() <= before

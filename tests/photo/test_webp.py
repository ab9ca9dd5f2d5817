"""WebP: lossless stays lossless, and the chunks around the pixels come through."""

import struct

import numpy as np
import photo_files as files
import pytest
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoError

GREY = Image.fromarray(files.grey())


def chunks(webp: bytes) -> list[bytes]:
    found, place = [], 12
    while place < len(webp):
        found.append(webp[place : place + 4])
        length = struct.unpack_from("<I", webp, place + 4)[0]
        place += 8 + length + length % 2
    assert struct.unpack_from("<I", webp, 4)[0] == len(webp) - 8
    return found


def test_a_lossless_webp_stays_lossless_and_keeps_its_light() -> None:
    file = files.encoded(GREY, "WEBP", lossless=True)
    opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, files.grey())
    result = files.saved(files.colored(opened))
    assert b"VP8L" in chunks(result)
    assert np.abs(files.pillow_grey(files.decoded(result)) - files.grey()).max() <= 1


def test_a_lossy_webp_stays_lossy() -> None:
    file = files.encoded(GREY, "WEBP", quality=80)
    opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(files.decoded(file)))
    assert b"VP8 " in chunks(files.saved(files.colored(opened)))


@pytest.mark.parametrize("lossless", [False, True])
def test_everything_beside_the_pixels_comes_through(lossless: bool) -> None:
    image = GREY.convert("RGBA")
    image.putalpha(Image.fromarray(files.grey()[::-1]))
    icc = files.profile("adobe")
    file = files.encoded(
        image, "WEBP", lossless=lossless, exif=b"Exif\0\0" + files.exif(), xmp=files.xmp(), icc_profile=icc, exact=True
    )
    result = files.saved(files.colored(photo.open(file)))
    found = files.decoded(result)
    assert found.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(found)[..., 3], files.grey()[::-1])
    assert found.info["icc_profile"] == icc
    assert found.getexif()[0x010F] == "Kodak Brownie"
    assert found.getexif().get_ifd(0x8769)[0x927C] == files.MAKER_NOTE
    assert b"Migrant Mother" in found.info["xmp"]
    assert chunks(result)[0] == b"VP8X"


def test_orientation_is_applied_once() -> None:
    file = files.encoded(GREY, "WEBP", lossless=True, exif=b"Exif\0\0" + files.exif(6))
    opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, np.rot90(files.grey(), -1))
    assert files.decoded(files.saved(files.colored(opened))).getexif()[0x0112] == 1


def test_of_an_animation_the_first_frame_is_taken_and_that_is_said() -> None:
    frames = [GREY, Image.fromarray(files.grey()[::-1])]
    file = files.encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    with photo.collect_warnings() as notes:
        opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, files.grey())
    assert ["animation" in note for note in notes] == [True]


def test_what_webp_has_no_place_for_is_named() -> None:
    with photo.collect_warnings() as notes:
        result = files.saved(files.with_more_than_most_hold(), format="webp")
    assert len(notes) == 1
    assert "IPTC" in notes[0]
    assert "16 bits" in notes[0]
    assert files.decoded(result).size == (96, 64)


def test_sides_that_webp_has_no_room_for_are_refused() -> None:
    with pytest.raises(PhotoError, match="16383"):
        files.saved(files.colored(photo.open(np.zeros((1, 16384), np.uint8))), format="webp")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
@pytest.mark.parametrize("lossless", [False, True])
def test_a_truncated_webp_is_refused(share: float, lossless: bool) -> None:
    file = files.encoded(files.astronaut(), "WEBP", lossless=lossless)
    with pytest.raises(PhotoError, match=r"incomplete WebP|no picture"):
        photo.open(file[: int(len(file) * share)])

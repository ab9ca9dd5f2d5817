"""Decoding: whatever a file is made of, upright 8-bit sRGB comes out, or an error."""

from __future__ import annotations

import io

import cv2
import numpy as np
import photo_files as files
import pytest
from clean_files import photograph
from PIL import Image
from spoiled_files import encoded

from photochrom.errors import PhotoError
from photochrom.training.clean.decoding import decode, shrunk

RGB = photograph(5)
HEIGHT, WIDTH = RGB.shape[:2]


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


@pytest.mark.parametrize("format", ["png", "bmp", "tiff", "webp"])
def test_lossless_files_keep_every_level(format: str) -> None:
    data = saved(Image.fromarray(RGB), format, **({"lossless": True} if format == "webp" else {}))
    result = decode(data, 256)
    np.testing.assert_array_equal(result.rgb, RGB)
    assert (result.width, result.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("format", ["gif", "avif", "jpeg2000"])
def test_rarer_formats_are_read(format: str) -> None:
    result = decode(saved(Image.fromarray(RGB), format), 256).rgb
    assert result.shape == RGB.shape
    assert np.abs(result.astype(int) - RGB).mean() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    turned = {
        1: RGB,
        2: RGB[:, ::-1],
        3: RGB[::-1, ::-1],
        4: RGB[::-1],
        5: RGB.transpose(1, 0, 2),
        6: np.rot90(RGB, 1),
        7: RGB[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(RGB, -1),
    }[orientation]
    data = saved(Image.fromarray(np.ascontiguousarray(turned)), "jpeg", quality=95, exif=_exif(orientation))
    result = decode(data, 256)
    assert (result.width, result.height) == (WIDTH, HEIGHT)
    assert np.abs(result.rgb.astype(int) - RGB).mean() < 4


def test_a_large_jpeg_is_decoded_small_and_still_knows_its_size() -> None:
    large = cv2.resize(RGB, (WIDTH * 8, HEIGHT * 8), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    result = decode(encoded(large, ".jpg", 90), 128)
    assert (result.width, result.height) == (WIDTH * 8, HEIGHT * 8)
    assert 256 <= min(result.rgb.shape[:2]) <= 512
    small = cv2.resize(RGB, (128, 128), interpolation=cv2.INTER_AREA).astype(int)
    again = cv2.resize(result.rgb, (128, 128), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(again - small).mean() < 2


def test_sixteen_bit_becomes_eight() -> None:
    data = bytes(cv2.imencode(".png", RGB[..., ::-1].astype(np.uint16) * 257)[1])
    np.testing.assert_array_equal(decode(data, 256).rgb, RGB)


def test_transparent_places_are_white() -> None:
    alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    alpha[:10] = 0
    result = decode(saved(Image.fromarray(np.concatenate([RGB, alpha], axis=2)), "png"), 256).rgb
    np.testing.assert_array_equal(result[10:], RGB[10:])
    assert (result[:10] == 255).all()


def test_grey_files_have_three_equal_channels() -> None:
    grey = Image.fromarray(RGB).convert("L")
    for image in (grey, grey.convert("LA"), grey.convert("1")):
        result = decode(saved(image, "png"), 256).rgb
        assert result.shape == RGB.shape
        assert np.ptp(result.astype(int), axis=2).max() == 0


def test_palettes_are_looked_up() -> None:
    image = Image.fromarray(RGB).quantize(64)
    np.testing.assert_array_equal(decode(saved(image, "png"), 256).rgb, np.asarray(image.convert("RGB")))


def test_cmyk_becomes_about_the_same_colours() -> None:
    image = Image.fromarray(RGB).convert("CMYK")
    result = decode(saved(image, "jpeg", quality=95), 256).rgb.astype(int)
    assert result.shape == RGB.shape
    assert np.corrcoef(result.ravel(), RGB.ravel())[0, 1] > 0.9


def test_another_rgb_profile_is_followed() -> None:
    wide = decode(saved(Image.fromarray(RGB), "png", icc_profile=files.profile("adobe")), 256).rgb.astype(int)
    own = decode(saved(Image.fromarray(RGB), "png", icc_profile=files.profile("srgb")), 256).rgb.astype(int)
    assert np.ptp(wide, axis=2).mean() > np.ptp(own, axis=2).mean() + 2


def test_a_damaged_profile_is_passed_over() -> None:
    data = saved(Image.fromarray(RGB), "png", icc_profile=files.profile("adobe")[:200])
    np.testing.assert_array_equal(decode(data, 256).rgb, RGB)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.9])
def test_files_cut_short_are_refused(suffix: str, share: float) -> None:
    data = encoded(RGB, suffix)
    with pytest.raises(PhotoError):
        decode(data[: int(len(data) * share)], 256)


def test_a_header_that_claims_more_pixels_than_can_be_read_is_refused() -> None:
    data = bytearray(encoded(RGB, ".bmp"))
    data[18:26] = (70_000).to_bytes(4, "little") * 2
    with pytest.raises(PhotoError, match="too large"):
        decode(bytes(data), 256)


@pytest.mark.parametrize("data", [b"", b"BM", b"no picture at all", b"\xff\xd8\xff\xe0", bytes(1000)])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PhotoError):
        decode(data, 256)


def test_the_shorter_side_is_shrunk_to_the_side_and_small_pictures_are_left_alone() -> None:
    assert min(shrunk(RGB, 100).shape[:2]) == 100
    assert shrunk(RGB, 256) is RGB
    assert shrunk(RGB, 1000) is RGB


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif

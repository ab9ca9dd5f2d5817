"""A picture looks the same after it was colored, whatever profile its file is stored under.

littlecms, through Pillow, says what the numbers of a result mean: not our own code. The sRGB version
of the same picture, colored alike, is what each result is compared with (mean CIEDE2000).
"""

import io
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import photo_files as files
import profile_files
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageCms
from skimage import color as skcolor

from photochrom import photo
from photochrom.photo import profiles

SAME = 1.5
"""Mean CIEDE2000 within which two pictures look the same."""

GREY = files.grey(192, 128)
RELATIVE, BLACK_POINT = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION

RGB = {
    "sRGB": profile_files.rgb(profile_files.SRGB, 2.2),
    "Adobe RGB": profile_files.rgb(profile_files.ADOBE_RGB, 2.2),
    "Display P3": profile_files.display_p3(),
    "ProPhoto RGB": profile_files.rgb(profile_files.PROPHOTO, 1.8),
    "tables both ways": profile_files.scanner(back=True),
    "tables both ways, version 4": profile_files.scanner(kind="mAB ", back=True),
}
SCANNER = {
    "a scanner's table": profile_files.scanner(),
    "a scanner's table, version 4": profile_files.scanner(kind="mAB "),
}
GREYS = {
    "Gray Gamma 2.2": profile_files.grey_gamma(2.2),
    "Dot Gain 20 %": profile_files.dot_gain(0.2),
    "numbers that are lightness": profile_files.grey_lightness(),
}


def cms(icc: bytes) -> Any:
    return ImageCms.ImageCmsProfile(io.BytesIO(icc))


def converted(image: Image.Image, source: Any, target: Any, mode: str, flags: Any = 0) -> Image.Image:
    result = ImageCms.profileToProfile(image, source, target, RELATIVE, mode, flags=flags)
    assert result is not None
    return result


def lab(file: bytes) -> NDArray[np.float64]:
    """Lab (H, W, 3) of a file, by its own profile, as littlecms sees it."""
    image = files.decoded(file)
    own = cms(image.info["icc_profile"]) if "icc_profile" in image.info else ImageCms.createProfile("sRGB")
    found = np.asarray(converted(image.convert("RGB"), own, ImageCms.createProfile("LAB"), "LAB"))
    return np.dstack([found[..., 0] / 2.55, found[..., 1:].astype(np.uint8).view(np.int8)]).astype(np.float64)


def colored(file: bytes) -> bytes:
    """The file in colors as strong as a model's (chroma 17 on average) that don't depend on what is seen, saved."""
    opened = photo.open(file)
    rows, columns = np.mgrid[0:16, 0:24] / 16
    ab = np.stack([8 + 10 * np.sin(4 * columns), 10 + 12 * np.cos(5 * rows + columns)], axis=-1).astype(np.float32)
    return files.saved(opened.colored(ab, opened.working_luma((16, 24)), record=files.RECORD))


LEAST_LOSS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}


def stored_as(format: str, image: Image.Image, icc: bytes | None = None) -> bytes:
    """A file of the picture that has lost as little as the format allows."""
    return files.encoded(image, format, **({"icc_profile": icc} if icc else {}), **LEAST_LOSS.get(format, {}))


def difference(file: bytes, srgb: Image.Image, format: str = "PNG") -> float:
    """Mean CIEDE2000 between the colored file and the colored sRGB version of it, stored in this format."""
    expected = lab(colored(stored_as(format, srgb)))
    return float(skcolor.deltaE_ciede2000(lab(colored(file)), expected).mean())


@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG", "WEBP"])
@pytest.mark.parametrize("name", RGB)
def test_under_an_rgb_profile(name: str, format: str) -> None:
    grey = Image.fromarray(GREY).convert("RGB")
    stored = converted(grey, ImageCms.createProfile("sRGB"), cms(RGB[name]), "RGB")
    file = stored_as(format, stored, RGB[name])
    assert difference(file, grey, format) < SAME
    assert photo.open(file).metadata.icc == RGB[name]
    assert files.decoded(colored(file)).info["icc_profile"] == RGB[name]


@pytest.mark.parametrize("name", RGB)
def test_grey_samples_under_an_rgb_profile(name: str) -> None:
    grey = Image.fromarray(GREY)
    stored = converted(grey.convert("RGB"), ImageCms.createProfile("sRGB"), cms(RGB[name]), "RGB")
    assert difference(files.encoded(stored.getchannel("G"), "PNG", icc_profile=RGB[name]), grey) < SAME


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_under_prophoto_in_16_bit(mode: str) -> None:
    icc = RGB["ProPhoto RGB"]
    signal = GREY / 255
    light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    wide = np.rint(light ** (1 / 1.8) * 65535).astype(np.uint16)
    image = pyvips.Image.new_from_array(wide if mode == "L" else np.dstack([wide] * 3))
    image = image.copy(interpretation="grey16" if mode == "L" else "rgb16")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    if mode == "L":  # libvips leaves an RGB profile out of a grey file
        chunk = files.png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(icc))
        file = files.with_chunks(cv2.imencode(".png", wide)[1].tobytes(), chunk)
    else:
        file = image.tiffsave_buffer()
    opened = photo.open(file)
    assert (opened.depth, opened.luma.dtype) == (16, np.dtype(np.uint16))
    assert opened.metadata.icc == icc
    assert difference(file, Image.fromarray(GREY)) < SAME
    result = pyvips.Image.new_from_buffer(colored(file), "")
    assert result.format == "ushort"
    assert bytes(result.get("icc-profile-data")) == icc


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("name", SCANNER)
def test_a_scanners_table_is_applied_and_the_result_is_srgb(name: str, format: str) -> None:
    stored = Image.fromarray(profile_files.scanned(np.dstack([GREY] * 3)))
    file = stored_as(format, stored, SCANNER[name])
    expected = converted(stored, cms(SCANNER[name]), ImageCms.createProfile("sRGB"), "RGB")
    opened = photo.open(file)
    assert np.abs(opened.luma.astype(int) - files.pillow_grey(expected)).mean() < 1.0
    assert profiles.is_srgb(opened.metadata.icc or b"")
    assert difference(file, expected, format) < SAME


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
@pytest.mark.parametrize("name", SCANNER)
def test_so_it_is_for_grey_samples(name: str, format: str) -> None:
    device = profile_files.scanned(np.dstack([GREY] * 3))
    stored = Image.fromarray(device[..., 1])
    file = stored_as(format, stored, SCANNER[name])
    expected = converted(stored.convert("RGB"), cms(SCANNER[name]), ImageCms.createProfile("sRGB"), "RGB")
    assert profiles.is_srgb(photo.open(file).metadata.icc or b"")
    assert difference(file, expected, format) < SAME


def test_16_bit_of_a_scanner_stay_16_bit_and_alpha_stays_what_it_is() -> None:
    device = profile_files.scanned(np.dstack([GREY] * 3)).astype(np.uint16) * np.uint16(257)
    alpha = np.full(GREY.shape, 12345, np.uint16)
    image = pyvips.Image.new_from_array(np.dstack([device, alpha])).copy(interpretation="rgb16")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", SCANNER["a scanner's table"])
    opened = photo.open(image.tiffsave_buffer())
    assert np.abs(opened.luma / 257 - GREY).mean() < 1.0
    assert opened.luma.dtype == np.uint16
    assert opened.alpha is not None
    assert (opened.alpha == 12345).all()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("name", GREYS)
def test_under_a_grey_profile(name: str, format: str) -> None:
    stored = Image.fromarray(GREY)
    file = stored_as(format, stored, GREYS[name])
    expected = converted(stored, cms(GREYS[name]), ImageCms.createProfile("sRGB"), "RGB")
    assert difference(file, expected, format) < SAME
    assert profiles.is_srgb(files.decoded(colored(file)).info["icc_profile"])


def cmyk(file: Callable[[Image.Image, bytes], bytes]) -> tuple[bytes, Image.Image]:
    """A CMYK file of a photograph, and what littlecms makes of it in sRGB."""
    icc = pyvips.Image.profile_load("cmyk")
    source = files.astronaut().resize((192, 128))
    ink = converted(source, ImageCms.createProfile("sRGB"), cms(icc), "CMYK")
    return file(ink, icc), converted(ink, cms(icc), ImageCms.createProfile("sRGB"), "RGB", BLACK_POINT)


def ycck(ink: Image.Image, icc: bytes) -> bytes:
    """A JPEG as Photoshop writes it: inverted, C, M and Y as YCbCr, and Adobe's marker that says so."""
    pixels = np.asarray(ink)
    # A decoder takes 255 less the R, G and B that it finds for C, M and Y: these, inverted twice, stand as they are.
    inks = np.asarray(Image.fromarray(np.ascontiguousarray(pixels[..., :3])).convert("YCbCr"))
    stored = np.dstack([inks, 255 - pixels[..., 3]])
    file = bytearray(
        files.encoded(Image.frombytes("CMYK", ink.size, (255 - stored).tobytes()), "JPEG", quality=100, icc_profile=icc)
    )
    marker = file.index(b"Adobe")
    file[marker + 11] = 2
    return bytes(file)


CMYKS: dict[str, Callable[[Image.Image, bytes], bytes]] = {
    "JPEG": lambda ink, icc: files.encoded(ink, "JPEG", quality=100, subsampling=0, icc_profile=icc),
    "YCCK JPEG": ycck,
    "TIFF": lambda ink, icc: files.encoded(ink, "TIFF", icc_profile=icc),
    "16-bit TIFF": lambda ink, icc: _wide(ink, icc),
}


def _wide(ink: Image.Image, icc: bytes) -> bytes:
    image = pyvips.Image.new_from_array(np.asarray(ink).astype(np.uint16) * np.uint16(257)).copy(interpretation="cmyk")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    return bytes(image.tiffsave_buffer())


@pytest.mark.parametrize("kind", CMYKS)
def test_cmyk_is_brought_to_srgb_by_its_profile(kind: str) -> None:
    file, expected = cmyk(CMYKS[kind])
    opened = photo.open(file)
    peak = np.iinfo(opened.luma.dtype).max
    assert np.abs(opened.luma / peak * 255 - files.pillow_grey(expected)).mean() < 1.0
    assert opened.luma.dtype == (np.uint16 if kind == "16-bit TIFF" else np.uint8)
    assert profiles.is_srgb(opened.metadata.icc or b"")
    assert difference(file, expected, "JPEG" if "JPEG" in kind else "TIFF") < SAME


def test_cmyk_without_a_profile_is_taken_for_a_common_press() -> None:
    file, expected = cmyk(lambda ink, icc: files.encoded(ink, "JPEG", quality=100, subsampling=0))
    assert difference(file, expected, "JPEG") < SAME


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
@pytest.mark.parametrize("icc", [RGB["sRGB"], GREYS["Gray Gamma 2.2"], b"no profile at all" * 20])
def test_a_profile_that_is_none_for_inks_is_left_out_and_that_is_said(icc: bytes, format: str) -> None:
    ink = files.astronaut().resize((96, 64)).convert("CMYK")
    plain = photo.open(stored_as(format, ink))
    with photo.collect_warnings() as notes:
        opened = photo.open(stored_as(format, ink, icc))
    np.testing.assert_array_equal(opened.luma, plain.luma)
    assert ["common press" in note for note in notes] == [True]


def test_a_cmyk_jpeg_without_adobes_marker_is_taken_as_inverted_like_every_other() -> None:
    file, _ = cmyk(CMYKS["JPEG"])
    marker = file.index(b"\xff\xee")
    without = file[:marker] + file[marker + 2 + int.from_bytes(file[marker + 2 : marker + 4], "big") :]
    assert b"Adobe" not in without[:100]
    np.testing.assert_array_equal(np.asarray(files.decoded(without)), np.asarray(files.decoded(file)))  # says Pillow
    np.testing.assert_array_equal(photo.open(without).luma, photo.open(file).luma)

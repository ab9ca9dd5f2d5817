"""Profiles: colours mean the same under an RGB profile; a grey or CMYK picture is brought to sRGB."""

import io
from typing import Any

import numpy as np
import photo_files as files
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms
from skimage import color as skcolor

from photochrom import photo
from photochrom.color.luma import ab_to_cbcr
from photochrom.photo import profiles

GREY = Image.fromarray(files.grey())


def lab_of(rgb: NDArray[Any], icc: bytes | None) -> NDArray[np.float64]:
    """Lab by scikit-image of RGB (H, W, 3) uint8, brought from a profile to sRGB by Pillow's littlecms."""
    image = Image.fromarray(np.asarray(rgb, np.uint8))
    if icc is not None:
        own = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        image = (
            ImageCms.profileToProfile(
                image, own, ImageCms.createProfile("sRGB"), renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
            )
            or image
        )
    return np.asarray(skcolor.rgb2lab(np.asarray(image)), np.float64)


def with_profile(icc: bytes, mode: str = "L") -> photo.Photo:
    return photo.open(files.encoded(GREY.convert(mode), "PNG", icc_profile=icc))


def test_the_space_of_a_profile_is_known() -> None:
    assert profiles.space(files.profile("adobe")) == "RGB"
    assert profiles.space(files.profile("grey")) == "GRAY"
    assert profiles.space(None) == profiles.space(b"no profile") == profiles.space(bytes(200)) == ""


def test_srgb_profiles_of_any_maker_are_known_as_srgb() -> None:
    pillows = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert profiles.is_srgb(pillows)
    assert profiles.is_srgb(profiles.srgb())
    assert not profiles.is_srgb(files.profile("adobe"))
    assert with_profile(pillows).profile is None
    assert with_profile(pillows).metadata.icc == pillows


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_an_adobe_rgb_profile_stays_and_the_luma_is_that_of_the_numbers(mode: str) -> None:
    icc = files.profile("adobe")
    opened = with_profile(icc, mode)
    np.testing.assert_array_equal(opened.luma, files.grey())
    result = files.decoded(files.saved(files.colored(opened)))
    assert result.info["icc_profile"] == icc
    assert np.abs(files.pillow_grey(result) - files.grey()).max() <= 1


@pytest.mark.parametrize("icc", [None, files.profile("adobe"), files.profile("adobe", 1.8)])
@pytest.mark.parametrize(("a", "b"), [(20, 15), (-25, 20), (5, -30), (0, 0)])
def test_a_colour_means_the_same_under_every_profile(icc: bytes | None, a: float, b: float) -> None:
    flat = np.full((32, 32), 140, np.uint8)
    source = files.encoded(Image.fromarray(flat), "PNG", **({"icc_profile": icc} if icc else {}))
    opened = photo.open(source)
    small = opened.working_luma((8, 8))
    ab = np.full((8, 8, 2), (a, b), np.float32)
    rgb = opened.colored(ab, small, record=files.RECORD).rgb(np.uint8)
    assert np.abs(lab_of(rgb, icc)[16, 16, 1:] - (a, b)).max() < 2.5


def test_colours_beyond_the_profile_keep_their_hue() -> None:
    icc = files.profile("adobe")
    luma01 = np.full((1, 8), 0.5, np.float32)
    angle = np.arange(8) * np.pi / 4
    strong = np.stack([np.cos(angle), np.sin(angle)], axis=-1)[None].astype(np.float32)
    far, near = (profiles.own_chroma(icc, luma01, ab_to_cbcr(luma01, strong * scale)) for scale in (100, 15))
    assert np.isfinite(far).all()
    turned = np.angle(far[1] + 1j * far[0]) - np.angle(near[1] + 1j * near[0])
    assert np.abs(np.angle(np.exp(1j * turned))).max() < 0.4  # a line of one hue in Lab is not quite straight in CbCr
    assert (np.hypot(*far) > 1.5 * np.hypot(*near)).all()


def test_the_network_sees_the_picture_as_srgb_would_show_it() -> None:
    flat = np.full((64, 64), 100, np.uint8)
    linear = files.profile("srgb", 1.0)
    opened = photo.open(files.encoded(Image.fromarray(flat), "PNG", icc_profile=linear))
    expected = 1.055 * (100 / 255) ** (1 / 2.4) - 0.055
    assert opened.working_luma((4, 4)) == pytest.approx(np.full((4, 4), expected), abs=0.01)


@pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")
@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_grey_profile_is_applied_and_srgb_stands_in_its_place(gamma: float, depth: int) -> None:
    ramp = np.arange(256, dtype=np.uint16).reshape(16, 16) * np.uint16(1 if depth == 8 else 257)
    image = Image.fromarray(ramp.astype(np.uint8) if depth == 8 else ramp)
    opened = photo.open(files.encoded(image, "PNG", icc_profile=files.profile("grey", gamma)))
    light = (np.arange(256).reshape(16, 16) / 255) ** gamma
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(opened.luma / np.iinfo(opened.luma.dtype).max - expected).max() < 1.5 / 255
    result = files.saved(files.colored(opened))
    icc = files.decoded(files.saved(files.colored(opened), format="jpeg")).info["icc_profile"]
    assert profiles.is_srgb(icc)
    assert np.abs(photo.open(result).luma.astype(int) - opened.luma).max() <= 1


def test_a_grey_profile_in_a_jpeg_is_applied_too() -> None:
    file = files.encoded(GREY, "JPEG", quality=95, icc_profile=files.profile("grey", 1.0))
    plain = photo.open(files.encoded(GREY, "JPEG", quality=95))
    assert photo.open(file).luma.mean() > plain.luma.mean() + 20


@pytest.mark.parametrize("icc", [b"broken", files.profile("adobe")[:200], bytes(500)])
def test_a_profile_that_can_not_be_used_is_left_out_and_that_is_said(icc: bytes) -> None:
    with photo.collect_warnings() as notes:
        opened = with_profile(icc)
    assert opened.metadata.icc is None
    assert len(notes) == 1
    assert "colour profile" in notes[0]


def test_a_grey_profile_on_a_colour_file_is_left_out() -> None:
    file = files.with_segments(
        files.encoded(files.astronaut(), "JPEG"), files.jpeg_segment(2, b"ICC_PROFILE\0\1\1" + files.profile("grey"))
    )
    with photo.collect_warnings() as notes:
        opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, photo.open(files.encoded(files.astronaut(), "JPEG")).luma)
    assert opened.metadata.icc is None
    assert len(notes) == 1


def test_cmyk_tiff_is_brought_to_srgb() -> None:
    opened = photo.open(files.encoded(files.astronaut().convert("CMYK"), "TIFF"))
    assert np.corrcoef(opened.luma.ravel(), files.pillow_grey(files.astronaut()).ravel())[0, 1] > 0.95
    assert profiles.is_srgb(opened.metadata.icc or b"")

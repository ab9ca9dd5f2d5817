"""A picture that comes in bands becomes the same luma, alpha and look as one that is there at once."""

import numpy as np
import photo_files as files
import pytest
import pyvips
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo import vips
from photochrom.photo.bands import Bands


def picture(channels: int, dtype: type) -> NDArray[np.integer]:
    rng = np.random.default_rng(1)
    light = np.asarray(files.astronaut().resize((203, 301))).astype(np.uint32)
    samples = np.concatenate([light, rng.integers(0, 256, (301, 203, 1))], axis=2)[..., -channels:]
    return (samples * (np.iinfo(dtype).max // 255)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize("rows", [1, 7, 300])
def test_the_result_does_not_depend_on_how_many_rows_come_at_a_time(channels: int, dtype: type, rows: int) -> None:
    samples = picture(channels, dtype)
    parts = (samples[start : start + rows] for start in range(0, len(samples), rows))
    grey, alpha, look = Bands(samples.shape, dtype, parts).separated()
    whole_grey, whole_alpha, whole_look = Bands.of(samples).separated()
    np.testing.assert_array_equal(grey, whole_grey)
    assert (alpha is None) == (whole_alpha is None) == (channels == 3)
    if alpha is not None:
        np.testing.assert_array_equal(alpha, samples[..., -1])
    assert (look is None) == (whole_look is None) == (channels == 2)
    if look is not None and whole_look is not None:
        np.testing.assert_array_equal(look.luma, whole_look.luma)
        np.testing.assert_array_equal(look.chroma, whole_look.chroma)


def test_the_luma_of_rgb_is_pillows() -> None:
    grey, _, _ = Bands.of(np.asarray(files.astronaut())).separated()
    np.testing.assert_array_equal(grey, files.pillow_grey(files.astronaut()))


@pytest.mark.parametrize("kind", ["strips", "tiles", "png"])
def test_libvips_gives_the_same_rows_in_bands_as_at_once(kind: str) -> None:
    image = pyvips.Image.new_from_array(np.random.default_rng(2).integers(0, 65536, (1501, 2003, 3), np.uint16))
    if kind == "png":
        file = image.pngsave_buffer(compression=1)
    else:
        file = image.tiffsave_buffer(compression="lzw", tile=kind == "tiles")
    loader = "pngload" if kind == "png" else "tiffload"
    parts = vips.samples(vips.load(loader, file, "test", "kind"), "test", "kind")
    assert isinstance(parts, Bands)
    bands = list(parts.parts)
    assert len(bands) == 4
    np.testing.assert_array_equal(np.concatenate(bands), image.numpy())


def test_damage_in_a_late_band_is_an_error_and_no_grey_bottom() -> None:
    file = files.encoded(files.astronaut().resize((1500, 1500)), "PNG")
    parts = vips.samples(vips.load("pngload", file[: len(file) * 3 // 4], "cut.png", "PNG"), "cut.png", "PNG")
    assert isinstance(parts, Bands)
    with pytest.raises(PhotoError, match=r"cut\.png: is a damaged or incomplete PNG"):
        parts.separated()

"""The photograph's own light is kept: the result turned back to grey is the input turned to grey.

For every size, mode, depth and lossless format; the comparison is made by Pillow and by plain
arithmetic on what libvips reads, not by our own code.
"""

import numpy as np
import photo_files as files
import pytest
import pyvips
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from photochrom import photo

LOSSLESS = ["PNG", "TIFF", "WEBP", "BMP"]
MODES = ["1", "L", "LA", "P", "RGB", "RGBA"]


def texture(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Noise, gradients and pure black and white, RGB."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    base = (rows * rng.uniform(0, 9) + columns * rng.uniform(0, 9))[..., None] % 256
    rgb = base + rng.normal(0, 40, (height, width, 3)) * rng.uniform(0, 1)
    return np.asarray(np.clip(rgb * rng.uniform(0.8, 1.4), 0, 255), np.uint8)


def promised(before: NDArray[np.int64], after: NDArray[np.int64]) -> bool:
    """Within one level on at least 99.9 % of the pixels."""
    return before.shape == after.shape and bool(np.mean(np.abs(before - after) <= 1) >= 0.999)


sides = st.integers(1, 60) | st.integers(1, 5000)


@pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")
@given(sides, sides, st.sampled_from(MODES), st.sampled_from(LOSSLESS), st.integers(0, 2**31), st.floats(0, 120))
@example(1, 1, "L", "PNG", 0, 50.0)
@example(5000, 1, "RGB", "TIFF", 0, 50.0)
@example(1, 5000, "P", "WEBP", 0, 50.0)
@settings(max_examples=60)
def test_8_bit(width: int, height: int, mode: str, format: str, seed: int, strength: float) -> None:
    height = min(height, max(1, 300_000 // width))
    image = Image.fromarray(texture(width, height, seed)).convert(mode)
    image = image.convert("L") if (mode, format) == ("LA", "BMP") else image
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    source = files.encoded(image, format, **options)
    result = files.saved(files.colored(photo.open(source), seed=seed % 1000, strength=strength))
    before, after = files.decoded(source), files.decoded(result)
    assert after.mode in ("RGB", "RGBA")
    assert promised(
        files.pillow_grey(before.convert("RGBA" if "A" in before.mode else "RGB")), files.pillow_grey(after)
    )


@given(sides, sides, st.sampled_from(["pngsave_buffer", "tiffsave_buffer"]), st.integers(1, 4), st.integers(0, 2**31))
@settings(max_examples=40)
def test_16_bit(width: int, height: int, saver: str, bands: int, seed: int) -> None:
    height = min(height, max(1, 200_000 // width))
    samples = np.random.default_rng(seed).integers(0, 65536, (height, width, bands)).astype(np.uint16)
    image = pyvips.Image.new_from_memory(samples.tobytes(), width, height, bands, "ushort")
    image = image.copy(interpretation="grey16" if bands < 3 else "rgb16")
    result = files.saved(files.colored(photo.open(getattr(image, saver)()), seed=seed % 1000))
    after = pyvips.Image.new_from_buffer(result, "").numpy().reshape(height, width, -1)
    assert after.dtype == np.uint16
    assert after.shape[2] == (4 if bands in (2, 4) else 3)
    before = samples[..., 0].astype(np.int64) if bands < 3 else weighted(samples)
    assert promised(before, weighted(after))


def weighted(rgb: NDArray[np.uint16]) -> NDArray[np.int64]:
    luma: NDArray[np.int64] = (rgb[..., :3].astype(np.int64) @ np.array([19595, 38470, 7471]) + 0x8000) >> 16
    return luma


def test_a_jpegs_luma_is_in_the_png_that_is_made_of_it() -> None:
    file = files.encoded(files.astronaut().convert("L"), "JPEG", quality=85)
    result = files.decoded(files.saved(files.colored(photo.open(file)), format="png"))
    assert promised(files.pillow_grey(files.decoded(file)), files.pillow_grey(result))

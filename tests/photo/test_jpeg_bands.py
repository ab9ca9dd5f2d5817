"""A JPEG that was encoded in bands must be the JPEG that would have been encoded at once."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from photochrom.photo import Photo, Record
from photochrom.photo.formats import jpeg_bands
from photochrom.photo.formats.base import Subsampling
from photochrom.photo.formats.jpeg_bands import encoded

RNG = np.random.default_rng(3)


def colored(height: int, width: int) -> Photo:
    luma = RNG.integers(0, 256, (height, width), np.uint8)
    ab = RNG.normal(0, 40, (5, 7, 2)).astype(np.float32)
    return Photo(luma).colored(ab, np.full((5, 7), 0.5, np.float32), record=Record("test", "test"))


@pytest.mark.parametrize("subsampling", ["420", "444"])
@pytest.mark.parametrize("size", [(64, 64), (65, 33), (200, 1), (1, 200), (199, 77), (16, 500), (17, 500), (641, 160)])
def test_bands_decode_to_the_pixels_of_a_single_scan(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], subsampling: Subsampling
) -> None:
    photo = colored(*size)
    luma, cb, cr = photo.planes(subsampling)
    even = np.pad(luma, [(0, side % 2) for side in size], mode="edge") if subsampling == "420" else luma
    whole = simplejpeg.encode_jpeg_yuv_planes(even, cb, cr, quality=90)
    monkeypatch.setattr(jpeg_bands, "BAND_PIXELS", 1000)
    banded = b"\xff\xd8" + b"".join(encoded(photo, subsampling, 90))
    with Image.open(io.BytesIO(banded)) as one, Image.open(io.BytesIO(whole)) as other:
        assert one.size == (size[1], size[0])
        assert np.array_equal(np.array(one), np.array(other)[: size[0], : size[1]])
    # Strict: libjpeg has nothing to complain about, as it would of bytes too many or too few between the markers.
    simplejpeg.decode_jpeg(banded, strict=True)


def test_a_large_picture_has_restart_markers_and_a_small_one_none() -> None:
    assert b"\xff\xdd\x00\x04" in b"".join(encoded(colored(2000, 1500), "420", 50))
    small = colored(300, 200)
    whole = simplejpeg.encode_jpeg_yuv_planes(*small.planes("420"), quality=50)
    at_once = b"".join(encoded(small, "420", 50))
    assert b"\xff\xdd\x00\x04" not in at_once
    assert whole.endswith(at_once)


@pytest.mark.parametrize("size", [(33, 35), (64, 33), (33, 64), (1, 1)])
def test_what_stands_behind_the_picture_in_memory_does_not_matter(size: tuple[int, int]) -> None:
    photo = colored(*size)
    results = set()
    for filling in (0, 255):
        memory = np.full(photo.luma.size + 4096, filling, np.uint8)
        memory[: photo.luma.size] = photo.luma.ravel()
        same = replace(photo, luma=memory[: photo.luma.size].reshape(size))
        results.add(b"".join(encoded(same, "420", 90)))
    assert len(results) == 1


def test_a_large_picture_always_gives_the_same_bytes() -> None:
    photo = colored(2000, 1501)
    assert len({b"".join(encoded(photo, "420", 50)) for _ in range(5)}) == 1

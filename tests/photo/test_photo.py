"""What the network is shown, and what it gives back, do not depend on the file's pixel size."""

import tracemalloc

import cv2
import numpy as np
import photo_files as files
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from photochrom import photo

Float = NDArray[np.float64]


def area(picture: Float, rows: int, columns: int) -> Float:
    """Averages by the definition: how much of each pixel lies in each cell."""

    def share(count: int, cells: int) -> Float:
        edges = np.arange(cells + 1) * count / cells
        left, right = edges[:-1, None], edges[1:, None]
        inside = np.clip(np.minimum(right, np.arange(count) + 1) - np.maximum(left, np.arange(count)), 0, 1)
        return np.asarray(inside / inside.sum(axis=1, keepdims=True))

    return np.asarray(share(picture.shape[0], rows) @ picture @ share(picture.shape[1], columns).T)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_the_working_luma_is_the_average_over_areas(
    height: int, width: int, rows: int, columns: int, wide: bool
) -> None:
    samples = cv2.resize(files.grey(512, 512), (width, height), interpolation=cv2.INTER_AREA)
    exact = samples.astype(np.float64) / 255
    small = photo.open(samples.astype(np.uint16) * np.uint16(257) if wide else samples).working_luma((rows, columns))
    assert small.shape == (rows, columns)
    assert small.dtype == np.float32
    assert small.min() >= 0
    assert small.max() <= 1
    if rows <= height and columns <= width:
        assert np.abs(small - area(exact, rows, columns)).max() < 1e-4


@pytest.mark.parametrize("shape", [(1536, 2048), (1535, 2047), (700, 900), (3000, 64)])
def test_halving_on_the_way_changes_next_to_nothing(shape: tuple[int, int]) -> None:
    samples = cv2.resize(files.grey(512, 512), shape[::-1], interpolation=cv2.INTER_CUBIC)
    small = photo.open(samples).working_luma((48, 64))
    stray = np.abs(small - area(samples / 255, 48, 64)) * 255
    assert stray.mean() < 1
    assert stray.max() < 10


def test_the_same_photograph_at_any_size_looks_the_same_to_the_network() -> None:
    large = cv2.resize(files.grey(512, 512), (2048, 2048), interpolation=cv2.INTER_CUBIC)
    shown = [
        photo.open(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)).working_luma((128, 128))
        for side in (512, 1024, 2048)
    ]
    assert max(np.abs(each - shown[0]).max() for each in shown) < 1.5 / 255


def test_a_small_picture_is_enlarged_within_its_range() -> None:
    step = np.repeat(np.array([[0, 255]], np.uint8), 8, axis=0)
    large = photo.open(step).working_luma((32, 32))
    assert (large.min(), large.max()) == (0, 1)


def test_colouring_leaves_the_luma_and_the_first_photo_alone() -> None:
    opened = photo.open(files.grey())
    colored = files.colored(opened)
    assert colored.luma is opened.luma
    assert opened.chroma is None
    assert colored.record == files.RECORD
    assert colored.size == (96, 64)


def test_no_colour_is_grey() -> None:
    opened = photo.open(files.grey())
    plain = opened.colored(np.zeros((8, 8, 2), np.float32), opened.working_luma((8, 8)), record=files.RECORD)
    np.testing.assert_array_equal(plain.rgb(), np.repeat(files.grey()[..., None], 3, axis=2))


@pytest.mark.parametrize("format", ["png", "tiff", "jpeg", "webp", "bmp"])
@pytest.mark.parametrize("shape", [(64, 96), (700, 900)])
def test_a_picture_that_has_no_room_for_colour_is_not_passed_off_as_coloured(
    format: str, shape: tuple[int, int]
) -> None:
    dithered = np.random.default_rng(1).integers(0, 2, shape).astype(bool)
    for samples in (dithered, np.ones(shape, bool), np.zeros(shape, np.uint16)):
        page = files.colored(photo.open(samples))
        with photo.collect_warnings() as notes:
            files.saved(page.with_pages([page]) if format == "tiff" else page, format=format)
        assert sum("the result is grey" in note for note in notes) == 1


def test_one_grey_among_black_and_white_has_room() -> None:
    samples = np.where(np.random.default_rng(1).integers(0, 2, (64, 96)), 255, 0).astype(np.uint8)
    samples[-8:, -8:] = 128
    colored = files.colored(photo.open(samples))
    with photo.collect_warnings() as notes:
        for ask in (colored.rgb, colored.planes, colored.to_pil, lambda: colored.rgb(np.float32)):
            ask()
    assert notes == []


def test_grey_on_request_needs_no_warning() -> None:
    colored = files.colored(photo.open(np.eye(64, dtype=bool)), strength=0.1)
    with photo.collect_warnings() as notes:
        colored.rgb()
        colored.planes()
    assert notes == []


def test_whoever_takes_the_pixels_is_told_too() -> None:
    colored = files.colored(photo.open(np.eye(64, dtype=bool)))
    for ask in (colored.rgb, colored.planes, colored.to_pil, lambda: np.asarray(colored)):
        with pytest.warns(photo.PhotoWarning, match="pure black and white"):
            ask()


def test_the_path_takes_little_memory() -> None:
    """12 megapixels as planes, from the file to the file: 12 MB of luma, 6 of chroma, and the two files."""
    samples = np.random.default_rng(0).integers(0, 256, (750, 1000)).astype(np.uint8)
    file = files.saved(files.colored(photo.open(cv2.resize(samples, (4000, 3000)))), format="jpeg", quality=85)
    tracemalloc.start()
    files.saved(files.colored(photo.open(file)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6

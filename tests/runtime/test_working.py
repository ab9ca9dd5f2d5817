"""How large the network sees a picture, whatever its shape."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from photochrom.runtime.working import CELL, MOST_TILES, WorkingSize

AREA = 256 * 256
SIDES = st.integers(1, 20000)


@given(SIDES, SIDES, st.sampled_from([128 * 128, AREA, 384 * 384, 1024 * 1024]))
def test_tiles_cover_the_picture_and_have_sides_that_the_encoder_takes(height: int, width: int, area: int) -> None:
    size = WorkingSize.of(height, width, area)
    side = (size.height, size.width)[size.axis]
    other = (size.height, size.width)[1 - size.axis]
    assert size.tile % 32 == 0
    assert side % CELL == 0
    assert other % 32 == 0 or (other < 32 and other % CELL == 0)
    assert size.starts[0] == 0
    assert size.starts[-1] + size.tile == max(side, size.tile)
    assert all(start % CELL == 0 for start in size.starts)
    assert all(0 < b - a < size.tile for a, b in zip(size.starts, size.starts[1:], strict=False))


@given(SIDES, SIDES)
def test_work_is_bounded_whatever_the_shape(height: int, width: int) -> None:
    size = WorkingSize.of(height, width, AREA)
    assert len(size.starts) <= MOST_TILES
    assert size.tile * max(min(size.height, size.width), 32) <= 1.3 * AREA


@given(st.integers(100, 3000), st.integers(100, 3000))
def test_a_picture_up_to_three_to_one_is_seen_in_one_piece_near_its_shape_and_the_area(height: int, width: int) -> None:
    if not 1 / 3 <= height / width <= 3:
        return
    size = WorkingSize.of(height, width, AREA)
    assert len(size.starts) == 1
    assert 0.8 < size.height * size.width / AREA < 1.25
    assert 0.85 < (size.width / size.height) / (width / height) < 1.18


@given(st.integers(1, 300), st.integers(1, 300), st.integers(2, 60))
def test_the_working_size_depends_on_the_shape_and_not_on_the_pixels(height: int, width: int, factor: int) -> None:
    assert WorkingSize.of(height, width, AREA) == WorkingSize.of(factor * height, factor * width, AREA)


@given(SIDES, SIDES)
def test_a_turned_picture_is_seen_turned(height: int, width: int) -> None:
    one, other = WorkingSize.of(height, width, AREA), WorkingSize.of(width, height, AREA)
    assert (one.height, one.width, one.tile, one.starts) == (other.width, other.height, other.tile, other.starts)


def test_neighbouring_tiles_overlap_by_at_least_a_third() -> None:
    size = WorkingSize.of(100, 1000, AREA)
    assert len(size.starts) > 2
    assert all(a + size.tile - b >= size.tile / 3 for a, b in zip(size.starts, size.starts[1:], strict=False))

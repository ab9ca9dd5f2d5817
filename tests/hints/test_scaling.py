"""When two sizes can be those of one photograph."""

from __future__ import annotations

import pytest

from photochrom.hints.scaling import same_shape


@pytest.mark.parametrize("other", [(1024, 792), (512, 396), (2047, 1584), (4096, 3200), (10, 8)])
def test_the_same_photograph_at_another_size(other: tuple[int, int]) -> None:
    assert same_shape((1024, 792), other)


@pytest.mark.parametrize("other", [(792, 1024), (1024, 700), (1100, 792), (1024, 1024), (40, 36)])
def test_another_shape(other: tuple[int, int]) -> None:
    assert not same_shape((1024, 792), other)

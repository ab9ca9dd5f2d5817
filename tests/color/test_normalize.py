"""Network units go there and back, for arrays and for tensors."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from photochrom.color.normalize import normalize_ab, normalize_luma, unnormalize_ab, unnormalize_luma


def test_black_and_white_are_the_ends_of_the_networks_range() -> None:
    assert normalize_luma(0.0) == -1.0
    assert normalize_luma(1.0) == 1.0
    assert normalize_ab(-110.0) == -1.0
    assert normalize_ab(55.0) == 0.5


@given(st.floats(0, 1, width=32), st.floats(-128, 128, width=32))
def test_every_value_comes_back(luma: float, ab: float) -> None:
    assert unnormalize_luma(normalize_luma(np.float32(luma))) == pytest.approx(luma, abs=1e-6)
    assert unnormalize_ab(normalize_ab(np.float32(ab))) == pytest.approx(ab, abs=2e-5)


def test_float32_stays_float32_and_a_tensor_stays_a_tensor() -> None:
    for function in (normalize_luma, unnormalize_luma, normalize_ab, unnormalize_ab):
        array = function(np.full((2, 3), 0.25, np.float32))
        tensor = function(torch.full((2, 3), 0.25))
        assert array.dtype == np.float32
        assert tensor.dtype == torch.float32
        np.testing.assert_array_equal(array, tensor.numpy())

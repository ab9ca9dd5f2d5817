"""The quick depthwise gradients are PyTorch's own, whatever the kernel, stride, padding and size."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from photochrom.networks import depthwise as module
from photochrom.networks.depthwise import depthwise

CHANNELS = 6


def _inputs(height: int, width: int, kernel: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(height * width + kernel)
    x = torch.randn(2, CHANNELS, height, width, dtype=dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(CHANNELS, 1, kernel, kernel, dtype=dtype)
    return x.requires_grad_(), weight.requires_grad_(), torch.randn(CHANNELS, dtype=dtype).requires_grad_()


def _gradients(y: Tensor, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    torch.manual_seed(1)
    return torch.autograd.grad(y, inputs, torch.randn(y.shape).to(y.dtype))


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 7), (5, 12), (16, 6)])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5])
def test_value_and_gradients_are_those_of_pytorch(
    kernel: int, stride: int, padded: bool, height: int, width: int
) -> None:
    inputs = _inputs(height, width, kernel, torch.float64)
    padding = kernel // 2 if padded else 0
    quick = depthwise(*inputs, stride, padding)
    plain = F.conv2d(*inputs, stride, padding, 1, CHANNELS)
    torch.testing.assert_close(quick, plain)
    for got, wanted in zip(_gradients(quick, inputs), _gradients(plain, inputs), strict=True):
        torch.testing.assert_close(got, wanted)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5])
def test_in_bfloat16_gradients_are_as_exact_as_pytorchs(kernel: int, stride: int) -> None:
    x, weight, _ = _inputs(12, 10, kernel, torch.float32)
    exact = _gradients(F.conv2d(x, weight, None, stride, kernel // 2, 1, CHANNELS), (x, weight))
    with torch.autocast("cpu", torch.bfloat16):
        low = x.to(torch.bfloat16)
        quick = depthwise(low, weight, None, stride, kernel // 2)
    assert quick.dtype == torch.bfloat16
    for gradient, wanted in zip(_gradients(quick, (x, weight)), exact, strict=True):
        assert gradient.dtype == torch.float32
        assert float((gradient - wanted).norm() / wanted.norm()) < 0.01


def test_without_gradients_it_is_the_plain_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight, bias = _inputs(8, 8, 5, torch.float32)
    monkeypatch.setattr(module, "_Depthwise", None)  # would fail where it is used
    with torch.no_grad():
        quick = depthwise(x, weight, bias, 1, 2)
    torch.testing.assert_close(quick, F.conv2d(x, weight, bias, 1, 2, 1, CHANNELS))


def test_a_frozen_weight_still_passes_gradients_on() -> None:
    x, weight, _ = _inputs(9, 9, 3, torch.float64)
    y = depthwise(x, weight.detach(), None, 2, 1)
    (got,) = _gradients(y, (x,))
    (wanted,) = _gradients(F.conv2d(x, weight, None, 2, 1, 1, CHANNELS), (x,))
    torch.testing.assert_close(got, wanted)

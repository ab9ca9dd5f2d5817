"""Batch norms folded into convolutions: the same numbers and the same gradients as one after the other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.networks.layers import conv_norm, freeze_norms, same_padding


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [1, 2, 5, 8, 31, 32])
def test_same_padding_gives_one_output_a_stride_and_pads_the_end_more(size: int, stride: int, kernel: int) -> None:
    before, after = same_padding(size, kernel, stride)
    assert (size + before + after - kernel) // stride + 1 == -(-size // stride)
    assert before <= after <= before + 1


def _pair(*, kernel: int, stride: int, depthwise: bool) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    torch.manual_seed(kernel + stride)
    inputs, outputs = (6, 6) if depthwise else (4, 6)
    padding = kernel // 2 if stride == 1 else 0
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=6 if depthwise else 1, bias=False)
    norm = nn.BatchNorm2d(outputs, eps=1e-3)
    for values in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
        assert values is not None
        values.uniform_(0.5, 2.0)
    return conv.double(), norm.double().eval()


def _apart(x: Tensor, conv: nn.Conv2d, norm: nn.BatchNorm2d) -> Tensor:
    """Convolution, then norm, as PyTorch does them; SAME padding by hand."""
    if conv.stride[0] > 1:
        kernel, stride = conv.kernel_size[0], conv.stride[0]
        x = F.pad(x, (*same_padding(x.shape[3], kernel, stride), *same_padding(x.shape[2], kernel, stride)))
    y: Tensor = norm(conv(x))
    return y


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 6)])
@pytest.mark.parametrize(
    ("kernel", "stride", "depthwise"),
    [(1, 1, False), (3, 1, False), (3, 2, False), (3, 1, True), (3, 2, True), (5, 1, True), (5, 2, True)],
)
def test_folded_equals_convolution_then_norm_gradients_included(
    kernel: int, stride: int, depthwise: bool, height: int, width: int
) -> None:
    conv, norm = _pair(kernel=kernel, stride=stride, depthwise=depthwise)
    x = torch.randn(2, conv.in_channels, height, width, dtype=torch.float64, requires_grad=True)
    inputs = [x, conv.weight, norm.weight, norm.bias]
    got, wanted = conv_norm(x, conv, norm), _apart(x, conv, norm)
    assert got.shape[2:] == (-(-height // stride), -(-width // stride))
    torch.testing.assert_close(got, wanted)
    direction = torch.randn_like(got)
    for ours, theirs in zip(
        torch.autograd.grad(got, inputs, direction), torch.autograd.grad(wanted, inputs, direction), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


def test_without_gradients_the_same_numbers_come_out() -> None:
    conv, norm = _pair(kernel=5, stride=2, depthwise=True)
    x = torch.randn(1, 6, 11, 8, dtype=torch.float64)
    folded = conv_norm(x, conv, norm)
    with torch.no_grad():
        torch.testing.assert_close(conv_norm(x, conv, norm), folded)


def test_a_norm_in_training_mode_uses_the_statistics_of_the_batch() -> None:
    conv, norm = _pair(kernel=1, stride=1, depthwise=False)
    norm.train()
    y = conv_norm(torch.randn(4, 4, 8, 8, dtype=torch.float64), conv, norm)
    unscaled = (y - norm.bias[:, None, None]) / norm.weight[:, None, None]
    np.testing.assert_allclose(unscaled.mean((0, 2, 3)).detach(), 0, atol=1e-6)


def test_freezing_leaves_only_batch_norms_in_evaluation_mode() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Sequential(nn.BatchNorm2d(2)), nn.Dropout()).train()
    freeze_norms(net)
    assert [module.training for module in net.modules()] == [True, True, True, False, True]
    assert all(parameter.requires_grad for parameter in net.parameters())

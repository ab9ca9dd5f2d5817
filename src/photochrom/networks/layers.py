"""The few layers that every network here is made of.

The one with a reason to exist is `conv_norm`: a batch norm whose statistics are frozen is a
constant affine map, so it is folded into the convolution in front of it while training goes
on. That spares two passes over the activations, which on a CPU are much of a step, and leaves
the parameters and their names exactly as the public checkpoints have them.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.networks.depthwise import depthwise


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME padding (before, after) along one axis of `size` pixels.

    Said by the remainder, so that it is a constant where `size` is a symbol known to be a multiple of `stride`:
    with it, exporting an encoder takes seconds instead of minutes.
    """
    total = max(kernel - (size % stride or stride), 0)
    return total // 2, total - total // 2


def conv_norm(x: Tensor, conv: nn.Conv2d, norm: nn.BatchNorm2d, *, same: bool = True) -> Tensor:
    """Convolution and batch norm, (N, C, H, W) to (N, C', H', W').

    With `norm` in evaluation mode (frozen statistics) the two become one convolution while gradients
    are recorded, and reach the weights of both. Otherwise they stay apart, as a graph is exported.

    Args:
        same: pad SAME where `conv` strides and has no padding of its own.
    """
    stride, kernel, padding = conv.stride[0], conv.kernel_size, cast(tuple[int, int], conv.padding)
    if same and stride > 1 and padding == (0, 0) and kernel != (1, 1):
        left, right = same_padding(x.shape[-1], kernel[1], stride)
        top, bottom = same_padding(x.shape[-2], kernel[0], stride)
        x = F.pad(x, (left, right, top, bottom))
    if norm.training or not torch.is_grad_enabled() or norm.running_var is None or norm.running_mean is None:
        return cast(Tensor, norm(_convolve(x, conv.weight, None, stride, padding, conv.groups)))
    weight, bias = folded(conv, norm)
    return _convolve(x, weight, bias, stride, padding, conv.groups)


def folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one convolution that `conv` and `norm` with its running statistics are."""
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale


def _convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: tuple[int, int], groups: int
) -> Tensor:
    if groups > 1:
        return depthwise(x, weight, bias, stride, padding[0])
    return F.conv2d(x, weight, bias, stride, padding)


def freeze_norms(module: nn.Module) -> None:
    """Put every batch norm of `module` in evaluation mode: statistics stay, weights still learn."""
    for child in module.modules():
        if isinstance(child, nn.BatchNorm2d):
            child.eval()

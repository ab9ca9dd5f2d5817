"""Depthwise convolution whose gradients are quick on a CPU.

Two of oneDNN's depthwise gradients fall off a cliff on CPUs: the weights of 5x5 kernels, and
the input of strided ones. Both can be said in terms of operations that it is fast in: a 5x5 weight
gradient is made of 3x3 ones on shifted inputs, and the input gradient of a strided convolution is
a plain convolution of the gradient with zeros put between. The values are the same within rounding;
training with EfficientNet-Lite 2 makes 1.8 times as many samples a second in bfloat16, in float32 as
many as before (`python benchmarks/train_step.py`).
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F


def depthwise(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    """Depthwise convolution: x (N, C, H, W), weight (C, 1, k, k) with k 3 or 5, to (N, C, H', W')."""
    channels = x.shape[1]
    if x.device.type == "cpu" and torch.is_grad_enabled() and weight.requires_grad:
        y = cast(Tensor, _Depthwise.apply(x, weight, stride, padding))  # type: ignore[no-untyped-call]
        return y if bias is None else y + bias[:, None, None].to(y.dtype)
    return F.conv2d(x, weight, bias, stride, padding, 1, channels)


class _Depthwise(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu")  # type: ignore[untyped-decorator]
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        ctx.stride, ctx.padding, ctx.precision = stride, padding, weight.dtype
        weight = weight.to(x.dtype)
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, None, stride, padding, 1, x.shape[1])

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        x, weight = ctx.saved_tensors
        grad = grads[0].contiguous(memory_format=torch.channels_last).to(x.dtype)
        stride, padding, kernel = ctx.stride, ctx.padding, weight.shape[-1]
        grad_x = _input_gradient(x, weight, grad, stride, padding) if ctx.needs_input_grad[0] else None
        if kernel == 5:
            grad_weight = _weight_gradient_5x5(x, grad, stride, padding)
        else:
            grad_weight = _plain(x, weight, grad, stride, padding, (False, True))[1]
        return grad_x, grad_weight.to(ctx.precision), None, None


def _plain(
    x: Tensor, weight: Tensor, grad: Tensor, stride: int, padding: int, wanted: tuple[bool, bool]
) -> tuple[Tensor, Tensor]:
    gradients = torch.ops.aten.convolution_backward(
        grad, x, weight, [0], [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], x.shape[1], [*wanted, False]
    )
    return cast(tuple[Tensor, Tensor], gradients[:2])


def _input_gradient(x: Tensor, weight: Tensor, grad: Tensor, stride: int, padding: int) -> Tensor:
    if stride == 1:
        return _plain(x, weight, grad, stride, padding, (True, False))[0]
    n, channels, height, width = x.shape
    kernel = weight.shape[-1]
    spread = torch.zeros(
        (n, channels, height + 2 * padding - kernel + 1, width + 2 * padding - kernel + 1), dtype=x.dtype
    ).contiguous(memory_format=torch.channels_last)
    spread[:, :, ::stride, ::stride] = grad
    return F.conv2d(spread, weight.flip(2, 3), None, 1, kernel - 1 - padding, 1, channels)


def _weight_gradient_5x5(x: Tensor, grad: Tensor, stride: int, padding: int) -> Tensor:
    channels = x.shape[1]
    if padding:
        x = F.pad(x, (padding,) * 4)
    rows, columns = grad.shape[-2] * stride - stride + 3, grad.shape[-1] * stride - stride + 3
    result = x.new_empty(channels, 1, 5, 5)
    for top in (0, 2):
        for left in (0, 2):
            window = x[:, :, top : top + rows, left : left + columns].contiguous(memory_format=torch.channels_last)
            result[:, :, top : top + 3, left : left + 3] = _plain(
                window, result[:, :, :3, :3], grad, stride, 0, (False, True)
            )[1]
    return result

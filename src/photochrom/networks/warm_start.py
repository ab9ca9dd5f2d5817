"""A start for InceptionResNetV2 where its ImageNet weights can't be had: what it shares with Inception-v3.

The stem is identical and is copied, and so are the matching branches of the first mixed block. What is new starts at
random, with batch norms that have seen a batch, so that activations have a scale to learn at; every residual
block starts as nothing (the last 1x1 is zero), so that the network begins as its stem and reductions.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from photochrom.networks.inception_resnet_v2 import ConvNorm, InceptionResNetV2, Residual
from photochrom.networks.inception_v3 import InceptionV3

_COPIED = {
    "conv2d_1a": "conv",
    "conv2d_2a": "conv_1",
    "conv2d_2b": "conv_2",
    "conv2d_3b": "conv_3",
    "conv2d_4a": "conv_4",
    "mixed_5b.branch0": "mixed_conv",  # 64 of 96 channels
    "mixed_5b.branch1.0": "mixed_tower_conv",
    "mixed_5b.branch1.1": "mixed_tower_conv_1",
    "mixed_5b.branch2.0": "mixed_tower_1_conv",
    "mixed_5b.branch2.1": "mixed_tower_1_conv_1",
    "mixed_5b.branch2.2": "mixed_tower_1_conv_2",
    "mixed_5b.branch3.1": "mixed_tower_2_conv",  # 32 of 64 channels
}


def teacher_input(luma: Tensor) -> Tensor:
    """What Inception-v3 sees of `luma` (N, 1, H, W) in [-1, 1]: (N, 3, H, W) as (pixel - 128) / 128."""
    return ((luma * 127.5 - 0.5) / 128).expand(-1, 3, -1, -1)


@torch.no_grad()
def warm_start(encoder: InceptionResNetV2, teacher: InceptionV3, luma: Tensor) -> None:
    """Fill `encoder` from `teacher`; `luma` (N, 1, H, W) in [-1, 1] are some pictures to set the batch norms by.

    Random weights are drawn from PyTorch's generator.
    """
    biases: dict[nn.Module, Tensor] = {}
    for name, layer in encoder.named_modules():
        if isinstance(layer, Residual):
            nn.init.zeros_(layer.conv2d.weight)
            nn.init.zeros_(cast(Tensor, layer.conv2d.bias))
        elif isinstance(layer, ConvNorm):
            nn.init.kaiming_normal_(layer.conv.weight, nonlinearity="relu")
            nn.init.ones_(layer.bn.weight)
            nn.init.zeros_(layer.bn.bias)
            if name in _COPIED:
                source = cast(nn.Conv2d, getattr(teacher, _COPIED[name]))
                weight, bias = source.weight, cast(Tensor, source.bias)
                if name == "conv2d_1a":  # its input is (pixel - 127.5) / 127.5
                    bias = bias - weight.sum((1, 2, 3)) * (0.5 / 128)
                    weight = weight * (127.5 / 128)
                layer.conv.weight[: len(weight)] = weight
                biases[layer.bn] = bias
    _calibrate(encoder, luma, biases)


def _calibrate(encoder: nn.Module, luma: Tensor, biases: dict[nn.Module, Tensor]) -> None:
    """Give every batch norm the statistics of its input on `luma`, layer by layer.

    Where a folded norm's bias is known, the norm becomes the identity and adds it.
    """

    def look(norm: nn.Module, inputs: tuple[Any, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        var, mean = torch.var_mean(inputs[0].float(), (0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)
        if norm in biases:
            count = len(biases[norm])
            norm.weight[:count] = torch.sqrt(var + norm.eps)[:count]
            norm.bias[:count] = mean[:count] + biases[norm]

    norms = [module for module in encoder.modules() if isinstance(module, nn.BatchNorm2d)]
    handles = [norm.register_forward_pre_hook(look) for norm in norms]
    modes = {module: module.training for module in encoder.modules()}
    try:
        encoder.eval()(luma)
    finally:
        for module, training in modes.items():
            module.training = training
        for handle in handles:
            handle.remove()

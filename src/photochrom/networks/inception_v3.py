"""Inception-v3 of December 2015 up to its last mixed blocks, frozen: a teacher, not an encoder.

Its features warm up InceptionResNetV2, whose own ImageNet weights can't always be had, and the
mean of `mixed_7` is what KID-768 is measured on. Names are those of the original TensorFlow graph, batch
norms are folded into the convolutions, and loading is strict.

Source: Szegedy et al. 2016 (Rethinking the Inception Architecture); graph and weights of 2015-12-05.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.errors import ModelError
from photochrom.networks.files import read_tensors
from photochrom.networks.layers import same_padding

WEIGHTS = "inception_v3_2015_to_mixed8.fp16.safetensors"
"""Name of the file of weights, where only its folder is given."""

Kernel = tuple[int, int]
_STEM: tuple[tuple[str, int, int, Kernel], ...] = (
    ("conv", 3, 32, (3, 3)),
    ("conv_1", 32, 32, (3, 3)),
    ("conv_2", 32, 64, (3, 3)),
    ("conv_3", 64, 80, (1, 1)),
    ("conv_4", 80, 192, (3, 3)),
)


class InceptionV3(nn.Module):
    """RGB to the features of `mixed_7` (768 channels, stride 16) or `mixed_8` (1280 channels, stride 32).

    Args:
        padding: "valid" as in the original graph: no padding in the stem (but for `conv_2`) and the reductions;
            "same" pads these too, so that a picture of 128 pixels gives exactly 8 x 8 cells.
    """

    def __init__(self, *, padding: Literal["valid", "same"] = "valid") -> None:
        super().__init__()
        self.padding = padding
        for name, inputs, outputs, kernel in _convolutions():
            self.add_module(name, nn.Conv2d(inputs, outputs, kernel))
        self.eval().requires_grad_(False)

    @classmethod
    def load(cls, path: Path, *, padding: Literal["valid", "same"] = "valid") -> InceptionV3:
        """The network with the weights of `path`, a safetensors file or the folder that holds `WEIGHTS`.

        Raises:
            ModelError: the file can't be read, or its names or shapes are not those of this network.
        """
        file = path / WEIGHTS if path.is_dir() else path
        net = cls(padding=padding)
        try:
            net.load_state_dict({name: tensor.float() for name, tensor in read_tensors(file).items()})
        except (RuntimeError, AttributeError) as error:
            raise ModelError(f"{file} does not hold the weights of Inception-v3 up to mixed_8: {error}") from error
        return net

    @torch.no_grad()
    def forward(self, x: Tensor, *, upto: Literal["mixed_7", "mixed_8"] = "mixed_7") -> Tensor:
        """Features (N, 768, h, w), or (N, 1280, h, w) of `mixed_8`, of x (N, 3, H, W) as (pixel - 128) / 128.

        299 pixels give 17 (8) cells with "valid" padding; with "same" the sides are divided by 16 (32), rounded up.
        """
        x = self._conv(self._conv(x, "conv", stride=2), "conv_1", free=True)
        x = self._pool(self._conv(x, "conv_2"))
        x = self._pool(self._conv(self._conv(x, "conv_3"), "conv_4", free=True))
        for block in ("mixed", "mixed_1", "mixed_2"):
            x = self._mixed(x, block, ("tower_conv", "tower_conv_1"), _tower(2, "tower_1_conv"))
        long = self._chain(x, ["mixed_3_tower_conv", "mixed_3_tower_conv_1"])
        long = self._conv(long, "mixed_3_tower_conv_2", stride=2)
        x = torch.cat([self._conv(x, "mixed_3_conv", stride=2), long, self._pool(x)], 1)
        for block in ("mixed_4", "mixed_5", "mixed_6", "mixed_7"):
            x = self._mixed(x, block, _tower(2, "tower_conv"), _tower(4, "tower_1_conv"))
        if upto == "mixed_7":
            return x
        short = self._conv(self._conv(x, "mixed_8_tower_conv"), "mixed_8_tower_conv_1", stride=2)
        long = self._chain(x, [f"mixed_8_{name}" for name in _tower(2, "tower_1_conv")])
        return torch.cat([short, self._conv(long, "mixed_8_tower_1_conv_3", stride=2), self._pool(x)], 1)

    def _mixed(self, x: Tensor, block: str, first: Sequence[str], second: Sequence[str]) -> Tensor:
        pooled = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        parts = [
            self._conv(x, f"{block}_conv"),
            self._chain(x, [f"{block}_{name}" for name in first]),
            self._chain(x, [f"{block}_{name}" for name in second]),
            self._conv(pooled, f"{block}_tower_2_conv"),
        ]
        return torch.cat(parts, 1)

    def _chain(self, x: Tensor, names: Sequence[str]) -> Tensor:
        for name in names:
            x = self._conv(x, name)
        return x

    def _conv(self, x: Tensor, name: str, *, stride: int = 1, free: bool = False) -> Tensor:
        """Convolution and ReLU; SAME, except that strided ones and `free` ones pad nothing in the original graph."""
        conv = cast(nn.Conv2d, getattr(self, name))
        rows, columns = conv.weight.shape[2:]
        if stride == 1:
            bare = free and self.padding == "valid"
            y = F.conv2d(x, conv.weight, conv.bias, padding=0 if bare else (rows // 2, columns // 2))
        else:
            if self.padding == "same":
                x = F.pad(x, same_padding(x.shape[3], columns, stride) + same_padding(x.shape[2], rows, stride))
            y = F.conv2d(x, conv.weight, conv.bias, stride=stride)
        return F.relu_(y)

    def _pool(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 2, ceil_mode=self.padding == "same")


def _tower(last: int, name: str) -> list[str]:
    return [name, *(f"{name}_{i}" for i in range(1, last + 1))]


def _convolutions() -> list[tuple[str, int, int, Kernel]]:
    """Name, inputs, outputs and kernel (rows, columns) of every convolution."""
    one, three, five, tall, wide = (1, 1), (3, 3), (5, 5), (7, 1), (1, 7)
    table: list[tuple[str, int, int, Kernel]] = list(_STEM)

    def chain(block: str, names: Sequence[str], widths: Sequence[int], kernels: Sequence[Kernel]) -> None:
        for name, inputs, outputs, kernel in zip(names, widths, widths[1:], kernels, strict=False):
            table.append((f"{block}_{name}", inputs, outputs, kernel))

    for block, inputs, pooled in (("mixed", 192, 32), ("mixed_1", 256, 64), ("mixed_2", 288, 64)):
        chain(block, ["conv"], [inputs, 64], [one])
        chain(block, _tower(1, "tower_conv"), [inputs, 48, 64], [one, five])
        chain(block, _tower(2, "tower_1_conv"), [inputs, 64, 96, 96], [one, three, three])
        chain(block, ["tower_2_conv"], [inputs, pooled], [one])
    chain("mixed_3", ["conv"], [288, 384], [three])
    chain("mixed_3", _tower(2, "tower_conv"), [288, 64, 96, 96], [one, three, three])
    for block, width in (("mixed_4", 128), ("mixed_5", 160), ("mixed_6", 160), ("mixed_7", 192)):
        chain(block, ["conv"], [768, 192], [one])
        chain(block, _tower(2, "tower_conv"), [768, width, width, 192], [one, wide, tall])
        chain(block, _tower(4, "tower_1_conv"), [768, *[width] * 4, 192], [one, tall, wide, tall, wide])
        chain(block, ["tower_2_conv"], [768, 192], [one])
    chain("mixed_8", _tower(1, "tower_conv"), [768, 192, 320], [one, three])
    chain("mixed_8", _tower(3, "tower_1_conv"), [768, 192, 192, 192, 192], [one, wide, tall, three])
    return table

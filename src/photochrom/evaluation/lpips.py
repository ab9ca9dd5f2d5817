"""LPIPS-Alex v0.1: how different two pictures look to a network (Zhang et al. 2018).

Plain PyTorch, because the packages that offer LPIPS need torchvision. The weights (AlexNet
features and linear heads) are given by path; nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.errors import DataError

WEIGHTS_FILE: Final = "lpips_alex.safetensors"
"""Name of the weights in a folder of metric weights."""

_CHANNELS: Final = (64, 192, 384, 256, 256)
_TAPS: Final = (1, 4, 7, 9, 11)
"""Layers of AlexNet (the activations) that are compared."""


class LpipsAlex(nn.Module):
    """AlexNet features of a picture, and the distance of two pictures in them.

    Untrained until :meth:`load` has filled it; parameters carry the names of the published files
    (torchvision's `features.N`, LPIPS's `linN.model.1`).
    """

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
        )
        for tap, channels in enumerate(_CHANNELS):
            head = nn.Module()
            head.model = nn.Sequential(nn.Dropout(), nn.Conv2d(channels, 1, 1, bias=False))
            self.add_module(f"lin{tap}", head)
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188])[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450])[:, None, None], persistent=False)
        self.eval().requires_grad_(False)

    @classmethod
    def load(cls, path: str | Path) -> LpipsAlex:
        """The metric with its weights.

        Args:
            path: the safetensors file, or the folder that holds `lpips_alex.safetensors`.

        Raises:
            DataError: the file is missing, damaged, or holds other weights.
        """
        file = Path(path)
        file = file / WEIGHTS_FILE if file.is_dir() else file
        metric = cls()
        try:
            metric.load_state_dict(load_file(file))
        except (OSError, SafetensorError, RuntimeError) as error:
            raise DataError(f"{file} does not hold the weights of LPIPS-Alex v0.1: {error}") from error
        return metric

    @torch.inference_mode()
    def describe(self, rgb: Tensor) -> list[Tensor]:
        """Unit-length features of pictures, so that a truth is described once for many results.

        Args:
            rgb: (N, H, W, 3) uint8 sRGB, or (N, 3, H, W) float in [-1, 1]; sides of at least 32 pixels.

        Returns:
            Five maps (N, C, h, w).
        """
        x = rgb.permute(0, 3, 1, 2).float() / 127.5 - 1 if rgb.dtype == torch.uint8 else rgb
        x = (x - self.shift) / self.scale
        described = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in _TAPS:
                described.append(x / (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-10))
        return described

    @torch.inference_mode()
    def distance(self, described: list[Tensor], others: list[Tensor]) -> Tensor:
        """LPIPS (N,) of described pictures, pair by pair; 0 is identical, grey beside colour photographs about 0.2."""
        total = torch.zeros(len(described[0]))
        for tap, (x, y) in enumerate(zip(described, others, strict=True)):
            weight = self.get_parameter(f"lin{tap}.model.1.weight")
            total = total + F.conv2d((x - y).square(), weight).mean(dim=(1, 2, 3))
        return total

    def forward(self, rgb: Tensor, other: Tensor) -> Tensor:
        """LPIPS (N,) of two batches of pictures as :meth:`describe` takes them."""
        return self.distance(self.describe(rgb), self.describe(other))

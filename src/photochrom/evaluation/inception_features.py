"""What KID-768 is measured on: a picture as 768 numbers, by the Inception network of December 2015.

Pictures are resized bilinearly to 299, as the reference of the Inception features does it; the
features of `mixed_7` are averaged over the picture. Weights are given by path; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from photochrom.networks.inception_v3 import InceptionV3

SIDE: Final = 299
"""Pixels along both sides of what the network looks at."""


class InceptionFeatures:
    """Features of pictures for :func:`photochrom.evaluation.metrics.kid`.

    Args:
        net: frozen, with its weights.
    """

    def __init__(self, net: InceptionV3) -> None:
        net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third faster on processors
        self._net = net

    @classmethod
    def load(cls, path: str | Path) -> InceptionFeatures:
        """With the weights of `path`, the safetensors file or its folder.

        Raises:
            ModelError: the file is missing, damaged, or holds other weights.
        """
        return cls(InceptionV3.load(Path(path)))

    @torch.inference_mode()
    def describe(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Features (N, 768) of N pictures, each (H, W, 3) uint8 sRGB of any size, looked at together."""
        resized = [
            F.interpolate(torch.from_numpy(rgb).permute(2, 0, 1)[None].float(), (SIDE, SIDE), mode="bilinear")
            for rgb in pictures
        ]
        features: NDArray[np.float32] = self._net((torch.cat(resized) - 128) / 128).mean(dim=(2, 3)).numpy()
        return features

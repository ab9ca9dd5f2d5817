"""The decoder: features, luma and hints to a distribution over colours at a quarter of the size.

Hints enter here, late, so that one pass of the encoder serves many decodes. Points are spread
before the convolutions see them, by an attention whose affinity is learned from encoder features,
luma and position; a convolutional net learns very slowly to carry single cells across a picture.
Everything in this module can be traced to one ONNX graph with free batch, size and number of points.

Sources: Zhang et al. 2016 (a distribution over ab bins), Zhang et al. 2017 (hints as input),
Kang et al. 2023 (decoding at several scales).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.errors import ModelError

_GROUPS = 8

HINT_PLANES = 9
"""Spread a, b, mass; splat a, b, confidence; dense a, b, confidence."""


@dataclass(frozen=True)
class DecoderConfig:
    """Architecture of a decoder.

    Attributes:
        channels: of the encoder's features at strides 4, 8, 16, 32.
        widths: of the decoder at the same strides.
        blocks: residual blocks at the same strides.
        bins: number of colour bins.
        heads: of the self-attention at strides 16 and 32; 0 leaves it out.
        affinity: channels of the learned affinity by which points are spread.

    Raises:
        ModelError: from the constructor, where these make no network.
    """

    channels: tuple[int, int, int, int]
    widths: tuple[int, int, int, int] = (96, 160, 256, 256)
    blocks: tuple[int, int, int, int] = (2, 2, 2, 1)
    bins: int = 0
    heads: int = 4
    affinity: int = 16

    def __post_init__(self) -> None:
        problems = [
            (any(len(v) != 4 for v in (self.channels, self.widths, self.blocks)), "four scales are needed"),
            (any(w < 1 or w % _GROUPS for w in self.widths), f"widths must be multiples of {_GROUPS}"),
            (
                self.heads < 0 or (self.heads and any(w % self.heads for w in self.widths[2:])),
                "heads must divide widths",
            ),
            (self.affinity < 1 or min(self.channels) < 1 or min(self.blocks) < 0, "sizes must be positive"),
            (self.bins < 1, "the number of colour bins is missing"),
        ]
        for wrong, what in problems:
            if wrong:
                raise ModelError(f"The decoder's settings make no network: {what} ({self.to_dict()}).")

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON; `DecoderConfig.from_dict` reads them back."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, object]) -> DecoderConfig:
        """The inverse of `to_dict`."""
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})  # type: ignore[arg-type]


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(_GROUPS, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.norm2 = nn.GroupNorm(_GROUPS, width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        return x + y


class _SelfAttention(nn.Module):
    """Pre-norm multi-head self-attention over all cells of a (N, C, h, w) map, added to it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(_GROUPS, width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, 3, self.heads, c // self.heads, h * w).unbind(1)
        scores = (q * (c // self.heads) ** -0.5).transpose(2, 3) @ k
        mixed = (scores.softmax(-1) @ v.transpose(2, 3)).transpose(2, 3).reshape(n, c, h, w)
        return x + self.out(mixed)  # type: ignore[no-any-return]


class _Stage(nn.Module):
    """One scale: encoder features, the coarser map and the hints, then residual blocks and attention."""

    def __init__(self, inputs: int, width: int, below: int, *, blocks: int, heads: int) -> None:
        super().__init__()
        self.features = nn.Conv2d(inputs, width, 1)
        self.hints = nn.Conv2d(HINT_PLANES + 1, width, 3, padding=1)
        self.below = nn.Conv2d(below, width, 1) if below else None
        self.blocks = nn.ModuleList(_Residual(width) for _ in range(blocks))
        self.attention = _SelfAttention(width, heads) if heads else None

    def forward(self, features: Tensor, hints: Tensor, below: Tensor | None) -> Tensor:
        x: Tensor = self.features(features) + self.hints(hints)
        if self.below is not None and below is not None:
            x = x + F.interpolate(self.below(below), scale_factor=2.0, mode="bilinear")
        for block in self.blocks:
            x = block(x)
        return self.attention(x) if self.attention is not None else x


class _Spread(nn.Module):
    """Carry points (N, P, 5) over the picture: (N, 6, h, w) planes, their order as in `HINT_PLANES`.

    The affinity of a cell and a point falls with the squared distance of learned features, of luma
    and of position; the widths start at 0.15 (luma) and 0.25 of the side (position), narrower with
    more points, and are learned. A constant competitor stands for "none of these points".
    """

    def __init__(self, channels: tuple[int, int, int, int], affinity: int) -> None:
        super().__init__()
        self.fine = nn.Conv2d(channels[1], affinity, 1)
        self.coarse = nn.Conv2d(channels[2], affinity, 1)
        self.log_widths = nn.Parameter(torch.tensor([math.log(0.25), math.log(0.15)]))
        self.narrowing = nn.Parameter(torch.tensor([0.15, 0.1]))
        self.log_scale = nn.Parameter(torch.tensor(-2.0))
        self.none = nn.Parameter(torch.tensor(-4.0))

    def forward(self, luma: Tensor, features: Sequence[Tensor], points: Tensor) -> Tensor:
        n, _, h, w = luma.shape
        similar = F.interpolate(self.fine(features[1]), size=(h, w), mode="bilinear")
        similar = similar + F.interpolate(self.coarse(features[2]), size=(h, w), mode="bilinear")
        xs = ((torch.arange(w, device=luma.device) + 0.5) / w).expand(n, 1, h, w)
        ys = ((torch.arange(h, device=luma.device) + 0.5) / h)[:, None].expand(n, 1, h, w)
        side = math.sqrt(h * w) if isinstance(h, int) else torch.sqrt(torch.tensor(h * w, dtype=torch.float32))
        place = torch.cat([xs * (w / side), ys * (h / side)], 1)
        confidence = points[..., 4]
        count = confidence.sum(1)[:, None]
        widths = torch.exp(self.log_widths - self.narrowing * torch.log1p(count))[:, :, None]
        maps = torch.cat(
            [
                place.flatten(2) / widths[:, 0:1],
                0.5 * luma.float().flatten(2) / widths[:, 1:2],
                similar.float().flatten(2) * torch.exp(self.log_scale),
            ],
            1,
        )
        grid = (points[:, None, :, :2] * 2 - 1).float()
        keys = F.grid_sample(maps.reshape(n, -1, h, w), grid, padding_mode="border", align_corners=False)[:, :, 0]
        seen = torch.log(confidence.float().clamp_min(1e-6))[:, None]
        affinity = seen - 0.5 * _squared_distance(maps, keys)
        peak = torch.maximum(affinity.amax(2, keepdim=True), self.none)
        weights = torch.exp(affinity - peak) * (confidence > 0)[:, None]  # rows of confidence 0 are no hint at all
        total = weights.sum(2, keepdim=True)
        values = points[..., 2:4].float()
        spread = (weights @ values) / (total + torch.exp(self.none - peak))
        mass = total / (total + torch.exp(self.none - peak))
        cells = torch.stack([points[..., 0] * (w / side), points[..., 1] * (h / side)], 1).float()
        near = -0.5 * _squared_distance(place.flatten(2).expand(n, -1, -1), cells) * (side * side / 0.36)
        splat = torch.exp(near) * confidence.float()[:, None]
        splatted = torch.cat([splat @ values, splat.sum(2, keepdim=True)], 2) / splat.sum(2, keepdim=True).clamp_min(1)
        return torch.cat([spread, mass, splatted], 2).transpose(1, 2).reshape(n, 6, h, w)


def _squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """Between the columns of a (N, C, I) and b (N, C, J): (N, I, J), not below 0."""
    cross = a.transpose(1, 2) @ b
    return ((a * a).sum(1)[:, :, None] + (b * b).sum(1)[:, None] - 2 * cross).clamp_min(0)


class Decoder(nn.Module):
    """Features and hints to logits over colour bins at a quarter of the working size."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.spread = _Spread(config.channels, config.affinity)
        below = (config.widths[1], config.widths[2], config.widths[3], 0)
        self.stages = nn.ModuleList(
            _Stage(
                config.channels[i],
                config.widths[i],
                below[i],
                blocks=config.blocks[i],
                heads=config.heads if i >= 2 else 0,
            )
            for i in range(4)
        )
        self.norm = nn.GroupNorm(_GROUPS, config.widths[0])
        self.logits = nn.Conv2d(config.widths[0], config.bins, 1)

    def forward(self, luma: Tensor, features: Sequence[Tensor], points: Tensor, dense: Tensor) -> Tensor:
        """Logits (N, K, H/4, W/4).

        Args:
            luma: (N, 1, H, W) in [-1, 1], as the encoder saw it.
            features: at strides 4, 8, 16, 32.
            points: (N, P, 5): x, y as fractions of the sides, a/110, b/110, confidence in [0, 1];
                rows of confidence 0 are no hint; P is at least 1.
            dense: (N, 3, H/4, W/4): a/110, b/110, confidence; zeros are no hint.
        """
        small = F.avg_pool2d(luma, 4)
        with torch.autocast(luma.device.type, enabled=False):
            spread = self.spread(small, [f.float() for f in features], points)
        confident = dense[:, 2:]
        hints = torch.cat([spread, dense[:, :2] * confident, confident, small], 1)
        pyramid = [hints]
        for _ in range(3):
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        x: Tensor | None = None
        for index in (3, 2, 1, 0):
            x = self.stages[index](features[index], pyramid[index], x)
        assert x is not None
        return self.logits(F.relu(self.norm(x)))  # type: ignore[no-any-return]

"""ColorizerNet: encoder and decoder together, as training sees them.

At run-time the two are separate graphs; here they are one module with one state dict, whose
parameter names (`encoder.…`, `decoder.…`) are the initialisers' names in the ONNX files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from torch import Tensor, nn

from photochrom.errors import ModelError
from photochrom.networks.decoder import Decoder, DecoderConfig
from photochrom.networks.efficientnet_lite import EfficientNetLite
from photochrom.networks.inception_resnet_v2 import InceptionResNetV2
from photochrom.networks.layers import freeze_norms


class Encoder(Protocol):
    """What every encoder offers beside being a module."""

    channels: tuple[int, int, int, int]

    @property
    def config(self) -> dict[str, object]: ...

    def groups(self) -> list[list[nn.Parameter]]: ...

    def __call__(self, luma: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]: ...


_ENCODERS: dict[str, type[EfficientNetLite] | type[InceptionResNetV2]] = {
    "EfficientNetLite": EfficientNetLite,
    "InceptionResNetV2": InceptionResNetV2,
}


def build_encoder(config: Mapping[str, Any]) -> EfficientNetLite | InceptionResNetV2:
    """The encoder that `config` names: {"class": "EfficientNetLite", "variant": 2}; weights are random.

    Raises:
        ModelError: no such class or arguments.
    """
    arguments = dict(config)
    kind = arguments.pop("class", None)
    if kind not in _ENCODERS:
        raise ModelError(f"There is no encoder {kind!r}; known: {', '.join(_ENCODERS)}.")
    try:
        return _ENCODERS[kind](**arguments)
    except TypeError as error:
        raise ModelError(f"The encoder {kind} does not take {arguments}: {error}") from error


class ColorizerNet(nn.Module):
    """Luma and hints to logits over colour bins.

    Args:
        encoder: architecture, see `build_encoder`.
        decoder: `DecoderConfig` values other than `channels`, which follows from the encoder; `bins` is needed.
    """

    def __init__(self, encoder: Mapping[str, Any], decoder: Mapping[str, Any]) -> None:
        super().__init__()
        self.encoder = build_encoder(encoder)
        config = {**decoder, "channels": list(self.encoder.channels)}
        try:
            self.decoder = Decoder(DecoderConfig.from_dict(config))
        except TypeError as error:
            raise ModelError(f"The decoder's settings do not fit: {error}") from error
        self.train()

    def forward(self, luma: Tensor, points: Tensor, dense: Tensor) -> Tensor:
        """Logits (N, K, H/4, W/4) of luma (N, 1, H, W) in [-1, 1], points (N, P, 5), dense (N, 3, H/4, W/4)."""
        return cast(Tensor, self.decoder(luma, self.encoder(luma), points, dense))

    def train(self, mode: bool = True) -> ColorizerNet:
        """Training mode, except that the statistics of batch norms stay as they are."""
        super().train(mode)
        freeze_norms(self)
        return self

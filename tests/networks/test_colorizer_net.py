"""Encoder and decoder as one module: built from plain settings, batch norms frozen whatever the mode."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from photochrom.errors import ModelError
from photochrom.networks.colorizer_net import ColorizerNet, build_encoder
from photochrom.networks.efficientnet_lite import EfficientNetLite

ENCODER = {"class": "EfficientNetLite", "variant": 0}
DECODER: dict[str, Any] = {"widths": [16, 16, 24, 24], "blocks": [1, 1, 1, 1], "heads": 2, "bins": 30}


@pytest.fixture(scope="module")
def net() -> ColorizerNet:
    torch.manual_seed(0)
    return ColorizerNet(ENCODER, DECODER)


def test_an_encoder_is_rebuilt_from_its_own_settings() -> None:
    encoder = build_encoder({"class": "EfficientNetLite", "variant": 2})
    assert isinstance(encoder, EfficientNetLite)
    assert build_encoder(encoder.config).config == encoder.config


@pytest.mark.parametrize("config", [{}, {"class": "VGG"}, {"class": "EfficientNetLite", "depth": 3}])
def test_settings_of_no_encoder_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="encoder"):
        build_encoder(config)


@pytest.mark.parametrize("changes", [{"bins": 0}, {"widths": "wide"}, {"colour": 1}])
def test_settings_of_no_decoder_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="decoder"):
        ColorizerNet(ENCODER, {**DECODER, **changes})


def test_the_decoder_takes_its_channels_from_the_encoder(net: ColorizerNet) -> None:
    assert net.decoder.config.channels == net.encoder.channels
    assert all(name.startswith(("encoder.", "decoder.")) for name in net.state_dict())


@pytest.mark.parametrize("mode", [True, False])
def test_batch_norms_are_frozen_in_either_mode(net: ColorizerNet, mode: bool) -> None:
    net.train(mode)
    assert net.training is mode
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms
    assert not any(norm.training for norm in norms)


def test_a_training_step_moves_weights_of_both_and_leaves_statistics_as_they_are(net: ColorizerNet) -> None:
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    net(torch.rand(2, 1, 64, 32) * 2 - 1, torch.rand(2, 3, 5), torch.rand(2, 3, 16, 8)).square().mean().backward()
    optimizer.step()
    changed = {k for k, v in net.state_dict().items() if not torch.equal(v, before[k])}
    net.load_state_dict(before)
    assert {"encoder._blocks.3._project_conv.weight", "decoder.logits.weight"} <= changed
    assert changed <= {name for name, _ in net.named_parameters()}

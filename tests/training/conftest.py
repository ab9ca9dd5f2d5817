"""What the training tests share: a network that PyTorch has traced once.

Tracing two graphs takes PyTorch half a minute, everything else about an export a fraction of a second.
"""

from __future__ import annotations

import copy

import numpy as np
import onnx
import pytest
import tiny_model
import torch
import training_files

from photochrom.color.bins import AbBins
from photochrom.networks.colorizer_net import ColorizerNet
from photochrom.runtime.card import ModelCard
from photochrom.training import export as module

Graphs = tuple[onnx.ModelProto, onnx.ModelProto]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Small tensors gain nothing from more threads, and on a busy machine threads wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def net() -> ColorizerNet:
    """A network with ImageNet weights in its encoder and an untrained decoder; read only."""
    torch.manual_seed(0)
    recipe = training_files.tiny_recipe()
    net = ColorizerNet(recipe.encoder, {**recipe.decoder, "bins": len(AbBins.grid())})
    net.encoder.load_pretrained()
    return net.eval()


@pytest.fixture(scope="session")
def card(net: ColorizerNet) -> ModelCard:
    """A card that fits `net`."""
    bins = AbBins.grid().centers.tolist()
    return tiny_model.card(
        encoder=net.encoder.config,
        decoder=net.decoder.config.to_dict(),
        bins=tuple((a, b) for a, b in bins),
        log_w=tuple(np.linspace(-0.5, 0.5, len(bins)).tolist()),
    )


@pytest.fixture(scope="session")
def graphs(net: ColorizerNet) -> Graphs:
    """Both graphs of `net` as PyTorch writes them, weights in float32."""
    return module._graphs(net)


@pytest.fixture
def traced(graphs: Graphs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every export take those graphs instead of tracing again."""
    monkeypatch.setattr(module, "_graphs", lambda _: copy.deepcopy(graphs))

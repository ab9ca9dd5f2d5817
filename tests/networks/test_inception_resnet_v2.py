"""InceptionResNetV2 is timm's: names, shapes and outputs; as an encoder it gives whole cells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from photochrom.errors import ModelError
from photochrom.networks.colorizer_net import build_encoder
from photochrom.networks.inception_resnet_v2 import InceptionResNetV2
from photochrom.networks.layers import freeze_norms

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def names() -> dict[str, list[int]]:
    """Every parameter and buffer of timm 1.0's network, with its shape, in order."""
    known: dict[str, list[int]] = json.loads((DATA / "inception_resnet_v2.keys.json").read_text())
    return known


@pytest.fixture(scope="module")
def filled(names: dict[str, list[int]]) -> tuple[dict[str, Tensor], Tensor]:
    """The weights that timm's figures were measured with, and the input."""
    random = np.random.RandomState(0)
    state: dict[str, Tensor] = {}
    for name, shape in names.items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
            continue
        n = torch.from_numpy(random.standard_normal(shape).astype(np.float32))
        if name.endswith("running_var"):
            state[name] = 1 + 0.1 * n.abs()
        elif name.endswith(("running_mean", "bias")):
            state[name] = 0.1 * n
        elif n.ndim == 1:
            state[name] = 1 + 0.1 * n
        else:
            state[name] = n * float(np.sqrt(2 / np.prod(shape[1:])))
    return state, torch.from_numpy(random.standard_normal((1, 3, 299, 299)).astype(np.float32))


@pytest.fixture(scope="module")
def checkpoint(filled: tuple[dict[str, Tensor], Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the names and shapes of the published checkpoint."""
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(filled[0], path)
    return path


@pytest.fixture
def encoder(checkpoint: Path) -> InceptionResNetV2:
    net = InceptionResNetV2("block17")
    net.load_pretrained(checkpoint)
    return net.eval()


def test_names_shapes_order_and_number_of_parameters_are_timms(names: dict[str, list[int]]) -> None:
    with torch.device("meta"):
        net, features = InceptionResNetV2(classes=1000), InceptionResNetV2()
        short = InceptionResNetV2("block17")
    assert [(k, list(v.shape)) for k, v in net.state_dict().items()] == list(names.items())
    sizes = [sum(p.numel() for p in n.parameters()) / 1e6 for n in (net, features, short)]
    assert sizes == pytest.approx([55.84, 54.31, 26.9], abs=0.06)


def test_outputs_are_timms_layer_by_layer(filled: tuple[dict[str, Tensor], Tensor], checkpoint: Path) -> None:
    known = np.load(DATA / "inception_resnet_v2.parity.npz")
    net = InceptionResNetV2(padding="valid", classes=1000).eval()
    net.load_pretrained(checkpoint)
    with torch.no_grad():
        maps = net.maps(filled[1])
        logits = net.classif(maps["conv2d_7b"].mean((2, 3)))[0]
        assert torch.equal(net.classify(filled[1])[0], logits)
    layers = [name.removesuffix(".shape") for name in known if name.endswith(".shape")]
    assert set(layers) <= set(maps)
    assert len(layers) == 10
    for name in layers:
        assert tuple(maps[name].shape) == tuple(known[f"{name}.shape"])
        mean = known[f"{name}.channel_mean"]
        np.testing.assert_allclose(maps[name].mean((2, 3))[0].numpy(), mean, atol=1e-4 * np.abs(mean).max())
    np.testing.assert_allclose(logits.numpy(), known["logits"], atol=1e-4 * np.abs(known["logits"]).max())


@pytest.mark.parametrize("upto", ["block17", "whole"])
def test_features_stand_at_strides_4_8_16_32(upto: str) -> None:
    net = build_encoder({"class": "InceptionResNetV2", "upto": upto}).eval()
    with torch.no_grad():
        maps = net(torch.rand(2, 1, 64, 96) * 2 - 1)
    assert [tuple(m.shape) for m in maps] == [
        (2, c, 64 // s, 96 // s) for c, s in zip(net.channels, (4, 8, 16, 32), strict=True)
    ]
    assert net.config == {"class": "InceptionResNetV2", "upto": upto}


def test_what_is_faster_in_training_gives_the_same_features(encoder: InceptionResNetV2) -> None:
    luma = torch.rand(1, 1, 64, 64) * 2 - 1
    with torch.no_grad():
        plain = encoder(luma)
    for fast, wanted in zip(encoder(luma), plain, strict=True):
        torch.testing.assert_close(fast.detach(), wanted, rtol=1e-4, atol=1e-4 * float(wanted.max()))


def test_gradients_reach_every_parameter_with_norms_frozen_or_not(encoder: InceptionResNetV2) -> None:
    for frozen in (True, False):
        encoder.train()
        if frozen:
            freeze_norms(encoder)
        encoder.zero_grad()
        sum(m.square().mean() for m in encoder(torch.rand(2, 1, 64, 64) * 2 - 1)).backward()
        assert [name for name, p in encoder.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_groups_hold_every_parameter_once_from_the_input_to_the_depth(encoder: InceptionResNetV2) -> None:
    groups = encoder.groups()
    assert len(groups) == 5 + 1 + 10 + 1 + 20
    assert [id(p) for group in groups for p in group] == [id(p) for p in encoder.parameters()]


def test_a_checkpoint_without_head_or_counters_is_loaded_and_pytorchs_own_format_too(
    filled: tuple[dict[str, Tensor], Tensor], tmp_path: Path
) -> None:
    state = {k: v for k, v in filled[0].items() if not k.startswith("classif") and "num_batches" not in k}
    torch.save(state, tmp_path / "model.pth")
    net = InceptionResNetV2("block17")
    net.load_pretrained(tmp_path / "model.pth")
    own = net.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in own.items() if "num_batches" not in name)


def test_every_name_and_shape_that_does_not_fit_is_reported(
    filled: tuple[dict[str, Tensor], Tensor], tmp_path: Path
) -> None:
    state = dict(filled[0])
    del state["repeat.0.conv2d.bias"]
    state["conv2d_1a.conv.weight"] = torch.zeros(32, 1, 3, 3)
    state["head.weight"] = torch.zeros(3)
    save_file(state, tmp_path / "wrong.safetensors")
    net = InceptionResNetV2("block17")
    before = net.conv2d_2a.conv.weight.clone()
    with pytest.raises(ModelError) as caught:
        net.load_pretrained(tmp_path / "wrong.safetensors")
    for said in (
        "wrong.safetensors",
        "repeat.0.conv2d.bias is missing",
        "head.weight is unknown",
        "conv2d_1a.conv.weight is (32, 1, 3, 3) and not (32, 3, 3, 3)",
    ):
        assert said in str(caught.value)
    assert torch.equal(net.conv2d_2a.conv.weight, before)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"upto": "block9"}, "block17, whole"),
        ({"padding": "reflect"}, "same or valid"),
        ({"upto": "block17", "classes": 1000}, "whole"),
    ],
)
def test_what_makes_no_network_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        InceptionResNetV2(**arguments)  # type: ignore[arg-type]

"""What InceptionResNetV2 shares with Inception-v3 is the same function after a warm start; the rest is a good start."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.networks.inception_resnet_v2 import InceptionResNetV2
from photochrom.networks.inception_v3 import InceptionV3
from photochrom.networks.warm_start import teacher_input, warm_start


@pytest.fixture(scope="module")
def teacher() -> InceptionV3:
    """Random weights of sensible scale."""
    torch.manual_seed(1)
    net = InceptionV3(padding="same")
    for layer in net.children():
        assert isinstance(layer, nn.Conv2d)
        nn.init.kaiming_normal_(layer.weight)
        nn.init.normal_(layer.bias, 0, 0.1)  # type: ignore[arg-type]
    return net


@pytest.fixture(scope="module")
def luma() -> Tensor:
    coarse = torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(2)) * 2 - 1
    return F.interpolate(coarse, size=(96, 96), mode="bilinear")


@pytest.fixture(scope="module")
def encoder(teacher: InceptionV3, luma: Tensor) -> InceptionResNetV2:
    torch.manual_seed(3)
    net = InceptionResNetV2("block17")
    warm_start(net, teacher, luma)
    return net.eval()


def test_the_stem_gives_the_teachers_values(
    encoder: InceptionResNetV2, teacher: InceptionV3, luma: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Tensor] = {}
    convolve = teacher._conv

    def record(x: Tensor, name: str, *, stride: int = 1, free: bool = False) -> Tensor:
        seen[name] = convolve(x, name, stride=stride, free=free)
        return seen[name]

    monkeypatch.setattr(teacher, "_conv", record)
    teacher(teacher_input(luma))
    with torch.no_grad():
        maps = encoder.maps(luma.expand(-1, 3, -1, -1))
    mixed = maps["mixed_5b"]  # 96 channels of branch0, 64 of branch1, 96 of branch2
    for got, wanted in (
        (maps["conv2d_4a"], "conv_4"),
        (mixed[:, :64], "mixed_conv"),
        (mixed[:, 160:256], "mixed_tower_1_conv_2"),
    ):
        # the teacher pads its own grey with 0, the student's is 0.5 / 127.5 lighter, so the margins differ a little
        inner = (..., slice(4, -4), slice(4, -4))
        torch.testing.assert_close(got[inner], seen[wanted][inner], rtol=1e-3, atol=1e-3)


def test_every_residual_block_starts_as_nothing(encoder: InceptionResNetV2, luma: Tensor) -> None:
    with torch.no_grad():
        maps = encoder.maps(luma.expand(-1, 3, -1, -1))
    assert torch.equal(maps["repeat"], maps["mixed_5b"])
    assert torch.equal(maps["repeat_1"], maps["mixed_6a"])


def test_new_layers_have_activations_of_unit_scale(encoder: InceptionResNetV2, luma: Tensor) -> None:
    outputs: dict[str, Tensor] = {}
    for name, layer in encoder.named_modules():
        if isinstance(layer, nn.BatchNorm2d) and name.startswith(("mixed_6a", "repeat")):
            layer.register_forward_hook(lambda _, __, y, name=name: outputs.update({name: y.clone()}))
    with torch.no_grad():
        encoder(luma)
    assert len(outputs) == 4 + 10 * 6 + 20 * 4
    for y in outputs.values():
        var, mean = torch.var_mean(y, (0, 2, 3))
        assert mean.abs().max() < 1e-3
        assert float(var.mean()) == pytest.approx(1, abs=0.1)


def test_gradients_reach_the_last_convolution_of_every_block(encoder: InceptionResNetV2, luma: Tensor) -> None:
    encoder(luma)[2].square().mean().backward()
    blocks = [*encoder.repeat, *encoder.repeat_1]
    assert all(block.conv2d.weight.grad.any() for block in blocks)

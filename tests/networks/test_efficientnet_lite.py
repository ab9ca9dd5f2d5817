"""The ImageNet weights stand where they should: with the head on, photographs are named sensibly."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from photochrom.errors import ModelError
from photochrom.networks.efficientnet_lite import EfficientNetLite
from photochrom.networks.layers import freeze_norms

CATS = range(281, 286)
ESPRESSO = 967


@pytest.fixture(scope="module", params=[(0, 224), (2, 260)], ids=["lite0", "lite2"])
def classifier(request: pytest.FixtureRequest) -> tuple[EfficientNetLite, int]:
    """The network with its head and weights, and the side it was trained at."""
    variant, side = request.param
    net = EfficientNetLite(variant, classes=1000)
    net.load_pretrained()
    return net.eval(), side


def _square(rgb: np.ndarray, side: int) -> torch.Tensor:
    short = min(rgb.shape[:2])
    top, left = (rgb.shape[0] - short) // 2, (rgb.shape[1] - short) // 2
    square = cv2.resize(rgb[top : top + short, left : left + short], (side, side), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(square.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]


def _name(classifier: tuple[EfficientNetLite, int], picture: torch.Tensor) -> tuple[int, float]:
    with torch.no_grad():
        p = classifier[0].classify(picture).softmax(1)[0]
    return int(p.argmax()), float(p.max())


def test_a_cat_and_a_cup_of_espresso_are_named(classifier: tuple[EfficientNetLite, int]) -> None:
    side = classifier[1]
    cat, sure_of_cat = _name(classifier, _square(data.chelsea(), side))
    cup, sure_of_cup = _name(classifier, _square(data.coffee(), side))
    assert cat in CATS
    assert cup == ESPRESSO
    assert min(sure_of_cat, sure_of_cup) > 0.4


def test_the_cat_is_named_from_luma_alone(classifier: tuple[EfficientNetLite, int]) -> None:
    luma = _square(data.chelsea(), classifier[1]).mean(1, keepdim=True)
    assert _name(classifier, luma.expand(-1, 3, -1, -1))[0] in CATS


@pytest.mark.parametrize(("variant", "channels"), [(0, (24, 40, 112, 320)), (2, (24, 48, 120, 352))])
def test_features_stand_at_strides_4_8_16_32(variant: int, channels: tuple[int, ...]) -> None:
    net = EfficientNetLite(variant).eval()
    with torch.no_grad():
        maps = net(torch.rand(2, 1, 64, 96) * 2 - 1)
    assert net.channels == channels
    assert [tuple(m.shape) for m in maps] == [
        (2, c, 64 // s, 96 // s) for c, s in zip(channels, (4, 8, 16, 32), strict=True)
    ]


def test_as_an_encoder_it_has_the_weights_of_the_classifier_without_the_head() -> None:
    net, whole = EfficientNetLite(0), EfficientNetLite(0, classes=1000)
    net.load_pretrained()
    whole.load_pretrained()
    head = [k for k in whole.state_dict() if k.startswith(("_conv_head", "_bn1", "_fc"))]
    assert set(net.state_dict()) == set(whole.state_dict()) - set(head)
    assert all(torch.equal(v, whole.state_dict()[k]) for k, v in net.state_dict().items())


def test_groups_hold_every_parameter_once_from_the_input_to_the_depth() -> None:
    net = EfficientNetLite(0)
    ids = [id(p) for group in net.groups() for p in group]
    assert sorted(ids) == sorted(id(p) for p in net.parameters())
    assert net.groups()[0][0] is net._conv_stem.weight
    assert net.groups()[-1][0] is next(net._blocks[-1].parameters())


def test_gradients_reach_every_parameter_while_norms_are_frozen() -> None:
    net = EfficientNetLite(0)
    net.load_pretrained()
    net.train()
    freeze_norms(net)
    sum(m.square().mean() for m in net(torch.rand(1, 1, 32, 32) * 2 - 1)).backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_weights_of_another_variant_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "lite2.pth"
    torch.save(EfficientNetLite(2, classes=1000).state_dict(), path)
    with pytest.raises(ModelError, match=r"lite2\.pth does not hold EfficientNet-Lite 0 weights"):
        EfficientNetLite(0, classes=1000).load_pretrained(path)
    with pytest.raises(ModelError, match=r"lite2\.pth does not hold EfficientNet-Lite 0 weights"):
        EfficientNetLite(0).load_pretrained(path)


@pytest.mark.parametrize("content", [b"", b"no weights at all\n", b"PK\x03\x04 cut off", b"\x80\x02]."])
def test_a_file_that_holds_no_weights_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"weights\.pth"):
        EfficientNetLite(0).load_pretrained(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.pth"):
        EfficientNetLite(0).load_pretrained(tmp_path / "absent.pth")


def test_an_unknown_variant_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(ModelError, match=r"no variant 7.*\[0, 2\]"):
        EfficientNetLite(7)

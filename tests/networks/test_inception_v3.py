"""The teacher: shapes of both paddings, strict loading, and the published features where its weights are there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from photochrom.errors import ModelError
from photochrom.networks.inception_v3 import WEIGHTS, InceptionV3

FOLDER = os.environ.get("PHOTOCHROM_METRIC_WEIGHTS")


@pytest.fixture(scope="module")
def net() -> InceptionV3:
    torch.manual_seed(0)
    return InceptionV3()


def test_the_original_padding_gives_the_original_sizes(net: InceptionV3) -> None:
    x = torch.rand(1, 3, 299, 299)
    assert net(x).shape == (1, 768, 17, 17)
    assert net(x, upto="mixed_8").shape == (1, 1280, 8, 8)


def test_same_padding_divides_the_sides_by_sixteen(net: InceptionV3) -> None:
    even = InceptionV3(padding="same")
    even.load_state_dict(net.state_dict())
    x = torch.rand(1, 3, 64, 96)
    assert even(x).shape == (1, 768, 4, 6)
    assert even(x, upto="mixed_8").shape == (1, 1280, 2, 3)


def test_it_is_frozen(net: InceptionV3) -> None:
    assert not any(p.requires_grad for p in net.parameters())
    assert not net(torch.rand(1, 3, 96, 96, requires_grad=True)).requires_grad


def test_weights_stored_in_half_precision_are_loaded_from_file_or_folder(net: InceptionV3, tmp_path: Path) -> None:
    save_file({name: tensor.half() for name, tensor in net.state_dict().items()}, tmp_path / WEIGHTS)
    for path in (tmp_path, tmp_path / WEIGHTS):
        state = InceptionV3.load(path).state_dict()
        assert all(torch.equal(tensor.half().float(), state[name]) for name, tensor in net.state_dict().items())


def test_other_weights_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=WEIGHTS):
        InceptionV3.load(tmp_path)
    (tmp_path / "broken.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"broken\.safetensors can't be read"):
        InceptionV3.load(tmp_path / "broken.safetensors")
    save_file({"conv.weight": torch.zeros(32, 3, 3, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match=r"other\.safetensors does not hold the weights of Inception-v3"):
        InceptionV3.load(tmp_path / "other.safetensors")


@pytest.mark.skipif(FOLDER is None, reason="PHOTOCHROM_METRIC_WEIGHTS does not name the folder of metric weights")
def test_published_weights_give_the_published_features() -> None:
    known = np.load(Path(str(FOLDER)) / "inception_v3_2015.parity.npz")
    got = InceptionV3.load(Path(str(FOLDER)))(torch.from_numpy(known["input"]).float()).mean((2, 3))
    np.testing.assert_allclose(got.numpy(), known["mixed_7_mean"], atol=1e-4)

"""An exported model has PyTorch's colours, and PyTorch gets its weights back; one that differs is never written."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn
from training_files import tiny_recipe

import photochrom
from photochrom.errors import ModelError
from photochrom.hints.hintmap import HintMap
from photochrom.networks.colorizer_net import ColorizerNet
from photochrom.runtime.card import ModelCard
from photochrom.runtime.model import Model, read_card
from photochrom.training.export import Storage, export, load_exported
from photochrom.training.fit import train

FILES = ("encoder.onnx", "decoder.onnx")


@pytest.fixture(params=["fp16", "int8"])
def exported(
    request: pytest.FixtureRequest, net: ColorizerNet, card: ModelCard, traced: None, tmp_path: Path
) -> tuple[Path, Storage, float]:
    return tmp_path, request.param, export(net, card, tmp_path, storage=request.param)


def _logits(net: ColorizerNet, luma: np.ndarray, hints: HintMap) -> np.ndarray:
    dense = torch.zeros(1, 3, luma.shape[0] // 4, luma.shape[1] // 4)
    if hints.dense is not None:
        dense[0] = torch.from_numpy(hints.dense)
    points = torch.from_numpy(hints.points)[None] if len(hints.points) else torch.zeros(1, 1, 5)
    with torch.no_grad():
        logits: np.ndarray = net.eval()(torch.from_numpy(luma * 2 - 1)[None, None], points, dense)[0].numpy()
    return logits


def _bias(net: ColorizerNet) -> torch.Tensor:
    bias = net.decoder.logits.bias
    assert bias is not None
    return bias


def _looks() -> list[tuple[np.ndarray, HintMap]]:
    rng = np.random.default_rng(0)
    points = rng.random((7, 5)).astype(np.float32)
    dense = rng.random((3, 16, 24)).astype(np.float32)
    return [
        (rng.random((32, 32), np.float32), HintMap()),
        (rng.random((64, 96), np.float32), HintMap(points=points, dense=dense)),
        (rng.random((160, 32), np.float32), HintMap(points=points[:1])),
    ]


def test_colours_are_pytorchs_within_a_unit_of_lab(exported: tuple[Path, Storage, float]) -> None:
    out, storage, difference = exported
    assert 0 < difference < {"fp16": 0.1, "int8": 1.0}[storage]
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)


def test_pytorch_gets_back_the_logits_of_the_graphs(exported: tuple[Path, Storage, float]) -> None:
    out = exported[0]
    net, _ = load_exported(out)
    model = Model.load(out, device="cpu")
    for luma, hints in _looks():
        got, wanted = _logits(net, luma, hints), model.decode(model.encode(luma), hints)
        assert np.abs(got - wanted).max() < 1e-3 * max(1, np.abs(wanted).max())


def test_the_weights_that_come_back_are_those_that_were_stored_within_rounding(
    exported: tuple[Path, Storage, float], net: ColorizerNet
) -> None:
    out, storage, _ = exported
    state = load_exported(out)[0].state_dict()
    assert set(state) == set(net.state_dict())
    for name, wanted in net.state_dict().items():
        step = wanted.abs().max() * (1 / 254 if storage == "int8" else 1e-3) + 1e-6
        assert float((state[name] - wanted).abs().max()) <= float(step), name


def test_both_files_carry_the_card_and_nothing_of_the_machine(
    exported: tuple[Path, Storage, float], card: ModelCard
) -> None:
    out = exported[0]
    assert read_card(out) == card
    places = {str(Path(package.__file__ or "").parent.parent).encode() for package in (photochrom, torch)}
    for file in FILES:
        content = (out / file).read_bytes()
        assert card.to_json().encode() in content
        assert [place for place in places if place in content] == []


def test_fp16_takes_two_bytes_a_weight_and_int8_one_for_those_of_large_tensors(
    net: ColorizerNet, card: ModelCard, traced: None, tmp_path: Path
) -> None:
    size = {}
    storages: tuple[Storage, ...] = ("fp16", "int8")
    for storage in storages:
        export(net, card, tmp_path / storage, storage=storage)
        size[storage] = sum((tmp_path / storage / file).stat().st_size for file in FILES)
    count = sum(parameter.numel() for parameter in net.parameters())
    large = sum(p.numel() for p in net.parameters() if p.ndim >= 2 and p.numel() >= 2**16)
    assert large > count / 4
    assert size["fp16"] == pytest.approx(2 * count, rel=0.12)
    assert size["fp16"] - size["int8"] == pytest.approx(large, rel=0.02)


def test_batch_norms_stay_apart_from_convolutions(
    graphs: tuple[onnx.ModelProto, onnx.ModelProto], net: ColorizerNet
) -> None:
    norms = sum(isinstance(child, nn.BatchNorm2d) for child in net.encoder.modules())
    assert sum(node.op_type == "BatchNormalization" for node in graphs[0].graph.node) == norms
    names = {tensor.name for graph in graphs for tensor in graph.graph.initializer}
    assert {"_blocks.3._bn1.running_var", "stages.0.blocks.0.conv1.weight"} <= names


@pytest.mark.usefixtures("traced")
def test_an_export_that_differs_is_refused_and_the_model_before_it_stays(
    net: ColorizerNet, card: ModelCard, tmp_path: Path
) -> None:
    export(net, card, tmp_path)
    before = {file: (tmp_path / file).read_bytes() for file in FILES}
    other = copy.deepcopy(net)
    with torch.no_grad():
        _bias(other)[:20] += 3
    with pytest.raises(ModelError, match=r"differ from PyTorch's by \d+\.\d\d; nothing was written"):
        export(other, card, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.usefixtures("traced")
def test_an_export_without_numbers_is_refused(net: ColorizerNet, card: ModelCard, tmp_path: Path) -> None:
    broken = copy.deepcopy(net)
    with torch.no_grad():
        _bias(broken)[3] = float("nan")
    with pytest.raises(ModelError, match="nan"):
        export(broken, card, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("traced")
def test_the_network_is_left_in_the_mode_that_it_was_in(net: ColorizerNet, card: ModelCard, tmp_path: Path) -> None:
    before = {k: v.clone() for k, v in net.state_dict().items()}
    try:
        export(net.train(), card, tmp_path)
        assert net.training
    finally:
        net.eval()
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


@pytest.mark.usefixtures("traced")
def test_a_run_can_start_from_an_exported_model(
    net: ColorizerNet, card: ModelCard, manifest: Path, tmp_path: Path
) -> None:
    export(net, card, tmp_path / "model")
    recipe = tiny_recipe(samples=8, warmup=0, cooldown=0, learning_rate=1e-30, frozen=40, decoder={}, late_share=0)
    train(recipe, manifest=manifest, out=tmp_path / "run", start=str(tmp_path / "model"), workers=0)
    got = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)
    assert got["hyper_parameters"]["bins"] == [list(center) for center in card.bins]
    assert got["hyper_parameters"]["log_w"] == pytest.approx(card.log_w)
    wanted = load_exported(tmp_path / "model")[0].state_dict()
    for name, value in wanted.items():  # zeros move by as little as the rate allows
        torch.testing.assert_close(got["state_dict"][f"net.{name}"], value, rtol=0, atol=1e-25)


def test_a_model_of_another_make_is_refused(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="encoder"):
        load_exported(tiny)
    with pytest.raises(ModelError):
        load_exported(tmp_path / "absent")


@pytest.mark.usefixtures("traced")
def test_files_that_do_not_fit_their_card_are_refused(net: ColorizerNet, card: ModelCard, tmp_path: Path) -> None:
    export(net, card, tmp_path)
    whole = (tmp_path / "encoder.onnx").read_bytes()
    (tmp_path / "encoder.onnx").write_bytes((tmp_path / "decoder.onnx").read_bytes())
    with pytest.raises(ModelError, match=r"encoder\.onnx lacks the weights"):
        load_exported(tmp_path)
    (tmp_path / "encoder.onnx").write_bytes(whole[:-100])
    with pytest.raises(ModelError, match=r"encoder\.onnx is no ONNX file"):
        load_exported(tmp_path)

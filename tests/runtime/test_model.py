"""The pair of graphs: what goes in, what comes out, and what is refused when the two do not fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_model

from photochrom.errors import MissingExtraError, ModelError, UsageError
from photochrom.hints.hintmap import HintMap
from photochrom.runtime.model import Model, read_card
from photochrom.runtime.registry import bundled

RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def model(tiny: Path) -> Model:
    return Model.load(tiny, threads=1)


def picture(height: int, width: int) -> np.ndarray:
    return RNG.random((height, width), np.float32)


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (224, 288)])
def test_logits_come_at_a_quarter_of_the_size_one_plane_a_bin(model: Model, size: tuple[int, int]) -> None:
    features = model.encode(picture(*size))
    assert {name: value.shape[2:] for name, value in features.maps.items()} == {
        f"stride{s}": (size[0] // s, size[1] // s) for s in (4, 8, 16, 32)
    }
    logits = model.decode(features)
    assert logits.shape == (len(model.card.bins), size[0] // 4, size[1] // 4)
    assert logits.dtype == np.float32


def test_the_encoder_gets_luma_from_minus_one_to_one(model: Model) -> None:
    luma = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (32, 1))
    given = model.encode(luma).luma
    assert (given.min(), given.max()) == (-1, 1)


@pytest.mark.parametrize("shape", [(33, 32), (32, 48), (0, 32), (32,), (1, 32, 32)])
def test_sizes_that_the_encoder_cannot_take_are_refused(model: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        model.encode(np.zeros(shape, np.float32))


def test_hints_reach_the_decoder_and_no_hint_is_a_hint_of_no_confidence(model: Model) -> None:
    features = model.encode(picture(64, 64))
    plain = model.decode(features)
    point = HintMap.from_points(np.array([[0.5, 0.5]], np.float32), np.array([[40.0, -20.0]], np.float32))
    assert not np.array_equal(model.decode(features, point), plain)
    dense = HintMap(dense=np.full((3, 16, 16), 0.5, np.float32))
    assert not np.array_equal(model.decode(features, dense), plain)
    nothing = HintMap(points=np.zeros((3, 5), np.float32), dense=np.zeros((3, 16, 16), np.float32))
    assert np.array_equal(model.decode(features, nothing), plain)
    assert np.array_equal(model.decode(features, HintMap()), plain)


def test_dense_hints_of_another_size_are_refused(model: Model) -> None:
    with pytest.raises(ValueError, match=r"\(3, 16, 16\)"):
        model.decode(model.encode(picture(64, 64)), HintMap(dense=np.zeros((3, 8, 8), np.float32)))


def test_card_can_be_read_alone(tiny: Path) -> None:
    assert read_card(tiny) == tiny_model.card()


def test_identity_names_the_exact_weights(model: Model, tiny: Path, tmp_path: Path) -> None:
    assert model.identity.startswith("tiny 1.0 (sha256 ")
    assert Model.load(tiny, threads=1).identity == model.identity
    other = Model.load(tiny_model.write(tmp_path, grey=True), threads=1)
    assert other.identity != model.identity


def test_halves_of_two_models_do_not_make_one(tiny: Path, tmp_path: Path) -> None:
    other = tiny_model.write(tmp_path / "other", of=tiny_model.card(version="2.0"))
    shutil.copy(tiny / "encoder.onnx", other / "encoder.onnx")
    with pytest.raises(ModelError, match="different models"):
        Model.load(other, threads=1)


def test_file_that_is_no_onnx_is_named(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path / "m")
    (tmp_path / "m" / "decoder.onnx").write_bytes(b"no network at all")
    with pytest.raises(ModelError, match=r"decoder\.onnx is no model"):
        Model.load(tmp_path / "m", threads=1)


def test_graph_of_another_kind_is_refused(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path / "m")
    shutil.copy(tiny / "encoder.onnx", tmp_path / "m" / "decoder.onnx")
    with pytest.raises(ModelError, match=r"decoder\.onnx takes \['luma'\]"):
        Model.load(tmp_path / "m", threads=1)


def test_graph_without_a_card_is_refused(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path / "m")
    graph = onnx.load(tmp_path / "m" / "encoder.onnx")
    del graph.metadata_props[:]
    onnx.save(graph, tmp_path / "m" / "encoder.onnx")
    with pytest.raises(ModelError, match="no model card"):
        Model.load(tmp_path / "m", threads=1)


def test_decoder_with_another_number_of_bins_than_its_card_is_refused(tmp_path: Path) -> None:
    folder = tiny_model.write(tmp_path / "m")
    fewer = tiny_model.card(bins=tiny_model.CENTERS[:-1], log_w=(0.0,) * (len(tiny_model.CENTERS) - 1))
    for file in ("encoder.onnx", "decoder.onnx"):
        graph = onnx.load(folder / file)
        onnx.helper.set_model_props(graph, {"photochrom": fewer.to_json()})
        onnx.save(graph, folder / file)
    with pytest.raises(ModelError, match="25 bins, its card has 24"):
        Model.load(folder, threads=1)


def test_no_threads_and_unknown_devices_are_refused(tiny: Path) -> None:
    with pytest.raises(UsageError, match="threads is a whole number from 1"):
        Model.load(tiny, threads=0)
    with pytest.raises(UsageError, match="no device 'abacus'"):
        Model.load(tiny, device="abacus")
    with pytest.raises(MissingExtraError, match="onnxruntime-openvino"):
        Model.load(tiny, device="openvino")


@pytest.mark.parametrize("size", [(224, 288), (160, 416), (64, 96)])
@pytest.mark.parametrize("name", bundled())
def test_bundled_model_gives_the_same_bytes_with_any_number_of_threads(name: str, size: tuple[int, int]) -> None:
    luma = picture(*size)
    points = HintMap.from_points(RNG.random((7, 2), np.float32), RNG.normal(0, 30, (7, 2)).astype(np.float32))
    answers = []
    for threads in (1, 2, 3, 4, 8):
        model = Model.load(name, threads=threads)
        features = model.encode(luma)
        answers.append((model.decode(features), model.decode(features, points)))
    for plain, hinted in answers[1:]:
        assert np.array_equal(plain, answers[0][0])
        assert np.array_equal(hinted, answers[0][1])

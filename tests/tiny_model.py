"""A model small enough for every test: the same graphs, names and card as the real ones, made on the spot.

Its colours mean nothing, but they vary over the picture, follow the hints and come in a millisecond.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from photochrom.runtime.card import METADATA_KEY, ModelCard, ReadOut

CENTERS = tuple((float(a), float(b)) for a in range(-40, 41, 20) for b in range(-40, 41, 20))
STRIDES = (4, 8, 16, 32)
CHANNELS = 3


def card(**changes: object) -> ModelCard:
    values: dict[str, object] = {
        "name": "tiny",
        "version": "1.0",
        "encoder": {"kind": "tiny"},
        "decoder": {"kind": "tiny"},
        "bins": CENTERS,
        "log_w": tuple(0.1 * i for i in range(len(CENTERS))),
        "area": 128 * 128,
        "frontier": (
            ReadOut(vividness=0.0, t=0.0, T=1.0, gain=1.0),
            ReadOut(vividness=1.0, t=0.5, T=0.5, gain=2.0),
        ),
        "default_vividness": 0.5,
        "license": "CC0-1.0",
    }
    return ModelCard(**{**values, **changes})  # type: ignore[arg-type]


def write(folder: Path, *, grey: bool = False, bias: float = 0.0, of: ModelCard | None = None) -> Path:
    """Write `encoder.onnx` and `decoder.onnx` into `folder`; with `grey` the answer to everything is ab = 0."""
    folder.mkdir(parents=True, exist_ok=True)
    of = of or card()
    _save(_encoder(), of, folder / "encoder.onnx")
    _save(_decoder(len(of.bins), grey, bias), of, folder / "decoder.onnx")
    return folder


def _weights(name: str, shape: tuple[int, ...], scale: float) -> TensorProto:
    values = np.random.default_rng(len(name)).normal(0, scale, shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def _float(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _encoder() -> onnx.GraphProto:
    nodes, weights = [], []
    for stride in STRIDES:
        pool, out = f"pool{stride}", f"stride{stride}"
        weights.append(_weights(f"w{stride}", (CHANNELS, 1, 3, 3), 1.0))
        nodes.append(helper.make_node("AveragePool", ["luma"], [pool], kernel_shape=[stride] * 2, strides=[stride] * 2))
        nodes.append(helper.make_node("Conv", [pool, f"w{stride}"], [out], pads=[1, 1, 1, 1]))
    outputs = [_float(f"stride{s}", "N", CHANNELS, f"H{s}", f"W{s}") for s in STRIDES]
    return helper.make_graph(nodes, "encoder", [_float("luma", "N", 1, "H", "W")], outputs, weights)


def _decoder(bins: int, grey: bool, constant: float) -> onnx.GraphProto:
    """logits = 1x1 convolution over features, quarter luma and dense hints, moved by the mean of the points."""
    inputs = [
        _float("luma", "N", 1, "H", "W"),
        *(_float(f"stride{s}", "N", CHANNELS, f"H{s}", f"W{s}") for s in STRIDES),
        _float("points", "N", "P", 5),
        _float("dense", "N", 3, "H4", "W4"),
    ]
    nodes = [helper.make_node("AveragePool", ["luma"], ["quarter"], kernel_shape=[4, 4], strides=[4, 4])]
    planes = ["stride4", "quarter", "dense"]
    weights = [
        _weights("w", (bins, 2 * CHANNELS + 4, 1, 1), 0.0 if grey else 2.0),
        _weights("pw", (5, bins), 0.0 if grey else 2.0),
    ]
    # One coarse map, enlarged, so that what a window sees depends on its surroundings as in a real network.
    weights.append(numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"))
    nodes.append(helper.make_node("Resize", ["stride8", "", "scales"], ["up8"], mode="nearest"))
    planes.append("up8")
    bias = np.full(bins, constant, np.float32)
    if grey:
        bias[CENTERS.index((0.0, 0.0))] = 60.0
    weights.append(numpy_helper.from_array(bias, "b"))
    weights.append(numpy_helper.from_array(np.array([1], np.int64), "axis1"))
    weights.append(numpy_helper.from_array(np.array([2, 3], np.int64), "axes23"))
    nodes += [
        helper.make_node("Concat", planes, ["all"], axis=1),
        helper.make_node("Conv", ["all", "w", "b"], ["raw"]),
        helper.make_node("ReduceSum", ["points", "axis1"], ["point_sum"], keepdims=0),
        helper.make_node("MatMul", ["point_sum", "pw"], ["moved"]),
        helper.make_node("Unsqueeze", ["moved", "axes23"], ["shift"]),
        helper.make_node("Add", ["raw", "shift"], ["logits"]),
    ]
    return helper.make_graph(nodes, "decoder", inputs, [_float("logits", "N", bins, "H4", "W4")], weights)


def _save(graph: onnx.GraphProto, of: ModelCard, path: Path) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {METADATA_KEY: of.to_json()})
    onnx.checker.check_model(model)
    onnx.save(model, path)

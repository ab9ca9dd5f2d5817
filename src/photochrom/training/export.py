"""From a checkpoint to a model that anyone can run, and back.

Two ONNX graphs that keep PyTorch's names for their weights and leave batch norms unfused, so that a
shipped model can be trained further; weights stored small (fp16, or the large ones as int8 with a scale per
channel), computed in float32; the model card in both files' metadata. An export that does not give PyTorch's
colours is refused.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxscript import optimizer
from torch import nn
from torch.export import Dim

from photochrom.color.readout import read_out
from photochrom.errors import ModelError
from photochrom.hints.hintmap import HintMap
from photochrom.networks.colorizer_net import ColorizerNet
from photochrom.runtime.card import METADATA_KEY, ModelCard
from photochrom.runtime.model import Model, read_card
from photochrom.runtime.registry import FILES, find

Storage = Literal["fp16", "int8"]
Float = NDArray[np.float32]

_OPSET = 20
_STRIDES = (4, 8, 16, 32)
_STORED = "_stored"
_SCALE = "_stored_scale"
_SMALL = 256
"""Tensors below this many values stay float32: they cost nothing, and norms are sensitive."""

_LARGE = 2**16
"""Tensors of at least so many values are stored as int8, smaller ones as fp16 then too. First layers and depthwise
ones are small, and what is rounded there goes through all that follows: with it `best` changes by up to 5.9 Lab units
on the check pictures, without it by 0.4."""

TOLERANCE = 1.0
"""The most that an exported model's colours may differ from PyTorch's, in Lab units of a or b."""


def export(net: ColorizerNet, card: ModelCard, out: Path, *, storage: Storage = "fp16") -> float:
    """Write `encoder.onnx` and `decoder.onnx` of `net` with `card` into the folder `out`.

    Args:
        net: the network, any mode; its weights are not changed.
        card: its bins, weights and frontier must be those that `net` was trained with.
        storage: how weights are stored: all as fp16, or large tensors as int8; activations are float32 either way.

    Returns:
        The largest difference in a or b, Lab units, from PyTorch over the check pictures.

    Raises:
        ModelError: the exported model differs by `TOLERANCE` or more; what `out` held before is still there then.
    """
    training = net.training
    net.eval()
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out, prefix=".export-") as folder:
        made = Path(folder)
        for file, graph in zip(FILES, _graphs(net), strict=True):
            _store(graph, storage)
            helper.set_model_props(graph, {METADATA_KEY: card.to_json()})
            onnx.checker.check_model(graph)
            onnx.save(graph, made / file)
        difference = parity(net, Model.load(made, device="cpu"))
        net.train(training)
        if not difference < TOLERANCE:
            raise ModelError(
                f"The exported model's colours differ from PyTorch's by {difference:.2f}; nothing was written to {out}."
            )
        for file in FILES:
            (made / file).replace(out / file)
    return difference


def load_exported(name_or_path: str | Path) -> tuple[ColorizerNet, ModelCard]:
    """The network of a bundled or exported model, ready to train further, and its card.

    Raises:
        ModelError: no such model, or its weights do not fit the architecture its card names.
    """
    card = read_card(name_or_path)
    files = find(name_or_path)
    net = ColorizerNet(card.encoder, card.decoder)
    for part, file in zip((net.encoder, net.decoder), FILES, strict=True):
        data, _ = files.read(file)
        try:
            stored = _weights(onnx.load_from_string(data))
        except DecodeError as error:
            raise ModelError(f"{files.folder / file} is no ONNX file: {error}") from error
        state = part.state_dict()
        missing = [k for k in state if k not in stored and not k.endswith("num_batches_tracked")]
        if missing:
            raise ModelError(f"{files.folder / file} lacks the weights {', '.join(missing[:5])}.")
        try:
            part.load_state_dict({k: torch.from_numpy(stored[k]) if k in stored else v for k, v in state.items()})
        except RuntimeError as error:
            raise ModelError(f"{files.folder / file} does not fit its card: {error}") from error
    return net, card


def parity(net: ColorizerNet, model: Model) -> float:
    """Largest difference in a or b between PyTorch and the exported graphs, on made pictures with and without hints.

    Not a number where one of them gives no number.
    """
    rng = np.random.default_rng(5)
    card = model.card
    centers, log_w = np.asarray(card.bins, np.float32), np.asarray(card.log_w, np.float32)
    differences = []
    for height, width, count in ((256, 256, 0), (96, 224, 3), (160, 64, 40)):
        luma = _scene(height, width, rng)
        points = np.concatenate(
            [rng.random((count, 2)), rng.normal(0, 0.3, (count, 2)), rng.random((count, 1))], axis=1
        ).astype(np.float32)
        dense = np.zeros((3, height // 4, width // 4), np.float32)
        if count:
            dense[:, :8, :8] = rng.random((3, 8, 8))
        got = model.decode(model.encode(luma), HintMap(points=points, dense=dense))
        rows = points if count else np.zeros((1, 5), np.float32)
        with torch.no_grad():
            tensors = (torch.from_numpy(luma * 2 - 1)[None, None], torch.from_numpy(rows)[None])
            wanted = net(*tensors, torch.from_numpy(dense)[None])[0].numpy()
        colors = [read_out(z, log_w, centers, t=0.0, T=1.0, gain=1.0) for z in (got, wanted)]
        differences.append(np.abs(colors[0] - colors[1]).max())
    return float(np.max(differences))


def _scene(height: int, width: int, rng: np.random.Generator) -> Float:
    """A made luma (height, width) in [0, 1] with smooth shades, edges and texture."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    shade = 0.5 + 0.3 * np.sin(x / 37 + rng.random() * 6) * np.cos(y / 23)
    shade += 0.3 * ((x - width / 2) ** 2 + (y - height / 3) ** 2 < (min(height, width) / 4) ** 2)
    shade += rng.normal(0, 0.03, shade.shape)
    scene: Float = np.clip(shade, 0, 1).astype(np.float32)
    return scene


def _graphs(net: ColorizerNet) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    n, rows, columns, p = Dim("n"), Dim("rows"), Dim("columns"), Dim("p")
    picture = {0: n, 2: 32 * rows, 3: 32 * columns}
    maps = tuple({0: n, 2: (32 // s) * rows, 3: (32 // s) * columns} for s in _STRIDES)
    names = [f"stride{s}" for s in _STRIDES]
    luma = torch.rand(2, 1, 128, 160) * 2 - 1
    with torch.no_grad():
        features = net.encoder(luma)
        encoder = _onnx(net.encoder, (luma,), {"luma": picture}, ["luma"], names, fold=True)
        inputs = (luma, features, torch.rand(2, 3, 5), torch.rand(2, 3, 32, 40))
        shapes = {
            "luma": picture,
            "features": maps,
            "points": {0: n, 1: p},
            "dense": {0: n, 2: 8 * rows, 3: 8 * columns},
        }
        decoder = _onnx(net.decoder, inputs, shapes, ["luma", *names, "points", "dense"], ["logits"], fold=False)
    return encoder, decoder


def _onnx(
    module: nn.Module,
    inputs: tuple[Any, ...],
    shapes: dict[str, Any],
    names: Sequence[str],
    outputs: Sequence[str],
    *,
    fold: bool,
) -> onnx.ModelProto:
    """Export one graph. With `fold`, constants are computed: without it ONNX Runtime is slow in convolutions that have
    no bias, with it small weights that are reshaped before use lose their names."""
    with _quiet():
        program = torch.onnx.export(
            module,
            inputs,
            dynamo=True,
            optimize=False,  # optimising would fuse batch norms away
            verbose=False,
            dynamic_shapes=shapes,
            input_names=list(names),
            output_names=list(outputs),
            opset_version=_OPSET,
        )
    assert program is not None
    if fold:
        optimizer.fold_constants(program.model)
        optimizer.remove_unused_nodes(program.model)
    model = program.model_proto
    for node in model.graph.node:  # traces of this machine's files, of no use to anyone
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    return model


@contextmanager
def _quiet() -> Any:
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _store(model: onnx.ModelProto, storage: Storage) -> None:
    """Replace large float initialisers by small ones; a node in front gives the float32 tensor under its old name."""
    graph = model.graph
    kept: list[TensorProto] = []
    nodes: list[onnx.NodeProto] = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALL:
            kept.append(tensor)
        elif storage == "int8" and values.ndim >= 2 and values.size >= _LARGE:
            scale = np.maximum(np.abs(values).reshape(len(values), -1).max(1) / 127, 1e-12).astype(np.float32)
            levels = np.round(values / scale.reshape(-1, *[1] * (values.ndim - 1))).astype(np.int8)
            kept.append(numpy_helper.from_array(levels, tensor.name + _STORED))
            kept.append(numpy_helper.from_array(scale, tensor.name + _SCALE))
            stored = [tensor.name + _STORED, tensor.name + _SCALE]
            nodes.append(helper.make_node("DequantizeLinear", stored, [tensor.name], axis=0))
        else:
            kept.append(numpy_helper.from_array(values.astype(np.float16), tensor.name + _STORED))
            nodes.append(helper.make_node("Cast", [tensor.name + _STORED], [tensor.name], to=TensorProto.FLOAT))
    rest = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend([*nodes, *rest])


def _weights(model: onnx.ModelProto) -> dict[str, Float]:
    """Initialisers by PyTorch's name as float32: the inverse of `_store`."""
    raw = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    weights: dict[str, Float] = {}
    for name, values in raw.items():
        if name.endswith(_STORED):
            base = name.removesuffix(_STORED)
            scale = raw.get(base + _SCALE)
            floats = values.astype(np.float32)
            weights[base] = floats if scale is None else floats * scale.reshape(-1, *[1] * (floats.ndim - 1))
        elif not name.endswith(_SCALE):
            weights[name] = np.array(values, np.float32) if values.dtype == np.float32 else values
    return weights

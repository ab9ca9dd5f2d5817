"""Model: the trained network at run-time.

Two ONNX graphs: the encoder looks at a picture once, the decoder answers as often as it is asked
with other hints. Nothing here knows about files, colours or sizes of photographs; importing this
module loads ONNX Runtime, which is why nothing imports it before a picture is coloured.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.normalize import normalize_luma
from photochrom.errors import ModelError
from photochrom.hints.hintmap import HintMap
from photochrom.runtime.card import METADATA_KEY, ModelCard
from photochrom.runtime.devices import CPU, DEVICES, cpus, provider
from photochrom.runtime.quiet import ort
from photochrom.runtime.registry import FILES, ModelFiles, find
from photochrom.values import integer

Float = NDArray[np.float32]

STRIDES: Final = (4, 8, 16, 32)
MULTIPLE: Final = 32
"""Sides of what the encoder takes are multiples of this."""

_FEATURES: Final = tuple(f"stride{stride}" for stride in STRIDES)
_NO_HINT: Final = np.zeros((1, 1, 5), np.float32)
"""One point of confidence 0: the decoder always gets at least one row."""


@dataclass(frozen=True)
class Features:
    """What the encoder saw in one picture, ready for any number of `decode` calls.

    Attributes:
        luma: (1, 1, H, W) float32 in [-1, 1], as the encoder was given it.
        maps: name ("stride4" to "stride32") -> (1, C, H / stride, W / stride) float32.
    """

    luma: Float
    maps: Mapping[str, Float]


class Model:
    """An encoder and a decoder that belong together, and their card.

    Safe to use from several threads at once. Results do not depend on the number of threads.

    Attributes:
        card: what the model says about itself.
        identity: name, version and the start of the SHA-256 over both files: the exact weights.
    """

    def __init__(self, encoder: ort.InferenceSession, decoder: ort.InferenceSession, card: ModelCard, sha256: str):
        self._encoder = encoder
        self._decoder = decoder
        self.card = card
        self.identity = f"{card.name} {card.version} (sha256 {sha256[:16]})"

    @classmethod
    def load(cls, name_or_path: str | Path, *, device: str = "auto", threads: int | None = None) -> Model:
        """Load a bundled model by name, or any model by the path of its folder.

        Args:
            name_or_path: "best", "fast" … or a folder with `encoder.onnx` and `decoder.onnx`.
            device: "auto", "cpu", "cuda" … (photochrom.runtime.devices); auto takes what ONNX Runtime finds.
            threads: threads of the network, at least 1; None: one for each CPU that this process may use. Where
                results would depend on it (other machines than x86-64), it stays at 1.

        Raises:
            ModelError: unknown name (the message lists those there are), damaged or unfitting file.
            MissingExtraError: ONNX Runtime has no such device.
            UsageError: no such device name, or less than one thread.
        """
        if threads is not None:
            integer(threads, "threads", 1)
        files = find(name_or_path)
        execution_provider = provider(device, ort.get_available_providers())
        # ONNX Runtime's blocked kernels for x86 give the same bits with any number of threads; what it uses elsewhere
        # splits its sums by them, and the same photograph must not get other bytes on a busier day.
        same_bits = platform.machine().lower() in ("x86_64", "amd64")
        count = (threads or cpus()) if same_bits else 1
        # Reading, checking and optimising both graphs is most of a cold start; ORT frees the interpreter meanwhile.
        with ThreadPoolExecutor(len(FILES)) as pool:
            jobs = [pool.submit(_load, files, file, execution_provider, count) for file in FILES]
            (encoder, encoder_hash), (decoder, decoder_hash) = (job.result() for job in jobs)
        if device not in ("auto", "cpu") and encoder.get_providers()[0] != execution_provider:
            raise ModelError(
                f"device '{device}' could not be started ({DEVICES[device][0]} of ONNX Runtime fell back to the CPU): "
                "check its driver and libraries, or use --device cpu"
            )
        card = _card(encoder, files.folder / FILES[0])
        if card != _card(decoder, files.folder / FILES[1]):
            raise ModelError(f"{files.folder}: encoder and decoder belong to different models: export them together")
        _check(encoder, files.folder / FILES[0], {"luma"}, set(_FEATURES))
        _check(decoder, files.folder / FILES[1], {"luma", *_FEATURES, "points", "dense"}, {"logits"})
        channels = decoder.get_outputs()[0].shape[1]
        if isinstance(channels, int) and channels != len(card.bins):
            raise ModelError(f"{files.folder}: the decoder answers with {channels} bins, its card has {len(card.bins)}")
        both = hashlib.sha256((encoder_hash + decoder_hash).encode()).hexdigest()
        return cls(encoder, decoder, card, both)

    def encode(self, luma: Float) -> Features:
        """Look at one picture.

        Args:
            luma: (H, W) float32 in [0, 1]; H and W multiples of 32.

        Raises:
            ValueError: a side is no multiple of 32.
        """
        if luma.ndim != 2 or 0 in luma.shape or luma.shape[0] % MULTIPLE or luma.shape[1] % MULTIPLE:
            raise ValueError(f"the encoder takes (H, W) with sides that are multiples of {MULTIPLE}, not {luma.shape}")
        network = np.ascontiguousarray(normalize_luma(luma.astype(np.float32, copy=False)))[None, None]
        maps = self._encoder.run(list(_FEATURES), {"luma": network})
        return Features(network, dict(zip(_FEATURES, maps, strict=True)))

    def decode(self, features: Features, hints: HintMap | None = None) -> Float:
        """Logits over the card's colour bins, (K, H / 4, W / 4) float32, for the hints given (None: no hints).

        Raises:
            ValueError: dense hints are not of the size H / 4, W / 4.
        """
        height, width = (side // STRIDES[0] for side in features.luma.shape[2:])
        points, dense = _NO_HINT, np.zeros((1, 3, height, width), np.float32)
        if hints is not None and len(hints.points):
            points = np.ascontiguousarray(hints.points, np.float32)[None]
        if hints is not None and hints.dense is not None:
            if hints.dense.shape != dense.shape[1:]:
                raise ValueError(f"dense hints must be {dense.shape[1:]} here, not {hints.dense.shape}")
            dense = np.ascontiguousarray(hints.dense, np.float32)[None]
        inputs = {"luma": features.luma, **features.maps, "points": points, "dense": dense}
        logits: Float = self._decoder.run(["logits"], inputs)[0][0]
        return logits


def read_card(name_or_path: str | Path) -> ModelCard:
    """The card of a model, without making it ready to run.

    Raises:
        ModelError: unknown name, damaged file or card.
    """
    files = find(name_or_path)
    session, _ = _load(files, FILES[1], CPU, 1, optimize=False)
    return _card(session, files.folder / FILES[1])


def _load(
    files: ModelFiles, file: str, execution_provider: str, threads: int, *, optimize: bool = True
) -> tuple[ort.InferenceSession, str]:
    """One graph made ready, and the SHA-256 of its file."""
    data, sha256 = files.read(file)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Weights are stored as int8 with a scale a channel. Undone, this would turn them back into floats at every run.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    # Threads that still spin after a run would take the time of those that decode and encode files.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # Without arena and memory plan a run is as fast at the working size, and what a large one took is given back.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    if not optimize:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    providers = [execution_provider] if execution_provider == CPU else [execution_provider, CPU]
    try:
        session = ort.InferenceSession(data, options, providers=providers)
    except Exception as error:  # ONNX Runtime has a class of its own for each failure, and no common one
        raise ModelError(f"{files.folder / file} is no model that ONNX Runtime can load: {error}") from error
    return session, sha256


def _card(session: ort.InferenceSession, path: Path) -> ModelCard:
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelError(f"{path} carries no model card: it was not made by `photochrom export`")
    try:
        return ModelCard.from_json(text)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _check(session: ort.InferenceSession, path: Path, inputs: set[str], outputs: set[str]) -> None:
    found = {node.name for node in session.get_inputs()}, {node.name for node in session.get_outputs()}
    if found != (inputs, outputs):
        raise ModelError(
            f"{path} takes {sorted(found[0])} and gives {sorted(found[1])}, not {sorted(inputs)} and {sorted(outputs)}"
        )

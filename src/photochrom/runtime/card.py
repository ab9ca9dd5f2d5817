"""ModelCard: what a model file says about itself.

A model is two ONNX graphs, and both carry this card in their metadata: everything that is needed
to feed the graphs and to read their output, and where the weights come from. Export writes it,
the runtime reads it; neither needs anything beside the file.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from math import isfinite
from typing import Any

from photochrom.errors import ModelError

METADATA_KEY = "photochrom"
"""The name under which the card stands in an ONNX file's `metadata_props`, as JSON."""

FORMAT = 1
"""Version of the card's layout. A file with a newer one is refused, not guessed at."""


@dataclass(frozen=True, kw_only=True)
class ReadOut:
    """How a distribution over colours becomes one colour: gain * mean of softmax((logits - (1 - t) log w) / T).

    Attributes:
        vividness: where this setting stands on the frontier, in [0, 1].
        t: how much of the training weights is left in, in [0, 1]; 0 reads the calibrated distribution.
        T: temperature, above 0; below 1 it leans toward the likeliest colour.
        gain: factor on the chroma, at least 0.
    """

    vividness: float
    t: float
    T: float
    gain: float

    def __post_init__(self) -> None:
        if not all(isfinite(v) for v in (self.vividness, self.t, self.T, self.gain)):
            raise ModelError("a read-out of the model card holds a value that is not a number")
        if not 0 <= self.vividness <= 1 or not 0 <= self.t <= 1 or self.T <= 0 or self.gain < 0:
            raise ModelError(
                f"a read-out of the model card is out of range: vividness {self.vividness}, t {self.t}, "
                f"T {self.T}, gain {self.gain}"
            )


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """Everything that a pair of ONNX graphs needs in order to be used, and its provenance.

    Attributes:
        name: what the model is called, such as "best".
        version: its own version; a better model under the same name has a newer one.
        encoder: architecture of the encoder, as the arguments that rebuild it.
        decoder: the same for the decoder.
        bins: K (a, b) centres in Lab units that the logits stand for, in their order.
        log_w: K logarithms of the class weights used in training; softmax(logits - log_w) is calibrated.
        area: working area in pixels: a picture is given to the encoder at about this many.
        frontier: read-outs sorted by vividness, from 0 to 1; between two of them values are interpolated.
        default_vividness: the vividness used when nobody asks for one, in [0, 1].
        metrics: figures measured on the validation split and the benchmark.
        data: what it was trained on: manifest hash, photographs, recipe, time, sources and their terms.
        start_weights: one entry for each set of weights that training started from, with its licence.
        license: licence of these weights, as an SPDX expression.
        format: version of this layout.

    Raises:
        ModelError: from the constructor, where values do not fit each other.
    """

    name: str
    version: str
    encoder: Mapping[str, Any]
    decoder: Mapping[str, Any]
    bins: tuple[tuple[float, float], ...]
    log_w: tuple[float, ...]
    area: int
    frontier: tuple[ReadOut, ...]
    default_vividness: float
    metrics: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    start_weights: tuple[Mapping[str, Any] | str, ...] = ()
    license: str = "Apache-2.0"
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ModelError(
                f"the model card has layout {self.format}, this Photochrom reads {FORMAT}: "
                "use the Photochrom that goes with the model, or export it again"
            )
        if not self.bins or len(self.bins) != len(self.log_w):
            raise ModelError(f"the model card has {len(self.bins)} colour bins but {len(self.log_w)} weights")
        if any(len(center) != 2 for center in self.bins):
            raise ModelError("every colour bin of the model card is a pair (a, b)")
        if not all(isfinite(v) for v in (*self.log_w, *(v for center in self.bins for v in center))):
            raise ModelError("the model card's bins or weights hold a value that is not a number")
        if self.area < 32 * 32:
            raise ModelError(f"the model card's working area of {self.area} pixels is below 32 x 32")
        steps = [point.vividness for point in self.frontier]
        if len(steps) < 2 or steps[0] != 0 or steps[-1] != 1 or any(a >= b for a, b in pairwise(steps)):
            raise ModelError(f"the model card's frontier must rise from vividness 0 to 1, not go {steps}")
        if not 0 <= self.default_vividness <= 1:
            raise ModelError(f"the model card's default vividness is {self.default_vividness}, outside [0, 1]")

    def read_out(self, vividness: float | None = None) -> ReadOut:
        """The read-out at `vividness` in [0, 1] (None: the model's default), linear between frontier points.

        Raises:
            ValueError: where vividness lies outside [0, 1].
        """
        v = self.default_vividness if vividness is None else float(vividness)
        if not 0 <= v <= 1:
            raise ValueError(f"vividness goes from 0 to 1, not {v}")
        i = min(bisect_right([p.vividness for p in self.frontier], v), len(self.frontier) - 1)
        lo, hi = self.frontier[i - 1], self.frontier[i]
        f = (v - lo.vividness) / (hi.vividness - lo.vividness)
        return ReadOut(
            vividness=v,
            t=lo.t + f * (hi.t - lo.t),
            T=lo.T + f * (hi.T - lo.T),
            gain=lo.gain + f * (hi.gain - lo.gain),
        )

    def to_json(self) -> str:
        """The card as one line of JSON, keys sorted: the same card always gives the same bytes."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """Read back what `to_json` wrote.

        Raises:
            ModelError: where the text is no JSON, or a field is missing, unknown or out of range.
        """
        try:
            raw = dict(json.loads(text))
            # The layout's version is looked at first: of a newer one nothing else can be judged.
            if raw.get("format") != FORMAT:
                raise ModelError(
                    f"the model card has layout {raw.get('format')}, this Photochrom reads {FORMAT}: "
                    "use the Photochrom that goes with the model, or export it again"
                )
            raw["bins"] = tuple((float(a), float(b)) for a, b in raw["bins"])
            raw["log_w"] = tuple(float(v) for v in raw["log_w"])
            raw["frontier"] = tuple(ReadOut(**point) for point in raw["frontier"])
            raw["start_weights"] = tuple(raw.get("start_weights", ()))
            return cls(**raw)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the model card cannot be read ({error}): export the model again") from error

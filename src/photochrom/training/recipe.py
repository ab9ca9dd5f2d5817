"""Recipe: everything that decides how a model is trained, in one validated value.

A recipe is read from YAML, changed by `key=value` overrides, and written into every run and
every model card, so that a published model can be trained again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from photochrom.errors import UsageError
from photochrom.training.stages import Frozen, Stage, read_frozen, read_stages

_TASKS = ("color", "features")
_PRECISIONS = ("auto", "32-true", "bf16-mixed")


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isfinite(float(value)):
        raise ValueError("no number")
    return float(value)


def _int(value: Any) -> int:
    if _float(value) % 1:
        raise ValueError("no whole number")
    return int(_float(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _settings(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("no settings")
    return dict(value)


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


_READ: dict[str, Callable[[Any], object]] = {
    "int": _int,
    "bool": _yes_or_no,
    "Frozen": read_frozen,
    "float": _float,
    "str": _text,
    "tuple[float, float]": lambda value: tuple(_float(item) for item in value),
    "Mapping[str, Any]": _settings,
    "tuple[Mapping[str, Any], ...]": lambda value: tuple(_settings(item) for item in value),
    "Mapping[str, float]": lambda value: {key: _float(item) for key, item in _settings(value).items()},
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train one model.

    Attributes:
        name: what the model will be called.
        task: "color" (a colorizer) or "features" (an encoder alone, see `photochrom.training.features`).
        encoder: architecture, as `photochrom.networks.build_encoder` takes it.
        decoder: `DecoderConfig` values other than channels and bins.
        samples: photographs seen in the whole run, repeats counted.
        size: side of the square training crop in pixels, a multiple of 32.
        late_size: the side during the last `late_share` of the samples.
        late_share: see `late_size`.
        scale: the whole photograph is first brought to a side of size times a factor from this range.
        batch: photographs a step at `size`; fewer at `late_size`, for equal work a step.
        learning_rate: peak rate of the decoder.
        encoder_rate: the encoder's, as a factor on it.
        frozen: how many of the encoder's groups (stem, then blocks) do not learn, counted from the input, or "all";
            their gradients are the dearest and, once tuned to grey pictures, teach the least.
        stages: parts of the run with `until`, `frozen`, `encoder_rate` and `cache` of their own, see
            `photochrom.training.stages`; none is one stage with the values above. For instance
            [{until: 40000, frozen: all, cache: true}, {until: 120000, frozen: 20}, {frozen: 6, encoder_rate: 0.1}].
        cache_views: fixed crops and ageings of each photograph whose features a stage with `cache` keeps.
        cache_gb: the most that these features may take on the disk, in gigabytes.
        layer_decay: further factor for each quarter of the encoder's depth towards the input.
        warmup: samples over which the rate rises.
        cooldown: samples at the end over which it falls to a fiftieth; constant in between, so that
            a run can be prolonged or ended early.
        weight_decay: of AdamW.
        clip: gradient norm.
        ema: decay of the weight average, a step.
        class_weight: strength of the rebalancing, 0 to 1: exponent on Zhang's inverse smoothed prior.
        regression: weight of the smooth-L1 term beside the cross-entropy.
        teacher: bundled model, model folder or checkpoint whose distribution is learned too; "" is none.
            A run that starts from no model takes the teacher's bins and class weights.
        teacher_weight: its share of the loss; the rest is the true colour's.
        hints: share of samples that see points.
        dense_hints: share of samples that see dense hints.
        degrade: share of samples whose luma is aged.
        aging: how strongly, 0 to 1.5; validation ages by 1, whatever this says.
        source_weights: sampling weight by source name; 1 where absent.
        replay_share: share of every batch from the photographs replayed, where a run has such.
        val_photographs: photographs of the validation split looked at.
        val_size: side in pixels at which validation is done.
        val_samples: samples between validations.
        patience: validations without a better one before the run stops.
        deterministic: only algorithms that give the same bits in every run on the same machine; slower on GPUs.
        precision: "auto" (what this machine is fast in), "32-true" or "bf16-mixed".
        seed: of everything random.

    Numbers may be given as text too (YAML takes `1e-3` for a word).

    Raises:
        UsageError: from the constructor, where a value has the wrong type or makes no sense.
    """

    name: str = "best"
    task: str = "color"
    encoder: Mapping[str, Any] = field(default_factory=lambda: {"class": "EfficientNetLite", "variant": 2})
    decoder: Mapping[str, Any] = field(default_factory=dict)
    samples: int = 600_000
    size: int = 128
    late_size: int = 192
    late_share: float = 0.25
    scale: tuple[float, float] = (1.0, 1.25)
    batch: int = 32
    learning_rate: float = 1.5e-3
    encoder_rate: float = 0.25
    frozen: Frozen = 0
    stages: tuple[Mapping[str, Any], ...] = ()
    cache_views: int = 2
    cache_gb: float = 20.0
    layer_decay: float = 0.7
    warmup: int = 8_000
    cooldown: int = 80_000
    weight_decay: float = 0.02
    clip: float = 1.0
    ema: float = 0.9985
    class_weight: float = 0.6
    regression: float = 10.0
    teacher: str = ""
    teacher_weight: float = 0.5
    hints: float = 0.35
    dense_hints: float = 0.15
    degrade: float = 0.5
    aging: float = 1.0
    source_weights: Mapping[str, float] = field(default_factory=dict)
    replay_share: float = 0.5
    val_photographs: int = 400
    val_size: int = 160
    val_samples: int = 25_000
    patience: int = 12
    deterministic: bool = False
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            try:
                object.__setattr__(self, setting.name, _READ[str(setting.type)](value))
            except (TypeError, ValueError) as error:
                raise UsageError(f"The recipe can't be used: {setting.name} can't be {value!r}.") from error
        for what, right in self._rules():
            if not right:
                raise UsageError(f"The recipe can't be used: {what}.")
        self._check_stages()

    def _rules(self) -> Iterator[tuple[str, bool]]:
        for name in ("size", "late_size", "val_size"):
            side = getattr(self, name)
            yield f"{name} must be a multiple of 32, not {side}", side > 0 and side % 32 == 0
        for name in (
            "samples",
            "batch",
            "val_photographs",
            "val_samples",
            "patience",
            "learning_rate",
            "clip",
            "cache_views",
            "cache_gb",
        ):
            yield f"{name} must be above 0", getattr(self, name) > 0
        for name in (
            "warmup",
            "cooldown",
            "weight_decay",
            "encoder_rate",
            "layer_decay",
            "regression",
            "seed",
        ):
            yield f"{name} must not be negative", getattr(self, name) >= 0
        for name in ("late_share", "hints", "dense_hints", "degrade", "class_weight", "teacher_weight"):
            yield f"{name} must be in [0, 1]", 0 <= getattr(self, name) <= 1
        yield "aging must be in [0, 1.5]", 0 <= self.aging <= 1.5
        yield "hints and dense_hints together exceed 1", self.hints + self.dense_hints <= 1
        yield "ema must be in [0, 1)", 0 <= self.ema < 1
        yield "warmup and cooldown are longer than the run", self.cooldown + self.warmup <= self.samples
        yield "scale must be two factors from 1 up", len(self.scale) == 2 and 1 <= self.scale[0] <= self.scale[1]
        yield "source_weights must not be negative", all(weight >= 0 for weight in self.source_weights.values())
        yield f"task must be one of {', '.join(_TASKS)}", self.task in _TASKS
        yield f"precision must be one of {', '.join(_PRECISIONS)}", self.precision in _PRECISIONS

    def _check_stages(self) -> None:
        try:
            stages = self._stages()
        except ValueError as error:
            raise UsageError(f"The recipe can't be used: of the stages, {error}.") from error
        begin = 0
        for stage in stages:
            sides = {self.side(begin), self.side(min(stage.until, self.samples) - 1)}
            if stage.cache and len(sides) > 1:
                raise UsageError(
                    "The recipe can't be used: of the stages, one with a cache must see crops of one size: "
                    "let it end before those of late_size begin, or set late_share: 0."
                )
            begin = min(stage.until, self.samples - 1)

    @classmethod
    def load(cls, path: Path, overrides: Sequence[str] = ()) -> Recipe:
        """Read a YAML recipe and apply `key=value` overrides; dots reach into mappings, values are YAML.

        Raises:
            UsageError: the file can't be read, or a key or value does not fit.
        """
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise UsageError(f"The recipe {path} can't be read: {error}") from error
        if not isinstance(values, dict):
            raise UsageError(f"The recipe {path} must be a mapping of settings.")
        return cls().merged(values).overridden(overrides)

    def merged(self, values: Mapping[str, Any]) -> Recipe:
        """This recipe with other values; UsageError names keys that do not exist."""
        known = {f.name for f in fields(self)}
        unknown = sorted(str(key) for key in set(values) - known)
        if unknown:
            raise UsageError(f"Unknown recipe settings {', '.join(unknown)}; known are {', '.join(sorted(known))}.")
        return replace(self, **values)

    def overridden(self, overrides: Sequence[str]) -> Recipe:
        """This recipe with `key=value` overrides, such as `batch=16` or `encoder.variant=0`."""
        values: dict[str, Any] = {}
        for override in overrides:
            key, equals, text = override.partition("=")
            if not equals:
                raise UsageError(f"An override is key=value, not {override!r}.")
            try:
                value = yaml.safe_load(text)
            except yaml.YAMLError as error:
                raise UsageError(f"The value of the override {override!r} is no YAML: {error}") from error
            head, dot, rest = key.partition(".")
            if dot:
                base = values.get(head, getattr(self, head, None))
                if not isinstance(base, Mapping):
                    raise UsageError(f"{head} of the override {override!r} holds no settings of its own.")
                values[head] = {**base, rest: value}
            else:
                values[head] = value
        return self.merged(values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for YAML and JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def rate(self, sample: int) -> float:
        """Learning-rate factor at a number of samples seen: rise, constant, fall."""
        if sample < self.warmup:
            return (sample + self.batch) / (self.warmup + self.batch)
        left = self.samples - sample
        if left < self.cooldown:
            return max(0.02, left / self.cooldown)
        return 1.0

    def stage(self, sample: int) -> Stage:
        """The stage of the run at a number of samples seen."""
        return self.stages_from(sample)[0]

    def stages_from(self, sample: int) -> tuple[Stage, ...]:
        """The stage of the run at a number of samples seen, and those that come after it."""
        stages = self._stages()
        return tuple(stage for stage in stages if sample < stage.until) or stages[-1:]

    def _stages(self) -> tuple[Stage, ...]:
        return read_stages(self.stages, samples=self.samples, frozen=self.frozen, encoder_rate=self.encoder_rate)

    def side(self, sample: int) -> int:
        """Side of the training crop at a number of samples seen."""
        return self.late_size if sample >= self.samples * (1 - self.late_share) else self.size

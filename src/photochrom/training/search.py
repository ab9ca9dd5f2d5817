"""What a study varies, and under which budget: read from a small YAML file beside the recipes.

Two parts. `trial` are settings of the trials alone, such as few samples and frequent validations; `search`
names the settings that are varied, each a range or a list of choices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, cast

import optuna
import yaml

from photochrom.errors import UsageError
from photochrom.training.recipe import Recipe

Value = str | int | float | bool


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; `log` where factors matter rather than differences.

    Raises:
        ValueError: from the constructor, where there is nothing between the two.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high and (self.low > 0 or not self.log)):
            raise ValueError("a range goes from a lower to a higher number, and both are above 0 where it is log")

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values between which the others lie."""
        return self.low, self.high

    def suggest(self, trial: optuna.Trial, key: str, own: object) -> Value:
        """A value for this trial; a whole number where the recipe's own is one."""
        if isinstance(own, int):
            return trial.suggest_int(key, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(key, self.low, self.high, log=self.log)


@dataclass(frozen=True)
class Choices:
    """Values to choose from."""

    values: tuple[Value, ...]

    @property
    def ends(self) -> tuple[Value, ...]:
        """All of them."""
        return self.values

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def suggest(self, trial: optuna.Trial, key: str, own: object) -> Value:
        """A value for this trial."""
        return cast(Value, trial.suggest_categorical(key, self.values))


@dataclass(frozen=True, kw_only=True)
class Search:
    """A study's question.

    Attributes:
        trial: settings of every trial, on top of the recipe.
        search: what is varied, by the recipe's key; dots reach into mappings.
    """

    trial: Mapping[str, Any]
    search: Mapping[str, Range | Choices]

    @classmethod
    def load(cls, path: Path) -> Search:
        """Read a YAML file with `search` and, where the trials differ from the recipe otherwise, `trial`.

        Raises:
            UsageError: it can't be read or does not say what is varied.
        """
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise UsageError(f"What to search can't be read from {path}: {error}") from error
        parts = {"trial": {}, **values} if isinstance(values, dict) else {}
        if set(parts) != {"trial", "search"} or not all(isinstance(part, dict) for part in parts.values()):
            raise UsageError(f"{path} must hold `search` (the settings to vary) and may hold `trial`, nothing else.")
        if not parts["search"]:
            raise UsageError(f"{path} names no setting to vary under `search`.")
        return cls(trial=parts["trial"], search={key: _space(path, key, v) for key, v in parts["search"].items()})

    def base(self, recipe: Recipe, settings: Sequence[str]) -> Recipe:
        """The recipe of a trial with nothing varied; `settings` are `key=value`.

        Raises:
            UsageError: a setting does not exist or can't have a value that is searched, or the recipe's own value of
                one lies outside of what is searched.
        """
        base = recipe.merged(self.trial).overridden(settings)
        for key, space in self.search.items():
            if own_value(base, key) not in space:
                raise UsageError(f"The recipe's own {key}, {own_value(base, key)!r}, must be among what is searched.")
            for value in space.ends:
                varied(base, {key: value})
        return base

    def result(self, recipe: Recipe, settings: Sequence[str], found: Mapping[str, Value]) -> Recipe:
        """The recipe with what was found, and without what was for trials only."""
        kept = [setting for setting in settings if setting.partition("=")[0].partition(".")[0] not in self.trial]
        return varied(recipe.overridden(kept), found)


def varied(recipe: Recipe, found: Mapping[str, Value]) -> Recipe:
    """`recipe` with the values of one trial."""
    return recipe.overridden([f"{key}={yaml.safe_dump(value).splitlines()[0]}" for key, value in found.items()])


def own_value(recipe: Recipe, key: str) -> Any:
    """The value that a recipe has for a setting; dots reach into mappings.

    Raises:
        UsageError: it has none.
    """
    head, *rest = key.split(".")
    value = recipe.to_dict().get(head)
    for name in rest:
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is None:
        raise UsageError(f"The recipe has no setting {key} that could be varied.")
    return value


def _space(path: Path, key: str, value: Any) -> Range | Choices:
    try:
        if isinstance(value, list) and value and all(isinstance(choice, Value) for choice in value):
            return Choices(tuple(value))
        if isinstance(value, dict) and {"low", "high"} <= set(value) <= {"low", "high", "log"}:
            return Range(float(value["low"]), float(value["high"]), bool(value.get("log", False)))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: {key} can't be searched: {error}.") from error
    raise UsageError(f"{path}: {key} must be {{low: ..., high: ..., log: true}} or a list of values.")

"""Stages of transfer learning: which part of the network learns until when.

A decoder that knows nothing would spoil an encoder that knows much. So a recipe can let it learn alone at first,
from features that are computed once and kept, then with the encoder's top, then with all of it at a lower rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

Frozen = int | Literal["all"]
"""How many groups of the encoder do not learn, counted from the input."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of a run.

    Attributes:
        until: samples seen at its end.
        frozen: how many of the encoder's groups do not learn, counted from the input; or "all".
        encoder_rate: the encoder's rate as a factor on the decoder's.
        cache: the frozen encoder's features are computed once for some fixed views of each photograph.
    """

    until: int
    frozen: Frozen
    encoder_rate: float
    cache: bool = False


def read_frozen(value: Any) -> Frozen:
    """A number of groups or "all"; ValueError where it is neither."""
    if value == "all":
        return "all"
    if isinstance(value, bool) or float(value) % 1 or float(value) < 0:
        raise ValueError("no number of groups")
    return int(float(value))


def read_stages(
    settings: Sequence[Mapping[str, Any]], *, samples: int, frozen: Frozen, encoder_rate: float
) -> tuple[Stage, ...]:
    """The stages of a run of `samples`, one after the other; without `settings` there is one, of the values given.

    Each of `settings` may hold `until`, `frozen`, `encoder_rate` and `cache`; what is absent is as given for the
    whole run. The last one goes on to the end of the run and has no `until`.

    Raises:
        ValueError: it says what does not fit.
    """
    stages: list[Stage] = []
    for number, given in enumerate(settings or [{}], 1):
        unknown = sorted(set(given) - {setting.name for setting in fields(Stage)})
        if unknown:
            raise ValueError(f"stage {number} has unknown settings {', '.join(unknown)}")
        last = number == max(1, len(settings))
        if last == ("until" in given):
            raise ValueError(
                f"stage {number} {'is the last and goes on to the end, so it has no' if last else 'needs'} until"
            )
        try:
            stage = Stage(
                until=samples if last else int(float(given["until"])),
                frozen=read_frozen(given.get("frozen", frozen)),
                encoder_rate=float(given.get("encoder_rate", encoder_rate)),
                cache=given.get("cache", False),
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"stage {number} can't be {dict(given)}") from error
        if not last and stage.until <= (stages[-1].until if stages else 0):
            raise ValueError(f"stage {number} must end after what is before it, not at {stage.until}")
        if not 0 <= stage.encoder_rate < float("inf"):
            raise ValueError(f"stage {number} can't have the encoder_rate {stage.encoder_rate}")
        if stage.cache not in (True, False) or (stage.cache and stage.frozen != "all"):
            raise ValueError(f"stage {number} can cache features (cache: true) only with frozen: all")
        stages.append(stage)
    return tuple(stages)

"""Which of the usable photographs stay: of those that are the same one, and none that the evaluation set holds."""

from __future__ import annotations

from collections.abc import Sequence

from photochrom.training.clean.duplicates import Signature, groups, near_pairs
from photochrom.training.clean.examining import Examined
from photochrom.training.clean.packing import Kept
from photochrom.training.clean.reasons import Reason, Rejection


def sort_out(examined: Sequence[Examined], against: Sequence[Examined]) -> tuple[list[Kept], list[Examined]]:
    """The photographs that stay and the pictures that don't, each of the latter with its reason.

    Of equal files the first by name stays, of near duplicates the largest. What looks like a picture
    of the evaluation set goes, whatever its size.

    Args:
        examined: all pictures, in the order of their names; those that were rejected come back as they are.
        against: the evaluation set; what could not be decoded of it counts for nothing.
    """
    rejected = [each for each in examined if each.reason]
    first: dict[str, Examined] = {}
    usable: list[int] = []
    for index, each in enumerate(examined):
        if each.reason:
            continue
        same = first.setdefault(each.sha256, each)
        if same is each:
            usable.append(index)
        else:
            rejected.append(each.rejected(Rejection(Reason.EXACT_DUPLICATE, f"of {same.name}")))

    leaked = _leaked([examined[i] for i in usable], [each for each in against if each.signature])
    for place, name in leaked.items():
        rejected.append(examined[usable[place]].rejected(Rejection(Reason.EVALUATION, f"as {name}")))
    usable = [index for place, index in enumerate(usable) if place not in leaked]

    photographs = [examined[i] for i in usable]
    looks = _looks(photographs)
    pairs = near_pairs(looks, looks)
    neighbours: dict[int, list[int]] = {}
    for one, other in pairs.tolist():
        if one != other:
            neighbours.setdefault(one, []).append(other)
    group = groups(len(photographs), pairs)
    names = _group_names(photographs, group.tolist())
    order = sorted(range(len(photographs)), key=lambda i: _worth(photographs[i]), reverse=True)
    stays: set[int] = set()
    for i in order:
        twin = next((j for j in neighbours.get(i, ()) if j in stays), None)
        if twin is None:
            stays.add(i)
        else:
            why = Rejection(Reason.NEAR_DUPLICATE, f"of {photographs[twin].name}")
            rejected.append(photographs[i].rejected(why))
    kept = [Kept(usable[i], names[group[i]], photographs[i]) for i in sorted(stays)]
    return kept, rejected


def _leaked(photographs: Sequence[Examined], against: Sequence[Examined]) -> dict[int, str]:
    """Places of photographs that the evaluation set holds too -> the name that they have there."""
    pairs = near_pairs(_looks(photographs), _looks(against))
    return {i: against[j].name for i, j in reversed(pairs.tolist())}


def _looks(pictures: Sequence[Examined]) -> list[Signature]:
    """Their signatures; only pictures that have one are asked for."""
    return [each.signature for each in pictures if each.signature is not None]


def _worth(photograph: Examined) -> tuple[int, int, str]:
    """Of two that are the same, the greater one stays: more pixels; else more bytes, so less compressed."""
    return photograph.width * photograph.height, photograph.size, photograph.sha256


def _group_names(photographs: Sequence[Examined], group: Sequence[int]) -> dict[int, str]:
    """Group -> its name: the smallest key of its members, so that it does not depend on their order."""
    names: dict[int, str] = {}
    for each, number in zip(photographs, group, strict=True):
        names[number] = min(names.get(number, each.sha256), each.sha256)
    return {number: name[:16] for number, name in names.items()}

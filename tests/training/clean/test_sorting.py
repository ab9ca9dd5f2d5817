"""Sorting out: one of each photograph stays, the best one, and none of the evaluation set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import spoiled_files
from clean_files import photographs

from photochrom.training.clean.duplicates import Signature
from photochrom.training.clean.examining import Examined
from photochrom.training.clean.sorting import sort_out

LOOKS = [Signature.of(rgb) for rgb in photographs()]
COPY = Signature.of(spoiled_files.recompressed(photographs()[0], np.random.default_rng(0)))


def known(name: str, look: Signature, width: int = 300, size: int = 1000) -> Examined:
    return Examined(name, "album", size, sha256=f"{name:0<64}", width=width, height=300, side=256, signature=look)


def reasons(rejected: list[Examined]) -> dict[str, tuple[str, str]]:
    return {each.name: (each.reason, each.detail) for each in rejected}


def test_different_photographs_all_stay_each_in_a_group_of_its_own() -> None:
    kept, rejected = sort_out([known(f"{i}", look) for i, look in enumerate(LOOKS)], [])
    assert [each.index for each in kept] == list(range(8))
    assert len({each.group for each in kept}) == 8
    assert rejected == []


def test_of_equal_files_the_first_by_name_stays() -> None:
    first, second = known("a", LOOKS[0]), replace(known("b", LOOKS[0]), sha256=f"{'a':0<64}")
    kept, rejected = sort_out([first, second], [])
    assert [each.known.name for each in kept] == ["a"]
    assert reasons(rejected) == {"b": ("exact duplicate", "of a")}


def test_of_near_duplicates_the_largest_stays_then_the_least_compressed() -> None:
    kept, rejected = sort_out([known("a", LOOKS[0]), known("b", COPY, width=400)], [])
    assert [each.known.name for each in kept] == ["b"]
    assert reasons(rejected) == {"a": ("near duplicate", "of b")}
    kept, _ = sort_out([known("a", LOOKS[0], size=1001), known("b", COPY)], [])
    assert [each.known.name for each in kept] == ["a"]


def test_a_copy_has_the_group_of_what_it_copies_whichever_of_them_stays() -> None:
    groups = set()
    for width in (200, 400):
        (kept,), _ = sort_out([known("a", LOOKS[0]), known("b", COPY, width=width)], [])
        groups.add(kept.group)
    assert len(groups) == 1


def test_what_the_evaluation_set_holds_goes_with_all_its_copies() -> None:
    evaluation = [known("benchmark", LOOKS[0]), Examined("damaged", "x", 0, reason="unreadable")]
    kept, rejected = sort_out([known("a", COPY, width=900), known("b", LOOKS[0]), known("c", LOOKS[1])], evaluation)
    assert [each.known.name for each in kept] == ["c"]
    assert reasons(rejected) == dict.fromkeys("ab", ("in the evaluation set", "as benchmark"))


def test_what_was_rejected_before_stays_so_and_pushes_nothing_out() -> None:
    grey = replace(known("a", LOOKS[0], width=900), reason="grey", detail="chroma 0 < 4", signature=None)
    kept, rejected = sort_out([grey, known("b", LOOKS[0])], [])
    assert [each.known.name for each in kept] == ["b"]
    assert rejected == [grey]

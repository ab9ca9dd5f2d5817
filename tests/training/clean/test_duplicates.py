"""Duplicates: copies are found however they were changed, other photographs are not, and the lookup misses none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import spoiled_files
from clean_files import photograph, photographs
from numpy.typing import NDArray
from training_files import scene

from photochrom.training.clean.duplicates import Signature, groups, near_pairs, within

Rgb = NDArray[np.uint8]


def alike(one: Rgb, other: Rgb) -> bool:
    return len(near_pairs([Signature.of(one)], [Signature.of(other)])) == 1


@pytest.mark.parametrize(
    "change",
    [
        spoiled_files.recompressed,
        spoiled_files.resized,
        spoiled_files.cropped,
        spoiled_files.brightened,
        lambda rgb, rng: rgb[:, ::-1],
    ],
)
def test_a_changed_copy_is_found(change: spoiled_files.Change) -> None:
    rng = np.random.default_rng(7)
    for rgb in photographs():
        assert alike(rgb, np.ascontiguousarray(change(rgb, rng)))


def test_a_copy_with_stronger_colours_is_found() -> None:
    hsv = cv2.cvtColor(photograph(), cv2.COLOR_RGB2HSV_FULL)
    lab = cv2.cvtColor(photograph(), cv2.COLOR_RGB2LAB).astype(np.int64)
    lab[..., 1:] = np.clip((lab[..., 1:] - 128) * 1.4 + 128, 0, 255)
    vivid = cv2.cvtColor(lab.astype(np.uint8), cv2.COLOR_LAB2RGB).astype(np.uint8)
    assert hsv[..., 1].mean() < cv2.cvtColor(vivid, cv2.COLOR_RGB2HSV_FULL)[..., 1].mean() - 10
    assert alike(photograph(), vivid)


def test_different_photographs_are_not_alike() -> None:
    looks = [Signature.of(rgb) for rgb in (*photographs(), *(scene(seed, 160, 200) for seed in range(40)))]
    pairs = near_pairs(looks, looks)
    np.testing.assert_array_equal(pairs[:, 0], pairs[:, 1])
    assert len(pairs) == len(looks)


def test_hashes_that_are_close_by_chance_are_told_apart_by_colours_in_other_places() -> None:
    sun = Signature((0b1111,) * 7, (20.0, 30.0) * 16)
    fire = Signature((0b1001,) * 7, (-10.0, 30.0) * 16)
    same = Signature((0b1001,) * 7, (22.0, 27.0) * 16)
    assert near_pairs([sun], [fire, same]).tolist() == [[0, 1]]


def test_colours_of_a_mirrored_copy_are_compared_mirrored() -> None:
    left = np.zeros((4, 4, 2))
    left[:, :2] = 40
    one = Signature((3, 2**40 - 1, 3, 3, 3, 3, 3), tuple(left.ravel()))
    mirrored = Signature((2**40 - 1, 3) + (2**40 - 1,) * 5, tuple(left[:, ::-1].ravel()))
    assert len(near_pairs([one], [mirrored])) == 1


def test_the_lookup_finds_what_comparing_each_with_each_finds() -> None:
    rng = np.random.default_rng(3)
    table = rng.integers(0, 2**64, 3000, np.uint64)
    flips = np.zeros(700, np.uint64)
    for number in range(700):
        for bit in rng.choice(64, number % 11, replace=False).astype(np.uint64):
            flips[number] |= np.uint64(1) << bit
    queries = np.concatenate([table[:700] ^ flips, rng.integers(0, 2**64, 300, np.uint64)])
    apart = np.bitwise_count(queries[:, None] ^ table[None])
    for distance in (0, 3, 6, 7):
        np.testing.assert_array_equal(within(queries, table, distance), np.argwhere(apart <= distance))


def test_a_distance_that_bands_can_miss_is_refused() -> None:
    with pytest.raises(ValueError, match="8 bits"):
        within(np.zeros(1, np.uint64), np.zeros(1, np.uint64), 8)


def test_a_hundred_thousand_hashes_are_looked_up_without_comparing_each_with_each() -> None:
    table = np.random.default_rng(5).integers(0, 2**64, 100_000, np.uint64)
    pairs = within(table, table, 6)
    np.testing.assert_array_equal(pairs, np.stack([np.arange(100_000)] * 2, axis=1))


def test_groups_join_whatever_is_connected() -> None:
    chain = np.array([(i, i + 1) for i in range(8, 2, -1)])
    pairs = np.concatenate([chain, [(0, 11), (11, 1)]])
    assert groups(13, pairs).tolist() == [0, 0, 2, 3, 3, 3, 3, 3, 3, 3, 10, 0, 12]
    assert groups(3, np.zeros((0, 2), np.int64)).tolist() == [0, 1, 2]


def test_groups_are_those_of_a_walk_over_the_graph() -> None:
    rng = np.random.default_rng(11)
    for _ in range(50):
        count = int(rng.integers(2, 40))
        pairs = rng.integers(0, count, (int(rng.integers(1, 40)), 2))
        lowest = list(range(count))
        for _ in range(count):
            for i, j in pairs.tolist():
                lowest[i] = lowest[j] = min(lowest[i], lowest[j])
        assert groups(count, pairs).tolist() == lowest

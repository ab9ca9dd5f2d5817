"""New photographs and old ones in one data set: each batch holds its share of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from training_files import Picture, scene, tiny_recipe, write_shards

from photochrom.errors import DataError, UsageError
from photochrom.evaluation.photographs import Photographs
from photochrom.training.replay import Replayed
from photochrom.training.samples import Order


@pytest.fixture(scope="module")
def old(manifest: Path) -> Photographs:
    return Photographs(manifest, "train")


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Photographs:
    pictures = [Picture(key=f"new{i}", rgb=scene(100 + i), source="new", shard="new-0") for i in range(5)]
    return Photographs(write_shards(tmp_path_factory.mktemp("new"), pictures), "train")


@pytest.mark.parametrize(("share", "of_sixteen"), [(0.5, {8}), (0.25, {4}), (0.3, {4, 5}), (0.9, {14, 15})])
def test_every_batch_holds_the_share_of_old_photographs(
    new: Photographs, old: Photographs, share: float, of_sixteen: set[int]
) -> None:
    both = Replayed(new, old, share)
    recipe = tiny_recipe(batch=16, samples=3200, late_share=0)
    batches = list(Order(recipe, both.weights({}), start=0, stop=3200))
    counts = [sum(request.photograph >= len(new) for request in batch) for batch in batches]
    assert set(counts) == of_sixteen
    assert np.mean(counts) == pytest.approx(16 * share, abs=0.1)
    seen = np.bincount([request.photograph for batch in batches for request in batch], minlength=len(both))
    assert seen.min() > 0


def test_a_photograph_is_read_from_the_set_that_it_is_of(new: Photographs, old: Photographs) -> None:
    both = Replayed(new, old, 0.5)
    assert len(both) == len(new) + len(old)
    assert np.array_equal(both.read(0), new.read(0))
    assert np.array_equal(both.read(len(new) + 3), old.read(3))
    assert (both.manifest_sha256, both.replay_sha256) == (new.manifest_sha256, old.manifest_sha256)


def test_weights_of_sources_shift_within_a_set_and_leave_the_share(new: Photographs, old: Photographs) -> None:
    weights = Replayed(new, old, 0.25).weights({"discs": 3.0})
    assert weights[: len(new)].sum() == pytest.approx(0.75)
    sources = np.array([entry.source for entry in old.entries])
    replayed = weights[len(new) :]
    assert replayed[sources == "discs"].mean() == pytest.approx(3 * replayed[sources == "scenes"].mean())


def test_a_weighted_source_that_neither_set_has_is_named(new: Photographs, old: Photographs) -> None:
    with pytest.raises(DataError, match="moon"):
        Replayed(new, old, 0.5).weights({"moon": 2.0})


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_that_leaves_one_set_out_is_refused(new: Photographs, old: Photographs, share: float) -> None:
    with pytest.raises(UsageError, match="replay_share"):
        Replayed(new, old, share)

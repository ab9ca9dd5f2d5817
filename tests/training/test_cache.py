"""Features of a frozen encoder that are kept: what comes back, when they are made anew, and where there is no room."""

from __future__ import annotations

import errno
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_files import tiny_recipe

from photochrom.color.bins import AbBins
from photochrom.errors import DataError, UsageError
from photochrom.evaluation.photographs import Photographs
from photochrom.networks.colorizer_net import ColorizerNet
from photochrom.training import cache, run_module
from photochrom.training.cache import Features, open_features, quantize
from photochrom.training.fit import train
from photochrom.training.module import ColorizerModule
from photochrom.training.samples import Order, Samples, collate

SHAPES = [(3, 8, 8), (5, 4, 4), (7, 2, 2), (2, 1, 1)]


def _maps(count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(count)
    return [torch.randn(count, *shape, generator=generator) * 3 for shape in SHAPES]


def _open(folder: Path, needed: Sequence[int], *, limit: float = 1.0, **made_from: Any) -> Features:
    return open_features(folder, np.array(needed), views=2, shapes=SHAPES, made_from=made_from, limit=limit)


def test_features_come_back_within_half_a_level_of_their_channels_largest_value(tmp_path: Path) -> None:
    features, maps = _open(tmp_path / "features", [3, 8, 9, 20]), _maps(4)
    features.write(0, maps)
    values, scales = zip(*(features.read(slot // 2, slot % 2) for slot in (3, 8, 9, 20)), strict=True)
    restored = features.restore(torch.from_numpy(np.stack(values)), torch.from_numpy(np.stack(scales)))
    for got, wanted in zip(restored, maps, strict=True):
        largest = wanted.abs().amax((2, 3), keepdim=True)
        assert got.shape == wanted.shape
        assert bool(((got - wanted).abs() <= largest * (0.5001 / 127)).all())


def test_a_channel_without_a_value_stays_without_one() -> None:
    values, scales = quantize([torch.zeros(2, 3, 4, 4)])
    assert float(values.abs().max()) == 0
    assert float(scales.min()) > 0  # it counts as computed


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_what_is_missing_is_shared_out_among_processes_and_goes_on_where_one_was_broken_off(
    ranks: int, tmp_path: Path
) -> None:
    features = _open(tmp_path / "features", range(100))
    parts = [list(features.missing(rank=rank, ranks=ranks)) for rank in range(ranks)]
    asked = [2 * photograph + view for part in parts for _, some in part for photograph, view in some]
    assert sorted(asked) == list(range(100))
    first, some = parts[-1][0]
    features.write(first, _maps(len(some)))
    again = pickle.loads(pickle.dumps(features))
    for now in (1, 2, 3):  # processes that go on
        left = [part for rank in range(now) for part in again.missing(rank=rank, ranks=now)]
        asked = [2 * photograph + view for _, some in left for photograph, view in some]
        assert sorted(asked) == [slot for slot in range(100) if not first <= slot < first + len(parts[-1][0][1])]


def test_features_are_kept_for_the_same_encoder_and_data_and_made_anew_for_others(tmp_path: Path) -> None:
    folder = tmp_path / "features"
    _open(folder, range(10), encoder="a").write(0, _maps(10))
    assert not list(_open(folder, [2, 3, 9], encoder="a").missing(rank=0, ranks=1))
    assert len(_open(folder, [2, 3, 9], encoder="a")) == 10
    assert list(_open(folder, [2, 11], encoder="a").missing(rank=0, ranks=1)) == [(0, [(1, 0), (5, 1)])]
    assert list(_open(folder, [2, 11], encoder="b").missing(rank=0, ranks=1)) == [(0, [(1, 0), (5, 1)])]


def test_features_that_would_take_more_than_is_allowed_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"10 views would take 3\.\d+e-06 GB and cache_gb is 1e-06"):
        _open(tmp_path / "features", range(10), limit=1e-6)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_and_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DataError, match=r"no room for .* GB of features in \S*features: .*No space left on device"):
        _open(tmp_path / "features", range(10))
    assert not list(tmp_path.iterdir())


def test_the_loss_from_kept_features_is_that_of_the_encoder_within_quantisation(
    net: ColorizerNet, manifest: Path, tmp_path: Path
) -> None:
    recipe, photographs = (
        tiny_recipe(stages=[{"frozen": "all", "cache": True}], late_share=0),
        Photographs(manifest, "train"),
    )
    requests = next(iter(Order(recipe, photographs.weights({}), start=0, stop=8)))
    plain, bins = collate([Samples(photographs, recipe)[request] for request in requests]), AbBins.grid()
    module = ColorizerModule(recipe.to_dict(), bins.centers.tolist(), [0.0] * len(bins))
    module.net.load_state_dict(net.state_dict())
    with torch.no_grad():
        exact = module.net.encoder(plain.luma)
        shapes = [(m.shape[1], m.shape[2], m.shape[3]) for m in exact]
        needed = np.array([2 * request.photograph + (request.view or 0) for request in requests])
        features = open_features(tmp_path / "features", needed, views=2, shapes=shapes, made_from={}, limit=1)
        order = np.searchsorted(features._slots, needed)
        for place, one in zip(order, range(len(order)), strict=True):
            features.write(int(place), [m[one : one + 1] for m in exact])
        kept = collate([Samples(photographs, recipe, features)[request] for request in requests])
        assert torch.equal(kept.luma, plain.luma)
        restored = features.restore(kept.values, kept.scales)
        losses = [
            float(module.loss(module.net.decoder(plain.luma, maps, plain.points, plain.dense), plain.ab)[0])
            for maps in (exact, restored)
        ]
    assert losses[1] == pytest.approx(losses[0], rel=2e-3)
    assert losses[1] != losses[0]  # they have been through bytes


def test_a_run_broken_off_in_the_middle_of_computing_features_does_only_the_rest(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny_recipe(
        samples=64,
        late_share=0,
        stages=[{"until": 32, "frozen": "all", "cache": True}, {"frozen": "all"}],
        cache_views=8,
    )
    written: list[int] = []
    original = Features.write

    def breaking(self: Features, first: int, maps: Sequence[torch.Tensor]) -> None:
        if written and len(written) == broken_at:
            raise KeyError("broken")
        written.append(first)
        original(self, first, maps)

    monkeypatch.setattr(Features, "write", breaking)
    monkeypatch.setattr(cache, "VIEWS", 8)
    broken_at = 2
    with pytest.raises(KeyError):
        train(recipe, manifest=manifest, out=tmp_path, workers=0)
    broken_at = -1
    train(recipe, manifest=manifest, out=tmp_path, workers=0)
    assert written == sorted(set(written))
    assert len(written) > 3
    assert not (tmp_path / run_module.FEATURES).exists()

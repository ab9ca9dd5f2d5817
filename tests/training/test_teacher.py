"""A teacher tells the student what it believes, calibrated and over the student's bins; a run learns from it."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from training_files import tiny_recipe

from photochrom.color.bins import AbBins
from photochrom.errors import ModelError, UsageError
from photochrom.evaluation.photographs import Photographs
from photochrom.networks.colorizer_net import ColorizerNet
from photochrom.training.checkpoints import load_module
from photochrom.training.fit import train
from photochrom.training.module import ColorizerModule
from photochrom.training.samples import Batch, Order, Samples, collate
from photochrom.training.teacher import Teacher

BINS = AbBins(np.array([[a, b] for a in (-20, -10, 0, 10) for b in (-10, 0, 10, 20)], np.float32))
LOG_W = np.linspace(-0.5, 1, len(BINS)).astype(np.float32)


def _net() -> ColorizerNet:
    torch.manual_seed(1)
    recipe = tiny_recipe()
    return ColorizerNet(recipe.encoder, {**recipe.decoder, "bins": len(BINS)}).eval()


def _input() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(2)
    return torch.rand(2, 1, 32, 64) * 2 - 1, torch.rand(2, 3, 5), torch.rand(2, 3, 8, 16)


def test_a_teacher_gives_the_calibrated_distribution_of_every_cell() -> None:
    p = Teacher(_net(), BINS, LOG_W, BINS)(*_input())
    assert p.shape == (2, 8, 16, len(BINS))
    assert not p.requires_grad
    with torch.no_grad():
        logits = _net()(*_input())
    wanted = (logits - torch.from_numpy(LOG_W)[:, None, None]).softmax(1).permute(0, 2, 3, 1)
    torch.testing.assert_close(p, wanted, atol=1e-6, rtol=1e-4)


def test_over_other_bins_each_colour_goes_to_the_nearest_of_the_students() -> None:
    kept = [15, 3, 8, 5]
    student = AbBins(BINS.centers[kept])
    own = Teacher(_net(), BINS, LOG_W, BINS)(*_input())
    mapped = Teacher(_net(), BINS, LOG_W, student)(*_input())
    assert mapped.shape[-1] == len(kept)
    torch.testing.assert_close(mapped.sum(-1), torch.ones(mapped.shape[:-1]))
    nearest = torch.cdist(torch.from_numpy(BINS.centers), torch.from_numpy(student.centers)).min(1)
    for place, bin_ in enumerate(kept):
        assert nearest.indices[bin_] == place
        assert bool((mapped[..., place] >= own[..., bin_] - 1e-6).all())
    alone = AbBins(np.concatenate([BINS.centers[::-1], [[90, 90]]]))
    torch.testing.assert_close(Teacher(_net(), BINS, LOG_W, alone)(*_input())[..., :-1], own.flip(-1))


@pytest.fixture(scope="module")
def plain(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a run without a teacher."""
    return _run(manifest, tmp_path_factory.mktemp("teacher") / "plain", seed=1)


def _run(manifest: Path, out: Path, *, start: Path | None = None, **changes: Any) -> Path:
    recipe = tiny_recipe(**{"samples": 16, "val_samples": 16, "warmup": 0, "cooldown": 0, "late_share": 0, **changes})
    with contextlib.redirect_stdout(io.StringIO()):
        train(recipe, manifest=manifest, out=out, start=start, workers=0, threads=1)
    return out / "last.ckpt"


def test_a_run_takes_the_bins_and_weights_of_its_teacher_and_keeps_the_teacher_out_of_its_checkpoint(
    plain: Path, manifest: Path, tmp_path: Path
) -> None:
    taught = load_module(_run(manifest, tmp_path, teacher=str(plain), decoder={"widths": [8, 8, 8, 8], "heads": 0}))
    teacher = load_module(plain)
    assert np.array_equal(taught.bins.centers, teacher.bins.centers)
    assert torch.equal(taught.loss.log_w, teacher.loss.log_w)
    assert taught.teacher is None
    assert not [name for name in torch.load(tmp_path / "last.ckpt", weights_only=True)["state_dict"] if "teach" in name]
    assert yaml.safe_load((tmp_path / "recipe.yaml").read_text())["teacher"] == str(plain)


def test_a_plain_run_goes_on_with_a_teacher_of_other_bins(plain: Path, manifest: Path, tmp_path: Path) -> None:
    other = _run(manifest, tmp_path / "other", source_weights={"discs": 0.0}, seed=5)
    assert len(load_module(other).bins) != len(load_module(plain).bins)
    taught = load_module(_run(manifest, tmp_path / "taught", start=plain, teacher=str(other)))
    assert np.array_equal(taught.bins.centers, load_module(plain).bins.centers)
    own = _run(manifest, tmp_path / "own", start=plain)
    same = [torch.equal(a, b) for a, b in zip(taught.parameters(), load_module(own).parameters(), strict=True)]
    assert not all(same)  # the teacher was heard


def test_a_training_step_shows_the_teacher_the_clean_luma_and_the_hints_of_the_student(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ColorizerModule(tiny_recipe().to_dict(), BINS.centers.tolist(), LOG_W.tolist())
    module.teacher = Teacher(_net(), BINS, LOG_W, BINS)
    batch = _batch(manifest, tiny_recipe(degrade=1.0))
    seen: list[torch.Tensor] = []

    def looked_at(*shown: torch.Tensor) -> Any:
        seen.extend(shown)
        return _net()(*shown)

    monkeypatch.setattr(module.teacher, "_net", looked_at)
    for name in ("log", "log_dict"):
        monkeypatch.setattr(module, name, lambda *_, **__: None)
    module.training_step(batch, 0)
    assert not torch.equal(batch.clean, batch.luma)
    assert all(torch.equal(a, b) for a, b in zip(seen, (batch.clean, batch.points, batch.dense), strict=True))


def _batch(manifest: Path, recipe: Any) -> Batch:
    photographs = Photographs(manifest, "train")
    (requests, *_) = Order(recipe, photographs.weights({}), start=0, stop=8)
    samples = Samples(photographs, recipe)
    return collate([samples[request] for request in requests])


def test_a_teacher_that_is_not_there_is_named_before_the_run_begins(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nobody"):
        _run(manifest, tmp_path / "run", teacher="nobody")
    with pytest.raises(UsageError, match="teacher_weight"):
        tiny_recipe(teacher_weight=1.5)

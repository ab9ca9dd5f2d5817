"""What validation measures is what it says, and the samples of an interval end where the next one begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from training_files import pictures, tiny_recipe

from photochrom.color.bins import AbBins
from photochrom.evaluation.metrics import auc, auc_score
from photochrom.evaluation.photographs import Photographs
from photochrom.training.module import ColorizerModule
from photochrom.training.samples import quarter_ab, whole

BINS = AbBins.grid()
LOG_W = np.linspace(-1, 1, len(BINS)).astype(np.float32)


@pytest.fixture(scope="module")
def module(manifest: Path) -> ColorizerModule:
    torch.manual_seed(0)
    module = ColorizerModule(tiny_recipe().to_dict(), BINS.centers.tolist(), LOG_W.tolist())
    module.train_photographs, module.val_photographs = Photographs(manifest, "train"), _validation(manifest)
    module.workers = 0
    return module.eval()


def _validation(manifest: Path) -> dict[str, Photographs]:
    """`val` twice, the second time in the place of the sources that training never sees."""
    return {"val": Photographs(manifest, "val"), "val_unseen": Photographs(manifest, "val")}


def _logits(ab: torch.Tensor) -> torch.Tensor:
    """Of a network that knows the truth (N, 2, h, w), trained with the class weights."""
    index, weight = BINS.soft_encode(ab.permute(0, 2, 3, 1).numpy())
    p = np.full((*index.shape[:3], len(BINS)), 1e-9, np.float32)
    np.put_along_axis(p, index, weight, -1)
    return (torch.from_numpy(np.log(p) + LOG_W)).permute(0, 3, 1, 2)


def _truth() -> torch.Tensor:
    return torch.from_numpy(np.stack([quarter_ab(whole(p.rgb, 64)) for p in pictures()[:3]])).round()


def test_figures_of_a_network_that_knows_the_truth_are_perfect_once_class_weights_are_undone(
    module: ColorizerModule,
) -> None:
    ab = _truth()
    figures = module._figures(_logits(ab), ab)
    assert {key: tuple(value.shape) for key, value in figures.items()} == dict.fromkeys(("nll", "auc", "chroma"), (3,))
    assert float(figures["auc"].min()) > 98
    assert float((figures["chroma"] - 1).abs().max()) < 0.1
    _, weight = BINS.soft_encode(ab.permute(0, 2, 3, 1).numpy())
    entropy = -(weight * np.log(weight)).sum(-1).mean((1, 2))  # the least that soft-encoded truth allows
    assert figures["nll"].numpy() == pytest.approx(entropy, abs=1e-3)
    unweighted = module._figures(_logits(ab) - torch.from_numpy(LOG_W)[:, None, None], ab)
    assert bool((unweighted["nll"] > figures["nll"]).all())


def test_figures_of_a_network_that_says_grey_have_no_chroma_and_the_auc_of_grey(module: ColorizerModule) -> None:
    ab = _truth()
    figures = module._figures(_logits(torch.zeros_like(ab)), ab)
    assert float(figures["chroma"].max()) < 0.02
    wanted = [auc(auc_score(np.zeros_like(t), t)) for t in ab.permute(0, 2, 3, 1).numpy()]
    assert figures["auc"].numpy() == pytest.approx(wanted, abs=0.5)


def test_validation_looks_at_clean_and_aged_luma_of_the_same_photographs_and_at_ten_true_points(
    module: ColorizerModule, manifest: Path
) -> None:
    (batch,), (again,) = (list(loader) for loader in module.val_dataloader())
    clean, aged, ab, points = batch
    assert all(torch.equal(one, other) for one, other in zip(batch, again, strict=True))
    assert clean.shape == aged.shape == (4, 1, 32, 32)
    assert ab.shape == (4, 2, 8, 8)
    assert points.shape == (4, 10, 5)
    assert bool((points[..., 4] == 1).all())
    assert not torch.equal(clean, aged)
    first = quarter_ab(whole(Photographs(manifest, "val").read(0), 32))
    assert np.array_equal(ab[0].numpy(), first)


@pytest.mark.parametrize(("seen", "batches"), [(0, 4), (8, 3), (24, 1), (32, 2 + 8), (62, 1)])
def test_an_interval_goes_from_where_the_run_stands_to_the_next_validation(
    module: ColorizerModule, seen: int, batches: int
) -> None:
    """The recipe: 64 samples, a validation every 32, batches of 8 and, from 48 on, of 2."""
    module.sample = seen
    try:
        loaded = list(module.train_dataloader())
    finally:
        module.sample = 0
    assert len(loaded) == batches
    assert seen + sum(len(batch.luma) for batch in loaded) == (32 if seen < 32 else 64)


def test_sources_that_training_never_sees_have_figures_of_their_own(
    module: ColorizerModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: dict[str, float] = {}
    monkeypatch.setattr(module, "log_dict", logged.update)
    module.on_validation_epoch_start()
    with torch.no_grad():
        for number, loader in enumerate(module.val_dataloader()):
            for batch in loader:
                module.validation_step(batch, 0, number)
    module.on_validation_epoch_end()
    assert logged["val_unseen/clean_nll"] == pytest.approx(logged["val/clean_nll"])
    assert logged["val/score"] == pytest.approx((logged["val/clean_nll"] + logged["val/aged_nll"]) / 2)


def test_a_card_will_name_what_a_run_started_from_and_its_teacher() -> None:
    recipe = tiny_recipe()
    bins = AbBins.grid().centers.tolist()
    plain = ColorizerModule(recipe.to_dict(), bins, [0.0] * len(bins))
    assert plain.start_weights == [plain.net.encoder.start_weights]
    origins = [{"what": "another network", "license": "MIT"}]
    taught = ColorizerModule(
        recipe.merged({"teacher": "best"}).to_dict(), bins, [0.0] * len(bins), {"start_weights": origins}
    )
    assert taught.start_weights[0] == origins[0]
    assert "best" in str(taught.start_weights[1])

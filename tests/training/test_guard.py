"""Steps whose gradient is no number: left out one by one, and the run goes back to where it was well if they go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from training_files import tiny_recipe

from photochrom.errors import ModelError
from photochrom.training import guard
from photochrom.training.checkpoints import load_module
from photochrom.training.fit import train
from photochrom.training.module import ColorizerModule
from photochrom.training.recipe import Recipe
from photochrom.training.samples import Batch


class _Poison(Callback):
    """Puts a value into the true colours of some batches, counted from 0, and notes the weights around each step."""

    def __init__(self, batches: Sequence[int], value: float = float("nan")) -> None:
        self._batches, self._value = batches, value
        self.weights: list[torch.Tensor] = []

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, ColorizerModule)
        self.weights.append(pl_module.net.decoder.logits.weight.detach().clone())
        if trainer.global_step in self._batches:
            batch.ab[0, 0, 0, 0] = self._value


def _recipe(**changes: Any) -> Recipe:
    return tiny_recipe(samples=80, val_samples=80, late_share=0, warmup=0, cooldown=0, frozen=40, **changes)


def _run(manifest: Path, out: Path, poison: _Poison) -> dict[str, Any]:
    train(_recipe(), manifest=manifest, out=out, workers=0, callbacks=[poison])
    stored: dict[str, Any] = torch.load(out / "last.ckpt", weights_only=True)
    return stored


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_step_that_is_no_number_is_left_out_and_the_run_goes_on(
    value: float, manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    poison = _Poison([4], value)
    stored = _run(manifest, tmp_path, poison)
    same = [torch.equal(a, b) for a, b in zip(poison.weights, poison.weights[1:], strict=False)]
    assert same == [i == 4 for i in range(9)]
    assert (stored["sample"], stored["dropped"], stored["restored"], stored["calm"]) == (80, 1, 0, 1.0)
    for weights in ("state_dict", "current_model_state"):
        assert all(bool(torch.isfinite(value).all()) for value in stored[weights].values())
    assert all(bool(torch.isfinite(s["exp_avg"]).all()) for s in stored["optimizer_states"][0]["state"].values())
    assert '{"samples": 40, "dropped": 1, "restored": 0}' in capsys.readouterr().out.splitlines()
    assert load_module(tmp_path / "last.ckpt").dropped == 1


def test_when_steps_go_on_failing_weights_average_and_moments_return_to_the_last_good_state(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "KEEP_EVERY", 3)
    poison = _Poison([4, 5, 6])
    stored = _run(manifest, tmp_path, poison)
    assert torch.equal(poison.weights[4], poison.weights[6])
    assert torch.equal(poison.weights[7], poison.weights[3])  # what was kept after three good steps
    assert not torch.equal(poison.weights[7], poison.weights[6])
    assert not torch.equal(poison.weights[8], poison.weights[7])
    assert (stored["sample"], stored["dropped"], stored["restored"], stored["calm"]) == (80, 3, 1, 1.0)
    steps = {float(s["step"]) for s in stored["optimizer_states"][0]["state"].values()}
    assert steps == {6}  # of ten, three failed and one was taken back


def test_a_run_that_goes_back_over_the_end_of_a_stage_keeps_the_rates_of_the_new_one(
    manifest: Path, tmp_path: Path
) -> None:
    recipe = _recipe(stages=[{"until": 32, "encoder_rate": 0.5}, {"encoder_rate": 0.1}])
    train(recipe, manifest=manifest, out=tmp_path, workers=0, callbacks=[_Poison([5, 6, 7])])
    stored = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert stored["restored"] == 1
    deepest = stored["optimizer_states"][0]["param_groups"][-4]
    assert deepest["peak"] == pytest.approx(0.1 * recipe.learning_rate)


def test_a_run_that_never_gets_on_lowers_its_rates_and_ends_with_an_error(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "IN_A_ROW", 1)
    monkeypatch.setattr(guard, "GIVE_UP", 3)
    with pytest.raises(ModelError, match=r"at sample 56 loss or gradient are no numbers.*3 times.*at 0\.25 of"):
        _run(manifest, tmp_path, _Poison(range(3, 10)))
    stored = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert (stored["sample"], stored["restored"], stored["calm"]) == (56, 3, 0.25)
    assert all(bool(torch.isfinite(value).all()) for value in stored["current_model_state"].values())

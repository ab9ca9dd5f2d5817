"""Going on from a model: it keeps its bins, sees old photographs among the new, and is accepted only if no worse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from training_files import Picture, pictures, scene, tiny_recipe, write_shards

from photochrom.errors import DataError, ModelError, UsageError
from photochrom.evaluation.intervals import Estimate
from photochrom.training import continuing
from photochrom.training.checkpoints import load_module, write_checkpoint
from photochrom.training.continuing import accept, check_accepted, continuing_recipe, judge, open_gate
from photochrom.training.fit import train
from photochrom.training.module import ColorizerModule


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Manifest of the old photographs, with a split `gate` of 24."""
    held = [Picture(key=f"gate{i}", rgb=scene(500 + i), split="gate", shard="shard-2") for i in range(24)]
    return write_shards(tmp_path_factory.mktemp("old"), [*pictures(), *held])


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Manifest of new photographs: red all over."""
    red = [np.stack([scene(i)[..., 0], scene(i)[..., 0] // 4, scene(i)[..., 0] // 4], -1) for i in range(10)]
    split = ["train"] * 8 + ["val"] * 2
    made = [Picture(key=f"new{i}", rgb=rgb, source="red", shard="new-0", split=split[i]) for i, rgb in enumerate(red)]
    return write_shards(tmp_path_factory.mktemp("new"), made)


@pytest.fixture(scope="module")
def start(old: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoint of a run of six steps on the old photographs."""
    recipe = tiny_recipe(samples=48, late_share=0, ema=0, val_samples=48, learning_rate=3e-3)
    return train(recipe, manifest=old, out=tmp_path_factory.mktemp("runs") / "start", workers=0)


def _shifted(start: Path, shift: float) -> ColorizerModule:
    """The module of `start` that believes more strongly, or less, in one bright green."""
    module = load_module(start)
    green = int(module.bins.nearest(np.array([[-60.0, 60.0]], np.float32))[0])
    bias = module.net.decoder.logits.bias
    assert bias is not None
    with torch.no_grad():
        bias[green] += shift
    return module


def _checkpoint(start: Path, shift: float, out: Path, gate: str) -> Path:
    """`best.ckpt` of a run from `start` that shifted its belief and nothing else."""
    stored = torch.load(start, weights_only=True)
    stored["state_dict"] = _shifted(start, shift).state_dict()
    stored["hyper_parameters"]["provenance"] = {"start": str(start), "gate": gate}
    write_checkpoint(stored, out / "best.ckpt")
    return out / "best.ckpt"


def test_the_gate_refuses_a_model_that_got_worse_and_tells_by_how_much(old: Path, start: Path) -> None:
    verdict = judge(load_module(start), _shifted(start, 5), f"{old}:gate")
    assert not verdict.accepted
    assert verdict.photographs == 24
    assert verdict.result - verdict.start == pytest.approx(verdict.worse.value)
    assert 0 < verdict.worse.low < verdict.worse.value < verdict.worse.high
    assert str(verdict).startswith("refused by the 24 photographs of ")
    for figure in (verdict.start, verdict.result):
        assert f"{figure:.4f}" in str(verdict)


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_the_gate_accepts_a_model_that_is_the_same_or_better(old: Path, start: Path, shift: float) -> None:
    verdict = judge(_shifted(start, shift), load_module(start), f"{old}:gate")
    assert verdict.accepted
    assert (verdict.worse.high < 0) == (shift > 0)
    assert str(verdict).startswith("accepted")


def test_a_fall_that_may_be_chance_is_no_reason_to_refuse(
    old: Path, start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).normal(0, 1, 24)
    noise += 0.1 - noise.mean()
    before, after = load_module(start), load_module(start)
    monkeypatch.setattr(before, "scores", lambda *_, side: np.zeros(24))
    monkeypatch.setattr(after, "scores", lambda *_, side: noise)
    verdict = judge(before, after, f"{old}:gate")
    assert verdict.worse.value == pytest.approx(0.1)
    assert verdict.worse.low < 0
    assert verdict.accepted


@pytest.mark.parametrize("broken", [1, 24])
def test_a_model_that_gives_no_number_is_refused(broken: int, old: Path, start: Path) -> None:
    before, after = load_module(start), load_module(start)
    scores = np.where(np.arange(24) < broken, np.nan, 0.0)
    before.scores = lambda *_, side: np.ones(24)  # type: ignore[method-assign]
    after.scores = lambda *_, side: scores  # type: ignore[method-assign]
    assert not judge(before, after, f"{old}:gate").accepted


def test_the_score_of_a_photograph_is_what_validation_takes_the_mean_of(old: Path, start: Path) -> None:
    module, gate = load_module(start), open_gate(f"{old}:gate")
    module.val_photographs = {"val": gate}
    module.on_validation_epoch_start()
    (loader,) = module.val_dataloader()
    with torch.no_grad():
        for batch in loader:
            module.eval().validation_step(batch, 0)
    each = np.add(module._sums["val/clean_nll"], module._sums["val/aged_nll"]) / 2
    scores = module.scores(gate, range(len(each)), side=module.recipe.val_size)
    assert scores == pytest.approx(each, rel=1e-5)


def test_a_refused_checkpoint_loses_its_name_and_can_not_be_exported(old: Path, start: Path, tmp_path: Path) -> None:
    gate = f"{old}:gate"
    best = _checkpoint(start, 5, tmp_path, gate)
    with pytest.raises(ModelError, match="has not been judged"):
        check_accepted(load_module(best), best)
    verdict = accept(best, start=start, gate=gate)
    assert not verdict.accepted
    assert not best.exists()
    refused = load_module(tmp_path / "refused.ckpt")
    with pytest.raises(ModelError, match=rf"refused\.ckpt was refused by the 24 .*{verdict.worse.value:.4f}"):
        check_accepted(refused, tmp_path / "refused.ckpt")
    assert json.loads((tmp_path / "gate.json").read_text())["accepted"] is False
    assert accept(tmp_path / "last.ckpt", start=start, gate=gate) == verdict  # as the same command finds it again


def test_an_accepted_checkpoint_keeps_its_name_its_weights_and_the_verdict(
    old: Path, start: Path, tmp_path: Path
) -> None:
    gate = f"{old}:gate"
    (tmp_path / "refused.ckpt").write_bytes(b"of an earlier end of the run")
    best = _checkpoint(start, 0, tmp_path, gate)
    verdict = accept(best, start=start, gate=gate)
    assert verdict.accepted
    assert not (tmp_path / "refused.ckpt").exists()
    module = load_module(best)
    check_accepted(module, best)
    wanted = load_module(start).state_dict()
    assert all(torch.equal(v, wanted[k]) for k, v in module.state_dict().items())
    assert isinstance(verdict.worse, Estimate)
    assert accept(best, start=start, gate=gate) == verdict


def test_a_run_is_only_judged_against_what_it_started_from(old: Path, start: Path, tmp_path: Path) -> None:
    gate = f"{old}:gate"
    best = _checkpoint(start, 0, tmp_path, gate)
    with pytest.raises(UsageError, match=r"started from .*best\.ckpt, not from best"):
        accept(best, start="best", gate=gate)


def test_models_of_other_bins_can_not_be_compared(old: Path, start: Path) -> None:
    other = ColorizerModule(tiny_recipe().to_dict(), [[10.0 * i, 0.0] for i in range(6)], [0.0] * 6)
    with pytest.raises(ModelError, match="bins"):
        judge(load_module(start), other, f"{old}:gate")


def test_a_gate_is_a_manifest_with_its_split_or_the_split_val(old: Path, manifest: Path) -> None:
    assert len(open_gate(f"{old}:gate")) == 24
    with pytest.raises(DataError, match=r"has 6 photographs, too few"):
        open_gate(str(manifest))
    with pytest.raises(DataError, match=r"absent\.csv"):
        open_gate("absent.csv")
    with pytest.raises(DataError, match="'moon'"):
        open_gate(f"{old}:moon")


def test_the_recipe_of_a_model_goes_on_short_and_gently(start: Path) -> None:
    first, on = load_module(start).recipe, continuing_recipe(start)
    assert (on.encoder, on.decoder, on.name) == (first.encoder, first.decoder, first.name)
    assert on.learning_rate == pytest.approx(first.learning_rate / 5)
    assert on.samples < 50_000


def test_the_recipe_of_the_bundled_model_is_in_its_card() -> None:
    recipe = continuing_recipe("best")
    assert recipe.name == "best"
    assert recipe.encoder["variant"] == 2
    assert recipe.source_weights == {}


def test_a_run_goes_on_with_replay_under_the_bins_of_its_start_and_is_chosen_on_old_and_new(
    new: Path, old: Path, start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = continuing_recipe(start).merged({"samples": 16, "warmup": 0, "cooldown": 0, "late_share": 0, "ema": 0})
    gate = f"{old}:gate"
    best = train(recipe, manifest=new, out=tmp_path, start=start, replay=old, gate=gate, workers=0)
    module, before = load_module(best), load_module(start)
    assert module.bins.centers.tolist() == before.bins.centers.tolist()
    assert torch.equal(module.loss.log_w, before.loss.log_w)
    assert module.provenance["gate"] == gate
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["photographs"] == 8 + 24
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    parts = [figures[f"{split}/{seen}_nll"] for split in ("val", "val_replay") for seen in ("clean", "aged")]
    assert figures["val/score"] == pytest.approx(np.mean(parts), abs=2e-4)
    assert continuing.accept(best, start=start, gate=gate).photographs == 24


def test_a_refused_run_that_is_prolonged_has_a_best_again_even_if_no_better(
    new: Path, old: Path, start: Path, tmp_path: Path
) -> None:
    changes = {"samples": 8, "warmup": 0, "cooldown": 0, "late_share": 0, "ema": 0, "learning_rate": 1e-30}
    recipe = continuing_recipe(start).merged(changes)
    best = train(recipe, manifest=new, out=tmp_path, start=start, workers=0)
    best.rename(tmp_path / "refused.ckpt")
    again = train(recipe.merged({"samples": 16}), manifest=new, out=tmp_path, start=start, workers=0)
    assert again == best
    assert load_module(best).sample == 16

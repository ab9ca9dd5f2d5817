"""A run, whole or broken off anywhere: it ends with the same weights, and its folder tells what it was."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch.callbacks import ModelCheckpoint
from training_files import tiny_recipe

from photochrom.errors import DataError, ModelError, UsageError
from photochrom.evaluation.photographs import Photographs
from photochrom.training import callbacks, fit
from photochrom.training.checkpoints import load_module
from photochrom.training.fit import train
from photochrom.training.module import ColorizerModule
from photochrom.training.recipe import Recipe


@dataclass(frozen=True)
class Run:
    out: Path
    best: Path
    said: str


@pytest.fixture(scope="session")
def whole(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nothing broke off; its samples were made by a process of their own."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        best = train(tiny_recipe(), manifest=manifest, out=out, workers=1)
    return Run(out, best, said.getvalue())


def _checkpoint(path: Path) -> dict[str, Any]:
    stored: dict[str, Any] = torch.load(path, weights_only=True)
    return stored


def _rows(out: Path, column: str) -> dict[int, float]:
    """A column of the logs of every start of a run: its values by step."""
    rows: dict[int, float] = {}
    for path in sorted(out.glob("from-*/metrics.csv"), key=lambda path: int(path.parent.name.removeprefix("from-"))):
        with path.open(newline="") as file:
            rows |= {int(row["step"]): float(row[column]) for row in csv.DictReader(file) if row.get(column)}
    return rows


class Broken(Exception):
    """What breaks a run off in these tests."""


def _at_call(monkeypatch: pytest.MonkeyPatch, owner: type, method: str, call: int) -> None:
    """Let the run break at the n-th call of a method, counted from 1."""
    original, calls = getattr(owner, method), iter(range(1, 1000))

    def breaking(*arguments: Any) -> Any:
        if next(calls) == call:
            raise Broken
        return original(*arguments)

    monkeypatch.setattr(owner, method, breaking)


def _broken_off(way: str, manifest: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Start a run and break it off; returns the samples seen by then."""
    with monkeypatch.context() as patch:
        if way == "out of time":
            ticks = SimpleNamespace(monotonic=count().__next__)  # a second between any two looks
            for module in (fit, callbacks):
                patch.setattr(module, "time", ticks)
            assert train(tiny_recipe(), manifest=manifest, out=out, workers=0, minutes=5 / 60) == out / "best.ckpt"
            last = _checkpoint(out / "last.ckpt")
            (patience,) = (state for key, state in last["callbacks"].items() if key.startswith("Patience"))
            assert patience["best_score"] == float("inf")  # no regular validation so far
            return int(last["sample"])
        if way == "within a step":
            _at_call(patch, ColorizerModule, "on_before_optimizer_step", 4)
        elif way == "within a validation":
            _at_call(patch, ColorizerModule, "_figures", 2)
        elif way == "within the last validation":
            patch.setattr(callbacks, "SAVE_EVERY", 4)
            _at_call(patch, ColorizerModule, "_figures", 5)
        else:  # killed within a validation, when `last.ckpt` had just been written after the last step before it
            patch.setattr(callbacks, "SAVE_EVERY", 4)
            patch.setattr(ModelCheckpoint, "on_exception", lambda *_: None)
            _at_call(patch, ColorizerModule, "_figures", 2)
        with pytest.raises(Broken):
            train(tiny_recipe(), manifest=manifest, out=out, workers=0)
    return int(_checkpoint(out / "last.ckpt")["sample"])


@pytest.mark.parametrize(
    ("way", "seen"),
    [
        ("out of time", 24),
        ("within a step", 24),
        ("within a validation", 32),
        ("within the last validation", 60),
        ("killed at the end of an interval", 32),
    ],
)
def test_a_run_broken_off_anywhere_ends_with_the_weights_of_a_whole_one(
    way: str, seen: int, whole: Run, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    assert _broken_off(way, manifest, out, monkeypatch) == seen
    train(tiny_recipe(), manifest=manifest, out=out, workers=0)
    got, wanted = _checkpoint(out / "last.ckpt"), _checkpoint(whole.out / "last.ckpt")
    assert (got["sample"], got["global_step"]) == (wanted["sample"], wanted["global_step"]) == (64, 14)
    for weights in ("current_model_state", "state_dict"):
        assert [k for k, v in wanted[weights].items() if not torch.equal(got[weights][k], v)] == []
    scores = _rows(whole.out, "val/score")
    again = {step: score for step, score in _rows(out, "val/score").items() if step in scores}
    assert again == {step: scores[step] for step in again}
    assert max(again) == max(scores)
    moments = [c["optimizer_states"][0]["state"] for c in (got, wanted)]
    assert all(torch.equal(moments[0][k]["exp_avg_sq"], v["exp_avg_sq"]) for k, v in moments[1].items())


def test_a_whole_run_leaves_best_and_last_checkpoint_logs_and_records(whole: Run) -> None:
    assert whole.best == whole.out / "best.ckpt"
    assert {p.name for p in whole.out.iterdir()} == {"best.ckpt", "last.ckpt", "from-0", "recipe.yaml", "run.json"}
    assert any(p.name.startswith("events.out.tfevents") for p in (whole.out / "from-0").iterdir())
    assert Recipe.load(whole.out / "recipe.yaml") == tiny_recipe()
    record = json.loads((whole.out / "run.json").read_text())
    assert record["photographs"] == 24
    assert record["start"] == "ImageNet"
    assert record["torch"] == torch.__version__
    assert len(record["manifest_sha256"]) == 64
    lines = [json.loads(line) for line in whole.said.splitlines()]
    assert [line["samples"] for line in lines] == [32, 64]
    assert lines[-1]["hours_left"] == 0


def test_checkpoints_rebuild_their_own_network_with_averaged_weights(whole: Run) -> None:
    module = load_module(whole.best)
    stored = _checkpoint(whole.best)
    assert module.recipe == tiny_recipe()
    assert module.sample == stored["sample"]
    assert 0 < module.seconds < 600
    assert module.bins.centers.tolist() == stored["hyper_parameters"]["bins"]
    state = module.state_dict()
    assert all(torch.equal(v, state[k]) for k, v in stored["state_dict"].items())
    assert not torch.equal(state["net.decoder.logits.bias"], stored["current_model_state"]["net.decoder.logits.bias"])


def test_logs_tell_of_every_validation_and_the_best_is_the_one_of_lowest_score(whole: Run) -> None:
    scores = _rows(whole.out, "val/score")
    assert len(scores) == 2
    for column in ("val/clean_nll", "val/aged_nll", "val/hinted_nll", "val/clean_auc", "val/clean_chroma"):
        assert len(_rows(whole.out, column)) == 2
    (best,) = (
        v for k, v in _checkpoint(whole.best)["callbacks"].items() if "val/score" in k and "best_model_score" in v
    )
    assert float(best["best_model_score"]) == pytest.approx(min(scores.values()), abs=1e-5)


def test_a_finished_run_gives_its_best_at_once_and_is_prolonged_under_the_recipe_given_now(
    whole: Run, manifest: Path, tmp_path: Path
) -> None:
    out = tmp_path / "longer"
    out.mkdir()
    for name in ("best.ckpt", "last.ckpt"):
        (out / name).write_bytes((whole.out / name).read_bytes())
    assert train(tiny_recipe(), manifest=manifest, out=out) == out / "best.ckpt"
    assert not list(out.glob("from-*"))
    recipe = tiny_recipe(samples=72, late_share=0, learning_rate=0.5e-3, weight_decay=0.5, cooldown=0, patience=7)
    train(recipe, manifest=manifest, out=out, workers=0)
    last = _checkpoint(out / "last.ckpt")
    group = last["optimizer_states"][0]["param_groups"][-2]
    assert last["sample"] == 72
    assert (group["peak"], group["lr"], group["weight_decay"]) == (0.5e-3, 0.5e-3, 0.5)
    (best,) = (v for k, v in last["callbacks"].items() if k.startswith("Best"))
    scores = [*_rows(whole.out, "val/score").values(), *_rows(out, "val/score").values()]
    assert float(best["best_model_score"]) == pytest.approx(min(scores), abs=1e-5)
    assert best["best_model_path"] == str(out / "best.ckpt")
    assert [v["patience"] for k, v in last["callbacks"].items() if k.startswith("Patience")] == [7]


def test_a_checkpoint_of_the_first_version_goes_on(
    whole: Run, manifest: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    stored = _checkpoint(whole.out / "last.ckpt")
    for setting in ("stages", "cache_views", "cache_gb", "deterministic", "task", "teacher", "replay_share"):
        del stored["hyper_parameters"]["recipe"][setting]
    for key in ("dropped", "restored", "calm"):
        del stored[key]
    stored["callbacks"] = {f"_{key}": state for key, state in stored["callbacks"].items()}
    elsewhere = {"monitor": None, "best_model_path": str(whole.out / "last.ckpt"), "dirpath": str(whole.out)}
    stored["callbacks"]["ModelCheckpoint{'monitor': None, 'every_n_train_steps': 200}"] = elsewhere
    torch.save(stored, tmp_path / "last.ckpt")
    (tmp_path / "best.ckpt").write_bytes(whole.best.read_bytes())
    train(tiny_recipe(samples=72, late_share=0, cooldown=0), manifest=manifest, out=tmp_path, workers=0)
    last = _checkpoint(tmp_path / "last.ckpt")
    assert (last["sample"], last["global_step"]) == (72, 15)
    assert sorted(key.partition("{")[0] for key in last["callbacks"]) == ["Average", "Best", "Patience"]
    (best,) = (v for k, v in last["callbacks"].items() if k.startswith("Best"))
    scores = [*_rows(whole.out, "val/score").values(), *_rows(tmp_path, "val/score").values()]
    assert float(best["best_model_score"]) == pytest.approx(min(scores), abs=1e-5)
    assert (whole.out / "last.ckpt").exists()
    assert [str(w.message) for w in recwarn if "callbacks" in str(w.message)] == []


def test_a_run_without_progress_is_stopped_after_the_patience_of_its_recipe(manifest: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(samples=200, val_samples=8, patience=2, learning_rate=1e-30, frozen=40, late_share=0)
    best = train(recipe, manifest=manifest, out=tmp_path, workers=0)
    assert _checkpoint(best)["sample"] == 8
    assert _checkpoint(tmp_path / "last.ckpt")["sample"] == 24


def test_a_run_starts_from_the_weights_bins_and_architecture_of_another(
    whole: Run, manifest: Path, tmp_path: Path
) -> None:
    recipe = tiny_recipe(samples=8, warmup=0, cooldown=0, learning_rate=1e-30, frozen=40, decoder={}, late_share=0)
    train(recipe, manifest=manifest, out=tmp_path, start=whole.best, workers=0)
    got, given = _checkpoint(tmp_path / "last.ckpt"), _checkpoint(whole.best)
    assert got["sample"] == 8
    assert got["hyper_parameters"]["bins"] == given["hyper_parameters"]["bins"]
    assert all(torch.allclose(got["state_dict"][k], v, atol=1e-20) for k, v in given["state_dict"].items())
    assert yaml.safe_load((tmp_path / "recipe.yaml").read_text())["decoder"]["widths"] == [16, 16, 24, 24]
    assert json.loads((tmp_path / "run.json").read_text())["start"] == str(whole.best)


def test_frozen_groups_do_not_learn() -> None:
    module = ColorizerModule(tiny_recipe(frozen=3).to_dict(), [[10.0 * i, 0.0] for i in range(6)], [0.0] * 6)
    groups = module.net.encoder.groups()
    assert [all(p.requires_grad for p in group) for group in groups] == [False] * 3 + [True] * (len(groups) - 3)


def test_the_encoder_learns_more_slowly_toward_its_input_and_vectors_are_not_decayed() -> None:
    module = ColorizerModule(tiny_recipe().to_dict(), [[10.0 * i, 0.0] for i in range(6)], [0.0] * 6)
    groups = module.configure_optimizers().param_groups
    recipe, rates = module.recipe, [group["peak"] for group in groups]
    assert rates == sorted(rates)
    assert rates[0] == pytest.approx(recipe.learning_rate * recipe.encoder_rate * recipe.layer_decay**4)
    assert rates[-3] == pytest.approx(recipe.learning_rate * recipe.encoder_rate)
    assert rates[-1] == recipe.learning_rate
    for group in groups:
        assert {p.ndim > 1 for p in group["params"]} <= {group["weight_decay"] > 0}
    assert sum(len(group["params"]) for group in groups) == len(list(module.parameters()))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_photograph_ends_the_run_and_is_named_also_from_another_process(
    workers: int, whole: Run, manifest: Path, tmp_path: Path
) -> None:
    for path in manifest.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    shard = tmp_path / "shard-1.tar"
    content = bytearray(shard.read_bytes())
    photographs = Photographs(tmp_path / "manifest.csv", "train")
    for entry in photographs.entries:
        if entry.shard == shard:
            content[entry.offset : entry.offset + 64] = bytes(64)
    shard.write_bytes(content)
    out = tmp_path / "run"
    out.mkdir()
    (out / "last.ckpt").write_bytes((whole.out / "last.ckpt").read_bytes())
    with pytest.raises(DataError, match=r"^\S*shard-1\.tar: photograph 00\w\w is damaged or cut off\.$"):
        train(tiny_recipe(samples=100), manifest=tmp_path / "manifest.csv", out=out, workers=workers)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "last.ckpt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"last\.ckpt"):
        load_module(path)


def test_a_file_of_weights_that_is_no_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    torch.save({"weights": torch.zeros(1)}, tmp_path / "other.ckpt")
    with pytest.raises(ModelError, match=r"other\.ckpt can't be read as a checkpoint"):
        load_module(tmp_path / "other.ckpt")


def test_a_recipe_of_another_architecture_does_not_go_on(whole: Run) -> None:
    with pytest.raises(ModelError, match=r"last\.ckpt can't be read"):
        load_module(whole.out / "last.ckpt", recipe=tiny_recipe(decoder={}))


def test_what_can_not_run_is_refused_before_anything_is_written(whole: Run, manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="already holds a run"):
        train(tiny_recipe(), manifest=manifest, out=whole.out, resume=False)
    with pytest.raises(UsageError, match="minutes"):
        train(tiny_recipe(), manifest=manifest, out=tmp_path / "run", minutes=0)
    with pytest.raises(DataError, match=r"absent\.csv"):
        train(tiny_recipe(), manifest=tmp_path / "absent.csv", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file"):
        train(tiny_recipe(), manifest=manifest, out=tmp_path / "file")

"""`photochrom train` and `photochrom export`, from a recipe to a coloured picture, as somebody types them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import yaml
from skimage import data
from training_files import Picture, pictures, scene, tiny_recipe, write_shards

from photochrom import Colorizer
from photochrom.runtime.model import read_card


class Shell(Protocol):
    """What the `photochrom` fixture gives."""

    code: int
    out: bytes
    err: str


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_recipe().to_dict()), encoding="utf-8")
    return path


def test_a_recipe_becomes_a_run_a_model_and_colours(
    recipe: Path, tmp_path: Path, photochrom: Callable[..., Shell]
) -> None:
    manifest = write_shards(tmp_path, pictures())
    run, model = tmp_path / "run", tmp_path / "model"
    common = ("--data", manifest, "--out", run, "--threads", 1, "--workers", 0)
    trained = photochrom("train", recipe, *common, "--set", "samples=32", "--set", "cooldown=8")
    assert trained.code == 0
    assert trained.out.decode().splitlines()[-1] == str(run / "best.ckpt")
    exported = photochrom("export", run / "best.ckpt", model, "--data", manifest, "--limit", 8, "--version", "7")
    assert exported.code == 0
    card = read_card(model)
    assert (card.name, card.version, card.data["samples"]) == ("tiny", "7", 32)
    assert "# tiny 7" in (model / "MODEL_CARD.md").read_text(encoding="utf-8")
    photo = Colorizer(model=model).open(data.camera()).paint(vividness=1.0)
    assert np.ptp(np.asarray(photo).astype(int), axis=-1).max() > 0


def test_a_model_that_got_worse_on_new_photographs_is_refused_with_figures_and_not_exported(
    recipe: Path, tmp_path: Path, photochrom: Callable[..., Shell]
) -> None:
    held = [Picture(key=f"gate{i}", rgb=scene(500 + i), split="gate", shard="shard-2") for i in range(24)]
    manifest = write_shards(tmp_path, [*pictures(), *held])
    threads = ("--threads", 1, "--workers", 0)
    common = ("--data", manifest, *threads, "--set", "samples=16", "--set", "cooldown=8")
    assert photochrom("train", recipe, *common, "--out", tmp_path / "first").code == 0
    start, run = tmp_path / "first" / "best.ckpt", tmp_path / "run"
    going_on = ("train", *common, "--out", run, "--from", start, "--replay", manifest, "--gate", f"{manifest}:gate")
    ruined = photochrom(*going_on, "--set", "warmup=0", "--set", "learning_rate=0.5", "--set", "ema=0")
    assert ruined.code == 1
    assert "refused by the 24 photographs" in ruined.err
    assert "95 % interval +" in ruined.err
    assert not (run / "best.ckpt").exists()
    exported = photochrom("export", run / "refused.ckpt", tmp_path / "model", "--data", manifest)
    assert exported.code == 1
    assert "refused by the 24 photographs" in exported.err
    assert not (tmp_path / "model").exists()


def test_without_a_model_to_start_from_a_recipe_is_needed(tmp_path: Path, photochrom: Callable[..., Shell]) -> None:
    result = photochrom("train", "--data", tmp_path / "none.csv", "--out", tmp_path / "run")
    assert result.code == 2
    assert "--from" in result.err


def test_a_missing_library_is_told_with_what_to_install(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photochrom: Callable[..., Shell]
) -> None:
    for name in [name for name in sys.modules if name.startswith("photochrom.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lightning", None)
    result = photochrom("train", recipe, "--data", tmp_path / "none.csv", "--out", tmp_path / "run")
    assert result.code == 1
    assert "pip install 'photochrom[train]'" in result.err


def test_a_setting_that_does_not_exist_is_a_usage_error(
    recipe: Path, tmp_path: Path, photochrom: Callable[..., Shell]
) -> None:
    recipe.write_text("sampels: 3\n", encoding="utf-8")
    result = photochrom("train", recipe, "--data", tmp_path / "none.csv", "--out", tmp_path / "run")
    assert result.code == 2
    assert "sampels" in result.err

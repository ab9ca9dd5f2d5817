"""`photochrom tune` as somebody types it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import yaml
from training_files import tiny_recipe

from photochrom.training.recipe import Recipe


class Shell(Protocol):
    """What the `photochrom` fixture gives."""

    code: int
    out: bytes
    err: str


def test_a_recipe_is_tuned_by_what_lies_beside_it(
    manifest: Path, tmp_path: Path, photochrom: Callable[..., Shell]
) -> None:
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(tiny_recipe().to_dict()), encoding="utf-8")
    common = ("tune", recipe, "--data", manifest, "--out", tmp_path / "study", "--trials", 1, "--workers", 0)
    missing = photochrom(*common)
    assert missing.code == 2
    assert "tune.yaml" in missing.err
    (tmp_path / "tune.yaml").write_text("search: {class_weight: {low: 0, high: 1}}", encoding="utf-8")
    done = photochrom(*common, "--threads", 1, "--set", "samples=16", "--set", "cooldown=0", "--set", "hints=0.2")
    assert done.code == 0
    assert done.out.decode().splitlines()[-1] == str(tmp_path / "study" / "best.yaml")
    assert Recipe.load(tmp_path / "study" / "best.yaml") == tiny_recipe(samples=16, cooldown=0, hints=0.2)

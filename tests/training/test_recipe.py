"""A recipe says what is wrong with it before hours are spent, and can be written down and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from photochrom.errors import UsageError
from photochrom.training.recipe import Recipe

RECIPES = Path(__file__).parents[2] / "recipes"


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_recipes_of_the_project_can_be_read_and_are_called_after_their_models(path: Path) -> None:
    if path.stem != "tune":  # no recipe, but what is searched: see test_search.py
        assert path.stem.startswith(Recipe.load(path).name)


def test_a_recipe_survives_yaml(tmp_path: Path) -> None:
    recipe = Recipe(batch=7, scale=(1.0, 1.5), source_weights={"COCO subset": 2.0}, decoder={"widths": [8, 8, 8, 8]})
    path = _write(tmp_path / "recipe.yaml", yaml.safe_dump(recipe.to_dict()))
    assert Recipe.load(path) == recipe


def test_an_empty_recipe_is_the_default(tmp_path: Path) -> None:
    assert Recipe.load(_write(tmp_path / "recipe.yaml", "# nothing\n")) == Recipe()


def test_overrides_change_settings_and_reach_into_mappings(tmp_path: Path) -> None:
    path = _write(tmp_path / "recipe.yaml", "batch: 8\nencoder: {class: EfficientNetLite, variant: 2}\n")
    recipe = Recipe.load(
        path, ["batch=16", "encoder.variant=0", "decoder.heads=2", "decoder.widths=[8, 8, 8, 8]", "name=mine"]
    )
    assert (recipe.batch, recipe.name) == (16, "mine")
    assert recipe.encoder == {"class": "EfficientNetLite", "variant": 0}
    assert recipe.decoder == {"heads": 2, "widths": [8, 8, 8, 8]}


def test_numbers_that_yaml_takes_for_words_are_numbers() -> None:
    recipe = Recipe().overridden(["learning_rate=1e-3", "samples=1e6", "weight_decay=0"])
    assert recipe.learning_rate == 0.001
    assert (recipe.samples, type(recipe.samples)) == (1_000_000, int)
    assert type(recipe.weight_decay) is float


@pytest.mark.parametrize(
    "override",
    [
        "size=100", "size=0", "late_size=-32", "val_size=33", "samples=0", "batch=0", "batch=1.5", "batch=true",
        "batch=many", "batch=", "learning_rate=0", "learning_rate=nan", "learning_rate=inf", "learning_rate=[1]",
        "hints=0.9", "hints=-0.1", "dense_hints=1.2", "degrade=2", "class_weight=-1", "late_share=1.5", "ema=1",
        "warmup=9e9", "cooldown=-1", "clip=0", "patience=0", "val_samples=0", "precision=16", "precision=half",
        "scale=[0.5, 1]", "scale=[1.5, 1.2]", "scale=[1, 2, 3]", "scale=1.2", "encoder=2", "decoder=wide", "name=7",
        "source_weights.COCO=-1", "source_weights.COCO=some", "seed=-1", "frozen=-1",
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused_and_the_setting_is_named(override: str) -> None:
    setting = override.partition("=")[0].partition(".")[0]
    with pytest.raises(UsageError, match=rf"The recipe can't be used: .*{setting}"):
        Recipe().overridden([override])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["batch"], "key=value"),
        (["bacth=3"], "Unknown recipe settings bacth; known are .*batch"),
        (["batch.size=3"], "batch of the override .* holds no settings"),
        (["depth.size=3"], "depth of the override"),
        (["decoder={heads"], "no YAML"),
    ],
)
def test_overrides_that_do_not_fit_are_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Recipe().overridden(overrides)


@pytest.mark.parametrize("text", ["- a\n- list\n", "batch: [1\n", "a word", "bacth: 3", "1: 2"])
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        Recipe.load(_write(tmp_path / "recipe.yaml", text))


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.yaml"):
        Recipe.load(tmp_path / "absent.yaml")


def test_the_rate_rises_stays_and_falls_to_a_fiftieth() -> None:
    recipe = Recipe(samples=1000, batch=10, warmup=100, cooldown=200)
    rates = [recipe.rate(sample) for sample in range(0, 1001, 10)]
    assert 0 < rates[0] < 0.2
    assert rates[:11] == sorted(rates[:11])
    assert set(rates[10:80]) == {1.0}
    assert rates[80:] == sorted(rates[80:], reverse=True)
    assert rates[-1] == pytest.approx(0.02)


def test_without_warmup_and_cooldown_the_rate_is_constant() -> None:
    recipe = Recipe(samples=100, warmup=0, cooldown=0)
    assert {recipe.rate(sample) for sample in range(0, 101, 5)} == {1.0}


def test_the_last_share_of_the_samples_is_larger() -> None:
    recipe = Recipe(samples=1000, size=64, late_size=128, late_share=0.25, warmup=0, cooldown=0)
    assert [recipe.side(sample) for sample in (0, 749, 750, 999)] == [64, 64, 128, 128]


def test_settings_can_not_be_changed_behind_the_recipes_back() -> None:
    given: dict[str, Any] = {"heads": 2}
    recipe = Recipe(decoder=given)
    given["heads"] = 4
    assert recipe.decoder["heads"] == 2

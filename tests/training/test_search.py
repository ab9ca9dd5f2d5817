"""What a study varies is read from a file, and told at once where it can't be."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from training_files import tiny_recipe

from photochrom.errors import UsageError
from photochrom.training.search import Choices, Range, Search, own_value, varied

REPOSITORY = Path(__file__).parents[2]


def _search(path: Path, text: str) -> Search:
    path.write_text(text, encoding="utf-8")
    return Search.load(path)


def test_ranges_choices_and_settings_of_the_trials_are_read(tmp_path: Path) -> None:
    search = _search(
        tmp_path / "tune.yaml",
        "trial: {samples: 32, cooldown: 8}\n"
        "search:\n  learning_rate: {low: 1e-4, high: 0.01, log: true}\n  batch: [4, 8]\n  encoder.variant: [0, 2]\n",
    )
    assert search.search["learning_rate"] == Range(1e-4, 0.01, True)
    assert search.search["batch"] == Choices((4, 8))
    base = search.base(tiny_recipe(), ["samples=40"])
    assert (base.samples, base.cooldown) == (40, 8)
    assert own_value(base, "encoder.variant") == 0


def test_the_result_is_the_recipe_without_what_was_for_trials_only(tmp_path: Path) -> None:
    search = _search(tmp_path / "tune.yaml", "trial: {samples: 32}\nsearch: {encoder.variant: [0, 2], ema: [0.5, 0.9]}")
    found = {"encoder.variant": 2, "ema": 0.5}
    result = search.result(tiny_recipe(), ["samples=24", "hints=0.1"], found)
    wanted = tiny_recipe(encoder={"class": "EfficientNetLite", "variant": 2}, ema=0.5, hints=0.1)
    assert result == wanted
    assert varied(tiny_recipe(), {"learning_rate": 1.234567890123e-5}).learning_rate == 1.234567890123e-5
    assert varied(tiny_recipe(), {"precision": "32-true"}).precision == "32-true"


def test_numbers_are_whole_where_the_recipes_own_are() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(5):
        trial = study.ask()
        assert isinstance(Range(1, 9).suggest(trial, "frozen", 0), int)
        assert isinstance(Range(0, 1).suggest(trial, "class_weight", 0.6), float)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("search: {}", "names no setting"),
        ("seerch: {ema: [0.5]}", "must hold `search`"),
        ("[1, 2]", "must hold `search`"),
        ("search: {ema: 0.5}", "ema must be"),
        ("search: {ema: {low: 0.5}}", "ema must be"),
        ("search: {ema: {low: 0.5, high: 0.1}}", "ema can't be searched: a range goes from a lower"),
        ("search: {ema: {low: 0, high: 0.1, log: true}}", "above 0 where it is log"),
        ("search: {ema: {low: few, high: 0.1}}", "ema can't be searched"),
        ("search: [", "can't be read"),
    ],
)
def test_a_file_that_is_no_search_is_refused_with_the_reason(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        _search(tmp_path / "tune.yaml", text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("search: {sampels: [1, 2]}", "no setting sampels"),
        ("search: {encoder.size: [1, 2]}", r"no setting encoder\.size"),
        ("search: {degrade: {low: 0.6, high: 0.9}}", "own degrade, 0.5, must be among"),
        ("search: {degrade: {low: 0.1, high: 1.5}}", "degrade must be in"),
        ("search: {batch: [8, 0]}", "batch must be above 0"),
        ("trial: {samples: 8, cooldown: 16}\nsearch: {ema: [0.9985, 0.5]}", "longer than the run"),
    ],
)
def test_what_can_not_be_trained_is_told_before_the_first_trial(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        _search(tmp_path / "tune.yaml", text).base(tiny_recipe(), [])


@pytest.mark.parametrize("recipe", ["best", "fast"])
def test_the_search_that_comes_with_the_recipes_fits_them(recipe: str) -> None:
    from photochrom.training.recipe import Recipe

    search = Search.load(REPOSITORY / "recipes" / "tune.yaml")
    assert search.base(Recipe.load(REPOSITORY / "recipes" / f"{recipe}.yaml"), []).samples == search.trial["samples"]

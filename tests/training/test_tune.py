"""A study goes on where it was left, is shared by processes, breaks off what is behind, and tells chance from gain."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from optuna.trial import TrialState
from training_files import tiny_recipe

from photochrom.errors import DataError, UsageError
from photochrom.training import tune as module
from photochrom.training.guard import Diverged
from photochrom.training.recipe import Recipe
from photochrom.training.search import Choices, Range, Search
from photochrom.training.tune import finished, tune
from photochrom.training.tune_report import report, verdict

TRIAL = {
    "samples": 16,
    "val_samples": 8,
    "warmup": 0,
    "cooldown": 0,
    "late_share": 0,
    "ema": 0.0,
    "frozen": 9,
    "batch": 2,
}
SEARCH = Search(trial=TRIAL, search={"learning_rate": Range(1e-4, 1e-2, True), "class_weight": Range(0.0, 1.0)})


def _tune(manifest: Path, out: Path, *, search: Search = SEARCH, **options: Any) -> str:
    """What a study says."""
    said = io.StringIO()
    options = {"trials": 1, "repeats": 1, "threads": 1, "workers": 0, **options}
    with contextlib.redirect_stdout(said):
        assert tune(tiny_recipe(), search, manifest=manifest, out=out, **options) == out / "best.yaml"
    return said.getvalue()


def _study(out: Path) -> optuna.Study:
    return optuna.load_study(study_name="photochrom", storage=f"sqlite:///{out / 'study.db'}")


@pytest.fixture(scope="module")
def study(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study of three trials, broken off after two and gone on with."""
    out = tmp_path_factory.mktemp("studies") / "study"
    _tune(manifest, out, trials=2, repeats=2)
    assert len(_study(out).trials) == 2
    said = _tune(manifest, out, trials=3, repeats=2)
    assert json.loads(said.splitlines()[-1])["trials"] == 3
    return out


def test_the_first_trials_are_the_recipes_own_with_other_seeds_and_the_others_vary(study: Path) -> None:
    first, second, third = _study(study).trials
    own = {"learning_rate": 0.0015, "class_weight": 0.6}
    assert first.params == second.params == own
    assert third.params.keys() == own.keys()
    assert third.params != own
    assert first.value != second.value
    recipes = [yaml.safe_load((study / "trials" / f"000{i}" / "recipe.yaml").read_text()) for i in range(3)]
    assert [recipe["seed"] for recipe in recipes] == [3, 4, 3]
    assert recipes[2]["class_weight"] == third.params["class_weight"]
    assert {recipe["samples"] for recipe in recipes} == {16}


def test_the_best_is_a_recipe_to_train_and_its_trials_leave_no_weights(study: Path) -> None:
    best = min(_study(study).trials, key=lambda trial: trial.value or 0)
    assert Recipe.load(study / "best.yaml") == tiny_recipe(**best.params)
    assert not list(study.rglob("*.ckpt"))


def test_the_report_tells_every_trial_and_what_is_chance(study: Path) -> None:
    html = (study / "report.html").read_text(encoding="utf-8")
    assert "3 trials, 0 of them broken off" in html
    assert "on average over 2 seeds" in html
    for trial in _study(study).trials:
        assert f"{trial.value:.4f}" in html
        assert f"{trial.params['learning_rate']:.4g}" in html


def test_a_trial_that_is_behind_is_broken_off(manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STARTUP", 1)
    search = Search(trial={**TRIAL, "samples": 32}, search={"learning_rate": Choices((0.0015, 1e-30))})
    _tune(manifest, tmp_path, search=search)
    _study(tmp_path).enqueue_trial({"learning_rate": 1e-30})
    _tune(manifest, tmp_path, search=search, trials=2)
    good, bad = _study(tmp_path).trials
    assert (good.state, len(good.intermediate_values)) == (TrialState.COMPLETE, 4)
    assert (bad.state, len(bad.intermediate_values)) == (TrialState.PRUNED, 2)
    assert "1 of them broken off" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_another_process_works_on_is_left_to_it(manifest: Path, tmp_path: Path) -> None:
    _tune(manifest, tmp_path, repeats=3)
    elsewhere = _study(tmp_path)
    running = elsewhere.ask()
    _tune(manifest, tmp_path, trials=2, repeats=3)
    assert [trial.state.name for trial in elsewhere.trials] == ["COMPLETE", "RUNNING", "COMPLETE"]
    assert [trial.user_attrs["seed"] for trial in elsewhere.trials] == [3, 4, 5]
    elsewhere.tell(running, 0.5)
    assert len(finished(elsewhere)) == 3


def test_two_processes_work_on_one_study(manifest: Path, tmp_path: Path) -> None:
    recipe, search, out = tmp_path / "tiny.yaml", tmp_path / "tune.yaml", tmp_path / "study"
    recipe.write_text(yaml.safe_dump(tiny_recipe().to_dict()), encoding="utf-8")
    ranges = {"learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}, "class_weight": {"low": 0, "high": 1}}
    search.write_text(yaml.safe_dump({"trial": TRIAL, "search": ranges}), encoding="utf-8")
    command = [sys.executable, "-m", "photochrom", "tune", recipe, "--data", manifest, "--out", out]
    command += ["--trials", 3, "--repeats", 3, "--threads", 1, "--workers", 0]
    both = [subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    trials = finished(_study(out))
    assert len(trials) in (3, 4)  # each process ends the trial that it is in
    assert sorted(trial.user_attrs["seed"] for trial in trials if trial.user_attrs) == [3, 4, 5]
    assert not list(out.glob(".*"))


def test_a_trial_that_diverges_counts_as_hopeless_and_the_study_goes_on(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: object, **__: object) -> None:
        raise Diverged

    with monkeypatch.context() as patch:
        patch.setattr(module, "train", diverge)
        with pytest.raises(UsageError, match="no trial is complete"):
            _tune(manifest, tmp_path)
    assert [trial.state for trial in _study(tmp_path).trials] == [TrialState.PRUNED]
    assert "No trial is complete yet" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, SystemExit])
def test_a_trial_that_was_stopped_is_done_again_by_whoever_goes_on(
    stopped: type[BaseException], manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise stopped

    with monkeypatch.context() as patch:
        patch.setattr(module, "train", stop)
        with pytest.raises(KeyboardInterrupt):
            _tune(manifest, tmp_path)
    _tune(manifest, tmp_path)
    first, again = _study(tmp_path).trials
    assert (first.state, again.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert (again.params, again.user_attrs) == (first.params, {"seed": 3})


def test_a_study_out_of_time_keeps_the_trial_for_later(manifest: Path, tmp_path: Path) -> None:
    long = Search(trial={**TRIAL, "samples": 100_000, "val_samples": 100_000}, search=SEARCH.search)
    with pytest.raises(UsageError, match="no trial is complete; the same command goes on"):
        _tune(manifest, tmp_path, search=long, minutes=0.05)
    states = [trial.state for trial in _study(tmp_path).trials]
    assert states == [TrialState.FAIL, TrialState.WAITING]


def test_a_folder_that_holds_something_else_is_refused(study: Path, manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another recipe"):
        _tune(manifest, study, settings=["hints=0.1"])
    with pytest.raises(UsageError, match="another search"):
        _tune(manifest, study, search=Search(trial=TRIAL, search={"class_weight": Range(0.0, 0.9)}))
    (tmp_path / "study.db").write_bytes(b"no database " * 100)
    with pytest.raises(DataError, match=r"study\.db can't be used: .*not a database.*move it away"):
        _tune(manifest, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file.study\.db can't be used"):
        _tune(manifest, tmp_path / "file")


def test_a_database_of_another_program_is_refused(manifest: Path, tmp_path: Path) -> None:
    optuna.create_study(study_name="other", storage=f"sqlite:///{tmp_path / 'study.db'}")
    with pytest.raises(DataError, match=r"study\.db can't be used"):
        _tune(manifest, tmp_path)


def test_weights_that_bring_their_own_class_weights_are_no_start_for_a_search_of_them(
    manifest: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="class_weight"):
        _tune(manifest, tmp_path / "study", start="best")
    assert not (tmp_path / "study").exists()


def _made(*scores: float, own: int) -> optuna.Study:
    """A study with these scores, the first `own` of them the recipe's own settings."""
    study = optuna.create_study()
    for number, score in enumerate(scores):
        study.add_trial(
            optuna.create_trial(
                value=score,
                params={"ema": 0.5},
                distributions={"ema": optuna.distributions.FloatDistribution(0, 1)},
                user_attrs={"seed": number} if number < own else {},
            )
        )
    return study


def test_what_chance_can_give_is_not_called_a_gain() -> None:
    assert "more than chance would give" in verdict(_made(3.00, 3.02, 3.01, 2.90, own=3).trials)[1]
    assert "found nothing better" in verdict(_made(3.00, 3.02, 3.01, 2.99, own=3).trials)[1]
    assert "nobody knows" in verdict(_made(3.00, 2.0, own=1).trials)[1]


def test_a_report_is_made_of_any_number_of_trials() -> None:
    assert "No trial is complete" in report(_made(own=0))
    assert "Importance" not in report(_made(3.0, own=1))
    for number in (4, 30):
        assert "History" in report(_made(*[3.0] * number, own=3))

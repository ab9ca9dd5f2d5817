"""Tuning: many short runs of one recipe, each with other settings, and the recipe of the best.

All trials see the same photographs in the same order from the same first weights, under the same budget, and are
judged by `val/score`: clean and aged validation alike, so that ageing can't tune itself away. The first trials
repeat the recipe's own settings under other seeds: their spread is what differences have to exceed.
Everything is kept in one sqlite file, so that a study goes on where it was left and several processes share it.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import isfinite
from pathlib import Path
from typing import Any

import lightning
import optuna
import yaml
from lightning.pytorch.callbacks import Callback
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from photochrom.errors import DataError, UsageError
from photochrom.evaluation.photographs import Photographs
from photochrom.training.cache import remove_features
from photochrom.training.fit import train
from photochrom.training.guard import Diverged
from photochrom.training.module import ColorizerModule
from photochrom.training.recipe import Recipe
from photochrom.training.run_module import FEATURES
from photochrom.training.search import Search, own_value, varied
from photochrom.training.tune_report import report

_NAME = "photochrom"
_STARTUP = 5
"""Complete trials before one is broken off for being behind half of the others, at its second validation or later."""

_HEARTBEAT = 30
_DEAD = 240
"""Seconds without a heartbeat after which a trial's process counts as dead, and its trial is done again."""


def tune(
    recipe: Recipe,
    search: Search,
    *,
    manifest: Path,
    out: Path,
    trials: int,
    minutes: float | None = None,
    settings: Sequence[str] = (),
    repeats: int = 3,
    start: str | None = None,
    threads: int | None = None,
    workers: int = 1,
) -> Path:
    """Search for the best settings; returns the path of the best recipe so far.

    Args:
        recipe: what is to be trained in the end.
        search: what is varied, and the settings of a trial.
        manifest: of the photographs, as for `train`.
        out: folder of the study: `study.db`, `trials/`, and after each trial `best.yaml` and `report.html`. A study
            that it holds goes on; more processes with the same arguments work on it together.
        trials: that the study has in the end, those of earlier times and of other processes counted.
        minutes: stop after this long; a trial that is under way then is done again by whoever goes on.
        settings: `key=value`, on top of recipe and `search.trial`.
        repeats: first trials that have the recipe's own settings, each with another seed.
        start: weights that every trial starts from, as for `train`.
        threads: of PyTorch, a process.
        workers: processes that make samples.

    Raises:
        UsageError, DataError, ModelError: with what does not fit; `out` holds another study or can't be used.
    """
    if trials < 1 or repeats < 1 or (minutes is not None and minutes <= 0):
        raise UsageError("A study needs at least one trial, one repeat and some time.")
    if start is not None and "class_weight" in search.search:
        raise UsageError("class_weight can't be searched from given weights: they come with their own.")
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    base = search.base(recipe, settings)
    own = {key: own_value(base, key) for key in search.search}
    question = {
        "recipe": base.to_dict(),
        "search": {key: repr(space) for key, space in search.search.items()},
        "start": start,
        "data": Photographs(manifest, "train").manifest_sha256,
    }

    def objective(trial: optuna.Trial) -> float:
        values = {key: space.suggest(trial, key, own[key]) for key, space in search.search.items()}
        chosen = varied(base, values).merged({"seed": trial.user_attrs.get("seed", base.seed)})
        folder = out / "trials" / f"{trial.number:04}"
        follow = _Follow(trial)
        left = None if deadline is None else max(1.0, deadline - time.monotonic()) / 60
        try:
            train(
                chosen,
                manifest=manifest,
                out=folder,
                minutes=left,
                start=start,
                threads=threads,
                workers=workers,
                callbacks=[follow],
            )
        except Diverged:
            raise optuna.TrialPruned from None
        except (KeyboardInterrupt, SystemExit):
            trial.study.enqueue_trial(values, user_attrs=trial.user_attrs)
            raise KeyboardInterrupt from None
        finally:
            for checkpoint in folder.glob("*.ckpt"):
                checkpoint.unlink()
            remove_features(folder / FEATURES)
        if follow.pruned or not isfinite(follow.score):
            raise optuna.TrialPruned
        if follow.seen < chosen.samples and deadline is not None and time.monotonic() >= deadline:
            trial.study.enqueue_trial(values, user_attrs=trial.user_attrs)
            raise _OutOfTime
        return follow.score

    first = [{"values": own, "seed": base.seed + repeat} for repeat in range(repeats)]
    with _storage(out / "study.db", question, first) as study:
        while len(finished(study)) < trials and (deadline is None or time.monotonic() < deadline):
            study.sampler = optuna.samplers.TPESampler(seed=base.seed + len(study.trials), n_startup_trials=8)
            study.optimize(objective, n_trials=1, catch=(_OutOfTime,))
            _write(study, search, recipe, settings, out)
        if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            raise UsageError(
                f"In the study {out} no trial is complete; the same command goes on, with more minutes or trials."
            )
    return out / "best.yaml"


def _write(study: optuna.Study, search: Search, recipe: Recipe, settings: Sequence[str], out: Path) -> None:
    """Say how the last trial went, and bring `best.yaml` and `report.html` up to date."""
    files = {"report.html": report(study)}
    if study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        best = study.best_trial
        found = search.result(recipe, settings, best.params)
        files["best.yaml"] = yaml.safe_dump(found.to_dict(), sort_keys=False)
        print(json.dumps({"trials": len(finished(study)), "best": best.number, "score": best.value, **best.params}))
    for name, text in files.items():
        made = out / f".{name}.{os.getpid()}"
        try:
            made.write_text(text, encoding="utf-8")
            made.replace(out / name)
        except OSError as error:
            raise DataError(f"The study's folder {out} can't be written: {error}") from error


def finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """The trials that count: complete or broken off as hopeless."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


class _OutOfTime(Exception):
    """The time was over within a trial."""


class _Follow(Callback):
    """Tells the study each validation's score, and ends a run that is worse than half of the others."""

    def __init__(self, trial: optuna.Trial) -> None:
        self._trial = trial
        self.score = float("inf")
        self.seen = 0
        self.pruned = False

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, ColorizerModule)
        recipe = pl_module.recipe
        self.score, self.seen = float(trainer.callback_metrics["val/score"]), pl_module.sample
        self._trial.report(self.score, round(self.seen / recipe.val_samples))
        if self.seen < recipe.samples and self._trial.should_prune():
            self.pruned = trainer.should_stop = True


@contextmanager
def _storage(path: Path, question: Mapping[str, Any], first: Sequence[Mapping[str, Any]]) -> Iterator[optuna.Study]:
    """The study in the file `path`, or a new one; what can't be read or written there becomes a DataError."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _begin(path, question, first)
            pruner = optuna.pruners.MedianPruner(n_startup_trials=_STARTUP, n_warmup_steps=2)
            study = optuna.load_study(study_name=_NAME, storage=_database(path), pruner=pruner)
            asked = study.user_attrs["question"]
            asked["recipe"] = {**Recipe().to_dict(), **asked["recipe"]}  # settings may have been added since
    except (SQLAlchemyError, optuna.exceptions.OptunaError, OSError, KeyError, RuntimeError, AssertionError) as error:
        raise _unusable(path, error) from error
    other = [part for part, value in question.items() if asked[part] != value]
    if other:
        raise UsageError(f"{path.parent} holds a study with another {' and '.join(other)}; choose another folder.")
    try:
        yield study
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(f"The study {path} can't be used: {reason}. Restore it, or move it away to begin anew.")


def _begin(path: Path, question: Mapping[str, Any], first: Sequence[Mapping[str, Any]]) -> None:
    """Make a study that nobody sees before it is whole; where another process was faster, its own is taken."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    storage = _database(made)
    try:
        study = optuna.create_study(study_name=_NAME, storage=storage)
        study.set_user_attr("question", dict(question))
        for trial in first:
            study.enqueue_trial(trial["values"], user_attrs={"seed": trial["seed"]})
        storage.remove_session()
        storage.engine.dispose()
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        made.unlink(missing_ok=True)


def _database(path: Path) -> RDBStorage:
    return RDBStorage(
        f"sqlite:///{path}",
        engine_kwargs={"connect_args": {"timeout": 60}},
        heartbeat_interval=_HEARTBEAT,
        grace_period=_DEAD,
        heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=2),
    )

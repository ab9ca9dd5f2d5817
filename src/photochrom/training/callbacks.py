"""What goes on around the steps of a run: averaging, choosing, stopping, saving, and telling how far it is.

Lightning's own callbacks, each with the one thing changed that a run needs which can be broken off anywhere and
goes on as if it never had been.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import lightning
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint, WeightAveraging
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from photochrom.training.run_module import RunModule, Watcher

SAVE_EVERY = 200
"""Steps between two writings of `last.ckpt`."""

_EMA_EVERY = 4

SAY_EVERY = 60.0
"""Seconds between two lines about features that are computed."""


class Stopped(Exception):
    """The run was told to stop; raised between two steps, in every process at the same one."""


class Average(WeightAveraging):
    """Exponential moving average of the weights, updated every few steps by one fused kernel."""

    def __init__(self, decay: float) -> None:
        super().__init__(use_buffers=False, multi_avg_fn=get_ema_multi_avg_fn(decay**_EMA_EVERY))
        self._swapped = False

    @property
    def averaged(self) -> AveragedModel:
        """The averaged weights, while a run is on."""
        assert self._average_model is not None
        return self._average_model

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        return step_idx is not None and step_idx % _EMA_EVERY == 0

    def on_validation_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        super().on_validation_epoch_start(trainer, pl_module)
        self._swapped = True

    def on_validation_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        super().on_validation_epoch_end(trainer, pl_module)
        self._swapped = False

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        """Swap back what validation had swapped, before a checkpoint is written for whoever goes on."""
        if self._swapped:
            self.on_validation_epoch_end(trainer, pl_module)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Leave the current weights in place: `last.ckpt` is written after this, and the run may go on from it."""


class Patience(EarlyStopping):
    """Early stopping that counts regular validations only, not the one that a run out of time ends with."""

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if not trainer.should_stop:
            super().on_validation_end(trainer, pl_module)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "patience": self.patience})


class Best(ModelCheckpoint):
    """Keeps the best checkpoint, and goes on to know its score where the run's folder was moved.

    Where the file is gone (a gate refused it), the best is looked for anew.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(
            dirpath=path.parent,
            filename=path.stem,
            monitor="val/score",
            mode="min",
            save_on_train_epoch_end=False,
            enable_version_counter=False,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        moved = {**state_dict, "dirpath": self.dirpath}
        if state_dict["best_model_path"]:
            path = Path(str(self.dirpath)) / Path(state_dict["best_model_path"]).name
            if not path.exists():
                return
            moved |= {"best_model_path": str(path), "kth_best_model_path": str(path)}
            moved["best_k_models"] = {str(path): state_dict["best_model_score"]}
        super().load_state_dict(moved)


class Latest(ModelCheckpoint):
    """Keeps the newest checkpoint, also of a run that is broken off."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            dirpath=path.parent,
            filename=path.stem,
            every_n_train_steps=SAVE_EVERY,
            save_on_exception=True,
            enable_version_counter=False,
        )

    def state_dict(self) -> dict[str, Any]:
        """Nothing: there is one file, and where it was before the run's folder was moved is of no use."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing is remembered."""

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        """Save, unless other processes would be waited for that know nothing of what went wrong in this one.

        Nor where all samples are seen: a checkpoint of that would pass for a finished run, without its last validation.
        """
        assert isinstance(pl_module, RunModule)
        finished = pl_module.sample >= pl_module.recipe.samples
        if not finished and (trainer.world_size == 1 or isinstance(exception, Stopped)):
            super().on_exception(trainer, pl_module, exception)


class Stop(Watcher):
    """Ends the run between two steps when the process is told to (SIGINT, SIGTERM); a second time, at once."""

    def __init__(self) -> None:
        self._told = False
        self._taken: tuple[signal.Signals, ...] = ()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals, where this is the thread that may, and give them back."""
        numbers = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
        before = {number: signal.getsignal(number) for number in numbers}
        self._taken = tuple(numbers)
        try:
            self._take()
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Take them again: by now Lightning has put its own handler in front."""
        self._take()

    def _take(self) -> None:
        for number in self._taken:
            signal.signal(number, self._tell)

    def _tell(self, number: int, frame: FrameType | None) -> None:
        if self._told:
            raise KeyboardInterrupt
        self._told = True

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.check(trainer)

    def on_validation_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Stop, unless several processes have unequal numbers of batches here, or the run ends with this anyway."""
        assert isinstance(pl_module, RunModule)
        if self._told and trainer.world_size == 1 and pl_module.sample < pl_module.recipe.samples:
            raise Stopped

    def on_features(self, trainer: lightning.Trainer, done: int, total: int) -> None:
        """What is computed stays, so there is nothing to agree upon with other processes."""
        if self._told:
            raise Stopped

    def check(self, trainer: lightning.Trainer) -> None:
        """Raise `Stopped` in all processes where one was told to stop."""
        if trainer.strategy.reduce_boolean_decision(self._told, all=False):
            raise Stopped


class Clock(Watcher):
    """Counts the time, ends the run when time or samples are used up, and prints a line of figures now and then."""

    def __init__(self, deadline: float | None) -> None:
        self._deadline = deadline
        self._tick = time.monotonic()
        self._mark = (self._tick, 0)
        self._said = self._tick

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, RunModule)
        self._tick = time.monotonic()
        self._mark = (self._tick, pl_module.sample)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, RunModule)
        now = self._count(pl_module)
        if self._deadline is not None and trainer.strategy.reduce_boolean_decision(now >= self._deadline, all=False):
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, RunModule)
        now, seen = self._count(pl_module), pl_module.sample
        then, before = self._mark
        self._mark = (now, seen)
        figures = {k: round(float(v), 4) for k, v in trainer.callback_metrics.items() if k.startswith("val")}
        left = max(0, pl_module.recipe.samples - seen)
        speed = max(seen - before, 1e-9) / max(now - then, 1e-9)
        line = {"samples": seen, "per_second": round(speed, 1), "hours_left": round(left / speed / 3600, 2), **figures}
        if trainer.is_global_zero:
            print(json.dumps(line), flush=True)
        if left == 0:
            trainer.should_stop = True

    def on_features(self, trainer: lightning.Trainer, done: int, total: int) -> None:
        now = time.monotonic()
        if trainer.is_global_zero and (now - self._said >= SAY_EVERY or done == total):
            self._said = now
            print(json.dumps({"features": done, "of": total}), flush=True)

    def _count(self, module: RunModule) -> float:
        """Add the time since the last call to the run's; returns now."""
        now = time.monotonic()
        module.seconds += now - self._tick
        self._tick = now
        return now


class Bar(Watcher):
    """A progress bar with the time left, on standard error where that is a terminal."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def on_fit_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, RunModule)
        if not trainer.is_global_zero or not sys.stderr.isatty():
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
            TimeRemainingColumn(),
        )
        same = sys.stdout.isatty()  # what is printed there goes above the bar; what goes elsewhere must not be taken
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=same)
        self._task = self._bar.add_task("starting", completed=pl_module.sample, total=pl_module.recipe.samples)
        self._bar.start()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, RunModule)
        self.show("training", pl_module.sample, pl_module.recipe.samples)

    def on_features(self, trainer: lightning.Trainer, done: int, total: int) -> None:
        self.show("computing features", done, total)

    def show(self, what: str, done: int, total: int) -> None:
        """Say how far it is."""
        if self._bar is None:
            return
        if self._bar.tasks[self._task].description != what:
            self._bar.reset(self._task, description=what, completed=done, total=total)
        self._bar.update(self._task, completed=done)

    def teardown(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        self.teardown(trainer, pl_module, "fit")

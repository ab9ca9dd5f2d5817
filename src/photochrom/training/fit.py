"""A training run: from a recipe and a manifest to checkpoints, logs and a model that can be exported.

The run's folder holds all of it: `recipe.yaml`, `run.json` (versions, data hash, options), `best.ckpt` and
`last.ckpt`, and for each time it was started `from-<samples seen>/` with `metrics.csv` and TensorBoard
events. Every checkpoint rebuilds its own network.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from photochrom.errors import DataError, UsageError
from photochrom.evaluation.photographs import Photographs, splits
from photochrom.training.cache import remove_features
from photochrom.training.callbacks import Average, Bar, Best, Clock, Latest, Patience, Stop, Stopped
from photochrom.training.checkpoints import WholeFiles
from photochrom.training.guard import Guard
from photochrom.training.machines import Machines, precision_for
from photochrom.training.module import REPLAYED
from photochrom.training.recipe import Recipe
from photochrom.training.record import write_records
from photochrom.training.replay import Replayed
from photochrom.training.run_module import FEATURES
from photochrom.training.samples import batch_size
from photochrom.training.starting import starting_module

_MEANT = (
    ".*does not have many workers.*",
    ".*exists and is not empty.*",
    ".*in eval mode at the start of training.*",
    ".*LeafSpec.*",
    "The dirpath has changed.*",
    "Grad strides do not match bucket view strides.*",
    ".*sync_dist=True.*",
)
"""Warnings of what is meant so here."""


def train(
    recipe: Recipe,
    *,
    manifest: Path,
    out: Path,
    minutes: float | None = None,
    start: str | Path | None = None,
    pretrained: str | Path | None = None,
    threads: int | None = None,
    workers: int = 1,
    resume: bool = True,
    replay: Path | None = None,
    gate: str | None = None,
    machines: Machines | None = None,
    callbacks: Sequence[Callback] = (),
) -> Path:
    """Run a recipe; returns the best checkpoint.

    Args:
        recipe: what to train.
        manifest: CSV of photographs, their tars beside it; its splits `train` and `val` are used, and
            `val_unseen` is looked at where it is there.
        out: the run's folder. Where it holds `last.ckpt` the run goes on, under the recipe given now.
        minutes: stop after this long, validate once more and leave `last.ckpt` to go on from.
        start: a checkpoint, a bundled model or a model folder whose weights and bins are taken
            (transfer, not resumption); their architecture replaces the recipe's. Of a checkpoint of the task
            "features" the encoder is taken, into the recipe's architecture.
        pretrained: weights that the encoder starts from, see `photochrom.training.pretrained`; for the task
            "features", those of its teacher (file or folder).
        threads: of PyTorch; None leaves its choice.
        workers: processes that make samples.
        resume: False refuses to go on where the folder already holds a run.
        replay: manifest of older photographs, of which every batch gets the recipe's `replay_share`; the best
            checkpoint is then chosen on the `val` splits of both.
        gate: what the result has yet to be judged on, see `photochrom.training.continuing`; goes into the checkpoints.
        callbacks: what else is told of the run's steps and validations.
        machines: accelerator, devices and nodes; one of what is there by default.

    Raises:
        UsageError, DataError, ModelError: with what does not fit.
        KeyboardInterrupt: the process was told to stop (SIGINT, SIGTERM); `last.ckpt` was written before.
    """
    if minutes is not None and minutes <= 0:
        raise UsageError(f"A run needs more than {minutes} minutes.")
    if pretrained is not None and start is not None:
        raise UsageError(
            "A run starts from a model (--from) or from an encoder's weights (--pretrained), not from both."
        )
    if recipe.task == "features" and (start is not None or recipe.teacher):
        raise UsageError(
            "A recipe of task features starts from its teachers' weights (--pretrained): leave out --from and teacher."
        )
    machines = machines or Machines()
    shared = min(batch_size(recipe, recipe.side(sample)) for sample in (0, recipe.samples - 1))
    if shared < machines.processes:
        raise UsageError(f"A batch of {shared} can't be shared out among {machines.processes} processes: raise batch.")
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    torch.set_flush_denormal(True)
    if threads:
        torch.set_num_threads(threads)
        os.environ.setdefault(
            "OMP_NUM_THREADS", str(threads)
        )  # without it Lightning sets a number for several processes
    lightning.seed_everything(recipe.seed, verbose=False)
    last = out / "last.ckpt"
    if last.exists() and not resume:
        raise UsageError(f"{out} already holds a run; choose another folder or let it go on.")
    photographs, validation = Photographs(manifest, "train"), {"val": Photographs(manifest, "val")}
    if "val_unseen" in splits(manifest):
        validation["val_unseen"] = Photographs(manifest, "val_unseen")
    if replay is not None:
        photographs = Replayed(photographs, Photographs(replay, "train"), recipe.replay_share)
        validation[REPLAYED] = Photographs(replay, "val")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"The run's folder {out} can't be made: {error}") from error
    provenance = {"manifest_sha256": photographs.manifest_sha256, "start": str(start) if start else "ImageNet"}
    if isinstance(photographs, Replayed):
        provenance["replay_sha256"] = photographs.replay_sha256
    if gate is not None:
        provenance["gate"] = gate
    module = starting_module(
        recipe, photographs, provenance, last=last if last.exists() else None, start=start, pretrained=pretrained
    )
    module.train_photographs, module.val_photographs = photographs, validation
    module.workers, module.folder = workers, out
    chosen = out / "best.ckpt"
    if module.sample >= recipe.samples:
        return chosen if chosen.exists() else last
    average, stop = Average(recipe.ema), Stop()
    precision = precision_for(machines.kind) if recipe.precision == "auto" else recipe.precision
    with stop.listening(), _quiet(), _explained(out, machines):
        trainer = lightning.Trainer(
            accelerator=machines.kind,
            devices=machines.devices,
            num_nodes=machines.nodes,
            strategy=machines.strategy(stages=len(recipe.stages_from(module.sample))),
            deterministic=_deterministic(machines) if recipe.deterministic else None,
            precision=precision,  # type: ignore[arg-type]
            max_epochs=-1,
            reload_dataloaders_every_n_epochs=1,
            num_sanity_val_steps=0,
            log_every_n_steps=20,
            callbacks=[
                Patience("val/score", patience=recipe.patience, mode="min", check_on_train_epoch_end=False),
                average,
                Clock(deadline),
                Bar(),
                stop,
                Guard(average),
                *callbacks,
                Best(chosen),
                Latest(last),
            ],
            logger=[
                CSVLogger(out, name="", version=f"from-{module.sample}"),
                TensorBoardLogger(out, name="", version=f"from-{module.sample}"),
            ],
            plugins=[WholeFiles()],
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
        if trainer.is_global_zero:
            options = {"workers": workers, "minutes": minutes, "precision": precision, **asdict(machines)}
            write_records(out, module, photographs=len(photographs), options=options)
        try:
            trainer.fit(module, ckpt_path=last if last.exists() else None, weights_only=True)
        except Stopped:
            if trainer.is_global_zero:
                print(f"Stopped at {module.sample} samples; the same command goes on from there.", file=sys.stderr)
                raise KeyboardInterrupt from None
        else:
            trainer.save_checkpoint(last, weights_only=False)
    if module.sample >= recipe.samples and trainer.is_global_zero:
        remove_features(out / FEATURES)
    if not trainer.is_global_zero:
        raise SystemExit(0)  # a process that was started to share the work of this run ends with it
    return chosen if chosen.exists() else last


def _deterministic(machines: Machines) -> Literal[True, "warn"]:
    """On a GPU a few gradients have one algorithm only, and it is not deterministic: it is named and used."""
    return True if machines.kind == "cpu" else "warn"


@contextmanager
def _explained(out: Path, machines: Machines) -> Iterator[None]:
    """Say in one line what a process of samples could not read, what could not be written, and that another ended."""
    try:
        yield
    except DataError as error:  # from another process it comes with that one's whole traceback in front
        raise DataError(
            str(error).strip().splitlines()[-1].removeprefix(f"{DataError.__module__}.DataError: ")
        ) from error
    except OSError as error:
        raise DataError(
            f"The run's folder {out} can't be written: {error}. Once it can be, the same command goes on."
        ) from error
    except RuntimeError as error:
        if machines.processes == 1 or not re.search("gloo|nccl|connection", str(error), re.IGNORECASE):
            raise
        raise DataError(f"Another process of the run in {out} has ended: see what it said.") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Lightning says of itself off the terminal; its warnings stay, all but those that are meant so here."""
    names = ("lightning.pytorch.utilities.rank_zero", "lightning.fabric.utilities.distributed")
    said = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in said:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in _MEANT:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for logger, level in said.items():
            logger.setLevel(level)

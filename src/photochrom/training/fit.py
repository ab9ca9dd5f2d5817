"""A training run: from a recipe and a manifest to checkpoints, logs and a model that can be exported.

The run's folder holds all of it: `recipe.yaml`, `run.json` (versions, data hash, options), `best.ckpt` and
`last.ckpt`, and for each time it was started `from-<samples seen>/` with `metrics.csv` and TensorBoard
events. Every checkpoint rebuilds its own network.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
import yaml
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, WeightAveraging
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch.optim.swa_utils import get_ema_multi_avg_fn

from photochrom import __version__
from photochrom.color.bins import AbBins
from photochrom.errors import DataError, ModelError, UsageError
from photochrom.evaluation.photographs import Photographs, splits
from photochrom.networks.colorizer_net import ColorizerNet
from photochrom.networks.files import read_tensors
from photochrom.training.losses import class_weights
from photochrom.training.module import ColorizerModule
from photochrom.training.prior import measure_prior
from photochrom.training.recipe import Recipe
from photochrom.training.teacher import Teacher

_EMA_EVERY = 4
_SAVE_EVERY = 200
"""Steps between two writings of `last.ckpt`."""


class _Average(WeightAveraging):
    """Exponential moving average of the weights, updated every few steps by one fused kernel."""

    def __init__(self, decay: float) -> None:
        super().__init__(use_buffers=False, multi_avg_fn=get_ema_multi_avg_fn(decay**_EMA_EVERY))
        self._swapped = False

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


class _Patience(EarlyStopping):
    """Early stopping that counts regular validations only, not the one that a run out of time ends with."""

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if not trainer.should_stop:
            super().on_validation_end(trainer, pl_module)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "patience": self.patience})


class _Best(ModelCheckpoint):
    """Keeps the best checkpoint, and goes on to know its score where the run's folder was moved."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        moved = {**state_dict, "dirpath": self.dirpath}
        if state_dict["best_model_path"]:
            path = str(Path(str(self.dirpath)) / Path(state_dict["best_model_path"]).name)
            moved |= {"best_model_path": path, "kth_best_model_path": path}
            moved["best_k_models"] = {path: state_dict["best_model_score"]}
        super().load_state_dict(moved)


class _Clock(Callback):
    """Counts the time, ends the run when time or samples are used up, and prints a line of figures now and then."""

    def __init__(self, deadline: float | None) -> None:
        self._deadline = deadline
        self._tick = time.monotonic()
        self._mark = (self._tick, 0)

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, ColorizerModule)
        self._tick = time.monotonic()
        self._mark = (self._tick, pl_module.sample)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, ColorizerModule)
        now = self._count(pl_module)
        if self._deadline is not None and now >= self._deadline:
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, ColorizerModule)
        now, seen = self._count(pl_module), pl_module.sample
        then, before = self._mark
        self._mark = (now, seen)
        figures = {k: round(float(v), 4) for k, v in trainer.callback_metrics.items() if k.startswith("val")}
        left = max(0, pl_module.recipe.samples - seen)
        speed = max(seen - before, 1e-9) / max(now - then, 1e-9)
        line = {"samples": seen, "per_second": round(speed, 1), "hours_left": round(left / speed / 3600, 2), **figures}
        print(json.dumps(line), flush=True)
        if left == 0:
            trainer.should_stop = True

    def _count(self, module: ColorizerModule) -> float:
        """Add the time since the last call to the run's; returns now."""
        now = time.monotonic()
        module.seconds += now - self._tick
        self._tick = now
        return now


def precision_for(device: str) -> str:
    """The precision this machine is fast in: bf16 on CPUs with AVX-512 bf16 and on GPUs, else fp32."""
    if device == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return "32-true"
    return "bf16-mixed" if "avx512_bf16" in flags else "32-true"


def train(
    recipe: Recipe,
    *,
    manifest: Path,
    out: Path,
    minutes: float | None = None,
    start: str | Path | None = None,
    threads: int | None = None,
    workers: int = 1,
    resume: bool = True,
) -> Path:
    """Run a recipe; returns the best checkpoint.

    Args:
        recipe: what to train.
        manifest: CSV of photographs, their tars beside it; its splits `train` and `val` are used, and
            `val_unseen` is looked at where it is there.
        out: the run's folder. Where it holds `last.ckpt` the run goes on, under the recipe given now.
        minutes: stop after this long, validate once more and leave `last.ckpt` to go on from.
        start: a checkpoint, a bundled model or a model folder whose weights and bins are taken
            (transfer, not resumption); their architecture replaces the recipe's.
        threads: of PyTorch; None leaves its choice.
        workers: processes that make samples.
        resume: False refuses to go on where the folder already holds a run.

    Raises:
        UsageError, DataError, ModelError: with what does not fit.
    """
    if minutes is not None and minutes <= 0:
        raise UsageError(f"A run needs more than {minutes} minutes.")
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    torch.set_flush_denormal(True)
    if threads:
        torch.set_num_threads(threads)
    lightning.seed_everything(recipe.seed, verbose=False)
    last = out / "last.ckpt"
    if last.exists() and not resume:
        raise UsageError(f"{out} already holds a run; choose another folder or let it go on.")
    photographs, validation = Photographs(manifest, "train"), {"val": Photographs(manifest, "val")}
    if "val_unseen" in splits(manifest):
        validation["val_unseen"] = Photographs(manifest, "val_unseen")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"The run's folder {out} can't be made: {error}") from error
    module = _module(recipe, photographs, start=last if last.exists() else start, continuing=last.exists())
    if recipe.teacher:
        taught_by, bins, log_w = _weights_from(recipe.teacher)
        module.teacher = Teacher(taught_by, AbBins(np.asarray(bins)), np.asarray(log_w), module.bins)
    module.train_photographs, module.val_photographs = photographs, validation
    module.workers = workers
    _write_records(out, photographs, module)
    chosen = out / "best.ckpt"
    if module.sample >= recipe.samples:
        return chosen if chosen.exists() else last
    best = _Best(
        dirpath=out,
        filename=chosen.stem,
        monitor="val/score",
        mode="min",
        save_on_train_epoch_end=False,
        enable_version_counter=False,
    )
    latest = ModelCheckpoint(
        dirpath=out,
        filename=last.stem,
        every_n_train_steps=_SAVE_EVERY,
        save_on_exception=True,
        enable_version_counter=False,
    )
    callbacks: list[Callback] = [
        _Patience("val/score", patience=recipe.patience, mode="min", check_on_train_epoch_end=False),
        _Average(recipe.ema),
        _Clock(deadline),
        best,
        latest,
    ]
    accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    with _quiet():
        trainer = lightning.Trainer(
            accelerator=accelerator,
            precision=precision_for(accelerator) if recipe.precision == "auto" else recipe.precision,  # type: ignore[arg-type]
            max_epochs=-1,
            reload_dataloaders_every_n_epochs=1,
            num_sanity_val_steps=0,
            log_every_n_steps=20,
            callbacks=callbacks,
            logger=[
                CSVLogger(out, name="", version=f"from-{module.sample}"),
                TensorBoardLogger(out, name="", version=f"from-{module.sample}"),
            ],
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
        try:
            trainer.fit(module, ckpt_path=last if last.exists() else None, weights_only=True)
        except DataError as error:  # from another process it comes with that one's whole traceback in front
            raise DataError(
                str(error).strip().splitlines()[-1].removeprefix(f"{DataError.__module__}.DataError: ")
            ) from error
        trainer.save_checkpoint(last, weights_only=False)
    return chosen if chosen.exists() else last


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Lightning says of itself off the terminal; its warnings stay, all but those that are meant so here."""
    said = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    level = said.level
    said.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
            warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")
            warnings.filterwarnings("ignore", message=".*LeafSpec.*")
            warnings.filterwarnings("ignore", message="The dirpath has changed.*")
            yield
    finally:
        said.setLevel(level)


def load_module(checkpoint: Path, *, recipe: Recipe | None = None) -> ColorizerModule:
    """The module that a checkpoint holds, with its averaged weights; `recipe` replaces the stored one.

    Raises:
        ModelError: the file is damaged, not one of these checkpoints, or does not fit `recipe`.
    """
    stored = read_tensors(checkpoint)
    try:
        values = dict(stored["hyper_parameters"])
        if recipe is not None:
            values["recipe"] = recipe.to_dict()
        module = ColorizerModule(**values)
        module.load_state_dict(stored["state_dict"])
        module.on_load_checkpoint(stored)
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
        reason = str(error).partition(". ")[0]  # PyTorch goes on with advice on loading files that nobody should trust
        raise ModelError(f"{checkpoint} can't be read as a checkpoint of this program: {reason}") from error
    return module


def _module(recipe: Recipe, photographs: Photographs, *, start: str | Path | None, continuing: bool) -> ColorizerModule:
    if continuing and start is not None:
        return load_module(Path(start), recipe=recipe)
    provenance = {"manifest_sha256": photographs.manifest_sha256, "start": str(start) if start else "ImageNet"}
    if start is None:
        bins, weighting = _weights_from(recipe.teacher)[1:] if recipe.teacher else _measured(recipe, photographs)
        module = ColorizerModule(recipe.to_dict(), bins, weighting, provenance)
        module.net.encoder.load_imagenet()
        return module
    net, bins, weighting = _weights_from(start)
    decoder = {k: v for k, v in net.decoder.config.to_dict().items() if k not in ("bins", "channels")}
    recipe = recipe.merged({"encoder": net.encoder.config, "decoder": decoder})
    module = ColorizerModule(recipe.to_dict(), bins, weighting, provenance)
    module.net.load_state_dict(net.state_dict())
    return module


def _measured(recipe: Recipe, photographs: Photographs) -> tuple[list[list[float]], list[float]]:
    """Bins that the photographs use, and log w."""
    weights = photographs.weights(recipe.source_weights)
    found, prior = measure_prior(photographs, weights, count=min(3000, 10 * len(photographs)), seed=recipe.seed)
    return found.centers.tolist(), np.log(class_weights(prior, recipe.class_weight)).tolist()


def _weights_from(start: str | Path) -> tuple[ColorizerNet, list[list[float]], list[float]]:
    """Network, bins and log w of a checkpoint, a bundled model or a model folder."""
    if Path(start).is_file():
        stored = load_module(Path(start))
        return stored.net, stored.bins.centers.tolist(), stored.loss.log_w.tolist()
    from photochrom.training.export import load_exported

    net, card = load_exported(start)
    return net, [list(center) for center in card.bins], list(card.log_w)


def _write_records(out: Path, photographs: Photographs, module: ColorizerModule) -> None:
    record = {
        "photochrom": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "manifest_sha256": photographs.manifest_sha256,
        "photographs": len(photographs),
        "start": module.provenance.get("start", "ImageNet"),
        "sample": module.sample,
        "parameters": sum(p.numel() for p in module.parameters()),
    }
    try:
        (out / "recipe.yaml").write_text(yaml.safe_dump(module.recipe.to_dict(), sort_keys=False), encoding="utf-8")
        (out / "run.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    except OSError as error:
        raise DataError(f"The run's folder {out} can't be written: {error}") from error

"""A training run: from a recipe and a manifest to checkpoints, logs and a model that can be exported.

The run's folder holds all of it: `recipe.yaml`, `run.json` (versions, data hash, options), `metrics.csv`,
TensorBoard events, `best.ckpt` and `last.ckpt`. Every checkpoint rebuilds its own network.
"""

from __future__ import annotations

import json
import os
import platform
import time
import warnings
from datetime import timedelta
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
from photochrom.errors import DataError, ModelError, UsageError
from photochrom.training.losses import class_weights
from photochrom.training.module import ColorizerModule
from photochrom.training.prior import measure_prior
from photochrom.training.recipe import Recipe
from photochrom.training.shards import Photographs

_EMA_EVERY = 4


class _Average(WeightAveraging):
    """Exponential moving average of the weights, updated every few steps by one fused kernel."""

    def __init__(self, decay: float) -> None:
        super().__init__(use_buffers=False, multi_avg_fn=get_ema_multi_avg_fn(decay**_EMA_EVERY))

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        return step_idx is not None and step_idx % _EMA_EVERY == 0


class _Stop(Callback):
    """Ends the run when the recipe's samples are used up, and keeps a line of figures on the terminal."""

    def __init__(self) -> None:
        self._mark = (time.monotonic(), 0)

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._mark = (time.monotonic(), int(getattr(pl_module, "sample", 0)))

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, ColorizerModule)
        now, seen = time.monotonic(), pl_module.sample
        then, before = self._mark
        self._mark = (now, seen)
        figures = {k: round(float(v), 4) for k, v in trainer.callback_metrics.items() if k.startswith("val/")}
        left = pl_module.recipe.samples - seen
        speed = (seen - before) / max(now - then, 1e-9)
        pl_module.seconds += now - then
        line = {"samples": seen, "per_second": round(speed, 1), "hours_left": round(left / speed / 3600, 2), **figures}
        print(json.dumps(line), flush=True)
        if left <= 0:
            trainer.should_stop = True


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
        manifest: CSV of photographs, their tars beside it; its splits `train` and `val` are used.
        out: the run's folder. Where it holds `last.ckpt` the run goes on, under the recipe given now.
        minutes: stop after this long, leaving `last.ckpt` to go on from.
        start: a checkpoint, a bundled model or a model folder whose weights and bins are taken
            (transfer, not resumption).
        threads: of PyTorch; None leaves its choice.
        workers: processes that make samples.
        resume: False refuses to go on where the folder already holds a run.

    Raises:
        UsageError, DataError, ModelError: with what does not fit.
    """
    torch.set_flush_denormal(True)
    if threads:
        torch.set_num_threads(threads)
    lightning.seed_everything(recipe.seed, verbose=False)
    last = out / "last.ckpt"
    if last.exists() and not resume:
        raise UsageError(f"{out} already holds a run; choose another folder or let it go on.")
    out.mkdir(parents=True, exist_ok=True)
    photographs = Photographs(manifest, "train")
    module = _module(recipe, photographs, start=last if last.exists() else start, continuing=last.exists())
    module.train_photographs = photographs
    module.val_photographs = Photographs(manifest, "val")
    module.workers = workers
    _write_records(out, recipe, photographs, module, start)
    best = ModelCheckpoint(dirpath=out, filename="best", monitor="val/score", mode="min", enable_version_counter=False)
    latest = ModelCheckpoint(
        dirpath=out, filename="last", every_n_train_steps=200, save_on_exception=True, enable_version_counter=False
    )
    callbacks: list[Callback] = [
        EarlyStopping("val/score", patience=recipe.patience, mode="min"),
        _Average(recipe.ema),
        _Stop(),
        best,
        latest,
    ]
    accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
    trainer = lightning.Trainer(
        accelerator=accelerator,
        precision=precision_for(accelerator) if recipe.precision == "auto" else recipe.precision,  # type: ignore[arg-type]
        max_epochs=-1,
        max_time=timedelta(minutes=minutes) if minutes else None,
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
    trainer.fit(module, ckpt_path=last if last.exists() else None, weights_only=False)
    trainer.save_checkpoint(last)
    chosen = out / "best.ckpt"
    return chosen if chosen.exists() else last


def load_module(checkpoint: Path, *, recipe: Recipe | None = None) -> ColorizerModule:
    """The module that a checkpoint holds, with its averaged weights; `recipe` replaces the stored one.

    Raises:
        ModelError: the file is damaged or not one of these checkpoints.
    """
    try:
        stored = torch.load(checkpoint, map_location="cpu", weights_only=True)
        values = dict(stored["hyper_parameters"])
        if recipe is not None:
            values["recipe"] = recipe.to_dict()
        module = ColorizerModule(**values)
        module.load_state_dict(stored["state_dict"])
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, ValueError) as error:
        raise ModelError(f"{checkpoint} can't be read as a checkpoint of this program: {error}") from error
    module.on_load_checkpoint({"sample": 0, **stored})
    return module


def _module(recipe: Recipe, photographs: Photographs, *, start: str | Path | None, continuing: bool) -> ColorizerModule:
    provenance: dict[str, Any] = {"manifest_sha256": photographs.manifest_sha256}
    if start is not None and Path(start).is_file():
        module = load_module(Path(start), recipe=recipe)
        if not continuing:
            module.sample, module.seconds = 0, 0.0
        return module
    if start is not None:
        from photochrom.training.export import load_exported

        net, card = load_exported(start)
        bins, log_w = [list(center) for center in card.bins], list(card.log_w)
        decoder = {k: v for k, v in card.decoder.items() if k not in ("bins", "channels")}
        recipe = recipe.merged({"encoder": dict(card.encoder), "decoder": decoder})
        module = ColorizerModule(recipe.to_dict(), bins, log_w, provenance)
        module.net.load_state_dict(net.state_dict())
        return module
    weights = photographs.weights(recipe.source_weights)
    found, prior = measure_prior(photographs, weights, count=min(3000, 10 * len(photographs)), seed=recipe.seed)
    weighting = np.log(class_weights(prior, recipe.class_weight))
    module = ColorizerModule(recipe.to_dict(), found.centers.tolist(), weighting.tolist(), provenance)
    module.net.encoder.load_imagenet()
    return module


def _write_records(
    out: Path, recipe: Recipe, photographs: Photographs, module: ColorizerModule, start: str | Path | None
) -> None:
    record = {
        "photochrom": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "manifest_sha256": photographs.manifest_sha256,
        "photographs": len(photographs),
        "start": str(start) if start else "ImageNet",
        "sample": module.sample,
        "parameters": sum(p.numel() for p in module.parameters()),
    }
    try:
        (out / "recipe.yaml").write_text(yaml.safe_dump(recipe.to_dict(), sort_keys=False), encoding="utf-8")
        (out / "run.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    except OSError as error:
        raise DataError(f"The run's folder {out} can't be written: {error}") from error

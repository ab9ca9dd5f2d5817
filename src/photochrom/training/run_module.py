"""What the training of every task has in common: where a run stands, its rates, its loaders, its checkpoints.

A run is resumed from its checkpoint alone: which samples come next is a pure function of the recipe and of the number
of samples seen.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, cast

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.core.optimizer import LightningOptimizer
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import AdamW
from torch.utils.data import DataLoader

from photochrom.evaluation.photographs import Photographs
from photochrom.networks.colorizer_net import Encoder
from photochrom.training.cache import Features, digest, map_shapes, open_features, remove_features
from photochrom.training.recipe import Recipe
from photochrom.training.samples import Batch, Order, Request, Samples, Validation, batch_size, collate, quiet_worker

VAL_BATCH = 16
FEATURES = "features"
"""Name of the folder, within the run's, where features of a frozen encoder are kept."""


class RunModule(lightning.LightningModule, ABC):
    """A network in training: an encoder, and what reads it.

    Args:
        recipe: `Recipe.to_dict()`.
        provenance: what the card will say of data and start weights.

    Attributes:
        sample: samples seen in the whole run.
        seconds: that the run has taken so far.
        folder: of the run, where features of a frozen encoder are kept.
        rank, ranks: which process of how many this is.
        features: of the frozen encoder, where they are kept now.
        dropped: steps of the whole run that were left out because their gradient was no number; `failed`, how many
            of them in a row just now; `restored`, how often the run went back to an earlier state for that.
        calm: factor on all rates; below 1 after such failures.
        verdict: what a gate found of the checkpoint that was loaded; None where none has judged it.
    """

    def __init__(self, recipe: Mapping[str, Any], provenance: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.recipe = Recipe().merged(recipe)
        self.provenance = dict(provenance or {})
        self.train_photographs: Photographs | None = None
        self.val_photographs: Mapping[str, Photographs] = {}
        self.workers = 1
        self.folder: Path | None = None
        self.rank, self.ranks = 0, 1
        self.features: Features | None = None
        self.sample = 0
        self.seconds = 0.0
        self.failed = self.dropped = self.restored = 0
        self.calm = 1.0
        self.verdict: Mapping[str, Any] | None = None
        self._sums: dict[str, list[float]] = {}

    @abstractmethod
    def trained_encoder(self) -> Encoder:
        """The encoder, which learns more slowly."""

    @abstractmethod
    def others(self) -> list[torch.nn.Parameter]:
        """All parameters beside the encoder's."""

    def _freeze(self, *, coming: bool = False) -> None:
        """Let of the encoder learn what does in the present stage; with `coming`, also what does in later ones."""
        groups = self.trained_encoder().groups()
        stages = self.recipe.stages_from(self.sample)
        fixed = min(len(groups) if s.frozen == "all" else s.frozen for s in (stages if coming else stages[:1]))
        for depth, parameters in enumerate(groups):
            for parameter in parameters:
                parameter.requires_grad_(depth >= fixed)

    def setup(self, stage: str) -> None:
        """Take a place among the processes: what shares gradients out has to know all that will ever learn."""
        self.rank, self.ranks = self.trainer.global_rank, self.trainer.world_size
        self._freeze(coming=True)

    def configure_optimizers(self) -> AdamW:
        """AdamW; the encoder's rate is lower, and lower still towards its input; vectors are not decayed."""
        return AdamW(self._groups(), lr=self.recipe.learning_rate, betas=(0.9, 0.98), fused=True)

    def _groups(self) -> list[dict[str, Any]]:
        recipe = self.recipe
        blocks = self.trained_encoder().groups()
        groups: list[dict[str, Any]] = []
        for depth, parameters in enumerate(blocks):
            towards_input = 4 * (1 - depth / max(1, len(blocks) - 1))
            factor = recipe.stage(self.sample).encoder_rate * recipe.layer_decay**towards_input
            groups.extend(self._decayed(parameters, recipe.learning_rate * factor))
        groups.extend(self._decayed(self.others(), recipe.learning_rate))
        return groups

    def _decayed(self, parameters: list[torch.nn.Parameter], rate: float) -> Iterator[dict[str, Any]]:
        decay = self.recipe.weight_decay
        yield {"params": [p for p in parameters if p.ndim > 1], "lr": rate, "peak": rate, "weight_decay": decay}
        yield {"params": [p for p in parameters if p.ndim <= 1], "lr": rate, "peak": rate, "weight_decay": 0.0}

    def on_train_epoch_start(self) -> None:
        """Take rates, decay and what is frozen from the recipe: it may be another than that of the checkpoint."""
        self._freeze()
        for group, now in zip(self.trainer.optimizers[0].param_groups, self._groups(), strict=True):
            group.update(peak=now["peak"], weight_decay=now["weight_decay"])

    @property
    def count(self) -> int:
        """Samples of the present step, of all processes together."""
        return batch_size(self.recipe, self.recipe.side(self.sample))

    def shared(self, loss: Tensor, batch: Batch) -> Tensor:
        """The mean loss of this process's part of a batch, weighted so that the mean of all processes is the batch's.

        One that is no number makes the gradient none too, so that all processes learn of it.
        """
        weight = len(batch.luma) * self.ranks / self.count if self.ranks > 1 else 1.0
        return loss * (weight + 0 * loss.detach())

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Clip the gradient, and set the rates for the samples seen, this step's included.

        A gradient that is no number is thrown away: without one, weights and moments stay as they are.
        """
        norm = torch.nn.utils.clip_grad_norm_(self.parameters(), self.recipe.clip)
        if torch.isfinite(norm):
            self.failed = 0
        else:
            self.failed, self.dropped = self.failed + 1, self.dropped + 1
            optimizer.zero_grad()
        factor = self.calm * self.recipe.rate(self.sample + self.count)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        self.log("train/gradient", norm)
        self.log("train/rate", optimizer.param_groups[-1]["lr"])
        self.log("train/dropped", float(self.dropped))

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: torch.optim.Optimizer | LightningOptimizer,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Do the step, and only then count its samples: one that is broken off is done again by whoever goes on."""
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        self.sample += self.count

    def train_dataloader(self) -> DataLoader[Any]:
        """The samples from where the run stands to the next validation or stage; this process's share of them."""
        assert self.train_photographs is not None
        recipe, stage = self.recipe, self.recipe.stage(self.sample)
        weights = self.train_photographs.weights(recipe.source_weights)
        stop = min(stage.until, (self.sample // recipe.val_samples + 1) * recipe.val_samples)
        if stage.cache:
            self.features = self._kept_features(weights, stage.until)
        else:
            self.features = None
            if self.folder is not None and self.rank == 0:
                remove_features(self.folder / FEATURES)
        order = Order(recipe, weights, start=self.sample, stop=stop, rank=self.rank, ranks=self.ranks)
        return self._loader(Samples(self.train_photographs, recipe, self.features), order)

    def _loader(self, samples: Samples, order: Iterable[list[Request]]) -> DataLoader[Any]:
        return DataLoader(
            samples,
            batch_sampler=order,
            collate_fn=collate,
            num_workers=self.workers,
            prefetch_factor=8 if self.workers else None,
            worker_init_fn=quiet_worker,
        )

    def _kept_features(self, weights: NDArray[np.float64], until: int) -> Features:
        """The frozen encoder's features of all views that will be asked for, computed where they are not kept yet."""
        assert self.train_photographs is not None
        assert self.folder is not None
        recipe, views, side = self.recipe, self.recipe.cache_views, self.recipe.side(self.sample)
        encoder, samples = self.trained_encoder(), Samples(self.train_photographs, recipe)
        asked = chain.from_iterable(Order(recipe, weights, start=self.sample, stop=until))
        needed = np.unique([request.photograph * views + (request.view or 0) for request in asked])
        settings = {name: getattr(recipe, name) for name in ("seed", "scale", "degrade", "aging")}
        made_from = {
            **settings,
            "side": side,
            "data": self.train_photographs.manifest_sha256,
            "replayed": getattr(self.train_photographs, "replay_sha256", None),
            "encoder": digest(cast(torch.nn.Module, encoder)),
        }
        with torch.no_grad(), self.trainer.precision_plugin.forward_context():
            shapes = map_shapes(encoder, torch.zeros(1, 1, side, side, device=self.device))
            for rank in range(2):  # the first process makes room, then all of them look
                if rank == 1 or self.rank == 0:
                    features = open_features(
                        self.folder / FEATURES,
                        needed,
                        views=views,
                        shapes=shapes,
                        made_from=made_from,
                        limit=recipe.cache_gb,
                    )
                self.trainer.strategy.barrier()
            missing = list(features.missing(rank=self.rank, ranks=self.ranks))
            order = [[Request(photograph, (0, 0), side, 1, view) for photograph, view in part] for _, part in missing]
            for (first, part), batch in zip(missing, self._loader(samples, order), strict=True):
                luma_ = batch.luma.to(self.device).contiguous(memory_format=torch.channels_last)
                features.write(first, encoder(luma_))
                for callback in self.trainer.callbacks:  # type: ignore[attr-defined]
                    if isinstance(callback, Watcher):
                        callback.on_features(self.trainer, first + len(part), len(features))
            self.trainer.strategy.barrier()
        return features

    def val_dataloader(self) -> list[DataLoader[Any]]:
        """The first photographs of each validation split, in batches of clean luma, aged luma, ab and points.

        Of several processes each looks at its share.
        """
        most, side = self.recipe.val_photographs, self.recipe.val_size
        shares = [(p, range(self.rank, min(most, len(p)), self.ranks)) for p in self.val_photographs.values()]
        data = [Validation(photographs, share, side) for photographs, share in shares]
        return [DataLoader(split, batch_size=VAL_BATCH, num_workers=0) for split in data]

    def on_validation_epoch_start(self) -> None:
        """Forget the sums of the last validation."""
        self._sums = {}

    def means(self) -> dict[str, float]:
        """What was summed up over a validation, as means over the photographs of all processes."""
        parts = [self._sums]
        if self.ranks > 1:
            parts = [{} for _ in range(self.ranks)]
            torch.distributed.all_gather_object(parts, self._sums)
        keys = sorted(set(chain.from_iterable(parts)))
        return {key: float(np.mean([*chain.from_iterable(part.get(key, []) for part in parts)])) for key in keys}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write where in the data the run stands."""
        checkpoint["sample"], checkpoint["seconds"] = self.sample, self.seconds
        checkpoint["dropped"], checkpoint["restored"], checkpoint["calm"] = self.dropped, self.restored, self.calm

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on in the data where the checkpoint was written.

        `sample` alone says where that is. Lightning's own progress within an epoch is dropped, all but the
        number of steps: it would count on a data pipeline that starts at its first batch again.
        """
        loops = checkpoint["loops"]
        steps = {key: value for key, value in loops["fit_loop"].items() if key.endswith(".optim_progress")}
        loops["fit_loop"] = {**steps, "epoch_loop.state_dict": {"_batches_that_stepped": checkpoint["global_step"]}}
        self.sample, self.seconds = int(checkpoint["sample"]), float(checkpoint.get("seconds", 0))
        # the first runs had these names
        callbacks = {key.removeprefix("_"): state for key, state in checkpoint["callbacks"].items()}
        checkpoint["callbacks"] = {key: state for key, state in callbacks.items() if not key.startswith("ModelCheck")}
        self.dropped, self.restored = int(checkpoint.get("dropped", 0)), int(checkpoint.get("restored", 0))
        self.calm = float(checkpoint.get("calm", 1))
        self.verdict = checkpoint.get("verdict")


class Watcher(Callback):
    """A callback that is also told how far the computing of features is."""

    def on_features(self, trainer: lightning.Trainer, done: int, total: int) -> None:
        """`done` of `total` views are computed."""

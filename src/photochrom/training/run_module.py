"""What the training of every task has in common: where a run stands, its rates, its loaders, its checkpoints.

A run is resumed from its checkpoint alone: which samples come next is a pure function of the recipe and of the number
of samples seen.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from numpy.typing import NDArray
from torch.optim import AdamW
from torch.utils.data import DataLoader

from photochrom.color.normalize import normalize_luma
from photochrom.evaluation.degrade import age, luma
from photochrom.evaluation.photographs import Photographs
from photochrom.networks.colorizer_net import Encoder
from photochrom.training.recipe import Recipe
from photochrom.training.samples import Order, Samples, collate, quarter_ab, true_points, whole

VAL_BATCH = 16


class RunModule(lightning.LightningModule, ABC):
    """A network in training: an encoder, and what reads it.

    Args:
        recipe: `Recipe.to_dict()`.
        provenance: what the card will say of data and start weights.

    Attributes:
        sample: samples seen in the whole run.
        seconds: that the run has taken so far.
        verdict: what a gate found of the checkpoint that was loaded; None where none has judged it.
    """

    def __init__(self, recipe: Mapping[str, Any], provenance: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.recipe = Recipe().merged(recipe)
        self.provenance = dict(provenance or {})
        self.train_photographs: Photographs | None = None
        self.val_photographs: Mapping[str, Photographs] = {}
        self.workers = 1
        self.sample = 0
        self.seconds = 0.0
        self.verdict: Mapping[str, Any] | None = None
        self._batch = 0
        self._sums: dict[str, list[float]] = {}

    @abstractmethod
    def trained_encoder(self) -> Encoder:
        """The encoder, which learns more slowly."""

    @abstractmethod
    def others(self) -> list[torch.nn.Parameter]:
        """All parameters beside the encoder's."""

    def _freeze(self) -> None:
        """Keep the recipe's first groups of the encoder from learning."""
        frozen = self.recipe.frozen
        for parameters in self.trained_encoder().groups()[: None if frozen == "all" else frozen]:
            for parameter in parameters:
                parameter.requires_grad_(False)

    def configure_optimizers(self) -> AdamW:
        """AdamW; the encoder's rate is lower, and lower still towards its input; vectors are not decayed."""
        return AdamW(self._groups(), lr=self.recipe.learning_rate, betas=(0.9, 0.98), fused=True)

    def _groups(self) -> list[dict[str, Any]]:
        recipe = self.recipe
        blocks = self.trained_encoder().groups()
        groups: list[dict[str, Any]] = []
        for depth, parameters in enumerate(blocks):
            towards_input = 4 * (1 - depth / max(1, len(blocks) - 1))
            factor = recipe.encoder_rate * recipe.layer_decay**towards_input
            groups.extend(self._decayed(parameters, recipe.learning_rate * factor))
        groups.extend(self._decayed(self.others(), recipe.learning_rate))
        return groups

    def _decayed(self, parameters: list[torch.nn.Parameter], rate: float) -> Iterator[dict[str, Any]]:
        decay = self.recipe.weight_decay
        yield {"params": [p for p in parameters if p.ndim > 1], "lr": rate, "peak": rate, "weight_decay": decay}
        yield {"params": [p for p in parameters if p.ndim <= 1], "lr": rate, "peak": rate, "weight_decay": 0.0}

    def on_train_start(self) -> None:
        """Take rates and decay from the recipe: a checkpoint brings back those of the recipe it was made under."""
        for group, now in zip(self.trainer.optimizers[0].param_groups, self._groups(), strict=True):
            group.update(peak=now["peak"], weight_decay=now["weight_decay"])

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Clip the gradient, and set the rates for the samples seen, this step's included."""
        self.log("train/gradient", torch.nn.utils.clip_grad_norm_(self.parameters(), self.recipe.clip))
        factor = self.recipe.rate(self.sample + self._batch)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        self.log("train/rate", optimizer.param_groups[-1]["lr"])

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: torch.optim.Optimizer | LightningOptimizer,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Do the step, and only then count its samples: one that is broken off is done again by whoever goes on."""
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        self.sample += self._batch

    def train_dataloader(self) -> DataLoader[Any]:
        """The samples from where the run stands to the next validation."""
        assert self.train_photographs is not None
        recipe = self.recipe
        stop = min(recipe.samples, (self.sample // recipe.val_samples + 1) * recipe.val_samples)
        order = Order(recipe, self.train_photographs.weights(recipe.source_weights), start=self.sample, stop=stop)
        return DataLoader(
            Samples(self.train_photographs, recipe),
            batch_sampler=order,
            collate_fn=collate,
            num_workers=self.workers,
            prefetch_factor=8 if self.workers else None,
            worker_init_fn=_quiet_worker,
        )

    def val_dataloader(self) -> list[DataLoader[Any]]:
        """The first photographs of each validation split, in batches of clean luma, aged luma, ab and points."""
        most, side = self.recipe.val_photographs, self.recipe.val_size
        data = [Validation(p, range(min(most, len(p))), side) for p in self.val_photographs.values()]
        return [DataLoader(split, batch_size=VAL_BATCH, num_workers=0) for split in data]

    def on_validation_epoch_start(self) -> None:
        """Forget the sums of the last validation."""
        self._sums = {}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write where in the data the run stands."""
        checkpoint["sample"], checkpoint["seconds"] = self.sample, self.seconds

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on in the data where the checkpoint was written.

        `sample` alone says where that is. Lightning's own progress within an epoch is dropped, all but the
        number of steps: it would count on a data pipeline that starts at its first batch again.
        """
        loops = checkpoint["loops"]
        steps = {key: value for key, value in loops["fit_loop"].items() if key.endswith(".optim_progress")}
        loops["fit_loop"] = {**steps, "epoch_loop.state_dict": {"_batches_that_stepped": checkpoint["global_step"]}}
        self.sample, self.seconds = int(checkpoint["sample"]), float(checkpoint.get("seconds", 0))
        names = (("ModelCheckpoint{", "Latest{"), ("_", ""))  # what callbacks were called in the first runs
        checkpoint["callbacks"] = {
            next((new + key.removeprefix(old) for old, new in names if key.startswith(old)), key): state
            for key, state in checkpoint["callbacks"].items()
        }
        self.verdict = checkpoint.get("verdict")


class Validation(torch.utils.data.Dataset[tuple[NDArray[np.float32], ...]]):
    """Clean luma, aged luma, true ab and ten true points of photographs by their indices; fixed seeds."""

    def __init__(self, photographs: Photographs, indices: Sequence[int], side: int) -> None:
        self._photographs, self._indices, self._side = photographs, indices, side

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, item: int) -> tuple[NDArray[np.float32], ...]:
        index = self._indices[item]
        rgb = whole(self._photographs.read(index), self._side)
        rng = np.random.default_rng((index, 4))
        ab = quarter_ab(rgb)
        clean, aged = normalize_luma(luma(rgb))[None], normalize_luma(age(rgb, rng))[None]
        return clean, aged, ab, true_points(ab, 10, rng)


def _quiet_worker(_: int) -> None:
    """Loader processes leave the cores to the network."""
    import cv2

    cv2.setNumThreads(0)
    torch.set_num_threads(1)

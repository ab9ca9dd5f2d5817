"""The Lightning module: one training step that can be read from top to bottom, and validation.

Validation is done on clean and on aged luma, without hints and with ten true points, on the split
`val` and, where the data has it, on `val_unseen` (sources that training never sees). A model is chosen on
`val/score`, the mean of the clean and the aged calibrated negative log-likelihood (and of the new and the old
photographs, where old ones are replayed).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import AdamW
from torch.utils.data import DataLoader

from photochrom.color.bins import AbBins
from photochrom.color.normalize import normalize_luma
from photochrom.evaluation.degrade import age, luma
from photochrom.evaluation.photographs import Photographs
from photochrom.networks.colorizer_net import ColorizerNet
from photochrom.training.losses import ColorLoss
from photochrom.training.recipe import Recipe
from photochrom.training.samples import Batch, Order, Samples, collate, quarter_ab, true_points, whole
from photochrom.training.teacher import Teacher

REPLAYED = "val_replay"
"""Name of the validation split of photographs that are replayed."""

_VAL_BATCH = 16


class ColorizerModule(lightning.LightningModule):
    """Trains a `ColorizerNet`; its checkpoint rebuilds it: architecture, bins, weights of bins, recipe.

    Args:
        recipe: `Recipe.to_dict()`.
        bins: K pairs (a, b) in Lab units.
        log_w: K logarithms of the class weights.
        provenance: what the card will say of data and start weights.

    Attributes:
        verdict: what a gate found of the checkpoint that was loaded; None where none has judged it.
    """

    def __init__(
        self,
        recipe: Mapping[str, Any],
        bins: list[list[float]],
        log_w: list[float],
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.recipe = Recipe().merged(recipe)
        self.bins = AbBins(np.asarray(bins, np.float32))
        self.net = ColorizerNet(self.recipe.encoder, {**self.recipe.decoder, "bins": len(bins)})
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for parameters in self.net.encoder.groups()[: self.recipe.frozen]:
            for parameter in parameters:
                parameter.requires_grad_(False)
        self.loss = ColorLoss(
            self.bins,
            np.asarray(log_w, np.float32),
            regression=self.recipe.regression,
            teacher_weight=self.recipe.teacher_weight,
        )
        self.teacher: Teacher | None = None
        self.provenance = dict(provenance or {})
        self.train_photographs: Photographs | None = None
        self.val_photographs: Mapping[str, Photographs] = {}
        self.workers = 1
        self.sample = 0
        self.seconds = 0.0
        self.verdict: Mapping[str, Any] | None = None
        self._batch = 0
        self._sums: dict[str, list[float]] = {}

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """One step's loss."""
        luma_ = batch.luma.contiguous(memory_format=torch.channels_last)
        logits = self.net(luma_, batch.points, batch.dense)
        taught = self.teacher(batch.clean, batch.points, batch.dense) if self.teacher else None
        loss, entropy, distance = self.loss(logits, batch.ab, taught)
        self._batch = len(batch.luma)
        values = {"train/loss": loss, "train/entropy": entropy, "train/smooth_l1": distance}
        self.log_dict(values, batch_size=self._batch)
        self.log("train/samples", float(self.sample + self._batch), batch_size=1)
        return loss  # type: ignore[no-any-return]

    def configure_optimizers(self) -> AdamW:
        """AdamW; the encoder's rate is lower, and lower still towards its input; vectors are not decayed."""
        return AdamW(self._groups(), lr=self.recipe.learning_rate, betas=(0.9, 0.98), fused=True)

    def _groups(self) -> list[dict[str, Any]]:
        recipe = self.recipe
        blocks = self.net.encoder.groups()
        groups: list[dict[str, Any]] = []
        for depth, parameters in enumerate(blocks):
            towards_input = 4 * (1 - depth / max(1, len(blocks) - 1))
            factor = recipe.encoder_rate * recipe.layer_decay**towards_input
            groups.extend(self._decayed(parameters, recipe.learning_rate * factor))
        groups.extend(self._decayed(list(self.net.decoder.parameters()), recipe.learning_rate))
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
        data = [_Validation(p, range(min(most, len(p))), side) for p in self.val_photographs.values()]
        return [DataLoader(split, batch_size=_VAL_BATCH, num_workers=0) for split in data]

    def on_validation_epoch_start(self) -> None:
        """Forget the sums of the last validation."""
        self._sums = {}

    def validation_step(self, batch: list[Tensor], _: int, dataloader_idx: int = 0) -> None:
        """Collect figures of one batch: clean, aged, and clean with ten true points."""
        split = list(self.val_photographs)[dataloader_idx]
        clean, aged, ab, points = batch
        none = torch.zeros_like(points[:, :1])
        for name, luma_, told in (("clean", clean, none), ("aged", aged, none), ("hinted", clean, points)):
            dense = torch.zeros_like(torch.cat([ab, ab[:, :1]], 1))
            logits = self.net(luma_.contiguous(memory_format=torch.channels_last), told, dense).float()
            for key, value in self._figures(logits, ab).items():
                self._sums.setdefault(f"{split}/{name}_{key}", []).extend(value.tolist())

    @torch.no_grad()
    def scores(self, photographs: Photographs, indices: Sequence[int], *, side: int) -> NDArray[np.float64]:
        """What `val/score` is the mean of, for each of these photographs at a side of pixels: (N,), lower is better."""
        self.eval()
        found: list[NDArray[np.float32]] = []
        for clean, aged, ab, points in DataLoader(_Validation(photographs, indices, side), _VAL_BATCH):
            none, dense = torch.zeros_like(points[:, :1]), torch.zeros_like(torch.cat([ab, ab[:, :1]], 1))
            looks = [
                self.net(luma_.contiguous(memory_format=torch.channels_last), none, dense) for luma_ in (clean, aged)
            ]
            found.append(torch.stack([self._figures(logits.float(), ab)["nll"] for logits in looks]).mean(0).numpy())
        return np.concatenate(found).astype(np.float64)

    def _figures(self, logits: Tensor, ab: Tensor) -> dict[str, Tensor]:
        log_p = torch.log_softmax(logits - self.loss.log_w[:, None, None], 1)
        truth = ab.permute(0, 2, 3, 1).flatten(0, 2)
        index, weight = self.loss.soft_encode(truth)
        cells = log_p.permute(0, 2, 3, 1).flatten(0, 2)
        nll = -(weight * cells.gather(1, index)).sum(1).view(len(ab), -1).mean(1)
        centers = torch.from_numpy(self.bins.centers).to(logits.device)
        expected = torch.einsum("nkhw,kc->nchw", log_p.exp(), centers)
        error = (expected - ab).square().sum(1).sqrt()
        chroma = expected.square().sum(1).sqrt().mean((1, 2)) / ab.square().sum(1).sqrt().mean((1, 2)).clamp_min(1)
        auc = 100 * (1 - error.clamp_max(150).mean((1, 2)) / 150)
        return {"nll": nll, "auc": auc, "chroma": chroma}

    def on_validation_epoch_end(self) -> None:
        """Log the means; `val/score` is what is chosen on, lower is better."""
        means = {key: float(np.mean(values)) for key, values in self._sums.items()}
        splits = ["val", REPLAYED] if REPLAYED in self.val_photographs else ["val"]
        means["val/score"] = float(np.mean([means[f"{s}/{seen}_nll"] for s in splits for seen in ("clean", "aged")]))
        self.log_dict(means)

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


class _Validation(torch.utils.data.Dataset[tuple[NDArray[np.float32], ...]]):
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

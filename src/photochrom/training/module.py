"""The Lightning module: one training step that can be read from top to bottom, and validation.

Validation is done on clean and on aged luma, without hints and with ten true points, on the split
`val` and, where the data has it, on `val_unseen` (sources that training never sees). A model is chosen on
`val/score`, the mean of the clean and the aged calibrated negative log-likelihood (and of the new and the old
photographs, where old ones are replayed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from photochrom.color.bins import AbBins
from photochrom.evaluation.photographs import Photographs
from photochrom.networks.colorizer_net import ColorizerNet, Encoder
from photochrom.training.losses import ColorLoss
from photochrom.training.run_module import VAL_BATCH, RunModule
from photochrom.training.samples import Batch, Validation
from photochrom.training.teacher import Teacher

REPLAYED = "val_replay"
"""Name of the validation split of photographs that are replayed."""


class ColorizerModule(RunModule):
    """Trains a `ColorizerNet`; its checkpoint rebuilds it: architecture, bins, weights of bins, recipe.

    Args:
        recipe: `Recipe.to_dict()`.
        bins: K pairs (a, b) in Lab units.
        log_w: K logarithms of the class weights.
        provenance: what the card will say of data and start weights.
    """

    def __init__(
        self,
        recipe: Mapping[str, Any],
        bins: list[list[float]],
        log_w: list[float],
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(recipe, provenance)
        self.save_hyperparameters()
        self.bins = AbBins(np.asarray(bins, np.float32))
        self.net = ColorizerNet(self.recipe.encoder, {**self.recipe.decoder, "bins": len(bins)})
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._freeze()
        self.loss = ColorLoss(
            self.bins,
            np.asarray(log_w, np.float32),
            regression=self.recipe.regression,
            teacher_weight=self.recipe.teacher_weight,
        )
        self.teacher: Teacher | None = None

    @property
    def start_weights(self) -> list[Mapping[str, Any] | str]:
        """One entry for each set of weights that has gone into these, with its licence: for the model card."""
        origins = list(self.provenance.get("start_weights") or [self.net.encoder.start_weights])
        if self.recipe.teacher:
            origins.append({"what": f"taught by the model {self.recipe.teacher}", "license": "as its card says"})
        return origins

    def trained_encoder(self) -> Encoder:
        """The colorizer's encoder."""
        return self.net.encoder

    def others(self) -> list[torch.nn.Parameter]:
        """The decoder's parameters."""
        return list(self.net.decoder.parameters())

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """One step's loss."""
        luma_ = batch.luma.contiguous(memory_format=torch.channels_last)
        if self.features is None:
            features = self.net.encoder(luma_)
        else:
            features = self.features.restore(batch.values, batch.scales)
        logits = self.net.decoder(luma_, features, batch.points, batch.dense)
        taught = self.teacher(batch.clean, batch.points, batch.dense) if self.teacher else None
        loss, entropy, distance = self.loss(logits, batch.ab, taught)
        values = {"train/loss": loss, "train/entropy": entropy, "train/smooth_l1": distance}
        self.log_dict(values, batch_size=len(batch.luma))
        self.log("train/samples", float(self.sample + self.count), batch_size=1)
        return self.shared(loss, batch)

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
        for clean, aged, ab, points in DataLoader(Validation(photographs, indices, side), VAL_BATCH):
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
        means = self.means()
        splits = ["val", REPLAYED] if REPLAYED in self.val_photographs else ["val"]
        means["val/score"] = float(np.mean([means[f"{s}/{seen}_nll"] for s in splits for seen in ("clean", "aged")]))
        self.log_dict(means, sync_dist=self.ranks > 1)

"""The loss: class-weighted cross-entropy over colour bins, and the expected colour itself.

Written with its gradient by hand, because over two hundred bins a cell automatic
differentiation keeps half a dozen copies of the largest tensor of the whole network and takes a third of
a step on a CPU. A test compares it with the plain formula.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from photochrom.color.bins import AbBins
from photochrom.color.normalize import AB_SCALE

NEIGHBOURS = 5
"""Bins that a true colour is spread over."""

_REACH = 110
_BETA = 0.1


def class_weights(prior: NDArray[np.float64], strength: float) -> NDArray[np.float32]:
    """Weights (K,) of the bins: ((p + 1/K) / 2) ** -strength, scaled to a mean of 1 under the prior.

    Zhang et al. 2016 use strength 1; weaker keeps the rare colours from shouting. The prior should be
    smoothed and sum to 1.
    """
    mixed = 0.5 * prior + 0.5 / len(prior)
    weights = mixed**-strength
    scaled: NDArray[np.float32] = (weights / (prior * weights).sum()).astype(np.float32)
    return scaled


class ColorLoss(nn.Module):
    """Loss of logits (N, K, h, w) against true ab (N, 2, h, w) in Lab units.

    Cross-entropy with the truth soft-encoded over its 5 nearest bins (sigma 5), each cell weighted by
    the class weight of its truth, plus `regression` times smooth-L1 (beta 0.1) of the calibrated
    expectation, in units of ab/110. Sources: Zhang et al. 2016; Menon et al. 2021 for reading a
    weighted net as softmax(logits - log w).

    Where a teacher's calibrated distribution is given, `teacher_weight` of the loss is its expected value were
    the truth drawn from that distribution: the cross-entropy with p(bin) w(bin), whose minimum is a student
    that is calibrated to the teacher. The smooth-L1 aims at the mix of the true and the teacher's expected ab.
    """

    centers: Tensor
    log_w: Tensor
    index: Tensor

    def __init__(
        self, bins: AbBins, log_w: NDArray[np.float32], *, regression: float, teacher_weight: float = 0.0
    ) -> None:
        super().__init__()
        self.regression, self.teacher_weight = regression, teacher_weight
        self.register_buffer("centers", torch.from_numpy(bins.centers / np.float32(AB_SCALE)), persistent=False)
        self.register_buffer("log_w", torch.from_numpy(log_w), persistent=False)
        axis = np.arange(-_REACH, _REACH + 1, dtype=np.float32)
        table = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)
        self.register_buffer(
            "index", torch.from_numpy(bins.soft_encode(table, neighbours=NEIGHBOURS)[0]).flatten(0, 1), persistent=False
        )

    def soft_encode(self, ab: Tensor) -> tuple[Tensor, Tensor]:
        """Bins (M, 5) and weights (M, 5) of colours (M, 2); which bins is decided by whole units."""
        cell = ab.round().clamp(-_REACH, _REACH).nan_to_num().long() + _REACH
        index = self.index[cell[:, 0] * (2 * _REACH + 1) + cell[:, 1]]
        square = (self.centers[index] * AB_SCALE - ab[:, None]).square().sum(-1)
        return index, torch.softmax(square * (-1 / 50), 1)

    def forward(self, logits: Tensor, ab: Tensor, taught: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """The loss to minimise, and for the log the cross-entropy with the truth and smooth-L1 without `regression`.

        `taught` (N, h, w, K) is a teacher's calibrated distribution over the same bins.
        """
        cells = logits.permute(0, 2, 3, 1).flatten(0, 2)
        truth = ab.permute(0, 2, 3, 1).flatten(0, 2)
        index, target = self.soft_encode(truth)
        with torch.autocast(logits.device.type, enabled=False):
            terms = _Loss.apply(  # type: ignore[no-untyped-call]
                cells,
                index,
                target,
                truth / AB_SCALE,
                self.centers,
                self.log_w,
                self.regression,
                None if taught is None else taught.flatten(0, 2),
                0.0 if taught is None else self.teacher_weight,
            )
        return cast(tuple[Tensor, Tensor, Tensor], terms)


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        index: Tensor,
        target: Tensor,
        truth: Tensor,
        centers: Tensor,
        log_w: Tensor,
        regression: float,
        taught: Tensor | None,
        share: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        count = len(logits)
        p = torch.softmax(logits.float(), 1)
        weight = (target * log_w.exp()[index]).sum(1)
        logs = p.gather(1, index).clamp_min(1e-30).log()
        entropy = -(weight * (target * logs).sum(1)).mean()
        loss, mass = (1 - share) * entropy, (1 - share) * weight
        if taught is not None:
            truth = truth + share * (taught @ centers - truth)
            mass = mass + taught @ (share * log_w.exp())
        undo = (-log_w).exp()
        basis = torch.stack([undo * centers[:, 0], undo * centers[:, 1], undo], 1)
        moments = p @ basis
        total = moments[:, 2:]
        expected = moments[:, :2] / total
        error = expected - truth
        size = error.abs()
        smooth = torch.where(size < _BETA, 0.5 * error.square() / _BETA, size - 0.5 * _BETA)
        distance = smooth.sum(1).mean()
        slope = (error / _BETA).clamp(-1, 1) * (regression / count)
        factors = torch.cat([slope / total, -(slope * expected).sum(1, keepdim=True) / total], 1)
        gradient = torch.addmm((mass / count)[:, None], factors, basis.T).mul_(p)
        gradient.scatter_add_(1, index, target * (weight * ((1 - share) / -count))[:, None])
        if taught is not None:
            lesson = taught * (log_w.exp() * (share / count))
            gradient.sub_(lesson)
            loss = loss - torch.dot(lesson.flatten(), p.clamp_min_(1e-30).log_().flatten())
        ctx.save_for_backward(gradient.to(logits.dtype))
        ctx.mark_non_differentiable(entropy, distance)
        return loss + regression * distance, entropy, distance

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return gradient * grads[0].to(gradient.dtype), *(None,) * 8

"""The loss with its gradient by hand is the plain formula with PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from photochrom.color.bins import AbBins
from photochrom.training.losses import ColorLoss, class_weights

BINS = AbBins.grid()
REGRESSION = 7.0


def _log_w(strength: float = 0.6) -> np.ndarray:
    prior = np.random.default_rng(0).dirichlet(np.full(len(BINS), 0.3))
    return np.log(class_weights(prior, strength))


def _example(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    logits = (3 * torch.randn(2, len(BINS), 5, 7)).to(dtype).requires_grad_()
    return logits, (35 * torch.randn(2, 2, 5, 7)).round()  # which bins are near is decided by whole units


def _plain(logits: Tensor, ab: Tensor, log_w: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """The formula as the design states it, with log-softmax, in float64 and left to autograd."""
    z = logits.double().permute(0, 2, 3, 1).reshape(-1, len(BINS))
    truth = ab.double().permute(0, 2, 3, 1).reshape(-1, 2)
    weights = torch.from_numpy(log_w).double()
    index, target = (torch.from_numpy(v) for v in BINS.soft_encode(truth.numpy()))
    target = target.double()
    weight = (target * weights.exp()[index]).sum(1)
    entropy = -(weight * (target * z.log_softmax(1).gather(1, index)).sum(1)).mean()
    centers = torch.from_numpy(BINS.centers).double() / 110
    expected = (z - weights).softmax(1) @ centers
    distance = F.smooth_l1_loss(expected, truth / 110, beta=0.1, reduction="none").sum(1).mean()
    return entropy + REGRESSION * distance, entropy, distance


def test_value_and_gradient_are_those_of_the_plain_formula() -> None:
    log_w = _log_w()
    logits, ab = _example()
    loss, entropy, distance = ColorLoss(BINS, log_w, regression=REGRESSION)(logits, ab)
    wanted = _plain(logits, ab, log_w)
    for got, value in zip((loss, entropy, distance), wanted, strict=True):
        assert got.item() == pytest.approx(value.item(), rel=1e-5)
    (gradient,) = torch.autograd.grad(loss, logits)
    (plain,) = torch.autograd.grad(wanted[0], logits)
    assert float((gradient - plain).norm() / plain.norm()) < 1e-5


def test_the_gradient_follows_the_value() -> None:
    """Against differences of the loss itself: what is soft-encoded can't differ here."""
    logits, ab = _example()
    loss = ColorLoss(BINS, _log_w(), regression=REGRESSION)
    (gradient,) = torch.autograd.grad(loss(logits, ab)[0], logits)
    torch.manual_seed(1)
    for _ in range(5):
        direction = torch.randn_like(logits)
        with torch.no_grad():
            slope = (loss(logits + 1e-2 * direction, ab)[0] - loss(logits - 1e-2 * direction, ab)[0]) / 2e-2
        assert float((gradient * direction).sum()) == pytest.approx(float(slope), rel=1e-2, abs=1e-3)


def _taught(student: Tensor) -> Tensor:
    """A teacher's distribution for the cells of `student` (N, K, h, w): (N, h, w, K)."""
    n, k, height, width = student.shape
    return (2 * torch.randn(n, height, width, k)).softmax(-1)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_with_a_teacher_it_is_the_loss_that_the_teachers_colours_would_give_on_average(share: float) -> None:
    log_w = _log_w()
    logits, ab = _example()
    taught = _taught(logits)
    lesson = taught.double().flatten(0, 2)
    z = logits.double().permute(0, 2, 3, 1).reshape(-1, len(BINS))
    weights, centers = torch.from_numpy(log_w).double(), torch.from_numpy(BINS.centers).double() / 110
    _, entropy, _ = _plain(logits, ab, log_w)
    learned = -(lesson * weights.exp() * z.log_softmax(1)).sum(1).mean()
    aim = (1 - share) * ab.double().permute(0, 2, 3, 1).reshape(-1, 2) / 110 + share * lesson @ centers
    distance = F.smooth_l1_loss((z - weights).softmax(1) @ centers, aim, beta=0.1, reduction="none").sum(1).mean()
    wanted = (1 - share) * entropy + share * learned + REGRESSION * distance
    loss = ColorLoss(BINS, log_w, regression=REGRESSION, teacher_weight=share)(logits, ab, taught)
    assert loss[0].item() == pytest.approx(wanted.item(), rel=1e-5)
    assert loss[1].item() == pytest.approx(entropy.item(), rel=1e-5)
    (gradient,), (plain,) = torch.autograd.grad(loss[0], logits), torch.autograd.grad(wanted, logits)
    assert float((gradient - plain).norm() / plain.norm()) < 1e-5


def test_a_student_that_believes_what_its_teacher_does_once_weights_are_undone_learns_nothing_more() -> None:
    log_w = _log_w()
    logits, ab = _example()
    taught = (logits.detach().permute(0, 2, 3, 1) - torch.from_numpy(log_w)).softmax(-1)
    loss = ColorLoss(BINS, log_w, regression=REGRESSION, teacher_weight=1.0)
    (gradient,) = torch.autograd.grad(loss(logits, ab, taught)[0], logits)
    (other,) = torch.autograd.grad(loss(logits, ab, _taught(logits))[0], logits)
    assert float(gradient.norm() / other.norm()) < 1e-5


def test_in_bfloat16_it_is_as_exact_as_the_logits() -> None:
    log_w = _log_w()
    logits, ab = _example(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        loss = ColorLoss(BINS, log_w, regression=REGRESSION)(logits, ab)[0]
    wanted = _plain(logits, ab, log_w)[0]
    (gradient,), (plain,) = torch.autograd.grad(loss, logits), torch.autograd.grad(wanted, logits)
    assert loss.dtype == torch.float32
    assert gradient.dtype == torch.bfloat16
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-5)
    assert float((gradient - plain).norm() / plain.norm()) < 0.005


def test_a_factor_on_the_loss_is_a_factor_on_the_gradient() -> None:
    logits, ab = _example()
    loss = ColorLoss(BINS, _log_w(), regression=REGRESSION)
    (once,) = torch.autograd.grad(loss(logits, ab)[0], logits)
    (thrice,) = torch.autograd.grad(3 * loss(logits, ab)[0], logits)
    torch.testing.assert_close(thrice, 3 * once)


def test_certain_logits_give_finite_numbers() -> None:
    logits, ab = _example()
    certain = (logits.detach() * 1e3).requires_grad_()
    loss = ColorLoss(BINS, _log_w(), regression=REGRESSION)(certain, ab)[0]
    (gradient,) = torch.autograd.grad(loss, certain)
    assert bool(loss.isfinite())
    assert bool(gradient.isfinite().all())


def test_soft_encoding_agrees_with_the_one_of_the_bins() -> None:
    loss = ColorLoss(BINS, _log_w(), regression=1)
    ab = np.random.default_rng(1).uniform(-100, 100, (2000, 2)).astype(np.float32)
    index, weight = loss.soft_encode(torch.from_numpy(ab))
    ours, theirs = np.zeros((2, len(ab), len(BINS)), np.float32)
    np.put_along_axis(ours, index.numpy(), weight.numpy(), 1)
    np.put_along_axis(theirs, *BINS.soft_encode(ab), 1)
    assert np.abs(ours - theirs).sum(1).mean() < 0.01
    assert np.abs(ours - theirs).max() < 0.2
    whole = ab.round()
    index, weight = loss.soft_encode(torch.from_numpy(whole))
    assert np.allclose(np.sort(weight.numpy()), np.sort(BINS.soft_encode(whole)[1]), atol=1e-4)


def test_colours_outside_the_gamut_are_taken() -> None:
    loss = ColorLoss(BINS, _log_w(), regression=1)
    index, weight = loss.soft_encode(torch.tensor([[300.0, -300.0], [-128.0, 127.0]]))
    assert bool(((index >= 0) & (index < len(BINS))).all())
    torch.testing.assert_close(weight.sum(1), torch.ones(2))


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.6, 1.0])
def test_class_weights_have_a_mean_of_one_under_the_prior_and_favour_rare_colours(strength: float) -> None:
    prior = np.array([0.7, 0.2, 0.09, 0.01])
    weights = class_weights(prior, strength)
    assert weights.dtype == np.float32
    assert float((prior * weights).sum()) == pytest.approx(1, abs=1e-6)
    assert (np.diff(weights) > 0).all() if strength else weights == pytest.approx(1)
    mixed = (prior + 0.25) / 2
    assert weights[3] / weights[0] == pytest.approx((mixed[0] / mixed[3]) ** strength, rel=1e-5)

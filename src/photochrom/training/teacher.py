"""A trained model as the teacher of another: what it believes of every cell stands beside the one true colour.

A photograph tells one colour of many that were possible; a teacher tells them all, with their chances. It
looks at the clean luma also where the student sees an aged one: what the student should believe of an aged
picture is the mean of what is known of the clean pictures behind it, and the teacher is surest on clean ones.

Source: Hinton et al. 2015, Distilling the knowledge in a neural network.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom.color.bins import AbBins
from photochrom.networks.colorizer_net import ColorizerNet


class Teacher:
    """A frozen model that gives its calibrated distribution over the student's bins.

    Not a module, so that it is neither trained, averaged nor written into the student's checkpoints.

    Args:
        net: the teacher's network.
        bins: its own (K', 2).
        log_w: logarithms (K',) of the class weights that it was trained with; they are undone.
        student: the student's bins. Where they are others, each of the teacher's goes to the nearest one.
    """

    def __init__(self, net: ColorizerNet, bins: AbBins, log_w: NDArray[np.float32], student: AbBins) -> None:
        self._net = net.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._log_w = torch.from_numpy(np.asarray(log_w, np.float32))
        self._to_student: Tensor | None = None
        if not np.array_equal(bins.centers, student.centers):
            place = torch.from_numpy(student.nearest(bins.centers))
            self._to_student = torch.nn.functional.one_hot(place, len(student)).float()

    @torch.no_grad()
    def __call__(self, luma: Tensor, points: Tensor, dense: Tensor) -> Tensor:
        """Probabilities (N, h, w, K) in float32 over the student's bins; the input is a network's."""
        if self._log_w.device != luma.device:
            self._net.to(luma.device)
            self._log_w = self._log_w.to(luma.device)
            self._to_student = None if self._to_student is None else self._to_student.to(luma.device)
        logits = self._net(luma, points, dense)
        with torch.autocast(luma.device.type, enabled=False):
            p = torch.softmax(logits.permute(0, 2, 3, 1).float() - self._log_w, -1)
            return p if self._to_student is None else p @ self._to_student

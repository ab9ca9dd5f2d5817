"""What happens when steps fail: a run goes back to where it was well, and on with the next samples.

A step whose loss or gradient is no number is left out (`RunModule.on_before_optimizer_step`). Where that happens
several times in a row the weights themselves have gone astray: they, their average and the optimizer's moments return
to a state kept in memory. If that does not help, the rates are halved; if that does not either, the run ends.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import move_data_to_device

from photochrom.errors import ModelError
from photochrom.training.callbacks import Average
from photochrom.training.run_module import RunModule

IN_A_ROW = 3
"""Failed steps after which the run goes back."""

KEEP_EVERY = 200
"""Good steps between two states that are kept."""

GIVE_UP = 5
"""Times that the run goes back to one state before it ends."""


class Diverged(ModelError):
    """Steps keep failing, whatever is done about it."""


class Guard(Callback):
    """Keeps a good state of the run, and goes back to it when steps fail.

    Args:
        average: keeps the averaged weights.
    """

    def __init__(self, average: Average) -> None:
        self._average = average
        self._kept: dict[str, Any] = {}
        self._good = self._returns = 0

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._keep(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep this state, go back to the one kept, or neither.

        Raises:
            Diverged: going back and lower rates have not helped.
        """
        assert isinstance(pl_module, RunModule)
        if pl_module.failed == 0:
            self._good += 1
            if self._good >= KEEP_EVERY:
                self._keep(trainer, pl_module)
            return
        self._good = 0
        if pl_module.failed >= IN_A_ROW:
            self._return(trainer, pl_module)
        if trainer.is_global_zero:
            line = {"samples": pl_module.sample, "dropped": pl_module.dropped, "restored": pl_module.restored}
            print(json.dumps(line), flush=True)

    def _keep(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        state = {
            "module": module.state_dict(),
            "average": self._average.averaged.state_dict(),
            "moments": trainer.optimizers[0].state_dict()["state"],
        }
        self._kept = copy.deepcopy(move_data_to_device(state, torch.device("cpu")))
        self._good = self._returns = 0

    def _return(self, trainer: lightning.Trainer, module: RunModule) -> None:
        if self._returns == GIVE_UP:
            raise Diverged(
                f"The run does not get on: at sample {module.sample} loss or gradient are no numbers, although it went "
                f"back {self._returns} times and the rates are at {module.calm:.2g} of the recipe's. Lower "
                "learning_rate or clip, or look at the photographs; the same command goes on from last.ckpt."
            )
        if self._returns:
            module.calm /= 2
        self._returns += 1
        module.restored += 1
        module.failed = 0
        module.load_state_dict(self._kept["module"])
        self._average.averaged.load_state_dict(self._kept["average"])
        optimizer = trainer.optimizers[0]  # its rates stay: they may be those of a later stage by now
        optimizer.load_state_dict({**optimizer.state_dict(), "state": copy.deepcopy(self._kept["moments"])})

"""What a run is trained on: which accelerator, how many of it, on how many machines, in which precision.

The same recipe gives the same samples in the same order on one process and on many: they share each batch out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from lightning.pytorch.strategies import DDPStrategy

from photochrom.errors import UsageError

Precision = Literal["32-true", "bf16-mixed"]

_ACCELERATORS = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, kw_only=True)
class Machines:
    """Where a run is trained; the command is the same everywhere, as Lightning has it.

    Attributes:
        accelerator: "auto" (a CUDA GPU where there is one, else the CPU), "cpu", "cuda" or "mps" (Apple).
        devices: processes on each machine, one for each GPU.
        nodes: machines. On more than one the command is started on each, under torchrun, SLURM or with
            MASTER_ADDR, MASTER_PORT and NODE_RANK set; the run's folder must be one that all of them see.

    Raises:
        UsageError: from the constructor, where a value makes no sense or there is no such accelerator.
    """

    accelerator: str = "auto"
    devices: int = 1
    nodes: int = 1

    def __post_init__(self) -> None:
        if self.accelerator not in _ACCELERATORS:
            raise UsageError(f"There is no accelerator {self.accelerator!r}; known are {', '.join(_ACCELERATORS)}.")
        if self.devices < 1 or self.nodes < 1:
            raise UsageError("A run needs at least one device and one node.")
        if self.accelerator == "mps" and not torch.backends.mps.is_available():
            raise UsageError("This machine has no Apple GPU that PyTorch can use (accelerator mps).")
        if self.accelerator == "cuda" and not torch.cuda.is_available():
            raise UsageError("This machine has no GPU that PyTorch can use (accelerator cuda).")
        if self.kind == "cuda" and self.devices > torch.cuda.device_count():
            raise UsageError(f"There are {torch.cuda.device_count()} GPUs here and not {self.devices} (devices).")

    @property
    def kind(self) -> str:
        """The accelerator that is used: "cpu", "cuda" or "mps"."""
        if self.accelerator != "auto":
            return self.accelerator
        return "cuda" if torch.cuda.is_available() else "cpu"

    @property
    def processes(self) -> int:
        """On all machines together."""
        return self.devices * self.nodes

    def strategy(self, *, stages: int) -> DDPStrategy | str:
        """How Lightning shares the work out. Where one of several stages trains a part only, the others wait for it."""
        return "auto" if self.processes == 1 else DDPStrategy(find_unused_parameters=stages > 1)


def precision_for(kind: str) -> Precision:
    """The precision that this machine is fast in: bf16 on CPUs with AVX-512 bf16 and on GPUs that compute in it."""
    if kind == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    if kind == "mps":
        return "32-true"
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return "32-true"
    return "bf16-mixed" if "avx512_bf16" in flags else "32-true"

"""Checkpoints on the disk: written whole or not at all, and read with one kind of error.

A run that is killed while it writes, or whose disk is full, keeps the checkpoint that it had.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from photochrom.errors import DataError, ModelError, UsageError
from photochrom.networks.files import read_tensors
from photochrom.training.module import ColorizerModule
from photochrom.training.recipe import Recipe
from photochrom.training.run_module import RunModule


class WholeFiles(TorchCheckpointIO):
    """Lightning's writer of checkpoints, by a second name in the same folder.

    Its own goes by the folder for temporary files, from where a file can't be moved into place in one step if
    that is another disk.
    """

    def save_checkpoint(self, checkpoint: Mapping[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint.

        Raises:
            DataError: it can't be written, for instance because the disk is full.
        """
        write_checkpoint(checkpoint, Path(path))


def write_checkpoint(checkpoint: Mapping[str, Any], path: Path) -> None:
    """Write `checkpoint` to `path`; what was there before stays until it is complete.

    Raises:
        DataError: it can't be written, for instance because the disk is full.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save(dict(checkpoint), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:  # PyTorch's writer wraps what the system says of a full disk
        part.unlink(missing_ok=True)
        reason = error if isinstance(error, OSError) else error.__context__ or error
        raise DataError(
            f"{path} can't be written: {reason}. What it held before is still there; make room and run the same "
            "command again to go on."
        ) from error


Module = TypeVar("Module", bound=RunModule)


def load_module(checkpoint: Path, *, recipe: Recipe | None = None) -> ColorizerModule:
    """The colorizer in training that a checkpoint holds, see `load_run`."""
    return load_run(checkpoint, ColorizerModule, recipe=recipe)


def load_run(checkpoint: Path, kind: type[Module], *, recipe: Recipe | None = None) -> Module:
    """The module of a kind that a checkpoint holds, with its averaged weights; `recipe` replaces the stored one.

    Raises:
        ModelError: the file is damaged, not one of these checkpoints, or does not fit `recipe`.
    """
    stored = read_tensors(checkpoint)
    try:
        values = dict(stored["hyper_parameters"])
        if recipe is not None:
            values["recipe"] = recipe.to_dict()
        module = kind(**values)
        module.load_state_dict(stored["state_dict"])
        module.on_load_checkpoint(stored)
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
        reason = str(error).partition(". ")[0]  # PyTorch goes on with advice on loading files that nobody should trust
        raise ModelError(f"{checkpoint} can't be read as a checkpoint of this program: {reason}") from error
    return module

"""What the training tests share: a data set of 30 small pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import training_files


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Small tensors gain nothing from more threads, and on a busy machine threads wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 photographs of the split `train` from two sources and 6 of `val`; read only."""
    return training_files.write_shards(tmp_path_factory.mktemp("photos"), training_files.pictures())

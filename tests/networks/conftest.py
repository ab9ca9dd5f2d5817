"""One thread: small tensors gain nothing from more, and on a busy machine threads wait for each other."""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)

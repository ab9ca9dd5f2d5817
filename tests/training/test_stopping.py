"""A run that is told to stop, is killed, or has no room on the disk: what it leaves goes on, and it says what was."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from training_files import tiny_recipe

from photochrom.errors import DataError
from photochrom.training.checkpoints import write_checkpoint
from photochrom.training.fit import train
from photochrom.training.recipe import Recipe

KILLED = """
import sys
from pathlib import Path
import torch, training_files
from photochrom.training import callbacks, fit
torch.set_num_threads(1)
callbacks.SAVE_EVERY = 2
fit.train(training_files.tiny_recipe(), manifest=Path(sys.argv[1]), out=Path(sys.argv[2]), workers=1)
"""


class _Signal(Callback):
    """Sends a signal to the run, and to the processes that work for it, after a number of steps."""

    def __init__(self, number: int, *, step: int, when: str) -> None:
        self._number, self._step, self._when = number, step, when

    def _send(self, trainer: lightning.Trainer, when: str) -> None:
        if when == self._when and trainer.global_step == self._step:
            for child in multiprocessing.active_children():
                os.kill(child.pid or 0, self._number)
            os.kill(os.getpid(), self._number)

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self._send(trainer, "training")

    def on_validation_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._send(trainer, "validating")


def _recipe() -> Recipe:
    return tiny_recipe(samples=48, late_share=0)


@pytest.mark.parametrize(
    ("number", "when", "step", "seen"),
    [(signal.SIGTERM, "training", 2, 24), (signal.SIGINT, "training", 3, 32), (signal.SIGINT, "validating", 4, 32)],
)
def test_told_to_stop_a_run_ends_between_two_steps_and_goes_on_later(
    number: int, when: str, step: int, seen: int, manifest: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt):
        train(_recipe(), manifest=manifest, out=tmp_path, callbacks=[_Signal(number, step=step, when=when)])
    said = capfd.readouterr().err
    assert f"Stopped at {seen} samples; the same command goes on from there." in said
    assert "Traceback" not in said
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
    stored = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert stored["sample"] == seen
    train(_recipe(), manifest=manifest, out=tmp_path, workers=0)
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["sample"] == 48


def test_told_to_stop_in_its_last_validation_a_run_ends_with_it(manifest: Path, tmp_path: Path) -> None:
    signals = [_Signal(signal.SIGINT, step=6, when="validating")]
    train(_recipe(), manifest=manifest, out=tmp_path, workers=0, callbacks=signals)
    stored = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert (stored["sample"], stored["global_step"]) == (48, 6)
    assert (tmp_path / "best.ckpt").exists()


def test_a_run_that_is_killed_goes_on_from_its_last_checkpoint(manifest: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(manifest), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        until = time.monotonic() + 300
        while not (tmp_path / "last.ckpt").exists() and run.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        run.kill()
    assert run.returncode == -signal.SIGKILL
    left = torch.load(tmp_path / "last.ckpt", weights_only=True)["sample"]
    assert left > 0
    train(tiny_recipe(), manifest=manifest, out=tmp_path, workers=0)
    assert (tmp_path / f"from-{left}").exists()
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["sample"] == 64


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A disk of 1 MB, where this system lets one be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no small disk can be made here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_the_checkpoint_that_was_there(small_disk: Path) -> None:
    path = small_disk / "last.ckpt"
    write_checkpoint({"weights": torch.ones(1000)}, path)
    with pytest.raises(DataError, match=r"last\.ckpt can't be written: .*No space left on device.*make room"):
        write_checkpoint({"weights": torch.ones(1_000_000)}, path)
    assert torch.equal(torch.load(path, weights_only=True)["weights"], torch.ones(1000))
    assert [p.name for p in small_disk.iterdir()] == ["last.ckpt"]


def test_a_run_whose_disk_is_full_says_so(manifest: Path, small_disk: Path) -> None:
    with pytest.raises(DataError, match=rf"{small_disk}.* can't be written: .*No space left on device"):
        train(tiny_recipe(samples=8, warmup=0, cooldown=0), manifest=manifest, out=small_disk / "run", workers=0)


def test_a_checkpoint_that_can_not_be_written_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(DataError, match="Input/output error"):
        write_checkpoint({"weights": torch.ones(3)}, tmp_path / "last.ckpt")
    assert not list(tmp_path.iterdir())

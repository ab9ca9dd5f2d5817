"""Where a run is trained: what can't be is refused, and several processes do together what one does alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from training_files import tiny_recipe

from photochrom.errors import UsageError
from photochrom.training.fit import train
from photochrom.training.machines import Machines, precision_for


def test_the_precision_is_one_that_the_machine_is_fast_in(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = "flags : fpu avx512f avx512_bf16 amx_bf16\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: flags)
    assert precision_for("cpu") == "bf16-mixed"
    flags = "flags : fpu avx2\n"
    assert precision_for("cpu") == "32-true"
    for native, wanted in ((True, "bf16-mixed"), (False, "32-true")):
        supported = {True: True, False: native}  # by emulation everywhere
        monkeypatch.setattr(
            torch.cuda, "is_bf16_supported", lambda including_emulation, s=supported: s[including_emulation]
        )
        assert precision_for("cuda") == wanted
    assert precision_for("mps") == "32-true"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"accelerator": "tpu"}, "no accelerator 'tpu'; known are auto, cpu, cuda, mps"),
        ({"devices": 0}, "at least one device"),
        ({"nodes": 0}, "at least one device and one node"),
        ({"accelerator": "cuda"}, "no GPU that PyTorch can use"),
        ({"accelerator": "mps"}, "no Apple GPU"),
    ],
)
def test_machines_that_are_not_there_are_refused(
    wanted: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UsageError, match=message):
        Machines(**wanted)


def test_more_devices_than_there_are_and_batches_too_small_to_share_are_refused(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="A batch of 2 can't be shared out among 4 processes"):
        train(tiny_recipe(), manifest=manifest, out=tmp_path, machines=Machines(accelerator="cpu", devices=2, nodes=2))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UsageError, match="There are 1 GPUs here and not 2"):
        Machines(devices=2)


def test_two_processes_end_with_the_weights_and_scores_of_one(manifest: Path, tmp_path: Path) -> None:
    """With a stage that keeps features, batches of an odd number and two photographs to look at in each share."""
    recipe = tiny_recipe(
        samples=35, batch=5, late_share=0, warmup=0, cooldown=0, val_samples=40, val_photographs=3,
        stages=[{"until": 10, "frozen": "all", "cache": True}, {"frozen": 9}],
    )  # fmt: skip
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe.to_dict()))
    train(recipe, manifest=manifest, out=tmp_path / "one", workers=0)
    command = [sys.executable, "-m", "photochrom", "train", f"{tmp_path}/recipe.yaml", "--data", str(manifest)]
    command += [
        "--out",
        f"{tmp_path}/two",
        "--accelerator",
        "cpu",
        "--devices",
        "2",
        "--threads",
        "1",
        "--workers",
        "0",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == str(tmp_path / "two" / "best.ckpt")
    figures = [json.loads(line) for line in lines[:-1]]
    assert [line["samples"] for line in figures if "samples" in line] == [10, 35]  # said once
    got, wanted = (torch.load(tmp_path / name / "last.ckpt", weights_only=True) for name in ("two", "one"))
    assert (got["sample"], got["global_step"]) == (wanted["sample"], wanted["global_step"]) == (35, 7)
    for weights in ("state_dict", "current_model_state"):
        for key, value in wanted[weights].items():
            assert torch.allclose(got[weights][key].float(), value.float(), atol=2e-3, rtol=2e-3), key
    moved = [
        np.abs((wanted["current_model_state"][key] - value).numpy()).max()
        for key, value in wanted["state_dict"].items()
        if key.startswith("net.decoder")
    ]
    assert max(moved) > 4e-3  # more than what the two may differ by
    two, one = (next(v for k, v in run["callbacks"].items() if k.startswith("Best")) for run in (got, wanted))
    assert float(two["best_model_score"]) == pytest.approx(float(one["best_model_score"]), abs=2e-3)
    assert json.loads((tmp_path / "two" / "run.json").read_text())["starts"][0]["options"]["devices"] == 2


def test_a_deterministic_run_gives_the_same_weights_twice(manifest: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(samples=24, late_share=0, warmup=0, cooldown=0, deterministic=True)
    asked: list[bool] = []
    original = torch.nn.functional.grid_sample

    def seen(*arguments: Any, **options: Any) -> torch.Tensor:
        asked.append(torch.are_deterministic_algorithms_enabled())
        return original(*arguments, **options)

    torch.nn.functional.grid_sample = seen
    try:
        for name in ("first", "second"):
            train(recipe, manifest=manifest, out=tmp_path / name, workers=0)
    finally:
        torch.nn.functional.grid_sample = original
        torch.use_deterministic_algorithms(False)
    assert asked
    assert all(asked)
    first, second = (torch.load(tmp_path / name / "last.ckpt", weights_only=True) for name in ("first", "second"))
    for weights in ("state_dict", "current_model_state"):
        assert [k for k, v in first[weights].items() if not torch.equal(second[weights][k], v)] == []

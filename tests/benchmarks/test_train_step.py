"""The benchmark of a training step runs on made photographs and prints a speed for each way."""

from __future__ import annotations

import re

import pytest
import torch
from benchmark_script import script

from photochrom.networks import depthwise, layers

SETTINGS = ["encoder.variant=0", "size=32", "batch=2", "decoder={widths: [8, 8, 8, 8], blocks: [1, 1, 1, 1], heads: 1}"]


def test_every_way_gets_a_speed_and_the_quick_gradients_are_back_in_place(capsys: pytest.CaptureFixture[str]) -> None:
    module = script("train_step")
    threads = torch.get_num_threads()
    try:
        assert module.main(["--steps", "1", "--set", *SETTINGS]) == 0
    finally:
        torch.set_num_threads(threads)
    said = capsys.readouterr().out
    assert "2 crops of 32 px a step" in said
    speeds = [float(speed) for speed in re.findall(r"([\d.]+) samples/s", said)]
    assert len(speeds) == 5
    assert re.search(r"Loading makes [\d.]+ times the samples", said)
    assert min(speeds) > 0
    assert layers.depthwise is depthwise.depthwise  # type: ignore[attr-defined]

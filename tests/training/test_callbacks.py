"""What a run says while it goes on: figures for programs on standard output, a bar for people on a terminal."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from training_files import tiny_recipe

from photochrom.training import callbacks
from photochrom.training.fit import train


class Terminal(io.StringIO):
    """A terminal that somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_sees_a_bar_with_the_time_left_and_a_pipe_only_figures(
    terminal: bool, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = [{"until": 16, "frozen": "all", "cache": True}, {"frozen": "all"}]
    recipe = tiny_recipe(samples=32, late_share=0, warmup=0, cooldown=0, stages=stages)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(callbacks, "SAY_EVERY", 0)
    shown = Terminal() if terminal else io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", shown)
        train(recipe, manifest=manifest, out=tmp_path, workers=0)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["samples"] for line in lines if "samples" in line] == [16, 32]
    assert [line["features"] for line in lines if "features" in line][-1] > 0
    said = shown.getvalue()
    if terminal:
        assert "computing features" in said
        assert "training" in said
        assert "of 32" in said
    else:
        assert said == ""

"""The stability benchmark compares sizes and framings of a folder's photographs, and says where a target is missed."""

import sys
from pathlib import Path

import pytest
from benchmark_script import script
from PIL import Image
from skimage import data

stability = script("stability")


def run(monkeypatch: pytest.MonkeyPatch, photos: Path, model: Path) -> int:
    monkeypatch.setattr(sys, "argv", ["stability.py", "--photos", str(photos), "--model", str(model)])
    monkeypatch.setattr(stability, "MEGAPIXELS", (0.1, 0.3))
    return int(stability.main())


def test_both_figures_are_printed_and_decide_the_exit_code(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(data.camera()).save(tmp_path / "camera.jpg")
    code = run(monkeypatch, tmp_path, tiny)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert code == int(any(line.startswith("FAIL") for line in lines))


def test_a_folder_without_photographs_is_told(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, tiny) == 2
    assert "holds no .jpg" in capsys.readouterr().err

"""ONNX Runtime reports nothing to anybody: what its reporting leaves on the disk, from its import on, is not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SUPPRESSED = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_DISABLE_TELEMETRY")
"""With any of these in the environment ONNX Runtime reports nothing by itself."""


def left_by(code: str, folder: Path) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if name not in _SUPPRESSED}
    places = {name: str(folder) for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    subprocess.run([sys.executable, "-c", code], env=environment | places, check=True, timeout=120)
    return [path.name for path in folder.rglob("*")]


@pytest.mark.skipif(sys.platform != "linux", reason="where the reporting leaves its files was seen on Linux only")
def test_coloring_leaves_nothing_that_a_report_needs(tiny: Path, tmp_path: Path) -> None:
    code = f"import numpy, photochrom; photochrom.Colorizer({str(tiny)!r}).open(numpy.zeros((64, 64), 'u1')).paint()"
    assert left_by(code, tmp_path) == []


def test_nothing_else_of_the_package_imports_it() -> None:
    source = Path(__file__).parents[2] / "src"
    importing = [path.name for path in source.rglob("*.py") if "import onnxruntime" in path.read_text(encoding="utf-8")]
    assert importing == ["quiet.py"]

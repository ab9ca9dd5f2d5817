"""The command as a whole: help at once, versions, and nothing heavy before it is needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import photochrom as package
from photochrom.runtime.registry import bundled

Run = Callable[..., Any]
COMMAND = Path(sys.executable).parent / "photochrom"


def seconds(*command: object) -> float:
    """The best of five runs: the machine may be busy with something else."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([str(part) for part in command], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("arguments", [["--help"], ["colorize", "--help"], ["serve", "--help"]])
def test_help_answers_within_three_tenths_of_a_second(arguments: list[str]) -> None:
    assert seconds(COMMAND, *arguments) <= 0.3


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        *([command, "--help"] for command in ("colorize", "suggest", "info", "models", "serve", "train", "export")),
        ["--version"],
    ],
)
def test_help_loads_nothing_that_works_on_pictures(arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from photochrom.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'torch', 'onnxruntime', 'numpy', 'cv2', 'pyvips', 'rich', 'fastapi'}\n"
        "print('loaded', *sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "loaded"


def test_help_is_written_in_british_english(photochrom: Run) -> None:
    assert b"Colours black-and-white photographs" in photochrom("--help").out
    for command in ("colorize", "suggest", "info", "models", "serve", "train", "export"):
        told = re.sub(rb'"color"|mode\s+Color', b"", photochrom(command, "--help").out)  # names of others' making
        assert not re.search(rb"\b[Cc]olor(s|ed|ing|ful)?\b", told)


def test_importing_the_package_loads_neither_torch_nor_onnx_runtime() -> None:
    script = "import sys, photochrom; print(*({'torch', 'onnxruntime', 'numpy', 'cv2'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_coloring_never_loads_torch(tiny: Path) -> None:
    script = (
        "import sys, numpy, photochrom\n"
        f"photochrom.colorize(numpy.eye(64, dtype='uint8') * 200, model={str(tiny)!r}).rgb()\n"
        "print('torch' in sys.modules, 'photochrom.networks' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False False"


def test_every_public_name_is_there() -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    with pytest.raises(AttributeError, match="colourise"):
        package.colourise  # noqa: B018


def test_version_is_said(photochrom: Run) -> None:
    result = photochrom("--version")
    assert result.code == 0
    assert result.out.decode() == f"photochrom {package.__version__}\n"


def test_without_arguments_there_is_help(photochrom: Run) -> None:
    result = photochrom()
    assert result.code == 2
    assert b"colorize" in result.out + result.err.encode()


def test_models_are_listed_with_their_cards(photochrom: Run) -> None:
    listed = json.loads(photochrom("models", "--json").out)
    assert [model["name"] for model in listed] == list(bundled())
    for model in listed:
        assert {"version", "license", "metrics", "data", "use", "bytes", "sha256"} <= set(model)
    text = photochrom("models").out.decode()
    assert all(name in text for name in bundled())

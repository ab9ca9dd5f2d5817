"""The command, run in this process: what a shell would see of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from photochrom.cli import main


@dataclass(frozen=True)
class Shell:
    code: int
    out: bytes
    err: str


@pytest.fixture
def photochrom(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Shell]:
    """Run `photochrom ARGUMENTS…`; gives the exit code and what went to standard output and error."""

    def run(*arguments: object) -> Shell:
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        code = stopped.value.code
        assert isinstance(code, int)
        return Shell(code, captured.out, captured.err.decode())

    return run


@pytest.fixture(scope="session")
def grey() -> Image.Image:
    """A photograph in grey, 240 x 160."""
    return Image.fromarray(skimage.data.coffee()).convert("L").resize((240, 160))


@pytest.fixture
def album(tmp_path: Path, grey: Image.Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of grey photographs in the formats of the shelf; the current folder is the one around it."""
    folder = tmp_path / "album"
    (folder / "sub").mkdir(parents=True)
    grey.save(folder / "a.jpg", quality=90)
    grey.rotate(90, expand=True).save(folder / "b.png")
    grey.crop((0, 0, 200, 100)).save(folder / "c.tif")
    grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "d.webp", lossless=True)
    Image.fromarray(np.array(grey)[::-1]).save(folder / "e.bmp")
    grey.save(folder / "sub" / "f.jpg", quality=80)
    monkeypatch.chdir(tmp_path)
    return folder

"""The reference benchmark colours each photograph with itself and with another, and pairs with each other."""

from pathlib import Path

import numpy as np
import pytest
from benchmark_script import script
from PIL import Image
from skimage import data

reference = script("reference")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name in ("astronaut", "coffee", "chelsea"):
        Image.fromarray(getattr(data, name)()).resize((256, 256)).save(folder / f"{name}.png")
    Image.fromarray(data.camera()).convert("RGB").resize((256, 256)).save(folder / "camera.png")
    return folder


def test_each_photograph_is_printed_and_the_means_decide_the_exit_code(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("astronaut chelsea\n", encoding="utf-8")
    code = reference.main(["--data", str(photographs), "--pairs", str(pairs)])
    lines = capsys.readouterr().out.splitlines()
    assert all(any(line.startswith(f"| {name} | ") for line in lines) for name in ("astronaut", "coffee", "chelsea"))
    assert not any("camera" in line for line in lines)
    assert "| astronaut | chelsea |" in " ".join(lines)
    assert "| chelsea | astronaut |" in " ".join(lines)
    assert sum(line.startswith(("pass", "FAIL")) for line in lines) == 3
    assert code == int(any(line.startswith("FAIL") for line in lines))


def test_the_changed_picture_is_mirrored_cropped_and_brighter() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[10, 20] = 100
    changed = reference.changed(picture)
    assert changed.shape == (80, 160, 3)
    assert (changed[0, -1] == 128).all()
    assert (changed[0, 0] == 8).all()

"""The load benchmark tells what clients met; its figures are for a machine at rest, and no test's business."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "serve_load.py"


def test_clients_get_their_pictures_and_the_figures_are_told(tiny: Path) -> None:
    line = "--seconds 3 --requests 30 --clients 4 --workers 1 --megapixels 0.1 --model"
    done = subprocess.run([sys.executable, SCRIPT, *line.split(), tiny], capture_output=True, text=True, timeout=120)
    told = done.stdout
    assert "errors other than 503: 0" in told, done.stderr
    assert "pictures/s before" in told
    assert "health, " in told
    assert "memory in tenths of " in told

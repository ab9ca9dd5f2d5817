"""The load benchmark tells what clients met; its figures are for a machine at rest, and no test's business."""

from pathlib import Path

import pytest
from benchmark_script import script

serve_load = script("serve_load")


def test_clients_get_their_pictures_and_the_figures_are_told(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "--seconds 3 --requests 30 --clients 4 --workers 1 --megapixels 0.1 --model"
    serve_load.main([*line.split(), str(tiny)])
    told = capsys.readouterr().out
    assert "errors other than 503: 0" in told
    assert "pictures/s before" in told
    assert "health, " in told
    assert "memory in tenths of " in told

"""The cost of workers is measured against the same work in one process, and decides the exit code."""

from pathlib import Path

import pytest
from benchmark_script import script

containment = script("containment")


def test_both_ways_are_measured(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = containment.main(["--pictures", "2", "--megapixels", "0.1", "--model", str(tiny), "--runs", "1"])
    *_, one, two, verdict = capsys.readouterr().out.splitlines()
    assert one.split()[:2] == ["1", "pictures"]
    assert two.split()[:2] == ["2", "pictures"]
    assert code == int(verdict.endswith("MISSED"))

"""Every way of giving photographs to the network is measured."""

from pathlib import Path
from queue import SimpleQueue

import pytest
from benchmark_script import script

batching = script("serve_batching")


def test_each_way_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(batching, "measured", lambda model, workers, threads, together, seconds: together / 1000)
    assert batching.main(["--models", "some"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-4] for line in lines] == [str(together) for _, _, together in batching.WAYS]  # in ms


def test_a_photograph_costs_time(tiny: Path) -> None:
    start, results = batching._SPAWN.Event(), SimpleQueue[tuple[int, float] | None]()
    start.set()
    batching._run(str(tiny), 1, 2, 0.01, start, results)
    assert results.get() is None
    told = results.get()
    assert told is not None
    count, took = told
    assert count >= 2
    assert count % 2 == 0
    assert took > 0

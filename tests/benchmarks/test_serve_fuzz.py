"""Hostile files against a real server: the harness runs, and tells what must not be from what may."""

import pytest
from benchmark_script import script

fuzz = script("serve_fuzz")


def test_a_short_run_passes(capsys: pytest.CaptureFixture[str]) -> None:
    code = fuzz.main(["--files", "58"])
    told = capsys.readouterr().out
    assert code == 0, told
    assert "58 files" in told
    assert "left behind: nothing; server alive: True; names in its log: False" in told


def test_what_must_not_be_fails_it() -> None:
    def good() -> fuzz.Run:  # type: ignore[name-defined]
        flat = [90.0] * 100
        return fuzz.Run(server=list(flat), workers=list(flat), files=[20] * 100)

    assert fuzz._told(good(), True, [], "") == 0
    assert fuzz._told(good(), False, [], "") == 1
    assert fuzz._told(good(), True, ["tmp/left"], "") == 1
    assert fuzz._told(good(), True, [], f"a name: {fuzz._MARK}") == 1
    assert fuzz._told(good(), True, [], "incident 1234") == 1
    failed, grown, open_files = good(), good(), good()
    failed.failing.append(("PNG 8 bit", 1, "500 mistake"))
    grown.workers[50:] = [90.0 + step for step in range(100)][-50:]
    open_files.files[50:] = list(range(20, 70))
    assert [fuzz._told(run, True, [], "") for run in (failed, grown, open_files)] == [1, 1, 1]

"""Seconds are added up by part, also of a part that failed; without a terminal nothing is shown."""

import time

import pytest

from photochrom.evaluation.progress import Stopwatch, progress


def test_seconds_of_a_part_are_added_up_even_where_it_fails() -> None:
    watch = Stopwatch()
    with watch.part("kid"):
        time.sleep(0.02)

    def fails() -> None:
        time.sleep(0.02)
        raise KeyError

    with pytest.raises(KeyError), watch.part("kid"):
        fails()
    with watch.part("lpips"):
        pass
    assert watch.seconds["kid"] >= 0.04 > watch.seconds["lpips"] >= 0


def test_a_pipe_sees_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("measuring", 3) as advance:
        advance()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress("measuring", 3) as advance:
        advance()
        advance()
    shown = capsys.readouterr()
    assert "measuring" in shown.err
    assert shown.out == ""

"""A run that is killed again and again and resumed each time ends as one that was not: whole, the same, made once."""

import pytest
from benchmark_script import script

kills = script("kills")


def test_killed_again_and_again_it_makes_every_result_once_and_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    code = kills.main(["--pictures", "40", "--kills", "4"])
    told = capsys.readouterr().out
    assert code == 0, told
    assert "results: 40; the same bytes as without a break: True; made twice: 0" in told

"""A batch outlives its server, killed at any moment: whole, the same, made once, nothing left of what was not taken."""

import sys

import pytest
from benchmark_script import script

serve_kills = script("serve_kills")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_again_and_again_a_batch_makes_every_result_once_and_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = serve_kills.main(["--pictures", "40", "--kills", "4", "--uploads", "1"])
    told = capsys.readouterr().out
    assert code == 0, told
    assert "results: 40; the same bytes as without a break: True" in told

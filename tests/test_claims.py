"""Who makes a file: one at a time, and what a killed one leaves is known as such."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from photochrom.claims import BusyError, claimed, leftovers, remove_leftover, temporary_of


def test_a_file_is_claimed_once_at_a_time(tmp_path: Path) -> None:
    place = tmp_path / "a.jpg"
    with claimed(place):
        with pytest.raises(BusyError, match="being made"), claimed(place):
            pass
        with claimed(tmp_path / "b.jpg"):
            pass
    with claimed(place):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_is_moved_stays_and_what_is_not_is_removed(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        with claimed(tmp_path / name) as claim:
            with claim.open() as file:
                file.write(b"whole")
            if name == "a.jpg":
                claim.move(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]
    assert (tmp_path / "a.jpg").read_bytes() == b"whole"


def test_the_claim_of_a_process_ends_with_it_however_it_ends(tmp_path: Path) -> None:
    place = tmp_path / "a.jpg"
    code = (
        "import sys; from pathlib import Path; from photochrom.claims import claimed\n"
        "with claimed(Path(sys.argv[1])) as claim:\n"
        "    claim.temporary.write_bytes(b'half'); print('held', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    assert leftovers(tmp_path) == [temporary_of(place)]
    assert not remove_leftover(temporary_of(place))
    with pytest.raises(BusyError), claimed(place):
        pass
    process.kill()
    process.communicate()
    assert temporary_of(place).read_bytes() == b"half"
    with claimed(place) as claim, claim.open() as file:
        assert file.read() == b""
    assert leftovers(tmp_path) == []


def test_leftovers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    temporary_of(tmp_path / "a.jpg").write_bytes(b"half")
    (tmp_path / "b.part").write_bytes(b"mine")
    with claimed(tmp_path / "c.jpg") as claim:
        assert sorted(leftovers(tmp_path)) == sorted([temporary_of(tmp_path / "a.jpg"), claim.temporary])
        assert [remove_leftover(each) for each in (temporary_of(tmp_path / "a.jpg"), claim.temporary)] == [True, False]
        assert claim.temporary.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["b.part"]
    assert leftovers(tmp_path / "nowhere") == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    temporary_of(tmp_path / "a.jpg").symlink_to(tmp_path / "precious")
    with pytest.raises(BusyError), claimed(tmp_path / "a.jpg"):
        pass
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_name_at_the_limit_has_a_shorter_temporary_one(tmp_path: Path) -> None:
    place = tmp_path / ("é" * 120 + ".jpg")
    assert len(os.fsencode(temporary_of(place).name)) < 40
    assert temporary_of(place) != temporary_of(place.with_suffix(".png"))

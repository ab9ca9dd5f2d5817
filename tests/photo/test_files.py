"""A file is written wholly or not at all, whatever happens."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import photo_files as files
import pytest

from photochrom import photo
from photochrom.errors import PhotoError
from photochrom.photo.files import finished_or_nothing

PHOTO = files.colored(photo.open(files.grey()))
FORMATS = ["jpg", "png", "tif", "webp", "bmp"]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")
@pytest.mark.parametrize("ending", FORMATS)
def test_only_the_finished_file_is_left(ending: str, tmp_path: Path) -> None:
    PHOTO.save(tmp_path / f"a.{ending}")
    assert left(tmp_path) == [f"a.{ending}"]
    assert photo.open(tmp_path / f"a.{ending}").size == PHOTO.size


def test_a_file_that_exists_stays_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    with pytest.raises(PhotoError, match=r"a\.png: exists already"):
        PHOTO.save(path)
    assert path.read_bytes() == b"precious"
    PHOTO.save(path, overwrite=True)
    assert photo.open(path).size == PHOTO.size
    assert left(tmp_path) == ["a.png"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_nothing_is_left_after_an_interruption(error: type[BaseException], tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")

    def interrupted() -> None:
        with finished_or_nothing(tmp_path / "a.png", overwrite=True) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert left(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:

    def slow() -> None:
        with finished_or_nothing(tmp_path / "a.png") as file:
            file.write(b"ours")
            (tmp_path / "a.png").write_bytes(b"theirs")

    with pytest.raises(PhotoError, match="exists already"):
        slow()
    assert (tmp_path / "a.png").read_bytes() == b"theirs"
    assert left(tmp_path) == ["a.png"]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_full_disk_is_a_clear_error_and_leaves_no_half_file(ending: str, tmp_path: Path) -> None:
    """The system itself refuses to write on: the process may make no file longer than 2 kB."""
    code = f"""
import resource, signal, sys
import photo_files as files
from photochrom import photo
from photochrom.errors import PhotoError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
picture = files.colored(photo.open(files.grey()))
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
try:
    picture.save({str(tmp_path / f"a.{ending}")!r})
except PhotoError as error:
    sys.stdout.write(str(error))
"""
    paths = os.pathsep.join([str(Path(files.__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.stderr == ""
    assert f"a.{ending}: could not be written" in done.stdout
    assert "free some space" in done.stdout
    assert left(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_device_that_is_full_is_a_clear_error() -> None:
    with pytest.raises(PhotoError, match=r"/dev/full: could not be written.*No space left"):
        PHOTO.save("/dev/full", format="png")
    assert Path("/dev/full").is_char_device()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"b/a\.png: its folder does not exist"):
        PHOTO.save(tmp_path / "b" / "a.png")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(PhotoError, match=r"a\.png: is a folder"):
        PHOTO.save(tmp_path / "a.png", overwrite=True)


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"")
    with pytest.raises(PhotoError, match=r"a part of this path is a file"):
        PHOTO.save(tmp_path / "b" / "a.png")


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:  # root may write anywhere: let the system call say what it would say to others

        def refuse(*args: object, **options: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    else:
        tmp_path.chmod(0o500)
    with pytest.raises(PhotoError, match=r"a\.png: may not be written; check the permissions"):
        PHOTO.save(tmp_path / "a.png")
    monkeypatch.undo()
    tmp_path.chmod(0o700)
    assert left(tmp_path) == []


def test_permissions_are_those_of_a_new_file_or_of_the_one_replaced(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    PHOTO.save(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "a.png").chmod(0o640)
    PHOTO.save(tmp_path / "a.png", overwrite=True)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to("real.png")
    PHOTO.save(tmp_path / "link.png", overwrite=True)
    assert (tmp_path / "link.png").is_symlink()
    assert photo.open(tmp_path / "real.png").size == PHOTO.size


def test_a_stream_that_fails_is_named() -> None:
    class Broken:
        name = "pipe"

        def write(self, data: bytes, /) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(PhotoError, match="pipe: could not be written"):
        PHOTO.save(Broken(), format="png")

"""The zip that goes out is one that others read, as long as was said, with its pictures as they are."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest

from photochrom.service.batches import zipping
from photochrom.service.batches.zipping import Entry, length, stream

NOON = 1_700_000_000.0


def entries(folder: Path) -> list[Entry]:
    contents = {"a/größe-colour.jpg": b"\xff\xd8" + bytes(600_000), "b.png": b"png", "report.json": b"{}"}
    made = []
    for number, (name, content) in enumerate(contents.items()):
        path = folder / str(number)
        path.write_bytes(content)
        made.append(Entry(name, content if name == "report.json" else path, len(content), zlib.crc32(content)))
    return made


def test_what_is_read_from_it_is_what_was_put_in(tmp_path: Path) -> None:
    files = entries(tmp_path)
    whole = b"".join(stream(files, when=NOON))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.namelist() == ["a/größe-colour.jpg", "b.png", "report.json"]
        assert archive.testzip() is None
        assert archive.read("b.png") == b"png"
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.infolist()[0].date_time[:2] == (2023, 11)
    assert length(files) == len(whole)


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_agrees(tmp_path: Path) -> None:
    path = tmp_path / "result.zip"
    path.write_bytes(b"".join(stream(entries(tmp_path), when=NOON)))
    assert "No errors detected" in subprocess.run(["unzip", "-t", path], capture_output=True, text=True).stdout


def test_sizes_stand_before_the_files_for_those_who_unpack_while_they_read(tmp_path: Path) -> None:
    files = entries(tmp_path)
    start = b"".join(stream(files, when=NOON))[:30]
    assert int.from_bytes(start[6:8], "little") & 0x8 == 0
    assert int.from_bytes(start[22:26], "little") == files[0].size


def test_beyond_32_bits_it_is_zip64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limit of the format made small, so that small files need what large ones need."""
    monkeypatch.setattr(zipping, "_MOST", 100)
    files = entries(tmp_path)
    headers = [part for part in zipping._parts(files, when=NOON) if isinstance(part, bytes)]
    assert b"PK\x06\x06" in headers[-1]
    assert length(files) == sum(map(len, stream(files, when=NOON)))


def test_more_files_than_16_bits_count_are_read_back(tmp_path: Path) -> None:
    files = [Entry(f"{number}.jpg", b"x", 1, zlib.crc32(b"x")) for number in range(66_000)]
    with zipfile.ZipFile(io.BytesIO(b"".join(stream(files, when=NOON)))) as archive:
        assert len(archive.namelist()) == 66_000
        assert archive.read("65999.jpg") == b"x"


def test_a_file_beyond_four_gigabytes_is_read_back(tmp_path: Path) -> None:
    """A sparse one; written to a sparse file, so that it takes no room."""
    size = (4 << 30) + 5
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(size)
    crc = 0x1234  # not read here: that would take long
    files = [Entry("large.tif", large, size, crc), Entry("last.jpg", b"last", 4, zlib.crc32(b"last"))]
    path = tmp_path / "result.zip"
    with path.open("wb") as file:
        for part in zipping._parts(files, when=NOON):
            if isinstance(part, bytes):
                file.write(part)
            elif isinstance(part.content, bytes):
                file.write(part.content)
            else:
                file.seek(part.size, io.SEEK_CUR)
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("large.tif").file_size == size
        assert archive.getinfo("last.jpg").header_offset > 4 << 30
        assert archive.read("last.jpg") == b"last"


def test_a_result_that_became_shorter_breaks_the_zip_off_and_does_not_go_unnoticed(tmp_path: Path) -> None:
    files = entries(tmp_path)
    (tmp_path / "0").write_bytes(b"short")
    with pytest.raises(OSError, match="shorter"):
        list(stream(files, when=NOON))

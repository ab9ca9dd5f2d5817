"""Whatever is sent, files or zips, honest or hostile, becomes items, each with its bytes or with a reason."""

from __future__ import annotations

import io
import os
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from photochrom.errors import TooLargeError
from photochrom.service import disk
from photochrom.service.batches.intake import Limits, NothingError, take_in
from photochrom.service.batches.store import Item, State
from photochrom.service.batches.unzipping import BombError

LIMITS = Limits(files=20, bytes=50_000_000, each=20_000_000)

Sent = Callable[..., list[Item]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where items go."""
    (tmp_path / "items").mkdir()
    return tmp_path / "items"


@pytest.fixture
def sent(tmp_path: Path, folder: Path) -> Sent:
    """Sends names and bytes."""

    def send(*uploads: tuple[str, bytes], limits: Limits = LIMITS) -> list[Item]:
        (tmp_path / "sent").mkdir()
        paths = []
        for number, (name, content) in enumerate(uploads):
            path = tmp_path / "sent" / str(number)
            path.write_bytes(content)
            paths.append((name, path))
        return take_in(paths, folder, limits)

    return send


def zipped(*files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def kept(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_and_zips_are_mixed_in_their_order(sent: Sent, folder: Path) -> None:
    items = sent(("a.jpg", b"A"), ("album.zip", zipped(("x/b.png", b"B"), ("c.tif", b"C"))), ("d.bmp", b"D"))
    assert items == [Item(1, "a.jpg"), Item(2, "x/b.png"), Item(3, "c.tif"), Item(4, "d.bmp")]
    assert kept(folder) == {"1": b"A", "2": b"B", "3": b"C", "4": b"D"}


def test_nothing_is_left_where_it_was_sent_to(sent: Sent, tmp_path: Path) -> None:
    sent(("a.jpg", b"A"), ("album.zip", zipped(("b.png", b"B"))), (".DS_Store", b"junk"))
    assert list((tmp_path / "sent").iterdir()) == []


def test_a_zip_is_known_by_its_content_and_not_by_its_name(sent: Sent, folder: Path) -> None:
    items = sent(("album.jpg", zipped(("b.png", b"B"))), ("c.zip", b"\xff\xd8\xff\xe0"))
    assert [item.name for item in items] == ["b.png", "c.zip"]
    assert kept(folder)["2"] == b"\xff\xd8\xff\xe0"


def test_a_zip_in_a_zip_is_a_file_like_any_other(sent: Sent, folder: Path) -> None:
    inner = zipped(("b.png", b"B"))
    assert sent(("outer.zip", zipped(("inner.zip", inner)))) == [Item(1, "inner.zip")]
    assert kept(folder) == {"1": inner}


def test_folders_and_what_systems_leave_in_zips_are_passed_over(sent: Sent) -> None:
    names = ("__MACOSX/._a.jpg", "x/.DS_Store", "x/Thumbs.db", "x/", "x/a.jpg")
    assert sent(("album.zip", zipped(*((name, b"") for name in names[:-1]), ("x/a.jpg", b"A")))) == [Item(1, "x/a.jpg")]


def test_names_are_labels_and_nothing_is_written_by_them(sent: Sent, folder: Path, tmp_path: Path) -> None:
    names = ("../../../evil.jpg", "/etc/evil.jpg", "C:\\evil.jpg", "..\\..\\evil.jpg", "x/../../evil.jpg")
    items = sent(("album.zip", zipped(*((name, b"E") for name in names))), ("../up.jpg", b"U"))
    assert {item.name for item in items} <= {"evil.jpg", "etc/evil.jpg", "x/evil.jpg", "up.jpg"}
    assert sorted(kept(folder)) == ["1", "2", "3", "4", "5", "6"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["items", "sent"]


def test_the_same_name_twice_is_two_files(sent: Sent, folder: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped(("a.jpg", b"1"), ("a.jpg", b"2"))
    sent(("album.zip", twice), ("a.jpg", b"3"), ("a.jpg", b"4"))
    assert list(kept(folder).values()) != []
    assert {kept(folder)[str(number)] for number in (1, 2, 3, 4)} == {b"1", b"2", b"3", b"4"}


def test_names_in_utf8_are_read_whether_the_zip_says_so_or_not(sent: Sent) -> None:
    said = zipped(("größe.jpg", b"A"))
    unsaid = bytearray(said)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = unsaid.index(mark) + at
        flags = int.from_bytes(unsaid[place : place + 2], "little")
        unsaid[place : place + 2] = (flags & ~0x800).to_bytes(2, "little")
    assert [item.name for item in sent(("a.zip", said), ("b.zip", bytes(unsaid)))] == ["größe.jpg", "größe.jpg"]


def test_a_link_is_no_picture(sent: Sent, folder: Path) -> None:
    link = zipfile.ZipInfo("link.jpg")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    (item,) = sent(("album.zip", zipped((link, b"/etc/passwd"))))
    assert item.state is State.FAILED
    assert "link" in str(item.reason)
    assert kept(folder) == {}


def test_a_member_with_a_password_says_so_and_the_others_go_on(sent: Sent) -> None:
    data = bytearray(zipped(("secret.jpg", b"S"), ("a.jpg", b"A")))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    secret, other = sent(("album.zip", bytes(data)))
    assert secret.state is State.FAILED
    assert "password" in str(secret.reason)
    assert other == Item(2, "a.jpg")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_may_take_any_memory_is_refused(sent: Sent, method: int) -> None:
    (item,) = sent(("album.zip", zipped(("a.jpg", b"A"), method=method)))
    assert item.state is State.FAILED
    assert "unusual" in str(item.reason)


def test_a_damaged_member_fails_alone(sent: Sent, folder: Path) -> None:
    content = os.urandom(1000)
    data = zipped(("a.jpg", content), ("b.jpg", b"B"), method=zipfile.ZIP_STORED)
    first, second = sent(("album.zip", data.replace(content[500:520], bytes(20))))
    assert first.state is State.FAILED
    assert "damaged" in str(first.reason)
    assert second == Item(2, "b.jpg")
    assert kept(folder) == {"2": b"B"}


@pytest.mark.parametrize("end", [0, 10, 40, 80])
def test_a_zip_cut_off_is_one_item_that_says_so(sent: Sent, end: int) -> None:
    data = zipped(("a.jpg", b"A" * 100))
    (item,) = sent(("album.zip", data[: 4 + end]))
    assert (item.name, item.state) == ("album.zip", State.FAILED)


def test_a_bomb_is_refused_whole(sent: Sent) -> None:
    limits = Limits(files=20, bytes=1 << 40, each=1 << 40)
    with pytest.raises(BombError, match="unpacks to far more"):
        sent(("bomb.zip", zipped(("a.tif", bytes(40 << 20)))), limits=limits)


def test_bytes_are_counted_as_they_unpack_and_not_as_the_zip_says(sent: Sent) -> None:
    data = bytearray(zipped(("a.tif", os.urandom(1000) * 5000)))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # "it is 10 bytes"
        place = data.index(mark) + at
        data[place : place + 4] = struct.pack("<I", 10)
    (item,) = sent(("album.zip", bytes(data)), limits=Limits(files=9, bytes=4_000_000, each=4_000_000))
    assert item.state is State.FAILED  # damaged: it is not what it says


def test_a_file_that_is_too_large_fails_alone(sent: Sent, folder: Path) -> None:
    limits = Limits(files=9, bytes=10_000_000, each=1000)
    large = os.urandom(1001)
    items = sent(("a.zip", zipped(("large.jpg", large), ("b.jpg", b"B"))), ("large.jpg", large), limits=limits)
    assert [item.state for item in items] == [State.FAILED, State.WAITING, State.FAILED]
    assert "larger" in str(items[0].reason)
    assert kept(folder) == {"2": b"B"}


def test_a_batch_may_not_have_more_bytes_than_allowed(sent: Sent) -> None:
    limits = Limits(files=9, bytes=2500, each=2000)
    half = os.urandom(1300)
    with pytest.raises(TooLargeError, match="unpacked"):
        sent(("a.zip", zipped(("a.jpg", half))), ("b.jpg", half), limits=limits)


def test_a_batch_may_not_have_more_files_than_allowed(sent: Sent) -> None:
    many = zipped(*((f"{number}.jpg", b"") for number in range(10)))
    with pytest.raises(TooLargeError, match="may have 9"):
        sent(("a.zip", many), limits=Limits(files=9, bytes=1000, each=1000))


def test_files_beside_a_zip_count_too(sent: Sent) -> None:
    with pytest.raises(TooLargeError, match="may have 2"):
        sent(*((f"{number}.jpg", b"x") for number in range(3)), limits=Limits(files=2, bytes=1000, each=1000))


def test_an_endless_table_of_contents_takes_no_memory(sent: Sent) -> None:
    """200,000 files in a zip of 20 MB."""
    entry = struct.pack("<IHHHHIIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0) + b"x" * 60
    directory = entry * 200_000
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFE, 0xFFFE, len(directory), 4, 0)
    tracemalloc.start()
    try:
        with pytest.raises(BombError, match="table of contents"):
            sent(("bomb.zip", b"PK\x03\x04" + directory + end))
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()


def test_members_that_overlap_are_counted_each(sent: Sent) -> None:
    """The bomb of one kernel that many members share: each unpacks for itself, and all of it counts."""
    data = zipped(("a.tif", os.urandom(100_000)))
    at = data.index(b"PK\x01\x02")
    entry, end = data[at : data.index(b"PK\x05\x06")], bytearray(data[data.index(b"PK\x05\x06") :])
    end[8:12] = struct.pack("<HH", 15, 15)
    end[12:16] = struct.pack("<I", len(entry) * 15)
    overlapping = data[:at] + entry * 15 + bytes(end)
    limits = Limits(files=20, bytes=1_000_000, each=1_000_000)
    try:
        items = sent(("bomb.zip", overlapping), limits=limits)
    except TooLargeError:
        return  # where zipfile lets them through
    assert {item.state for item in items} == {State.FAILED}  # where it finds them out


@pytest.mark.parametrize("content", [b"PK\x05\x06" + bytes(18), zipped(("x/", b"")), zipped((".DS_Store", b"junk"))])
def test_a_zip_without_pictures_is_nothing(sent: Sent, content: bytes) -> None:
    with pytest.raises(NothingError):
        sent(("empty.zip", content))


def test_a_form_field_left_empty_is_nothing(sent: Sent) -> None:
    with pytest.raises(NothingError):
        sent(("", b""))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_said_in_a_sentence(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Path.open

    def full(path: Path, mode: str = "r", *arguments: object) -> object:
        return open("/dev/full", "wb") if "x" in mode else original(path, mode)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(disk.NoSpaceError, match=r"could not write.*No space left"):
        sent(("album.zip", zipped(("a.jpg", os.urandom(100_000)))))


def test_whatever_is_done_to_a_zip_it_is_taken_or_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = zipped(("a/b.jpg", os.urandom(300) + bytes(5000)), ("größe.png", b"x" * 100), ("c.txt", b""))
    heads = [place for place in range(len(whole)) if whole[place : place + 2] == b"PK"]
    chance = random.Random(0)
    limits = Limits(files=50, bytes=1_000_000, each=1_000_000)
    failed = 0
    for number in range(500):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            data[min(chance.choice(heads) + chance.randint(0, 60), len(data) - 1)] = chance.choice(
                [0, 255, number % 256]
            )
        if number % 3 == 0:
            place = chance.randrange(4, len(data))
            del data[place : place + chance.randint(1, 30)]
        data[:4] = b"PK\x03\x04"
        (folder := tmp_path / str(number)).mkdir()
        (path := tmp_path / "sent").write_bytes(data)
        try:
            items = take_in([("a.zip", path)], folder, limits)
        except (TooLargeError, NothingError):
            continue
        failed += any(item.state is State.FAILED for item in items)
        assert {path.name for path in folder.iterdir()} == {
            str(item.number) for item in items if item.state is State.WAITING
        }
    assert 100 < failed < 500


def test_a_member_without_a_name_is_a_photograph(sent: Sent) -> None:
    data = zipped(("x", b"A"))
    for mark, at, name in ((b"PK\x03\x04", 26, 30), (b"PK\x01\x02", 28, 46)):
        place = data.index(mark)
        head = bytearray(data[place : place + name])
        head[at] = 0
        data = data[:place] + bytes(head) + data[place + name + 1 :]
    end = bytearray(data)
    at = data.index(b"PK\x05\x06")
    end[at + 12] -= 1
    end[at + 16] -= 1
    assert sent(("album.zip", bytes(end))) == [Item(1, "photograph")]

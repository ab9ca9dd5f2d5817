"""IPTC goes in and out of Photoshop's resources."""

import photo_files as files
from hypothesis import given
from hypothesis import strategies as st

from photochrom.photo import iptc


def test_iptc_is_found_among_other_resources() -> None:
    assert iptc.from_resources(files.photoshop()) == files.IPTC
    assert iptc.from_resources(b"") is None
    assert iptc.from_resources(b"8BIM\x04\x04") is None


def test_new_iptc_replaces_the_old_and_the_rest_stays() -> None:
    block = iptc.to_resources(b"\x1c\x02\x05\0\1x", files.photoshop())
    assert iptc.from_resources(block) == b"\x1c\x02\x05\0\1x"
    assert [number for number, _, _ in iptc.resources(block)] == [0x0404, 0x03ED, 0x0BB7]


def test_thumbnails_and_digests_that_no_longer_hold_are_left_out() -> None:
    thumbnail = b"8BIM\x04\x0c\0\0\0\0\0\4thmb"
    digest = b"8BIM\x04\x25\0\0\0\0\0\4hash"
    block = iptc.to_resources(files.IPTC, thumbnail + digest + files.photoshop())
    assert b"thmb" not in block
    assert b"hash" not in block
    assert b"odd" in block


def test_nothing_gives_nothing() -> None:
    assert iptc.to_resources(None) == b""


@given(st.lists(st.tuples(st.integers(0, 0x3FF), st.binary(max_size=9), st.binary(max_size=9))))
def test_resources_of_odd_lengths_come_back(items: list[tuple[int, bytes, bytes]]) -> None:
    parts = []
    for number, name, content in items:
        title = bytes([len(name)]) + name
        parts.append(b"8BIM" + number.to_bytes(2, "big") + title + bytes(len(title) % 2))
        parts.append(len(content).to_bytes(4, "big") + content + bytes(len(content) % 2))
    assert iptc.resources(b"".join(parts)) == items
    assert iptc.resources(iptc.to_resources(None, b"".join(parts))) == items


@given(st.binary(max_size=200))
def test_garbage_is_survived(junk: bytes) -> None:
    iptc.resources(junk)
    iptc.resources(b"8BIM" + junk)

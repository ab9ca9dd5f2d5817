"""The mark is honest, merges into what was there, can be replayed, and has nothing of chance or time in it."""

import datetime
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import photo_files as files
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom import photo
from photochrom.photo import mark
from photochrom.photo.mark import DIGITAL_SOURCE_TYPE, Record, marked, read_record

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
EXT = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
MM = "{http://ns.adobe.com/xap/1.0/mm/}"
REF = "{http://ns.adobe.com/xap/1.0/sType/ResourceRef#}"
OURS = f"{{{mark.PHOTOCHROM}}}"
CAMERA = "http://cv.iptc.org/newscodes/digitalsourcetype/negativeFilm"
SHA = "ab" * 32


def tree(packet: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(packet)


def made(packet: bytes | None, record: Record = files.RECORD, **options: Any) -> bytes:
    return marked(packet, record, **{"original_sha256": SHA, "width": 96, "height": 64, **options})


def test_the_mark_says_that_a_machine_guessed_the_colours() -> None:
    found = tree(made(None))
    assert [node.text for node in found.iter(f"{EXT}DigitalSourceType")] == [DIGITAL_SOURCE_TYPE]
    assert DIGITAL_SOURCE_TYPE.endswith("/compositeWithTrainedAlgorithmicMedia")
    assert [node.text for node in found.iter(f"{OURS}Software")] == ["Photochrom 9.9.9"]
    assert [node.text for node in found.iter(f"{OURS}sha256")] == [SHA]


def test_the_record_can_be_read_back() -> None:
    assert read_record(made(None)) == files.RECORD
    assert read_record(made(files.xmp())) == files.RECORD
    assert read_record(files.xmp()) is None
    assert read_record(None) is None


def test_what_was_there_stays() -> None:
    packet = files.xmp('<dc:title>Migrant Mother</dc:title><dc:odd rdf:resource="x"/>', 'dc:format="image/jpeg"')
    found = tree(made(packet))
    assert found.findtext(".//{http://purl.org/dc/elements/1.1/}title") == "Migrant Mother"
    assert b'dc:format="image/jpeg"' in made(packet)
    assert b'<dc:odd rdf:resource="x"/>' in made(packet)


@pytest.mark.parametrize(
    ("inner", "attributes"),
    [
        (f"<Iptc4xmpExt:DigitalSourceType>{CAMERA}</Iptc4xmpExt:DigitalSourceType>", ""),
        (f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{CAMERA}"/>', ""),
        ("", f'Iptc4xmpExt:DigitalSourceType="{CAMERA}"'),
    ],
)
def test_a_source_type_that_was_there_moves_to_derived_from(inner: str, attributes: str) -> None:
    found = tree(made(files.xmp(inner, attributes)))
    derived = found.find(f".//{MM}DerivedFrom")
    assert derived is not None
    assert derived.get(f"{RDF}parseType") == "Resource"
    assert derived.findtext(f"{EXT}DigitalSourceType") == CAMERA
    assert derived.findtext(f"{OURS}sha256") == SHA
    top = [d.findtext(f"{EXT}DigitalSourceType") for d in found.iter(f"{RDF}Description")]
    assert [value for value in top if value] == [DIGITAL_SOURCE_TYPE]
    assert CAMERA not in "".join(str(d.attrib) for d in found.iter(f"{RDF}Description"))


def test_the_originals_ids_and_its_own_origin_are_kept() -> None:
    packet = files.xmp(
        '<xmpMM:DerivedFrom rdf:parseType="Resource"><stRef:documentID>grand</stRef:documentID></xmpMM:DerivedFrom>',
        'xmpMM:DocumentID="doc" xmpMM:InstanceID="inst"',
    )
    derived = tree(made(packet)).findall(f".//{RDF}Description/{MM}DerivedFrom")
    assert len(derived) == 1
    assert (derived[0].findtext(f"{REF}documentID"), derived[0].findtext(f"{REF}instanceID")) == ("doc", "inst")
    assert derived[0].findtext(f"{MM}DerivedFrom/{REF}documentID") == "grand"


def test_a_second_colouring_keeps_the_first_mark_as_its_origin() -> None:
    second = Record("Photochrom 10", "fast 2", {"vividness": 0.9})
    found = made(made(None), second, original_sha256="cd" * 32)
    assert read_record(found) == second
    derived = tree(found).find(f".//{RDF}Description/{MM}DerivedFrom")
    assert derived is not None
    assert derived.findtext(f"{OURS}Software") == "Photochrom 9.9.9"
    assert derived.findtext(f"{OURS}sha256") == "cd" * 32
    assert derived.findtext(f"{MM}DerivedFrom/{OURS}sha256") == SHA


def test_the_picture_stands_upright_in_xmp_too() -> None:
    attributes = 'tiff:Orientation="6" tiff:ImageWidth="64"'
    found = made(files.xmp("<tiff:ImageLength>96</tiff:ImageLength>", attributes))
    assert b'tiff:Orientation="1"' in found
    assert b'tiff:ImageWidth="96"' in found
    assert b"<tiff:ImageLength>64</tiff:ImageLength>" in found
    assert mark.orientation(files.xmp("", attributes)) == 6
    assert mark.orientation(found) == 1


@pytest.mark.parametrize(
    "packet",
    [
        b"<x",
        b"\0" * 50,
        "müll".encode("latin-1"),
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        files.xmp().decode().replace("<x:", '<!DOCTYPE a [<!ENTITY b "c">]><x:', 1).encode("utf-16-le"),
        files.xmp("<a>" * 5000 + "</a>" * 5000),
        files.xmp()[:300],
    ],
)
def test_damaged_xmp_is_replaced_and_that_is_said(packet: bytes) -> None:
    with photo.collect_warnings() as notes:
        found = made(packet, name="family.jpg")
    assert read_record(found) == files.RECORD
    assert len(notes) == 1
    assert "family.jpg" in notes[0]


def test_a_packet_in_utf_16_is_understood() -> None:
    packet = files.xmp().decode().encode("utf-16")
    assert tree(made(packet)).findtext(".//{http://purl.org/dc/elements/1.1/}title") == "Migrant Mother"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.text(), json_values, max_size=4), st.lists(st.dictionaries(st.text(), json_values, max_size=3))
)
def test_any_options_and_hints_survive(options: dict[str, Any], hints: list[dict[str, Any]]) -> None:
    record = Record("Photochrom 1", "best 1", options, tuple(hints))
    assert read_record(made(None, record)) == record
    assert read_record(made(made(files.xmp(), record), record)) == record


def test_notes_are_readable_in_the_packet_in_any_language() -> None:
    packet = made(None, Record("a", "b", hints=({"note": "Museum Görlitz, 制服 \ufffe"},)))
    assert '"note":"Museum Görlitz, 制服 \\ufffe"'.encode() in packet.replace(b"&quot;", b'"')


def test_the_size_that_hints_count_pixels_of_is_in_the_mark_and_where_files_lay_is_not() -> None:
    packet = made(None, Record("a", "b", {"keep_grey": {"sha256": "0"}}, files={"keep_grey": "/home/me/mask.png"}))
    read = read_record(packet)
    assert read is not None
    assert read.size == (96, 64)
    assert b"mask.png" not in packet


@pytest.mark.parametrize("text", ["3", "{}", "[1", "[" * 100_000])
def test_a_damaged_record_is_no_record(text: str) -> None:
    packet = made(None, Record("a", "b", hints=({"note": "known"},)))
    damaged = packet.replace(b"[{&quot;note&quot;:&quot;known&quot;}]", text.encode())
    assert damaged != packet
    with pytest.raises(ValueError, match=r"JSON|delimiter"):
        read_record(damaged)


def test_numpys_numbers_are_written_as_numbers() -> None:
    record = Record("a", "b", {"vividness": np.float32(0.5), "size": np.array([1, 2])})
    read = read_record(made(None, record))
    assert read is not None
    assert read.options == {"vividness": 0.5, "size": [1, 2]}


def test_names_with_characters_that_xml_forbids_are_cleaned() -> None:
    read = read_record(made(None, Record("a\0b\x1bc <&> é", "m")))
    assert read is not None
    assert read.software == "abc <&> é"


def test_the_same_work_gives_the_same_bytes_and_no_time() -> None:
    assert made(files.xmp()) == made(files.xmp())
    assert not re.search(rb"T\d\d:\d\d", made(files.xmp()))
    assert f"{datetime.date.today().year}".encode() not in made(files.xmp())


@pytest.mark.parametrize("format", ["jpeg", "png", "tiff", "webp"])
def test_a_marked_file_is_known_again(format: str, tmp_path: Any) -> None:
    plain, done = tmp_path / "plain", tmp_path / "done"
    plain.write_bytes(files.encoded(files.astronaut(), format))
    done.write_bytes(files.saved(files.colored(photo.open(plain))))
    assert not photo.is_marked(plain)
    assert photo.is_marked(done)
    done.write_bytes(done.read_bytes()[:60])
    assert not photo.is_marked(done)


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xd8\xff", b"II*\0", b"\x89PNG\r\n\x1a\n", b"RIFF1234WEBP"])
def test_what_is_no_whole_picture_is_not_marked(content: bytes, tmp_path: Any) -> None:
    (tmp_path / "odd").write_bytes(content)
    assert not photo.is_marked(tmp_path / "odd")
    assert not photo.is_marked(tmp_path)
    assert not photo.is_marked(tmp_path / "missing")


def test_the_size_that_hints_count_is_the_photographs_also_in_a_picture_of_it_that_is_smaller() -> None:
    record = Record("Photochrom", "best", size=(4000, 3000))
    packet = marked(None, record, original_sha256=None, width=1600, height=1200)
    found = read_record(packet)
    assert found is not None
    assert found.size == (4000, 3000)

"""Everything that a file carries beside its pixels comes out again: every EXIF tag by value, wherever it is stored.

The EXIF block is put together here, with a tag of every type that TIFF 6.0 knows; Pillow and exact
bytes say what became of it.
"""

import struct
from typing import Any, Literal

import numpy as np
import photo_files as files
import pytest
from PIL import Image, ImageOps

from photochrom import photo

FORMATS = ["JPEG", "PNG", "TIFF", "WEBP"]
SIZE = (96, 64)
GREY = Image.fromarray(files.grey(*SIZE))
MAKER_NOTE = b"Brownie\0\1\0" + bytes(range(90)) + b"look at offset 4711"
_EXIF, _GPS, _INTEROP, _STRIP = 0x8769, 0x8825, 0xA005, 273

Order = Literal["<", ">"]
Value = bytes | list[int] | list[float]


def block(order: Order, orientation: int = 1, picture: Image.Image | None = None) -> bytes:
    """EXIF with a tag of each type, one value and several, in its four directories; with a picture it is a TIFF."""
    main: dict[int, tuple[int, Value]] = {
        0x010E: (2, "Mother, father — 1936\0".encode()),
        0x010F: (2, b"Kodak\0"),
        0x0112: (3, [orientation]),
        0x011A: (5, [2400, 8]),
        0x011B: (5, [2400, 8]),
        0x0128: (3, [2]),
        0x0131: (2, b"a scanner's program\0"),
        0x9C9B: (1, list("Family\0".encode("utf-16-le"))),
        0xC350: (6, [256 - 3, 5]),
        0xC351: (8, [-3000, 3000]),
        0xC352: (9, [-70000]),
        0xC353: (11, [0.25, -1.5]),
        0xC354: (12, [3.141592653589793]),
        0xC355: (4, [0, 1, 4294967295]),
    }
    if picture is not None:
        width, height = picture.size
        main |= {256: (3, [width]), 257: (3, [height]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1]), 277: (3, [1])}
        main |= {_STRIP: (4, [0]), 278: (3, [height]), 279: (4, [width * height])}
        main |= {700: (1, list(files.xmp())), 33723: (7, files.IPTC)}
    camera: dict[int, tuple[int, Value]] = {
        0x829A: (5, [1, 60]),
        0x9000: (7, b"0232"),
        0x9003: (2, b"1936:03:06 12:00:00\0"),
        0x9201: (10, [-7, 3]),
        0x927C: (7, MAKER_NOTE),
        0x9286: (7, b"UNICODE\0" + "note".encode("utf-16-le")),
        0xA002: (4, [SIZE[0]]),
        0xA003: (4, [SIZE[1]]),
        0xA432: (5, [50, 1, 50, 1, 18, 10, 18, 10]),
    }
    gps: dict[int, tuple[int, Value]] = {
        0x0000: (1, [2, 3, 0, 0]),
        0x0001: (2, b"N\0"),
        0x0002: (5, [35, 1, 2, 1, 3045, 100]),
        0x001B: (7, b"ASCII\0\0\0by hand"),
    }
    interop: dict[int, tuple[int, Value]] = {0x0001: (2, b"R98\0"), 0x0002: (7, b"0100")}
    data = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8))
    places: dict[int, int] = {}
    for link, parent, tags in ((0, None, main), (_EXIF, main, camera), (_GPS, main, gps), (_INTEROP, camera, interop)):
        if parent is not None:
            parent[link] = (4, [0])
        if link == 0:
            tags |= {_EXIF: (4, [0]), _GPS: (4, [0])}
        if link == _EXIF:
            tags[_INTEROP] = (4, [0])
        start = len(data)
        if link:
            struct.pack_into(order + "I", data, places[link], start)
        after = start + 2 + 12 * len(tags) + 4
        entries, values = struct.pack(order + "H", len(tags)), b""
        for number, (kind, value) in sorted(tags.items()):
            content = value if isinstance(value, bytes) else _packed(order, kind, value)
            count = len(content) // {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}[kind]
            if number in (_EXIF, _GPS, _INTEROP, _STRIP):
                places[number] = start + len(entries) + 8
            inside = content.ljust(4, b"\0")
            if len(content) > 4:
                inside = struct.pack(order + "I", after + len(values))
                values += content + bytes(len(content) % 2)
            entries += struct.pack(order + "HHI", number, kind, count) + inside
        data += entries + bytes(4) + values
    if picture is not None:
        struct.pack_into(order + "I", data, places[_STRIP], len(data))
        data += picture.tobytes()
    return bytes(data)


def _packed(order: Order, kind: int, value: list[int] | list[float]) -> bytes:
    letter = {1: "B", 3: "H", 4: "I", 5: "I", 6: "B", 8: "h", 9: "i", 10: "i", 11: "f", 12: "d"}[kind]
    return struct.pack(f"{order}{len(value)}{letter}", *value)


def stored(format: str, order: Order, orientation: int = 1, image: Image.Image = GREY) -> bytes:
    """A file with this EXIF, and with IPTC and XMP where the format keeps them."""
    exif = block(order, orientation)
    if format == "TIFF":
        return block(order, orientation, image)
    if format == "JPEG":
        return files.with_segments(
            files.encoded(image, "JPEG", quality=95, dpi=(300, 300)),
            files.jpeg_segment(1, b"Exif\0\0" + exif),
            files.jpeg_segment(1, b"http://ns.adobe.com/xap/1.0/\0" + files.xmp()),
            files.jpeg_segment(13, b"Photoshop 3.0\0" + files.photoshop()),
        )
    if format == "PNG":
        iptc = files.photoshop()
        raw = f"\niptc\n{len(iptc):8d}\n{iptc.hex()}\n".encode()
        return files.with_chunks(
            files.encoded(image, "PNG", dpi=(300, 300)),
            files.png_chunk(b"eXIf", exif),
            files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + files.xmp()),
            files.png_chunk(b"tEXt", b"Raw profile type iptc\0" + raw),
        )
    return files.encoded(image, "WEBP", lossless=True, exif=exif, xmp=files.xmp())


def values(file: bytes) -> dict[tuple[int, int], Any]:
    """(directory, tag) and value of all that Pillow finds in a file's EXIF; a TIFF's pixels left out."""
    found = files.decoded(file).getexif()
    parts = {0: dict(found), _EXIF: found.get_ifd(_EXIF), _GPS: found.get_ifd(_GPS)}
    # Pillow looks for this directory only in a block of its own, not in a TIFF.
    parts[_INTEROP] = found.get_ifd(_INTEROP)
    links = {_EXIF, _GPS, _INTEROP}
    everything = {(part, tag): value for part, tags in parts.items() for tag, value in tags.items() if tag not in links}
    return {key: value for key, value in everything.items() if key[0] or key[1] not in _PIXELS}


_PIXELS = frozenset({256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 338, 339, 700, 33723, 34377, 34675})


def expected(format: str, order: Order, size: tuple[int, int]) -> dict[tuple[int, int], Any]:
    """What `values` must find in the result."""
    kept = values(stored(format, order))
    return kept | {(0, 0x0112): 1, (_EXIF, 0xA002): size[0], (_EXIF, 0xA003): size[1]}


def without_what_tiff_hides(found: dict[tuple[int, int], Any]) -> dict[tuple[int, int], Any]:
    """Without the directory that Pillow does not find in a TIFF, and the orientation, which is the pixels' there."""
    return {key: value for key, value in found.items() if key[0] != _INTEROP and key != (0, 0x0112)}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_every_tag_has_its_value_in_every_format(source: str, target: str, order: Order) -> None:
    opened = photo.open(stored(source, order))
    result = files.saved(files.colored(opened), format=target)
    found, wanted = values(result), expected(source, order, SIZE)
    if "TIFF" in (source, target):
        found, wanted = (without_what_tiff_hides(each) for each in (found, wanted))
    assert found == wanted
    assert len(found) >= 25
    assert found[_EXIF, 0x927C] == MAKER_NOTE


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("source", FORMATS)
def test_the_directory_that_pillow_does_not_look_for_in_a_tiff_is_there_too(source: str, order: Order) -> None:
    result = files.saved(files.colored(photo.open(stored(source, order))), format="tiff")
    back = files.saved(files.colored(photo.open(result)), format="jpeg")
    found = values(back)
    assert (found[_INTEROP, 1], found[_INTEROP, 2]) == ("R98", b"0100")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("target", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP"])
def test_maker_notes_stay_where_they_are_in_the_block(source: str, target: str, order: Order) -> None:
    before = block(order, 6)
    result = files.saved(files.colored(photo.open(stored(source, order, 6))), format=target)
    after = photo.open(result).metadata.exif
    assert after is not None
    assert after in result
    assert after.index(MAKER_NOTE) == before.index(MAKER_NOTE)
    differing = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert len(differing) <= 1 + 2 * 4  # the orientation, the two sides


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("format", FORMATS)
def test_every_orientation_is_applied_and_becomes_normal(format: str, order: Order, orientation: int) -> None:
    turned = GREY.copy()
    turned.getexif()[0x0112] = orientation
    upright = ImageOps.exif_transpose(turned)
    result = files.saved(files.colored(photo.open(stored(format, order, orientation))))
    image = files.decoded(result)
    assert image.size == upright.size
    assert np.abs(files.pillow_grey(image.convert("RGB")) - np.asarray(upright)).mean() < (3 if format == "JPEG" else 1)
    assert image.getexif().get(0x0112, 1) == 1
    found, wanted = values(result), expected(format, order, upright.size)
    assert without_what_tiff_hides(found) == without_what_tiff_hides(wanted)


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_density_xmp_and_iptc_come_through_or_their_loss_is_named(source: str, target: str) -> None:
    opened = photo.open(stored(source, "<"))
    with photo.collect_warnings() as notes:
        result = files.saved(files.colored(opened), format=target)
    again = photo.open(result)
    assert b"Migrant Mother" in (again.metadata.xmp or b"")
    assert photo.read_record(again.metadata.xmp) == files.RECORD
    assert again.metadata.density is not None
    assert again.metadata.density.per_inch() == pytest.approx((300, 300), abs=0.01)
    iptc = source != "WEBP"
    assert again.metadata.iptc == (files.IPTC if iptc and target != "WEBP" else None)
    assert ["IPTC" in note for note in notes] == ([True] if iptc and target == "WEBP" else [])


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("depth", [8, 16])
def test_the_depth_stays(format: str, depth: int) -> None:
    samples = files.grey() if depth == 8 else files.grey().astype(np.uint16) * np.uint16(256)
    file = files.encoded(Image.fromarray(samples), format)
    opened = photo.open(files.saved(files.colored(photo.open(file))))
    assert (opened.depth, opened.luma.dtype) == (depth, samples.dtype)
    assert np.abs(opened.luma.astype(int) - samples).max() <= 1

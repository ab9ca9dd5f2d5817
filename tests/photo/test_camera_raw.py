"""Camera raw is known by its content, whatever its name, and no ordinary TIFF is taken for it."""

import struct

import numpy as np
import photo_files as files
import pytest
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoError
from photochrom.photo.formats import camera_raw

THUMBNAIL = np.asarray(files.astronaut().resize((16, 12)).convert("L"))


def raw(make: bytes, sensor: dict[int, int], *, order: str = "<", more: dict[int, int] | None = None) -> bytes:
    """A TIFF structure as cameras write it: a small finished picture, and below it the directory of the sensor's."""
    pixels = THUMBNAIL.tobytes()
    text = make + b"\0"
    main = {
        0x00FE: 1,
        0x0100: 16,
        0x0101: 12,
        0x0102: 8,
        0x0103: 1,
        0x0106: 1,
        0x0115: 1,
        0x0116: 12,
        0x0117: len(pixels),
    }
    main |= more or {}
    entries = sorted([*main, 0x010F, 0x0111, 0x014A])
    start = 8 + 2 + 12 * len(entries) + 4
    below = start + len(text) + len(text) % 2
    below_length = 2 + 12 * len(sensor) + 4
    values = main | {0x0111: below + below_length, 0x014A: below}
    block = struct.pack(order + "H", len(entries))
    for tag in entries:
        if tag == 0x010F:
            block += struct.pack(order + "HHII", tag, 2, len(text), start)
        else:
            block += struct.pack(order + "HHII", tag, 4, 1, values[tag])
    block += bytes(4) + text + bytes(len(text) % 2)
    block += struct.pack(order + "H", len(sensor))
    for tag, value in sorted(sensor.items()):
        block += struct.pack(order + "HHII", tag, 4, 1, value)
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8) + block + bytes(4) + pixels


MOSAIC = {0x0100: 4000, 0x0101: 3000, 0x0103: 1, 0x0106: 32803}


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        (raw(b"NIKON CORPORATION", MOSAIC, order=">"), "Nikon NEF"),
        (raw(b"NIKON CORPORATION", MOSAIC | {0x0106: 1, 0x0103: 34713}), "Nikon NEF"),
        (raw(b"SONY", MOSAIC), "Sony ARW"),
        (raw(b"PENTAX", MOSAIC), "Pentax PEF"),
        (raw(b"SAMSUNG", MOSAIC), "Samsung SRW"),
        (raw(b"Somebody", MOSAIC), "TIFF/EP"),
        (raw(b"Leica", MOSAIC, more={0xC612: 0x0401}), "DNG"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(80), "Canon CR2"),
        (struct.pack(">I", 24) + b"ftypcrx \0\0\0\1crx isom" + bytes(80), "Canon CR3"),
        (b"FUJIFILMCCD-RAW 0201FF383501" + bytes(80), "Fujifilm RAF"),
        (b"IIRO\x08\0\0\0" + bytes(80), "Olympus ORF"),
        (b"IIU\0\x18\0\0\0" + bytes(80), "Panasonic RW2"),
        (b"FOVb" + bytes(80), "Sigma X3F"),
        (b"II*\0\x08\0\0\0IIII\1waR" + bytes(80), "Phase One IIQ"),
    ],
)
def test_each_kind_is_refused_with_what_to_do(file: bytes, kind: str) -> None:
    with pytest.raises(PhotoError, match=rf"camera raw \({kind}\).*export a 16-bit TIFF"):
        photo.open(file)
    with pytest.raises(PhotoError, match="camera raw"):
        photo.pages(file)


def test_the_same_structure_without_a_sensor_is_an_ordinary_tiff() -> None:
    with photo.collect_warnings():
        opened = photo.open(raw(b"NIKON CORPORATION", {0x0100: 8, 0x0101: 8, 0x0103: 1, 0x0106: 1}))
    np.testing.assert_array_equal(opened.luma, THUMBNAIL)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "CMYK", "I;16"])
def test_tiffs_of_scanners_and_programs_are_not_taken_for_raw(mode: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "NIKON CORPORATION"
    image = Image.new("I;16", (9, 7)) if mode == "I;16" else files.astronaut().resize((9, 7)).convert(mode)
    assert camera_raw.recognised(files.encoded(image, "TIFF", exif=exif)) is None


def test_a_damaged_structure_is_left_to_the_reader_of_tiff() -> None:
    file = raw(b"SONY", MOSAIC)
    for end in range(8, len(file) - len(THUMBNAIL.tobytes()), 7):
        assert camera_raw.recognised(file[:end]) in (None, "Sony ARW")
    looped = bytearray(raw(b"SONY", {0x0106: 1}))
    where = looped.index(struct.pack("<HHI", 0x014A, 4, 1)) + 8
    struct.pack_into("<I", looped, where, 8)
    assert camera_raw.recognised(bytes(looped)) is None

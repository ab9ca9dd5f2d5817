"""Files for the tests of photo: pictures, profiles and metadata blocks, made by hand and from scikit-image's samples.

Hand-made, because a block that our own code wrote would prove nothing.
"""

import io
import struct
import zlib
from dataclasses import replace
from functools import cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from photochrom.photo import Photo, Record
from photochrom.photo import open as open_photo

RECORD = Record(
    software="Photochrom 9.9.9",
    model="best 1.2.3",
    options={"vividness": 0.5, "strength": 1.0},
    hints=({"x": 3, "y": 4, "color": "#7a1f2b", "note": "mother’s red dress"},),
)


@cache
def astronaut() -> Image.Image:
    """An RGB photograph, 512 x 512."""
    return Image.fromarray(data.astronaut())


@cache
def grey(width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """A grey photograph, uint8 (height, width), with black and white in it."""
    return np.asarray(astronaut().convert("L").resize((width, height)))


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    """The file that Pillow writes."""
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def decoded(file: bytes) -> Image.Image:
    """The file as Pillow reads it, wholly."""
    image = Image.open(io.BytesIO(file))
    image.load()
    return image


def colored(photo: Photo, *, seed: int = 0, strength: float = 25.0) -> Photo:
    """The photograph with soft patches of random color, far too strong for the gamut here and there."""
    height, width = 12, 16
    ab = np.random.default_rng(seed).normal(0, strength, (4, 4, 2)).astype(np.float32)
    large: NDArray[np.float32] = cv2.resize(ab, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return photo.colored(large, photo.working_luma((height, width)), record=RECORD)


def saved(photo: Photo, **options: Any) -> bytes:
    """The file that the photograph saves itself as."""
    stream = io.BytesIO()
    photo.save(stream, **options)
    return stream.getvalue()


def check_all_the_way(shape: tuple[int, int], bits: int, format: str) -> None:
    """See that a ramp, with alpha where it has 8 bits, comes back from a format: its size, its light, its alpha."""
    samples = (np.arange(shape[0] * shape[1]) % 256).astype(np.uint8).reshape(shape)
    opened = open_photo(np.dstack([samples, samples]) if bits == 8 else samples.astype(np.uint16) * np.uint16(257))
    result = open_photo(saved(colored(opened), format=format))
    assert result.size == opened.size
    assert np.abs(result.luma.astype(int) - opened.luma).mean() < np.iinfo(opened.luma.dtype).max * 0.03
    if opened.alpha is not None:
        np.testing.assert_array_equal(result.alpha, opened.alpha)


def with_more_than_most_hold() -> Photo:
    """A colored photograph of 16 bits that came with IPTC."""
    opened = open_photo(grey().astype(np.uint16) * np.uint16(257))
    return colored(replace(opened, metadata=replace(opened.metadata, iptc=IPTC)))


def pillow_grey(image: Image.Image | NDArray[np.uint8]) -> NDArray[np.int64]:
    """Turned to grey by Pillow."""
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    return np.asarray(picture.convert("L")).astype(np.int64)


# --- colour profiles ----------------------------------------------------------------------------

_ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
_SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
_WHITE = (0.9642, 1.0, 0.8249)


def profile(kind: Literal["adobe", "srgb", "grey"], gamma: float = 2.2) -> bytes:
    """An ICC profile of version 2 (ICC.1:2001-04): matrix and gamma for RGB, gamma alone for grey."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {b"desc": _description(kind), b"cprt": b"text" + bytes(4) + b"public domain\0", b"wtpt": _xyz(_WHITE)}
    if kind == "grey":
        tags[b"kTRC"] = curve
    else:
        for letter, column in zip(b"rgb", _ADOBE_RGB if kind == "adobe" else _SRGB, strict=True):
            tags[bytes([letter]) + b"XYZ"] = _xyz(column)
            tags[bytes([letter]) + b"TRC"] = curve
    place = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", place + len(body), len(content))
        body += content
    space = b"GRAY" if kind == "grey" else b"RGB "
    head = struct.pack(">I4sI4s4s4s", place + len(body), bytes(4), 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += b"".join(struct.pack(">i", round(value * 65536)) for value in _WHITE)
    return head + bytes(128 - len(head)) + table + body


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _description(text: str) -> bytes:
    ascii = text.encode() + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(ascii)) + ascii + bytes(78)


# --- EXIF, IPTC, XMP ----------------------------------------------------------------------------

MAKER_NOTE = b"MAKER\0" + bytes(range(64))
THUMBNAIL = b"\xff\xd8the grey thumbnail\xff\xd9"


def exif(
    orientation: int = 1,
    *,
    order: Literal["<", ">"] = "<",
    size: tuple[int, int] = (96, 64),
    resolution: tuple[int, int] = (300, 300),
    thumbnail: bool = True,
) -> bytes:
    """An EXIF block with a camera's name, resolution, pixel sizes, a maker note, GPS and, at its end, a thumbnail."""
    make = b"Kodak Brownie\0"
    main = [
        (0x010F, 2, len(make), make),
        (0x0112, 3, 1, struct.pack(order + "H", orientation)),
        (0x011A, 5, 1, struct.pack(order + "II", resolution[0], 1)),
        (0x011B, 5, 1, struct.pack(order + "II", resolution[1], 1)),
        (0x0128, 3, 1, struct.pack(order + "H", 2)),
        (0x8769, 4, 1, b"EXIF"),
        (0x8825, 4, 1, b"GPS "),
    ]
    camera = [
        (0x9003, 2, 20, b"1936:03:06 12:00:00\0"),
        (0x927C, 7, len(MAKER_NOTE), MAKER_NOTE),
        (0xA002, 4, 1, struct.pack(order + "I", size[0])),
        (0xA003, 4, 1, struct.pack(order + "I", size[1])),
    ]
    gps = [(0x0001, 2, 2, b"N\0"), (0x0002, 5, 3, struct.pack(order + "6I", 35, 1, 2, 1, 30, 1))]
    small = [(0x0201, 4, 1, b"PLAC"), (0x0202, 4, 1, struct.pack(order + "I", len(THUMBNAIL)))]
    directories = [main, camera, gps] + ([small] if thumbnail else [])
    starts, place = [], 8
    for directory in directories:
        starts.append(place)
        place += 6 + 12 * len(directory) + sum(len(v) + len(v) % 2 for *_, v in directory if len(v) > 4)
    links = {b"EXIF": starts[1], b"GPS ": starts[2], b"PLAC": place}
    block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    for index, directory in enumerate(directories):
        after = starts[index] + 6 + 12 * len(directory)
        entries, values = struct.pack(order + "H", len(directory)), b""
        for tag, kind, count, value in directory:
            inside = struct.pack(order + "I", links[value]) if value in links else value.ljust(4, b"\0")
            if len(value) > 4:
                inside = struct.pack(order + "I", after + len(values))
                values += value + bytes(len(value) % 2)
            entries += struct.pack(order + "HHI", tag, kind, count) + inside
        following = starts[3] if thumbnail and index == 0 else 0
        block += entries + struct.pack(order + "I", following) + values
    return block + (THUMBNAIL if thumbnail else b"")


IPTC = (
    b"\x1c\x02\x00\x00\x02\x00\x04" + b"\x1c\x02\x78\x00\x0e" + b"Migrant Mother" + b"\x1c\x02\x50\x00\x05" + b"Lange"
)


def photoshop(iptc: bytes = IPTC) -> bytes:
    """Photoshop resources: a caption digest's neighbour, the IPTC, and a resource that nobody knows."""
    parts = [(0x03ED, bytes(16)), (0x0404, iptc), (0x0BB7, b"odd")]
    return b"".join(
        b"8BIM" + struct.pack(">HH", number, 0) + struct.pack(">I", len(content)) + content + bytes(len(content) % 2)
        for number, content in parts
    )


def xmp(inner: str = "<dc:title>Migrant Mother</dc:title>", attributes: str = "") -> bytes:
    """An XMP packet with one description."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
        ' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:stRef="http://ns.adobe.com/xap/1.0/sType/ResourceRef#"'
        f' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" {attributes}>'
        f'{inner}</rdf:Description></rdf:RDF></x:xmpmeta>{" " * 200}<?xpacket end="w"?>'
    ).encode()


def jpeg_segment(number: int, content: bytes) -> bytes:
    """An application segment, or with `number` -2 a comment."""
    return struct.pack(">BBH", 0xFF, 0xFE if number == -2 else 0xE0 + number, len(content) + 2) + content


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG with more segments after its JFIF one."""
    end = 4 + struct.unpack_from(">H", jpeg, 4)[0]
    return jpeg[:end] + b"".join(segments) + jpeg[end:]


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """A PNG with more chunks after its header."""
    return png[:33] + b"".join(chunks) + png[33:]

"""An AVIF or HEIC file, put together of pictures that a library encoded and of our metadata.

The libraries' own files keep less: not the EXIF as it was, and no alpha without loss beside a lossy picture.
Sources: ISO/IEC 23008-12 (HEIF), 23000-22 (MIAF), 14496-12 (section 8.11), AV1 Image File Format 1.1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from photochrom.photo.formats.heif_items import ALPHA, XMP, HeifFile, Nclx
from photochrom.photo.formats.isobmff import box, full_box

_SPACE: Final = 512
"""OpenCV judges a file by its first 500 bytes, and refuses it where these hold the whole directory but not what it
points to."""


@dataclass(frozen=True)
class Coded:
    """A picture that a library encoded, taken out of its file: the codec's type, its set-up, sizes and the data."""

    kind: bytes
    properties: tuple[tuple[bytes, bytes], ...]
    data: bytes

    @classmethod
    def of(cls, file: bytes) -> Coded:
        """The main picture of a file.

        Raises:
            ValueError: the file is damaged, or its picture is made of parts.
        """
        heif = HeifFile(memoryview(file))
        kind = heif.codec()
        kept = [(name, heif.property(name, heif.primary)) for name in (b"av1C", b"hvcC", b"ispe", b"pixi", b"clap")]
        properties = tuple((name, bytes(content)) for name, content in kept if content is not None)
        if kind not in (b"av01", b"hvc1") or len(properties) < 2:
            raise ValueError("the encoder made something unexpected")
        return cls(kind, properties, heif.item(heif.primary))


def assembled(
    brand: bytes,
    picture: Coded,
    alpha: Coded | None,
    *,
    nclx: Nclx,
    icc: bytes | None,
    exif: bytes | None,
    xmp: bytes | None,
) -> bytes:
    """A file with this picture, upright, and what belongs to it.

    Args:
        brand: `avif` or `heic` (or its kin for more than 8 bits).
        alpha: a monochrome picture, straight and not premultiplied.
        nclx: how the picture's YCbCr is meant.
        icc: profile of the RGB that it becomes.
    """
    properties: list[bytes] = []
    associations: list[bytes] = []
    items: list[tuple[bytes, bytes, bytes]] = []
    references: list[bytes] = []

    def add(kind: bytes, content_type: bytes, data: bytes, about: bytes | None) -> int:
        items.append((kind, content_type, data))
        if about:
            references.append(box(about, struct.pack(">HHH", len(items), 1, 1)))
        return len(items)

    def describe(number: int, entries: list[tuple[bytes, bytes]]) -> None:
        indices = []
        for kind, content in sorted(
            entries, key=lambda entry: entry[0] == b"clap"
        ):  # what changes the picture comes last
            essential = 0x80 if kind in (b"av1C", b"hvcC", b"clap") else 0
            properties.append(box(kind, content))
            indices.append(len(properties) | essential)
        associations.append(struct.pack(">HB", number, len(indices)) + bytes(indices))

    colors = [(b"colr", b"prof" + icc)] if icc else []
    describe(add(picture.kind, b"", picture.data, None), [*picture.properties, *colors, (b"colr", nclx.packed())])
    if alpha:
        describe(add(alpha.kind, b"", alpha.data, b"auxl"), [*alpha.properties, (b"auxC", bytes(4) + ALPHA[0] + b"\0")])
    if exif:
        add(b"Exif", b"", bytes(4) + exif, b"cdsc")
    if xmp:
        add(b"mime", XMP + b"\0", xmp, b"cdsc")

    infos = [
        full_box(b"infe", 2, int(kind in (b"Exif", b"mime")), struct.pack(">HH4s", number, 0, kind), b"\0", content)
        for number, (kind, content, _) in enumerate(items, 1)
    ]
    directory = [
        full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
        full_box(b"pitm", 0, 0, struct.pack(">H", 1)),
        full_box(b"iinf", 0, 0, struct.pack(">H", len(infos)), *infos),
        full_box(b"iref", 0, 0, *references) if references else b"",
        box(
            b"iprp",
            box(b"ipco", *properties),
            full_box(b"ipma", 0, 0, struct.pack(">I", len(associations)), *associations),
        ),
    ]
    kin = {b"avif": b"avifmif1miaf", b"heic": b"heicmif1miaf", b"heix": b"heixmif1miaf"}[brand]
    head = box(b"ftyp", brand, bytes(4), kin)
    locations = 8 + 4 + 4 + 14 * len(items)
    place = len(head) + 12 + sum(map(len, directory)) + locations + 8 + _SPACE + 8
    entries = [struct.pack(">BBH", 0x44, 0, len(items))]
    for number, (_, _, data) in enumerate(items, 1):
        entries.append(struct.pack(">HHHII", number, 0, 1, place, len(data)))
        place += len(data)
    meta = full_box(b"meta", 0, 0, *directory, full_box(b"iloc", 0, 0, *entries), box(b"free", bytes(_SPACE)))
    return b"".join((head, meta, box(b"mdat", *(data for _, _, data in items))))

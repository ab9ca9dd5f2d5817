"""A coloured picture handed to libvips in bands, and what it encodes handed on: neither is ever whole in memory.

libvips takes pixels that come a few rows at a time only as a file. So it is given an uncompressed
TIFF whose samples are computed while it reads them. Its strips are the bands.
Sources: TIFF 6.0; the BigTIFF design of 2004 (offsets of 64 bits).
"""

from __future__ import annotations

import io
import os
import struct
import sys
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from photochrom.errors import PhotoError
from photochrom.photo import vips
from photochrom.photo.files import Writable
from photochrom.photo.formats import tiff_tags as tag
from photochrom.photo.notices import collect_warnings, warn
from photochrom.photo.photo import Photo
from photochrom.photo.samples import multiplied

BAND_PIXELS: Final = 500_000
"""Pixels of a band, about."""

_SHORT, _LONG, _LONG8 = 3, 4, 16
_RGB, _TOGETHER, _NONE, _STRAIGHT_ALPHA = 2, 1, 1, 2


def write(saver: str, photo: Photo, file: Writable, name: str, *, premultiplied: bool = False, **options: Any) -> None:
    """Encode the colored picture into a file, without any metadata.

    Args:
        saver: a libvips one, such as "pngsave".
        photo: colored.
        file: to be written; for TIFF it must be open for reading, too.
        name: what messages call it.
        premultiplied: whether colors are written times alpha.
        options: of the saver.

    Raises:
        PhotoError: the encoder refuses.
        OSError: the file can't be written.
    """
    library = vips.library()
    stream, sink = _Uncompressed(photo, premultiplied), _Sink(file)
    source, target = library.SourceCustom(), library.TargetCustom()
    source.on_read(stream.read)
    source.on_seek(stream.seek)
    target.on_write(sink.write)
    target.on_read(sink.read)
    target.on_seek(sink.seek)
    failure = None
    try:
        image = library.Image.tiffload_source(source, access="sequential", fail_on="error")
        getattr(image, f"{saver}_target")(target, keep="none", **options)
    except library.Error as error:
        failure = error
    if cause := stream.error or sink.error:
        raise cause
    if failure:
        raise PhotoError(f"{name}: could not be written ({' '.join(str(failure).split())})") from failure
    for note in stream.notes:
        warn(note)


def saved(saver: str, photo: Photo, name: str, **options: Any) -> memoryview:
    """The encoded picture, without any metadata; see `write`."""
    memory = io.BytesIO()
    write(saver, photo, memory, name, **options)
    return memory.getbuffer()


class _Uncompressed:
    """The picture as an uncompressed TIFF in this machine's byte order, read once from its beginning to its end.

    An exception must not pass through libvips: it is kept in `error`, and libvips meets an early end of the file.
    Warnings are kept in `notes`.
    """

    def __init__(self, photo: Photo, premultiplied: bool) -> None:
        self.error: BaseException | None = None
        self.notes: list[str] = []
        self._photo = photo
        self._premultiplied = premultiplied
        self._rows = max(BAND_PIXELS // photo.size[0], 1)
        self._row_bytes = photo.size[0] * photo.luma.itemsize * (3 if photo.alpha is None else 4)
        self._head = self._directory()
        self._size = len(self._head) + self._row_bytes * photo.size[1]
        self._place = 0
        self._bands = self._computed()
        self._band, self._band_start = memoryview(self._head), 0

    def read(self, size: int) -> memoryview | None:
        try:
            while self._place >= self._band_start + len(self._band):
                with collect_warnings() as notes:  # this may be a thread of libvips, where nobody collects them
                    following = next(self._bands, None)
                self.notes += notes
                if following is None:
                    return None
                self._band_start += len(self._band)
                self._band = following
            start = self._place - self._band_start
            if start < 0:
                raise PhotoError(f"{self._photo.name}: its encoder went back to rows that are gone")
            piece = self._band[start : start + size]
            self._place += len(piece)
            return piece
        except BaseException as error:
            self.error = self.error or error
            return None

    def seek(self, offset: int, whence: int) -> int:
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        return self._place

    def _computed(self) -> Iterator[memoryview]:
        photo, start = self._photo, 0
        for rgb in photo.rgb_bands(rows=self._rows):
            stop = start + len(rgb)
            band = rgb if photo.alpha is None else np.dstack([rgb, photo.alpha[start:stop]])
            band = multiplied(band) if self._premultiplied else band
            yield band.reshape(-1).data.cast("B")
            start = stop

    def _directory(self) -> bytes:
        """All that stands before the samples."""
        width, height = self._photo.size
        strips = -(-height // self._rows)
        channels = 3 if self._photo.alpha is None else 4
        bits = 8 * self._photo.luma.itemsize
        tags = [
            (tag.WIDTH, _LONG, 1, struct.pack("=I", width)),
            (tag.LENGTH, _LONG, 1, struct.pack("=I", height)),
            (tag.BITS, _SHORT, channels, struct.pack(f"={channels}H", *[bits] * channels)),
            (tag.COMPRESSION, _SHORT, 1, struct.pack("=H", _NONE)),
            (tag.PHOTOMETRIC, _SHORT, 1, struct.pack("=H", _RGB)),
            (tag.STRIPS, _LONG8, strips, b""),
            (tag.CHANNELS, _SHORT, 1, struct.pack("=H", channels)),
            (tag.ROWS, _LONG, 1, struct.pack("=I", self._rows)),
            (tag.STRIP_BYTES, _LONG8, strips, b""),
            (tag.PLANAR, _SHORT, 1, struct.pack("=H", _TOGETHER)),
        ]
        if channels == 4:
            tags.append((tag.EXTRA, _SHORT, 1, struct.pack("=H", _STRAIGHT_ALPHA)))
        tables = 16 + 8 + 20 * len(tags) + 8
        samples = tables + 16 * strips
        step = self._rows * self._row_bytes
        offsets = struct.pack(f"={strips}Q", *(samples + step * strip for strip in range(strips)))
        lengths = [step] * (strips - 1) + [self._row_bytes * height - step * (strips - 1)]
        counts = struct.pack(f"={strips}Q", *lengths)
        places = {tag.STRIPS: (offsets, tables), tag.STRIP_BYTES: (counts, tables + 8 * strips)}
        head = (b"II" if sys.byteorder == "little" else b"MM") + struct.pack("=HHHQQ", 43, 8, 0, 16, len(tags))
        for number, kind, count, value in tags:
            if number in places:
                table, place = places[number]
                value = table if len(table) <= 8 else struct.pack("=Q", place)
            head += struct.pack("=HHQ8s", number, kind, count, value)
        return head + bytes(8) + offsets + counts


class _Sink:
    """A file that libvips writes into. An exception must not pass through it: it is kept in `error`."""

    def __init__(self, file: Writable) -> None:
        self.error: BaseException | None = None
        self._file: Any = file

    def write(self, data: Any) -> int:
        try:
            self._file.write(data)
            return len(data)
        except BaseException as error:
            self.error = self.error or error
            return -1

    def read(self, size: int) -> bytes | None:
        try:
            data: bytes = self._file.read(size)
            return data
        except BaseException as error:
            self.error = self.error or error
            return None

    def seek(self, offset: int, whence: int) -> int:
        try:
            place: int = self._file.seek(offset, whence)
            return place
        except BaseException as error:
            self.error = self.error or error
            return -1

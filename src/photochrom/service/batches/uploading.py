"""A form with many files, on its way to the disk: each file is written as it comes, and closed.

The framework's own reading of forms keeps every file open, or in memory while it is small; a
thousand photographs in one form would take all the files that a process may have open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from photochrom.errors import TooLargeError
from photochrom.service import disk
from photochrom.service.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MOST_TEXT: Final = 1 << 20
"""Bytes of all that is no file."""

_MOST_FIELDS: Final = 100


@dataclass(frozen=True)
class Upload:
    """A file that was sent.

    Attributes:
        field: of the form.
        name: that it was sent with.
        path: where it is now.
    """

    field: str
    name: str
    path: Path


@dataclass(frozen=True)
class Form:
    """A form that was sent. A field given twice is there twice.

    Attributes:
        texts: field and value of each that is no file.
        files: the others.
    """

    texts: list[tuple[str, str]] = field(default_factory=list)
    files: list[Upload] = field(default_factory=list)


async def received(content_type: str, body: AsyncIterator[bytes], folder: Path, *, most: int) -> Form:
    """Read a form to its end.

    Args:
        content_type: the header of the request.
        body: its body.
        folder: where files go, under numbers.
        most: how many files there may be.

    Raises:
        Problem: it is no multipart form, or not a whole one.
        TooLargeError: more files, or more text, than may be.
        NoSpaceError: the disk is full, or the folder can't be written.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Problem(400, "bad_form", "the request is no form with files (multipart/form-data)")
    reading = _Reading(folder, most)
    try:
        parser = MultipartParser(boundary, reading.callbacks())
        async for chunk in body:
            if chunk:
                parser.write(chunk)
                await run_in_threadpool(reading.work)
    except FormParserError:
        raise Problem(400, "bad_form", "the form is damaged") from None
    finally:
        reading.close()
    if not reading.ended:
        raise Problem(400, "bad_form", "the form ended too early")
    return reading.form


class _Reading:
    """The form so far. The parser calls back; what it tells is kept until :meth:`work`, which may touch the disk.

    Attributes:
        form: its finished parts.
        ended: whether its end has come.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.form = Form()
        self.ended = False
        self._folder, self._most = folder, most
        self._events: list[tuple[str, bytes]] = []
        self._name, self._value, self._headers = bytearray(), bytearray(), dict[bytes, bytes]()
        self._text: bytearray | None = None
        self._field = ""
        self._file: BinaryIO | None = None
        self._left = _MOST_TEXT

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": lambda: self._events.append(("begin", b"")),
            "on_header_field": lambda data, start, end: self._events.append(("name", data[start:end])),
            "on_header_value": lambda data, start, end: self._events.append(("value", data[start:end])),
            "on_header_end": lambda: self._events.append(("header", b"")),
            "on_headers_finished": lambda: self._events.append(("part", b"")),
            "on_part_data": lambda data, start, end: self._events.append(("data", data[start:end])),
            "on_part_end": lambda: self._events.append(("end", b"")),
            "on_end": self._end,
        }

    def work(self) -> None:
        """Do what was told since."""
        with disk.explained():
            for kind, data in self._events:
                getattr(self, f"_on_{kind}")(data)
        self._events.clear()

    def close(self) -> None:
        """No more of it."""
        if self._file is not None:
            self._file.close()

    def _end(self) -> None:
        self.ended = True

    def _on_begin(self, data: bytes) -> None:
        self._headers.clear()

    def _on_name(self, data: bytes) -> None:
        self._name += data

    def _on_value(self, data: bytes) -> None:
        self._value += data

    def _on_header(self, data: bytes) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _on_part(self, data: bytes) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        if b"name" not in options:
            raise Problem(400, "bad_form", "a part of the form has no name")
        self._field = options[b"name"].decode(errors="replace")
        if b"filename" not in options:
            self._text = bytearray()
            if len(self.form.texts) >= _MOST_FIELDS:
                raise TooLargeError("the form has too many fields")
            return
        if len(self.form.files) >= self._most:
            raise TooLargeError(f"a batch may have {self._most} files: send them in parts")
        upload = Upload(
            self._field, options[b"filename"].decode(errors="replace"), self._folder / str(len(self.form.files))
        )
        self._file = upload.path.open("xb")
        self.form.files.append(upload)

    def _on_data(self, data: bytes) -> None:
        if self._file is not None:
            self._file.write(data)
        elif self._text is not None:
            self._left -= len(data)
            if self._left < 0:
                raise TooLargeError(f"the fields of the form are larger than {_MOST_TEXT >> 20} MB")
            self._text += data

    def _on_end(self, data: bytes) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        elif self._text is not None:
            try:
                self.form.texts.append((self._field, self._text.decode()))
            except UnicodeDecodeError:
                raise Problem(400, "bad_form", f"{self._field}: is not text in UTF-8") from None
            self._text = None

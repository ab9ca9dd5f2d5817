"""A form with files goes to the disk as it comes, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from photochrom.errors import TooLargeError
from photochrom.service.batches.uploading import Form, received
from photochrom.service.problems import Problem

TYPE = "multipart/form-data; boundary=b"


def part(headers: str, content: bytes) -> bytes:
    return f"--b\r\nContent-Disposition: form-data; {headers}\r\n\r\n".encode() + content + b"\r\n"


END = b"--b--\r\n"


def read(body: bytes, folder: Path, *, step: int = 7, kind: str = TYPE, most: int = 10) -> Form:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), step):
            yield body[start : start + step]

    return asyncio.run(received(kind, chunks(), folder, most=most))


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_fields_and_files_come_apart_in_their_order(tmp_path: Path, step: int) -> None:
    content = b"\r\n--b\xff\x00--b-" * 10
    body = part('name="files"; filename="a.jpg"', content) + part('name="label"', b"true")
    form = read(body + part('name="files"; filename="b.jpg"', b"") + END, tmp_path, step=step)
    assert form.texts == [("label", "true")]
    assert [(upload.field, upload.name, upload.path.read_bytes()) for upload in form.files] == [
        ("files", "a.jpg", content),
        ("files", "b.jpg", b""),
    ]


def test_names_in_any_script_are_read(tmp_path: Path) -> None:
    form = read(part('name="files"; filename="größe %22.jpg"', b"x") + END, tmp_path)
    assert form.files[0].name == "größe %22.jpg"


def test_no_name_is_a_path(tmp_path: Path) -> None:
    read(part('name="files"; filename="../../evil.jpg"', b"x") + END, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["0"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        part('name="files"; filename="a.jpg"', b"x"),
        part('name="files"; filename="a.jpg"', b"x")[:-9],
        part('filename="a.jpg"', b"x") + END,
        part('name="label"', b"\xff") + END,
        b"--b\r\n" + b"X" * 100_000 + b": y\r\n\r\n" + END,
    ],
)
def test_a_form_that_is_none_or_not_whole_is_refused(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        read(body, tmp_path, step=1000)
    assert caught.value.status == 400


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=b"])
def test_another_type_of_content_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Problem) as caught:
        read(END, tmp_path, kind=kind)
    assert caught.value.status == 400


def test_too_many_files_end_the_upload(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match="10 files"):
        read(b"".join(part('name="files"; filename="a.jpg"', b"x") for _ in range(11)) + END, tmp_path, step=1000)
    assert len(list(tmp_path.iterdir())) == 10


@pytest.mark.parametrize("fields", [[b"x" * (1 << 20), b"x"], [b""] * 101])
def test_too_much_text_ends_the_upload(tmp_path: Path, fields: list[bytes]) -> None:
    with pytest.raises(TooLargeError, match="fields"):
        read(b"".join(part('name="hints"', field) for field in fields) + END, tmp_path, step=100_000)

"""Files, names and forms of people who mean harm: what they get is a sentence, and nothing else happens."""

from __future__ import annotations

import io
import json
import logging
import re
import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import photo_files as files
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from photochrom.service.app import create_app
from photochrom.service.requests import new_id
from photochrom.service.settings import Settings

BASE = "http://127.0.0.1:8421"
SECRET = "grandmother-1931"


@pytest.fixture(scope="module")
def app(settings: Callable[..., Settings]) -> FastAPI:
    return create_app(settings(max_pixels=1_000_000))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=BASE) as client:
        yield client


def work(app: FastAPI) -> Path:
    folder: Path = app.state.darkroom.settings.folder
    return folder


# --- files --------------------------------------------------------------------------------------


def png_bomb(width: int, height: int) -> bytes:
    """A PNG that says it is that large, with a few kilobytes that unfold to millions of rows."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1 << 22))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(files.png_chunk(*chunk) for chunk in chunks)


def tiff_of_tags(*tags: tuple[int, int, int, int]) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (413, png_bomb(60_000, 60_000)),
        (413, tiff_of_tags((256, 4, 1, 60_000), (257, 4, 1, 60_000), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8))),
        (415, tiff_of_tags((256, 4, 0xFFFFFFFF, 8), (34675, 7, 0xFFFFFFF0, 8), (273, 4, 0x7FFFFFFF, 8))),
        (415, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        (415, b"<!doctype html><script>alert(1)</script>"),
        (415, b"GIF89a" + bytes(100)),
        (415, b"%PDF-1.7\n"),
        (415, b"%!PS-Adobe-3.0\n(/etc/passwd) run\n"),
        (415, b"push graphic-context\nimage over 0,0 0,0 'https://example.com'\npop graphic-context\n"),
        (415, b"x"),
        (415, b""),
    ],
)
def test_what_is_no_photograph_or_a_bomb_is_refused_at_once(status: int, content: bytes, client: TestClient) -> None:
    start = time.monotonic()
    answer = client.post("/v1/colorize", files={"file": ("family.jpg", content)})
    assert answer.status_code == status, answer.text
    assert time.monotonic() - start < 5


def test_the_content_says_what_a_file_is_and_not_its_name(client: TestClient, jpeg: bytes) -> None:
    answer = client.post("/v1/colorize", files={"file": ("page.html", jpeg, "text/html")})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"].startswith('attachment; filename="page-colour.jpg"')
    assert Image.open(io.BytesIO(answer.content)).format == "JPEG"


@pytest.mark.parametrize("kept", ["requests", "photos"])
def test_a_work_folder_that_cannot_be_written_is_said_in_a_sentence(
    kept: str, settings: Callable[..., Settings], jpeg: bytes
) -> None:
    own = settings()
    with TestClient(create_app(own), base_url=BASE) as client:
        (own.folder / kept).rmdir()
        (own.folder / kept).write_bytes(b"")
        address = {"requests": "/v1/colorize", "photos": "/v1/photos"}[kept]
        answer = client.post(address, files={"file": ("family.jpg", jpeg)})
    assert (answer.status_code, answer.json()["code"]) == (503, "no_room")
    assert str(own.folder) not in answer.text


# --- names --------------------------------------------------------------------------------------

NAMES = [
    "../../../../../../tmp/escaped.jpg",
    "/tmp/escaped.jpg",
    "C:\\escaped.jpg",
    "..\\..\\escaped.jpg",
    "a.jpg\r\nX-Injected: 1\r\n\r\n<script>",
    'a";filename="escaped.jpg',
    "\u202egpj.exe",
    "x" * 3000 + ".jpg",
    ".",
    "%2e%2e%2fescaped.jpg",
    "Großmutter 祖母.jpg",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_reaches_neither_the_file_system_nor_a_header(
    name: str, client: TestClient, app: FastAPI, jpeg: bytes
) -> None:
    before = _listed(work(app)), _listed(Path(tempfile.gettempdir()), depth=1)
    answer = client.post("/v1/colorize", files={"file": (name, jpeg)})
    assert answer.status_code == 200, answer.text
    disposition = answer.headers["content-disposition"]
    assert re.fullmatch(r"attachment; filename=\"[ !#-~]+\"; filename\*=UTF-8''[\w.%~!-]+", disposition)
    assert not re.search(r"[/\\\r\n]|%2F|%5C|%0D|%0A|%E2%80%AE", disposition, re.IGNORECASE)
    assert "x-injected" not in answer.headers
    assert len(disposition) < 2000
    assert (_listed(work(app)), _listed(Path(tempfile.gettempdir()), depth=1)) == before


def _listed(folder: Path, depth: int = 9) -> set[str]:
    every = folder.iterdir() if depth == 1 else folder.rglob("*")
    return {path.name for path in every if not path.name.startswith("pytest")}


# --- forms --------------------------------------------------------------------------------------


def test_a_form_has_only_so_many_fields_and_files(client: TestClient, jpeg: bytes) -> None:
    many = client.post("/v1/colorize", files={"file": jpeg}, data={f"field{number}": "1" for number in range(200)})
    assert many.status_code == 400
    fat = client.post("/v1/colorize", files={"file": jpeg}, data={"hints": "[" + " " * (1 << 21) + "]"})
    assert fat.status_code in (400, 413)
    files = client.post("/v1/colorize", files=[("file", jpeg)] * 20)
    assert files.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"--x",
        b"--x\r\n\r\n\r\n--x--",
        b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
        b"--x\r\n" + b"A: b\r\n" * 100 + b'Content-Disposition: form-data; name="file"\r\n\r\n1\r\n--x--',
        b"--x\r\nContent-Disposition: form-data; name=" + b"y" * 9000 + b"\r\n\r\n1\r\n--x--",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nnever ended',
    ],
)
@pytest.mark.parametrize("path", ["/v1/colorize", "/v1/photos", "/v1/batches"])
def test_a_form_that_is_none_is_told_so(path: str, body: bytes, client: TestClient) -> None:
    answer = client.post(path, content=body, headers={"content-type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400, answer.text
    assert answer.json().keys() == {"code", "message"}


@pytest.mark.parametrize("hints", ["{", "[" * 100_000, '[{"x": 1e999}]', '[{"x": NaN, "y": 0, "color": "red"}]', "1"])
def test_hints_that_are_none_are_told_so(hints: str, client: TestClient, jpeg: bytes) -> None:
    answer = client.post("/v1/colorize", files={"file": jpeg}, data={"hints": hints})
    assert answer.status_code in (400, 422), answer.text


# --- what is told -------------------------------------------------------------------------------


def test_no_answer_says_where_on_this_machine_it_was_made(client: TestClient, app: FastAPI, jpeg: bytes) -> None:
    damaged = [jpeg[:300], jpeg[:-200], b"text", png_bomb(60_000, 60_000), jpeg.replace(b"\xff\xda", b"\xff\xd9")]
    answers = [client.post("/v1/colorize", files={"file": ("family.jpg", content)}) for content in damaged]
    answers.append(client.post("/v1/colorize", files={"file": jpeg, "reference": b"text", "keep_grey": b"text"}))
    for answer in answers:
        said = str(answer.headers) + (answer.text if answer.status_code != 200 else "")
        assert str(work(app)) not in said
        assert "requests/" not in said
        assert "Traceback" not in said


def test_the_log_holds_no_names_notes_or_ids_of_what_was_sent(
    client: TestClient, jpeg: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    hint = {"x": 5, "y": 5, "color": "red", "note": SECRET}
    with caplog.at_level(logging.DEBUG):
        for content in (jpeg, jpeg[:300], jpeg[:-200], SECRET.encode()):
            sent = {"file": (f"{SECRET}.jpg", content)}
            client.post("/v1/colorize", files=sent, data={"hints": json.dumps([hint]), "format": SECRET})
            client.post("/v1/colorize", files=sent, data={"hints": json.dumps([hint])})
            client.post("/v1/photos", files=sent)
        identity = client.post("/v1/photos", files={"file": jpeg}).json()["id"]
        painted = client.post(f"/v1/photos/{identity}/paint", json={"hints": [hint], "output": "preview"})
        assert painted.status_code == 200, painted.text
        client.get(f"/v1/photos/{SECRET}")
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    told = "\n".join(ours)
    assert "POST /v1/colorize: 200" in told
    assert SECRET not in told
    assert identity not in told


def test_ids_cannot_be_guessed() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(each) for each in ids} == {22}  # 128 bits

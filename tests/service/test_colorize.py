"""A photograph goes in and comes out in colour, as the command would have made it; else a sentence says why not."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import photo_files
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from photochrom import cli
from photochrom.service.settings import Settings


@pytest.fixture
def colorize(client: TestClient) -> Callable[..., httpx.Response]:
    """Ask `/v1/colorize` for a file, with the fields and further files that are given."""

    def ask(
        file: bytes, name: str = "family.jpg", *, files: dict[str, bytes] | None = None, **fields: object
    ) -> httpx.Response:
        sent = {"file": (name, file), **{key: (f"{key}.png", value) for key, value in (files or {}).items()}}
        data = {key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items()}
        answer: httpx.Response = client.post("/v1/colorize", files=sent, data=data)
        return answer

    return ask


@pytest.fixture
def commanded(tiny: Path, tmp_path: Path) -> Callable[..., bytes]:
    """What `photochrom colorize` makes of a file."""

    def run(file: bytes, name: str, *options: str) -> bytes:
        source, target = tmp_path / name, tmp_path / "out" / name
        target.parent.mkdir()
        source.write_bytes(file)
        with pytest.raises(SystemExit) as stopped:
            cli.main(["colorize", str(source), "-o", f"{target.parent}/", "--model", str(tiny), *options])
        assert stopped.value.code == 0
        (made,) = target.parent.iterdir()
        return made.read_bytes()

    return run


def pages(grey: Image.Image) -> bytes:
    """A TIFF of three pages."""
    others = [grey.rotate(180), grey.crop((0, 0, 100, 120))]
    return photo_files.encoded(grey, "TIFF", save_all=True, append_images=others)


def test_the_bytes_are_those_that_the_command_gives(
    jpeg: bytes, colorize: Callable[..., httpx.Response], commanded: Callable[..., bytes]
) -> None:
    answer = colorize(jpeg)
    assert answer.status_code == 200
    assert answer.content == commanded(jpeg, "family.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["photochrom-model"].startswith("tiny 1.0 (sha256 ")
    assert answer.headers["photochrom-warnings"] == "[]"


def test_every_option_means_what_the_command_means_by_it(
    jpeg: bytes,
    grey: Image.Image,
    tmp_path: Path,
    colorize: Callable[..., httpx.Response],
    commanded: Callable[..., bytes],
) -> None:
    hints = [{"x": 30, "y": 40, "color": "#7a1f2b", "note": "she said so"}]
    mask = photo_files.encoded(Image.new("L", grey.size).point(lambda _: 0), "PNG")
    lends = photo_files.encoded(photo_files.astronaut().resize((96, 96)), "PNG")
    for name, content in (("hints.json", json.dumps(hints).encode()), ("mask.png", mask), ("lends.png", lends)):
        (tmp_path / name).write_bytes(content)
    words = "--vividness 0.8 --strength 0.7 --warmth 0.3 --detail 1.5 --format png --label --keep-tone"
    files = ["--hints", "hints.json", "--keep-grey", "mask.png", "--reference", "lends.png"]
    options = [*words.split(), *(str(tmp_path / word) if "." in word else word for word in files)]
    answer = colorize(
        jpeg,
        files={"keep_grey": mask, "reference": lends},
        vividness=0.8,
        strength=0.7,
        warmth=0.3,
        detail=1.5,
        format="png",
        label=True,
        keep_tone=True,
        hints=hints,
        refine=[[20, 20, 120, 100]],
    )
    assert answer.status_code == 200, answer.text
    assert answer.content == commanded(jpeg, "family.jpg", *options, "--refine", "20,20,120,100")
    assert answer.headers["content-disposition"].endswith("family-colour.png")


def test_quality_is_that_of_the_result(jpeg: bytes, colorize: Callable[..., httpx.Response]) -> None:
    assert len(colorize(jpeg, quality=30).content) < len(colorize(jpeg, quality=95).content)


def test_fields_that_a_page_left_empty_mean_nothing(jpeg: bytes, colorize: Callable[..., httpx.Response]) -> None:
    empty = dict.fromkeys(["vividness", "detail", "hints", "refine", "format", "quality", "reference", "keep_grey"], "")
    assert colorize(jpeg, **empty).content == colorize(jpeg).content


def test_metadata_stays(grey: Image.Image, colorize: Callable[..., httpx.Response]) -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x8298] = "Three sisters, 1923", "Their heirs"
    answer = colorize(photo_files.encoded(grey, "JPEG", exif=exif, dpi=(600, 600)))
    result = photo_files.decoded(answer.content)
    assert {key: result.getexif()[key] for key in (0x010E, 0x8298)} == {
        0x010E: "Three sisters, 1923",
        0x8298: "Their heirs",
    }
    assert result.info["dpi"] == (600, 600)
    assert result.mode == "RGB"


def test_all_pages_of_a_tiff_are_coloured(
    grey: Image.Image, colorize: Callable[..., httpx.Response], commanded: Callable[..., bytes]
) -> None:
    answer = colorize(pages(grey), "album.tif")
    with Image.open(io.BytesIO(answer.content)) as result:
        assert result.n_frames == 3  # type: ignore[attr-defined]
    assert answer.content == commanded(pages(grey), "album.tif")
    assert answer.headers["content-type"] == "image/tiff"


def test_what_its_owner_should_know_is_told_by_the_name_that_they_gave(
    grey: Image.Image, colorize: Callable[..., httpx.Response]
) -> None:
    answer = colorize(pages(grey), "Bücher.tif", format="bmp")
    (warning,) = json.loads(answer.headers["photochrom-warnings"])
    assert warning.startswith("Bücher.tif: BMP has no place for ")
    assert "more than one page" in warning


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("family.jpg", "attachment; filename=\"family-colour.jpg\"; filename*=UTF-8''family-colour.jpg"),
        (
            "Oma & Ä.JPEG",
            "attachment; filename=\"Oma & _-colour.JPEG\"; filename*=UTF-8''Oma%20%26%20%C3%84-colour.JPEG",
        ),
        ("../../etc/passwd", "attachment; filename=\"passwd-colour.jpg\"; filename*=UTF-8''passwd-colour.jpg"),
        ("C:\\scans\\aunt.png", "attachment; filename=\"aunt-colour.jpg\"; filename*=UTF-8''aunt-colour.jpg"),
    ],
)
def test_the_result_is_called_after_the_photograph(
    jpeg: bytes, colorize: Callable[..., httpx.Response], name: str, expected: str
) -> None:
    assert colorize(jpeg, name).headers["content-disposition"] == expected


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    chunks = photo_files.png_chunk(b"IHDR", head) + photo_files.png_chunk(b"IDAT", b"x")
    return b"\x89PNG\r\n\x1a\n" + chunks + photo_files.png_chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("file", "status", "code", "sentence"),
    [
        (b"Dear Anna,\n", 415, "not_a_photograph", "notes.txt: is no picture that can be read (JPEG, PNG, "),
        (b"", 415, "not_a_photograph", "notes.txt: is empty (0 bytes)"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(99), 415, "not_a_photograph", "notes.txt: "),
        (photo_files.encoded(Image.new("L", (60, 40)), "JPEG")[:300], 415, "not_a_photograph", "notes.txt: "),
        (bomb(60_000, 60_000), 413, "too_large", "notes.txt: has 60000 x 60000 = 3,600 million pixels"),
    ],
    ids=["text", "empty", "raw", "cut", "bomb"],
)
def test_what_is_no_photograph_is_told_in_a_sentence(
    colorize: Callable[..., httpx.Response], file: bytes, status: int, code: str, sentence: str
) -> None:
    answer = colorize(file, "notes.txt")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["message"].startswith(sentence)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"vividness": 2}, "vividness: "),
        ({"vividness": "nan"}, "vividness: "),
        ({"strength": "much"}, "strength: "),
        ({"detail": 9}, "detail: "),
        ({"format": "gif"}, "format: "),
        ({"quality": 0}, "quality: "),
        ({"colour": "red"}, "colour: "),
        ({"hints": "{"}, "hints: is no JSON"),
        ({"hints": "[" * 20_000}, "hints: is no JSON"),
        ({"hints": {"x": 1}}, "hints: a list"),
        ({"hints": [{"x": 1}]}, "hint 1: a hint needs color"),
        ({"hints": [{"x": 9999, "y": 1, "color": "red"}]}, "hint 1"),
        ({"refine": [[1, 2, 3]]}, "refine: a list of boxes"),
        ({"refine": [[0, 0, 1, 1]]}, ""),
        ({"refine": "[[NaN, 0, 1, 1]]"}, "refine: a list of boxes"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(
    jpeg: bytes, colorize: Callable[..., httpx.Response], fields: dict[str, object], told: str
) -> None:
    answer = colorize(jpeg, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_value"), answer.text
    assert answer.json()["message"].startswith(told)


def test_a_reference_without_colours_and_a_mask_of_another_shape_are_named(
    jpeg: bytes, grey: Image.Image, colorize: Callable[..., httpx.Response]
) -> None:
    lends = colorize(jpeg, files={"reference": photo_files.encoded(grey, "PNG")})
    assert (lends.status_code, lends.json()["message"][:13]) == (422, "the reference")
    mask = colorize(jpeg, files={"keep_grey": photo_files.encoded(grey.resize((50, 200)), "PNG")})
    assert mask.status_code == 422
    assert "does not fit a photograph of 240 x 160" in mask.json()["message"]


def test_hints_for_a_file_of_several_pages_are_refused(
    grey: Image.Image, colorize: Callable[..., httpx.Response]
) -> None:
    answer = colorize(pages(grey), "album.tif", hints=[{"x": 1, "y": 1, "color": "red"}])
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_value")
    assert answer.json()["message"].startswith("album.tif: has several pages")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=a", b"--a\r\nno form"),
        ("multipart/form-data; boundary=a", b"--a--\r\n"),
    ],
)
def test_a_form_that_is_none_is_told_in_a_sentence(client: TestClient, kind: str, body: bytes) -> None:
    answer = client.post("/v1/colorize", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_form")
    assert answer.json()["message"]


def test_nothing_stays_on_the_disk(jpeg: bytes, server: str, app: FastAPI) -> None:
    settings: Settings = app.state.darkroom.settings
    for file in (jpeg, b"no photograph"):
        httpx.post(f"{server}/v1/colorize", files={"file": ("a.jpg", file)}, timeout=60)
    assert os.listdir(settings.folder / "requests") == []

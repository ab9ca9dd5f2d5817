"""A batch as a client sees it: sent, watched, fetched, cancelled, deleted; and all that can be wrong with it."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import skimage
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from photochrom.service.app import create_app
from photochrom.service.batches.intake import take_in
from photochrom.service.routes import batches as routes
from photochrom.service.settings import Settings

BASE = "http://127.0.0.1:8421"

Files = list[tuple[str, tuple[str, bytes]]]


def files(**named: bytes) -> Files:
    return [("files", (name.replace("_", "."), content)) for name, content in named.items()]


def zipped(**named: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in named.items():
            archive.writestr(name.replace("_", "."), content)
    return stream.getvalue()


def sent(client: TestClient, upload: Files, **fields: str) -> str:
    """The address of a new batch."""
    response = client.post("/v1/batches", files=upload, data=fields)
    assert response.status_code == 202, response.text
    location: str = response.headers["Location"]
    assert location == f"/v1/batches/{response.json()['id']}"
    return location


def done(client: TestClient, address: str) -> dict[str, Any]:
    until = time.monotonic() + 30
    while True:
        info: dict[str, Any] = client.get(address).json()
        if info["state"] in ("done", "cancelled"):
            return info
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def slow() -> bytes:
    """A photograph that takes a while: some seconds."""
    stream = io.BytesIO()
    Image.effect_noise((6000, 5000), 60).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def test_photographs_and_zips_come_back_in_one_zip_that_keeps_names_and_folders(
    client: TestClient, jpeg: bytes
) -> None:
    album = zipped(**{"1923/wedding.jpg": jpeg, "1923/notes.txt": b"a fine day", "größe.jpg": jpeg})
    address = sent(client, [*files(a_jpg=jpeg), ("files", ("album.zip", album))])
    info = done(client, address)
    assert (info["total"], info["done"], info["failed"]) == (4, 3, 1)
    assert info["items"][2]["reason"].startswith("1923/notes.txt: is no picture")

    response = client.get(f"{address}/result.zip")
    assert int(response.headers["Content-Length"]) == len(response.content)
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.namelist() == [
            "a-colour.jpg",
            "1923/wedding-colour.jpg",
            "größe-colour.jpg",
            "report.json",
        ]
        assert archive.testzip() is None
        report = json.loads(archive.read("report.json"))
        picture = archive.read("1923/wedding-colour.jpg")
    assert [item["result"] for item in report["items"]] == [
        "a-colour.jpg",
        "1923/wedding-colour.jpg",
        None,
        "größe-colour.jpg",
    ]
    assert Image.open(io.BytesIO(picture)).mode == "RGB"


def test_a_result_is_the_one_of_a_single_call(client: TestClient, jpeg: bytes) -> None:
    options = {"strength": "0.7", "warmth": "0.2", "label": "true", "hints": '[{"x": 50, "y": 40, "color": "red"}]'}
    address = sent(client, files(a_jpg=jpeg), **options)
    done(client, address)
    one = client.get(f"{address}/items/1")
    alone = client.post("/v1/colorize", files={"file": ("a.jpg", jpeg)}, data=options)
    assert one.content == alone.content
    assert one.headers["Content-Type"] == "image/jpeg"
    assert 'filename="a-colour.jpg"' in one.headers["Content-Disposition"]


def test_a_reference_and_a_mask_are_for_all(client: TestClient, jpeg: bytes, grey: Image.Image) -> None:
    mask, color = io.BytesIO(), io.BytesIO()
    Image.new("L", grey.size, 255).save(mask, "PNG")
    Image.fromarray(skimage.data.coffee()).save(color, "PNG")
    lent = [("keep_grey", ("mask.png", mask.getvalue())), ("reference", ("coffee.png", color.getvalue()))]
    address = sent(client, [*files(a_jpg=jpeg, b_jpg=jpeg), *lent])
    assert done(client, address)["done"] == 2
    picture = np.asarray(Image.open(io.BytesIO(client.get(f"{address}/items/2").content)).convert("YCbCr"))
    assert np.abs(picture[..., 1:].astype(int) - 128).max() <= 2


def test_events_come_in_order_and_end(server: str, jpeg: bytes) -> None:
    location = httpx.post(f"{server}/v1/batches", files=files(a_jpg=jpeg, b_txt=b"no", c_jpg=jpeg)).headers["Location"]
    for headers in ({}, {"Last-Event-ID": "17"}):  # the second time it has ended already
        with httpx.stream("GET", f"{server}{location}/events", headers=headers, timeout=30) as stream:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            told = "".join(stream.iter_text()).split("\n\n")[:-1]
        events = [(event.split("\n")[0], json.loads(event.split("\ndata: ")[1])) for event in told]
        assert [name for name, _ in events] == ["event: progress"] * (len(events) - 1) + ["event: end"]
        assert events[0][1]["item"] is None
        assert {"item", "items"}.isdisjoint(events[-1][1])
        last = {data["item"]["number"]: data["item"]["state"] for _, data in events[1:-1]}
        assert last == {1: "done", 2: "failed", 3: "done"}
        assert [data["done"] for _, data in events] == sorted(data["done"] for _, data in events)
        assert (events[-1][1]["done"], events[-1][1]["failed"]) == (2, 1)


def test_whoever_watches_and_leaves_is_noticed(
    app: FastAPI, server: str, slow: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "BEAT", 0.05)
    location = httpx.post(f"{server}/v1/batches", files=files(a_png=slow, b_png=slow, c_png=slow)).headers["Location"]
    watchers = app.state.darkroom.batches._watchers
    with httpx.stream("GET", f"{server}{location}/events") as stream:
        chunks = stream.iter_text()
        next(chunks)
        assert len(watchers) == 1
    until = time.monotonic() + 10
    while watchers and time.monotonic() < until:
        time.sleep(0.02)
    assert not watchers
    assert httpx.get(f"{server}{location}").json()["state"] == "running"
    httpx.delete(f"{server}{location}", timeout=30)


def test_it_can_be_cancelled_and_what_is_finished_fetched(client: TestClient, jpeg: bytes, slow: bytes) -> None:
    address = sent(client, files(a_jpg=jpeg, b_png=slow, c_jpg=jpeg))
    while client.get(address).json()["done"] == 0:
        time.sleep(0.02)
    not_yet = client.get(f"{address}/result.zip")
    assert (not_yet.status_code, not_yet.json()["code"]) == (409, "not_ready")
    assert client.get(f"{address}/items/3").json()["message"] == "it is not coloured yet: wait"
    info = client.post(f"{address}/cancel").json()
    assert [item["state"] for item in info["items"]] == ["done", "cancelled", "cancelled"]
    assert info["state"] == "cancelled"
    with zipfile.ZipFile(io.BytesIO(client.get(f"{address}/result.zip").content)) as archive:
        assert archive.namelist() == ["a-colour.jpg", "report.json"]
    assert client.get(f"{address}/items/3").status_code == 409
    assert client.post(f"{address}/cancel").json()["state"] == "cancelled"
    assert done(client, sent(client, files(a_jpg=jpeg)))["done"] == 1  # the worker is free again


def test_a_person_at_the_page_does_not_wait_for_a_batch(client: TestClient, jpeg: bytes) -> None:
    address = sent(client, [("files", (f"{number}.jpg", jpeg)) for number in range(60)])
    assert client.post("/v1/colorize", files={"file": ("a.jpg", jpeg)}).status_code == 200
    assert client.get(address).json()["done"] < 60
    client.delete(address)


def test_what_is_deleted_is_gone(client: TestClient, jpeg: bytes) -> None:
    address = sent(client, files(a_jpg=jpeg))
    assert client.delete(address).status_code == 204
    for method, path in [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("GET", "/result.zip"),
        ("GET", "/items/1"),
    ]:
        response = client.request(method, f"{address}{path}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found"), path


def test_an_id_is_only_looked_up(client: TestClient) -> None:
    for id in ("x", "..", "%00", "a" * 5000, "' OR 1=1 --"):
        assert client.get(f"/v1/batches/{id}").status_code in (400, 404)


@pytest.mark.parametrize("number", ["0", "2", "-1", str(10**30)])
def test_a_photograph_that_the_batch_has_not_is_not_found(client: TestClient, jpeg: bytes, number: str) -> None:
    address = sent(client, files(a_jpg=jpeg))
    assert client.get(f"{address}/items/{number}").status_code == 404
    client.delete(address)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"strength": "3"}, 422),
        ({"strength": "much"}, 422),
        ({"unknown": "1"}, 422),
        ({"hints": "{"}, 422),
        ({"vividness": ""}, 202),
        ({"reference": ""}, 202),
    ],
)
def test_what_the_form_says_is_checked_before_anything_is_kept(
    client: TestClient, jpeg: bytes, fields: dict[str, str], status: int
) -> None:
    response = client.post("/v1/batches", files=files(a_jpg=jpeg), data=fields)
    assert response.status_code == status, response.text


@pytest.mark.parametrize(
    ("upload", "status"),
    [
        ([("other", ("a.jpg", b"x"))], 422),
        ([("files", ("a.jpg", b"x")), ("reference", ("b.jpg", b"x")), ("reference", ("c.jpg", b"x"))], 422),
        ([("files", ("empty.zip", zipped()))], 422),
        ([("files", ("bomb.zip", b"PK\x03\x04 no zip at all"))], 202),
    ],
)
def test_files_that_have_no_place_are_refused(client: TestClient, upload: Files, status: int) -> None:
    assert client.post("/v1/batches", files=upload).status_code == status


def test_no_form_is_a_bad_form(client: TestClient) -> None:
    for response in (client.post("/v1/batches"), client.post("/v1/batches", json={"files": []})):
        assert (response.status_code, response.json()["code"]) == (400, "bad_form")


def test_nothing_is_left_of_what_was_refused(settings: Callable[..., Settings], jpeg: bytes) -> None:
    small = settings(batch_files=2, batch_bytes=100_000, max_upload=50_000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.tif", bytes(3_000_000))
    with TestClient(create_app(small), base_url=BASE) as client:
        for upload in (
            files(a_jpg=jpeg, b_jpg=jpeg, c_jpg=jpeg),
            files(a_zip=zipped(a_jpg=os.urandom(40_000), b_jpg=os.urandom(40_000)), b_jpg=os.urandom(40_000)),
            files(a_zip=zipped(a_jpg=b"", b_jpg=b"", c_jpg=b"")),
        ):
            response = client.post("/v1/batches", files=upload)
            assert (response.status_code, response.json()["code"]) == (413, "too_large")
        assert list((small.folder / "batches").iterdir()) == []
        (item,) = client.post("/v1/batches", files=files(bomb_zip=bomb.getvalue())).json()["items"]
        assert "larger" in item["reason"]


def test_the_work_folder_that_cannot_be_written_is_said_in_a_sentence(
    settings: Callable[..., Settings], jpeg: bytes
) -> None:
    own = settings()
    with TestClient(create_app(own), base_url=BASE) as client:
        (own.folder / "batches").rmdir()
        (own.folder / "batches").write_bytes(b"")
        response = client.post("/v1/batches", files=files(a_jpg=jpeg))
    assert (response.status_code, response.json()["code"]) == (503, "no_room")
    assert str(own.folder) not in response.text
    assert int(response.headers["Retry-After"]) > 0


def test_more_batches_than_may_be_under_way_are_told_when_to_come_again(
    settings: Callable[..., Settings], jpeg: bytes, slow: bytes
) -> None:
    own = settings(max_queue=1)
    with TestClient(create_app(own), base_url=BASE) as client:
        first = sent(client, files(slow_png=slow))
        refused = client.post("/v1/batches", files=files(a_jpg=jpeg))
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert int(refused.headers["Retry-After"]) > 0
        assert len(list((own.folder / "batches").iterdir())) == 1
        client.post(f"{first}/cancel")
        assert done(client, sent(client, files(a_jpg=jpeg)))["done"] == 1


def test_a_client_that_leaves_while_it_sends_leaves_nothing(app: FastAPI, server: str) -> None:
    folder = app.state.darkroom.settings.folder / "batches"
    before = set(folder.iterdir())
    go = threading.Event()

    def body() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n' + b"x" * 100_000
        until = time.monotonic() + 10
        while set(folder.iterdir()) == before and time.monotonic() < until:
            time.sleep(0.02)
        assert set(folder.iterdir()) != before
        go.set()
        raise ConnectionError

    with pytest.raises(ConnectionError):
        httpx.post(f"{server}/v1/batches", content=body(), headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert go.is_set()
    until = time.monotonic() + 10
    while set(folder.iterdir()) != before and time.monotonic() < until:
        time.sleep(0.02)
    assert set(folder.iterdir()) == before


def test_a_client_that_leaves_before_its_batch_is_accepted_leaves_nothing(
    app: FastAPI, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would ever learn the id."""
    folder = app.state.darkroom.settings.folder / "batches"
    before = set(folder.iterdir())
    began, go = threading.Event(), threading.Event()

    def slowly(*arguments: Any) -> Any:
        began.set()
        go.wait(10)
        return take_in(*arguments)

    monkeypatch.setattr(routes, "take_in", slowly)
    body = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\nx\r\n--b--\r\n'
    head = f"POST /v1/batches HTTP/1.1\r\nHost: {server[7:]}\r\nContent-Length: {len(body)}\r\n"
    host, port = server[7:].split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + body)
        assert began.wait(10)
    time.sleep(0.2)
    go.set()
    until = time.monotonic() + 10
    while set(folder.iterdir()) != before and time.monotonic() < until:
        time.sleep(0.02)
    assert set(folder.iterdir()) == before


def test_small_files_by_the_hundred_take_no_more_open_files(client: TestClient) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(200, hard), hard))
    try:
        address = sent(client, [("files", (f"{number}.jpg", b"x" * 2000)) for number in range(400)])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    client.delete(address)


def test_the_document_says_what_the_form_takes(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    paths = {path: set(item) for path, item in document["paths"].items() if path.startswith("/v1/batches")}
    assert paths == {
        "/v1/batches": {"post"},
        "/v1/batches/{batch}": {"get", "delete"},
        "/v1/batches/{batch}/events": {"get"},
        "/v1/batches/{batch}/cancel": {"post"},
        "/v1/batches/{batch}/result.zip": {"get"},
        "/v1/batches/{batch}/items/{number}": {"get"},
    }
    form = document["paths"]["/v1/batches"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"files", "reference", "keep_grey", "strength", "hints"} <= set(form["properties"])
    assert form["required"] == ["files"]

"""What comes in is bounded while it comes: by size, by time, by number and by the room on the disk."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from asgi_apps import ask, echo
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from photochrom.service.guards import bodies
from photochrom.service.guards.bodies import PLAIN, Bodies, Bounds

CAP = 1000
BOUNDS = Bounds(
    sizes={("POST", "/v1/photos"): CAP, ("POST", "/v1/batches"): 5 * CAP}, uploads=2, folder=Path(tempfile.gettempdir())
)


async def in_pieces(count: int, *, size: int = 100, pause: float = 0.0) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield bytes(size)
        await asyncio.sleep(pause)


def posted(content: Any, path: str = "/v1/photos", app: ASGIApp = echo, **headers: str) -> httpx.Response:
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(Bodies(app, bounds=BOUNDS), path, method="POST", content=content, headers=renamed)


@pytest.mark.parametrize("path", ["/v1/photos", "/v1/batches"])
def test_a_body_within_its_size_goes_through(path: str) -> None:
    assert posted(bytes(CAP), path).text == str(CAP)
    assert posted(in_pieces(10), path).text == str(CAP)


def test_a_batch_may_be_larger() -> None:
    assert posted(in_pieces(50), "/v1/batches").status_code == 200
    assert posted(in_pieces(51), "/v1/batches").status_code == 413


def test_a_body_without_files_is_bounded_too() -> None:
    assert posted(bytes(PLAIN), "/v1/photos/1/paint").status_code == 200
    assert posted(bytes(PLAIN + 1), "/v1/photos/1/paint").status_code == 413


class Sent(NamedTuple):
    status: int
    received: int
    """Messages that were taken from the client."""


def raw(app: ASGIApp, chunks: list[bytes], headers: dict[str, str], bounds: Bounds = BOUNDS) -> Sent:
    """Below httpx, which doesn't lie."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/photos",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[Message] = []
    received = 0

    async def receive() -> Message:
        nonlocal received
        received += 1
        if received > len(chunks):
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": chunks[received - 1], "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Bodies(app, bounds=bounds)(scope, receive, send))
    return Sent(sent[0]["status"], received)


def test_an_announced_length_that_is_too_large_is_refused_unread() -> None:
    assert raw(echo, [bytes(10)], {"content-length": str(CAP + 1)}) == (413, 0)


@pytest.mark.parametrize("headers", [{}, {"content-length": "10"}, {"content-length": "0"}])
def test_bytes_are_counted_whatever_was_announced(headers: dict[str, str]) -> None:
    assert raw(echo, [bytes(400)] * 9, headers) == (413, 3)


def test_a_head_that_is_too_large_is_refused() -> None:
    assert raw(echo, [], {f"x-{number}": "x" * 1000 for number in range(40)}).status == 400


@pytest.mark.parametrize("length", ["-1", "1e3", "x", "9" * 5000])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    assert raw(echo, [], {"content-length": length}).status == 400


def test_the_reason_reaches_the_client_whatever_the_application_makes_of_it() -> None:
    async def swallows(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await echo(scope, receive, send)
        except Exception:
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"There was an error parsing the body"})

    answer = posted(in_pieces(11), app=swallows)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_mistake_of_the_application_stays_one() -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        posted(b"", app=fails)


def test_a_client_that_sends_nothing_is_given_up() -> None:
    assert raw(echo, [bytes(10)] * 3, {}, replace(BOUNDS, grace=0.1)) == (408, 4)


def test_a_client_that_trickles_is_given_up_though_it_never_rests_for_long() -> None:
    bounds = replace(BOUNDS, grace=0.2, rate=1e6)
    app = Bodies(echo, bounds=bounds)
    answer = _trickled(app, in_pieces(50, size=1, pause=0.05))
    assert answer == 408


def test_a_slow_client_that_keeps_the_rate_is_served() -> None:
    app = Bodies(echo, bounds=replace(BOUNDS, grace=0.1, rate=100))
    assert _trickled(app, in_pieces(8, size=20, pause=0.05)) == 200


def _trickled(app: ASGIApp, pieces: AsyncIterator[bytes]) -> int:
    scope = {"type": "http", "method": "POST", "path": "/v1/photos", "headers": []}
    sent: list[Message] = []

    async def receive() -> Message:
        async for piece in pieces:
            return {"type": "http.request", "body": piece, "more_body": True}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def call() -> None:
        await app(scope, receive, send)

    asyncio.run(call())
    status: int = sent[0]["status"]
    return status


def test_waiting_for_a_client_to_leave_takes_as_long_as_it_takes() -> None:
    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(), 0.3)  # no other end than its own
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    answer = ask(Bodies(patient, bounds=replace(BOUNDS, grace=0.1)), "/v1/photos", method="POST", content=b"x")
    assert answer.status_code == 200


def test_only_so_many_uploads_at_once_and_a_place_that_is_left_is_free_again() -> None:
    async def story() -> list[int]:
        gate = asyncio.Event()

        async def waits(scope: Scope, receive: Receive, send: Send) -> None:
            await gate.wait()
            await echo(scope, receive, send)

        transport = httpx.ASGITransport(Bodies(waits, bounds=BOUNDS))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            held = [asyncio.create_task(client.post("/v1/photos", content=b"x")) for _ in range(2)]
            await asyncio.sleep(0.05)
            third = await client.post("/v1/photos", content=b"x")
            held[0].cancel()  # a client that leaves
            await asyncio.sleep(0)
            gate.set()
            page = await client.get("/")
            fourth = await client.post("/v1/photos", content=b"x")
            assert third.headers["retry-after"]
            return [third.status_code, page.status_code, (await held[1]).status_code, fourth.status_code]

    assert asyncio.run(story()) == [503, 200, 200, 200]


def test_a_disk_that_an_upload_would_fill_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    free = BOUNDS.reserve + 10
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(free, 0, free))
    refused = posted(bytes(20))
    assert (refused.status_code, refused.json()["code"]) == (503, "no_room")
    assert posted(b"").status_code == 200


def test_a_disk_that_fills_up_on_the_way_ends_an_upload_of_unknown_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 0))
    monkeypatch.setattr(bodies, "_LOOK", 300)
    assert raw(echo, [bytes(100)] * 9, {}) == (503, 3)


@pytest.mark.parametrize("charset", ["idna", "undefined", "punycode", '"idna"', "unicode_escape"])
def test_text_is_never_decoded_by_something_that_is_no_character_set(charset: str) -> None:
    answer = posted(b"", content_type=f"multipart/form-data; boundary=x; charset={charset}")
    assert answer.status_code == 400


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=charset", "application/json; charset=UTF-8"])
def test_utf_8_is_taken_and_a_boundary_may_be_called_anything(kind: str) -> None:
    assert posted(b"", content_type=kind).status_code == 200

"""Connections that only hold on are ended, by a real server on a real socket; all others are left in peace."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import uvicorn
from asgi_apps import echo
from starlette.types import Receive, Scope, Send

from photochrom.service.guards.connections import Connection


class Impatient(Connection):
    patience = 0.4
    stall = 0.8
    most = 4


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """/large answers with more than any buffer holds, /later after a while."""
    if scope["path"] == "/large":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(64):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    if scope["path"] == "/later":
        await asyncio.sleep(1.2)
    await echo(scope, receive, send)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=Impatient, lifespan="off", log_level="critical", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        yield connection


def all_of(connection: socket.socket) -> bytes:
    """Everything until the server ends the connection, in either way."""
    got = b""
    try:
        while part := connection.recv(1 << 16):
            got += part
    except ConnectionError:
        pass
    return got


HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


def test_a_connection_without_a_request_is_ended(port: int) -> None:
    with connected(port) as connection:
        assert all_of(connection) == b""


def test_a_head_that_comes_letter_by_letter_is_not_waited_for(port: int) -> None:
    with connected(port) as connection:
        start = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - start < 3:
                connection.sendall(b"X")
                time.sleep(0.02)
        assert time.monotonic() - start < 2


def test_a_second_request_that_is_only_begun_is_not_waited_for(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"\r\n" + b"GET")
        start = time.monotonic()
        assert all_of(connection).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - start < 2


def test_an_answer_that_nobody_reads_is_given_up(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        time.sleep(2)
        assert len(all_of(connection)) < 64 << 20


def test_an_answer_that_is_read_slowly_comes_whole(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        got, start = 0, time.monotonic()
        while part := connection.recv(1 << 20):
            got += len(part)
            time.sleep(0.02)
        assert got > 64 << 20
        assert time.monotonic() - start > Impatient.stall


def test_an_answer_that_takes_long_to_make_is_waited_for(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /later HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert all_of(connection).startswith(b"HTTP/1.1 200")


def test_there_are_only_so_many_connections(port: int) -> None:
    time.sleep(0.6)  # those of other tests
    with connected(port) as one, connected(port), connected(port), connected(port), connected(port) as fifth:
        start = time.monotonic()
        assert all_of(fifth) == b""
        assert time.monotonic() - start < Impatient.patience / 2
        one.sendall(HEAD + b"Connection: close\r\n\r\n")
        assert all_of(one).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS on a port without
        HEAD + b"A: " + b"x" * 600_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_one_plain_answer_or_none(
    nonsense: bytes, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(port) as connection:
        with suppress(ConnectionError):
            connection.sendall(nonsense)
        answer = all_of(connection)
    if answer:
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"content-security-policy: default-src 'none'" in answer
        assert answer.endswith(b"}")
    assert "Traceback" not in caplog.text

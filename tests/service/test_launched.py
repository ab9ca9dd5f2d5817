"""Started by the launcher: a running service is found, errors are told in a window, and an unused service ends."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from photochrom.service.app import create_app
from photochrom.service.launched import Attendance, answers, answers_within, tell, unused_for
from photochrom.service.serving import serve
from photochrom.service.settings import Settings


def test_a_running_service_is_found_and_nothing_else_is_taken_for_one(server: str) -> None:
    assert answers(server)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        assert not answers(f"http://127.0.0.1:{deaf.getsockname()[1]}", seconds=0.5)


def test_another_program_on_the_port_is_no_photochrom() -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"[1]")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        thread = threading.Thread(target=other.handle_request)
        thread.start()
        assert not answers(f"http://127.0.0.1:{other.server_port}")
        thread.join()


def test_waiting_for_one_that_is_starting_comes_to_an_end() -> None:
    start = time.monotonic()
    assert not answers_within("http://127.0.0.1:9", 0.3)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("system", "program"),
    [("linux", "zenity"), ("linux", "kdialog"), ("linux", "notify-send"), ("darwin", "osascript")],
)
def test_a_message_reaches_whatever_can_show_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, program: str
) -> None:
    message = '-- it\'s "taken" & <b>busy</b>'
    shown = tmp_path / "shown"
    script = tmp_path / program
    script.write_text(f'#!/bin/sh\nfor word in "$@"; do last=$word; done\nprintf %s "$last" > "{shown}"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tell(message, system=system)
    assert shown.read_text() == message


def test_without_a_way_to_show_a_message_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not tell("nobody sees this", system="linux")


def ask(attendance: Attendance, path: str) -> None:
    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        pass

    asyncio.run(attendance({"type": "http", "path": path}, receive, send))


def test_only_use_keeps_a_service_awake() -> None:
    now = 0.0
    during: list[float] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal now
        now += 5
        during.append(attendance.unused)

    attendance = Attendance(app, clock=lambda: now)
    ask(attendance, "/v1/photos")
    assert attendance.unused == 0
    ask(attendance, "/healthz")
    assert attendance.unused == 5
    assert during == [0, 5]


def test_an_unused_service_is_known_but_not_while_it_works() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    works = True

    async def watch() -> None:
        nonlocal works
        watching = asyncio.create_task(unused_for(0.1, attendance=Attendance(app), busy=lambda: works, every=0.01))
        await asyncio.sleep(0.4)
        assert not watching.done()
        works = False
        async with asyncio.timeout(5):
            await watching

    asyncio.run(watch())


@pytest.fixture
def own_log() -> Iterator[None]:
    """What a server sets of the loggers of this process is undone for the tests after it."""
    loggers = [logging.getLogger(name) for name in ("photochrom", "uvicorn")]
    before = [(each.level, each.propagate, list(each.handlers)) for each in loggers]
    yield
    for each, (level, propagate, handlers) in zip(loggers, before, strict=True):
        each.setLevel(level)
        each.propagate, each.handlers[:] = propagate, handlers


@pytest.mark.usefixtures("own_log")
def test_a_service_that_nobody_uses_ends_by_itself(settings: Callable[..., Settings]) -> None:
    addresses: list[str] = []
    serve(create_app(settings(port=0)), ready=addresses.append, unused=0.2)
    assert not answers(addresses[0], seconds=0.5)

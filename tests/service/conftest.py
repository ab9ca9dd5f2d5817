"""Servers for tests: real ones on a free port of loopback, and the app in this process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import skimage
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from photochrom.service.app import create_app
from photochrom.service.guarded import server_options
from photochrom.service.settings import Settings

BASE = "http://127.0.0.1:8421"
"""What a client in this process calls itself as coming to."""


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """A real server for the app, in a thread. Gives its address."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1, **server_options())
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server could not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def settings(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Settings]:
    """Settings with the tiny model, one worker and a work folder of their own, and with what is given."""

    def make(**given: Any) -> Settings:
        folder = tmp_path_factory.mktemp("serve")
        return Settings(**{"model": str(tiny), "workers": 1, "threads": 1, "work": folder, **given})

    return make


@pytest.fixture(scope="session")
def app(settings: Callable[..., Settings]) -> FastAPI:
    """The app that `server` serves."""
    return create_app(settings(workers=2))


@pytest.fixture(scope="session")
def server(app: FastAPI) -> Iterator[str]:
    """Address of a real server with two workers, shared by all tests: leave nothing in it that disturbs others."""
    with running(app) as address:
        yield address


@pytest.fixture(scope="session")
def serving() -> Callable[[FastAPI], AbstractContextManager[str]]:
    """A real server for another app: `with serving(app) as address`."""
    return running


@pytest.fixture(scope="module")
def client(settings: Callable[..., Settings]) -> Iterator[TestClient]:
    """A client of an app in this process, one for each test module."""
    with TestClient(create_app(settings()), base_url=BASE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def grey() -> Image.Image:
    """A photograph in grey, 240 x 160."""
    return Image.fromarray(skimage.data.coffee()).convert("L").resize((240, 160))


@pytest.fixture(scope="session")
def jpeg(grey: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a photograph in grey, 240 x 160."""
    path = tmp_path_factory.mktemp("pictures") / "family.jpg"
    grey.save(path, quality=90)
    return path.read_bytes()

"""Whoever hangs up takes their work along: the worker is free for others."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import psutil
import pytest
import work_for_workers as work
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from photochrom.service.app import create_app
from photochrom.service.darkroom import Shared
from photochrom.service.gone import while_connected
from photochrom.service.settings import Settings


@pytest.fixture
def app(settings: Callable[..., Settings], tmp_path: Path) -> FastAPI:
    """An app with two more routes: one that hangs, and one that says which worker it has."""
    app = create_app(settings())

    @app.post("/hang")
    async def hang(request: Request, darkroom: Shared) -> int:
        await request.body()
        return await while_connected(request, darkroom.pool.run(work.hang, tmp_path / "begun"))

    @app.post("/pid")
    async def pid(request: Request, darkroom: Shared) -> int:
        return await while_connected(request, darkroom.pool.run(work.pid))

    return app


def test_a_client_that_hangs_up_frees_its_worker(
    app: FastAPI, serving: Callable[[FastAPI], AbstractContextManager[str]], tmp_path: Path
) -> None:
    with serving(app) as address:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/hang", content=b"x" * 100_000, timeout=httpx.Timeout(30, read=1))
        hung = int((tmp_path / "begun").read_text())
        start = time.monotonic()
        assert httpx.post(f"{address}/pid", timeout=60).json() != hung
        assert time.monotonic() - start < 20
        assert not psutil.pid_exists(hung)


def test_a_client_that_stays_gets_its_answer(app: FastAPI) -> None:
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert client.post("/pid").json() > 0

"""The guards stand before the app as it is served, in the order in which they work."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient

from photochrom.errors import PhotochromError
from photochrom.service.app import create_app
from photochrom.service.guards.headers import ALWAYS
from photochrom.service.settings import Settings

BASE = "http://127.0.0.1:8421"
KEY = "correct horse"
SECRET = "grandmother-1931"


@pytest.fixture(scope="module")
def locked(settings: Callable[..., Settings]) -> Iterator[TestClient]:
    """A client of an app that wants a key, may be called darkroom.lan, and has a route that goes wrong."""
    app = create_app(settings(api_key=KEY, allowed_hosts=("darkroom.lan",), max_upload=1_000_000))

    async def mistaken(message: str) -> None:
        raise KeyError(message)

    async def refused(message: str) -> None:
        raise PhotochromError("said on purpose")

    app.get("/v1/mistaken")(mistaken)
    app.get("/v1/refused")(refused)
    with TestClient(app, base_url=BASE, raise_server_exceptions=True) as client:
        yield client


WITH_KEY = {"x-api-key": KEY}


@pytest.mark.parametrize(
    ("status", "method", "path", "headers"),
    [
        (200, "GET", "/healthz", {}),
        (401, "GET", "/metrics", {}),
        (401, "GET", "/v1/photos/1", {}),
        (401, "POST", "/v1/colorize", {}),
        (403, "GET", "/v1/photos/1", {**WITH_KEY, "sec-fetch-site": "cross-site"}),
        (403, "GET", "/healthz", {"host": "evil.example"}),
        (404, "GET", "/v1/nothing", WITH_KEY),
        (405, "DELETE", "/healthz", WITH_KEY),
        (403, "OPTIONS", "/v1/photos", {"origin": BASE, "access-control-request-method": "POST"}),
        (413, "POST", "/v1/colorize", {**WITH_KEY, "content-length": "9000000"}),
        (500, "GET", f"/v1/mistaken?message={SECRET}", WITH_KEY),
        (422, "GET", "/v1/mistaken", WITH_KEY),
    ],
)
def test_every_answer_has_its_status_its_headers_and_if_an_error_its_problem(
    status: int, method: str, path: str, headers: dict[str, str], locked: TestClient
) -> None:
    answer = locked.request(method, path, headers=headers)
    status = 400 if path == "/v1/mistaken" and status == 422 else status  # a parameter that is missing
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not [name for name in answer.headers if name.startswith("access-control")]
    if status >= 400:
        problem = answer.json()
        assert problem.keys() == {"code", "message"}
        assert "Traceback" not in answer.text


def test_it_answers_to_a_name_that_was_allowed(locked: TestClient) -> None:
    assert locked.get("/healthz", headers={"host": "darkroom.lan:8421"}).status_code == 200


def test_a_mistake_is_found_in_the_log_by_its_number_and_quotes_nothing(
    locked: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = locked.get(f"/v1/mistaken?message={SECRET}", headers=WITH_KEY)
    number = answer.json()["message"].split()[-1]
    assert SECRET not in answer.text
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    assert f"incident {number}" in ours
    assert "builtins.KeyError" in ours
    assert "test_guarded.py" in ours
    assert SECRET not in ours
    assert not any(record.exc_info for record in caplog.records)


def test_an_error_that_was_meant_is_no_mistake(locked: TestClient) -> None:
    answer = locked.get("/v1/refused?message=x", headers=WITH_KEY)
    assert answer.json() == {"code": "wrong_value", "message": "said on purpose"}


def test_a_real_server_says_nothing_of_what_it_runs_on(server: str) -> None:
    answer = httpx.get(f"{server}/healthz")
    assert answer.status_code == 200
    assert "server" not in answer.headers
    refused = httpx.get(f"{server}/healthz", headers={"host": "evil.example"})
    assert refused.status_code == 403


def test_a_body_that_is_too_large_is_answered_while_it_is_still_sent(server: str) -> None:
    async def call() -> httpx.Response:
        async def endless() -> Any:
            for _ in range(64):
                yield bytes(1 << 20)

        async with httpx.AsyncClient() as client:
            return await client.post(f"{server}/v1/photos/1/paint", content=endless(), timeout=20)

    answer = asyncio.run(call())
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path", ["/../app.py", "/..%2fapp.py", "/js/..%2f..%2fapp.py", "//etc/passwd", "/%2e%2e/app.py", "/js/%00", "/.."]
)
def test_the_page_gives_no_file_but_its_own(path: str, server: str) -> None:
    connection = HTTPConnection(urlsplit(server).netloc)
    connection.request("GET", path)  # as it is: httpx would tidy it
    answer = connection.getresponse()
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/json"
    connection.close()


@pytest.mark.parametrize("path", ["/v1/colorize", "/v1/photos", "/v1/photos/1/paint", "/v1/batches/1/cancel"])
def test_an_address_that_takes_other_methods_says_so(path: str, server: str) -> None:
    answer = httpx.get(f"{server}{path}")
    assert (answer.status_code, answer.json()["code"]) == (405, "not_allowed")
    assert "POST" in answer.headers["allow"]

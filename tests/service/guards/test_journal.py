"""The log tells what was asked for by its route: no id, no query, nothing that a client chose."""

import logging

import pytest
from asgi_apps import ask
from fastapi import FastAPI

from photochrom.service.guards.journal import Journal


@pytest.fixture
def app() -> Journal:
    app = FastAPI()
    app.get("/v1/photos/{id}")(lambda id: id)
    return Journal(app)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("photochrom")]


def test_it_says_route_status_and_time(app: Journal, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        ask(app, "/v1/photos/secret-id?note=a+secret")
    (line,) = lines(caplog)
    assert line.startswith("GET /v1/photos/{id}: 200, ")
    assert "secret" not in line


def test_what_has_no_route_puts_nothing_of_its_own_into_the_log(app: Journal, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        ask(app, "/secret%0AGET /v1/forged", method="SECRET")
    (line,) = lines(caplog)
    assert line.startswith("(other) (no route): 404, ")

"""Requests are counted and logged by their route: no id, no query, nothing that a client chose."""

from __future__ import annotations

import logging

import pytest
from asgi_apps import ask
from fastapi import FastAPI
from starlette.requests import ClientDisconnect

from photochrom.service.guards.mistakes import Mistakes
from photochrom.service.metrics import Counting, Metrics
from photochrom.service.pool import Pool
from photochrom.service.problems import problem_of
from photochrom.service.settings import Settings


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(Pool(Settings(workers=1)))


@pytest.fixture
def app(metrics: Metrics) -> Counting:
    app = FastAPI()
    app.get("/v1/photos/{id}")(lambda id: id)
    return Counting(app, metrics)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("photochrom")]


def counted(metrics: Metrics) -> list[str]:
    return [line for line in metrics.text().decode().splitlines() if line.startswith("photochrom_requests_total")]


def test_a_request_is_told_by_route_status_and_time(
    app: Counting, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        ask(app, "/v1/photos/secret-id?note=a+secret")
    (line,) = lines(caplog)
    assert line.startswith("GET /v1/photos/{id}: 200, ")
    assert "secret" not in line
    assert counted(metrics) == [
        'photochrom_requests_total{method="GET",route="/v1/photos/{id}",status="200"} 1.0',
    ]


def test_what_has_no_route_puts_nothing_of_its_own_into_log_and_metrics(
    app: Counting, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        ask(app, "/secret%0AGET /v1/forged", method="SECRET")
    (line,) = lines(caplog)
    assert line.startswith("other none: 404, ")
    assert counted(metrics) == ['photochrom_requests_total{method="other",route="none",status="404"} 1.0']


def test_a_client_that_left_counts_as_no_mistake_of_the_server(metrics: Metrics) -> None:
    async def left(scope: object, receive: object, send: object) -> None:
        raise ClientDisconnect

    app = Counting(Mistakes(left, answer=lambda error: problem_of(error).response()), metrics)
    with pytest.raises(AssertionError):  # of the client for tests: no answer came
        ask(app, "/")
    assert counted(metrics) == ['photochrom_requests_total{method="GET",route="none",status="499"} 1.0']

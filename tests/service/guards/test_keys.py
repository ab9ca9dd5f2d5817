"""With a key set, nothing of the service works without it, save the page that asks for it."""

import asyncio
import hmac
import time
from collections.abc import Mapping

import httpx
import pytest
from asgi_apps import ask, echo

from photochrom.service.guards.keys import Keys

KEY = "correct horse"


def guarded(slowed: float = 0.0) -> Keys:
    return Keys(echo, key=KEY, slowed=slowed)


@pytest.mark.parametrize("headers", [{"authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}])
def test_the_key_opens_in_either_header(headers: Mapping[str, str]) -> None:
    assert ask(guarded(), "/v1/colorize", method="POST", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": KEY}, {"authorization": f"Basic {KEY}"}, {"x-api-key": ""}, {"x-api-key": f"{KEY}!"}],
)
def test_anything_else_does_not(headers: Mapping[str, str]) -> None:
    answer = ask(guarded(), "/v1/colorize", method="POST", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] in ("key_needed", "wrong_key")


@pytest.mark.parametrize("path", ["/v1/photos/1", "/v1", "/v1/nothing", "/metrics"])
def test_reading_the_service_needs_it(path: str) -> None:
    assert ask(guarded(), path).status_code == 401


@pytest.mark.parametrize("path", ["/", "/app.js", "/healthz", "/version"])
def test_the_page_health_and_version_load_without(path: str) -> None:
    assert ask(guarded(), path).status_code == 200
    assert ask(guarded(), path, method="POST").status_code == 401


def test_keys_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []

    def digests(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", digests)
    for wrong in ("", "c", KEY * 9):
        ask(guarded(), "/v1/colorize", headers={"x-api-key": wrong})
    assert compared == [(32, 32)] * 3  # digests: not even the length shows


def test_a_wrong_key_waits_while_others_are_served() -> None:
    async def both() -> tuple[float, float]:
        transport = httpx.ASGITransport(guarded(slowed=0.4))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            start = time.monotonic()

            async def took(key: str) -> float:
                await client.get("/v1/photos/1", headers={"x-api-key": key})
                return time.monotonic() - start

            wrong, right = await asyncio.gather(took("guess"), took(KEY))
            return wrong, right

    wrong, right = asyncio.run(both())
    assert wrong >= 0.4 > right

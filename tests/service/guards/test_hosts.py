"""DNS rebinding: only names that are known to be its own are answered to."""

import pytest
from asgi_apps import ask, echo
from hypothesis import given
from hypothesis import strategies as st

from photochrom.service.guards.hosts import Hosts, name_of


@pytest.mark.parametrize(
    "host", ["localhost:8421", "LOCALHOST", "127.0.0.1:8421", "[::1]:8421", "localhost.:9", "darkroom.lan:8421"]
)
def test_answers_to_its_own_names_with_any_port(host: str) -> None:
    assert ask(Hosts(echo, allowed=["darkroom.lan"]), headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example:8421",
        "localhost.example",
        "127.0.0.1.example:8421",
        "localhost:8421@rebound.example",
        "192.168.1.5:8421",
        "localhost:x",
        "",
    ],
)
def test_refuses_any_other_name(host: str) -> None:
    answer = ask(Hosts(echo, allowed=["darkroom.lan"]), headers={"host": host})
    assert answer.status_code == 403
    assert answer.json()["code"] == "unknown_host"


def test_a_name_that_may_be_allowed_can_be_written_with_its_port() -> None:
    assert ask(Hosts(echo, allowed=["192.168.1.5:8421"]), headers={"host": "192.168.1.5:8421"}).status_code == 200


@given(st.text(alphabet="abc.:[]1", max_size=12), st.integers(0, 65535))
def test_a_port_makes_no_difference(name: str, port: int) -> None:
    bare = name_of(name)
    if ":" not in name:
        assert name_of(f"{name}:{port}") == bare

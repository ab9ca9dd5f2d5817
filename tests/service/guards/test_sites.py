"""A web site that somebody visits must not drive, or read, a service on the same machine."""

from collections.abc import Mapping

import pytest
from asgi_apps import ask, echo

from photochrom.service.guards.sites import Sites

OWN = "http://localhost:8421"


def status(method: str, path: str, headers: Mapping[str, str]) -> int:
    return ask(Sites(echo), path, method=method, headers=headers).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},  # a form, or fetch with mode no-cors
        {"origin": "https://evil.example"},  # a browser without Sec-Fetch
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://localhost:3000"},  # another port of this machine
        {"origin": "http://localhost:3000"},
        {"origin": "null"},  # a frame in a sandbox, a file
        {"sec-fetch-site": "none"},  # nothing that a page does
        {"sec-fetch-site": "nonsense"},
        {"origin": "http://localhost:8421.evil.example"},
        {"origin": "http://localhost"},
    ],
)
def test_another_site_changes_nothing(headers: Mapping[str, str]) -> None:
    assert status("POST", "/v1/photos", headers) == 403
    assert status("DELETE", "/v1/photos/1", headers) == 403


@pytest.mark.parametrize("mode", [{}, {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}])
def test_another_site_reads_nothing(mode: Mapping[str, str]) -> None:
    for path in ("/v1/photos/1", "/metrics", "/healthz", "/openapi.json"):
        assert status("GET", path, {"sec-fetch-site": "cross-site", **mode}) == 403


def test_another_site_may_link_to_the_page_but_not_into_the_service() -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert status("GET", "/", link) == 200
    assert status("GET", "/v1/photos/1", link) == 403
    assert status("POST", "/", {**link, "origin": "https://evil.example"}) == 403
    assert status("GET", "/", {**link, "sec-fetch-dest": "iframe"}) == 403


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_its_own_page_may_do_all(method: str) -> None:
    assert status(method, "/v1/photos", {"origin": OWN, "sec-fetch-site": "same-origin"}) == 200


def test_its_own_page_behind_a_proxy_that_ends_tls_may_do_all() -> None:
    headers = {"host": "photos.example", "origin": "https://photos.example", "sec-fetch-site": "same-origin"}
    assert status("POST", "/v1/photos", headers) == 200


def test_programs_which_send_neither_header_may_do_all() -> None:
    assert status("POST", "/v1/photos", {}) == 200


def test_an_address_that_was_typed_may_read() -> None:
    assert status("GET", "/v1/photos/1", {"sec-fetch-site": "none"}) == 200


@pytest.mark.parametrize("origin", ["https://evil.example", OWN])
def test_a_preflight_is_refused_without_a_word_of_cors(origin: str) -> None:
    headers = {"origin": origin, "access-control-request-method": "POST", "sec-fetch-site": "same-origin"}
    answer = ask(Sites(echo), "/v1/photos", method="OPTIONS", headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]

"""No answer, whatever is in it, may do harm in a browser."""

import pytest
from asgi_apps import ask, echo
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from photochrom.service.guards.headers import ALWAYS, DATA_POLICY, PAGE_POLICY, Headers
from photochrom.service.guards.hosts import Hosts


def answering(content: bytes, kind: str, **headers: str) -> Headers:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(content, media_type=kind, headers=headers)(scope, receive, send)

    return Headers(app)


@pytest.mark.parametrize("path", ["/", "/v1/photos/1", "/nothing"])
def test_every_answer_carries_them(path: str) -> None:
    headers = ask(Headers(echo), path).headers
    assert {name: headers[name] for name in ALWAYS} == ALWAYS


def test_refusals_of_other_guards_carry_them_too() -> None:
    answer = ask(Headers(Hosts(echo)), headers={"host": "evil.example"})
    assert answer.status_code == 403
    assert answer.headers["content-security-policy"] == PAGE_POLICY


def test_the_page_may_run_its_own_scripts_only_and_be_framed_by_nobody() -> None:
    policy = dict(part.strip().split(" ", 1) for part in PAGE_POLICY.split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in PAGE_POLICY


def test_data_may_run_nothing_and_be_kept_nowhere() -> None:
    headers = ask(answering(b"{}", "application/json", **{"cache-control": "public"}), "/v1/photos/1").headers
    assert headers["content-security-policy"] == DATA_POLICY
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "IMAGE/SVG"]
)
def test_nothing_that_could_run_is_served_as_such_by_the_api(kind: str) -> None:
    answer = ask(answering(b"<svg onload='alert(1)'/>", kind), "/v1/photos/1/grey")
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("kind", ["image/jpeg", "application/json", "application/zip", "text/event-stream"])
def test_what_cannot_run_keeps_its_type(kind: str) -> None:
    assert ask(answering(b"", kind), "/v1/photos/1").headers["content-type"].startswith(kind)


def test_no_other_site_is_ever_allowed_to_read() -> None:
    headers = ask(answering(b"", "image/jpeg", **{"access-control-allow-origin": "*"}), "/v1/photos/1").headers
    assert not [name for name in headers if name.startswith("access-control-")]


def test_files_of_the_page_are_asked_for_again() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await FileResponse(__file__)(scope, receive, send)

    assert ask(Headers(app), "/page.js").headers["cache-control"] == "no-cache"

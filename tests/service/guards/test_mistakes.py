"""No exception goes out, in an answer or into the server's own log, whatever its message quotes."""

import pytest
from asgi_apps import ask
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from photochrom.service.guards.headers import Headers
from photochrom.service.guards.mistakes import BrokenOffError, Mistakes


def failing(error: Exception, *, after: str | None = None) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if after is not None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": after.encode(), "more_body": True})
        raise error

    return app


def test_a_mistake_is_answered_with_all_headers() -> None:
    met: list[Exception] = []

    def answer(error: Exception) -> ASGIApp:
        met.append(error)
        return PlainTextResponse("sorry", status_code=500)

    mistake = KeyError("grandmother.jpg")
    response = ask(Headers(Mistakes(failing(mistake), answer=answer)), "/v1/photos")
    assert (response.status_code, response.text, met) == (500, "sorry", [mistake])
    assert response.headers["x-content-type-options"] == "nosniff"


def test_an_answer_that_had_begun_breaks_off_without_a_word() -> None:
    app = Mistakes(failing(KeyError("grandmother.jpg"), after="half"), answer=lambda _: PlainTextResponse("no"))
    with pytest.raises(BrokenOffError) as caught:
        ask(app)
    assert caught.value.__context__ is None
    assert "grandmother" not in str(caught.value)


def test_a_client_that_left_is_no_mistake() -> None:
    def answer(error: Exception) -> ASGIApp:
        raise AssertionError

    with pytest.raises(AssertionError, match=r"^$"):  # of httpx, which was promised an answer
        ask(Mistakes(failing(ClientDisconnect()), answer=answer))

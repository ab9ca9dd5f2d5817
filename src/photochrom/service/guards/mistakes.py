"""The last resort: an exception that nothing else has met is answered, and goes no further.

Above it are only guards, so that this answer, too, carries what every answer must; were it to go on, the server would
log it with its message, and with whatever of a request that quotes.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BrokenOffError(Exception):
    """An answer that had begun can't be ended: the server closes the connection."""


class Mistakes:
    """Answers with what `answer` makes of an exception of the application; it also sees to the log."""

    def __init__(self, app: ASGIApp, *, answer: Callable[[Exception], ASGIApp]) -> None:
        self._app, self._answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            return await self._app(scope, receive, noted)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as error:
            answer = self._answer(error)
        if started:
            raise BrokenOffError
        await answer(scope, receive, send)

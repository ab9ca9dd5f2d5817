"""Work is for somebody: when whoever asked is gone, it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from photochrom.service.problems import CLOSED, Problem

Result = TypeVar("Result")


async def while_connected(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of the work, which is cancelled when the client disconnects meanwhile.

    The body of the request must have been read.

    Raises:
        Problem: the client is gone.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise _problem()
        return working.result()
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})


async def check_connected(request: Request) -> None:
    """Before something is kept for a client: it must be there to learn of it.

    Raises:
        Problem: the client is gone.
    """
    if await request.is_disconnected():
        raise _problem()


def _problem() -> Problem:
    return Problem(CLOSED, "gone", "the client closed the connection")


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

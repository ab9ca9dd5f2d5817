"""Everything that can go wrong with a request, as a status and one JSON object with one plain sentence.

No trace and no path of this machine goes out; a mistake of ours gets a number that stands in the log.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from photochrom.errors import MissingExtraError, ModelError, PhotochromError, PhotoError, TooLargeError, UsageError
from photochrom.service.disk import NoSpaceError
from photochrom.service.incidents import trace_of
from photochrom.service.pool import CrashedError, MistakeError, TooLongError
from photochrom.service.turns import BusyError

CLOSED: Final = 499
"""The status that nginx notes for requests whose client went away; nobody gets to see it."""

_log = logging.getLogger(__name__)


class Problem(Exception):
    """A request that can't be served.

    Args:
        status: of HTTP.
        code: a word for programs, such as "too_large".
        message: a sentence for people: what is wrong, and what to do.
        headers: of the response.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        body = {"code": self.code, "message": self.message}
        return JSONResponse(body, status_code=self.status, headers=self.headers)


class ProblemBody(BaseModel):
    """What the body of every error is."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="A word for programs.", examples=["not_a_photograph"])
    message: str = Field(
        description="A sentence for people.",
        examples=["notes.txt: is no picture that can be read (JPEG, PNG, …): it is text, whatever its name says"],
    )


_MEANS: Final = {
    400: "The form is no form, or lacks something.",
    401: "An API key is needed.",
    403: "Called by a name, or from a page, that is not allowed.",
    404: "There is no such thing, or no longer.",
    408: "The upload came too slowly.",
    409: "Not now, in the state that it is in.",
    413: "Too many bytes or pixels.",
    415: "Not a photograph, or of a format that can't be read here.",
    422: "A value makes no sense, or the file made its process crash.",
    503: "Busy: try again after the seconds of Retry-After.",
    504: "It took longer than a request may take.",
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, for its `responses=`; the ones that every route can give need not be named."""
    return {status: {"model": ProblemBody, "description": _MEANS[status]} for status in (401, 403, *statuses)}


def problem_of(error: Exception) -> Problem:
    """What an error of the pool or of the work itself is for the one who asked."""
    message = str(error)
    if isinstance(error, Problem):
        return error
    if isinstance(error, BusyError):
        return Problem(503, "busy", message, {"Retry-After": str(error.retry_after)})
    if isinstance(error, TooLongError):
        return Problem(504, "too_long", message)
    if isinstance(error, CrashedError):
        return Problem(422, "crashed", message)
    if isinstance(error, NoSpaceError):
        return Problem(503, "no_room", message, {"Retry-After": "60"})
    if isinstance(error, TooLargeError):
        return Problem(413, "too_large", message)
    if isinstance(error, UsageError):
        return Problem(422, "wrong_value", message)
    if isinstance(error, MissingExtraError):
        return Problem(415, "not_supported", message)
    if isinstance(error, PhotoError):
        return Problem(415, "not_a_photograph", message)
    if isinstance(error, ModelError):
        return Problem(422, "no_color", message)
    if isinstance(error, PhotochromError):
        return Problem(422, "wrong_value", message)
    incident = secrets.token_hex(4)
    if isinstance(error, MistakeError):
        _log.error("incident %s in a worker:\n%s", incident, error.trace)
    else:
        _log.error("incident %s:\n%s", incident, trace_of(error))
    return Problem(500, "mistake", f"Photochrom made a mistake; its log says more under the incident {incident}")


def install(app: FastAPI) -> None:
    """Have the app answer with problems only. Mistakes are left to the guards, which stand around all of it."""

    async def known(request: Request, error: Exception) -> JSONResponse:
        return problem_of(error).response()

    for kind in (Problem, PhotochromError, MistakeError):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(RequestValidationError, _invalid)


async def _plain(request: Request, error: Exception) -> JSONResponse:
    """Errors of the framework itself: no such route, no such method, a form that is none."""
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    code = {400: "bad_form", 404: "not_found", 405: "not_allowed"}.get(
        error.status_code, phrase.lower().replace(" ", "_")
    )
    sentences = {404: "there is nothing at this address", 405: "this address does not take such requests"}
    message = sentences.get(error.status_code, str(error.detail))
    return Problem(error.status_code, code, message, error.headers).response()


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first, *more = error.errors()
    where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
    message = f"{where}: {_lower(str(first['msg']))}"
    if more:
        message += f" (and {len(more)} more)"
    code = "bad_form" if first["type"] in ("missing", "json_invalid") else "wrong_value"
    return Problem(422 if code == "wrong_value" else 400, code, message).response()


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]

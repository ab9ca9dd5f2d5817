"""The one-call way: a photograph in, the coloured photograph out."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from photochrom.service.coloring import Colored, Order, color
from photochrom.service.darkroom import Shared
from photochrom.service.downloads import attachment, in_header
from photochrom.service.forms import ColorizeForm
from photochrom.service.gone import while_connected
from photochrom.service.naming import SUFFIX, label
from photochrom.service.problems import responses
from photochrom.service.requests import FinalResponse

router = APIRouter(prefix="/v1", tags=["colorize"])

_OK: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The coloured photograph: all pages, same size, same metadata, same format unless another was "
        "asked for.",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "Content-Disposition": {"description": "NAME-colour.EXT", "schema": {"type": "string"}},
            "Photochrom-Model": {"description": "The exact weights.", "schema": {"type": "string"}},
            "Photochrom-Warnings": {
                "description": "What the owner should know: a JSON list of sentences.",
                "schema": {"type": "string"},
            },
        },
    }
}


@router.post("/colorize", response_class=Response, responses={**_OK, **responses(400, 408, 413, 415, 422, 503, 504)})
async def colorize(
    request: Request, form: Annotated[ColorizeForm, Form(media_type="multipart/form-data")], darkroom: Shared
) -> Response:
    """Colour one photograph.

    Nothing of it stays here: what was sent and what was made is removed with the answer.
    """
    values = form.order()
    sent = {"source": form.file, "reference": form.reference, "keep_grey": form.keep_grey}
    folder = await darkroom.requests.new(sent)
    try:
        name = PurePosixPath(label(form.file.filename or "")).name
        order = Order(
            source=folder / "source",
            target=folder / "result",
            name=name,
            reference=folder / "reference" if form.reference else None,
            keep_grey=folder / "keep_grey" if form.keep_grey else None,
            **values,
        )
        done: Colored = await while_connected(request, darkroom.pool.run(color, order))
        headers = {
            "Content-Disposition": attachment(f"{PurePosixPath(name).stem}{SUFFIX}{done.ending}"),
            "Photochrom-Model": done.model,
            "Photochrom-Warnings": in_header(done.warnings),
        }
        return FinalResponse(
            order.target, after=lambda: darkroom.requests.done(folder), media_type=done.mime, headers=headers
        )
    except BaseException:
        await darkroom.requests.done(folder)
        raise

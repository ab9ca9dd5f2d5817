"""Many photographs at once: sent in one form, coloured while nobody waits, fetched as one zip."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from photochrom.service.batches.batches import named
from photochrom.service.batches.folders import LENT
from photochrom.service.batches.infos import BatchForm, BatchInfo, BatchProgress, BatchState, ItemInfo
from photochrom.service.batches.intake import Limits, take_in
from photochrom.service.batches.store import State, Summary
from photochrom.service.batches.uploading import Form, received
from photochrom.service.darkroom import Darkroom, Shared
from photochrom.service.downloads import attachment, binary
from photochrom.service.forms import ColoringForm
from photochrom.service.gone import check_connected
from photochrom.service.problems import Problem, responses
from photochrom.service.requests import new_id

router = APIRouter(prefix="/v1/batches", tags=["batches"])

BEAT: Final = 15.0
"""Seconds without a change after which a comment is sent, so that nothing between here and there gives up."""

_EVENT: Final = {
    "type": "object",
    "properties": {
        "event": {"enum": ["progress", "end"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
"""What a server-sent event of a batch is."""

_UNKNOWN: Final = "there is no such batch, or no longer"


async def _summary(batch: str, darkroom: Shared) -> Summary:
    """The batch that the address names.

    Raises:
        Problem: there is none.
    """
    summary = await darkroom.batches.summary(batch)
    if summary is None:
        raise Problem(404, "not_found", _UNKNOWN)
    return summary


Known = Annotated[Summary, Depends(_summary)]


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    responses={
        202: {"headers": {"Location": {"description": "Of the batch.", "schema": {"type": "string"}}}},
        **responses(400, 408, 413, 422, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": BatchForm.model_json_schema()}},
        }
    },
)
async def create(request: Request, response: Response, darkroom: Shared) -> BatchInfo:
    """Send many photographs, as files, in zips, or both.

    They are on the disk when this is answered, and are coloured even if the service is ended and started again
    meanwhile. A file that can't be coloured does not stop the others.
    """
    batches, settings = darkroom.batches, darkroom.settings
    await batches.check_room()
    batch = new_id()
    await run_in_threadpool(batches.folders.begin, batch)
    try:
        form = await received(
            request.headers.get("content-type", ""),
            request.stream(),
            batches.folders.sent(batch),
            most=settings.batch_files + len(LENT),
        )
        options = _options(form)
        for upload in form.files:
            if upload.field in LENT and upload.name:
                await run_in_threadpool(batches.folders.lend, batch, upload.field, upload.path)
        items = await run_in_threadpool(
            take_in,
            [(upload.name, upload.path) for upload in form.files if upload.field == "files"],
            batches.folders.originals(batch),
            Limits(files=settings.batch_files, bytes=settings.batch_bytes, each=settings.max_upload),
        )
        await check_connected(request)
    except BaseException:
        await run_in_threadpool(batches.folders.delete, batch)
        raise
    await batches.accept(batch, options, items)
    response.headers["Location"] = f"{router.prefix}/{batch}"
    return await _info(darkroom, batch)


@router.get("/{batch}", responses=responses(404))
async def read(summary: Known, darkroom: Shared) -> BatchInfo:
    """How a batch and each of its photographs stand."""
    return await _info(darkroom, summary.id)


@router.get(
    "/{batch}/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": 'Server-sent events. First one "progress" for the whole, then one for each photograph that '
            'is not waiting any more, now and whenever one changes; last one "end", after which there is no use in '
            "connecting again. Their data is JSON.",
            "content": {"text/event-stream": {"itemSchema": _EVENT}},
        },
        **responses(404),
    },
)
async def events(summary: Known, darkroom: Shared) -> StreamingResponse:
    """Watch a batch. Whoever connects again, with or without Last-Event-ID, is told everything again."""
    return StreamingResponse(
        _events(darkroom, summary.id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.post("/{batch}/cancel", responses=responses(404, 503))
async def cancel(summary: Known, darkroom: Shared) -> BatchInfo:
    """End a batch. What is coloured already can be fetched; nothing happens to one that has ended."""
    await darkroom.batches.cancel(summary.id)
    return await _info(darkroom, summary.id)


@router.delete("/{batch}", status_code=status.HTTP_204_NO_CONTENT, responses=responses(404, 503))
async def delete(summary: Known, darkroom: Shared) -> None:
    """End a batch, and delete it and all its photographs."""
    await darkroom.batches.delete(summary.id)


@router.get(
    "/{batch}/result.zip",
    response_class=Response,
    responses={**binary("application/zip", "All that were coloured, and a report.json."), **responses(404, 409)},
)
async def result(summary: Known, darkroom: Shared) -> Response:
    """All coloured photographs of a batch that has ended, in one zip."""
    if summary.ended is None:
        left = summary.total - summary.done - summary.failed
        raise Problem(409, "not_ready", f"{left} of {summary.total} photographs are not coloured yet: wait, or cancel")
    _, items = await darkroom.batches.whole(summary.id)
    zipped = await run_in_threadpool(darkroom.batches.zipped, summary, items)
    headers = {"Content-Length": str(len(zipped)), "Content-Disposition": attachment("photochrom.zip")}
    return StreamingResponse(zipped, media_type="application/zip", headers=headers)


@router.get(
    "/{batch}/items/{number}",
    response_class=Response,
    responses={**binary("image/*", "The coloured photograph."), **responses(404, 409, 422)},
)
async def item(number: int, summary: Known, darkroom: Shared) -> Response:
    """One coloured photograph, as soon as it is there."""
    _, items = await darkroom.batches.whole(summary.id)
    if not 1 <= number <= len(items):
        raise Problem(404, "not_found", f"the batch has no photograph {number}: it has {len(items)}")
    asked = items[number - 1]
    if asked.state is not State.DONE or asked.result is None:
        why = {State.FAILED: f"it could not be coloured: {asked.reason}", State.CANCELLED: "its batch was cancelled"}
        raise Problem(409, "not_ready", why.get(asked.state, "it is not coloured yet: wait"))
    name = PurePosixPath(named(items)[number]).name
    headers = {"Content-Disposition": attachment(name)}
    return FileResponse(darkroom.batches.result(summary.id, asked), media_type=asked.result.mime, headers=headers)


def _options(form: Form) -> dict[str, Any]:
    """What the form says about all photographs.

    Raises:
        Problem, RequestValidationError: a field is wrong.
    """
    for upload in form.files:
        if upload.field not in ("files", *LENT):
            raise Problem(422, "wrong_value", "the form has a file in a field that takes none")
    for option in LENT:
        if sum(upload.field == option for upload in form.files) > 1:
            raise Problem(422, "wrong_value", f"{option}: is one file")
    texts = {name: text for name, text in form.texts if text}  # a field of a page's form may be left empty
    try:
        return ColoringForm.model_validate(texts).order()
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from None


async def _info(darkroom: Darkroom, batch: str) -> BatchInfo:
    summary, items = await darkroom.batches.whole(batch)
    if summary is None:
        raise Problem(404, "not_found", _UNKNOWN)
    return BatchInfo(**_state(darkroom, summary), items=[ItemInfo.of(item) for item in items])


def _state(darkroom: Darkroom, summary: Summary) -> dict[str, Any]:
    values = {name: getattr(summary, name) for name in ("id", "state", "total", "done", "failed")}
    return {**values, "expires_in": darkroom.batches.expires_in(summary)}


async def _events(darkroom: Darkroom, batch: str) -> AsyncIterator[str]:
    last = None
    async with aclosing(darkroom.batches.changes(batch, beat=BEAT)) as changes:
        async for change in changes:
            if change is None:
                yield ": still here\n\n"
                continue
            item = None if change.item is None else ItemInfo.of(change.item)
            last = _state(darkroom, change.summary)
            yield _event("progress", BatchProgress(**last, item=item))
    if last is not None and not darkroom.batches.ending:  # then it goes on after the next start: connect again
        yield _event("end", BatchState(**last))


def _event(name: str, data: BaseModel) -> str:
    return f"event: {name}\ndata: {data.model_dump_json()}\n\n"

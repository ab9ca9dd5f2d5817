"""A photograph that is sent once, looked at once and painted as often as somebody likes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import JSONResponse, Response

from photochrom.service import certainty, painting
from photochrom.service.darkroom import Darkroom, Shared
from photochrom.service.downloads import attachment, binary, in_header
from photochrom.service.forms import PhotoForm, ProjectForm
from photochrom.service.gone import while_connected
from photochrom.service.naming import SUFFIX, label
from photochrom.service.painting import WRITTEN, Facts, Options, Painted, Wish
from photochrom.service.photos import Kept
from photochrom.service.problems import Problem, responses
from photochrom.service.requests import FinalResponse, new_id
from photochrom.service.schemas import (
    Confidence,
    Known,
    Paint,
    PhotoInfo,
    ProjectInfo,
    Refine,
    Suggest,
    Suggestion,
    Suggestions,
    Sure,
    Variant,
    Variants,
    Vary,
)
from photochrom.service.studio import Seen
from photochrom.service.turns import Lane

router = APIRouter(prefix="/v1/photos", tags=["photos"])

MOST_BOXES: Final = 32
"""Parts of one photograph that are looked at closer: each takes memory, and time for every painting."""

MOST_PROJECT: Final = 1 << 20
"""Bytes of a .photochrom file."""

_IN_WORKER: Final = (404, 413, 415, 422, 503, 504)
"""What can go wrong with a photograph that is there, or was."""


@router.post(
    "",
    status_code=201,
    response_model=PhotoInfo,
    responses=responses(400, 408, 413, 415, 422, 503, 504),
    summary="Send a photograph",
)
async def send(
    request: Request, form: Annotated[PhotoForm, Form(media_type="multipart/form-data")], darkroom: Shared
) -> Response:
    """Have the network look at a photograph, once. It stays for a while, and painting it is quick.

    Only this server keeps it: until it is deleted, was not used for long, or room is needed.
    """
    name = PurePosixPath(label(form.file.filename or "")).name
    async with darkroom.photos.received(form.file, name=name) as sent:
        seen = replace(sent, page=form.page, detail=form.detail)
        facts: Facts = await _run(request, darkroom, painting.look, seen)
        kept = darkroom.photos.keep(seen, facts)
    return _created(darkroom, kept, facts)


@router.get("/{id}", responses=responses(*_IN_WORKER), summary="What is known of a photograph")
async def info(request: Request, id: str, darkroom: Shared) -> PhotoInfo:
    """The same as when it was sent."""
    async with darkroom.photos.using(id) as kept:
        facts = kept.facts
        if kept.marked:
            facts = await _run(request, darkroom, painting.look, kept.seen)
        return _info(darkroom, kept, facts)


@router.delete("/{id}", status_code=204, responses=responses(404), summary="Forget a photograph")
async def delete(id: str, darkroom: Shared) -> None:
    """Its file goes with the last of the ids that were made of it."""
    await darkroom.photos.delete(id)


@router.get(
    "/{id}/grey",
    response_class=Response,
    responses={**binary("image/jpeg", "JPEG."), **responses(*_IN_WORKER)},
    summary="The photograph as it came",
)
async def grey(
    request: Request,
    id: str,
    darkroom: Shared,
    size: Annotated[int | None, Query(ge=16, le=65_500, description="Longer side, in pixels, at most.")] = None,
) -> Response:
    """Grey, or in its tint where it is toned; of one in colour, its light alone. As the screen shows it, in sRGB."""
    async with darkroom.photos.using(id) as kept:
        data = await _run(request, darkroom, painting.grey, kept.seen, size)
    return Response(data, media_type="image/jpeg")


@router.post(
    "/{id}/paint",
    response_class=Response,
    responses={
        200: {
            "description": "What was asked for. The header Photochrom-Warnings holds a JSON list of sentences.",
            "content": {
                "image/*": {"schema": {"type": "string", "format": "binary"}},
                "application/json": {"schema": {"type": "object", "description": "A project."}},
            },
        },
        **responses(400, *_IN_WORKER),
    },
    summary="Colour a photograph",
)
async def paint(request: Request, id: str, body: Paint, darkroom: Shared) -> Response:
    """As a finished file, as a picture for the screen, as a layer, before | after, or as a project to go on from."""
    folder = await darkroom.requests.new() if body.output in WRITTEN else None
    try:
        wish = Wish(
            output=body.output,
            target=None if folder is None else folder / "result",
            size=body.size,
            format=body.format,
            quality=body.quality,
            label=body.label,
        )
        async with _asked(darkroom, id, body) as (kept, options):
            done: Painted = await _run(request, darkroom, painting.paint, kept.seen, options, wish)
        headers = {"Photochrom-Model": darkroom.pool.model, "Photochrom-Warnings": in_header(done.warnings)}
        if body.output != "preview":
            stem = PurePosixPath(kept.seen.name).stem
            headers["Content-Disposition"] = attachment(f"{stem}{SUFFIX}{done.ending}")
        if folder is None or wish.target is None:
            return Response(done.data, media_type=done.mime, headers=headers)
        after = partial(darkroom.requests.done, folder)
        return FinalResponse(wish.target, after=after, media_type=done.mime, headers=headers)
    except BaseException:
        if folder is not None:
            await darkroom.requests.done(folder)
        raise


@router.post("/{id}/suggest", responses=responses(400, *_IN_WORKER), summary="The likeliest colours of a place")
async def suggest(request: Request, id: str, body: Suggest, darkroom: Shared) -> Suggestions:
    """For somebody who does not know the colour, but would recognise it."""
    async with _asked(darkroom, id, body) as (kept, options):
        place = (body.x, body.y)
        found, lightness = await _run(request, darkroom, certainty.suggest, kept.seen, place, body.n, options)
    colors = [Suggestion(color=color, probability=probability) for color, probability in found]
    return Suggestions(suggestions=colors, lightness=lightness)


@router.post(
    "/{id}/confidence",
    response_model=Confidence,
    responses={
        200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
        **responses(400, *_IN_WORKER),
    },
    summary="What is known, and what is guessed",
)
async def confidence(request: Request, id: str, body: Sure, darkroom: Shared) -> Response:
    """Which colours were stated by somebody, which follow from that, and which the model infers, how surely."""
    async with _asked(darkroom, id, body) as (kept, options):
        if body.output == "map":
            data = await _run(request, darkroom, certainty.sure_map, kept.seen, options)
            return Response(data, media_type="image/png")
        return JSONResponse(await _run(request, darkroom, certainty.overlay, kept.seen, options))


@router.post("/{id}/variants", responses=responses(400, *_IN_WORKER), summary="Other possible colourings")
async def variants(request: Request, id: str, body: Vary, darkroom: Shared) -> Variants:
    """Each is plausible, and each thing has one colour in it; what hints state holds in all of them."""
    async with _asked(darkroom, id, body) as (kept, options):
        how = options, body.n, body.seed, body.size
        found = await _run(request, darkroom, painting.variants, kept.seen, *how)
    return Variants(
        variants=[Variant(number=number, hints=hints, image=image) for number, (hints, image) in enumerate(found, 1)]
    )


@router.post(
    "/{id}/refine",
    status_code=201,
    response_model=PhotoInfo,
    responses=responses(400, 409, *_IN_WORKER),
    summary="Look closer at a part",
)
async def refine(request: Request, id: str, body: Refine, darkroom: Shared) -> Response:
    """A new photograph of the same file, in which the network has looked once more at a box. The old one stays."""
    async with darkroom.photos.using(id) as kept:
        boxes = (*kept.seen.boxes, tuple(body.box))
        if len(boxes) > MOST_BOXES:
            raise Problem(422, "wrong_value", f"box: at most {MOST_BOXES} parts of a photograph are looked at closer")
        facts: Facts = await _run(request, darkroom, painting.look, replace(kept.seen, boxes=boxes))
        seen = replace(kept.seen, id=new_id(), boxes=facts.refined)
        closer = darkroom.photos.keep(seen, facts)
    return _created(darkroom, closer, facts)


@router.post("/{id}/project", responses=responses(400, *_IN_WORKER), summary="Go on from a project")
async def project(
    request: Request, id: str, form: Annotated[ProjectForm, Form(media_type="multipart/form-data")], darkroom: Shared
) -> ProjectInfo:
    """What a .photochrom file says, in the pixels of this photograph, of which it may be an earlier scan.

    Nothing is painted. Masks and reference pictures that it names are not looked for.
    """
    if (form.file.size or 0) > MOST_PROJECT:
        raise Problem(413, "too_large", f"a project of more than {MOST_PROJECT >> 20} MB can't be read here")
    data, name = await form.file.read(), PurePosixPath(label(form.file.filename or "")).name
    async with darkroom.photos.using(id) as kept:
        told = await _run(request, darkroom, painting.project_on, kept.seen, data, name)
    return ProjectInfo(**told)


@asynccontextmanager
async def _asked(darkroom: Darkroom, id: str, body: Known) -> AsyncIterator[tuple[Kept, Options]]:
    """A photograph and what is asked of its colours; all files that this takes stay within the block."""
    async with AsyncExitStack() as stack:
        kept = await stack.enter_async_context(darkroom.photos.using(id))
        others: dict[str, Any] = {}
        for option, what in (("reference", "picture for reference"), ("keep_grey", "mask for keep_grey")):
            other = getattr(body, option, None)
            if other is not None:
                others[option] = (await stack.enter_async_context(darkroom.photos.using(other, what=what))).seen
        numbers = body.model_dump(include={"vividness", "strength", "warmth", "keep_tone"})
        yield kept, Options(hints=tuple(body.hints), **numbers, **others)


async def _run(request: Request, darkroom: Darkroom, work: Callable[..., Any], seen: Seen, *more: Any) -> Any:
    """What a worker answers, one that may hold this upload if that goes; nothing if the client is gone."""
    working = darkroom.pool.run(work, seen, *more, near=seen.path.parent.name, lane=Lane.HAND)
    return await while_connected(request, working)


def _created(darkroom: Darkroom, kept: Kept, facts: Facts) -> Response:
    body = _info(darkroom, kept, facts)
    return JSONResponse(body.model_dump(), status_code=201, headers={"Location": f"{router.prefix}/{body.id}"})


def _info(darkroom: Darkroom, kept: Kept, facts: Facts) -> PhotoInfo:
    return PhotoInfo(
        id=kept.seen.id,
        name=kept.seen.name,
        page=kept.seen.page,
        model=darkroom.pool.model,
        expires_in=darkroom.photos.expires_in(kept),
        **asdict(facts),
    )

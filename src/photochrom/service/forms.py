"""The fields of all forms that files are uploaded with."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import UploadFile
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError

from photochrom.errors import UsageError
from photochrom.hints.hint import MOST, from_json
from photochrom.service.schemas import FormatName

MOST_BOXES: Final = 100
"""Parts that may be looked at closer: the network looks once for each."""


def _or_none(value: Any) -> Any:
    """What a field of a page's form that was left empty means."""
    return None if value == "" else value


class ColoringForm(BaseModel):
    """How photographs are to be coloured and saved. What is left out, or empty, is as it is without it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    vividness: Annotated[
        float | None,
        BeforeValidator(_or_none),
        Field(
            ge=0,
            le=1,
            description="0 for the least error, to the truest colourfulness and beyond at 1. Without it, as the model "
            "was measured best.",
            examples=[0.6],
        ),
    ] = None
    strength: Annotated[
        float, Field(ge=0, le=2, description="Factor on the finished colours: 0 is grey, 1 as they are.", examples=[1])
    ] = 1.0
    warmth: Annotated[
        float,
        Field(ge=-1, le=1, description="The light of all that is guessed: -1 is cool, 1 is warm.", examples=[0]),
    ] = 0.0
    keep_tone: Annotated[
        bool, Field(description="Lay the tint of a toned photograph, such as sepia, over its colours.")
    ] = False
    detail: Annotated[
        float | None,
        BeforeValidator(_or_none),
        Field(
            ge=1,
            le=4,
            description="Have the network look so many times closer: for small faces. Time grows with its square.",
            examples=[1],
        ),
    ] = None
    hints: Annotated[
        str | None,
        BeforeValidator(_or_none),
        Field(
            description="What is known of the colours: JSON, a list of hints as in docs/control.md; or the content of "
            "a hint file.",
            examples=['[{"x": 310, "y": 220, "color": "#7a1f2b", "note": "her own words"}]'],
        ),
    ] = None
    refine: Annotated[
        str | None,
        BeforeValidator(_or_none),
        Field(
            description="Parts to look at closer: JSON, a list of boxes [left, top, right, bottom] in pixels.",
            examples=["[[1200, 340, 1310, 470]]"],
        ),
    ] = None
    format: Annotated[
        FormatName | None,
        BeforeValidator(_or_none),
        Field(description="Of the result. Without it, as the photograph came.", examples=["png"]),
    ] = None
    quality: Annotated[
        int | None,
        BeforeValidator(_or_none),
        Field(ge=1, le=100, description="Of JPEG and all others that can lose any.", examples=[90]),
    ] = None
    label: Annotated[bool, Field(description="Write a small Colourised into the lower right corner of the result.")] = (
        False
    )

    def order(self) -> dict[str, Any]:
        """What an `Order` takes of all this, as plain values.

        Raises:
            UsageError: hints or boxes are none.
        """
        return {
            "options": {name: getattr(self, name) for name in ("vividness", "strength", "warmth", "keep_tone")},
            "hints": _hints(self.hints),
            "refine": _boxes(self.refine),
            **{name: getattr(self, name) for name in ("detail", "format", "quality", "label")},
        }


class ColorizeForm(ColoringForm):
    """One photograph, and how it is to be coloured."""

    file: Annotated[UploadFile, Field(description="The photograph. Its content decides its format, never its name.")]
    reference: Annotated[
        UploadFile | None,
        BeforeValidator(_or_none),
        Field(description="A picture in colour, whose colours go to what is alike in meaning, such as a uniform."),
    ] = None
    keep_grey: Annotated[
        UploadFile | None,
        BeforeValidator(_or_none),
        Field(description="A picture of the photograph's shape, white where that is to stay grey."),
    ] = None


class PhotoForm(BaseModel):
    """One photograph."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    file: Annotated[UploadFile, Field(description="The photograph. Its content decides its format, never its name.")]
    page: Annotated[int, Field(ge=0, le=100_000, description="Of a TIFF, counted from 0.")] = 0
    detail: Annotated[
        float | None,
        BeforeValidator(_or_none),
        Field(ge=1, le=4, description="Have the network look so many times closer. Time grows with its square."),
    ] = None


class ProjectForm(BaseModel):
    """A .photochrom file."""

    model_config = ConfigDict(extra="forbid")

    file: Annotated[UploadFile, Field(description="What output “project” gave, or `photochrom --save-project`.")]


def _parsed(text: str | None, field: str) -> Any:
    try:
        return json.loads(text or "[]")
    except (ValueError, RecursionError):
        raise UsageError(f"{field}: is no JSON") from None


def _hints(text: str | None) -> list[Any]:
    values = _parsed(text, "hints")
    listed = values.get("hints") if isinstance(values, dict) else values
    if not isinstance(listed, list) or len(listed) > MOST:
        raise UsageError(f"hints: a list of at most {MOST:,} is expected")
    for number, each in enumerate(listed, start=1):
        try:
            from_json(each)
        except UsageError as error:
            raise UsageError(f"hint {number}: {error}") from None
    return listed


def _boxes(text: str | None) -> list[list[float]]:
    boxes = _parsed(text, "refine")
    try:
        return _BOXES.validate_python(boxes, strict=True)
    except ValidationError:
        raise UsageError("refine: a list of boxes is expected, [left, top, right, bottom] in pixels each") from None


_BOXES: Final = TypeAdapter(
    Annotated[list[Annotated[list[FiniteFloat], Field(min_length=4, max_length=4)]], Field(max_length=MOST_BOXES)]
)

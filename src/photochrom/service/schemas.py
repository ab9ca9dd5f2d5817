"""What goes in and out of `/v1/photos` as JSON: every value has its range, and none is taken that has no meaning.

Hints are read by the same function as those of hint files; sentences about them are its own.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from photochrom.errors import UsageError
from photochrom.hints.hint import MOST, MOST_NOTE, AnyHint, from_json

FormatName = Literal["jpeg", "png", "tiff", "webp", "bmp", "avif", "heic", "jp2", "j2k", "jxl"]
"""Formats that results can be written in, by what their names usually end in."""

MOST_SIZE: Final = 4096
"""Pixels of the longer side of a preview."""

_PLACE: Final = {"type": "number", "description": "Pixels of the photograph as it is seen, from its upper left corner."}
_HINT: Final = {
    "type": "object",
    "title": "Hint",
    "description": "What somebody knows: the colour of a place (x and y) or along a line (stroke).",
    "properties": {
        "x": _PLACE,
        "y": _PLACE,
        "stroke": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
        },
        "color": {"type": "string", "description": "#RRGGBB, or a name of CSS. Only its hue and chroma count."},
        "radius": {"type": "number", "minimum": 0, "description": "Pixels around the place or line."},
        "note": {"type": "string", "maxLength": MOST_NOTE, "description": "Where the knowledge comes from."},
    },
    "additionalProperties": False,
    "oneOf": [{"required": ["x", "y", "color"]}, {"required": ["stroke", "color"]}],
    "examples": [{"x": 310, "y": 220, "color": "#7a1f2b", "note": "so her niece says"}],
}


def _hint(value: Any) -> AnyHint:
    try:
        return from_json(value)
    except UsageError as error:
        raise PydanticCustomError("hint", "{sentence}", {"sentence": str(error)}) from None


def _known(value: Any) -> dict[str, Any]:
    return dict(value)


HintIn = Annotated[AnyHint, PlainValidator(_hint), WithJsonSchema(_HINT)]
HintOut = Annotated[dict[str, Any], PlainValidator(_known), WithJsonSchema(_HINT)]
Hints = Annotated[list[HintIn], Field(max_length=MOST, description="Where two meet, the later one counts.")]
HintsOut = list[HintOut]
Box = Annotated[list[float], Field(min_length=4, max_length=4, examples=[[440, 30, 600, 210]])]
BoxOut = Annotated[list[float], Field(min_length=4, max_length=4, description="Left, top, right, bottom in pixels.")]
PhotoId = Annotated[str, Field(min_length=1, max_length=64, examples=["3q2-7wAAB9cXm0b1lP8tVQ"])]


class Given(BaseModel):
    """A body: unknown names, texts in the place of numbers and what is no number are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Known(Given):
    """What is known of a photograph's colours."""

    hints: Hints = []
    reference: Annotated[
        PhotoId | None, Field(description="Id of an uploaded picture in colour that lends its colours.")
    ] = None


class PaintOptions(Known):
    """How a photograph is coloured. All of it can be left out."""

    vividness: Annotated[
        float | None, Field(ge=0, le=1, description="From the least error to full colour; null: as the model has it.")
    ] = None
    strength: Annotated[float, Field(ge=0, le=2, description="Factor on what came out; 0 is grey.")] = 1.0
    warmth: Annotated[float, Field(ge=-1, le=1, description="The light of all that is guessed, blue to amber.")] = 0.0
    keep_tone: Annotated[bool, Field(description="Lay the tint of a toned photograph over its colours.")] = False
    keep_grey: Annotated[
        PhotoId | None, Field(description="Id of an uploaded mask of the same shape: white stays grey.")
    ] = None


class Paint(PaintOptions):
    """What to make of a photograph."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "hints": [{"x": 310, "y": 220, "color": "#7a1f2b", "note": "so her niece says"}],
                    "vividness": 0.6,
                    "output": "preview",
                    "size": 1600,
                }
            ]
        }
    )

    output: Annotated[
        Literal["file", "preview", "layer", "compare", "project"],
        Field(
            description="The finished file with all metadata; a JPEG for the screen; the colours alone as PNG; before "
            "and after as JPEG; or the .photochrom file, which is JSON."
        ),
    ] = "file"
    size: Annotated[int, Field(ge=16, le=MOST_SIZE, description="Longer side of a preview, in pixels.")] = 1600
    format: Annotated[FormatName | None, Field(description="Of the file; null: as it came.")] = None
    quality: Annotated[int | None, Field(ge=1, le=100, description="Of formats that lose any; null: as it came.")] = (
        None
    )
    label: Annotated[bool, Field(description="Write a small “Colourised” into the corner.")] = False


class Suggest(Known):
    """Of which place colours are asked for."""

    x: Annotated[float, Field(ge=0, examples=[310])]
    y: Annotated[float, Field(ge=0, examples=[220])]
    n: Annotated[int, Field(ge=1, le=20, description="How many.")] = 5


class Sure(PaintOptions):
    """Of which colours it is asked how sure they are."""

    output: Annotated[
        Literal["layers", "map"], Field(description="JSON with an overlay, or a PNG with the photograph and a legend.")
    ] = "layers"


class Vary(PaintOptions):
    """Which variants are asked for."""

    n: Annotated[int, Field(ge=1, le=32, description="How many.")] = 4
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Another one gives other variants.")] = 0
    size: Annotated[int, Field(ge=16, le=MOST_SIZE, description="Longer side of their pictures, in pixels.")] = 480


class Refine(Given):
    """A part of the photograph that deserves a second, closer look."""

    box: Annotated[Box, Field(description="Left, top, right, bottom in pixels of the photograph.")]


class ProjectInfo(BaseModel):
    """How a photograph was coloured, in the pixels of the photograph that it is asked for."""

    options: Annotated[
        dict[str, Any],
        Field(
            description="Of PaintOptions, as far as they were used; and detail and label.",
            examples=[{"vividness": 0.6}],
        ),
    ]
    hints: HintsOut
    refined: list[BoxOut]
    warnings: Annotated[list[str], Field(description="What could not be taken over, and other things to know.")]


class PhotoInfo(BaseModel):
    """An uploaded photograph that the network has looked at."""

    id: PhotoId
    name: Annotated[str, Field(description="Of its file; a label, nothing else.", examples=["family.jpg"])]
    width: int
    height: int
    page: Annotated[int, Field(description="Counted from 0.")]
    pages: Annotated[int, Field(description="Of its file.")]
    format: Annotated[str, Field(examples=["JPEG"])]
    was_colored: Annotated[
        Literal["grey", "toned", "color"], Field(description="What its file's own colours are like.")
    ]
    model: Annotated[str, Field(description="The exact weights.", examples=["best 1.0 (sha256 0123456789abcdef)"])]
    vividness: Annotated[float, Field(description="Of the model where none is asked for.", examples=[0.5])]
    refined: Annotated[list[BoxOut], Field(description="What was looked at closer.")]
    expires_in: Annotated[float, Field(description="Seconds that it stays from now on, unless it is used.")]
    warnings: Annotated[list[str], Field(description="Sentences about this file.")]
    project: Annotated[
        ProjectInfo | None, Field(description="How Photochrom coloured this file before, by its own mark; or null.")
    ]


class Suggestion(BaseModel):
    """A colour that a place may have."""

    color: Annotated[str, Field(description="As it looks in the light of the place.", examples=["#6b4a3c"])]
    probability: Annotated[float, Field(description="That the true colour is about this one.", examples=[0.41])]


class Suggestions(BaseModel):
    """The likeliest colours of a place."""

    suggestions: Annotated[list[Suggestion], Field(description="The likeliest first.")]
    lightness: Annotated[float, Field(description="L* of the place, 0 to 100.", examples=[43.2])]


class Shares(BaseModel):
    """Parts of the picture, whose sum is 1."""

    stated: float
    follows: float
    inferred: float
    uncertain: float


class Confidence(BaseModel):
    """Where the colours of a photograph come from."""

    width: Annotated[int, Field(description="Of the overlay.")]
    height: int
    shares: Shares
    overlay: Annotated[str, Field(description="PNG with alpha, in base64, to be laid over the whole photograph.")]


class Variant(BaseModel):
    """Another possible colouring."""

    number: Annotated[int, Field(description="From 1.")]
    hints: Annotated[HintsOut, Field(description="Painting with these, and the same options, gives it again.")]
    image: Annotated[str, Field(description="JPEG in base64.")]


class Variants(BaseModel):
    """Other possible colourings."""

    variants: list[Variant]

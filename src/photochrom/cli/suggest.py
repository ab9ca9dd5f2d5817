"""`photochrom suggest`: the colours that a place of a photograph most likely has, to choose a hint from."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def suggest(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A photograph.", show_default=False)],
    place: Annotated[
        str, typer.Argument(metavar="X,Y", help="In pixels from the upper left corner, upright.", show_default=False)
    ],
    number: Annotated[int, typer.Option("-n", "--number", min=1, max=20, help="How many colours.")] = 5,
    hints: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is known already, as for colorize.", show_default=False),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="PICTURE", help="A picture in colour that lends its own, as for colorize.", show_default=False
        ),
    ] = None,
    detail: Annotated[float | None, typer.Option(min=1, max=4, help="As for colorize.", show_default="1")] = None,
    model: Annotated[str, typer.Option(metavar="NAME|FOLDER", help="A bundled model, or a model's folder.")] = "best",
    as_json: Annotated[bool, typer.Option("--json", help="The colours as JSON.")] = False,
) -> None:
    """Suggest colours for a place: different ones, the likeliest first, each with its probability.

    The probability is that of the true colour being about this one. A chosen colour goes into the file for
    colorize --hints.
    """
    from photochrom.cli.control import numbers
    from photochrom.colorizer import Colorizer
    from photochrom.hints.hint import read_hints
    from photochrom.photo import collect_warnings

    x, y = numbers(place, "the place", "X,Y")
    known = () if hints is None else read_hints(hints)
    with collect_warnings() as warnings:
        canvas = Colorizer(model).open(file, detail=detail)
        found = canvas.suggest(x, y, number, hints=known, reference=reference)
    for warning in warnings:
        print(f"photochrom: warning: {warning}", file=sys.stderr)
    if as_json:
        colors = [{"color": color.hex, "probability": round(share, 4)} for color, share in found]
        print(json.dumps({"file": file, "x": x, "y": y, "suggestions": colors}))
        return
    for color, share in found:
        print(f"{color.hex}  {100 * share:3.0f} %")

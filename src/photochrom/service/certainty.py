"""What workers say of an uploaded photograph's colours: which are likely at a place, and how sure all of them are.

Each function is called by `Pool.run`, as those of `painting` are, on the same canvases.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from photochrom.service.painting import Options, given, opened, sure
from photochrom.service.studio import Seen

if TYPE_CHECKING:
    from photochrom.service.studio import Studio


def suggest(
    studio: Studio, seen: Seen, place: tuple[float, float], n: int, options: Options
) -> tuple[list[tuple[str, float]], float]:
    """The likeliest colours of a place, each with its probability; and the place's lightness L*.

    Raises:
        UsageError, PhotoError: see :meth:`Canvas.suggest`.
    """
    from photochrom.color.lab import lightness

    with opened(studio, seen, options) as (canvas, _):
        reference = None if options.reference is None else studio.reference(options.reference)
        found = canvas.suggest(*place, n, hints=options.hints, reference=reference)
        left, top = int(place[0]), int(place[1])
        luma = canvas.photo.working_luma((1, 1), part=(left, top, left + 1, top + 1))
    return [(color.hex, probability) for color, probability in found], float(lightness(luma)[0, 0])


def overlay(studio: Studio, seen: Seen, options: Options) -> dict[str, Any]:
    """Where the colours come from: the size of the cells, the share of each source, and a PNG to lay over.

    Raises:
        UsageError, PhotoError: see :meth:`Canvas.certainty`.
    """
    import cv2

    from photochrom.hints import confidence_map

    with opened(studio, seen, options) as (canvas, _):
        certainty = canvas.certainty(**sure(studio, canvas, options))
    rgba = confidence_map.overlay(certainty)
    _, png = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
    shares = certainty.planes.mean(axis=(1, 2), dtype="float64")
    names = ("stated", "follows", "inferred", "uncertain")
    return {
        "width": rgba.shape[1],
        "height": rgba.shape[0],
        "shares": dict(zip(names, map(float, shares), strict=True)),
        "overlay": base64.b64encode(png.tobytes()).decode(),
    }


def sure_map(studio: Studio, seen: Seen, options: Options) -> bytes:
    """Where the colours come from, as PNG over the grey photograph, with a legend.

    Raises:
        UsageError, PhotoError, ModelError: see :meth:`Canvas.certainty` and :meth:`Canvas.paint`.
    """
    from photochrom.hints import confidence_map
    from photochrom.photo.companions import pictured

    with opened(studio, seen, options) as (canvas, _):
        drawn = confidence_map.draw(canvas.certainty(**sure(studio, canvas, options)), canvas.photo.luma)
        photo = canvas.paint(**given(studio, canvas, options))
    stream = io.BytesIO()
    pictured(photo, drawn).save(stream, format="PNG")
    return stream.getvalue()

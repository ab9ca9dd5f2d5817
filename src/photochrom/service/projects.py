"""How a photograph was coloured before, as far as it can be gone on from here.

A mark or a project comes from a file that anybody can have written: its values are checked, and the files
that it names are never looked for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from photochrom.errors import UsageError

if TYPE_CHECKING:
    from photochrom.canvas import Canvas
    from photochrom.hints.project import Project
    from photochrom.service.studio import Studio

_KEPT: Final = ("vividness", "strength", "warmth", "keep_tone", "detail", "label")
"""Options of a project that can be taken over; masks and references are files that nobody has here."""

_MOST: Final = 1 << 20
"""Characters of the hints of a photograph, in JSON: more could not be sent back to paint with."""

_FILES: Final = {"keep_grey": "mask of what stays grey", "reference": "reference picture"}


def in_mark(studio: Studio, canvas: Canvas) -> dict[str, Any] | None:
    """What a photograph's own mark says; None where it says nothing, or (with a warning) nothing that can be used."""
    from photochrom.hints.project import NoMarkError, Project
    from photochrom.photo import collect_warnings, warn

    try:
        project = Project.in_mark(canvas.photo)
        with collect_warnings():  # that it is not the file which was coloured: it is the result
            here = project.on(canvas.photo)
        return on(studio, canvas, here)
    except NoMarkError:
        return None
    except UsageError as error:
        warn(f"what it says of its own colours can't be used: {error}")
        return None


def on(studio: Studio, canvas: Canvas, project: Project) -> dict[str, Any]:
    """A project in the pixels of a photograph, as far as it can be gone on from here.

    Raises:
        UsageError: its hints or boxes do not lie on the photograph, or are too many, or it is of another shape.
    """
    from photochrom.hints.known import check
    from photochrom.hints.refining import checked
    from photochrom.photo import collect_warnings

    with collect_warnings() as warnings:
        here = project.on(canvas.photo)
        project.compare_model(studio.painter.model.identity)
    hints = [hint.to_json() for hint in check(here.hints, canvas.photo.size)]
    if len(json.dumps(hints)) > _MOST:
        raise UsageError(f"{project.name}: has more hints than can be worked with here")
    missing = [option for option in ("keep_grey", "reference") if option in here.options]
    warnings += [f"it was coloured with a {_FILES[option]}, which is not here: give it again" for option in missing]
    return {
        "options": {name: here.options[name] for name in _KEPT if name in here.options},
        "hints": hints,
        "refined": [list(checked(box, canvas.photo.size)) for box in here.boxes],
        "warnings": warnings,
    }

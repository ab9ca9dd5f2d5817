"""`photochrom info`: what a result or a project says of how it was coloured."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from photochrom.hints.project import Project

MOST_HINTS = 50
"""Hints that are shown to people; `--json` has all of them."""


def info(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Pictures, .photochrom files, or - (standard input).", show_default=False
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each file.")] = False,
) -> None:
    """Say what a file carries: who coloured it, with which model, options and hints, and from which original.

    Exit code: 0 also for pictures that carry no mark of Photochrom; 1 for files that can't be read.
    """
    from photochrom.errors import PhotochromError
    from photochrom.photo import collect_warnings

    failed = False
    for file in files:
        with collect_warnings() as warnings:
            try:
                found = _found(file)
            except PhotochromError as error:
                failed, found = True, {"file": file, "error": str(error)}
        if as_json:
            print(json.dumps(found), flush=True)
            continue
        for warning in warnings:
            print(f"photochrom: warning: {warning}", file=sys.stderr)
        if "error" in found:
            print(f"photochrom: error: {printable(found['error'])}", file=sys.stderr)
        else:
            print("\n".join(_lines(found)), flush=True)
    raise typer.Exit(1 if failed else 0)


def _found(file: str) -> dict[str, Any]:
    from photochrom.cli.jobs import STANDARD
    from photochrom.hints.project import NoMarkError, Project

    try:
        project = Project.read(sys.stdin.buffer if file == STANDARD else file)
    except NoMarkError:
        return {"file": file, "colored": False}
    return {"file": file, "colored": True, **_values(project)}


def _values(project: Project) -> dict[str, Any]:
    return {
        "software": project.software,
        "model": project.model,
        "photo": {"width": project.size[0], "height": project.size[1], "sha256": project.sha256},
        "options": dict(project.options),
        "hints": [hint.to_json() for hint in project.hints],
    }


def _lines(found: dict[str, Any]) -> list[str]:
    from photochrom.cli.jobs import STANDARD, STANDARD_INPUT

    name = STANDARD_INPUT if found["file"] == STANDARD else printable(found["file"])
    if not found["colored"]:
        return [f"{name}: carries no mark of Photochrom"]
    photo = found["photo"]
    lines = [
        f"{name}: coloured by {printable(found['software'])}; its colours are a guess",
        f"  model       {printable(found['model'])}",
        f"  photograph  {photo['width']} x {photo['height']} pixels, SHA-256 {photo['sha256'] or 'unknown'}",
    ]
    for option, value in sorted(found["options"].items()):
        lines.append(f"  {option:<11} {_shown(value)}" + (" (counted from 0)" if option == "page" else ""))
    hints = found["hints"]
    lines.append(f"  {'hints':<11} {len(hints) or 'none'}")
    for hint in hints[:MOST_HINTS]:
        lines.append(
            f"    {_place(hint)}  {hint['color']}" + (f"  {printable(hint['note'])}" if "note" in hint else "")
        )
    if len(hints) > MOST_HINTS:
        lines.append(f"    and {len(hints) - MOST_HINTS} more: --json lists them all")
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {printable(str(each))}" for key, each in value.items())
    if isinstance(value, list):
        return "; ".join(", ".join(f"{side:g}" for side in box) for box in value)
    return f"{value:g}"


def _place(hint: dict[str, Any]) -> str:
    radius = f", radius {hint['radius']:g}" if "radius" in hint else ""
    if "stroke" in hint:
        x, y = hint["stroke"][0]
        return f"stroke of {len(hint['stroke'])} points from {x:g}, {y:g}{radius}"
    return f"{hint['x']:g}, {hint['y']:g}{radius}"


def printable(text: str) -> str:
    """The text without what could command a terminal: a note may hold anything."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)

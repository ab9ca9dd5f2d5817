"""`photochrom models`: which models this installation has, and what their cards say."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def models(
    as_json: Annotated[bool, typer.Option("--json", help="The whole cards, as a JSON array.")] = False,
) -> None:
    """List the models that come with Photochrom."""
    from photochrom.runtime.model import read_card
    from photochrom.runtime.registry import FILES, bundled

    found = []
    for name, files in bundled().items():
        card = json.loads(read_card(name).to_json())
        # For the computation and not for people: some hundred numbers.
        for key in ("bins", "log_w"):
            del card[key]
        size = sum((files.folder / file).stat().st_size for file in FILES)
        found.append({**card, "use": files.use, "bytes": size, "sha256": dict(files.sha256)})
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for model in found:
        columns = f"{model['name']:<20} {model['version']:<8} {model['bytes'] / 1e6:5.1f} MB  {model['license']:<12}"
        typer.echo(f"{columns} {model['use']}")
    if not found:
        typer.echo("This installation has no models: give --model the folder of one.")

"""`photochrom train`: a recipe and photographs become a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe (YAML), such as recipes/best.yaml.", dir_okay=False)],
    data: Annotated[
        Path, typer.Option("--data", help="Manifest CSV of the photographs; its tars lie beside it.", dir_okay=False)
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the run; a run that it holds goes on.", file_okay=False)
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting: key=value, such as batch=16. Repeatable.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Stop after this long; run again to go on.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Start from a bundled model, a model folder or a checkpoint.")
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads of the network.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes that make samples.")] = 1,
) -> None:
    """Train a model. What is printed are samples seen, samples a second and the validation figures."""
    from photochrom.cli.extras import needs_extra

    with needs_extra("train"):
        from photochrom.training.fit import train as run
        from photochrom.training.recipe import Recipe

    best = run(
        Recipe.load(recipe, settings or ()),
        manifest=data,
        out=out,
        minutes=minutes,
        start=start,
        threads=threads,
        workers=workers,
    )
    typer.echo(str(best))

"""`photochrom tune`: many short runs find better settings for a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tune(
    recipe: Annotated[Path, typer.Argument(help="Recipe (YAML), such as recipes/fast.yaml.", dir_okay=False)],
    data: Annotated[
        Path, typer.Option("--data", help="Manifest CSV of the photographs; its tars lie beside it.", dir_okay=False)
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the study; one that it holds goes on.", file_okay=False)
    ],
    search: Annotated[
        Path | None,
        typer.Option("--search", help="What is varied (YAML); tune.yaml beside the recipe where left out."),
    ] = None,
    trials: Annotated[int, typer.Option("--trials", min=1, help="How many the study shall have in the end.")] = 30,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Stop after this long; run again to go on.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting: key=value, such as samples=8000. Repeatable.")
    ] = None,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, help="First trials with the recipe's own settings, to measure the noise.")
    ] = 3,
    start: Annotated[
        str | None, typer.Option("--from", help="Weights that every trial starts from, as for train.")
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads of the network.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes that make samples.")] = 1,
) -> None:
    """Search for better settings. Run it again to go on; run it twice at once to go on twice as fast."""
    from photochrom.cli.extras import needs_extra

    with needs_extra("train"):
        from photochrom.training.recipe import Recipe
        from photochrom.training.search import Search
        from photochrom.training.tune import tune as run

    best = run(
        Recipe.load(recipe),
        Search.load(search or recipe.parent / "tune.yaml"),
        manifest=data,
        out=out,
        trials=trials,
        minutes=minutes,
        settings=settings or (),
        repeats=repeats,
        start=start,
        threads=threads,
        workers=workers,
    )
    typer.echo(str(best))

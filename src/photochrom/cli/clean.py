"""`photochrom clean`: photographs of any size and kind become training shards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer


def clean(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Folders, tars, patterns such as 'scans/**/*.jpg', or manifests (CSV).",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the shards; unfinished work in it goes on.", file_okay=False)
    ],
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="DIR|TAR|MANIFEST",
            help="Evaluation set: what looks like one of its pictures is left out. Repeatable.",
        ),
    ] = None,
    side: Annotated[int, typer.Option(help="Longest that the shorter side may be in the shards, in pixels.")] = 256,
    min_side: Annotated[int, typer.Option(help="Shortest that it may be in the file, without borders.")] = 256,
    source_name: Annotated[
        str | None,
        typer.Option(help="Source set of all pictures.", show_default="subfolder, tar, or the manifest's column"),
    ] = None,
    val: Annotated[float, typer.Option(help="Share of photographs for validation.")] = 0.03,
    test: Annotated[float, typer.Option(help="Share of photographs for the test.")] = 0.03,
    quality: Annotated[int, typer.Option(help="Quality of the WebP files in the shards.")] = 90,
    shard_megabytes: Annotated[float, typer.Option(help="A shard is full with this many megabytes.")] = 64,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes at work at once.", show_default="one for each CPU")
    ] = None,
) -> None:
    """Make training shards of photographs: what no colorizer should learn from is left out.

    Writes tars, manifest.csv, rejected.csv (each picture left out, with the reason) and report.html.
    A picture left out is a result, no failure. The same pictures give the same bytes.
    """
    from photochrom.cli.extras import needs_extra

    with needs_extra("train"):
        from photochrom.training.clean.cleaning import Options
        from photochrom.training.clean.cleaning import clean as run
    from photochrom.runtime.devices import cpus

    options = Options(
        side=side,
        min_side=min_side,
        quality=quality,
        val=val,
        test=test,
        shard_megabytes=shard_megabytes,
        source_name=source_name,
    )
    with _progress() as progress:
        result = run(sources, out, options=options, against=against or (), workers=workers or cpus(), progress=progress)
    splits = ", ".join(f"{split} {count}" for split, count in result.splits.items())
    typer.echo(f"kept {result.kept} ({splits})")
    for reason, count in result.rejected.items():
        typer.echo(f"left out {count}: {reason}")
    if result.unseen:
        told = f"{len(result.unseen)} pictures of --against can't be decoded, such as {result.unseen[0]}"
        typer.echo(f"{told}: whether one of them is here is not known", err=True)
    typer.echo(str(out / "report.html"))


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], object]]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda stage, done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        yield lambda stage, done, of: bar.update(task, description=stage, completed=done, total=max(of, 1))

"""`photochrom evaluate`: models and finished pictures are measured on photographs, and a report is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from photochrom.errors import UsageError


def evaluate(
    report: Annotated[
        Path,
        typer.Option("--report", help="Folder to write: report.html, contact sheets, metrics.json, details.json."),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="Bundled model, or folder of a model; best where neither this nor --result is given. Repeatable.",
        ),
    ] = None,
    result: Annotated[
        list[str] | None,
        typer.Option("--result", help="NAME=FOLDER of finished pictures from any other program. Repeatable."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Colour photographs: a folder, a tar, or a manifest CSV beside its tars."),
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="Split of the manifest, such as val.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="At most so many photographs, evenly spread.")] = None,
    metric_weights: Annotated[
        Path | None,
        typer.Option(
            "--metric-weights",
            help="Folder with lpips_alex.safetensors and inception_v3_2015_to_mixed8.fp16.safetensors; "
            "LPIPS and KID are left out without.",
            file_okay=False,
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", help="CSV (name, scene, grey, …): results by scene; what is flagged grey is left out."
        ),
    ] = None,
    points: Annotated[
        Path | None,
        typer.Option(
            "--points",
            help="CSV of places on historic photographs whose colour is known; the photographs and classes.json "
            "lie beside it.",
        ),
    ] = None,
    aged: Annotated[bool, typer.Option("--aged", help="Measure on aged pictures as well.")] = False,
    write_card: Annotated[
        bool, typer.Option("--write-card", help="Put the figures onto the card of each model.")
    ] = False,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads of the networks.")] = None,
) -> None:
    """Measure how good colours are, beside baselines, with intervals, and write a report with pictures."""
    from photochrom.cli.extras import needs_extra

    with needs_extra("train"):
        from photochrom.evaluation.evaluate import evaluate as run
        from photochrom.evaluation.options import Options
        from photochrom.evaluation.tables import on_terminal

    found = run(
        Options(
            report=report,
            models=tuple(model or ()),
            results=_named(result or ()),
            data=data,
            split=split,
            limit=limit,
            metric_weights=metric_weights,
            labels=labels,
            points=points,
            aged=aged,
            write_card=write_card,
            threads=threads,
        )
    )
    for note in found.notes:
        typer.echo(note, err=True)
    typer.echo(on_terminal(found))
    typer.echo(str(report))


def _named(results: Sequence[str]) -> dict[str, Path]:
    """NAME=FOLDER, each name once."""
    named: dict[str, Path] = {}
    for text in results:
        name, equals, folder = text.partition("=")
        if not (name and equals and folder):
            raise UsageError(f"--result {text}: give NAME=FOLDER, such as deoldify=results/deoldify")
        if name in named:
            raise UsageError(f"--result {name}: there are two of this name")
        named[name] = Path(folder)
    return named

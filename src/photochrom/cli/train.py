"""`photochrom train`: a recipe and photographs become a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from photochrom.errors import ModelError, UsageError


def train(
    data: Annotated[
        Path, typer.Option("--data", help="Manifest CSV of the photographs; its tars lie beside it.", dir_okay=False)
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the run; a run that it holds goes on.", file_okay=False)
    ],
    recipe: Annotated[
        Path | None,
        typer.Argument(
            help="Recipe (YAML), such as recipes/best.yaml. With --from it may be left out: the model's own, short.",
            dir_okay=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting: key=value, such as batch=16. Repeatable.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Stop after this long; run again to go on.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Start from a bundled model, a model folder or a checkpoint.")
    ] = None,
    pretrained: Annotated[
        str | None,
        typer.Option(
            "--pretrained",
            help="Weights that the encoder starts from: a file, with #sha256=… checked, or `hub`; for recipes of task "
            "features the teacher's.",
        ),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option("--replay", help="Manifest of old photographs, to be seen among the new ones.", dir_okay=False),
    ] = None,
    gate: Annotated[
        str | None,
        typer.Option("--gate", help="Accept the result only if it is no worse here: manifest or manifest:split."),
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads of the network.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes that make samples.")] = 1,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="The same bits in every run on this machine; slower on GPUs.")
    ] = False,
    accelerator: Annotated[str, typer.Option("--accelerator", help="auto, cpu, cuda or mps.")] = "auto",
    devices: Annotated[int, typer.Option("--devices", min=1, help="GPUs, or processes on the CPU.")] = 1,
    nodes: Annotated[int, typer.Option("--nodes", min=1, help="Machines, the command being started on each.")] = 1,
) -> None:
    """Train a model. What is printed are samples seen, samples a second and the validation figures."""
    from photochrom.cli.extras import needs_extra

    with needs_extra("train"):
        from photochrom.training import continuing
        from photochrom.training.fit import train as run
        from photochrom.training.machines import Machines
        from photochrom.training.recipe import Recipe
        from photochrom.training.report import RunReport, write_report

    if start is None and (recipe is None or replay or gate):
        raise UsageError("Without --from a recipe is needed, and there is nothing to replay or to hold a gate against.")
    if gate:
        continuing.open_gate(gate)  # not after hours that it can't be read
    if recipe is not None:
        how = Recipe.load(recipe, settings or ())
    else:
        how = continuing.continuing_recipe(str(start)).overridden(settings or ())
    if deterministic:
        how = how.merged({"deterministic": True})
    best = run(
        how,
        manifest=data,
        out=out,
        minutes=minutes,
        start=start,
        pretrained=pretrained,
        threads=threads,
        workers=workers,
        replay=replay,
        gate=gate,
        callbacks=[RunReport(out)],
        machines=Machines(accelerator=accelerator, devices=devices, nodes=nodes),
    )
    if gate:
        if sys.stderr.isatty():
            typer.echo("The gate looks at its photographs.", err=True)
        verdict = continuing.accept(best, start=str(start), gate=gate)
        write_report(out)
        if not verdict.accepted:
            raise ModelError(f"{out}: {verdict}. What was trained is in refused.ckpt.")
        typer.echo(f"{best}: {verdict}", err=True)
    typer.echo(str(best))

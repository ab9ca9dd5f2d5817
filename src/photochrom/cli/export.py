"""`photochrom export`: a checkpoint becomes a model that anyone can run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def export(
    checkpoint: Annotated[
        Path, typer.Argument(help="Checkpoint of a run, such as runs/best/best.ckpt.", dir_okay=False)
    ],
    out: Annotated[Path, typer.Argument(help="Folder to write: encoder.onnx, decoder.onnx, MODEL_CARD.md.")],
    data: Annotated[
        Path, typer.Option("--data", help="Manifest of the training data: the read-out is chosen on its `val` split.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="Name of the model; the recipe's where left out.")] = None,
    version: Annotated[str, typer.Option("--version", help="Version of the model.")] = "1",
    storage: Annotated[Literal["fp16", "int8"], typer.Option("--storage", help="How the weights are stored.")] = "fp16",
    area: Annotated[int, typer.Option("--area", help="Working area in pixels.")] = 256 * 256,
    limit: Annotated[int, typer.Option("--limit", min=8, help="Photographs that the read-out is chosen on.")] = 200,
    metric_weights: Annotated[
        Path | None, typer.Option("--metric-weights", help="Folder with lpips_alex.safetensors: choose by LPIPS too.")
    ] = None,
    notes: Annotated[
        list[str] | None, typer.Option("--note", help="A sentence for the model card, such as how it was trained.")
    ] = None,
    bundle: Annotated[
        str | None, typer.Option("--bundle", help="Also install it among the bundled models; says what it is for.")
    ] = None,
) -> None:
    """Write a model's two ONNX graphs and its card; refused where its colours differ from PyTorch's."""
    from photochrom.cli.extras import needs_extra

    with needs_extra("train"):
        from photochrom.training.release import release

    card = release(
        checkpoint,
        out,
        manifest=data,
        name=name,
        version=version,
        storage=storage,
        area=area,
        limit=limit,
        metric_weights=metric_weights,
        notes=notes or (),
        bundle=bundle,
    )
    typer.echo(f"{out}: {card.name} {card.version}, vividness {card.default_vividness:g} by default")

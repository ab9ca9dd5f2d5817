"""All commands in one Typer app. Only thin modules are imported here, so that `--help` answers at once."""

from __future__ import annotations

from typing import Annotated

import typer

from photochrom.cli.clean import clean
from photochrom.cli.colorize import colorize
from photochrom.cli.evaluate import evaluate
from photochrom.cli.export import export
from photochrom.cli.info import info
from photochrom.cli.models import models
from photochrom.cli.serve import serve
from photochrom.cli.suggest import suggest
from photochrom.cli.train import train
from photochrom.cli.tune import tune

# Without rich markup: help as plain text takes half the time, and looks the same in every terminal.
app = typer.Typer(
    help="Colours black-and-white photographs, on this machine, at full size.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        import photochrom

        typer.echo(f"photochrom {photochrom.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Say the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options before any command."""


app.command()(colorize)
app.command()(suggest)
app.command()(info)
app.command()(models)
app.command()(serve)
app.command()(clean)
app.command()(train)
app.command()(tune)
app.command()(evaluate)
app.command()(export)

"""`photochrom serve`: the page in a browser, and HTTP for other programs, on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from photochrom.errors import UsageError


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen at. Anything but this machine itself asks for an API key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8421,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|FOLDER", help="A bundled model, or a model's folder.", show_default="best"),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, … : what the installed ONNX Runtime has.")] = "auto",
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Pictures worked on at once.", show_default="one for each CPU, at most 4"),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of the network for one picture.", show_default="CPUs / workers")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="For uploads and batches.", show_default="photochrom/serve in your folder for caches"
        ),
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A key that requests must show.", show_default="what PHOTOCHROM_API_KEY holds, if set"
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A further name under which it may be called; can be repeated.", show_default=False
        ),
    ] = None,
    max_upload: Annotated[int, typer.Option(min=1, metavar="MB", help="Refuse larger uploads.")] = 200,
    max_pixels: Annotated[
        int,
        typer.Option(
            min=1, help="Refuse larger pictures before any memory is taken for them.", show_default="200 million"
        ),
    ] = 200_000_000,
    max_queue: Annotated[int, typer.Option(min=1, help="Requests that may wait; more are told to come again.")] = 32,
    time_limit: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Give a request up that takes longer.")
    ] = 120,
    journal: Annotated[bool, typer.Option("--journal", help="A line on standard error for each request.")] = False,
    install_launcher: Annotated[
        bool, typer.Option("--install-launcher", help="Put Photochrom among your applications, for a double click.")
    ] = False,
    remove_launcher: Annotated[bool, typer.Option("--remove-launcher", help="Take it away again.")] = False,
    launched: Annotated[bool, typer.Option("--launched", hidden=True)] = False,
) -> None:
    """Serve a page, and an API for programs, until Ctrl-C.

    On the page, photographs are coloured and hints given by hand; nothing leaves this machine. Programs find the API
    described at /openapi.json and in docs/service.md.
    """
    from photochrom.cli import launching
    from photochrom.cli.extras import needs_extra

    with needs_extra("serve"):
        from photochrom.service.app import create_app
        from photochrom.service.launched import open_page as show
        from photochrom.service.serving import serve
        from photochrom.service.settings import Settings

        settings = Settings(
            host=host,
            port=port,
            model=model,
            device=device,
            workers=workers,
            threads=threads,
            work=work,
            api_key=_key(api_key_file),
            allowed_hosts=tuple(allowed_host or ()),
            max_upload=max_upload * 1_000_000,
            max_pixels=max_pixels,
            max_queue=max_queue,
            seconds=time_limit,
        )

    def ready(address: str) -> None:
        print(f"Photochrom is at {address}/ and ends with Ctrl-C", flush=True)
        if open_page or launched:
            show(address)

    if install_launcher or remove_launcher:
        launching.change(context, install=install_launcher, remove=remove_launcher)
    elif launched:
        launching.launched(settings, lambda: serve(create_app(settings), ready=ready, unused=settings.photos_seconds))
    elif not (open_page and launching.shown(settings)):
        serve(create_app(settings), ready=ready, journal=journal)


def _key(path: Path | None) -> str | None:
    """The API key: of a file, or of the environment. Not an option, since others see what commands are called with."""
    if path is None:
        return os.environ.get("PHOTOCHROM_API_KEY")
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: the key can't be read ({getattr(error, 'strerror', None) or error})") from None
    if not key:
        raise UsageError(f"{path}: holds no key")
    return key

"""`photochrom colorize`: any number of photographs in, a colored one for each out."""

from __future__ import annotations

from typing import Annotated

import typer


def colorize(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files, folders, patterns such as 'scans/*.tif', or - (standard input).",
            show_default=False,
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Folder for the results, which keep their names; with one file also the result's name, or - for "
            "standard output. Without it: NAME-colour.EXT beside each input.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="NAME|FOLDER", help="A bundled model (see `photochrom models`), or a model's folder.")
    ] = "best",
    vividness: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="0: least error; higher: more colourful. Without it: the model's own choice.",
            show_default=False,
        ),
    ] = None,
    strength: Annotated[float, typer.Option(min=0, max=2, help="Factor on the finished colours; 0 is grey.")] = 1.0,
    keep_tone: Annotated[
        bool,
        typer.Option("--keep-tone", help="Lay the tint of a toned photograph, such as sepia, over its colours."),
    ] = False,
    detail: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=4,
            help="Let the network look closer by this factor: for small faces in large pictures.",
            show_default="1",
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="Format of the results: jpeg, png, tiff, webp, bmp, avif, heic, jp2, j2k, jxl.",
            show_default="that of each input",
        ),
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100,
            help="Quality of JPEG and of all others that can lose any.",
            show_default="that of each input",
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Pictures worked on at once.", show_default="one for each CPU, at most 8")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of the network for one picture.", show_default="CPUs / jobs")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, … : what the installed ONNX Runtime has.")] = "auto",
    recursive: Annotated[bool, typer.Option("-r", "--recursive", help="Read the subfolders of folders too.")] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave results alone that exist already.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that exist already.")] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on where an earlier run of this command was cut off: what it finished is left alone. Keeps a "
            "journal in each folder of results.",
        ),
    ] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Colour nothing: check that each result exists, is whole and was made from its input."
        ),
    ] = False,
    max_pixels: Annotated[
        int | None,
        typer.Option(
            min=1, help="Refuse larger pictures before any memory is taken for them.", show_default="400 million"
        ),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(min=1, metavar="SECONDS", help="Give a picture up, or a page of a longer one, after this time."),
    ] = 600,
    memory_limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="MB",
            help="Give a picture up that takes more memory.",
            show_default="half of the machine's, at least 2048",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON for each picture on standard output, a summary as the last.")
    ] = False,
) -> None:
    """Colour photographs.

    Pictures in a folder that Photochrom coloured before are not taken again. A bad picture does not stop the others.
    Each is worked on in a process of its own, which is ended when it takes too long, too much memory, or crashes.
    Exit code: 0 all done, 1 some failed (each is named), 2 usage.
    """
    from photochrom.cli.batch import run
    from photochrom.cli.jobs import Limits, Settings

    settings = Settings(
        model=model,
        device=device,
        vividness=vividness,
        strength=strength,
        keep_tone=keep_tone,
        detail=detail,
        format=format,
        quality=quality,
        skip_existing=skip_existing,
        overwrite=overwrite,
        resume=resume,
        verify=verify,
        max_pixels=max_pixels,
    )
    limits = Limits(seconds=time_limit, memory=None if memory_limit is None else memory_limit << 20)
    code = run(
        inputs,
        settings,
        output=output,
        recursive=recursive,
        jobs=jobs,
        threads=threads,
        limits=limits,
        as_json=as_json,
    )
    raise typer.Exit(code)

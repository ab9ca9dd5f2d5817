"""`photochrom colorize`: any number of photographs in, a colored one for each out."""

from __future__ import annotations

from pathlib import Path
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
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="A bundled model (see `photochrom models`), or a model's folder.",
            show_default="best, or that of --project or --palette-from",
        ),
    ] = None,
    vividness: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="0: least error; higher: more colourful. Without it: the model's own choice.",
            show_default=False,
        ),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(min=0, max=2, help="Factor on the finished colours; 0 is grey.", show_default="1"),
    ] = None,
    warmth: Annotated[
        float | None,
        typer.Option(
            min=-1,
            max=1,
            help="Light of all that is guessed, from cool (-1) to warm (1); what is stated stays.",
            show_default="0",
        ),
    ] = None,
    keep_tone: Annotated[
        bool | None,
        typer.Option(
            "--keep-tone/--no-keep-tone",
            help="Lay the tint of a toned photograph, such as sepia, over its colours.",
            show_default="no, or as --project says",
        ),
    ] = None,
    keep_grey: Annotated[
        Path | None,
        typer.Option(
            metavar="MASK",
            help="Leave grey what is white in this picture, which has the photograph's shape.",
            show_default=False,
        ),
    ] = None,
    detail: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=4,
            help="Let the network look closer by this factor: for small faces in large pictures.",
            show_default="1",
        ),
    ] = None,
    hints: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help='Colours that are known: JSON such as [{"x": 310, "y": 220, "color": "#7a1f2b", "note": "dress"}]. '
            "For many photographs a folder with NAME.json for each. Takes the place of those of --project.",
            show_default=False,
        ),
    ] = None,
    refine: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X0,Y0,X1,Y1",
            help="Look at this box again, closer: for faces, medals, badges. Can be given several times; adds to those "
            "of --project.",
            show_default=False,
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="PICTURE",
            help="A picture in colour that lends its colours to what is alike in meaning, such as the same uniform.",
            show_default=False,
        ),
    ] = None,
    palette_from: Annotated[
        Path | None,
        typer.Option(
            metavar="FINISHED",
            help="The same with a result of Photochrom, whose model, vividness and warmth count as well: for an album.",
            show_default=False,
        ),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Colour as this .photochrom file or result says: again, or a better scan. Other options go before "
            "what it says.",
            show_default=False,
        ),
    ] = None,
    variants: Annotated[
        int,
        typer.Option(
            min=0,
            max=32,
            metavar="N",
            help="Instead of the likeliest colours, N other pictures that are plausible: NAME-colour-1.EXT, …",
            show_default=False,
        ),
    ] = 0,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Another number gives other variants, the same one the same.", show_default="0"),
    ] = None,
    label: Annotated[
        bool | None,
        typer.Option(
            "--label/--no-label",
            help="Write a small Colourised into the lower right corner of the result.",
            show_default="no, or as --project says",
        ),
    ] = None,
    save_project: Annotated[
        bool,
        typer.Option(
            "--save-project", help="Beside the result: a .photochrom file, to go on with or to colour a better scan."
        ),
    ] = False,
    layer: Annotated[
        bool,
        typer.Option(
            "--layer", help="Beside the result: its colours alone, a PNG for the blend mode Color of other programs."
        ),
    ] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Beside the result: before | after, a JPEG.")] = False,
    confidence: Annotated[
        bool,
        typer.Option(
            "--confidence",
            help="Beside the result: what of the colours shown is stated and what is guessed, how surely, a PNG with a "
            "legend. The tint of --keep-tone does not count.",
        ),
    ] = False,
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
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Pictures worked on at once.", show_default="one for each CPU, at most 8")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of the network for one picture.", show_default="CPUs / jobs")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, … : what the installed ONNX Runtime has.")] = "auto",
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
    from photochrom.cli.control import Control, numbers
    from photochrom.cli.jobs import Limits, Settings

    control = Control(
        warmth=warmth,
        hints=hints,
        keep_grey=keep_grey,
        refine=tuple(numbers(box, "--refine", "X0,Y0,X1,Y1") for box in refine or ()),
        reference=reference,
        palette_from=palette_from,
        project=project,
        variants=variants,
        seed=seed,
        label=label,
        layer=layer,
        compare=compare,
        confidence=confidence,
        save_project=save_project,
    )

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
        control=control,
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

"""Model cards: what a model says about itself, as text for people and inside its files.

Export writes a card when a model is made, and evaluation adds the figures that it measured later, so
that nobody copies them by hand. A bundled model's hashes in the registry are kept in step.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import onnx
import yaml
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import helper

from photochrom.errors import ModelError
from photochrom.photo.files import finished_or_nothing
from photochrom.runtime.card import METADATA_KEY, ModelCard
from photochrom.runtime.model import read_card
from photochrom.runtime.registry import FILES, WEIGHTS, bundled, find

CARD_FILE: Final = "MODEL_CARD.md"
"""What people read of a card, beside the two files of a model."""


_LIMITS: Final = """\
- The colours are guesses. They are plausible for the kind of thing that a place in the picture looks like, not what was
  there: a dress that was green may come out blue, and nothing in a grey photograph can tell.
- Skin, foliage, sky, wood and stone are learned best; clothes, painted things and interiors are the least certain.
- The training photographs are modern, few of them show people of every skin colour, and old photographic material is
  only imitated (emulsions, fading, grain). Look at faces before you publish them.
- Small faces and small things are coloured from little detail at the working area; `--detail` looks closer."""


def write_card(folder: Path, card: ModelCard) -> None:
    """Put `card` into the metadata of a model's two files, and beside them as MODEL_CARD.md.

    Raises:
        ModelError: a file is no ONNX file.
        PhotoError: the folder can't be written to.
    """
    graphs = {}
    for file in FILES:
        try:
            graphs[file] = onnx.load(folder / file)
        except (OSError, DecodeError) as error:
            raise ModelError(f"{folder / file} can't be read as a model: {error}") from error
        helper.set_model_props(graphs[file], {METADATA_KEY: card.to_json()})
    for file, graph in graphs.items():
        with finished_or_nothing(folder / file, overwrite=True) as out:
            out.write(graph.SerializeToString())
    with finished_or_nothing(folder / CARD_FILE, overwrite=True) as out:
        out.write(card_text(card).encode())


def install(folder: Path, card: ModelCard, use: str, *, weights: Path = WEIGHTS) -> None:
    """Copy a model among the bundled ones and enter it in the registry; one of the same name is replaced."""
    target = weights / card.name
    target.mkdir(parents=True, exist_ok=True)
    for file in (*FILES, CARD_FILE):
        shutil.copyfile(folder / file, target / file)
    _register(card, use, weights)


def add_benchmarks(model: str | Path, tables: Sequence[Mapping[str, Any]], *, weights: Path = WEIGHTS) -> ModelCard:
    """Put tables of figures onto the card of a model, each in place of one of the same title; returns the new card.

    Args:
        model: name of a bundled model, whose hashes in the registry are renewed, or the folder of any other.
        tables: title, command, columns, and rows: lists of a name and the values under the columns.

    Raises:
        ModelError: there is no such model, or its files can't be read.
    """
    files = find(model, weights)
    # A bundled model may also be given by its path.
    files = next(
        (each for each in bundled(weights).values() if each.folder.exists() and each.folder.samefile(files.folder)),
        files,
    )
    card = read_card(files.folder)
    new = {table["title"] for table in tables}
    kept = [table for table in card.metrics.get("benchmarks", ()) if table["title"] not in new]
    card = replace(card, metrics={**card.metrics, "benchmarks": [*kept, *tables]})
    write_card(files.folder, card)
    if files.sha256:
        _register(card, files.use, weights)
    return card


def card_text(card: ModelCard) -> str:
    """The model card as Markdown, for people; what it does not say is left out."""
    lines = [
        f"# {card.name} {card.version}",
        "",
        f"Encoder {card.encoder.get('class', 'unknown')} {card.encoder.get('variant', '')}".rstrip()
        + f", {len(card.bins)} colour bins, working area {card.area} pixels. Licence of these weights: {card.license}.",
        "",
        *_origin(card),
        *_frontier(card),
        *_benchmarks(card),
        "## Limits",
        "",
        _LIMITS,
        "",
    ]
    return "\n".join(lines)


def _register(card: ModelCard, use: str, weights: Path) -> None:
    """Enter the files of a model in the registry as they are now."""
    registry = weights / "registry.json"
    entries = json.loads(registry.read_text(encoding="utf-8")) if registry.exists() else {}
    hashes = {file: hashlib.sha256((weights / card.name / file).read_bytes()).hexdigest() for file in FILES}
    entries[card.name] = {"version": card.version, "use": use, "sha256": hashes}
    registry.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def _origin(card: ModelCard) -> list[str]:
    """Start weights, data and recipe."""
    data = card.data
    if not data:
        return []
    return [
        "## Made from",
        "",
        *(
            f"- {weights['what']}, {weights['license']}"
            for weights in card.start_weights
            if not isinstance(weights, str)
        ),
        f"- {data['samples']} samples (repeats counted) drawn from {data['photographs']} photographs, "
        f"manifest SHA-256 `{data['manifest_sha256']}`",
        f"- trained with Photochrom {data['photochrom']}" + (f", {data['hours']:g} hours" if data.get("hours") else ""),
        *(f"- {note}" for note in data.get("notes", ())),
        "",
        "| source | photographs | terms |",
        "|---|---|---|",
        *(f"| {s['source']} | {s['photographs']} | {s['terms']} |" for s in data["sources"]),
        "",
        "## Recipe",
        "",
        "```yaml",
        yaml.safe_dump(data["recipe"], sort_keys=False).rstrip(),
        "```",
        "",
    ]


def _frontier(card: ModelCard) -> list[str]:
    measured = card.metrics.get("frontier")
    if measured is None:
        return []
    rows = []
    for point, setting in zip(measured["points"], card.frontier, strict=True):
        mark = " (default)" if setting.vividness == card.default_vividness else ""
        lpips = "-" if point["lpips"] is None else f"{point['lpips']:.4f}"
        rows.append(
            f"| {setting.vividness:g}{mark} | {setting.t:.2f} | {setting.T:.2f} | {setting.gain:.2f} "
            f"| {point['psnr']:.2f} | {point['cf_abs']:.1f} | {lpips} |"
        )
    return [
        "## Read-out frontier",
        "",
        f"Measured on {measured['photographs']} photographs of the validation split, {measured['side']} px; "
        f"there the truth has CF {measured['truth_cf_abs']:.1f}, a grey picture {measured['grey_psnr']:.2f} dB"
        + (f" and LPIPS {measured['grey_lpips']}." if measured["grey_lpips"] is not None else "."),
        "",
        "| vividness | t | T | gain | PSNR | CF (abs) | LPIPS |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def _benchmarks(card: ModelCard) -> list[str]:
    """Figures that were added to the card after its release: one table for each entry of `metrics["benchmarks"]`."""
    lines: list[str] = []
    for benchmark in card.metrics.get("benchmarks", ()):
        columns, rows = benchmark["columns"], benchmark["rows"]
        if isinstance(rows, Mapping):  # as the first cards have them, in no order
            rows = [[name, *values] for name, values in rows.items()]
        lines += [f"## {benchmark['title']}", "", f"`{benchmark['command']}`", ""]
        lines += [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
        lines += [f"| {' | '.join(str(value) for value in row)} |" for row in rows]
        lines.append("")
    return lines

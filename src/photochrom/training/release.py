"""Release: a checkpoint becomes a model folder whose read-out was chosen and whose card tells the truth.

The graphs are exported, the frontier is measured with them on the validation split, and the card, as
JSON inside the files and as `MODEL_CARD.md` beside them, says what the weights were made from.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import yaml
from numpy.typing import NDArray
from onnx import helper

from photochrom import __version__
from photochrom.errors import DataError
from photochrom.evaluation.frontier import Frontier, Lpips, measure_frontier
from photochrom.evaluation.photographs import Photographs
from photochrom.runtime.card import METADATA_KEY, ModelCard, ReadOut
from photochrom.runtime.model import Model
from photochrom.runtime.registry import FILES, WEIGHTS
from photochrom.training.export import Storage, export
from photochrom.training.fit import load_module
from photochrom.training.module import ColorizerModule
from photochrom.training.samples import whole

Rgb = NDArray[np.uint8]

_LIMITS = """\
- The colours are guesses. They are plausible for the kind of thing that a place in the picture looks like, not what was
  there: a dress that was green may come out blue, and nothing in a grey photograph can tell.
- Skin, foliage, sky, wood and stone are learned best; clothes, painted things and interiors are the least certain.
- The training photographs are modern, few of them show people of every skin colour, and old photographic material is
  only imitated (emulsions, fading, grain). Look at faces before you publish them.
- Small faces and small things are coloured from little detail at the working area; `--detail` looks closer."""


def release(
    checkpoint: Path,
    out: Path,
    *,
    manifest: Path,
    name: str | None = None,
    version: str = "1",
    storage: Storage = "fp16",
    area: int = 256 * 256,
    limit: int = 200,
    metric_weights: Path | None = None,
    bundle: str | None = None,
) -> ModelCard:
    """Export `checkpoint` to the folder `out`; returns the card that was written.

    Args:
        checkpoint: of `photochrom train`.
        out: folder for encoder.onnx, decoder.onnx and MODEL_CARD.md.
        manifest: of the training data, with a `val` split on which the read-out is chosen.
        name: of the model; the recipe's where None.
        version: of the model.
        storage: of the weights.
        area: working area in pixels.
        limit: photographs of `val` that are measured, evenly spread over the split.
        metric_weights: folder with `lpips_alex.safetensors`; without it the read-out is chosen by PSNR alone.
        bundle: where given, the model is also copied among the bundled ones, and this says what it is for.

    Raises:
        ModelError, DataError: what does not fit.
    """
    module = load_module(checkpoint)
    photographs = Photographs(manifest, "train")
    card = ModelCard(
        name=name or module.recipe.name,
        version=version,
        encoder=module.net.encoder.config,
        decoder=module.net.decoder.config.to_dict(),
        bins=tuple((float(a), float(b)) for a, b in module.bins.centers),
        log_w=tuple(float(v) for v in module.loss.log_w),
        area=area,
        frontier=(ReadOut(vividness=0, t=0, T=1, gain=1), ReadOut(vividness=1, t=1, T=1, gain=1.5)),
        default_vividness=0.5,
        data=_data(module, photographs, manifest),
        start_weights=(module.net.encoder.start_weights,),
    )
    difference = export(module.net, card, out, storage=storage)
    validation = Photographs(manifest, "val")
    side = round(np.sqrt(area) / 32) * 32
    chosen = np.linspace(0, len(validation) - 1, min(limit, len(validation))).round().astype(int)
    pictures = [whole(validation.read(int(index)), side) for index in chosen]
    frontier = measure_frontier(Model.load(out, device="cpu"), pictures, lpips=_lpips(metric_weights))
    card = replace(
        card,
        frontier=tuple(point.read_out for point in frontier.points),
        default_vividness=frontier.default_vividness,
        metrics={"frontier": _figures(frontier, len(pictures), side), "parity": round(difference, 4)},
    )
    write_card(out, card)
    if bundle is not None:
        install(out, card, bundle)
    return card


def write_card(folder: Path, card: ModelCard) -> None:
    """Put `card` into the metadata of a model's two files, and beside them as MODEL_CARD.md."""
    for file in FILES:
        graph = onnx.load(folder / file)
        helper.set_model_props(graph, {METADATA_KEY: card.to_json()})
        onnx.save(graph, folder / file)
    (folder / "MODEL_CARD.md").write_text(card_text(card), encoding="utf-8")


def install(folder: Path, card: ModelCard, use: str, *, weights: Path = WEIGHTS) -> None:
    """Copy a model among the bundled ones and enter it in the registry; one of the same name is replaced."""
    target = weights / card.name
    target.mkdir(parents=True, exist_ok=True)
    for file in (*FILES, "MODEL_CARD.md"):
        shutil.copyfile(folder / file, target / file)
    registry = weights / "registry.json"
    entries = json.loads(registry.read_text(encoding="utf-8")) if registry.exists() else {}
    hashes = {file: hashlib.sha256((target / file).read_bytes()).hexdigest() for file in FILES}
    entries[card.name] = {"version": card.version, "use": use, "sha256": hashes}
    registry.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def card_text(card: ModelCard) -> str:
    """The model card as Markdown, for people."""
    recipe = card.data["recipe"]
    lines = [
        f"# {card.name} {card.version}",
        "",
        f"Encoder {card.encoder['class']} {card.encoder.get('variant', '')}, {len(card.bins)} colour bins, "
        f"working area {card.area} pixels. Licence of these weights: {card.license}.",
        "",
        "## Made from",
        "",
        *(
            f"- {weights['what']}, {weights['license']}"
            for weights in card.start_weights
            if not isinstance(weights, str)
        ),
        f"- {card.data['samples']} samples (repeats counted) drawn from {card.data['photographs']} photographs, "
        f"manifest SHA-256 `{card.data['manifest_sha256']}`",
        f"- trained with Photochrom {card.data['photochrom']}, {card.data['hours']:g} hours"
        if card.data.get("hours")
        else f"- trained with Photochrom {card.data['photochrom']}",
        *(f"- {note}" for note in card.data.get("notes", ())),
        "",
        "| source | photographs | terms |",
        "|---|---|---|",
        *(f"| {s['source']} | {s['photographs']} | {s['terms']} |" for s in card.data["sources"]),
        "",
        "## Recipe",
        "",
        "```yaml",
        yaml.safe_dump(recipe, sort_keys=False).rstrip(),
        "```",
        "",
        "## Read-out frontier",
        "",
        *_frontier_table(card),
        "",
        *_measured(card),
        "## Limits",
        "",
        _LIMITS,
        "",
    ]
    return "\n".join(lines)


def _measured(card: ModelCard) -> list[str]:
    """Figures that were added to the card after its release: one table for each entry of `metrics["benchmarks"]`."""
    lines: list[str] = []
    for benchmark in card.metrics.get("benchmarks", ()):
        columns = list(benchmark["columns"])
        lines += [f"## {benchmark['title']}", "", f"`{benchmark['command']}`", ""]
        lines += [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
        lines += [f"| {name} | {' | '.join(str(v) for v in values)} |" for name, values in benchmark["rows"].items()]
        lines.append("")
    return lines


def _frontier_table(card: ModelCard) -> list[str]:
    measured = card.metrics["frontier"]
    rows = []
    for point, setting in zip(measured["points"], card.frontier, strict=True):
        mark = " (default)" if setting.vividness == card.default_vividness else ""
        lpips = "-" if point["lpips"] is None else f"{point['lpips']:.4f}"
        rows.append(
            f"| {setting.vividness:g}{mark} | {setting.t:.2f} | {setting.T:.2f} | {setting.gain:.2f} "
            f"| {point['psnr']:.2f} | {point['cf_abs']:.1f} | {lpips} |"
        )
    return [
        f"Measured on {measured['photographs']} photographs of the validation split, {measured['side']} px; "
        f"there the truth has CF {measured['truth_cf_abs']:.1f}, a grey picture {measured['grey_psnr']:.2f} dB"
        + (f" and LPIPS {measured['grey_lpips']}." if measured["grey_lpips"] is not None else "."),
        "",
        "| vividness | t | T | gain | PSNR | CF (abs) | LPIPS |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]


def _figures(frontier: Frontier, photographs: int, side: int) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return round(value, 4) if np.isfinite(value) else None

    return {
        "split": "val",
        "photographs": photographs,
        "side": side,
        "truth_cf_abs": number(frontier.truth_colorfulness),
        "grey_psnr": number(frontier.grey_psnr),
        "grey_lpips": number(frontier.grey_lpips),
        "points": [
            {
                "vividness": point.read_out.vividness,
                "psnr": number(point.psnr),
                "cf_abs": number(point.colorfulness),
                "lpips": number(point.lpips),
            }
            for point in frontier.points
        ],
        "cloud": {
            "columns": ["t", "T", "gain", "psnr", "cf_abs", "lpips"],
            "rows": [
                [p.t, p.T, p.gain, number(p.psnr), number(p.colorfulness), number(p.lpips)] for p in frontier.cloud
            ],
        },
    }


def _data(module: ColorizerModule, photographs: Photographs, manifest: Path) -> dict[str, Any]:
    counts = Counter(entry.source for entry in photographs.entries)
    terms = _terms(manifest.parent / "sources.csv")
    return {
        "photochrom": __version__,
        "manifest_sha256": photographs.manifest_sha256,
        "photographs": len(photographs),
        "samples": module.sample,
        "hours": round(module.seconds / 3600, 2),
        "recipe": module.recipe.to_dict(),
        "sources": [
            {"source": source, "photographs": count, "terms": terms.get(source, "not stated")}
            for source, count in sorted(counts.items(), key=lambda item: -item[1])
        ],
    }


def _terms(path: Path) -> dict[str, str]:
    """Terms by source from `sources.csv` beside the manifest; none where there is no such file."""
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {row["source"]: row["terms"] for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise DataError(f"{path} can't be read as a table of source and terms: {error}") from error


def _lpips(folder: Path | None) -> Lpips | None:
    if folder is None:
        return None
    from photochrom.evaluation.lpips import LpipsAlex

    metric = LpipsAlex.load(folder)

    def look(truth: Rgb) -> Callable[[Rgb], float]:
        described = metric.describe(torch.from_numpy(truth)[None])
        return lambda result: float(metric.distance(metric.describe(torch.from_numpy(result)[None]), described))

    return look

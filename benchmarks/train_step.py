"""How many samples a second does training make, and what do precision and the quick depthwise gradients bring?

    python benchmarks/train_step.py                                   # on made photographs
    python benchmarks/train_step.py --data photos/manifest.csv        # on your own
    python benchmarks/train_step.py --set encoder.variant=0 batch=16  # another recipe

A step is forward, loss, backward, clipping and AdamW on one batch of the recipe's first crop size, in each
precision, with PyTorch's own depthwise gradients and with those of photochrom.networks.depthwise; the best of
some steps after a first one. Loading is what one process makes: read, crop, age, hint.

With recipes/best.yaml, one thread of a Xeon with AMX that another run kept busy: 16 samples a second in float32
and 31 in bfloat16, 17 of them without the quick gradients (1.8 times as many); in float32 these make no
difference. Loading made 660, so one process is enough for some twenty threads of network.
"""

from __future__ import annotations

import argparse
import csv
import io
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import cv2
import skimage
import torch
from torch import Tensor
from torch.nn import functional as F

from photochrom.color.bins import AbBins
from photochrom.evaluation.photographs import Photographs
from photochrom.networks import depthwise, layers
from photochrom.training.module import ColorizerModule
from photochrom.training.recipe import Recipe
from photochrom.training.samples import Batch, Order, Samples, collate

RECIPE = Path(__file__).parents[1] / "recipes" / "best.yaml"
Made = TypeVar("Made")

SIDE = 192
"""Of the made photographs, as training data usually is stored."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--recipe", type=Path, default=RECIPE, help="what is trained (default: recipes/best.yaml)")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="change settings of the recipe")
    parser.add_argument("--data", type=Path, help="manifest of photographs (default: made ones)")
    parser.add_argument("--threads", type=int, default=1, help="of the network (default: 1)")
    parser.add_argument("--steps", type=int, default=8, help="that are timed (default: 8)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    recipe = Recipe.load(options.recipe, options.set)
    with tempfile.TemporaryDirectory() as folder:
        photographs = Photographs(options.data or _made_photographs(Path(folder)), "train")
        batches = _batches(photographs, recipe, options.steps + 1)
        loading, batch = _best(lambda: next(batches), options.steps)
    print(f"{len(batch.luma)} crops of {recipe.size} px a step, {options.threads} thread(s)")
    print(f"{'loading, one process':32} {len(batch.luma) / loading:7.1f} samples/s")
    for precision in ("32-true", "bf16-mixed"):
        plain = _speed(recipe, batch, precision, options.steps, quick=False)
        quick = _speed(recipe, batch, precision, options.steps, quick=True)
        print(f"{precision + ', gradients of PyTorch':32} {plain:7.1f} samples/s")
        print(f"{precision + ', quick gradients':32} {quick:7.1f} samples/s  {quick / plain:.2f} times as many")
    return 0


def _speed(recipe: Recipe, batch: Batch, precision: str, steps: int, *, quick: bool) -> float:
    """Samples a second of training steps on one batch."""
    torch.manual_seed(0)
    bins = AbBins.grid()
    module = ColorizerModule(recipe.to_dict(), bins.centers.tolist(), [0.0] * len(bins))
    module.net.encoder.load_pretrained()
    optimizer = module.configure_optimizers()
    luma = batch.luma.contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
            loss = module.loss(module.net(luma, batch.points, batch.dense), batch.ab)[0]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad()

    with _depthwise(quick):
        return len(luma) / _best(step, steps)[0]


@contextmanager
def _depthwise(quick: bool) -> Iterator[None]:
    """Networks take the quick depthwise gradients or PyTorch's."""

    def plain(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
        return F.conv2d(x, weight, bias, stride, padding, 1, x.shape[1])

    layers.depthwise = depthwise.depthwise if quick else plain  # type: ignore[attr-defined]
    try:
        yield
    finally:
        layers.depthwise = depthwise.depthwise  # type: ignore[attr-defined]


def _best(work: Callable[[], Made], times: int) -> tuple[float, Made]:
    """Least seconds of some calls after a first one, and what the last call gave."""
    result = work()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def _batches(photographs: Photographs, recipe: Recipe, count: int) -> Iterator[Batch]:
    samples = Samples(photographs, recipe)
    weights = photographs.weights({})
    for requests in Order(recipe, weights, start=0, stop=count * recipe.batch):
        yield collate([samples[request] for request in requests])


def _made_photographs(folder: Path) -> Path:
    """A shard of crops of scikit-image's public-domain photographs beside its manifest."""
    rows = []
    with tarfile.open(folder / "made.tar", "w") as tar:
        for name in ("astronaut", "coffee", "chelsea", "rocket"):
            rgb = getattr(skimage.data, name)()
            for left in range(0, rgb.shape[1] - 240, 30):
                small = cv2.resize(rgb[:240, left : left + 240], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                content = cv2.imencode(".webp", small[..., ::-1])[1].tobytes()
                member = tarfile.TarInfo(f"{name}{left}.webp")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
                rows.append(("made", f"{name}{left}", name, "train"))
    manifest = folder / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("shard", "key", "source", "split"), *rows])
    return manifest


if __name__ == "__main__":
    raise SystemExit(main())

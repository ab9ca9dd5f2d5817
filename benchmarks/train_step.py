"""How many samples a second does training make, and what do precision and the quick depthwise gradients bring?

    python benchmarks/train_step.py                                   # on made photographs
    python benchmarks/train_step.py --data photos/manifest.csv        # on your own
    python benchmarks/train_step.py --set encoder.variant=0 batch=16  # another recipe

A step is forward, loss, backward, clipping and AdamW on one batch of the recipe's first crop size, in each
precision, with PyTorch's own depthwise gradients and with those of photochrom.networks.depthwise; the best of
some steps after a first one. Loading is the run's own loader (read, crop, age, hint in processes, then fetched and
stacked) with the network replaced by nothing: it should make at least three times what training takes.

With recipes/best.yaml, one thread of a Xeon with AMX that another run kept busy: 16 samples a second in float32
and 31 in bfloat16, 17 of them without the quick gradients (1.8 times as many); in float32 these make no
difference. Loading made 660 (1.5 ms of one core each), so one process is enough for some twenty threads of network.
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
from photochrom.training.samples import Batch

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
    parser.add_argument("--workers", type=int, default=1, help="processes that make samples (default: 1)")
    parser.add_argument("--steps", type=int, default=8, help="that are timed (default: 8)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    recipe = Recipe.load(options.recipe, options.set).merged({"source_weights": {}})  # any photographs will do
    with tempfile.TemporaryDirectory() as folder:
        photographs = Photographs(options.data or _made_photographs(Path(folder)), "train")
        loading, batch = _loading(photographs, recipe, options.workers, options.steps)
    print(f"{len(batch.luma)} crops of {recipe.size} px a step, {options.threads} thread(s)")
    print(f"{f'loading, {options.workers} process(es)':32} {loading:7.1f} samples/s")
    fastest = 0.0
    for precision in ("32-true", "bf16-mixed"):
        plain = _speed(recipe, batch, precision, options.steps, quick=False)
        quick = _speed(recipe, batch, precision, options.steps, quick=True)
        fastest = max(fastest, quick)
        print(f"{precision + ', gradients of PyTorch':32} {plain:7.1f} samples/s")
        print(f"{precision + ', quick gradients':32} {quick:7.1f} samples/s  {quick / plain:.2f} times as many")
    print(f"Loading makes {loading / fastest:.1f} times the samples that the fastest training takes.")
    return 0


def _loading(photographs: Photographs, recipe: Recipe, workers: int, steps: int) -> tuple[float, Batch]:
    """Samples a second of the run's own loader with nothing behind it, and a batch of it.

    Ten times the steps are timed, so that batches made before the clock ran do not count for much.
    """
    bins = AbBins.grid()
    module = ColorizerModule(recipe.to_dict(), bins.centers.tolist(), [0.0] * len(bins))
    module.train_photographs, module.workers = photographs, workers
    batches = iter(module.train_dataloader())
    first = next(batches)
    count, start = 0, time.perf_counter()
    for _ in range(10 * steps):
        count += len(next(batches).luma)
    return count / (time.perf_counter() - start), first


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

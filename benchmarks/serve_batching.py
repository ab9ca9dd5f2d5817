"""Is the network faster with several photographs in one call? That decides whether the service batches requests.

    python benchmarks/serve_batching.py                            # `best` and `fast`, 5 s for each way, twice
    python benchmarks/serve_batching.py --seconds 1 --models best  # a first look

The network alone, as ONNX Runtime runs it: encoder and decoder without hints, at the working size of a photograph of
4:3. Each way is run twice, in turns; a line tells seconds of CPU for each photograph, lowest and highest.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from multiprocessing.synchronize import Event
from typing import Any, Final

import numpy as np

WAYS: Final = ((2, 1, 1), (2, 1, 2), (1, 2, 1), (1, 2, 2), (1, 2, 4))
"""Workers, threads of each, photographs in a call."""

ROUNDS: Final = 2

PATIENCE: Final = 600
"""Seconds after which another process of this script is given up."""

_SPAWN: Final = multiprocessing.get_context("spawn")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--models", nargs="+", default=["best", "fast"], help="names, or folders of models")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each way, each time (default: 5)")
    options = parser.parse_args(arguments)
    for model in options.models:
        rounds = [[measured(model, *way, options.seconds) for way in WAYS] for _ in range(ROUNDS)]
        for (workers, threads, together), times in zip(WAYS, zip(*rounds, strict=True), strict=True):
            lowest, highest = 1000 * min(times), 1000 * max(times)
            print(
                f"{model}: {workers} workers of {threads} threads, {together} a call: {lowest:.0f} to {highest:.0f} ms"
            )
    return 0


def measured(model: str, workers: int, threads: int, together: int, seconds: float) -> float:
    """Seconds of CPU for each photograph, while all workers run at once."""
    start, results = _SPAWN.Event(), _SPAWN.Queue()
    processes = [
        _SPAWN.Process(target=_run, args=(model, threads, together, seconds, start, results)) for _ in range(workers)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        results.get(timeout=PATIENCE)  # each is ready
    start.set()
    counts, took = zip(*(results.get(timeout=PATIENCE) for _ in processes), strict=True)
    for process in processes:
        process.join()
    return float(sum(took) / sum(counts))


def _run(model: str, threads: int, together: int, seconds: float, start: Event, results: Any) -> None:
    from photochrom.runtime.model import Model
    from photochrom.runtime.working import WorkingSize

    network = Model.load(model, device="cpu", threads=threads)
    encoder, decoder = network._encoder, network._decoder  # a `Model` takes one photograph a call
    size = WorkingSize.of(3, 4, network.card.area)
    luma = np.random.default_rng(0).uniform(-1, 1, (together, 1, size.height, size.width)).astype(np.float32)
    hints = {
        "points": np.zeros((together, 1, 5), np.float32),
        "dense": np.zeros((together, 3, size.height // 4, size.width // 4), np.float32),
    }
    names = [output.name for output in encoder.get_outputs()]

    def once() -> None:
        maps = encoder.run(names, {"luma": luma})
        decoder.run(["logits"], {"luma": luma, **dict(zip(names, maps, strict=True)), **hints})

    once()
    results.put(None)
    start.wait()
    begin, took, count = time.perf_counter(), time.process_time(), 0
    while count == 0 or time.perf_counter() - begin < seconds:
        once()
        count += together
    results.put((count, time.process_time() - took))


if __name__ == "__main__":
    sys.exit(main())

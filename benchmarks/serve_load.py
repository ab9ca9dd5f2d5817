"""How much of the machine's work does the service pass on, how quickly does it answer meanwhile, and does it grow?

    python benchmarks/serve_load.py                                # 32 clients for 60 s, then 2,000 requests in all
    python benchmarks/serve_load.py --seconds 15 --requests 0      # a first look

The bare pipeline opens, paints and saves one file again and again, in as many processes and threads as the service has
workers. It runs before and after the clients, so that whatever else the machine does meets both. All the while of the
clients, a process of its own asks for /healthz every 50 ms, and notes how late the system wakes it from its sleep; the
memory of the server and its workers is noted, too.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import psutil
import skimage
from PIL import Image

SHARE: Final = 0.85
"""Of the bare pipeline's throughput."""
HEALTH: Final = 0.1
"""Seconds, the slowest of all."""
GROWTH: Final = 64.0
"""Megabytes, of the server and its workers together, from the second tenth of all requests to the last."""

PATIENCE: Final = 600
"""Seconds after which another process of this script is given up."""

_SPAWN: Final = multiprocessing.get_context("spawn")


@dataclass
class Load:
    """What the clients met.

    Attributes:
        finished: when each answer with a picture was there, in seconds of one clock.
        statuses: how often each was answered; 0 stands for no answer.
        seconds: of each request with a picture.
        memory: (when, megabytes of the server and of its workers).
        server_cpu, workers_cpu: seconds of CPU that they took.
    """

    finished: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    server_cpu: float = 0.0
    workers_cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Pictures a second, without the first moments, in which the queue fills."""
        steady = [each for each in self.finished if each > self.finished[0] + 2] or self.finished
        return (len(steady) - 1) / (steady[-1] - steady[0])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--clients", type=int, default=32, help="at once (default: 32)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they ask (default: 60)")
    parser.add_argument("--requests", type=int, default=2000, help="go on to so many, for the memory (default: 2000)")
    parser.add_argument("--megapixels", type=float, default=1.0, help="of the picture (default: 1)")
    parser.add_argument("--model", default="best", help="bundled name, or folder of a model (default: best)")
    parser.add_argument("--workers", type=int, default=min(len(os.sched_getaffinity(0)), 4), help="default: CPUs")
    parser.add_argument("--threads", type=int, default=1, help="of each worker (default: 1)")
    options = parser.parse_args(arguments)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = write_picture(folder / "grey.jpg", options.megapixels)
        server = start_server(folder, options)
        try:
            address = ready(server)
            before = bare(picture, folder, options)
            load, health = under_load(address, picture, server.pid, options)
            after = bare(picture, folder, options)
            whole = Load(memory=list(load.memory), statuses=Counter(load.statuses), finished=list(load.finished))
            if options.requests > len(load.finished):
                more = asyncio.run(asked(address, picture, server.pid, options, count=options.requests))
                whole.memory += more.memory
                whole.statuses += more.statuses
                whole.finished += more.finished
        finally:
            server.terminate()
            server.wait()
    return report(before, load, after, health, whole, options)


def write_picture(path: Path, megapixels: float) -> Path:
    """A grey JPEG with a photograph's detail: photographs side by side, none enlarged."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    names = ("astronaut", "coffee", "chelsea", "camera")
    tiles = [np.array(Image.fromarray(getattr(skimage.data, name)()).convert("L"))[:300, :400] for name in names]
    row = np.concatenate([np.concatenate(tiles[:2], axis=1), np.concatenate(tiles[2:], axis=1)])
    repeats = -(-height // row.shape[0]), -(-height * 4 // 3 // row.shape[1])
    Image.fromarray(np.tile(row, repeats)[:height, : height * 4 // 3]).save(path, quality=90)
    return path


def start_server(folder: Path, options: argparse.Namespace) -> subprocess.Popen[str]:
    line = ["serve", "--port", "0", "--work", str(folder / "work"), "--model", options.model]
    line += ["--workers", str(options.workers), "--threads", str(options.threads)]
    command = [sys.executable, "-m", "photochrom", *line]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ready(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    return server.stdout.readline().split()[3].rstrip("/")


@dataclass(frozen=True)
class Health:
    """Seconds, in order of size.

    Attributes:
        times: of looks at the server's health.
        late: by which the system woke the one who looks later than it had asked for: what it lets anybody wait.
    """

    times: list[float]
    late: list[float]


@dataclass(frozen=True)
class Bare:
    """The bare pipeline: pictures a second of all processes together, and seconds of CPU for each picture."""

    rate: float
    cpu: float


def bare(picture: Path, folder: Path, options: argparse.Namespace) -> Bare:
    """The bare pipeline in as many processes as there are workers."""
    start, results = _SPAWN.Event(), _SPAWN.Queue()
    processes = [
        _SPAWN.Process(
            target=_bare,
            args=(picture, folder / f"bare{number}.jpg", options, start, results),
        )
        for number in range(options.workers)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        results.get(timeout=PATIENCE)  # each is ready
    start.set()
    counts, seconds, took = zip(*(results.get(timeout=PATIENCE) for _ in processes), strict=True)
    for process in processes:
        process.join()
    rates = [count / each for count, each in zip(counts, seconds, strict=True)]
    return Bare(sum(rates), sum(took) / sum(counts))


def _bare(picture: Path, target: Path, options: argparse.Namespace, start: Event, results: Any) -> None:
    from photochrom.colorizer import Colorizer

    painter = Colorizer(options.model, threads=options.threads)

    def once() -> None:
        painter.open(picture).paint().save(target, overwrite=True)

    once()
    results.put(None)
    start.wait()
    begin, took = time.perf_counter(), time.process_time()
    count = 0
    while time.perf_counter() - begin < options.seconds / 3:
        once()
        count += 1
    results.put((count, time.perf_counter() - begin, time.process_time() - took))


def under_load(address: str, picture: Path, server: int, options: argparse.Namespace) -> tuple[Load, Health]:
    """What the clients met, and what who watched over the server met meanwhile."""
    stop, results = _SPAWN.Event(), _SPAWN.Queue()
    process = _SPAWN.Process(target=_health, args=(address, stop, results))
    process.start()
    results.get(timeout=PATIENCE)
    load = asyncio.run(asked(address, picture, server, options, seconds=options.seconds))
    stop.set()
    times, late = results.get(timeout=PATIENCE)
    process.join()
    return load, Health(sorted(times), sorted(late))


def _health(address: str, stop: Event, results: Any) -> None:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    times, late = [], []
    results.put(None)
    while not stop.is_set():
        begin = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        times.append(time.perf_counter() - begin)
        time.sleep(0.05)
        late.append(time.perf_counter() - begin - times[-1] - 0.05)
    results.put((times, late))


def request_for(picture: Path, host: str) -> bytes:
    """The whole request. The clients share the machine with the server, so they do as little as they can."""
    request = httpx.Request("POST", f"http://{host}/v1/colorize", files={"file": ("grey.jpg", picture.read_bytes())})
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST /v1/colorize HTTP/1.1\r\n{head}\r\n".encode() + request.read()


async def answered(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer whose body has been read and thrown away."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    await reader.readexactly(int(headers["content-length"]))
    return int(first.split()[1]), headers


async def asked(
    address: str,
    picture: Path,
    server: int,
    options: argparse.Namespace,
    *,
    seconds: float = float("inf"),
    count: float = float("inf"),
) -> Load:
    """Have all clients ask, each again as soon as it is answered, for so long or until there are so many pictures."""
    load, begin = Load(), time.perf_counter()
    host, _, port = address.removeprefix("http://").partition(":")
    request = request_for(picture, f"{host}:{port}")

    def goes_on() -> bool:
        return time.perf_counter() - begin < seconds and len(load.finished) < count

    async def client() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        while goes_on():
            start = time.perf_counter()
            try:
                writer.write(request)
                status, headers = await answered(reader)
            except (OSError, EOFError, ValueError):
                load.statuses[0] += 1
                reader, writer = await asyncio.open_connection(host, int(port))
                continue
            load.statuses[status] += 1
            if status == 200:
                load.finished.append(time.perf_counter())
                load.seconds.append(load.finished[-1] - start)
            elif status == 503:
                await asyncio.sleep(float(headers["retry-after"]))
        writer.close()

    async def memory() -> None:
        process = psutil.Process(server)
        while True:
            family = [process, *process.children(recursive=True)]
            sizes = [each.memory_info().rss for each in family if each.is_running()]
            load.memory.append((time.perf_counter(), sum(sizes) / 1e6))
            await asyncio.sleep(0.5)

    watching, before = asyncio.create_task(memory()), cpu(server)
    await asyncio.gather(*(client() for _ in range(options.clients)))
    watching.cancel()
    load.server_cpu, load.workers_cpu = (now - then for now, then in zip(cpu(server), before, strict=True))
    return load


def cpu(server: int) -> tuple[float, float]:
    """Seconds of CPU that a server and its workers have taken."""
    process = psutil.Process(server)
    own, *others = (sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))
    return own, sum(others)


def report(before: Bare, load: Load, after: Bare, health: Health, whole: Load, options: argparse.Namespace) -> int:
    share = load.rate / statistics.mean((before.rate, after.rate))
    pictures = len(load.finished)
    errors = sum(number for status, number in whole.statuses.items() if status not in (200, 503))
    print(
        f"{options.workers} workers, {options.threads} threads each, {options.megapixels:g} MP, model {options.model}"
    )
    print(f"bare pipeline: {before.rate:.2f} pictures/s before, {after.rate:.2f} after")
    print(f"{options.clients} clients for {options.seconds:g} s: {load.rate:.2f} pictures/s, {share:.1%} of that")
    print(
        f"CPU for a picture: bare {1000 * (before.cpu + after.cpu) / 2:.0f} ms; "
        f"worker {1000 * load.workers_cpu / pictures:.0f} ms, server {1000 * load.server_cpu / pictures:.1f} ms"
    )
    print(f"a request: median {statistics.median(load.seconds):.2f} s, slowest {max(load.seconds):.2f} s")
    print(f"answers: {dict(whole.statuses)}; errors other than 503: {errors}")
    print(
        f"health, {len(health.times)} looks: {percentiles(health.times)}\n"
        f"(a process that only sleeps is woken too late meanwhile by: {percentiles(health.late)})"
    )
    tenths = memory_in_tenths(whole)
    growth = tenths[-1] - tenths[1]
    print(f"memory in tenths of {len(whole.finished)} requests, MB: {' '.join(f'{each:.0f}' for each in tenths)}")
    good = share >= SHARE and not errors and health.times[-1] < HEALTH and growth < GROWTH
    print(
        f"share >= {SHARE:.0%}, no errors but 503, health < {HEALTH * 1000:.0f} ms, growth < {GROWTH:g} MB: "
        f"{'met' if good else 'MISSED'}"
    )
    return 0 if good else 1


def percentiles(seconds: list[float]) -> str:
    median, most = statistics.median(seconds), seconds[int(0.99 * len(seconds))]
    return f"median {1000 * median:.1f} ms, 99 % {1000 * most:.1f} ms, slowest {1000 * seconds[-1]:.1f} ms"


def memory_in_tenths(load: Load) -> list[float]:
    """The median of the memory in each tenth of the requests."""
    bounds = [load.finished[0], *(load.finished[(len(load.finished) - 1) * part // 10] for part in range(1, 11))]
    parts = list[float]()
    for start, end in pairwise(bounds):
        inside = [size for when, size in load.memory if start <= when <= end]
        parts.append(statistics.median(inside) if inside else (parts[-1] if parts else load.memory[0][1]))
    return parts


if __name__ == "__main__":
    raise SystemExit(main())

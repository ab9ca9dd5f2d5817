"""5,000 hostile files against /v1/colorize of a real server: nothing may crash, answer 500, or leak.

    python benchmarks/serve_fuzz.py                     # 5,000 files
    python benchmarks/serve_fuzz.py --files 300 --only TIFF

The good files and the mutations are those of `benchmarks/fuzz`; the names that the files are sent under are hostile,
too. `photochrom serve` runs with a tiny model and a limit of 4 million pixels. At the end the memory and the open files
of the server and its workers must be what they were once both had warmed up, nothing may lie in the work folder or
beside it, the log may quote nothing, and a good file must come back coloured.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Final

import httpx
import psutil

ROOT: Final = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import tiny_model  # noqa: E402

from benchmarks.fuzz.bases import bases  # noqa: E402
from benchmarks.fuzz.mutations import mutated  # noqa: E402

PIXELS: Final = 4_000_000
MOST_GROWTH: Final = 50
"""Megabytes by which server and workers may grow, each, after warming up."""

_AT_ONCE: Final = 3
_SAMPLES: Final = 200
_FINE: Final = frozenset({200, 413, 415, 422})
"""Coloured; too large; no photograph; damaged. 422 with the code "crashed" is not among them."""

_BAD: Final = ("crashed", "too_long", "mistake", "no answer")

NAMES: Final = (
    "family.jpg",
    "../../../../etc/passwd",
    "C:\\windows\\system32\\a.jpg",
    "/dev/stdin",
    "a.jpg\r\nX-Injected: 1",
    'a";filename="b.jpg',
    "\u202egpj.exe",
    "CON",
    ".",
    "x" * 3000,
    "grüße \U0001f469\u200d\U0001f469 名前.png",
    "<script>alert(1)</script>.svg",
    "$(touch injected).tif",
    "%2e%2e%2fa.jpg",
    " ",
)
_MARK: Final = "qz7grandmother"
"""Stands in every name that is sent; must not stand in the log."""


@dataclass
class Run:
    """What was seen so far."""

    counts: Counter[str] = field(default_factory=Counter)
    failing: list[tuple[str, int, str]] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    workers: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--files", type=int, default=5000, help="spread evenly over the good files (default: 5000)")
    parser.add_argument("--first", type=int, default=0, help="first seed (default: 0)")
    parser.add_argument("--only", default="", help='good files whose name begins so, as "PNG"')
    parser.add_argument("--workers", type=int, default=1, help="of the server (default: 1)")
    options = parser.parse_args(arguments)
    names = [name for name in bases() if name.startswith(options.only)]
    wanted = list(islice(((name, seed) for seed in count(options.first) for name in names), options.files))
    with tempfile.TemporaryDirectory() as name:
        return _judged(Path(name), wanted, options.workers)


def _judged(folder: Path, wanted: list[tuple[str, int]], workers: int) -> int:
    model = tiny_model.write(folder / "model", of=tiny_model.card(area=32 * 32))
    (folder / "tmp").mkdir()
    log = folder / "log"
    port = _free_port()
    # glibc gives freed memory back at once, so that what is kept by mistake can be told from what is kept for later
    environment = os.environ | {"TMPDIR": str(folder / "tmp"), "MALLOC_MMAP_THRESHOLD_": "131072"}
    command = [sys.executable, "-m", "photochrom", "serve", "--port", str(port), "--model", str(model)]
    command += ["--work", str(folder / "work"), "--workers", str(workers), "--max-pixels", str(PIXELS)]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            run = asyncio.run(_sent(f"http://127.0.0.1:{port}", server, wanted))
            alive = server.poll() is None
            left = [str(path.relative_to(folder)) for path in _left(folder)]
        finally:
            server.terminate()
            server.wait(30)
    return _told(run, alive, left, log.read_text(encoding="utf-8", errors="replace"))


async def _sent(address: str, server: subprocess.Popen[bytes], wanted: list[tuple[str, int]]) -> Run:
    run, process = Run(), psutil.Process(server.pid)
    queue = list(enumerate(wanted))[::-1]
    start = time.monotonic()
    async with httpx.AsyncClient(base_url=address, timeout=150) as client:
        await _ready(client, server)

        async def client_loop() -> None:
            while queue:
                number, (name, seed) = queue.pop()
                await _one(client, run, name, seed)
                if number % max(len(wanted) // _SAMPLES, 1) == 0 and server.poll() is None:
                    _sample(run, process)

        await asyncio.gather(*(client_loop() for _ in range(_AT_ONCE)))
        await asyncio.sleep(1)
        if server.poll() is None:
            _sample(run, process)
            good = await client.post("/v1/colorize", files={"file": ("good.jpg", bases()["JPEG baseline"].content)})
            if good.status_code != 200:
                run.failing.append(("JPEG baseline", -1, f"a good file: {good.status_code} {good.text[:200]}"))
            await asyncio.sleep(0.5)  # its files are removed once it is sent
    run.seconds = time.monotonic() - start
    return run


async def _ready(client: httpx.AsyncClient, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "the server did not start"
        try:
            if (await client.get("/healthz")).json().get("status") == "ok":
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError("the server did not become ready")


async def _one(client: httpx.AsyncClient, run: Run, name: str, seed: int) -> None:
    data = mutated(name, seed)
    label = NAMES[seed % len(NAMES)] + _MARK
    start = time.monotonic()
    try:
        while True:
            answer = await client.post(
                "/v1/colorize", files={"file": (label, data)}, data={"label": "true"} if seed % 5 else {}
            )
            if answer.status_code != 503:
                break
            run.counts["503, tried again"] += 1
            await asyncio.sleep(float(answer.headers["retry-after"]) / 4)
    except httpx.TransportError as error:
        run.counts["no answer"] += 1
        run.failing.append((name, seed, f"no answer: {type(error).__name__}"))
        return
    run.slowest = max(run.slowest, time.monotonic() - start)
    code = "coloured" if answer.status_code == 200 else answer.json()["code"]
    run.counts[f"{answer.status_code} {code}"] += 1
    injected = "x-injected" in answer.headers or "/" in _disposed(answer)
    if answer.status_code not in _FINE or code in _BAD or injected or not answer.content:
        run.failing.append((name, seed, f"{answer.status_code} {code} {answer.headers.get('content-disposition', '')}"))


def _disposed(answer: httpx.Response) -> str:
    """The name that a result is to be saved under, each separator of folders as "/"."""
    disposition: str = answer.headers.get("content-disposition", "")
    return disposition.replace("%2F", "/").replace("%5C", "/").replace("\\", "/")


def _sample(run: Run, server: psutil.Process) -> None:
    children = server.children(recursive=True)
    try:
        run.server.append(server.memory_info().rss / 1e6)
        run.workers.append(sum(child.memory_info().rss for child in children) / 1e6)
        run.files.append(server.num_fds() + sum(child.num_fds() for child in children))
    except psutil.NoSuchProcess:  # a worker that was just replaced
        pass


def _left(folder: Path) -> list[Path]:
    """Files beside what a server keeps: its record of batches, its lock."""
    kept = {folder / "log", *(folder / "model").iterdir()}
    files = [path for path in folder.rglob("*") if path.is_file() and path not in kept]
    return [path for path in files if path.parent != folder / "work"]


def _growth(values: list[float] | list[int]) -> float:
    """From the end of the warming up to the end of the run, each the median of a tenth."""
    tenth = max(len(values) // 10, 1)
    return median(values[-tenth:]) - median(values[tenth : 2 * tenth] or values) if values else 0.0


def _told(run: Run, alive: bool, left: list[str], log: str) -> int:
    growths = {"server": _growth(run.server), "workers": _growth(run.workers)}
    total = sum(number for outcome, number in run.counts.items() if not outcome.startswith("503"))
    print(f"{total} files in {run.seconds:.0f} s, the slowest {run.slowest:.1f} s")
    for outcome, number in sorted(run.counts.items()):
        print(f"  {outcome}: {number}")
    for who, values in (("server", run.server), ("workers", run.workers)):
        steps = ", ".join(f"{value:.0f}" for value in values[:: max(len(values) // 10, 1)])
        print(f"memory of {who}: {steps} MB; growth after warming up {growths[who]:.0f} MB (at most {MOST_GROWTH})")
    print(f"open files: {run.files[:: max(len(run.files) // 10, 1)]}; growth {_growth(run.files):.0f} (at most 2)")
    print(f"left behind: {left or 'nothing'}; server alive: {alive}; names in its log: {_MARK in log}")
    for name, seed, why in run.failing[:50]:
        print(f'  FAILED {why}: python -m benchmarks.fuzz --make "{name}" {seed} -o hostile')
    incidents = [line for line in log.splitlines() if "incident" in line]
    if incidents:
        print("\n".join(["the log:", *log.splitlines()[-80:]]))
    good = alive and not left and not run.failing and not incidents and _MARK not in log
    good = good and max(growths.values()) <= MOST_GROWTH and _growth(run.files) <= 2
    print(f"Verdict: {'passed' if good else 'FAILED'}")
    return 0 if good else 1


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())

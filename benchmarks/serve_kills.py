"""Is a batch of a service that is killed again and again, and started each time, the same as one that was not?

    python benchmarks/serve_kills.py                    # 300 small pictures, 20 kills
    python benchmarks/serve_kills.py --pictures 40 --kills 4

Pictures of five formats, half of them in a zip, are sent to `photochrom serve` with a tiny model, once
without a break and once with kill -9 at random moments and another start after each; before that, three
times in the middle of sending. At the end every result must be whole and have the bytes of the unbroken
run, none may be lost, and none may have been made twice: a result that was seen once must keep its inode
and its time. Of what was killed while it was sent nothing may be left.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import tiny_model

FORMATS: Final = ("jpeg", "png", "bmp", "tiff", "webp")

States = dict[str, tuple[int, int]]
"""Inode and time of change of each result, by name."""

Sent = list[tuple[str, tuple[str, bytes]]]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=300, help="of the batch (default: 300)")
    parser.add_argument("--kills", type=int, default=20, help="random moments (default: 20)")
    parser.add_argument("--uploads", type=int, default=3, help="kills while it is sent (default: 3)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: 0)")
    parser.add_argument("--workers", type=int, default=2, help="pictures at once (default: 2)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        return compared(Path(name), options)


def compared(folder: Path, options: argparse.Namespace) -> int:
    tiny_model.write(folder / "model")
    form = upload(options.pictures)
    with Server(folder, "whole", options.workers) as server:
        whole = server.fetched(server.send(form))
    print(f"{options.pictures} pictures without a break, then with kill -9 at {options.kills} random moments")

    chance = random.Random(options.seed)
    left = sum(killed_while_sending(folder, form, chance, options) for _ in range(options.uploads))
    seen: States = {}
    changed: set[str] = set()
    killed = cut = 0
    batch = ""
    for number in range(options.kills):
        server = Server(folder, "killed", options.workers)
        if not batch:
            server.ready()
            batch = server.send(form)
        wait(server, batch, len(seen), chance, options)
        killed += server.kill()
        now = states(server.work, batch)
        changed |= {name for name in seen if now.get(name) != seen[name]}
        rows = items(server.work, batch)
        cut += sum(rows[int(Path(name).stem)] != "done" for name in now)
        seen = now
        print(f"\rkill {number + 1}: {len(seen)} results", end="", file=sys.stderr)
    print(file=sys.stderr)

    with Server(folder, "killed", options.workers) as server:
        again = server.fetched(batch)
        now = states(server.work, batch)
        others = [path.name for path in (server.work / "batches").iterdir() if path.name != batch]
        rest = [path.name for path in (server.work / "batches" / batch).iterdir() if path.name != "results"]
    changed |= {name for name in seen if now.get(name) != seen[name]}
    report = json.loads(again["report.json"])
    lost = options.pictures - report["done"]
    print(f"killed at work: {killed}; with results in their place that the database did not know as done: {cut}")
    print(f"batches left of {options.uploads} that were killed while they were sent: {left}; other leftovers: {rest}")
    print(f"results: {len(now)}; the same bytes as without a break: {again == whole}")
    print(f"lost: {lost}; made twice: {len(changed)}; begun again after a kill: {begun_again(server.work, batch)}")
    good = again == whole and not lost and not changed and not left and not others and not rest
    good = good and killed == options.kills and len(now) == options.pictures
    print("whole, the same and once: " + ("met" if good else "MISSED"))
    return 0 if good else 1


class Server:
    """`photochrom serve` on a work folder. As a context manager, it is ready, and ended in order.

    Attributes:
        work: its work folder.
    """

    def __init__(self, folder: Path, work: str, workers: int) -> None:
        self.work = folder / work
        line = [sys.executable, "-m", "photochrom", "serve", "--port", "0", "--workers", str(workers), "--threads", "1"]
        self._process = subprocess.Popen(
            [*line, "--model", str(folder / "model"), "--work", str(self.work)], stdout=subprocess.PIPE, text=True
        )
        self._address = ""

    def __enter__(self) -> Server:
        self.ready()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()

    def ready(self) -> None:
        """Wait until it answers."""
        assert self._process.stdout is not None
        self._address = self._process.stdout.readline().split()[3].rstrip("/")

    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> bool:
        """Kill it at once. Returns whether it was alive."""
        alive = self.alive()
        self._process.kill()
        self._process.communicate()
        return alive

    def send(self, form: Sent) -> str:
        """The id of a new batch."""
        response = httpx.post(f"{self._address}/v1/batches", files=form, timeout=60)
        assert response.status_code == 202, response.text
        return str(response.json()["id"])

    def send_slowly(self, form: Sent) -> None:
        """Send in small pieces, for a second at least, until the connection breaks."""
        request = httpx.Request("POST", self._address, files=form)
        body = request.read()

        def pieces() -> Iterator[bytes]:
            for start in range(0, len(body), 1 << 12):
                time.sleep((1 << 12) / len(body))
                yield body[start : start + (1 << 12)]

        headers = {"Content-Type": request.headers["Content-Type"]}
        try:
            httpx.post(f"{self._address}/v1/batches", content=pieces(), headers=headers, timeout=60)
        except httpx.TransportError:
            return

    def fetched(self, batch: str) -> dict[str, bytes]:
        """The files in the zip of a batch, once it has ended."""
        with httpx.stream("GET", f"{self._address}/v1/batches/{batch}/events", timeout=60) as stream:
            last = [line for line in stream.iter_lines() if line.startswith("event: ")][-1]
        assert last == "event: end"
        data = httpx.get(f"{self._address}/v1/batches/{batch}/result.zip", timeout=60).content
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def killed_while_sending(folder: Path, form: Sent, chance: random.Random, options: argparse.Namespace) -> int:
    """Kill a service in the middle of an upload and start it again. Returns what is left of the batch."""
    server = Server(folder, "killed", options.workers)
    server.ready()
    sending = threading.Thread(target=server.send_slowly, args=(form,))
    sending.start()
    while not any((server.work / "batches").glob("*/sent/*")):
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.1))
    assert sending.is_alive()
    server.kill()
    sending.join()
    with Server(folder, "killed", options.workers):
        return len(list((server.work / "batches").iterdir()))


def wait(server: Server, batch: str, known: int, chance: random.Random, options: argparse.Namespace) -> None:
    """Until a random moment: in one of five runs while it starts, else after some more results, and a little."""
    if chance.random() < 0.2:
        time.sleep(chance.uniform(0, 1.5))
        return
    more = chance.randint(0, max(options.pictures // options.kills - 4, 1))
    while server.alive() and len(states(server.work, batch)) < known + more:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.03))


def upload(count: int) -> Sent:
    """Pictures as a form: half of them as files, the others in a zip."""
    noise = np.random.default_rng(0)
    pictures = []
    for number in range(count):
        grey = np.add.outer(np.arange(48), np.arange(64)) + noise.integers(0, 120, (48, 64))
        stream = io.BytesIO()
        kind = FORMATS[number % len(FORMATS)]
        Image.fromarray(grey.astype(np.uint8)).save(stream, kind)
        pictures.append((f"{number:04}.{kind}", stream.getvalue()))
    album = io.BytesIO()
    with zipfile.ZipFile(album, "w") as archive:
        for name, data in pictures[count // 2 :]:
            archive.writestr(f"album/{name}", data)
    return [("files", picture) for picture in [*pictures[: count // 2], ("album.zip", album.getvalue())]]


def states(work: Path, batch: str) -> States:
    folder = work / "batches" / batch / "results"
    found = {path.name: path.stat() for path in folder.iterdir()} if batch and folder.exists() else {}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


def items(work: Path, batch: str) -> dict[int, Any]:
    """The states of all items as they stand in the database."""
    database = sqlite3.connect(work / "batches.sqlite3")
    try:
        return dict(database.execute("SELECT number, state FROM items WHERE batch = ?", (batch,)).fetchall())
    finally:
        database.close()


def begun_again(work: Path, batch: str) -> str:
    """How many items were under way at a kill, and the most kills of any."""
    database = sqlite3.connect(work / "batches.sqlite3")
    try:
        count, most = database.execute(
            "SELECT sum(interruptions > 0), max(interruptions) FROM items WHERE batch = ?", (batch,)
        ).fetchone()
    finally:
        database.close()
    return f"{count}, each at most {most} times"


if __name__ == "__main__":
    sys.exit(main())

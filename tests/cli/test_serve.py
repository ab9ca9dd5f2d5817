"""`photochrom serve` says where it is, refuses what would be unsafe, and leaves nothing behind when it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from PIL import Image

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tiny: Path, tmp_path: Path) -> Iterator[Start]:
    """Start `photochrom serve` on a free port, with one worker and further options."""
    processes = []
    # A shell has what it starts in the background ignore SIGINT, tests included; nohup does so with SIGHUP.
    heard = dict.fromkeys((signal.SIGINT, signal.SIGHUP), signal.SIG_DFL)

    def run(*options: object, **environment: str) -> subprocess.Popen[str]:
        common = ["--port", "0", "--model", str(tiny), "--workers", "1", "--work", str(tmp_path / "work")]
        process = subprocess.Popen(
            [sys.executable, "-m", "photochrom", "serve", *common, *map(str, options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            preexec_fn=lambda: [signal.signal(number, how) for number, how in heard.items()],
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def address(process: subprocess.Popen[str]) -> str:
    """Where it says that it is."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Photochrom is at http://127.0.0.1:"), line or process.communicate()
    return line.split()[3]


def refused(process: subprocess.Popen[str]) -> str:
    """The one line that it says when it does not start."""
    out, err = process.communicate(timeout=60)
    assert process.returncode in (1, 2)
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_when_it_is_told_to_and_its_workers_with_it(start: Start, sent: signal.Signals) -> None:
    process = start()
    assert httpx.get(f"{address(process)}healthz").json()["workers"] == 1
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    process.send_signal(sent)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
    assert not any(worker.is_running() for worker in workers)


def test_a_page_that_watches_a_batch_does_not_keep_it_from_ending(start: Start, tmp_path: Path) -> None:
    process = start()
    place = address(process)
    Image.new("L", (12_000, 12_000), 128).save(tmp_path / "large.png", compress_level=1)
    files = [("files", (f"{number}.png", (tmp_path / "large.png").read_bytes())) for number in range(4)]
    batch = httpx.post(f"{place}v1/batches", files=files, timeout=60).json()["id"]
    with httpx.stream("GET", f"{place}v1/batches/{batch}/events", timeout=60) as events:
        lines = events.iter_lines()
        assert next(lines) == "event: progress"
        process.send_signal(signal.SIGINT)
        start_of_end = time.monotonic()
        assert "event: end" not in list(lines)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
    assert time.monotonic() - start_of_end < 4


def test_its_workers_end_however_it_ends(start: Start) -> None:
    process = start()
    address(process)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    deadline = time.monotonic() + 30
    while any(worker.is_running() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_told_to_end_while_it_starts_it_ends(start: Start) -> None:
    process = start()
    while not (workers := psutil.Process(process.pid).children(recursive=True)):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert "Traceback" not in err
    assert process.returncode in (0, 143)
    assert not any(worker.is_running() for worker in workers)


def test_a_port_in_use_is_told_in_a_sentence(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        err = refused(start("--port", port))
    assert err == (
        f"photochrom: port {port} of 127.0.0.1: is in use, by another Photochrom or by something else: "
        "give another --port\n"
    )


def test_a_work_folder_in_use_is_told_in_a_sentence(start: Start) -> None:
    first = start()
    address(first)
    assert "another server works here" in refused(start())


def test_a_model_that_is_not_there_is_told_in_a_sentence(start: Start) -> None:
    assert "no-such-model" in refused(start("--model", "no-such-model"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "photos.example.org"])
def test_it_cannot_be_reached_from_elsewhere_without_a_key(start: Start, host: str) -> None:
    assert "nobody may use this one without a key: give --api-key-file" in refused(start("--host", host))


@pytest.mark.parametrize("way", ["file", "environment"])
def test_a_key_opens_it(start: Start, tmp_path: Path, way: str) -> None:
    (tmp_path / "key").write_text("sesame-open-the-door\n")
    if way == "file":
        process = start("--host", "127.0.0.1", "--api-key-file", tmp_path / "key")
    else:
        process = start(PHOTOCHROM_API_KEY="sesame-open-the-door")
    place = f"{address(process)}metrics"
    assert httpx.get(place).status_code == 401
    assert httpx.get(place, headers={"X-API-Key": "sesame-open-the-door"}).status_code == 200


def test_a_key_file_that_holds_no_key_is_told_in_a_sentence(start: Start, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    assert "key: holds no key" in refused(start("--api-key-file", tmp_path / "key"))
    assert "the key can't be read" in refused(start("--api-key-file", tmp_path / "missing"))


def test_a_line_for_each_request_is_written_where_that_is_asked_for(start: Start) -> None:
    process = start("--journal")
    httpx.get(f"{address(process)}v1/photos/secret-id-of-somebody")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert "GET /v1/photos/{photo}" in err.replace("{id}", "{photo}")
    assert "secret-id" not in err


def test_without_the_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['fastapi'] = None; from photochrom.cli import main; main(['serve'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "photochrom: this command needs fastapi, which is not installed: pip install 'photochrom[serve]'\n",
    )

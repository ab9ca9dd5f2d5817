"""Workers contain what goes wrong: a picture that hangs, crashes or floods its process costs itself alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from photochrom.cli import workers as pool
from photochrom.cli.jobs import Job, Limits, Report, Settings
from photochrom.cli.workers import Workers
from photochrom.contained.child import Child

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes, to hold up who reads them")


def jobs(*names: str) -> list[Job]:
    return [Job(Path("album", name), Path("out", name)) for name in names]


def color(tiny: Path, work: list[Job], **limits: int) -> tuple[list[Report], int]:
    with Workers(Settings(model=str(tiny)), limits=Limits(**limits)) as workers:
        return list(workers.color(work, at_once=2)), workers.replaced


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def left(folder: str = "out") -> list[str]:
    return sorted(os.listdir(folder))


@pytest.fixture
def stuck(album: Path) -> str:
    """A picture that never ends: a pipe into which nobody writes. There is a folder for results."""
    os.mkfifo(album / "stuck.jpg")
    Path("out").mkdir()
    return "stuck.jpg"


@pytest.fixture
def command(tiny: Path, stuck: str) -> Iterator[subprocess.Popen[str]]:
    """`photochrom colorize` in a process of its own, held up by the first of three pictures."""
    names = ["album/stuck.jpg", "album/a.jpg", "album/b.png"]
    line = [sys.executable, "-m", "photochrom", "colorize", *names, "-o", "out", "--model", str(tiny), "--jobs", "1"]
    process = subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell has what it starts in the background ignore SIGINT, tests included
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    until(lambda: left() and psutil.Process(process.pid).children())
    yield process
    process.kill()
    process.communicate()


def test_a_picture_that_hangs_is_given_up_after_its_time_and_the_others_go_on(tiny: Path, stuck: str) -> None:
    reports, replaced = color(tiny, jobs("a.jpg", stuck, "b.png", "c.tif"), seconds=1)
    assert [report.status for report in reports] == ["colored", "failed", "colored", "colored"]
    assert reports[1].reason == "took longer than 1 seconds and was given up; --time-limit allows more"
    assert replaced == 1
    assert left() == ["a.jpg", "b.png", "c.tif"]


def test_a_picture_that_needs_more_memory_than_allowed_is_given_up(tiny: Path, album: Path) -> None:
    Image.new("L", (20_000, 10_000)).save(album / "large.png", compress_level=1)
    reports, replaced = color(tiny, jobs("large.png", "a.jpg"), memory=300 << 20)
    assert [report.status for report in reports] == ["failed", "colored"]
    assert reports[0].reason == "took more than 300 MB of memory and was given up; --memory-limit allows more"
    assert replaced == 1
    assert left() == ["a.jpg"]


@pytest.mark.parametrize(
    ("sent", "told"), [(signal.SIGSEGV, "made its process crash (SIGSEGV)"), (signal.SIGKILL, "for want of memory")]
)
def test_a_worker_that_crashes_is_replaced_and_its_picture_named(
    command: subprocess.Popen[str], sent: signal.Signals, told: str
) -> None:
    [worker] = psutil.Process(command.pid).children()
    worker.send_signal(sent)
    out, err = command.communicate(timeout=60)
    assert command.returncode == 1
    assert told in err.split("album/stuck.jpg: ")[1].splitlines()[0]
    assert [line.split(" -> ")[0] for line in out.splitlines()] == ["album/a.jpg", "album/b.png"]
    assert left() == ["a.jpg", "b.png"]


def test_a_worker_that_keeps_memory_after_a_picture_is_replaced(tiny: Path, album: Path) -> None:
    reports, replaced = color(tiny, jobs("a.jpg", "b.png", "c.tif"), kept=-1)
    assert [report.status for report in reports] == ["colored"] * 3
    assert replaced == 3


def test_a_worker_that_cannot_be_started_costs_its_picture_alone(
    tiny: Path, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Scarce(Child):
        """The first of them is ended after each picture, the second can't be started."""

        started = 0

        def __init__(self, serving: str, *, memory: int | None, kept: int) -> None:
            Scarce.started += 1
            if Scarce.started == 2:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            super().__init__(serving, memory=memory, kept=kept)

        def swollen(self) -> bool:
            return True

    monkeypatch.setattr(pool, "Child", Scarce)
    with Workers(Settings(model=str(tiny))) as workers:
        reports = list(workers.color(jobs("a.jpg", "b.png", "c.tif")))
    assert [report.status for report in reports] == ["colored", "failed", "colored"]
    assert "no process could be started for it (Resource temporarily unavailable)" in (reports[1].reason or "")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_worker_outlives_the_command(command: subprocess.Popen[str], sent: signal.Signals) -> None:
    if sent != signal.SIGKILL and signal.getsignal(sent) == signal.SIG_IGN:
        pytest.skip(f"{sent.name} is ignored where these tests run, and so by what they start (nohup)")
    workers = psutil.Process(command.pid).children(recursive=True)
    assert workers
    command.send_signal(sent)
    command.communicate(timeout=60)
    until(lambda: not any(worker.is_running() for worker in workers))
    if sent != signal.SIGKILL:
        assert command.returncode == 128 + sent
        assert left() == []


def test_the_command_itself_loads_no_decoder_and_no_network(tiny: Path, album: Path) -> None:
    code = (
        "import sys\n"
        "from photochrom.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code\n"
        "print(sorted({'cv2', 'numpy', 'onnxruntime', 'pyvips', 'simplejpeg'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", code, "colorize", "album", "--model", str(tiny)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1] == "[]"

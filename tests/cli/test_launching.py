"""The launcher from the command line: installed, double-clicked twice, told what is wrong, removed."""

from __future__ import annotations

import os
import shlex
import shutil
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

from photochrom.service.launcher import install

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="plays a desktop of freedesktop.org")


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one's own, with a browser and a window that write down what they show, a line each."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, file in (("browser", "opened"), ("zenity", "told")):
        script = programs / name
        script.write_text(f'#!/bin/sh\nfor word in "$@"; do last=$word; done\necho "$last" >> "{tmp_path / file}"\n')
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("BROWSER", "browser")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PHOTOCHROM_API_KEY", raising=False)
    return tmp_path


def photochrom(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "photochrom", "serve", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def python(desktop: Path, tiny: Path) -> Iterator[Path]:
    """Python as the launcher starts it, but on a free port and with a tiny model; whatever it started ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    script, started = desktop / "a python" / "python", desktop / "started"
    script.parent.mkdir()
    script.write_text(
        f"#!/bin/sh\necho $$ >> {shlex.quote(str(started))}\n"
        f'exec {sys.executable} "$@" --port {port} --model {shlex.quote(str(tiny))} --workers 1\n'
    )
    script.chmod(0o755)
    yield script
    for number in lines(started):
        if psutil.pid_exists(int(number)):
            os.kill(int(number), signal.SIGTERM)
            until(lambda number=int(number): not psutil.pid_exists(number))  # type: ignore[misc]


@pytest.mark.skipif(not shutil.which("gio"), reason="needs gio of GLib")
def test_a_double_click_starts_it_and_a_second_one_opens_the_page_of_the_first(desktop: Path, python: Path) -> None:
    entry = install(applications=desktop / "data" / "applications", icons=desktop / "icons", python=python)
    opened = desktop / "opened"
    subprocess.run(["gio", "launch", str(entry)], check=True)
    until(lambda: len(lines(opened)) == 1)
    assert "<title>Photochrom</title>" in httpx.get(lines(opened)[0]).text
    subprocess.run(["gio", "launch", str(entry)], check=True)
    until(lambda: len(lines(opened)) == 2)
    first, second = map(int, lines(desktop / "started"))
    until(lambda: not psutil.pid_exists(second) or psutil.Process(second).status() == psutil.STATUS_ZOMBIE)
    assert len(set(lines(opened))) == 1
    assert psutil.pid_exists(first)
    assert not lines(desktop / "told")
    assert lines(desktop / "cache" / "photochrom" / "serve" / "launched.log")[0].startswith("Photochrom is at http://")


def test_two_double_clicks_at_once_start_one_service_and_open_its_page_twice(desktop: Path, python: Path) -> None:
    clicks = [subprocess.Popen([python, "-m", "photochrom", "serve", "--launched"]) for _ in range(2)]
    until(lambda: len(lines(desktop / "opened")) == 2)
    until(lambda: any(click.poll() is not None for click in clicks))
    assert [click.returncode for click in clicks if click.returncode is not None] == [0]
    assert len(set(lines(desktop / "opened"))) == 1
    for click in clicks:
        click.terminate()
        click.wait(30)


def test_what_is_wrong_is_told_in_a_window(desktop: Path) -> None:
    done = photochrom("--launched", "--model", "no-such-model", "--port", "1")
    assert done.returncode != 0
    (told,) = lines(desktop / "told")
    assert told.startswith("Photochrom could not be started: ")


def test_a_mistake_of_ours_is_told_in_a_window_too(desktop: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from photochrom.cli.launching import launched\n"
        "from photochrom.service.settings import Settings\n"
        f"launched(Settings(port=1, work=Path({str(desktop / 'work')!r})), lambda: 1 / 0)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 1
    (told,) = lines(desktop / "told")
    assert told.endswith(f"of which {desktop / 'work' / 'launched.log'} says more")
    assert "ZeroDivisionError" in (desktop / "work" / "launched.log").read_text()


def test_it_is_installed_and_removed(desktop: Path) -> None:
    done = photochrom("--install-launcher")
    entry = desktop / "data" / "applications" / "photochrom.desktop"
    assert (done.returncode, done.stderr) == (0, "")
    assert str(entry) in done.stdout
    assert sys.executable in entry.read_text(encoding="utf-8")
    assert (desktop / "data" / "icons" / "hicolor" / "scalable" / "apps" / "photochrom.svg").exists()
    assert str(entry) in photochrom("--remove-launcher").stdout
    assert not entry.exists()
    assert photochrom("--remove-launcher").stdout == "there is no launcher\n"


def test_the_launcher_takes_no_other_options_with_it(desktop: Path) -> None:
    done = photochrom("--install-launcher", "--port", "9000")
    assert done.returncode == 2
    assert "stand alone" in done.stderr


def test_open_shows_the_page_of_the_service_that_runs_already(desktop: Path, tiny: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "photochrom", "serve", "--port", "0", "--model", tiny, "--workers", "1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        address = running.stdout.readline().split()[3]
        done = photochrom("--open", "--port", address.rstrip("/").rpartition(":")[2])
        assert (done.returncode, done.stdout) == (0, f"Photochrom is at {address} already\n")
        until(lambda: lines(desktop / "opened") == [address])
    finally:
        running.terminate()
        running.communicate(timeout=30)

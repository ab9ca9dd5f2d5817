"""The launcher: each system gets what it understands, whatever letters the paths hold, and it can be removed again."""

from __future__ import annotations

import base64
import configparser
import plistlib
import re
import shlex
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest
import pyvips

from photochrom.service import launcher
from photochrom.service.launcher import LauncherError, install, passing_away, remove

ODD = 'it\'s 100% "my" $HOME `id` \\ ü'
"""A folder that every kind of quoting has to deal with."""
ARGUMENTS = ["-m", "photochrom", "serve", "--launched"]


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A stand-in for the interpreter, in an oddly named folder: it writes down how it was called."""
    folder = tmp_path / ODD
    folder.mkdir()
    script = folder / "python"
    script.write_text('#!/bin/sh\nfor word in "$0" "$@"; do printf "%s\\n" "$word"; done > "$(dirname "$0")/called"\n')
    script.chmod(0o755)
    return script


def called(python: Path) -> list[str]:
    """How it was called, once it was."""
    note = python.with_name("called")
    for _ in range(100):
        if note.exists() and note.read_text(encoding="utf-8").count("\n") == 5:
            break
        time.sleep(0.05)
    return note.read_text(encoding="utf-8").splitlines()


def make(folder: Path, python: Path, system: str) -> Path:
    return install(applications=folder / "applications", icons=folder / "icons", python=python, system=system)


def test_a_desktop_entry_starts_the_service_whatever_the_path(tmp_path: Path, python: Path) -> None:
    entry = make(tmp_path, python, "linux")
    fields = configparser.RawConfigParser(strict=True, interpolation=None)
    fields.optionxform = str  # type: ignore[assignment, method-assign]
    fields.read(entry, encoding="utf-8")
    value = re.sub(r"\\(.)", r"\1", fields["Desktop Entry"]["Exec"]).replace("%%", "%")
    subprocess.run(shlex.split(re.sub(r"\\([`$])", r"\1", value)), check=True)
    assert called(python) == [str(python), *ARGUMENTS]
    assert fields["Desktop Entry"]["Terminal"] == "false"
    icon = tmp_path / "icons" / f"{fields['Desktop Entry']['Icon']}.svg"
    assert b"<svg" in icon.read_bytes()


@pytest.mark.skipif(not shutil.which("gio"), reason="needs gio of GLib")
def test_the_desktop_itself_starts_it(tmp_path: Path, python: Path) -> None:
    subprocess.run(["gio", "launch", str(make(tmp_path, python, "linux"))], check=True, capture_output=True)
    assert called(python) == [str(python), *ARGUMENTS]


@pytest.mark.skipif(not shutil.which("desktop-file-validate"), reason="needs desktop-file-utils")
def test_the_desktop_entry_is_valid(tmp_path: Path, python: Path) -> None:
    run = subprocess.run(
        ["desktop-file-validate", str(make(tmp_path, python, "linux"))], capture_output=True, text=True
    )
    assert (run.returncode, run.stdout) == (0, "")


def test_the_bundle_of_macos_starts_it_and_ends_at_once(tmp_path: Path, python: Path) -> None:
    bundle = make(tmp_path, python, "darwin")
    assert bundle.name == "Photochrom.app"
    properties = plistlib.loads((bundle / "Contents" / "Info.plist").read_bytes())
    assert properties["LSArchitecturePriority"][0] == "arm64"
    subprocess.run([bundle / "Contents" / "MacOS" / properties["CFBundleExecutable"]], check=True, timeout=5)
    assert called(python) == [str(python), *ARGUMENTS]
    icon = (bundle / "Contents" / "Resources" / f"{properties['CFBundleIconFile']}.icns").read_bytes()
    assert icon[:4] == b"icns"
    assert struct.unpack(">I", icon[4:8]) == (len(icon),)
    assert sides(icon) == [128, 256, 512]


def test_the_shortcut_of_windows_is_made_by_powershell(
    tmp_path: Path, python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PowerShell itself is played by a script that keeps what it was told and makes the file."""
    tools = tmp_path / "tools"
    tools.mkdir()
    kept = tmp_path / "told"
    shortcut = tmp_path / "applications" / "Photochrom.lnk"
    powershell = tools / "powershell"
    powershell.write_text(f'#!/bin/sh\nprintf %s "$4" > "{kept}"\necho link > "{shortcut}"\n')
    powershell.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    windowless = python.with_name("pythonw.exe")
    windowless.touch()
    assert make(tmp_path, python, "win32") == shortcut
    script = base64.b64decode(kept.read_text()).decode("utf-16-le")
    values = dict(re.findall(r"^\$(\w+) = '(.*)'$", script, re.M))
    assert values["python"].replace("''", "'") == str(windowless)
    assert values["arguments"].split() == ARGUMENTS
    icon = Path(values["icon"]).read_bytes()
    assert struct.unpack("<HHH", icon[:6]) == (0, 1, 1)
    assert sides(icon) == [256]


def test_powershell_expands_nothing_in_a_path() -> None:
    assert launcher.powershell_text("C:\\$x\\O’Neill's") == "'C:\\$x\\O’’Neill''s'"


def test_it_is_said_where_windows_makes_no_shortcut(
    tmp_path: Path, python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    powershell = tmp_path / "powershell"
    powershell.write_text("#!/bin/sh\necho no COM here >&2\nexit 1\n")
    powershell.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(LauncherError, match="no COM here"):
        make(tmp_path, python, "win32")


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_what_was_installed_twice_is_removed_whole(tmp_path: Path, python: Path, system: str) -> None:
    made = make(tmp_path, python, system)
    assert make(tmp_path, python, system) == made
    assert made in remove(applications=made.parent, icons=tmp_path / "icons", system=system)
    assert not [*made.parent.iterdir(), *(tmp_path / "icons").glob("*")]
    assert remove(applications=made.parent, icons=tmp_path / "icons", system=system) == []


def test_a_path_of_two_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LauncherError, match="control character"):
        make(tmp_path, tmp_path / "two\nlines" / "python", "linux")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, python: Path) -> None:
    (tmp_path / "applications").write_text("a file where the folder should be")
    with pytest.raises(LauncherError, match="applications"):
        make(tmp_path, python, "linux")


@pytest.mark.parametrize(
    ("prefix", "passing"),
    [
        ("/home/ann/.cache/uv/archive-v0/x1", True),
        ("/Users/ann/Library/Caches/uv/archive-v0/x1", True),
        ("/home/ann/.local/share/uv/tools/photochrom", False),
        ("/home/ann/.local/share/pipx/venvs/photochrom", False),
        ("/home/ann/.local/share/pipx/.cache/0f", True),
    ],
)
def test_environments_that_may_vanish_are_known(prefix: str, passing: bool) -> None:
    assert passing_away(Path(prefix)) is passing


def sides(icon: bytes) -> list[int]:
    """Of the PNG pictures in an icon file, each read by its own decoder."""
    starts = [match.start() for match in re.finditer(b"\x89PNG\r\n\x1a\n", icon)]
    pictures = [pyvips.Image.pngload_buffer(icon[start:]) for start in starts]
    assert all(picture.avg() > 20 for picture in pictures)
    return [picture.width for picture in pictures]

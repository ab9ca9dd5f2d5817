"""Something to double-click: puts Photochrom among the applications of a Linux desktop, of macOS or of Windows.

It starts `photochrom serve --launched` with the Python that runs now, by its full path, so that it works without a
terminal and whatever PATH says. Each system has its own way of quoting paths and its own kind of icon; both are made
here, from plain values, so that all three can be tested on any machine.
"""

from __future__ import annotations

import base64
import plistlib
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from photochrom.errors import PhotochromError
from photochrom.photo.vips import library

NAME = "Photochrom"
COMMENT = "Colour black-and-white photographs on this machine"
IDENTIFIER = "photochrom"
ARGUMENTS = ("-m", "photochrom", "serve", "--launched")


class LauncherError(PhotochromError):
    """The launcher could not be written, or not for such a path."""


def install(*, applications: Path, icons: Path, python: Path, system: str = sys.platform) -> Path:
    """Write the launcher and its icon, in place of an older one; returns what can be double-clicked.

    applications: the folder whose entries the desktop shows as programs (made where it is missing).
    icons: a folder of the user's for the icon, as `icons_folder` says; macOS has its own place for it.
    python: the interpreter that has Photochrom. system: as `sys.platform` says it.
    """
    if any(ord(letter) < 32 for letter in str(python)):
        raise LauncherError(f"{str(python)!r}: the path of Python holds a control character; no launcher can start it.")
    try:
        applications.mkdir(parents=True, exist_ok=True)
        return _installer(system)(applications, icons, python)
    except OSError as error:
        raise LauncherError(f"{error.filename or applications}: the launcher can't be written ({error}).") from error


def remove(*, applications: Path, icons: Path, system: str = sys.platform) -> list[Path]:
    """Take the launcher and its icon away again; returns what was removed, nothing where there was none."""
    gone = []
    for path in _places(applications, icons, system):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists() or path.is_symlink():
            path.unlink()
        else:
            continue
        gone.append(path)
    return gone


def icons_folder(data: Path, system: str = sys.platform) -> Path:
    """Where the icon belongs below the user's folder of program data (`$XDG_DATA_HOME`, `%LOCALAPPDATA%`)."""
    return data / ("photochrom" if system == "win32" else "icons/hicolor/scalable/apps")


def passing_away(prefix: Path) -> bool:
    """Whether an environment lies in a cache, as those of `uvx` and `pipx run` do, and may vanish any day."""
    return any(part.lower().strip(".") in {"cache", "caches"} for part in prefix.parts)


def _places(applications: Path, icons: Path, system: str) -> list[Path]:
    if system == "win32":
        return [applications / f"{NAME}.lnk", icons / f"{IDENTIFIER}.ico"]
    if system == "darwin":
        return [applications / f"{NAME}.app"]
    return [applications / f"{IDENTIFIER}.desktop", icons / f"{IDENTIFIER}.svg"]


def _installer(system: str) -> Callable[[Path, Path, Path], Path]:
    return {"win32": _install_on_windows, "darwin": _install_on_macos}.get(system, _install_on_linux)


# --- Linux and other desktops of freedesktop.org


def _install_on_linux(applications: Path, icons: Path, python: Path) -> Path:
    entry, icon = _places(applications, icons, "linux")
    icon.parent.mkdir(parents=True, exist_ok=True)
    icon.write_bytes(_drawing())
    entry.write_text(desktop_entry(python), encoding="utf-8")
    entry.chmod(0o755)  # some desktops start only what may be executed
    return entry


def desktop_entry(python: Path) -> str:
    """The text of a .desktop file (of the Desktop Entry Specification).

    The program itself may not have "=" in its path, nor "%" where GLib reads the file; what the shell is given may.
    """
    command = ["/bin/sh", "-c", 'exec "$0" "$@"', str(python), *ARGUMENTS]
    return "\n".join(
        [
            "[Desktop Entry]",
            "Type=Application",
            "Version=1.0",
            f"Name={NAME}",
            f"Comment={COMMENT}",
            f"Exec={exec_line(command)}",
            f"Icon={IDENTIFIER}",
            "Terminal=false",
            "StartupNotify=false",
            "Categories=Graphics;Photography;",
            "Keywords=photo;colour;color;colorize;restore;",
            "",
        ]
    )


def exec_line(command: list[str]) -> str:
    """A command as the value of `Exec`: quoted, with % as %%, and then escaped once more as every string there is."""
    quoted = []
    for word in command:
        for special in '\\"`$':
            word = word.replace(special, f"\\{special}")
        quoted.append('"' + word.replace("%", "%%") + '"')
    return " ".join(quoted).replace("\\", "\\\\")


# --- macOS


def _install_on_macos(applications: Path, icons: Path, python: Path) -> Path:
    (bundle,) = _places(applications, icons, "darwin")
    shutil.rmtree(bundle, ignore_errors=True)
    for folder in ("MacOS", "Resources"):
        (bundle / "Contents" / folder).mkdir(parents=True)
    (bundle / "Contents" / "Info.plist").write_bytes(plistlib.dumps(_bundle_properties()))
    (bundle / "Contents" / "Resources" / f"{IDENTIFIER}.icns").write_bytes(apple_icon())
    script = bundle / "Contents" / "MacOS" / IDENTIFIER
    script.write_text(shell_script(python), encoding="utf-8")
    script.chmod(0o755)
    return bundle


def shell_script(python: Path) -> str:
    """Starts the service and ends: macOS doesn't start an application again that it takes to be running."""
    words = " ".join("'" + word.replace("'", "'\\''") + "'" for word in [str(python), *ARGUMENTS])
    return f"#!/bin/sh\n{words} </dev/null >/dev/null 2>&1 &\n"


def _bundle_properties() -> dict[str, object]:
    from photochrom import __version__

    return {
        "CFBundleDisplayName": NAME,
        "CFBundleExecutable": IDENTIFIER,
        "CFBundleIconFile": IDENTIFIER,
        "CFBundleIdentifier": f"app.{IDENTIFIER}.launcher",
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundleName": NAME,
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": __version__,
        # A script has no architecture of its own, and without this macOS asks for Rosetta to be installed.
        "LSArchitecturePriority": ["arm64", "x86_64"],
        "LSUIElement": True,
        "NSHighResolutionCapable": True,
    }


def apple_icon() -> bytes:
    """The icon as .icns: entries of four letters, a length with its own eight bytes, and a PNG."""
    sizes = {b"ic07": 128, b"ic08": 256, b"ic09": 512}
    entries = b"".join(
        kind + struct.pack(">I", 8 + len(picture)) + picture
        for kind, picture in ((kind, _raster(size)) for kind, size in sizes.items())
    )
    return b"icns" + struct.pack(">I", 8 + len(entries)) + entries


# --- Windows


def _install_on_windows(applications: Path, icons: Path, python: Path) -> Path:
    shortcut, icon = _places(applications, icons, "win32")
    icon.parent.mkdir(parents=True, exist_ok=True)
    icon.write_bytes(windows_icon())
    windowless = python.with_name("pythonw.exe")
    script = shortcut_script(shortcut, icon, windowless if windowless.exists() else python)
    shortcut.unlink(missing_ok=True)
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    run = subprocess.run(
        ["powershell", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded],
        capture_output=True,
        text=True,
        errors="replace",
    )
    if run.returncode or not shortcut.exists():
        raise LauncherError(
            f"{shortcut}: Windows did not make the shortcut ({run.stderr.strip() or 'no reason given'})."
        )
    return shortcut


def shortcut_script(shortcut: Path, icon: Path, python: Path) -> str:
    """PowerShell that makes a shortcut.

    WScript.Shell knows the letters of one code page only. Where they don't do, the link object of Shell.Application
    takes over, which knows them all but fills only a file that is there.
    """
    values = {
        "shortcut": str(shortcut),
        "folder": str(shortcut.parent),
        "name": shortcut.name,
        "python": str(python),
        "arguments": " ".join(ARGUMENTS),
        "icon": str(icon),
        "comment": COMMENT,
    }
    lines = ["$ErrorActionPreference = 'Stop'"]
    lines += [f"${name} = {powershell_text(value)}" for name, value in values.items()]
    lines += [
        "try {",
        "    $link = (New-Object -ComObject WScript.Shell).CreateShortcut($shortcut)",
        "    $link.TargetPath = $python",
        '    $link.IconLocation = "$icon,0"',
        "    if ($link.TargetPath -ne $python) { throw 'not the letters of this code page' }",
        "    $link.Arguments = $arguments",
        "    $link.Description = $comment",
        "    $link.Save()",
        "} catch {",
        "    [IO.File]::WriteAllText($shortcut, '')",
        "    $link = (New-Object -ComObject Shell.Application).NameSpace($folder).ParseName($name).GetLink",
        "    $link.Path = $python",
        "    $link.SetIconLocation($icon, 0)",
        "    $link.Arguments = $arguments",
        "    $link.Description = $comment",
        "    $link.Save()",
        "}",
    ]
    return "\n".join(lines)


def powershell_text(text: str) -> str:
    """A string literal that expands nothing; PowerShell takes the typographic single quotes for quotes too."""
    for quote in "'‘’‚‛":
        text = text.replace(quote, quote * 2)
    return f"'{text}'"


def windows_icon() -> bytes:
    """The icon as .ico: a directory of one 256-pixel picture, which stands in it as PNG."""
    picture = _raster(256)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(picture), 22) + picture


def _drawing() -> bytes:
    return (resources.files("photochrom") / "service" / "web" / "icon.svg").read_bytes()


def _raster(side: int) -> bytes:
    """The icon as PNG of that many pixels."""
    image = library().Image
    drawing = image.svgload_buffer(_drawing())
    return bytes(image.svgload_buffer(_drawing(), scale=side / drawing.width).pngsave_buffer())

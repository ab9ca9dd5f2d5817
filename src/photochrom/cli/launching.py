"""`photochrom serve` for people without a terminal: the launcher, and what a double click on it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from photochrom.errors import PhotochromError, UsageError

if TYPE_CHECKING:
    from photochrom.service.settings import Settings

_STARTING: Final = 10.0
"""Seconds that one which another double click is starting may take until it answers."""


def change(context: typer.Context, *, install: bool, remove: bool) -> None:
    """Install the launcher, or remove it, and say what was done.

    Raises:
        UsageError: together with other options, which the launcher would not use.
        LauncherError: it can't be written.
    """
    from platformdirs import user_applications_path, user_data_path

    from photochrom.service import launcher

    given = [
        name for name in context.params if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]
    if len(given) > 1:
        raise UsageError("--install-launcher and --remove-launcher stand alone: the service is started as it comes")
    applications = user_applications_path()
    icons = launcher.icons_folder(user_data_path())
    if remove:
        gone = launcher.remove(applications=applications, icons=icons)
        print("\n".join(f"removed {path}" for path in gone) or "there is no launcher")
        return
    made = launcher.install(applications=applications, icons=icons, python=Path(sys.executable))
    print(f"{made}: Photochrom is among your applications now; --remove-launcher takes it away again")
    if launcher.passing_away(Path(sys.prefix)):
        print(
            f"photochrom: it starts the Photochrom in {sys.prefix}, which is a cache and may be emptied: "
            "install it for good, with uv tool install or pipx install, and do this again",
            file=sys.stderr,
        )


def shown(settings: Settings) -> bool:
    """Open the page of a service that runs already where this one would; whether there is one."""
    from photochrom.service.launched import answers, open_page

    address = _address(settings)
    if not answers(address):
        return False
    print(f"Photochrom is at {address}/ already")
    open_page(address).join(2)
    return True


def launched(settings: Settings, serve: Callable[[], None]) -> None:
    """What a double click does: open the page of a running service, or start one. What goes wrong is told in a window.

    Raises:
        Exception: as `serve` does.
    """
    from photochrom.service.launched import answers_within, into_file, listens, open_page, tell

    if shown(settings):
        return
    log = settings.folder / "launched.log"
    into_file(log)
    try:
        serve()
    except Exception as error:
        address = _address(settings)
        if listens(address) and answers_within(address, _STARTING):
            open_page(address).join(2)
            return
        why = str(error) if isinstance(error, PhotochromError) else f"it made a mistake, of which {log} says more"
        tell(f"Photochrom could not be started: {why}")
        raise


def _address(settings: Settings) -> str:
    """Where a service with these settings can be reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host).strip("[]")
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"

"""What stands already where a result is to go, and what follows: leave it, refuse it, or make it anew.

A result counts as done where its mark names the same original, model and options. For formats
without a mark, and to spare reading an original again, the journal of its folder says so.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from photochrom.claims import leftovers, remove_leftover
from photochrom.cli.jobs import Job, Settings
from photochrom.cli.journal import Entry, Journal, Stamp
from photochrom.cli.painting import Painting
from photochrom.cli.plan import holds_mark
from photochrom.errors import PhotochromError, UsageError
from photochrom.photo.files import explained
from photochrom.photo.origin import read_origin

_PATIENCE: Final = 3.0
"""Seconds for the processes of a killed run to be gone; whoever holds a file longer is at work."""


class Standing:
    """Looks at what exists, and keeps the journals where `settings.resume` asks for it.

    Args:
        settings: of the run.
        painting: how they are colored.
    """

    def __init__(self, settings: Settings, painting: Painting) -> None:
        self._settings = settings
        self._painting = painting
        self._journals: dict[Path, Journal] = {}

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Before anything is resumed: clear away what a killed run was writing, and see that it worked alike.

        Raises:
            UsageError: some results were made with other options, and nobody said that they may be replaced.
        """
        if not self._settings.resume:
            return
        targets = [(job, job.target) for job in jobs if job.target is not None]
        _clear({target.parent for _, target in targets})
        for job, target in [] if self._settings.overwrite else targets:
            entry = self._journal(target).last(target.name)
            if entry is None or not os.path.exists(target):
                continue
            work = self._painting.work(job)
            keys = [key for key in {**work, **entry.work} if work.get(key) != entry.work.get(key)]
            if keys:
                now, then = (", ".join(f"{key} {each.get(key)}" for key in keys) for each in (work, entry.work))
                raise UsageError(
                    f"{target.parent} holds results made with {then}, not with {now}: resume with the same options, "
                    "or give --overwrite to make those anew, or another -o"
                )

    def why_not(self, job: Job) -> str | None:
        """Why a picture need not be colored; None where it is to be.

        Raises:
            PhotochromError: something is in the way that must not be replaced.
        """
        target, settings = job.target, self._settings
        if target is None or not os.path.exists(target):
            return None
        if settings.skip_existing:
            return f"{target} exists already"
        if settings.overwrite and not settings.resume:
            return None
        if self._is_done(job, target):
            return f"{target} is done already"
        if settings.overwrite:
            return None
        if not job.existed and not holds_mark(target):
            return f"{target} was made by another run meanwhile"
        if settings.resume:
            raise PhotochromError(
                f"{target} exists already, and nothing says that it was made from this picture with these options: "
                "give --overwrite to make it anew, or another -o"
            )
        raise PhotochromError(f"{target} exists already: give --overwrite or --skip-existing, or another -o")

    def begin(self, job: Job, target: Path, original: Stamp | None) -> None:
        """Note that a result is about to be written."""
        self._note(job, target, original, done=False, fresh=not os.path.lexists(target))

    def finish(self, job: Job, target: Path, original: Stamp | None) -> None:
        """Note that it is in its place."""
        self._note(job, target, original, done=True, fresh=False)

    def _is_done(self, job: Job, target: Path) -> bool:
        if job.source is None or not os.path.isfile(job.source):
            return False
        try:
            return self._made_from(job, job.source, target)
        except OSError:
            return False  # the picture can't be read: nothing is known

    def _made_from(self, job: Job, source: Path, target: Path) -> bool:
        entry, work = self._journal(target).last(target.name), self._painting.work(job)
        if entry is not None and entry.work != work:
            return False
        noted = entry is not None and entry.original == Stamp.of(source)
        if noted and entry is not None and entry.state == "done":
            return True
        origin = read_origin(target)
        if origin is None:
            return noted and entry is not None and entry.fresh and not holds_mark(target)
        if entry is None and self._settings.quality is not None:
            return False  # of which the mark says nothing
        marked = self._painting.marked(job)
        if marked is None or origin.record.model != work["model"]:
            return False
        options, hints = marked
        made = {key: value for key, value in origin.record.options.items() if key != "page"}
        alike = made == options and list(origin.record.hints) == hints
        return alike and origin.sha256 == sha256(source)

    def _journal(self, target: Path) -> Journal:
        return self._journals.setdefault(target.parent, Journal(target.parent))

    def _note(self, job: Job, target: Path, original: Stamp | None, *, done: bool, fresh: bool) -> None:
        journal = self._journal(target)
        # One that was begun is kept up by every run, so that it never tells of a result that is another by now.
        if original is None or not (self._settings.resume or journal.path.exists()):
            return
        with explained(target):
            journal.write(
                Entry(
                    file=target.name,
                    state="done" if done else "begun",
                    fresh=fresh,
                    original=original,
                    work=self._painting.work(job),
                )
            )


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _clear(folders: set[Path]) -> None:
    """Remove temporary files that nobody holds any more."""
    deadline = time.monotonic() + _PATIENCE
    held = [each for folder in folders for each in leftovers(folder)]
    while held := [each for each in held if not remove_leftover(each)]:
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)

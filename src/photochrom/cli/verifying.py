"""`--verify`, in a worker: does a result exist, is it whole, and was it made from this very picture?"""

from __future__ import annotations

import os
from pathlib import Path

from photochrom.cli.jobs import Job, Report, Settings, Status
from photochrom.cli.journal import Journal, Stamp
from photochrom.cli.plan import holds_mark, is_result
from photochrom.cli.standing import sha256
from photochrom.errors import PhotoError
from photochrom.photo import MAX_PIXELS, open_pages
from photochrom.photo.files import read_path, reason
from photochrom.photo.mark import read_original


class Verifying:
    """Looks at results; writes nothing and needs no model."""

    def __init__(self, settings: Settings) -> None:
        self._max_pixels = settings.max_pixels or MAX_PIXELS

    def verify(self, job: Job, data: bytes | None) -> tuple[Report, None]:
        """Compare one picture with its result.

        Raises:
            PhotoError: the picture itself can't be read.
        """
        if job.source is None or job.target is None or data is not None:
            raise PhotoError(f"{job.name}: only results in files can be verified")
        if job.listed and is_result(job.source):
            return Report(input=job.name, status="skipped", reason="is a result itself"), None
        status, why = self._found(job.source, job.target)
        output = os.fspath(job.target) if status == "verified" else None
        return Report(input=job.name, output=output, status=status, reason=why), None

    def _found(self, source: Path, target: Path) -> tuple[Status, str | None]:
        if not os.path.exists(source):
            read_path(source)
        if not os.path.exists(target):
            return "missing", f"{target}: there is no such result"
        packet, first = None, True
        try:
            for page in open_pages(target, max_pixels=self._max_pixels):
                packet = page.metadata.xmp if first else packet
                first = False
                _ = page.luma  # waits until all of it is decoded
        except PhotoError as error:
            return "differs", str(error)
        original = read_original(packet)
        if original is not None:
            if original == _sha256(source):
                return "verified", None
            return "differs", f"{target}: was made from another picture, or this one was changed since"
        entry = Journal(target.parent).last(target.name)
        if not holds_mark(target) and entry is not None and entry.original == Stamp.of(source):
            return "verified", None
        return "differs", f"{target}: says nothing of the picture that it was made from"


def _sha256(source: Path) -> str:
    try:
        return sha256(source)
    except OSError as error:
        raise PhotoError(f"{source}: could not be read ({reason(error)})") from error

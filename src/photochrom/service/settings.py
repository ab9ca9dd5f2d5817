"""What a server may do and how much of everything it may take; checked once, when it starts."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from photochrom.errors import UsageError

PORT: Final = 8421
LOOPBACK: Final = "127.0.0.1"
MOST_WORKERS: Final = 4


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that can be set of a server. Bytes, pixels and seconds throughout.

    Attributes:
        host, port: where it listens. Anything but loopback asks for an `api_key`.
        model, device: as for :class:`photochrom.Colorizer`; None: the default model.
        workers: processes that color; None: one for each CPU, at most `MOST_WORKERS`.
        threads: of the network in each; None: CPUs / workers.
        work: folder for all that it keeps; None: in the user's folder for caches.
        api_key: what requests must show, if anything.
        allowed_hosts: names under which it may be called beside those of loopback and `host`.
        max_upload: bytes of one request's body.
        max_pixels: of one picture.
        max_queue: requests that may wait for a worker, of the page and of programs each, and batches that may be under
            way; more are answered with "busy".
        seconds: that one request may take in a worker, and may wait for one.
        photos_bytes, photos_seconds: what uploaded photographs may take, and how long they stay after their last use.
        canvases_bytes: memory of all workers together for photographs that the network has looked at.
        batch_files, batch_bytes: photographs of one batch.
        batch_seconds: how long a batch stays after its end.
    """

    host: str = LOOPBACK
    port: int = PORT
    model: str | None = None
    device: str = "auto"
    workers: int | None = None
    threads: int | None = None
    work: Path | None = None
    api_key: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    max_upload: int = 200_000_000
    max_pixels: int = 200_000_000
    max_queue: int = 32
    seconds: float = 120.0
    photos_bytes: int = 4_000_000_000
    photos_seconds: float = 2 * 3600.0
    canvases_bytes: int = 1_000_000_000
    batch_files: int = 1000
    batch_bytes: int = 4_000_000_000
    batch_seconds: float = 24 * 3600.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise UsageError(f"a port is a number from 0 to 65535, not {self.port}")
        for name in ("workers", "threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"{name}: at least 1, not {value}")
        for name in _AMOUNTS:
            if getattr(self, name) <= 0:
                raise UsageError(f"{name}: more than 0, not {getattr(self, name)}")
        if self.api_key is not None and not self.api_key:
            raise UsageError("the API key is empty")
        if self.api_key is None and not is_loopback(self.host):
            raise UsageError(
                f"{self.host} can be reached from other machines, and nobody may use this one without a key: "
                "give --api-key-file, or leave --host out"
            )
        cpus = _cpus()
        workers = self.workers or min(cpus, MOST_WORKERS)
        object.__setattr__(self, "workers", workers)
        object.__setattr__(self, "threads", self.threads or max(cpus // workers, 1))
        object.__setattr__(self, "work", Path(self.work) if self.work is not None else _usual_folder())

    @property
    def folder(self) -> Path:
        """The work folder."""
        assert self.work is not None
        return self.work

    @property
    def processes(self) -> int:
        """How many workers there are."""
        assert self.workers is not None
        return self.workers

    def for_workers(self) -> Settings:
        """What the workers are told: all but the secret, and where it counts."""
        return replace(self, api_key=None, host=LOOPBACK)


def is_loopback(host: str) -> bool:
    """Whether only this machine itself can reach a server on that address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


_AMOUNTS: Final = (
    "max_upload",
    "max_pixels",
    "max_queue",
    "seconds",
    "photos_bytes",
    "photos_seconds",
    "canvases_bytes",
    "batch_files",
    "batch_bytes",
    "batch_seconds",
)


def _usual_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("photochrom", appauthor=False) / "serve"


def _cpus() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

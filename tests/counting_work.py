"""Work that tells how often a worker's network has looked at anything; a worker imports it by its name."""

from __future__ import annotations

import os
from typing import Any

from photochrom.service.studio import Studio


def looks(studio: Studio) -> tuple[int, int]:
    """How often the network has looked since this was asked first, and the worker's process id."""
    model: Any = studio.painter.model
    if not hasattr(model, "looks"):
        model.looks, encode = 0, model.encode

        def counted(luma: Any) -> Any:
            model.looks += 1
            return encode(luma)

        model.encode = counted
    return int(model.looks), os.getpid()

"""What a run writes down of itself, so that it can be told later what was trained, from what, by which code, and how.

`recipe.yaml` is the recipe as it is in force now; `run.json` says everything else, and of every time that the run
was started when, at which sample, with which options and by which code.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightning
import torch
import yaml

from photochrom import __version__
from photochrom.errors import DataError
from photochrom.training.run_module import RunModule


def write_records(out: Path, module: RunModule, *, photographs: int, options: Mapping[str, Any]) -> None:
    """Write `recipe.yaml` and `run.json` into the run's folder.

    Args:
        out: the run's folder.
        module: as it is about to be trained.
        photographs: in the split that is trained on.
        options: how the run was started.

    Raises:
        DataError: the folder can't be written to.
    """
    path, code = out / "run.json", code_version()
    start = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sample": module.sample,
        "photochrom": __version__,
        **code,
        "options": dict(options),
    }
    record = {
        "photochrom": __version__,
        **code,
        "torch": torch.__version__,
        "lightning": lightning.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "photographs": photographs,
        "start": "ImageNet",
        **module.provenance,
        "sample": module.sample,
        "parameters": sum(p.numel() for p in module.parameters()),
        "recipe": module.recipe.to_dict(),
        "starts": [*_earlier(path), start],
    }
    try:
        (out / "recipe.yaml").write_text(yaml.safe_dump(module.recipe.to_dict(), sort_keys=False), encoding="utf-8")
        path.write_text(json.dumps(record, indent=1), encoding="utf-8")
    except OSError as error:
        raise DataError(f"The run's folder {out} can't be written: {error}") from error


def code_version() -> dict[str, Any]:
    """The git commit of this code and whether files of it were changed since; nothing where it is no checkout."""
    package = Path(__file__).parents[1]
    try:
        _git(package, "ls-files", "--error-unmatch", "__init__.py")  # in site-packages git may find somebody else's
        return {
            "commit": _git(package, "rev-parse", "HEAD"),
            "changed": bool(_git(package, "status", "--porcelain", "--untracked-files=no", "--", ".")),
        }
    except (OSError, subprocess.SubprocessError):
        return {}


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout.strip()


def _earlier(path: Path) -> list[Any]:
    """The starts that a record has already; none where it is new or was damaged."""
    try:
        return list(json.loads(path.read_text(encoding="utf-8")).get("starts", ()))
    except (OSError, ValueError, AttributeError, TypeError):
        return []

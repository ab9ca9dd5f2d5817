"""Where an encoder's ImageNet weights come from: a file that somebody has, or the model hub.

Nothing is downloaded unless asked for by name. What was taken goes into the run's record with its SHA-256, and is
compared with one where whoever gives the file, or the hub, knows it.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from photochrom.errors import MissingExtraError, ModelError, UsageError

HUB = "hub"
"""Given in place of a path: download the weights from the model hub."""

_REPOSITORIES = {"InceptionResNetV2": "timm/inception_resnet_v2.tf_in1k"}
_FILE = "model.safetensors"


def find_pretrained(source: str | Path, encoder: Mapping[str, Any]) -> tuple[Path, dict[str, str]]:
    """The file of weights that is meant, and what a run should record of it.

    Args:
        source: a path, or "hub"; with `#sha256=…` behind it the file must have this SHA-256.
        encoder: the architecture that they are for, as `photochrom.networks.build_encoder` takes it.

    Raises:
        UsageError: the hub has no weights for this encoder.
        MissingExtraError: the hub is meant and `huggingface_hub` is not installed.
        ModelError: there is no such file, it could not be downloaded, or its SHA-256 is another one.
    """
    name, _, expected = str(source).partition("#sha256=")
    path = _from_hub(str(encoder.get("class"))) if name == HUB else Path(name)
    if path.is_dir():
        return path, {"pretrained": path.name}
    found = _sha256(path)
    stored_as = path.resolve().name  # the hub's own folder names a large file by its SHA-256
    if name == HUB and not expected and re.fullmatch("[0-9a-f]{64}", stored_as):
        expected = stored_as
    if expected and found != expected.lower():
        raise ModelError(f"{path} is not the file that is meant: its SHA-256 is {found} and not {expected}.")
    return path, {"pretrained": path.name, "pretrained_sha256": found}


def _from_hub(encoder: str) -> Path:
    repository = _REPOSITORIES.get(encoder)
    if repository is None:
        known = ", ".join(_REPOSITORIES)
        raise UsageError(f"The hub is not asked for weights of {encoder}, only of {known}: give a file.")
    try:
        hub = importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise MissingExtraError("--pretrained hub needs a package: pip install huggingface_hub") from error
    try:
        return Path(hub.hf_hub_download(repo_id=repository, filename=_FILE))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{_FILE} of {repository} could not be downloaded: {error}. Download it from "
            f"https://huggingface.co/{repository} yourself and give its path."
        ) from error


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"The weights {path} can't be read: {error}") from error

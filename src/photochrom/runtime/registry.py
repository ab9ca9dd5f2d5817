"""The models that come with Photochrom, and where their files are.

A model is a folder with `encoder.onnx` and `decoder.onnx`. The bundled ones are listed in
`weights/registry.json` with the SHA-256 of both files, so that a damaged installation is found
before it colours anything. Any other folder of that shape can be used by its path.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from photochrom.errors import ModelError, UsageError

FILES: Final = ("encoder.onnx", "decoder.onnx")
"""The two graphs of a model, in the order in which they run."""

WEIGHTS: Final = Path(__file__).parent / "weights"
"""Folder of the bundled models: `registry.json` and one folder for each name in it."""


class UnknownModelError(ModelError, UsageError):
    """A model was asked for by a name that no bundled model has, and that is no folder either."""


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """Where a model's files are, and what they must hash to.

    Attributes:
        name: the bundled model's name; for any other folder, the folder's name.
        folder: folder that holds `encoder.onnx` and `decoder.onnx`.
        version: version of a bundled model; "" for any other folder (its card tells).
        use: what a bundled model is for, in a few words.
        sha256: file name -> SHA-256 in hexadecimal; empty for a folder that is not bundled.
    """

    name: str
    folder: Path
    version: str = ""
    use: str = ""
    sha256: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def read(self, file: str) -> tuple[bytes, str]:
        """The bytes of `file` and their SHA-256 in hexadecimal, checked where the registry knows it.

        Raises:
            ModelError: the file is missing, cannot be read or is damaged.
        """
        path = self.folder / file
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"{path} cannot be read ({error.strerror or error}): a model is a folder with {' and '.join(FILES)}"
            ) from error
        actual, expected = hashlib.sha256(data).hexdigest(), self.sha256.get(file)
        if expected not in (None, actual):
            raise ModelError(
                f"{path} is damaged: its SHA-256 is {actual}, the registry says {expected}. Install Photochrom again"
            )
        return data, actual


def bundled(weights: Path | None = None) -> dict[str, ModelFiles]:
    """The models that come with this installation (or in another weights folder), by name, in the registry's order.

    Raises:
        ModelError: the registry cannot be read.
    """
    weights = weights or WEIGHTS
    path = weights / "registry.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: ModelFiles(
                name=name,
                folder=weights / name,
                version=entry["version"],
                use=entry["use"],
                sha256=MappingProxyType({file: entry["sha256"][file].lower() for file in FILES}),
            )
            for name, entry in entries.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} cannot be read ({error!r}): install Photochrom again") from error


def find(name_or_path: str | Path, weights: Path | None = None) -> ModelFiles:
    """The files of a bundled model by name, or of any model folder by path.

    A bundled name wins over a folder of the same name: write `./best` for the folder.

    Raises:
        UnknownModelError: neither a bundled name nor a folder; the message lists the names there are.
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise UnknownModelError(f"a model is given by its name or folder, not as {type(name_or_path).__name__}")
    known = bundled(weights)
    if isinstance(name_or_path, str) and name_or_path in known:
        return known[name_or_path]
    folder = Path(name_or_path)
    if os.path.isdir(folder):  # unlike Path.is_dir, also where the way there is barred
        return ModelFiles(name=folder.resolve().name, folder=folder)
    names = ", ".join(known) or "none in this installation"
    raise UnknownModelError(
        f"there is no model '{name_or_path}': bundled models are {names}; "
        f"or give the folder of a model ({' and '.join(FILES)})"
    )

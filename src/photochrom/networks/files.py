"""Reading files of weights, PyTorch's own or safetensors, with one kind of error.

A file that is damaged, or is something else, makes `torch.load` raise half a dozen unrelated
exceptions; whoever reads weights wants to say which file it was. Code in a file is never run.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from photochrom.errors import ModelError

_FORMAT = (pickle.UnpicklingError, SafetensorError)


def read_tensors(path: Path) -> dict[str, Any]:
    """The dictionary that `torch.save` wrote to `path`, or the tensors of a `.safetensors` file, on the CPU.

    Raises:
        ModelError: the file is missing, damaged or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            return dict(safetensors.torch.load_file(path))
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, AttributeError, *_FORMAT) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(f"{path} can't be read as a file of weights: {reason}") from error
    if not isinstance(stored, dict):
        raise ModelError(f"{path} holds no weights by name but a {type(stored).__name__}.")
    return stored

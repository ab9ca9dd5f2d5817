"""Which accelerator ONNX Runtime uses: the short names of the `--device` option.

ONNX Runtime comes as one package for each kind of accelerator; which ones it can use is known
only once it is imported. A device that it lacks is refused with the package to install, never
replaced by the CPU without a word.
"""

from __future__ import annotations

import os
from typing import Final

from photochrom.errors import MissingExtraError, UsageError

CPU: Final = "CPUExecutionProvider"

DEVICES: Final[dict[str, tuple[str, str]]] = {
    "cpu": (CPU, "onnxruntime"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
    "tensorrt": ("TensorrtExecutionProvider", "onnxruntime-gpu"),
    "migraphx": ("MIGraphXExecutionProvider", "onnxruntime-migraphx"),
    "directml": ("DmlExecutionProvider", "onnxruntime-directml"),
    "coreml": ("CoreMLExecutionProvider", "onnxruntime"),
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
}
"""Name of a device -> (execution provider, package that brings it)."""

_AUTO: Final = ("cuda", "migraphx", "directml", "cpu")
"""What `auto` tries, in this order. The others compile a graph for minutes or change results: on request only."""


def provider(device: str, available: list[str]) -> str:
    """The execution provider for `device`, out of those that ONNX Runtime says it has.

    Args:
        device: "auto", or a name of :data:`DEVICES`.
        available: what `onnxruntime.get_available_providers()` returns.

    Raises:
        UsageError: no such device name; the message lists them.
        MissingExtraError: the installed ONNX Runtime lacks it; the message names the package.
    """
    if device == "auto":
        return next((DEVICES[name][0] for name in _AUTO if DEVICES[name][0] in available), CPU)
    if not isinstance(device, str) or device not in DEVICES:
        raise UsageError(f"there is no device '{device}': choose auto, {', '.join(DEVICES)}")
    name, package = DEVICES[device]
    if name not in available:
        raise MissingExtraError(
            f"the installed ONNX Runtime has no {name} for device '{device}': "
            f"pip uninstall onnxruntime && pip install {package}"
        )
    return name


def cpus() -> int:
    """CPUs that this process may use: containers and job schedulers give fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""A device that is not there is refused with the package to install, never replaced without a word."""

from __future__ import annotations

import pytest

from photochrom.errors import MissingExtraError, UsageError
from photochrom.runtime.devices import CPU, DEVICES, provider


def test_auto_takes_the_cpu_where_there_is_nothing_else() -> None:
    assert provider("auto", ["AzureExecutionProvider", CPU]) == CPU


def test_auto_takes_an_accelerator_where_onnx_runtime_has_one() -> None:
    assert provider("auto", ["TensorrtExecutionProvider", "CUDAExecutionProvider", CPU]) == "CUDAExecutionProvider"


@pytest.mark.parametrize("device", [name for name in DEVICES if name != "cpu"])
def test_device_that_onnx_runtime_lacks_is_refused_with_its_package(device: str) -> None:
    with pytest.raises(MissingExtraError, match=f"pip install {DEVICES[device][1]}"):
        provider(device, [CPU])


def test_device_that_is_there_is_taken() -> None:
    assert provider("coreml", ["CoreMLExecutionProvider", CPU]) == "CoreMLExecutionProvider"


def test_unknown_device_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no device 'gpu'.*auto, cpu, cuda"):
        provider("gpu", [CPU])

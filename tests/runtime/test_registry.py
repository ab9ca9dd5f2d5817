"""Weights are checked before they colour anything: a wrong name, a missing and a damaged file are each told apart."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from photochrom.errors import ModelError, UsageError
from photochrom.runtime.registry import FILES, UnknownModelError, bundled, find


@pytest.fixture
def weights(tmp_path: Path, tiny: Path) -> Path:
    """A weights folder as it is installed, with one model in it."""
    shutil.copytree(tiny, tmp_path / "best")
    sha256 = {file: hashlib.sha256((tiny / file).read_bytes()).hexdigest() for file in FILES}
    (tmp_path / "registry.json").write_text(
        json.dumps({"best": {"version": "1.0", "use": "photographs", "sha256": sha256}})
    )
    return tmp_path


def test_bundled_model_is_found_by_name_and_read(weights: Path) -> None:
    files = find("best", weights)
    data, sha256 = files.read("decoder.onnx")
    assert (files.version, files.use) == ("1.0", "photographs")
    assert data == (weights / "best" / "decoder.onnx").read_bytes()
    assert sha256 == hashlib.sha256(data).hexdigest()


def test_any_model_folder_is_found_by_path(tiny: Path) -> None:
    assert find(tiny).folder == tiny
    assert find(str(tiny)).read("encoder.onnx")[0]


def test_unknown_name_lists_the_names_there_are(weights: Path) -> None:
    with pytest.raises(UnknownModelError, match=r"no model 'bset'.*bundled models are best"):
        find("bset", weights)


def test_unknown_name_is_a_mistake_in_usage_and_a_model_error() -> None:
    assert issubclass(UnknownModelError, UsageError)
    assert issubclass(UnknownModelError, ModelError)


@pytest.mark.parametrize("file", FILES)
def test_damaged_file_is_named_with_both_hashes(weights: Path, file: str) -> None:
    path = weights / "best" / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        find("best", weights).read(file)
    message = str(caught.value)
    assert str(path) in message
    assert hashlib.sha256(data).hexdigest() in message
    assert find("best", weights).sha256[file] in message


def test_missing_file_is_named(weights: Path) -> None:
    (weights / "best" / "decoder.onnx").unlink()
    with pytest.raises(ModelError, match=r"decoder\.onnx cannot be read"):
        find("best", weights).read("decoder.onnx")


@pytest.mark.parametrize("text", ["", "[1]", '{"best": {}}', '{"best": {"version": "1", "use": "", "sha256": {}}}'])
def test_damaged_registry_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "registry.json").write_text(text)
    with pytest.raises(ModelError, match=r"registry\.json cannot be read"):
        bundled(tmp_path)


def test_every_model_of_this_installation_is_whole() -> None:
    for files in bundled().values():
        assert set(files.sha256) == set(FILES)
        for file in FILES:
            assert files.read(file)

"""Weights to start from: a file or the hub, checked by their SHA-256 where one is known, and on record."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from training_files import tiny_recipe

from photochrom.errors import MissingExtraError, ModelError, UsageError
from photochrom.networks.colorizer_net import ColorizerNet
from photochrom.training.fit import train
from photochrom.training.pretrained import find_pretrained

INCEPTION = {"class": "InceptionResNetV2"}


def _hub(monkeypatch: pytest.MonkeyPatch, given: Path | OSError) -> list[tuple[str, str]]:
    """A hub that gives this file for whatever is asked; returns what was asked."""
    asked: list[tuple[str, str]] = []

    def hf_hub_download(*, repo_id: str, filename: str) -> str:
        asked.append((repo_id, filename))
        if isinstance(given, OSError):
            raise given
        return str(given)

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(hf_hub_download=hf_hub_download))
    return asked


def _file(path: Path, content: bytes = b"weights") -> tuple[Path, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()


def test_a_file_is_recorded_with_its_sha256_and_refused_where_another_is_given(tmp_path: Path) -> None:
    path, digest = _file(tmp_path / "weights.pth")
    for source in (path, str(path), f"{path}#sha256={digest}", f"{path}#sha256={digest.upper()}"):
        assert find_pretrained(source, INCEPTION) == (
            path,
            {"pretrained": "weights.pth", "pretrained_sha256": digest},
        )
    with pytest.raises(ModelError, match=rf"weights\.pth is not the file that is meant.*{digest} and not 00"):
        find_pretrained(f"{path}#sha256={'0' * 64}", INCEPTION)


def test_a_folder_is_left_to_who_reads_it_and_a_missing_file_is_named(tmp_path: Path) -> None:
    assert find_pretrained(tmp_path, INCEPTION) == (tmp_path, {"pretrained": tmp_path.name})
    with pytest.raises(ModelError, match=r"absent\.pth can't be read"):
        find_pretrained(tmp_path / "absent.pth", INCEPTION)


def test_the_hub_is_asked_for_timms_checkpoint_and_its_name_for_the_file_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, digest = _file(tmp_path / "blobs" / hashlib.sha256(b"weights").hexdigest())
    link = tmp_path / "model.safetensors"
    link.symlink_to(content)
    asked = _hub(monkeypatch, link)
    assert find_pretrained("hub", INCEPTION) == (
        link,
        {"pretrained": "model.safetensors", "pretrained_sha256": digest},
    )
    assert asked == [("timm/inception_resnet_v2.tf_in1k", "model.safetensors")]
    content.write_bytes(b"damaged")
    with pytest.raises(ModelError, match="is not the file that is meant"):
        find_pretrained("hub", INCEPTION)


def test_what_keeps_the_hub_from_being_asked_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _hub(monkeypatch, OSError("no network"))
    with pytest.raises(ModelError, match=r"could not be downloaded: no network.*huggingface\.co/timm/inception_resn"):
        find_pretrained("hub", INCEPTION)
    with pytest.raises(UsageError, match="weights of EfficientNetLite, only of InceptionResNetV2"):
        find_pretrained("hub", {"class": "EfficientNetLite"})
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match="pip install huggingface_hub"):
        find_pretrained("hub", INCEPTION)


def test_a_run_starts_from_the_file_given_and_says_so(net: ColorizerNet, manifest: Path, tmp_path: Path) -> None:
    state = {key: value + 1 if key == "_bn0.bias" else value for key, value in net.encoder.state_dict().items()}
    torch.save(state, tmp_path / "mine.pth")
    recipe = tiny_recipe(samples=8, warmup=0, cooldown=0, frozen="all", late_share=0)
    train(recipe, manifest=manifest, out=tmp_path / "run", pretrained=tmp_path / "mine.pth", workers=0)
    stored = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)["current_model_state"]
    assert torch.equal(stored["net.encoder._bn0.bias"], state["_bn0.bias"])
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["pretrained"] == "mine.pth"
    assert record["pretrained_sha256"] == hashlib.sha256((tmp_path / "mine.pth").read_bytes()).hexdigest()


def test_weights_of_another_network_are_refused_and_a_model_beside_them_too(manifest: Path, tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"other\.pth does not hold EfficientNet-Lite 0 weights"):
        train(tiny_recipe(), manifest=manifest, out=tmp_path / "run", pretrained=tmp_path / "other.pth", workers=0)
    with pytest.raises(UsageError, match="not from both"):
        train(tiny_recipe(), manifest=manifest, out=tmp_path / "run", pretrained="hub", start="best")

"""A released model carries a card that says what was measured and what it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from training_files import tiny_recipe

from photochrom.errors import DataError
from photochrom.evaluation.cards import card_text
from photochrom.networks.colorizer_net import ColorizerNet
from photochrom.runtime.card import ModelCard
from photochrom.runtime.model import Model, read_card
from photochrom.training.release import release


@pytest.fixture(scope="module")
def checkpoint(net: ColorizerNet, card: ModelCard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of two hours would have left, had it learned nothing."""
    path = tmp_path_factory.mktemp("run") / "best.ckpt"
    values: dict[str, Any] = {
        "recipe": tiny_recipe().to_dict(),
        "bins": [list(center) for center in card.bins],
        "log_w": list(card.log_w),
        "provenance": {"start": "ImageNet"},
    }
    weights = {f"net.{name}": value for name, value in net.state_dict().items()}
    loops: dict[str, Any] = {"fit_loop": {}}
    progress = {"loops": loops, "global_step": 80, "sample": 640, "seconds": 7200.0}
    stored = {"hyper_parameters": values, "state_dict": weights, "callbacks": {}, **progress}
    torch.save(stored, path)
    return path


def _release(checkpoint: Path, out: Path, manifest: Path, **options: Any) -> ModelCard:
    return release(checkpoint, out, manifest=manifest, area=64 * 64, limit=3, **options)


@pytest.mark.usefixtures("traced")
def test_the_card_in_both_files_and_beside_them_says_the_same(checkpoint: Path, manifest: Path, tmp_path: Path) -> None:
    released = _release(checkpoint, tmp_path, manifest, version="2", notes=["on one machine"])
    assert {path.name for path in tmp_path.iterdir()} == {"encoder.onnx", "decoder.onnx", "MODEL_CARD.md"}
    assert read_card(tmp_path) == released
    assert Model.load(tmp_path, device="cpu").card == released
    assert (released.name, released.version, released.area) == ("tiny", "2", 64 * 64)
    assert released.data["recipe"] == tiny_recipe().to_dict()
    assert (released.data["photographs"], released.data["samples"], released.data["hours"]) == (24, 640, 2.0)
    assert {entry["source"]: entry["photographs"] for entry in released.data["sources"]} == {"discs": 12, "scenes": 12}
    assert 0 < released.metrics["parity"] < 1
    measured = released.metrics["frontier"]
    assert (measured["split"], measured["photographs"], measured["side"]) == ("val", 3, 64)
    assert [point["vividness"] for point in measured["points"]] == [point.vividness for point in released.frontier]
    assert len(measured["cloud"]) == 60
    assert {len(row) for row in measured["cloud"]} == {len(measured["cloud_columns"])}
    text = (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert text == card_text(released)
    for said in (
        "# tiny 2",
        "- on one machine",
        "2 hours",
        "EfficientNet-Lite 0 trained on ImageNet",
        "Apache-2.0",
        "(default)",
        "| discs | 12 |",
    ):
        assert said in text


@pytest.mark.usefixtures("traced")
def test_terms_of_the_data_come_from_the_table_beside_the_manifest(
    checkpoint: Path, manifest: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for path in manifest.parent.iterdir():
        (data / path.name).write_bytes(path.read_bytes())
    (data / "sources.csv").write_text("source,terms\ndiscs,CC0\n", encoding="utf-8")
    released = _release(checkpoint, tmp_path / "model", data / "manifest.csv")
    assert {entry["source"]: entry["terms"] for entry in released.data["sources"]} == {
        "discs": "CC0",
        "scenes": "not stated",
    }
    (data / "sources.csv").write_text("name\ndiscs\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"sources\.csv"):
        _release(checkpoint, tmp_path / "model", data / "manifest.csv")

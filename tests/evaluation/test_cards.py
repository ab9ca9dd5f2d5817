"""The card stands in both files and beside them; figures come onto it by the tool and keep the registry true."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import onnx
import pytest
import tiny_model

from photochrom.errors import ModelError
from photochrom.evaluation.cards import CARD_FILE, add_benchmarks, card_text, install, write_card
from photochrom.runtime.model import Model, read_card
from photochrom.runtime.registry import FILES

TABLE: dict[str, Any] = {
    "title": "some photographs",
    "command": "photochrom evaluate --data some.tar",
    "columns": ["PSNR", "AuC"],
    "rows": [["grey", "22.5", "89.3"], ["at vividness 0", "24.1", "91.0"], ["default", "23.6", "90.1"]],
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_model.write(tmp_path / "model")


@pytest.fixture
def weights(model: Path, tmp_path: Path) -> Path:
    """A folder of bundled models that has `tiny`, and another one in its registry."""
    folder = tmp_path / "weights"
    folder.mkdir()
    other = {"version": "1", "use": "x", "sha256": dict.fromkeys(FILES, "00")}
    (folder / "registry.json").write_text(json.dumps({"other": other}))
    (folder / "other").mkdir()
    card = read_card(model)
    write_card(model, card)
    install(model, card, "tests", weights=folder)
    return folder


def hashes(folder: Path) -> dict[str, str]:
    return {file: sha256((folder / file).read_bytes()).hexdigest() for file in FILES}


def test_an_installed_model_stands_in_the_registry_with_its_hashes_beside_those_there(
    weights: Path, model: Path
) -> None:
    entries = json.loads((weights / "registry.json").read_text())
    assert set(entries) == {"other", "tiny"}
    assert entries["tiny"] == {"version": "1.0", "use": "tests", "sha256": hashes(weights / "tiny")}
    assert read_card(weights / "tiny") == read_card(model)


def test_figures_are_put_on_the_card_in_both_files_and_in_the_text_in_their_order(model: Path) -> None:
    before = [onnx.load(model / file).graph for file in FILES]
    card = add_benchmarks(model, [TABLE])
    assert card.metrics["benchmarks"] == [TABLE]
    assert Model.load(model, device="cpu", threads=1).card == card
    text = (model / CARD_FILE).read_text(encoding="utf-8")
    assert text == card_text(card)
    assert "## some photographs\n\n`photochrom evaluate --data some.tar`\n\n| | PSNR | AuC |\n|---|---|---|\n" in text
    assert text.index("| grey | 22.5") < text.index("| at vividness 0 |") < text.index("| default |")
    assert [onnx.load(model / file).graph for file in FILES] == before, "the weights stay as they are"


def test_a_table_of_the_same_title_is_replaced_and_others_stay(model: Path) -> None:
    add_benchmarks(model, [TABLE, {**TABLE, "title": "others"}])
    card = add_benchmarks(model, [{**TABLE, "rows": [["grey", "1", "2"]]}])
    assert [table["title"] for table in card.metrics["benchmarks"]] == ["others", "some photographs"]
    assert (model / CARD_FILE).read_text(encoding="utf-8").count("## some photographs") == 1


@pytest.mark.parametrize("by_path", [False, True])
def test_a_bundled_models_hashes_are_renewed_however_it_is_named(weights: Path, by_path: bool) -> None:
    before = hashes(weights / "tiny")
    add_benchmarks(weights / "tiny" if by_path else "tiny", [TABLE], weights=weights)
    entry = json.loads((weights / "registry.json").read_text())["tiny"]
    assert entry == {"version": "1.0", "use": "tests", "sha256": hashes(weights / "tiny")}
    assert entry["sha256"] != before


def test_what_is_no_model_is_refused_and_left_as_it_was(model: Path) -> None:
    (model / "encoder.onnx").write_bytes(b"no graph")
    decoder = (model / "decoder.onnx").read_bytes()
    with pytest.raises(ModelError, match=r"encoder\.onnx"):
        add_benchmarks(model, [TABLE])
    assert (model / "decoder.onnx").read_bytes() == decoder
    assert not (model / CARD_FILE).exists()

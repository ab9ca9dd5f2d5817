"""The page that a run writes at every validation, and the pictures on it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from training_files import tiny_recipe

from photochrom.color.luma import luma
from photochrom.errors import DataError
from photochrom.evaluation.photographs import Photographs
from photochrom.training.checkpoints import load_module
from photochrom.training.fit import train
from photochrom.training.module import REPLAYED, ColorizerModule
from photochrom.training.report import RunReport, write_report
from photochrom.training.samples import whole
from photochrom.training.showing import Shown, kept_pictures


@pytest.fixture(scope="module")
def run(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two starts, each with one validation."""
    out = tmp_path_factory.mktemp("runs") / "run"
    for samples in (32, 64):
        recipe = tiny_recipe(samples=samples, late_share=0, learning_rate=3e-3, warmup=0)
        train(recipe, manifest=manifest, out=out, workers=0, callbacks=[RunReport(out)])
    return out


def test_the_page_tells_figures_data_versions_and_recipe_of_all_starts(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    record = json.loads((run / "run.json").read_text())
    for told in (
        "64 of 64 samples seen",
        record["manifest_sha256"],
        torch.__version__,
        "from-0",
        "from-32",
        "cooldown",
    ):
        assert told in page
    assert page.count("<svg") == 5  # score, three figures of validation, speed; too short for rows of training
    assert page.count("<img") == 4  # truth, grey, and a picture at each of two validations
    assert "http" not in page.replace("http://www.w3.org", "")
    assert not list(run.glob("*.part"))


def test_the_pictures_are_coloured_by_the_averaged_weights(run: Path, manifest: Path, tmp_path: Path) -> None:
    stored = torch.load(run / "last.ckpt", weights_only=True)
    module = load_module(run / "last.ckpt")
    module.val_photographs = {"val": Photographs(manifest, "val")}
    shown = Shown.of(module)
    kept = (run / "samples" / "000000064.webp").read_bytes()
    for state, same in (("state_dict", True), ("current_model_state", False)):
        module.load_state_dict(stored[state])
        shown.keep(module.eval(), tmp_path)
        assert ((tmp_path / "samples" / "000000064.webp").read_bytes() == kept) == same


def test_pictures_are_the_same_few_photographs_with_their_own_light(run: Path) -> None:
    pictures = dict(kept_pictures(run))
    assert list(pictures) == ["truth", "grey", "32", "64"]
    assert {picture.shape for picture in pictures.values()} == {(32, 5 * 32, 3)}
    truth = pictures["truth"].astype(int)
    for label in ("64", "grey"):
        assert np.abs(luma(pictures[label]).astype(int) - luma(pictures["truth"])).mean() < 4  # WebP is lossy
    assert np.ptp(pictures["grey"].astype(int), axis=-1).mean() < 2 < np.ptp(truth, axis=-1).mean()


def test_a_long_run_shows_some_of_its_validations_the_first_and_the_last_among_them(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    for number in range(1, 41):
        cv2.imwrite(str(tmp_path / "samples" / f"{number * 1000:09d}.webp"), np.zeros((8, 8, 3), np.uint8))
    labels = [label for label, _ in kept_pictures(tmp_path)]
    assert len(labels) == 10
    assert (labels[0], labels[-1]) == ("1,000", "40,000")


def test_a_run_that_replays_shows_new_and_old_photographs(manifest: Path) -> None:
    module = ColorizerModule(tiny_recipe().to_dict(), [[10.0 * i, 0.0] for i in range(6)], [0.0] * 6)
    old, new = Photographs(manifest, "train"), Photographs(manifest, "val")
    module.val_photographs = {"val": new, REPLAYED: old}
    shown = Shown.of(module).photographs
    assert len(shown) == 5
    for place, split, index in ((0, new, 0), (2, new, len(new) - 1), (3, old, 0), (4, old, len(old) - 1)):
        assert np.array_equal(shown[place], whole(split.read(index), module.recipe.val_size)), place


def test_figures_of_a_feature_distillation_are_explained_as_such(tmp_path: Path) -> None:
    for task, told in (("color", "true colours under"), ("features", "variance of Inception-v3")):
        (tmp_path / "recipe.yaml").write_text(f"task: {task}\n")
        page = write_report(tmp_path).read_text(encoding="utf-8")
        assert (told in page, page.count("The best checkpoint is the one")) == (True, 1)


def test_a_gate_verdict_stands_in_the_page(run: Path, tmp_path: Path) -> None:
    for name in ("recipe.yaml", "run.json"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    worse = {"value": 0.05, "low": 0.04, "high": 0.06}
    verdict = {"accepted": False, "gate": "old.csv", "photographs": 900, "start": 3.0, "result": 3.05, "worse": worse}
    (tmp_path / "gate.json").write_text(json.dumps(verdict))
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "Refused by the 900 photographs of old.csv" in page
    assert "+0.0500 (95 % interval +0.0400 to +0.0600)" in page


def test_a_folder_without_anything_has_a_page_that_says_so_and_no_folder_is_refused(tmp_path: Path) -> None:
    assert "Nothing has been logged so far" in write_report(tmp_path).read_text(encoding="utf-8")
    with pytest.raises(DataError, match="absent"):
        write_report(tmp_path / "absent")

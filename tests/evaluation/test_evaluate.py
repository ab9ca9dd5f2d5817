"""An evaluation from its options to its files: what it measures, what it says, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_model
from evaluation_files import grey, photographs, write_folder

from photochrom.errors import DataError, ModelError, UsageError
from photochrom.evaluation import evaluate as module
from photochrom.evaluation.evaluate import evaluate
from photochrom.evaluation.figures import KEYS
from photochrom.evaluation.options import Options
from photochrom.evaluation.outcome import Evaluation
from photochrom.evaluation.report import HISTORIC_SHEET, SHEET
from photochrom.evaluation.tables import on_terminal
from photochrom.runtime.model import read_card

PHOTOGRAPHS = {name: rgb for name, rgb in photographs(64).items() if name.endswith(("0", "3"))}
SUBJECTS = ["grey", "mean", "tiny", "tiny at vividness 0", "halved", "ceiling"]


def write_points(folder: Path) -> Path:
    """A photograph without colours, two places on it, and what these may look like."""
    write_folder(folder, {"old": grey(photographs(128)["coffee-0"])})
    skin = {"group": "colour", "chroma": [5, 60], "hue": [20, 90]}
    cloth = {"group": "neutral", "chroma": [0, 14], "hue": None}
    (folder / "classes.json").write_text(json.dumps({"skin": skin, "cloth": cloth}))
    (folder / "points.csv").write_text("file,x,y,class,note\nold.png,20,30,skin,a cheek\nold.png,90,90,cloth,a coat\n")
    return folder / "points.csv"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation") / "photos"
    return write_folder(folder, {**PHOTOGRAPHS, "old": grey(PHOTOGRAPHS["coffee-0"])})


@pytest.fixture(scope="module")
def model(photos: Path) -> Path:
    return tiny_model.write(photos.with_name("model"))


@pytest.fixture(scope="module")
def options(photos: Path, model: Path) -> Options:
    halved = {name: (grey(rgb) // 2 + rgb // 2).astype(np.uint8) for name, rgb in PHOTOGRAPHS.items()}
    return Options(
        report=photos.with_name("report"),
        models=(str(model),),
        results={"halved": write_folder(photos.with_name("halved"), halved)},
        data=photos,
        points=write_points(photos.with_name("historic")),
        aged=True,
        write_card=True,
        threads=1,
    )


@pytest.fixture(scope="module")
def found(options: Options) -> Evaluation:
    return evaluate(options)


@pytest.fixture(scope="module")
def details(options: Options, found: Evaluation) -> Any:
    return json.loads((options.report / "details.json").read_text(encoding="utf-8"))


def test_metrics_json_has_one_entry_a_subject_with_every_key_and_its_interval(
    options: Options, found: Evaluation
) -> None:
    stored = json.loads((options.report / "metrics.json").read_text(encoding="utf-8"))
    assert list(stored) == SUBJECTS == [subject.name for subject in found.subjects]
    for name, figures in stored.items():
        assert list(figures) == list(KEYS)
        for key, figure in figures.items():
            if key in ("lpips", "kid768") or (key in ("nll", "ece") and "tiny" not in name):
                assert figure is None
            else:
                assert figure["low"] <= figure["value"] <= figure["high"]
    assert stored["grey"]["psnr"]["value"] < stored["halved"]["psnr"]["value"] < stored["ceiling"]["psnr"]["value"]
    assert stored["tiny"]["nll"] == stored["tiny at vividness 0"]["nll"]


def test_what_was_left_out_is_counted_named_and_said(found: Evaluation, details: Any) -> None:
    assert details["photographs"] == len(PHOTOGRAPHS)
    assert details["left_out"] == ["old"]
    assert any("1 photographs were left out" in note and "old" in note for note in found.notes)
    assert any("LPIPS and KID-768 were not measured" in note and "lpips_alex" in note for note in found.notes)


def test_details_hold_every_study_and_what_each_part_took(found: Evaluation, details: Any) -> None:
    for study in ("calibration", "suggesting", "hint_curves", "ageing", "robustness", "points"):
        assert [each["model"] for each in details["studies"][study]] == ["tiny"]
    assert set(details["papers"]) == {"grey", "tiny", "tiny at vividness 0"}
    assert details["papers"]["grey"]["psnr"]["value"] != found.figures["grey"]["psnr"].value  # type: ignore[union-attr]
    parts = {"opening", "reading", "tiny", "grey", "metrics", "points"}
    parts |= {"calibration", "suggestions", "hints", "robustness", "ageing"}
    assert parts <= set(details["seconds"])
    assert details["models"]["tiny"]["identity"] == found.models[0].model.identity


def test_every_two_and_each_with_grey_are_compared(found: Evaluation) -> None:
    pairs = {(each.one, each.other) for each in found.differences}
    assert pairs == {("tiny", "halved"), ("tiny", "grey"), ("halved", "grey"), ("tiny at vividness 0", "grey")}
    assert not {"nll", "ece"} & {each.key for each in found.differences}, "only models have a distribution"
    assert {each.better for each in found.differences if each.key == "psnr" and each.one == "halved"} == {"halved"}


def test_the_report_is_written_with_pictures(options: Options, found: Evaluation) -> None:
    files = {path.name for path in options.report.iterdir()}
    assert {"report.html", SHEET, HISTORIC_SHEET, "metrics.json", "details.json"} == files
    page = (options.report / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in SUBJECTS)


def test_the_terminal_shows_a_line_for_each_subject_and_the_truth(found: Evaluation) -> None:
    first, *lines = on_terminal(found).splitlines()
    assert first.split()[:3] == ["PSNR", "CF", "abs"]
    assert [line.split("  ")[0] for line in lines] == [*SUBJECTS, "truth"]


def test_the_figures_are_put_on_the_models_card(model: Path, found: Evaluation) -> None:
    text = (model / "MODEL_CARD.md").read_text(encoding="utf-8")
    psnr = found.figures["tiny"]["psnr"]
    assert psnr is not None
    photographs, points = read_card(model).metrics["benchmarks"]
    assert photographs["title"].startswith(f"photos: {len(PHOTOGRAPHS)} photographs, truth CF ")
    assert [row[0] for row in photographs["rows"]] == ["grey", "mean", "tiny", "tiny at vividness 0", "ceiling"]
    assert f"| tiny | {psnr.value:.2f} ({psnr.low:.2f} to {psnr.high:.2f}) |" in text
    assert points["columns"] == ["skin", "must be coloured", "must be neutral"]
    assert points["title"] in text
    assert str(model.parent) not in text, "a card says the same on every machine"


def test_points_alone_give_points_and_pictures(options: Options, model: Path, tmp_path: Path) -> None:
    found = evaluate(Options(report=tmp_path, models=(str(model),), points=options.points, threads=1))
    assert found.scored is None
    assert [entry.key for entry in found.historic] == ["old"]
    assert [score.model for score in found.studies.points] == ["tiny"]
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", HISTORIC_SHEET, "details.json"}
    assert on_terminal(found) == ""


def test_a_folder_of_grey_photographs_gives_pictures_and_says_that_nothing_was_measured(
    model: Path, tmp_path: Path
) -> None:
    data = write_folder(tmp_path / "old", {name: grey(rgb) for name, rgb in PHOTOGRAPHS.items()})
    found = evaluate(Options(report=tmp_path / "report", models=(str(model),), data=data, threads=1))
    assert [entry.key for entry in found.historic] == sorted(PHOTOGRAPHS)
    assert any("no photograph in colour" in note for note in found.notes)
    assert (tmp_path / "report" / HISTORIC_SHEET).exists()
    assert not (tmp_path / "report" / "metrics.json").exists()
    results = {"other": write_folder(tmp_path / "results", PHOTOGRAPHS)}
    with pytest.raises(DataError, match="no photograph in colour"):
        evaluate(Options(report=tmp_path / "report", results=results, data=data, threads=1))


def test_results_can_be_measured_without_any_model(photos: Path, tmp_path: Path) -> None:
    results = {"true": write_folder(tmp_path / "true", PHOTOGRAPHS)}
    found = evaluate(Options(report=tmp_path / "report", results=results, data=photos, threads=1))
    assert [subject.name for subject in found.subjects] == ["grey", "mean", "true", "ceiling"]
    stored = json.loads((tmp_path / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert stored["true"]["psnr"]["value"] is None, "identical pictures have no PSNR"
    assert stored["true"]["auc"]["value"] > stored["ceiling"]["auc"]["value"]


def test_models_of_one_name_are_told_apart(options: Options, model: Path, tmp_path: Path) -> None:
    newer = tiny_model.write(tmp_path / "newer", of=tiny_model.card(version="2.0"))
    twin = tiny_model.write(tmp_path / "twin")

    def names(*models: Path) -> list[str]:
        chosen = tuple(str(each) for each in models)
        found = evaluate(Options(report=tmp_path / "report", models=chosen, points=options.points, threads=1))
        return [subject.name for subject in found.models]

    assert names(model, newer) == ["tiny 1.0", "tiny 2.0"]
    assert names(model, twin) == ["tiny (model)", "tiny (twin)"]
    with pytest.raises(UsageError, match=r"tiny \(model\)"):
        names(model, model)


@pytest.mark.parametrize("name", ["grey", "ceiling", "truth"])
def test_a_result_may_not_have_the_name_of_another_row(photos: Path, tmp_path: Path, name: str) -> None:
    results = {name: write_folder(tmp_path / "results", PHOTOGRAPHS)}
    with pytest.raises(UsageError, match=f"'{name}'"):
        evaluate(Options(report=tmp_path / "report", results=results, data=photos, threads=1))


def test_a_report_that_can_not_be_written_is_told_before_anything_is_measured(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can't be made"):
        evaluate(Options(report=tmp_path / "file" / "report", data=photos, threads=1))


def test_what_is_missing_is_told_before_anything_is_measured(
    photos: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"report": tmp_path / "report", "models": (str(model),), "data": photos, "threads": 1}
    (tmp_path / "weights").mkdir()
    with pytest.raises(DataError, match="lpips_alex"):
        evaluate(Options(**known, metric_weights=tmp_path / "weights"))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="no model 'none'"):
        evaluate(Options(**{**known, "models": ("none",)}))  # type: ignore[arg-type]
    points = write_points(tmp_path / "historic")
    outside = points.with_name("outside.csv")
    outside.write_text("file,x,y,class,note\nold.png,20,999,skin,\n")
    with monkeypatch.context() as patch:
        patch.setattr(module, "score", lambda *_, **__: pytest.fail("measured already"))
        with pytest.raises(DataError, match="outside a picture"):
            evaluate(Options(**known, points=outside))  # type: ignore[arg-type]
    (tmp_path / "historic" / "old.png").unlink()
    with pytest.raises(DataError, match=r"old\.png"):
        evaluate(Options(**known, points=points))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "nothing to evaluate on"),
        ({"points": Path("p.csv"), "split": "val"}, "--split needs photographs"),
        ({"points": Path("p.csv"), "aged": True}, "--aged needs photographs"),
        ({"points": Path("p.csv"), "results": {"a": Path("b")}}, "--result needs photographs"),
        ({"data": Path("m.csv")}, "a manifest needs it"),
        ({"data": Path("m.tar"), "split": "val"}, "--split NAME goes with a manifest"),
        ({"data": Path("m.tar"), "limit": 1}, "--limit"),
        ({"data": Path("m.tar"), "results": {"a": Path("b")}, "write_card": True}, "--write-card is of models"),
        ({"data": Path("m.tar"), "results": {"a": Path("b")}, "points": Path("p.csv")}, "--points is of models"),
        ({"data": Path("m.tar"), "results": {"a": Path("b")}, "aged": True}, "--aged is of models"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Options(report=tmp_path, **wrong)


def test_the_command_on_cards_names_files_without_their_places() -> None:
    options = Options(
        report=Path("/somewhere/report"),
        models=("best", "/somewhere/model"),
        data=Path("/somewhere/manifest.csv"),
        split="val",
        metric_weights=Path("/somewhere/weights"),
        aged=True,
    )
    assert options.command == (
        "photochrom evaluate --model best --model model --data manifest.csv --split val --metric-weights DIR --aged"
    )


def test_the_distributions_of_two_models_are_compared_too(photos: Path, model: Path, tmp_path: Path) -> None:
    other = tiny_model.write(
        tmp_path / "other", of=tiny_model.card(name="other", log_w=(0.0,) * len(tiny_model.CENTERS))
    )
    options = Options(report=tmp_path / "report", models=(str(model), str(other)), data=photos, threads=1)
    found = evaluate(options)
    nll = {name: found.figures[name]["nll"] for name in ("tiny", "other")}
    (difference,) = [each for each in found.differences if each.key == "nll"]
    assert (difference.one, difference.other) == ("tiny", "other")
    assert difference.estimate.value == pytest.approx(nll["tiny"].value - nll["other"].value)  # type: ignore[union-attr]

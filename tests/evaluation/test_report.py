"""The report of a real evaluation: complete, self-contained, and safe whatever files and results are called."""

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny_model
import training_files
from numpy.typing import NDArray

from photochrom.color.luma import luma
from photochrom.evaluation.chapters import vividness
from photochrom.evaluation.evaluate import evaluate
from photochrom.evaluation.figures import KEYS, Difference
from photochrom.evaluation.gallery import ranked
from photochrom.evaluation.intervals import Estimate
from photochrom.evaluation.options import Options
from photochrom.evaluation.outcome import Evaluation
from photochrom.evaluation.summary import all_figures, in_words

_HOSTILE = "<img src=x onerror=alert(1)>&$x"
_RESULT = "<script>alert('x')"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _write(path: Path, rgb: NDArray[np.uint8]) -> None:
    _, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    path.write_bytes(data.tobytes())


@pytest.fixture(scope="module")
def written(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evaluation]:
    """Folder of a report on ten photographs and two historic ones, one of them of a hostile name, and what it tells."""
    root = tmp_path_factory.mktemp("report")
    data, result, historic = root / "data", root / "result", root / "historic"
    for folder in (data, result, historic):
        folder.mkdir()
    names = [_HOSTILE, *(f"scene {i}" for i in range(9))]
    for i, name in enumerate(names):
        rgb = training_files.scene(i)
        _write(data / f"{name}.png", rgb)
        _write(result / f"{name}.png", (0.7 * rgb + 0.3 * luma(rgb)[..., None]).astype(np.uint8))
    with (root / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("name", "scene"), *((name, "<b>street</b>") for name in names)])
    for name in ("a", _HOSTILE):
        _write(historic / f"{name}.png", np.repeat(luma(training_files.scene(50))[..., None], 3, axis=-1))
    with (historic / "points.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [(f"{name}.png", 20, 30, "skin", "<i>note") for name in ("a", _HOSTILE)]
        csv.writer(file).writerows([("file", "x", "y", "class", "note"), *rows])
    nowhere = {"group": "colour", "chroma": [200, 300], "hue": None}
    (historic / "classes.json").write_text(json.dumps({"skin": nowhere}), encoding="utf-8")
    found = evaluate(
        Options(
            report=root / "out",
            models=(str(tiny),),
            results={_RESULT: result},
            data=data,
            labels=root / "labels.csv",
            points=historic / "points.csv",
            aged=True,
            threads=1,
        )
    )
    return root / "out", found


def _read(folder: Path) -> _Tags:
    tags = _Tags()
    tags.feed((folder / "report.html").read_text(encoding="utf-8"))
    return tags


def test_names_of_files_and_results_never_become_markup(written: tuple[Path, Evaluation]) -> None:
    tags = _read(written[0])
    assert "script" not in {tag for tag, _ in tags.seen}
    assert not any(name.startswith("on") for _, attributes in tags.seen for name in attributes)
    assert all((a.get("src") or "").startswith("data:image/webp") for tag, a in tags.seen if tag == "img")
    for name in (_HOSTILE, _RESULT, "<b>street</b>", "<i>note"):
        assert name in tags.text


def test_every_chapter_is_there(written: tuple[Path, Evaluation]) -> None:
    html = (written[0] / "report.html").read_text(encoding="utf-8")
    assert re.findall(r"<h2>([^<]*)</h2>", html) == [
        "In short",
        "All figures",
        "Pictures",
        "Colours used",
        "Places whose colour is known",
        "Photographs without truth",
        "With hints",
        "Is the confidence true?",
        "Suggestions",
        "Aged photographs",
        "The same photograph, given otherwise",
        "How it was measured",
    ]


def test_best_median_and_worst_are_shown_beside_grey_and_truth(written: tuple[Path, Evaluation]) -> None:
    alts = [a["alt"] or "" for tag, a in _read(written[0]).seen if tag == "img"]
    for column in ("grey", "truth", "tiny", _RESULT):
        assert sum(alt.endswith(f", {column}") for alt in alts) >= 9


def test_every_miss_has_its_picture(written: tuple[Path, Evaluation]) -> None:
    folder, found = written
    (points,) = found.studies.points
    assert len(points.misses) == 2
    tags = _read(folder)
    for miss in points.misses:
        assert miss.verdict.point.file in [a["alt"] for tag, a in tags.seen if tag == "img"]
    assert "not 200 to 300" in tags.text


def test_figures_in_the_table_are_those_that_were_measured(written: tuple[Path, Evaluation]) -> None:
    folder, found = written
    psnr = found.figures["tiny"]["psnr"]
    assert psnr is not None
    assert re.search(
        rf'<th scope="row">tiny</th><td class="number">(<strong>)?{psnr.value:.2f}',
        (folder / "report.html").read_text(),
    )


def test_sheets_lie_beside_the_report_which_stays_small(written: tuple[Path, Evaluation]) -> None:
    folder, _ = written
    sheet, historic = (cv2.imread(str(folder / name)) for name in ("sheet.png", "historic.png"))
    assert sheet is not None
    assert historic is not None
    assert sheet.shape[0] > 5 * 160
    assert (folder / "report.html").stat().st_size < 2_000_000


def _difference(key: str, value: float, low: float, high: float, better: str) -> Difference:
    return Difference(key, "best", "grey", Estimate(value, low, high), better)


def test_better_is_said_only_where_the_interval_excludes_zero() -> None:
    figures = {"best": dict.fromkeys(KEYS, None), "grey": dict.fromkeys(KEYS, None)}
    told = in_words(
        figures,
        [
            _difference("psnr", 1.5, 0.5, 2.5, "best"),
            _difference("lpips", 0.02, 0.01, 0.03, "grey"),
            _difference("auc", 0.4, -0.1, 0.9, ""),
        ],
        {"cf_abs": None},
    )
    text = re.sub(r"<[^>]*>", "", told).replace("\u00a0", " ")
    assert text == (
        "best is better than grey on PSNR (+1.50 dB) and worse than grey on LPIPS (+0.0200); no sure difference on AuC."
    )


def test_the_best_of_each_column_is_set_apart_and_equals_are_not() -> None:
    def row(psnr: float, nll: float) -> dict[str, Estimate | None]:
        return {**dict.fromkeys(KEYS, None), "psnr": Estimate(psnr, 0, 50), "nll": Estimate(nll, 1, 3)}

    tables = "".join(all_figures({"grey": row(30, 2), "best": row(24, 2), "fast": row(23, 2)}, {}))
    assert re.findall(r"<strong>([^<]*)</strong>", tables) == ["24.00"]


def test_best_median_and_worst_are_no_picture_twice_and_in_order() -> None:
    assert ranked([5, 1, 4, 2, 3, 0], 1) == {"best": [0], "median": [4], "worst": [5]}
    assert ranked([5, 1], 3) == {"all": [0, 1]}
    few = ranked(range(7), 3)
    shown = [i for part in few.values() for i in part]
    assert len(shown) == len(set(shown)) == 6


def test_the_frontier_of_a_card_is_plotted_with_every_read_out_that_was_tried() -> None:
    points = [{"vividness": v, "psnr": 24 - v, "cf_abs": 10 + 20 * v, "lpips": 0.2} for v in (0, 0.5, 1)]
    measured = {"photographs": 7, "split": "val", "truth_cf_abs": 25, "grey_psnr": 22, "grey_lpips": None}
    cloud = [[0, 1, 1, 23.5, 12, None], [1, 0.7, 2, 22.5, 31, 0.19]]
    without = tiny_model.card(metrics={"frontier": {**measured, "points": points}})
    full = tiny_model.card(metrics={"frontier": {**measured, "points": points, "cloud": cloud}})
    assert vividness({"tiny": tiny_model.card()}) is None
    plain, told = (vividness({"tiny": card}) for card in (without, full))
    assert plain is not None
    assert told is not None
    assert "that was tried" not in plain.parts[0]
    assert "that was tried" in told.parts[0]
    assert "default is vividness 0.5" in told.parts[0]
    assert "7 photographs of val" in told.parts[0]

"""Cleaning as a whole: 200 spoiled pictures among photographs; the same bytes however often it is interrupted."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from clean_files import photographs, write
from spoiled_files import DUPLICATE, encoded, spoiled

from photochrom.errors import DataError, UsageError
from photochrom.evaluation.photographs import Photographs
from photochrom.training.clean.cleaning import WORK, Cleaned, Options, clean

OPTIONS = Options(side=128, min_side=120, val=0.2, test=0.2, shard_megabytes=0.01)


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight photographs in two subfolders, a copy of one, and a grey one."""
    folder = tmp_path_factory.mktemp("pictures") / "album"
    paths = [*write(folder / "good"), *write(folder / "more", ".jpg", count=1)]
    (folder / "more" / "copy.png").write_bytes(paths[3].read_bytes())
    (folder / "more" / "grey.png").write_bytes(encoded(np.repeat(photographs()[1][..., :1], 3, axis=2), ".png"))
    return folder


def run(sources: Sequence[Path], out: Path, **changes: object) -> Cleaned:
    return clean([str(source) for source in sources], out, options=OPTIONS, **changes)  # type: ignore[arg-type]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def rejected(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "rejected.csv").open(encoding="utf-8", newline="") as file:
        return {Path(row["file"]).name: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def cleaned(album: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cleaned") / "shards"
    run([album], out)
    return out


def test_of_two_hundred_spoiled_pictures_at_least_95_percent_are_caught_and_for_the_right_reason(
    tmp_path: Path,
) -> None:
    good = write(tmp_path / "good")
    (tmp_path / "bad").mkdir()
    bad = list(spoiled([path.read_bytes() for path in good]))
    assert len(bad) == 200
    for each in bad:
        (tmp_path / "bad" / each.name).write_bytes(each.content)
    result = run([tmp_path / "good", tmp_path / "bad"], tmp_path / "out")
    # Of every photograph one copy stays, whichever; what stays beside the eight was not caught.
    assert result.kept <= 8 + 10
    rows = rejected(tmp_path / "out")
    for kind in {each.kind for each in bad if not each.reasons & DUPLICATE}:
        those = [each for each in bad if each.kind == kind]
        right = [each for each in those if each.name in rows and rows[each.name]["reason"] in each.reasons]
        assert len(right) >= 0.8 * len(those), kind


def test_what_stays_can_be_trained_on(album: Path, cleaned: Path) -> None:
    read = [Photographs(cleaned / "manifest.csv", split) for split in ("train", "val", "test") if _has(cleaned, split)]
    assert sum(len(each) for each in read) == 8
    shapes = [each.read(index).shape for each in read for index in range(len(each))]
    assert {min(shape[:2]) for shape in shapes} == {128}
    assert {entry.source for each in read for entry in each.entries} == {"good"}


def test_a_picture_left_out_has_its_reason_and_what_it_copies(cleaned: Path) -> None:
    rows = rejected(cleaned)
    assert {name: row["reason"] for name, row in rows.items()} == {
        "copy.png": "exact duplicate",
        "grey.png": "grey",
        "photo-0.jpg": "near duplicate",
    }
    assert rows["photo-0.jpg"]["detail"].endswith("good/photo-0.png")


def test_the_report_shows_every_reason_with_pictures(cleaned: Path) -> None:
    html = (cleaned / "report.html").read_text(encoding="utf-8")
    for text in ("8 of 11 pictures", "near duplicate", "exact duplicate", "Black and white", "stray"):
        assert text in html
    assert html.count("<img") == 8 + 3
    assert "http://" not in html.replace("http://www.w3.org", "")


def test_the_number_of_workers_and_the_order_of_the_sources_change_no_byte(
    album: Path, cleaned: Path, tmp_path: Path
) -> None:
    run([album / "more", album], tmp_path / "other", workers=2)
    expected, found = files(cleaned), files(tmp_path / "other")
    assert found.keys() == expected.keys()
    shards = [name for name in expected if name.endswith(".tar")]
    assert len(shards) >= 3
    assert all(found[name] == expected[name] for name in shards)


def test_killed_and_run_again_it_gives_the_same_bytes(album: Path, cleaned: Path, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def stop(at: int) -> None:
        def progress(stage: str, done: int, of: int) -> None:
            if stage == "looking at pictures" and done >= at:
                raise Killed

        run([album], tmp_path / "out", progress=progress)

    for at in (2, 7):
        with pytest.raises(Killed):
            stop(at)
        with (tmp_path / "out" / WORK / "pictures.jsonl").open("a") as file:
            file.write('{"name": "half a li')
    run([album], tmp_path / "out")
    assert files(tmp_path / "out") == files(cleaned)


def test_what_the_evaluation_set_holds_is_left_out(album: Path, tmp_path: Path) -> None:
    benchmark = tmp_path / "benchmark"
    benchmark.mkdir()
    small = cv2.resize(photographs()[2], (150, 150), interpolation=cv2.INTER_AREA).astype(np.uint8)
    (benchmark / "0001.jpg").write_bytes(encoded(small, ".jpg", 60))
    (benchmark / "0002.jpg").write_bytes(b"damaged")
    result = run([album], tmp_path / "out", against=[str(benchmark)])
    assert result.kept == 7
    assert [Path(name).name for name in result.unseen] == ["0002.jpg"]  # told, for it may have leaked
    assert rejected(tmp_path / "out")["photo-2.png"]["reason"] == "in the evaluation set"


def test_finished_shards_and_unfinished_ones_of_other_pictures_are_refused(
    album: Path, cleaned: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="holds shards already"):
        run([album], cleaned)
    (tmp_path / WORK).mkdir()
    (tmp_path / WORK / "pictures.jsonl").write_text('{"task": "another"}\n' + "x" * 200)
    with pytest.raises(UsageError, match="unfinished work"):
        run([album], tmp_path)


def test_no_usable_photograph_at_all_is_an_error_that_counts_the_reasons(tmp_path: Path) -> None:
    folder = tmp_path / "album"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.jpg").write_bytes(name.encode())
    with pytest.raises(DataError, match=r"None of the 2 pictures can be used: 2 unreadable"):
        run([folder], tmp_path / "out")
    assert set(rejected(tmp_path / "out")) == {"a.jpg", "b.jpg"}


def _has(folder: Path, split: str) -> bool:
    return any(folder.glob(f"{split}-*.tar"))

"""Which pictures are read and where results go: decided by names alone, so it can be tested by names alone."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from photochrom.cli import plan as planning
from photochrom.cli.jobs import Job
from photochrom.cli.plan import is_result, plan
from photochrom.errors import UsageError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An album in the current folder, so that the tests can use relative names as people do."""
    for name in (
        "a.jpg",
        "b.PNG",
        "notes.txt",
        ".hidden.jpg",
        "sub/c.jpg",
        "sub/a.jpg",
        "sub/deep/d.tif",
        ".git/e.jpg",
    ):
        path = tmp_path / "album" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pairs(*inputs: str, output: str | None = None, format: str | None = None, recursive: bool = False) -> list[str]:
    jobs = plan(inputs, output=output, format=format, recursive=recursive)
    assert [job.problem for job in jobs] == [None] * len(jobs)
    return [f"{job.source} -> {job.target}" for job in jobs]


def problems(jobs: list[Job]) -> dict[str, str]:
    return {job.name: job.problem for job in jobs if job.problem is not None}


def test_a_result_stands_beside_its_input_as_name_colour() -> None:
    assert pairs("album/a.jpg") == ["album/a.jpg -> album/a-colour.jpg"]
    assert pairs("album/b.PNG") == ["album/b.PNG -> album/b-colour.PNG"]


def test_a_format_changes_the_ending_unless_it_fits_already() -> None:
    assert pairs("album/a.jpg", format="png") == ["album/a.jpg -> album/a-colour.png"]
    assert pairs("album/b.PNG", format="png") == ["album/b.PNG -> album/b-colour.PNG"]
    assert pairs("album/a.jpg", format="jpeg") == ["album/a.jpg -> album/a-colour.jpg"]


def test_a_name_without_a_useful_ending_gets_that_of_its_content(here: Path) -> None:
    for name in ("scan", "scan.2024"):
        (here / name).write_bytes(PNG)
    assert pairs("scan") == ["scan -> scan-colour.png"]
    assert pairs("scan.2024") == ["scan.2024 -> scan-colour.png"]


def test_one_file_goes_to_a_file_or_into_a_folder(here: Path) -> None:
    (here / "there.jpg").mkdir()
    assert pairs("album/a.jpg", output="x.png") == ["album/a.jpg -> x.png"]
    assert pairs("album/a.jpg", output="out") == ["album/a.jpg -> out/a.jpg"]
    assert pairs("album/a.jpg", output="out.d/") == ["album/a.jpg -> out.d/a.jpg"]
    assert pairs("album/a.jpg", output="there.jpg") == ["album/a.jpg -> there.jpg/a.jpg"]


def test_several_files_always_go_into_a_folder() -> None:
    expected = ["album/a.jpg -> x.png/a.jpg", "album/sub/c.jpg -> x.png/c.jpg"]
    assert pairs("album/a.jpg", "album/sub/c.jpg", output="x.png") == expected


def test_a_folder_always_goes_into_a_folder_even_with_one_picture_in_it() -> None:
    assert pairs("album/sub/deep", output="x.tif") == ["album/sub/deep/d.tif -> x.tif/d.tif"]


def test_a_folder_gives_its_pictures_but_neither_hidden_ones_nor_subfolders() -> None:
    assert pairs("album") == ["album/a.jpg -> album/a-colour.jpg", "album/b.PNG -> album/b-colour.PNG"]


def test_subfolders_are_read_on_request_and_kept_under_the_output() -> None:
    assert pairs("album", output="out", recursive=True) == [
        "album/a.jpg -> out/a.jpg",
        "album/b.PNG -> out/b.PNG",
        "album/sub/a.jpg -> out/sub/a.jpg",
        "album/sub/c.jpg -> out/sub/c.jpg",
        "album/sub/deep/d.tif -> out/sub/deep/d.tif",
    ]


def test_results_inside_the_folder_that_is_read_are_not_read_again(here: Path) -> None:
    expected = ["album/sub/a.jpg -> album/sub/deep/a.jpg", "album/sub/c.jpg -> album/sub/deep/c.jpg"]
    assert pairs("album/sub", output="album/sub/deep", recursive=True) == expected
    assert pairs("album/sub/deep", output="album") == ["album/sub/deep/d.tif -> album/d.tif"]
    assert pairs("album/sub", output="album/sub") == [
        "album/sub/a.jpg -> album/sub/a.jpg",
        "album/sub/c.jpg -> album/sub/c.jpg",
    ]


def test_a_pattern_keeps_the_subfolders_below_its_first_wildcard() -> None:
    assert pairs("album/**/*.jpg", output="out") == [
        "album/a.jpg -> out/a.jpg",
        "album/sub/a.jpg -> out/sub/a.jpg",
        "album/sub/c.jpg -> out/sub/c.jpg",
    ]
    assert pairs("album/s*/c.jpg") == ["album/sub/c.jpg -> album/sub/c-colour.jpg"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(here: Path) -> None:
    (here / "a[1].jpg").write_bytes(PNG)
    (here / "a1.jpg").write_bytes(PNG)
    assert pairs("a[1].jpg") == ["a[1].jpg -> a[1]-colour.jpg"]


def test_what_a_folder_or_pattern_found_is_known_as_such() -> None:
    jobs = plan(["album/a.jpg", "album/sub", "album/b*"], output=None, format=None, recursive=False)
    assert [job.listed for job in jobs] == [False, True, True, True]


def test_a_picture_that_is_named_twice_is_done_once() -> None:
    assert pairs("album/a.jpg", "album/../album/a.jpg", "album/a*.jpg") == ["album/a.jpg -> album/a-colour.jpg"]


def test_two_results_of_one_name_are_found_before_one_replaces_the_other() -> None:
    jobs = plan(["album/a.jpg", "album/sub/a.jpg"], output="out", format=None, recursive=False)
    assert problems(jobs) == {
        "album/sub/a.jpg": "its result would be out/a.jpg, as that of album/a.jpg: give another -o"
    }


def test_two_results_of_one_name_by_a_change_of_format_are_found(here: Path) -> None:
    (here / "album" / "a.tif").write_bytes(PNG)
    jobs = plan(["album"], output="out", format="png", recursive=False)
    assert list(problems(jobs)) == ["album/a.tif"]


def test_a_result_that_would_replace_another_input_is_found(here: Path) -> None:
    (here / "album" / "a-colour.jpg").write_bytes(PNG)
    jobs = plan(["album/a.jpg", "album/a-colour.jpg"], output=None, format=None, recursive=False, overwrite=True)
    assert problems(jobs) == {
        "album/a.jpg": "its result would replace album/a-colour.jpg, which is an input too: give another -o"
    }


def test_an_input_may_be_replaced_by_its_own_result_on_request() -> None:
    assert not problems(plan(["album"], output="album", format=None, recursive=False, overwrite=True))


def test_standard_input_goes_to_standard_output_unless_a_file_is_named() -> None:
    assert plan(["-"], output=None, format=None, recursive=False) == [Job(None, None)]
    assert plan(["-"], output="-", format=None, recursive=False) == [Job(None, None)]
    assert plan(["-"], output="x.jpg", format=None, recursive=False) == [Job(None, Path("x.jpg"))]


def test_one_file_can_go_to_standard_output() -> None:
    assert plan(["album/a.jpg"], output="-", format=None, recursive=False) == [Job(Path("album/a.jpg"), None)]


@pytest.mark.parametrize(
    ("inputs", "output", "told"),
    [
        (["-", "album/a.jpg"], None, "stands alone"),
        (["-"], "album", "give -o FILE"),
        (["album"], "-", "only one picture"),
        (["album/a.jpg", "album/b.PNG"], "-", "only one picture"),
        (["album"], "album/notes.txt", "is a file"),
        (["album/a.jpg"], "x.xyz", "x.xyz.* no format .*for a folder, write x.xyz/"),
        (["-"], "x.xyz", "no format"),
        ([""], None, "is empty"),
        (["album/a.jpg"], "", "is empty"),
    ],
)
def test_inputs_and_output_that_make_no_sense_together_are_refused(inputs: list[str], output: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        plan(inputs, output=output, format=None, recursive=False)


def test_a_format_that_the_name_of_the_result_contradicts_is_refused() -> None:
    for inputs in (["album/a.jpg"], ["-"]):
        with pytest.raises(UsageError, match=r"x\.jpg.*JPEG.*PNG.*end in \.png"):
            plan(inputs, output="x.jpg", format="png", recursive=False)
    assert pairs("album/a.jpg", output="x.JPE", format="jpeg") == ["album/a.jpg -> x.JPE"]
    assert pairs("album/a.jpg", output="x.2024", format="jpeg") == ["album/a.jpg -> x.2024"]


def test_an_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"gif.*JPEG, PNG"):
        plan(["album"], output=None, format="gif", recursive=False)


def test_a_folder_without_pictures_and_a_pattern_without_a_match_are_problems(here: Path) -> None:
    (here / "empty").mkdir()
    jobs = plan(["empty", "album/x*.jpg", "album/a.jpg"], output=None, format=None, recursive=False)
    found = problems(jobs)
    assert list(found) == ["empty", "album/x*.jpg"]
    assert "--recursive" in found["empty"]


def test_a_link_to_nothing_in_a_folder_is_not_passed_over(here: Path) -> None:
    (here / "album" / "sub" / "gone.jpg").symlink_to("nowhere.jpg")
    assert "album/sub/gone.jpg -> out/gone.jpg" in pairs("album/sub", output="out")


def test_subfolders_that_cannot_be_read_are_problems_and_the_others_are_read(here: Path) -> None:
    locked = here / "album" / "sub" / "deep"
    locked.chmod(0)
    if os.access(locked, os.R_OK):
        pytest.skip("this user may read everything")
    jobs = plan(["album/sub"], output="out", format=None, recursive=True)
    assert problems(jobs) == {"album/sub/deep": "this folder cannot be read (Permission denied)"}
    assert [job.name for job in jobs if not job.problem] == ["album/sub/a.jpg", "album/sub/c.jpg"]


def test_names_that_no_file_can_have_are_left_to_be_named_as_well() -> None:
    name = 300 * "q" + ".jpg"
    assert pairs(name) == [f"{name} -> {name.replace('.jpg', '-colour.jpg')}"]
    assert pairs("album/a.jpg", output=name) == [f"album/a.jpg -> {name}"]


def test_a_device_or_a_file_without_an_ending_is_no_folder(here: Path) -> None:
    (here / "result").write_bytes(b"")
    assert pairs("album/a.jpg", output="result") == ["album/a.jpg -> result"]
    assert pairs("album/a.jpg", output=os.devnull) == [f"album/a.jpg -> {os.devnull}"]


def test_a_file_that_is_not_there_is_left_to_be_named_when_it_is_opened() -> None:
    assert pairs("nowhere.jpg") == ["nowhere.jpg -> nowhere-colour.jpg"]


def test_a_link_to_a_folder_is_named_and_not_followed(here: Path) -> None:
    (here / "elsewhere").mkdir()
    (here / "elsewhere" / "x.jpg").write_bytes(PNG)
    (here / "album" / "link").symlink_to(here / "elsewhere")
    (here / "album" / "sub" / "up").symlink_to(here / "album")
    jobs = plan(["album"], output=None, format=None, recursive=True)
    links = [job for job in jobs if job.passed_over is not None]
    assert [job.name for job in links] == ["album/link", "album/sub/up"]
    assert all("not followed" in (job.passed_over or "") for job in links)
    assert {job.name for job in jobs if job.passed_over is None} == {
        "album/a.jpg",
        "album/b.PNG",
        "album/sub/a.jpg",
        "album/sub/c.jpg",
        "album/sub/deep/d.tif",
    }
    assert all(job.passed_over is None for job in plan(["album"], output=None, format=None, recursive=False))
    assert [job.name for job in plan(["album/link"], output=None, format=None, recursive=False)] == ["album/link/x.jpg"]


@pytest.mark.parametrize("names", [("Photo.jpg", "photo.jpg"), ("\u00e9.jpg", "e\u0301.jpg")])
def test_names_that_a_file_system_takes_for_the_same_meet_only_there(
    here: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]
) -> None:
    for folder, name in zip(("one", "two"), names, strict=True):
        (here / folder).mkdir()
        (here / folder / name).write_bytes(PNG)
    apart = plan(["one", "two"], output="out", format=None, recursive=False)
    if not problems(apart):  # as on Linux
        monkeypatch.setattr(planning, "_folds", lambda folder: True)
        assert {str(job.target) for job in apart} == {f"out/{name}" for name in names}
    together = plan(["one", "two"], output="out", format=None, recursive=False)
    assert problems(together) == {
        f"two/{names[1]}": f"its result would be out/{names[1]}, as that of one/{names[0]}: give another -o"
    }


def test_whether_names_fold_is_seen_from_the_file_system(here: Path) -> None:
    (here / "Folder").mkdir()
    folds = os.path.exists(here / "fOLDER")
    assert planning._folds(here / "Folder" / "not" / "there" / "yet") == folds
    if not folds:
        (here / "fOLDER").mkdir()
        planning._folds.cache_clear()
        assert not planning._folds(here / "Folder")


def test_it_is_noted_what_was_there_before(here: Path) -> None:
    (here / "album" / "a-colour.jpg").write_bytes(PNG)
    jobs = plan(["album"], output=None, format=None, recursive=False)
    assert {job.name: job.existed for job in jobs} == {
        "album/a.jpg": True,
        "album/a-colour.jpg": False,
        "album/b.PNG": False,
    }


def test_five_thousand_files_are_planned_within_seconds(here: Path) -> None:
    (here / "large").mkdir()
    for number in range(5000):
        (here / "large" / f"{number}.jpg").touch()
    start = time.perf_counter()
    jobs = plan(["large"], output="out", format=None, recursive=True)
    assert len(jobs) == 5000
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("original", ["x.bmp", "x.jpg", "x.JPG", "x.tiff"])
def test_a_result_without_a_place_for_a_mark_is_known_by_its_name_whatever_it_was_made_from(
    here: Path, original: str
) -> None:
    result = here / "x-colour.bmp"
    result.write_bytes(b"BM")
    assert not is_result(result)
    (here / original).write_bytes(PNG)
    assert is_result(result)
    assert not is_result(here / original)

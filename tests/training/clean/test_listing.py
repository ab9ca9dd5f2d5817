"""Listing: every picture once, in an order that depends on names alone, with the set that it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest
from clean_files import write
from training_files import pictures as made
from training_files import write_shards

from photochrom.errors import DataError, PhotoError
from photochrom.training.clean.examining import Way, examine
from photochrom.training.clean.listing import pictures


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Two photographs in the folder itself, two in a subfolder of a subfolder; beside them what is no picture."""
    folder = tmp_path / "album"
    write(folder, count=2)
    write(folder / "trip" / "day-1", ".jpg", count=2)
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "odd.png").mkdir()
    return folder


def test_a_folder_gives_everything_below_named_by_its_first_subfolder(album: Path) -> None:
    assert [(Path(item.name).name, item.source) for item in pictures([str(album)])] == [
        ("photo-0.png", "album"),
        ("photo-1.png", "album"),
        ("photo-0.jpg", "trip"),
        ("photo-1.jpg", "trip"),
    ]


def test_pictures_that_can_not_be_decoded_here_are_listed_and_not_passed_over(tmp_path: Path) -> None:
    for name in ("phone.HEIC", "phone.heif"):
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    items = pictures([str(tmp_path)])
    assert [Path(item.name).name for item in items] == ["phone.HEIC", "phone.heif"]
    assert [examine(item, Way(128, 128, 90))[0].reason for item in items] == ["unreadable"] * 2


def test_what_is_named_in_several_ways_is_taken_once_in_any_order(album: Path) -> None:
    ways = [str(album / "photo-1.png"), str(album / "*.png"), str(album), f"{album}/trip/../photo-0.png"]
    names = [item.name for item in pictures(ways)]
    assert len(names) == 4
    assert sorted(names) == names
    assert [item.path.resolve() for item in pictures(ways[:3])] == [
        item.path.resolve() for item in pictures(ways[2::-1])
    ]


def test_a_pattern_goes_into_subfolders_where_it_says_so(album: Path) -> None:
    assert len(pictures([f"{album}/*.png"])) == 2
    assert len(pictures([f"{album}/**/*.jpg"])) == 2


def test_a_tar_is_read_in_place_and_gives_its_name(tmp_path: Path) -> None:
    write_shards(tmp_path, made())
    items = pictures([str(tmp_path / "shard-0.tar")])
    assert {item.source for item in items} == {"shard-0"}
    assert len(items) == 15
    assert all(item.read()[:4] in (b"RIFF", b"\xff\xd8\xff\xe0", b"\x89PNG") for item in items)


def test_a_manifest_gives_the_sources_of_its_column(tmp_path: Path) -> None:
    manifest = write_shards(tmp_path, made())
    items = pictures([str(manifest)])
    assert len(items) == 30
    assert {item.source for item in items} == {"discs", "scenes"}
    assert {item.source for item in pictures([str(manifest)], "all")} == {"all"}


@pytest.mark.parametrize("make", ["missing", "empty", "pattern", "text", "manifest", "tar"])
def test_sources_without_pictures_are_told_by_name(make: str, tmp_path: Path) -> None:
    place = {"pattern": "*.jpg", "text": "notes.txt", "manifest": "table.csv", "tar": "cut.tar"}.get(make, make)
    path = tmp_path / place
    if make == "empty":
        path.mkdir()
    elif make in ("text", "manifest"):
        path.write_text("shard,key\n0,1\n")
    elif make == "tar":
        path.write_bytes(b"\x1f\x8b no tar at all" * 100)
    with pytest.raises(DataError, match=place.replace("*", r"\*")):
        pictures([str(path)])


def test_a_manifest_that_lists_what_its_tar_lacks_is_told(tmp_path: Path) -> None:
    manifest = write_shards(tmp_path, made())
    with manifest.open("a") as file:
        file.write("shard-0,beef,scenes,train\n")
    with pytest.raises(DataError, match="holds no photograph beef"):
        pictures([str(manifest)])


def test_a_picture_that_is_gone_or_empty_is_told_when_it_is_read(tmp_path: Path) -> None:
    paths = write(tmp_path, count=2)
    items = pictures([str(tmp_path)])
    paths[0].unlink()
    paths[1].write_bytes(b"")
    for item in items:
        with pytest.raises(PhotoError):
            item.read()

"""Photographs come out of their shards as they went in; whatever is missing or damaged is named."""

from __future__ import annotations

import hashlib
import pickle
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from training_files import Picture, encoded, pictures, scene, write_shards

from photochrom.errors import DataError
from photochrom.evaluation.photographs import Photographs, splits


@pytest.mark.parametrize(("split", "count"), [("train", 24), ("val", 6)])
def test_a_split_holds_its_photographs_in_the_manifests_order(manifest: Path, split: str, count: int) -> None:
    photographs = Photographs(manifest, split)
    wanted = [picture for picture in pictures() if picture.split == split]
    assert len(photographs) == len(wanted) == count
    assert [(e.key, e.source) for e in photographs.entries] == [(p.key, p.source) for p in wanted]


def test_photographs_of_every_format_come_out_as_they_went_in(manifest: Path) -> None:
    photographs = Photographs(manifest, "train")
    wanted = [picture for picture in pictures() if picture.split == "train"]
    assert {picture.suffix for picture in wanted} == {"webp", "jpg", "png"}
    for index, picture in enumerate(wanted):
        rgb = photographs.read(index)
        assert rgb.shape == picture.rgb.shape
        assert rgb.dtype == np.uint8
        difference = np.abs(rgb.astype(int) - picture.rgb).mean()
        assert difference < (0.01 if picture.suffix == "png" else 8)


def test_a_grey_file_comes_out_with_three_channels(tmp_path: Path) -> None:
    manifest = write_shards(tmp_path, [Picture("grey", np.full((8, 9, 3), 70, np.uint8), suffix="png")])
    assert np.array_equal(Photographs(manifest, "train").read(0), np.full((8, 9, 3), 70))


def test_the_manifest_is_known_by_its_hash(manifest: Path) -> None:
    assert Photographs(manifest, "val").manifest_sha256 == hashlib.sha256(manifest.read_bytes()).hexdigest()


def test_photographs_can_be_sent_to_another_process(manifest: Path) -> None:
    photographs = Photographs(manifest, "train")
    copy = pickle.loads(pickle.dumps(photographs))
    assert np.array_equal(copy.read(3), photographs.read(3))


def test_weights_follow_the_sources_and_sum_to_one(manifest: Path) -> None:
    photographs = Photographs(manifest, "train")
    weights = photographs.weights({"discs": 3.0})
    discs = np.array([entry.source == "discs" for entry in photographs.entries])
    assert weights.sum() == pytest.approx(1)
    assert weights[discs] == pytest.approx(3 * weights[~discs][0])
    assert not photographs.weights({"discs": 0.0})[discs].any()


def test_weights_of_unknown_sources_or_of_nothing_are_refused(manifest: Path) -> None:
    photographs = Photographs(manifest, "train")
    with pytest.raises(DataError, match="paintings"):
        photographs.weights({"paintings": 2.0})
    with pytest.raises(DataError, match="no photograph to train on"):
        photographs.weights({"discs": 0.0, "scenes": 0.0})


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """A shard of four pictures beside its manifest."""
    write_shards(tmp_path, [Picture(f"picture{i}", scene(i)) for i in range(4)])
    return tmp_path / "shard-0.tar"


def test_a_truncated_shard_is_named_with_the_photograph_that_it_breaks_in(shard: Path) -> None:
    with tarfile.open(shard) as tar:
        third = tar.getmembers()[2]
    shard.write_bytes(shard.read_bytes()[: third.offset_data + third.size // 2])
    with pytest.raises(DataError, match=r"shard-0\.tar can't be read after 3 photographs, the last of them picture2"):
        Photographs(shard.parent / "manifest.csv", "train")


@pytest.mark.parametrize("content", [b"", b"no tar at all", bytes(3000)])
def test_a_shard_that_is_no_tar_is_named(shard: Path, content: bytes) -> None:
    shard.write_bytes(content)
    with pytest.raises(DataError, match=r"shard-0\.tar"):
        Photographs(shard.parent / "manifest.csv", "train")


def test_a_missing_shard_is_named(shard: Path) -> None:
    shard.unlink()
    with pytest.raises(DataError, match=r"shard-0\.tar can't be read"):
        Photographs(shard.parent / "manifest.csv", "train")


def test_a_photograph_that_is_not_in_its_shard_is_named(shard: Path) -> None:
    manifest = shard.parent / "manifest.csv"
    with manifest.open("a") as file:
        file.write("shard-0,absent,scenes,train\n")
    with pytest.raises(DataError, match=r"shard-0\.tar holds no photograph absent.*manifest\.csv"):
        Photographs(manifest, "train")


@pytest.mark.parametrize("damage", ["zeros", "cut off", "gone"])
def test_a_damaged_photograph_is_named_with_its_shard_and_the_others_can_be_read(shard: Path, damage: str) -> None:
    photographs = Photographs(shard.parent / "manifest.csv", "train")
    entry, content = photographs.entries[3], shard.read_bytes()
    if damage == "zeros":
        shard.write_bytes(content[: entry.offset] + bytes(entry.size) + content[entry.offset + entry.size :])
    elif damage == "cut off":
        shard.write_bytes(content[: entry.offset + entry.size - 1])
    else:
        shard.unlink()
    with pytest.raises(DataError, match=r"shard-0\.tar: photograph picture3"):
        photographs.read(3)
    if damage != "gone":
        assert photographs.read(2).shape == (72, 96, 3)


def test_an_empty_photograph_is_named(tmp_path: Path) -> None:
    write_shards(tmp_path, [Picture("whole", scene(0))])
    with tarfile.open(tmp_path / "shard-0.tar", "a") as tar:
        tar.addfile(tarfile.TarInfo("empty.webp"))
    with (tmp_path / "manifest.csv").open("a") as file:
        file.write("shard-0,empty,scenes,train\n")
    with pytest.raises(DataError, match="photograph empty"):
        Photographs(tmp_path / "manifest.csv", "train").read(1)


def test_members_that_are_no_pictures_are_passed_over(tmp_path: Path) -> None:
    manifest = write_shards(tmp_path, [Picture("a", scene(1))])
    with tarfile.open(tmp_path / "shard-0.tar", "a") as tar:
        tar.addfile(tarfile.TarInfo("a.json"))
        tar.addfile(tarfile.TarInfo("a.txt"))
    wanted = cv2.imdecode(np.frombuffer(encoded(Picture("a", scene(1))), np.uint8), cv2.IMREAD_COLOR)
    assert wanted is not None
    assert np.array_equal(Photographs(manifest, "train").read(0)[..., ::-1], wanted)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shard,key,split\nshard-0,picture0,train\n", "lacks the columns source"),
        ("", "lacks the columns"),
        ("shard,key,source,split\nshard-0,picture0,scenes,val\n", "no photographs in split 'train'; it has val"),
        ("shard,key,source,split\n", "no photographs in split 'train'"),
    ],
)
def test_a_manifest_without_what_is_needed_is_refused(shard: Path, text: str, message: str) -> None:
    manifest = shard.parent / "manifest.csv"
    manifest.write_text(text)
    with pytest.raises(DataError, match=message):
        Photographs(manifest, "train")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'shard,key,source,split\n"' + b"x" * 200_000])
def test_a_manifest_that_is_no_csv_is_named(shard: Path, content: bytes) -> None:
    manifest = shard.parent / "manifest.csv"
    manifest.write_bytes(content)
    with pytest.raises(DataError, match=r"manifest\.csv can't be read"):
        Photographs(manifest, "train")


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.csv can't be read"):
        Photographs(tmp_path / "absent.csv", "train")


def test_the_splits_of_a_manifest_are_told_and_a_missing_one_is_named(manifest: Path, tmp_path: Path) -> None:
    assert set(splits(manifest)) == {"train", "val"}
    with pytest.raises(DataError, match=r"absent\.csv"):
        splits(tmp_path / "absent.csv")

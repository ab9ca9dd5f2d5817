"""Packing: shards that training reads, the same bytes each time, and splits that follow groups."""

from __future__ import annotations

import csv
import hashlib
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from photochrom.errors import UsageError
from photochrom.training.clean.examining import Examined
from photochrom.training.clean.packing import Kept, Splits, pack, write_rejected

FILES = [bytes([number]) * 1000 for number in range(40)]


def kept(count: int = 40) -> list[Kept]:
    shas = [hashlib.sha256(f"{number}".encode()).hexdigest() for number in range(count)]
    return [
        Kept(number, sha[:16], Examined(f"photo-{number}", "album", 9, sha, 300, 200, 160, 31.25))
        for number, sha in enumerate(shas)
    ]


def contents(indices: Sequence[int]) -> Iterator[bytes]:
    return (FILES[index] for index in indices)


def packed(folder: Path, photographs: list[Kept]) -> dict[str, int]:
    folder.mkdir()
    return dict(pack(folder, photographs, contents, splits=Splits(0.2, 0.2), shard_bytes=10_500))


def test_every_photograph_is_in_the_tar_and_row_that_the_manifest_says(tmp_path: Path) -> None:
    counts = packed(tmp_path / "out", kept())
    rows = list(csv.DictReader((tmp_path / "out" / "manifest.csv").open(encoding="utf-8")))
    assert sum(counts.values()) == len(rows) == 40
    for row in rows:
        with tarfile.open(tmp_path / "out" / f"{row['shard']}.tar") as tar:
            file = tar.extractfile(f"{row['key']}.webp")
            assert file is not None
            assert file.read() == FILES[int(row["file"].removeprefix("photo-"))]
        assert row["shard"].startswith(row["split"])
        assert (row["source"], row["side_px"], row["colourfulness"]) == ("album", "160", "31.2")


def test_a_shard_is_full_at_its_size(tmp_path: Path) -> None:
    counts = packed(tmp_path / "out", kept())
    for split, count in counts.items():
        sizes = []
        for path in sorted((tmp_path / "out").glob(f"{split}-*.tar")):
            with tarfile.open(path) as tar:
                sizes.append(len(tar.getmembers()))
        assert sizes == [10] * (count // 10) + [count % 10] * (count % 10 > 0)


def test_the_order_of_the_photographs_changes_no_byte(tmp_path: Path) -> None:
    packed(tmp_path / "one", kept())
    packed(tmp_path / "other", kept()[::-1])
    one, other = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "other"))
    assert one == other


def test_splits_have_about_their_shares_and_a_group_always_the_same_one() -> None:
    splits = Splits(0.1, 0.05)
    drawn = [splits.of(f"group-{number}") for number in range(4000)]
    assert drawn == [splits.of(f"group-{number}") for number in range(4000)]
    assert abs(drawn.count("val") / 4000 - 0.1) < 0.015
    assert abs(drawn.count("test") / 4000 - 0.05) < 0.012


def test_more_validation_moves_photographs_from_training_only() -> None:
    less, more = Splits(0.05, 0), Splits(0.1, 0)
    assert all(more.of(f"{n}") == "val" for n in range(2000) if less.of(f"{n}") == "val")


@pytest.mark.parametrize(("val", "test"), [(-0.1, 0), (0.6, 0.5), (1, 0)])
def test_shares_that_leave_nothing_to_train_on_are_refused(val: float, test: float) -> None:
    with pytest.raises(UsageError, match="--val"):
        Splits(val, test)


def test_rejected_pictures_are_listed_by_name_whatever_it_holds(tmp_path: Path) -> None:
    names = ['b, "quoted".jpg', "a\udcff.jpg"]
    write_rejected(tmp_path, [Examined(name, "album", 1, reason="grey", detail="chroma 1 < 4") for name in names])
    with (tmp_path / "rejected.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == sorted(names)
    assert {row["reason"] for row in rows} == {"grey"}

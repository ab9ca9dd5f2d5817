"""The visible label, and the letters that it is written in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import photo_files as files
import pytest

from photochrom import photo
from photochrom.photo import PhotoWarning
from photochrom.photo.label import labelled
from photochrom.photo.lettering import written


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_the_label_can_be_read_on_every_ground_and_changes_nothing_else(dtype: type, level: float) -> None:
    peak = np.iinfo(dtype).max
    plain = files.colored(photo.open(np.full((300, 400), level * peak, dtype)))
    marked = labelled(plain)
    assert marked.luma.dtype == dtype
    changed = marked.luma != plain.luma
    rows, columns = np.nonzero(changed)
    assert rows.min() > 300 - 30
    assert columns.min() > 400 - 110
    part = marked.luma[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(float) / peak
    assert np.ptp(part) > 0.4  # letters against their shadow or the ground


def test_the_record_and_so_the_mark_say_that_there_is_a_label(tmp_path: Path) -> None:
    labelled(files.colored(photo.open(files.grey(200, 150)))).save(tmp_path / "a.png")
    record = photo.read_record(photo.open(tmp_path / "a.png").metadata.xmp)
    assert record is not None
    assert record.options == {**files.RECORD.options, "label": True}


def test_a_large_picture_has_a_label_of_the_same_share() -> None:
    wide = [np.flatnonzero((labelled(p).luma != p.luma).any(axis=0)) for p in map(_flat, (600, 2400))]
    assert np.ptp(wide[1]) / np.ptp(wide[0]) == pytest.approx(4, rel=0.15)


def _flat(side: int) -> photo.Photo:
    return files.colored(photo.open(np.full((side, side), 90, np.uint8)))


def test_a_label_is_not_hidden_by_transparency() -> None:
    plain = files.colored(photo.open(files.grey(200, 150)))
    marked = labelled(replace(plain, alpha=np.zeros((150, 200), np.uint8)))
    assert marked.alpha is not None
    assert marked.alpha[-40:, -120:].max() > 240
    assert marked.alpha[:100].max() == 0


def test_what_is_too_small_gets_no_label_and_a_warning() -> None:
    plain = files.colored(photo.open(files.grey(40, 40)))
    with pytest.warns(PhotoWarning, match="too small for a label"):
        assert labelled(plain) is plain


def test_letters_are_cut_to_what_they_need_and_lie_on_one_line() -> None:
    for height in (8, 14, 40):
        line = written("Colourised", height)
        assert line[:, 0].any()
        assert line[:, -1].any()
        assert abs(line.shape[0] - height) <= 1
        deep = np.flatnonzero(written("gjpqy", height).any(axis=1)).max()
        assert np.flatnonzero(line.any(axis=1)).max() < deep <= line.shape[0] - 1
    assert written("  ", 10).shape[1] == 0

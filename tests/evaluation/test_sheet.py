"""The contact sheet shows every picture in its place, unchanged, under names of any kind."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom.evaluation.sheet import contact_sheet, fitted, write_png

Rgb = NDArray[np.uint8]


def _flat(*color: int, shape: tuple[int, int] = (40, 40)) -> Rgb:
    return np.full((*shape, 3), color, np.uint8)


def _has(sheet: Rgb, color: tuple[int, int, int]) -> int:
    return int((sheet == color).all(axis=-1).sum())


def test_every_picture_is_on_the_sheet_pixel_by_pixel() -> None:
    rows = [
        [_flat(10, 20, 30), _flat(200, 30, 40)],
        [_flat(1, 200, 3), _flat(5, 6, 220)],
        [_flat(90, 90, 9), _flat(9, 9, 90)],
    ]
    sheet = contact_sheet(rows, columns=["grey", "truth"], labels=["a", "b", "c"], cell=40)
    for row in rows:
        for picture in row:
            assert _has(sheet, tuple(picture[0, 0].tolist())) == 40 * 40


def test_pictures_stand_in_the_order_of_the_columns() -> None:
    sheet = contact_sheet([[_flat(255, 0, 0), _flat(0, 0, 255)]], columns=["grey", "truth"], labels=["a"], cell=40)
    red = np.argwhere((sheet == (255, 0, 0)).all(axis=-1))
    blue = np.argwhere((sheet == (0, 0, 255)).all(axis=-1))
    assert red[:, 1].max() < blue[:, 1].min()
    assert red[:, 0].min() == blue[:, 0].min()


def test_names_of_any_kind_are_written_as_they_are(tmp_path: Path) -> None:
    names = ["$\\frac{", "<b>x</b>", "Straße Ω", "x" * 500]
    plain = contact_sheet([[_flat(10, 20, 30)]] * 4, columns=[""], labels=[""] * 4, cell=40)
    written = contact_sheet([[_flat(10, 20, 30)]] * 4, columns=["$model$"], labels=names, cell=40)
    assert (plain != written).any()
    assert _has(written, (10, 20, 30)) == 4 * 40 * 40


def test_a_larger_picture_is_fitted_and_a_smaller_one_never_enlarged() -> None:
    assert fitted(_flat(1, 2, 3, shape=(200, 100)), 50).shape == (50, 25, 3)
    assert fitted(_flat(1, 2, 3, shape=(20, 10)), 50).shape == (20, 10, 3)
    assert fitted(np.zeros((200, 100), np.uint8), 50).shape == (50, 25, 3)


def test_a_written_sheet_reads_back_the_same(tmp_path: Path) -> None:
    sheet = contact_sheet([[_flat(10, 20, 30)]], columns=["grey"], labels=["a"], cell=40)
    write_png(sheet, tmp_path / "sheet.png")
    back = cv2.imread(str(tmp_path / "sheet.png"))
    assert back is not None
    assert (back[..., ::-1] == sheet).all()


def test_rows_that_do_not_fit_the_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="as many pictures as there are columns"):
        contact_sheet([[_flat(1, 2, 3)]], columns=["grey", "truth"], labels=["a"])

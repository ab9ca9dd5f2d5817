"""The contact sheet: many photographs in one PNG, each as grey | truth | each model, or grey | each model.

Figures hide what an eye sees at once. The sheet needs no browser: it goes into a pull request, a model
card or a mail as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]

_DPI: Final = 100
_GAP: Final = 6
_TEXT: Final = 18
"""Height in pixels of a line of text."""
_PAPER: Final = 252
_INK: Final = "#22201d"
_SOFT: Final = "#6c675f"


def contact_sheet(
    rows: Sequence[Sequence[Rgb]], *, columns: Sequence[str], labels: Sequence[str], cell: int = 160, across: int = 2
) -> Rgb:
    """Lay photographs out in rows that can be compared by eye.

    Args:
        rows: the pictures of each photograph, (H, W, 3) or (H, W) uint8, as many as there are columns.
        columns: what each column shows.
        labels: name of each photograph.
        cell: side in pixels of the square that each picture is fitted into.
        across: rows that stand beside each other.

    Returns:
        The sheet, (H, W, 3) uint8.

    Raises:
        ValueError: there is nothing to show, or rows, columns and labels don't go together.
    """
    if not rows or len(rows) != len(labels) or any(len(row) != len(columns) for row in rows):
        raise ValueError("a sheet needs rows of as many pictures as there are columns, and a label for each")
    across = min(across, len(rows))
    down = -(-len(rows) // across)
    block = len(columns) * (cell + _GAP) + 3 * _GAP
    line = cell + _TEXT + _GAP
    sheet = np.full((_TEXT + 2 * _GAP + down * line, across * block, 3), _PAPER, np.uint8)
    texts: list[tuple[int, int, str, str, int]] = []
    for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
        left = number // down * block + 2 * _GAP
        top = _TEXT + 2 * _GAP + number % down * line
        texts.append((left, top, label, _SOFT, len(columns) * cell))
        for place, picture in enumerate(row):
            _put(sheet, picture, left + place * (cell + _GAP), top + _TEXT, cell)
    for beside in range(across):
        for place, name in enumerate(columns):
            texts.append((beside * block + 2 * _GAP + place * (cell + _GAP), _GAP, name, _INK, cell))
    return _written(sheet, texts)


def write_png(sheet: Rgb, path: Path) -> None:
    """Write an (H, W, 3) uint8 picture as PNG."""
    _, data = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 7])
    path.write_bytes(data.tobytes())


def fitted(picture: Rgb, side: int) -> Rgb:
    """An (H, W, 3) or (H, W) picture as (h, w, 3), no side longer than `side`; never enlarged."""
    rgb = np.repeat(picture[..., None], 3, axis=-1) if picture.ndim == 2 else picture
    scale = side / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _put(sheet: Rgb, picture: Rgb, left: int, top: int, cell: int) -> None:
    small = fitted(picture, cell)
    height, width = small.shape[:2]
    top, left = top + (cell - height) // 2, left + (cell - width) // 2
    sheet[top : top + height, left : left + width] = small


def _written(sheet: Rgb, texts: Sequence[tuple[int, int, str, str, int]]) -> Rgb:
    """The sheet with each (left, top, text, colour, room) on it, in letters that are smooth and not ASCII alone."""
    height, width = sheet.shape[:2]
    fig = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    canvas = FigureCanvasAgg(fig)
    fig.figimage(sheet, origin="upper")
    for left, top, text, color, room in texts:
        short = text if len(text) <= room // 7 else text[: room // 7 - 1] + "…"
        fig.text(left / width, 1 - top / height, short, fontsize=8, color=color, va="top", parse_math=False)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()

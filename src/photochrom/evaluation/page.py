"""One self-contained HTML page: sections of text, tables, plots and pictures, all inside the one file.

The reports of evaluation, training and cleaning are such pages. Nothing is fetched and no script
runs; pictures are data URIs, plots inline SVG whose ink follows the page from light to dark.
Everything that is not Markup is escaped, file names above all.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import jinja2
import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

Cell = str | float | None
"""What stands in a table: text, Markup (a str that is not escaped), a number, or None for "not measured"."""

INKS: Final[Mapping[str, str]] = {
    "#000000": "ink",
    "#808080": "soft",
    "#d0d0d0": "line",
    "#ffffff": "paper",
    "#1f77b4": "tone-1",
    "#ff7f0e": "tone-2",
    "#2ca02c": "tone-3",
    "#d62728": "tone-4",
    "#9467bd": "tone-5",
    "#8c564b": "tone-6",
    "#e377c2": "tone-7",
    "#17becf": "tone-8",
}
"""Colour in a plot -> the page's colour of that name, which differs between light and dark; others stay."""

_QUALITY: Final = 82
_NOT_MEASURED: Final = "–"


@dataclass(frozen=True)
class Section:
    """A part of a page: title, plain text (a blank line begins a new paragraph), then the parts in order."""

    title: str
    text: str = ""
    parts: Sequence[Markup] = ()


def page(title: str, sections: Sequence[Section], *, lead: str = "") -> str:
    """A complete HTML document, for light and dark, from phone width upward.

    Args:
        title: heading and window title.
        sections: in this order, listed under the lead.
        lead: plain text under the title; a blank line begins a new paragraph.
    """
    return _rendered("page.html", {"title": title, "sections": sections, "lead": lead, "paragraphs": _paragraphs})


def picture(rgb: NDArray[np.uint8], *, alt: str = "", width: int | None = None) -> Markup:
    """An <img> of an (H, W, 3) RGB or (H, W) grey uint8 picture, as WebP inside the page.

    Args:
        alt: what is told to a reader who can't see it.
        width: on the page, in CSS pixels; the picture's own where left out. Never wider than its place.
    """
    stored = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR) if rgb.ndim == 3 else rgb
    _, data = cv2.imencode(".webp", stored, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    height, own = rgb.shape[:2]
    shown = own if width is None else width
    return Markup('<img src="{}" alt="{}" width="{}" height="{}" loading="lazy" decoding="async">').format(
        "data:image/webp;base64," + base64.b64encode(data.tobytes()).decode(),
        alt,
        shown,
        max(1, round(height * shown / own)),
    )


def figure(fig: Figure, *, alt: str = "", caption: str = "") -> Markup:
    """A matplotlib figure as inline SVG: its colours in `INKS` follow the page from light to dark.

    Give it about 4.6 inches of width and a font of 9 points to stay readable on a phone.

    Args:
        alt: what is told to a reader who can't see it.
        caption: stands under it.
    """
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "photochrom"}):
        fig.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"#[0-9a-f]{6}\b", lambda match: _ink(match[0]), svg)
    return Markup('<figure class="plot"><div role="img" aria-label="{}">{}</div>{}</figure>').format(
        alt or caption,
        Markup(svg),
        Markup("<figcaption>{}</figcaption>").format(caption) if caption else "",
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, caption: str = "") -> Markup:
    """A table that scrolls sideways where it is wider than the page; its first column names the rows.

    Columns that hold nothing but numbers, or text that begins like one, are set to the right.
    """
    numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(columns))]
    cells = [[_text(cell) for cell in row] for row in rows]
    return Markup(_rendered("table.html", {"columns": columns, "rows": cells, "numeric": numeric, "caption": caption}))


def strip(pictures: Sequence[tuple[Markup, str]], *, caption: str = "") -> Markup:
    """Pictures to be compared, each (picture, what stands under it): side by side, on a phone two or three abreast."""
    count = len(pictures)
    abreast = {"wide": count if count <= 6 else -(-count // 2), "narrow": count if count <= 3 else 2}
    return Markup(_rendered("strip.html", {"pictures": pictures, "caption": caption, **abreast}))


def tiles(pictures: Sequence[tuple[Markup, str]]) -> Markup:
    """Many small pictures, each (picture, what stands under it), as many abreast as the page has room for."""
    shown = [Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(*each) for each in pictures]
    return Markup('<div class="tiles">{}</div>').format(Markup("").join(shown))


def grid(parts: Sequence[Markup]) -> Markup:
    """Plots or tables beside each other where the page is wide enough."""
    return Markup('<div class="grid">{}</div>').format(Markup("").join(parts))


def fold(title: str, parts: Sequence[Markup]) -> Markup:
    """Parts that are shown when somebody opens them."""
    return Markup("<details><summary>{}</summary>{}</details>").format(title, Markup("").join(parts))


def prose(text: str, *, heading: str = "") -> Markup:
    """Plain text between other parts, with a small heading over it; a blank line begins a new paragraph."""
    title = Markup("<h3>{}</h3>").format(heading) if heading else Markup("")
    return title + Markup("").join(Markup("<p>{}</p>").format(each) for each in _paragraphs(text))


def bullets(items: Sequence[str]) -> Markup:
    """A list of short sentences."""
    return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(item) for item in items))


def _rendered(template: str, values: Mapping[str, object]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("photochrom.evaluation"),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(values)


def _paragraphs(text: str) -> list[str]:
    """The paragraphs of a text; those of Markup stay Markup."""
    return [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]


def _ink(color: str) -> str:
    return f"var(--{INKS[color]})" if color in INKS else color


def _is_number(cell: Cell) -> bool:
    if not isinstance(cell, str):
        return True
    text = cell.striptags() if isinstance(cell, Markup) else cell
    return re.match(r"[+\-−±]?[.\d]", text) is not None or text in ("", _NOT_MEASURED)


def _text(cell: Cell) -> str:
    if cell is None:
        return _NOT_MEASURED
    return cell if isinstance(cell, str) else f"{cell:.4g}"

"""The page that reports are made of: self-contained, escaped, and readable in light and dark."""

import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from photochrom.evaluation.page import INKS, Section, bullets, figure, grid, page, picture, prose, strip, table

_HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&.jpg"


def _plot() -> Figure:
    fig = Figure(figsize=(3, 2))
    axes = fig.subplots()
    axes.plot([0, 1], [1, 0], color="#1f77b4", label=_HOSTILE)
    axes.set_title(_HOSTILE)
    axes.legend()
    return fig


class _Reader(HTMLParser):
    """Collects what a browser would see as tags; complains about tags that are closed wrongly."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    assert not reader.open
    return reader


def test_names_from_outside_never_become_markup() -> None:
    grey = picture(np.zeros((4, 6), np.uint8), alt=_HOSTILE)
    parts = [
        grid([figure(_plot(), alt=_HOSTILE, caption=_HOSTILE)]),
        table([_HOSTILE, "dB"], [[_HOSTILE, 1.0]], caption=_HOSTILE),
        strip([(grey, _HOSTILE)], caption=_HOSTILE),
        prose(_HOSTILE, heading=_HOSTILE),
        bullets([_HOSTILE]),
    ]
    reader = _read(page(_HOSTILE, [Section(_HOSTILE, _HOSTILE, parts), Section("Second")], lead=_HOSTILE))
    assert "script" not in {tag for tag, _ in reader.tags}
    assert [attributes["alt"] for tag, attributes in reader.tags if tag == "img"] == [_HOSTILE]
    assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)


def test_nothing_is_fetched_from_outside() -> None:
    html = page("A", [Section("B", parts=[figure(_plot()), picture(np.zeros((4, 6, 3), np.uint8))])])
    addresses = [a[name] for _, a in _read(html).tags for name in ("src", "href", "xlink:href") if a.get(name)]
    assert addresses
    assert all(address is not None and address.startswith(("data:", "#")) for address in addresses)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_a_picture_keeps_its_colours_and_its_shape() -> None:
    rgb = np.full((40, 60, 3), (200, 40, 30), np.uint8)
    markup = picture(rgb, alt="red", width=30)
    data = base64.b64decode(re.search(r"base64,([^\"]+)", markup)[1])  # type: ignore[index]
    stored = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)  # type: ignore[arg-type]
    assert stored.shape == rgb.shape
    assert np.abs(stored.astype(int) - rgb).max() <= 6
    assert 'width="30" height="20"' in markup
    assert 'loading="lazy"' in markup


def test_the_inks_of_a_plot_follow_the_page_into_the_dark() -> None:
    html = page("A", [Section("B", parts=[figure(_plot())])])
    assert "var(--ink)" in figure(_plot())
    assert "var(--tone-1)" in figure(_plot())
    assert "#1f77b4" not in html
    dark = html[html.index("prefers-color-scheme: dark") :]
    for name in INKS.values():
        assert f"--{name}:" in html
        assert f"--{name}:" in dark


def test_the_same_plot_gives_the_same_bytes() -> None:
    assert figure(_plot()) == figure(_plot())


def test_numbers_are_set_to_the_right_and_what_was_not_measured_is_a_dash() -> None:
    markup = table(["model", "dB", "note"], [["best", 24.125, "yes"], ["grey", None, "no"]])
    assert '<td class="number">24.12</td>' in markup
    assert '<td class="number">–</td>' in markup
    assert "<td>yes</td>" in markup
    assert '<th scope="row">best</th>' in markup


def test_markup_in_a_cell_stays_and_counts_as_the_number_it_shows() -> None:
    cell = Markup("<strong>1.5</strong>")
    assert '<td class="number"><strong>1.5</strong></td>' in table(["model", "dB"], [["best", cell]])


def test_a_blank_line_begins_a_new_paragraph() -> None:
    html = page("A", [Section("B", "one\n\ntwo")], lead="first\n\nsecond")
    assert html.count("<p>") == 2
    assert html.count('<p class="lead">') == 2


def test_contents_lead_to_every_section() -> None:
    reader = _read(page("A", [Section("One"), Section("Two")]))
    links = [a["href"] for tag, a in reader.tags if tag == "a"]
    assert links == ["#" + str(a["id"]) for tag, a in reader.tags if tag == "section"]
    assert len(links) == 2

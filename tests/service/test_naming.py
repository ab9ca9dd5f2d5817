"""Names that people gave to files can be shown and unpacked anywhere, and never lead out of a folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.service.naming import Results, is_junk, label


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("wedding.jpg", "wedding.jpg"),
        ("album/1923/wedding.jpg", "album/1923/wedding.jpg"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\photos\\..\\wedding.jpg", "photos/wedding.jpg"),
        ("\\\\server\\share\\x.png", "server/share/x.png"),
        ("a//./b/...", "a/b"),
        ("a\x00b\n\x1b[2J\u202egpj.exe", "ab[2Jgpj.exe"),
        ('<script>"x"|?*.jpg', "_script__x____.jpg"),
        ("con.jpg", "_con.jpg"),
        ("trailing. . /x.jpg ", "trailing/x.jpg"),
        ("Gro\u0308ße.tif", "Größe.tif"),
        ("", "photograph"),
        ("..", "photograph"),
    ],
)
def test_a_label_is_what_is_harmless_of_a_name(name: str, shown: str) -> None:
    assert label(name) == shown


@given(st.text())
def test_a_label_of_anything_is_a_path_inside_a_folder(name: str) -> None:
    parts = label(name).split("/")
    assert 1 <= len(parts) <= 9
    for part in parts:
        assert part
        assert part.strip(". ") != ""
        assert len(part) <= 121
        assert not set(part) & set('\\:*?"<>|\x00')
    assert label(label(name)) == label(name)


def test_a_long_name_keeps_its_ending() -> None:
    assert label("x" * 500 + ".jpeg").endswith("x.jpeg")


def test_files_of_operating_systems_are_junk() -> None:
    assert all(map(is_junk, ("__MACOSX/album/._a.jpg", "a/.DS_Store", "Thumbs.db", "._a.jpg", "a\\desktop.ini")))
    assert not any(map(is_junk, ("a.jpg", "macosx/a.jpg", "__MACOSX.jpg", "thumbs.db.jpg")))


def test_no_two_results_have_the_same_name_on_any_system() -> None:
    results = Results()
    names = [
        results.name(label, ".jpg") for label in ("a/b.jpg", "a/B.JPG", "b.jpg", "b.png", "GRÖSSE.tif", "größe.tif")
    ]
    assert names == [
        "a/b-colour.jpg",
        "a/B-colour-2.jpg",
        "b-colour.jpg",
        "b-colour-2.jpg",
        "GRÖSSE-colour.jpg",
        "größe-colour-2.jpg",
    ]

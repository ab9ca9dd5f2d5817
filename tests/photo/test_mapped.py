"""A large file that stays on the disk gives the same photograph as one in memory, or an error if it changes."""

import os
from pathlib import Path

import numpy as np
import photo_files as files
import pytest

from photochrom import photo
from photochrom.errors import PhotoError
from photochrom.photo import mapped


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "LARGE", 1000)


@pytest.mark.parametrize("format", ["TIFF", "PNG", "JPEG", "WebP", "BMP"])
def test_the_photograph_is_the_same(format: str, tmp_path: Path) -> None:
    exif = {} if format == "BMP" else {"exif": files.exif(6)}
    file = files.encoded(files.astronaut().resize((96, 64)), format, **exif)
    path = tmp_path / "photo"
    path.write_bytes(file)
    one, other = photo.open(path), photo.open(file)
    np.testing.assert_array_equal(one.luma, other.luma)
    assert (one.metadata, one.encoding, one.sha256, one.was_colored) == (
        other.metadata,
        other.encoding,
        other.sha256,
        other.was_colored,
    )


def test_every_page_is_the_same(tmp_path: Path) -> None:
    first, second = files.astronaut().resize((40, 30)), files.astronaut().convert("L").resize((64, 20))
    file = files.encoded(first, "TIFF", save_all=True, append_images=[second])
    path = tmp_path / "pages.tif"
    path.write_bytes(file)
    assert photo.pages(path) == 2
    for one, other in zip(photo.open_pages(path), photo.open_pages(file), strict=True):
        np.testing.assert_array_equal(one.luma, other.luma)
        assert one.metadata == other.metadata


def test_the_content_is_looked_at_again_after_its_memory_was_given_back(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * 100)
    content = mapped.mapped(path)
    assert content is not None
    assert content[255] == 255
    content.release()
    assert content[:] == path.read_bytes()


def test_a_small_file_and_what_is_none_are_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(bytes(999))
    for path in (tmp_path / "small", tmp_path / "missing", tmp_path):
        assert mapped.mapped(path) is None


@pytest.mark.parametrize("change", ["touched", "longer", "gone"])
def test_a_file_that_changes_while_it_is_read_is_an_error(change: str, tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    path.write_bytes(bytes(2000))
    content = mapped.mapped(path)
    assert content is not None
    content.check()
    if change == "touched":
        os.utime(path, ns=(1, 1))
    elif change == "longer":
        path.write_bytes(bytes(2001))
    else:
        path.unlink()
    with pytest.raises(PhotoError, match=r"large\.tif: was changed while it was read"):
        content.check()

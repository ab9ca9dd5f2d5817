"""What a TIFF page is written as: each keeps its own size, depth, alpha, compression, tiles, profile and tags."""

import io
import struct
from typing import Any, Literal

import numpy as np
import photo_files as files
import profile_files
import pytest
import pyvips
import tiff_files
import tifffile
from numpy.typing import NDArray
from PIL import Image

from photochrom import photo

pytestmark = pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")

GREY = files.grey()
COLOR = np.asarray(files.astronaut().resize((96, 64)))
WIDE: NDArray[np.uint16] = GREY.astype(np.uint16) * np.uint16(257)
ALPHA = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)


def written(samples: NDArray[Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, metadata=None, **options)
    return stream.getvalue()


def result(file: bytes) -> bytes:
    """All pages colored and saved."""
    first, *more = [files.colored(page) for page in photo.open_pages(file)]
    return files.saved(first.with_pages(more))


def tags(file: bytes, page: int = 0) -> dict[int, Any]:
    with tifffile.TiffFile(io.BytesIO(file)) as opened:
        return {each.code: each.value for each in opened.pages[page].tags}  # type: ignore[union-attr]


def pixels(file: bytes, page: int = 0) -> NDArray[Any]:
    with tifffile.TiffFile(io.BytesIO(file)) as opened:
        return np.asarray(opened.pages[page].asarray())


@pytest.mark.parametrize(("kind", "code"), [("unspecified", 0), ("assocalpha", 1), ("unassalpha", 2)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_is_written_as_the_kind_that_it_was(dtype: type, kind: str, code: int) -> None:
    peak = np.iinfo(dtype).max
    alpha: NDArray[Any] = (ALPHA.astype(np.uint32) * peak // 255).astype(dtype)
    grey = GREY.astype(np.uint32) * (peak // 255)
    stored: NDArray[Any] = (np.rint(grey * (alpha / peak)) if kind == "assocalpha" else grey).astype(dtype)
    file = written(np.dstack([stored] * 3 + [alpha]), photometric="rgb", extrasamples=[kind])
    after = result(file)
    assert [int(value) for value in tags(after)[338]] == [code]
    found = pixels(after)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found[..., 3], alpha)
    luma = (found[..., :3].astype(np.int64) @ np.array([19595, 38470, 7471]) + 0x8000) >> 16
    assert np.abs(luma - stored).max() <= 2  # multiplied or not, the light is that of the file
    assert (found[..., :3].max(axis=2).astype(int) - found[..., :3].min(axis=2)).max() > peak // 20


def test_premultiplied_alpha_becomes_straight_where_a_format_has_no_other() -> None:
    stored = np.rint(GREY * (ALPHA / 255)).astype(np.uint8)
    file = written(np.dstack([stored] * 3 + [ALPHA]), photometric="rgb", extrasamples=["assocalpha"])
    for format in ("png", "webp"):
        image = files.decoded(files.saved(files.colored(photo.open(file)), format=format))
        np.testing.assert_array_equal(np.asarray(image)[..., 3], ALPHA)
        if format == "png":
            seen = ALPHA > 100
            assert np.abs(files.pillow_grey(image.convert("RGB")) - GREY)[seen].max() <= 2


@pytest.mark.parametrize("tile", [None, (16, 32), (64, 64)])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_tiles_and_compression_stay(compression: str | None, tile: tuple[int, int] | None) -> None:
    image = pyvips.Image.new_from_array(GREY)
    shape = {} if tile is None else {"tile": True, "tile_width": tile[1], "tile_height": tile[0]}
    file = image.tiffsave_buffer(compression={None: "none", "zlib": "deflate"}.get(compression, compression), **shape)
    found = tags(result(file))
    assert (found.get(323), found.get(322)) == (tile or (None, None))
    assert found[259] == {None: 1, "zlib": 8, "lzw": 5}[compression]


@pytest.mark.parametrize("quality", [60, 85, 95])
@pytest.mark.parametrize("tiled", [False, True])
def test_jpeg_in_tiff_stays_jpeg_of_about_the_same_quality(tiled: bool, quality: int) -> None:
    image = pyvips.Image.new_from_array(np.asarray(files.astronaut().convert("L")))
    file = image.tiffsave_buffer(compression="jpeg", Q=quality, tile=tiled)
    after = result(file)
    assert tags(after)[259] == 7
    assert (322 in tags(after)) == tiled
    opened, again = photo.open(file), photo.open(after)
    assert again.encoding == opened.encoding
    assert np.abs(again.luma.astype(int) - opened.luma).mean() < 4
    smaller = files.saved(files.colored(opened), quality=30)
    assert len(smaller) < len(after)


def test_jpeg_in_tiff_with_alpha_becomes_deflate() -> None:
    opened = photo.open(pyvips.Image.new_from_array(GREY).tiffsave_buffer(compression="jpeg"))
    with_alpha = photo.Photo(luma=GREY, alpha=ALPHA, encoding=opened.encoding, format="TIFF")
    after = files.saved(files.colored(with_alpha))
    assert tags(after)[259] == 8
    np.testing.assert_array_equal(pixels(after)[..., 3], ALPHA)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_a_bigtiff_stays_one_and_an_ordinary_one_too(big: bool, order: Literal["<", ">"]) -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, bigtiff=big, byteorder=order) as writer:
        writer.write(WIDE.astype(order + "u2"), description="first", metadata=None)
        writer.write(GREY, description="second", metadata=None)
    after = result(stream.getvalue())
    assert after[:4] == (b"II+\0" if big else b"II*\0")
    assert [pixels(after, page).dtype for page in (0, 1)] == [np.uint16, np.uint8]
    assert ["first" in tags(after, 0)[270], "second" in tags(after, 1)[270]] == [True, True]


def album() -> bytes:
    """Pages that have nothing in common: an invented scrapbook of an archive."""
    stream = io.BytesIO()
    adobe, gamma = profile_files.rgb(profile_files.ADOBE_RGB, 2.2), profile_files.grey_gamma()
    with tifffile.TiffWriter(stream) as writer:

        def add(samples: NDArray[Any], name: str, **options: Any) -> None:
            writer.write(samples, description=name, metadata=None, **options)

        add(GREY, "8 bit", resolution=(100, 100), resolutionunit=2)
        add(WIDE[:31, :45], "16 bit", compression="zlib", resolution=(50, 60), resolutionunit=3)
        add(COLOR[:20], "RGB", photometric="rgb", iccprofile=adobe, tile=(16, 16))
        add(GREY[:, :50], "profile", iccprofile=gamma, extratags=[(274, 3, 1, 6, True), (33432, 2, 0, "Lange", True)])
        alpha = np.dstack([GREY // 2, np.full(GREY.shape, 128, np.uint8)])
        add(alpha, "premultiplied", photometric="minisblack", planarconfig="contig", extrasamples=["assocalpha"])
        add(255 - GREY[:40], "white is zero", photometric="miniswhite")
        add(np.moveaxis(COLOR, 2, 0), "planes", photometric="rgb", planarconfig="separate")
        add(np.zeros((9, 9, 4), np.uint8), "inks", photometric="separated")
    return stream.getvalue()


def test_pages_that_have_nothing_in_common_each_stay_what_they_are() -> None:
    before, after = album(), result(album())
    names = ["8 bit", "16 bit", "RGB", "profile", "premultiplied", "white is zero", "planes", "inks"]
    assert photo.pages(after) == len(names)
    for page, name in enumerate(names):
        one, other = photo.open(before, page=page), photo.open(after, page=page)
        assert other.size == one.size, name
        assert other.luma.dtype == one.luma.dtype, name
        assert np.abs(other.luma.astype(int) - one.luma).max() <= (2 if name == "premultiplied" else 1), name
        assert (other.alpha is None) == (one.alpha is None), name
        assert other.metadata.icc == one.metadata.icc, name
        assert other.metadata.density == one.metadata.density, name
        assert name in tags(after, page)[270]
        assert photo.read_record(other.metadata.xmp) == files.RECORD, name
    assert [int(tags(after, page)[259]) for page in (0, 1)] == [1, 8]
    assert [322 in tags(after, page) for page in range(4)] == [False, False, True, False]
    assert tags(after, 3)[33432] == "Lange"
    assert tags(after, 3).get(274, 1) == 1
    assert photo.open(after, page=3).size == (64, 50)
    assert [int(value) for value in tags(after, 4)[338]] == [1]


@pytest.mark.parametrize("below", [False, True])
def test_the_smaller_copies_of_a_pyramid_are_no_pages_and_that_is_said(below: bool) -> None:
    image = pyvips.Image.new_from_array(np.asarray(files.astronaut().convert("L")))
    file = image.tiffsave_buffer(pyramid=True, subifd=below, tile=True, tile_width=128, tile_height=128)
    assert photo.pages(file) == 1
    with photo.collect_warnings() as notes:
        (page,) = photo.open_pages(file)
    assert page.size == (512, 512)
    assert ["smaller copies" in note for note in notes] == [True]
    after = result(file)
    with tifffile.TiffFile(io.BytesIO(after)) as opened:
        assert len(opened.pages) == 1
    assert 330 not in tags(after)
    assert tags(after)[322] == 128


def test_a_thumbnail_before_its_page_is_no_page() -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(GREY[::4, ::4].copy(), subfiletype=1, metadata=None)
        writer.write(GREY, subfiletype=0, metadata=None, compression="zlib")
        writer.write(GREY[:30], subfiletype=2, metadata=None)
    file = stream.getvalue()
    assert [page.size for page in photo.open_pages(file)] == [(96, 64), (96, 30)]
    np.testing.assert_array_equal(photo.open(file).luma, GREY)
    after = result(file)
    assert [tags(after, page).get(254, 0) for page in (0, 1)] == [0, 2]
    packet = photo.open(after).metadata.xmp
    assert photo.read_record(packet) is not None


def test_where_there_is_nothing_but_a_smaller_copy_it_is_the_page() -> None:
    assert photo.open(written(GREY, subfiletype=1)).size == (96, 64)


@pytest.mark.parametrize("order", ["<", ">"])
def test_iptc_that_is_called_long_numbers_is_read_in_either_byte_order(order: Literal["<", ">"]) -> None:
    block = files.IPTC + bytes(-len(files.IPTC) % 4)
    entries = {256: 96, 257: 64, 258: 8, 259: 1, 262: 1, 277: 1, 278: 64}
    entries[33723] = struct.unpack(f"{order}{len(block) // 4}I", block)  # type: ignore[assignment]
    file = tiff_files.tiff(entries, [GREY.tobytes()], order=order)
    assert photo.open(file).metadata.iptc == block
    assert bytes(tags(result(file))[33723]) == block


def test_a_jpeg_becomes_a_tiff_of_its_own_kind() -> None:
    after = files.saved(files.colored(photo.open(files.encoded(Image.fromarray(GREY), "JPEG"))), format="tiff")
    assert (tags(after)[259], 322 in tags(after)) == (8, False)

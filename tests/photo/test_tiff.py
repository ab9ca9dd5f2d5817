"""TIFF: depths, compressions, pages of any size, and tags that libvips knows nothing of."""

import io
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import photo_files as files
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps, TiffImagePlugin

from photochrom import photo
from photochrom.errors import PhotoError

GREY = Image.fromarray(files.grey())


def tiff(samples: np.ndarray[Any, Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, metadata=None, **options)
    return stream.getvalue()


def tags(file: bytes, page: int = 0) -> dict[int, Any]:
    with tifffile.TiffFile(io.BytesIO(file)) as opened:
        return {tag.code: tag.value for tag in opened.pages[page].tags}  # type: ignore[union-attr]


def wide() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 65536, (31, 45)).astype(np.uint16)


@pytest.mark.parametrize(
    "options", [{}, {"byteorder": ">"}, {"bigtiff": True}, {"rowsperstrip": 3}, {"tile": (16, 16)}]
)
@pytest.mark.parametrize("depth", [8, 16])
def test_grey_is_opened_to_the_level(options: dict[str, Any], depth: int) -> None:
    samples = files.grey() if depth == 8 else wide()
    if options.get("byteorder") == ">":
        samples = samples.astype(samples.dtype.newbyteorder(">"))
    opened = photo.open(tiff(samples, **options))
    np.testing.assert_array_equal(opened.luma, samples)
    assert opened.depth == depth


@pytest.mark.parametrize("depth", [8, 16])
def test_the_result_has_the_depth_of_the_input_and_its_light(depth: int) -> None:
    samples = files.grey() if depth == 8 else wide()
    result = tifffile.imread(io.BytesIO(files.saved(files.colored(photo.open(tiff(samples)))))).astype(np.int64)
    assert result.shape == (*samples.shape, 3)
    assert tags(files.saved(files.colored(photo.open(tiff(samples)))))[258] == (depth,) * 3
    assert np.abs(((result @ np.array([19595, 38470, 7471]) + 0x8000) >> 16) - samples).max() <= 1


@pytest.mark.parametrize(
    ("compression", "code"), [(None, 1), ("tiff_lzw", 5), ("tiff_adobe_deflate", 8), ("packbits", 32773)]
)
def test_the_result_is_compressed_as_its_input(compression: str | None, code: int) -> None:
    file = files.encoded(GREY, "TIFF", compression=compression)
    assert tags(files.saved(files.colored(photo.open(file))))[259] == code


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_compressions_that_colour_can_not_have_become_deflate(compression: str) -> None:
    file = files.encoded(GREY.convert("1"), "TIFF", compression=compression)
    opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(files.decoded(file)))
    assert tags(files.saved(files.colored(opened)))[259] == 8


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_stored_as_zero_is_white(dtype: type) -> None:
    samples: NDArray[Any] = np.arange(256, dtype=np.uint16).reshape(16, 16).astype(dtype)
    file = tiff(samples, photometric="miniswhite")
    np.testing.assert_array_equal(photo.open(file).luma, np.iinfo(dtype).max - samples)


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA", "LA", "1"])
def test_every_mode_is_opened_as_pillow_turns_it_grey(mode: str) -> None:
    image = files.astronaut().resize((61, 47)).convert(mode)
    opened = photo.open(files.encoded(image, "TIFF"))
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(image.convert("RGB")))


def test_16_bit_rgb_stays_16_bit() -> None:
    rgb = np.random.default_rng(0).integers(0, 65536, (9, 11, 3)).astype(np.uint16)
    opened = photo.open(tiff(rgb, photometric="rgb"))
    luma = (rgb.astype(np.int64) @ np.array([19595, 38470, 7471]) + 0x8000) >> 16
    np.testing.assert_array_equal(opened.luma, luma)
    assert opened.was_colored == "color"


def test_alpha_is_kept_and_premultiplied_samples_are_brought_back() -> None:
    samples: NDArray[np.uint8] = np.full((8, 8, 4), 100, np.uint8)
    samples[..., 3] = 128
    plain = photo.open(tiff(samples, photometric="rgb", extrasamples=["unassalpha"]))
    multiplied = photo.open(tiff(samples, photometric="rgb", extrasamples=["assocalpha"]))
    assert (plain.luma[0, 0], multiplied.luma[0, 0]) == (100, 199)
    result = tifffile.imread(io.BytesIO(files.saved(files.colored(multiplied))))
    np.testing.assert_array_equal(result[..., 3], 128)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint32])
def test_samples_that_are_not_read_are_named(dtype: type) -> None:
    with pytest.raises(PhotoError, match=r"samples of (16|32) bit, which are not read"):
        photo.open(tiff(np.zeros((4, 4), dtype)))


def test_tags_of_the_picture_come_through() -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[270], info[315], info[306] = "Migrant Mother", "Dorothea Lange", "1936:03:06 12:00:00"
    info[700], info[33723], info[34675] = files.xmp(), files.IPTC, files.profile("adobe")
    info[34377] = files.photoshop()
    info[65000] = "an archive's own tag"
    info.tagtype |= {700: 1, 33723: 7, 34675: 7, 34377: 7, 65000: 2}
    file = files.encoded(GREY, "TIFF", tiffinfo=info, resolution=240, resolution_unit="inch", compression="tiff_lzw")
    result = files.saved(files.colored(photo.open(file)))
    found = tags(result)
    assert (found[270], found[315], found[306]) == ("Migrant Mother", "Dorothea Lange", "1936:03:06 12:00:00")
    assert found[65000] == "an archive's own tag"
    assert found[34675] == files.profile("adobe")
    assert bytes(found[33723]) == files.IPTC
    assert b"odd" in bytes(found[34377])
    assert b"Migrant Mother" in bytes(found[700])
    assert (found[282], found[283], found[296]) == ((240, 1), (240, 1), 2)


@pytest.mark.parametrize("order", ["<", ">"])
def test_tags_of_either_byte_order_come_through(order: str) -> None:
    samples = wide().astype(order + "u2")
    file = tiff(samples, byteorder=order, description="Migrant Mother", resolution=(300, 200), resolutionunit=2)
    result = files.saved(files.colored(photo.open(file)))
    found = tags(result)
    assert "Migrant Mother" in found[270]
    assert (found[282], found[283]) == ((300, 1), (200, 1))
    assert np.abs(photo.open(result).luma.astype(int) - samples).max() <= 1


def test_exif_moves_between_jpeg_and_tiff() -> None:
    jpeg = files.with_segments(
        files.encoded(GREY, "JPEG", dpi=(240, 240)),
        files.jpeg_segment(1, b"Exif\0\0" + files.exif(order=">")),
        files.jpeg_segment(13, b"Photoshop 3.0\0" + files.photoshop()),
    )
    there = files.saved(files.colored(photo.open(jpeg)), format="tiff")
    image = files.decoded(there)
    assert image.getexif()[0x010F] == "Kodak Brownie"
    assert image.getexif().get_ifd(0x8769)[0x927C] == files.MAKER_NOTE
    assert tags(there)[282] == (240, 1)
    assert photo.open(there).metadata.iptc == files.IPTC
    back = files.decoded(files.saved(files.colored(photo.open(there)), format="jpeg"))
    assert back.getexif()[0x010F] == "Kodak Brownie"
    assert back.getexif().get_ifd(0x8769)[0x927C] == files.MAKER_NOTE
    assert back.getexif().get_ifd(0x8825)[1] == "N"
    assert back.info["dpi"] == (240, 240)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_written_as_normal(orientation: int) -> None:
    file = tiff(files.grey(), extratags=[(274, 3, 1, orientation, True)])
    opened = photo.open(file)
    plain = Image.fromarray(files.grey())
    plain.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(plain))
    np.testing.assert_array_equal(opened.luma, upright)
    assert tags(files.saved(files.colored(opened))).get(274, 1) == 1


def album() -> bytes:
    """Three pages of unequal size, depth and compression."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(files.grey(), resolution=(100, 100), description="one", metadata=None)
        writer.write(wide(), compression="zlib", description="two", metadata=None)
        writer.write(
            np.asarray(files.astronaut().resize((20, 30))), photometric="rgb", description="three", metadata=None
        )
    return stream.getvalue()


def test_pages_are_counted_and_opened_one_by_one() -> None:
    file = album()
    assert photo.pages(file) == 3
    sizes = [(96, 64), (45, 31), (20, 30)]
    assert [page.size for page in photo.open_pages(file)] == sizes
    assert [photo.open(file, page=number).size for number in range(3)] == sizes
    for page in (3, -1):
        with pytest.raises(PhotoError, match=f"no page {page}.*3 pages"):
            photo.open(file, page=page)


def test_all_pages_are_saved_into_one_file() -> None:
    first, *rest = [files.colored(page) for page in photo.open_pages(album())]
    result = files.saved(first.with_pages(rest))
    with tifffile.TiffFile(io.BytesIO(result)) as opened:
        assert [page.shape for page in opened.pages] == [(64, 96, 3), (31, 45, 3), (30, 20, 3)]
        assert [page.dtype for page in opened.pages] == [np.uint8, np.uint16, np.uint8]
        assert [page.compression for page in opened.pages] == [1, 8, 1]
    assert ["one" in tags(result, 0)[270], "two" in tags(result, 1)[270], "three" in tags(result, 2)[270]] == [True] * 3
    for before, after in zip(photo.open_pages(album()), photo.open_pages(result), strict=True):
        assert np.abs(before.luma.astype(int) - after.luma).max() <= 1
        assert photo.read_record(after.metadata.xmp) == files.RECORD


def test_pages_are_made_while_the_file_is_written(tmp_path: Any) -> None:
    made = []

    def pages() -> Any:
        for page in photo.open_pages(album()):
            made.append(page.size)
            yield files.colored(page)

    photo.save_pages(pages(), tmp_path / "album.tif")
    assert len(made) == 3
    assert photo.pages(tmp_path / "album.tif") == 3


def test_pages_that_a_format_has_no_place_for_are_named() -> None:
    first, *rest = [files.colored(page) for page in photo.open_pages(album())]
    with photo.collect_warnings() as notes:
        files.saved(first.with_pages(rest), format="png")
    assert len(notes) == 1
    assert "more than one page" in notes[0]


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_truncated_tiff_is_refused(share: float, compression: str | None) -> None:
    file = tiff(np.asarray(files.astronaut()), photometric="rgb", compression=compression)
    with pytest.raises(PhotoError, match=r"incomplete TIFF|no picture"):
        photo.open(file[: int(len(file) * share)])


def test_directories_in_a_circle_are_refused_or_end() -> None:
    file = bytearray(tiff(files.grey()))
    first = struct.unpack_from("<I", file, 4)[0]
    count = struct.unpack_from("<H", file, first)[0]
    struct.pack_into("<I", file, first + 2 + 12 * count, first)
    assert photo.pages(bytes(file)) == 1
    loop = bytearray(files.exif(thumbnail=False))
    camera = loop.index(struct.pack("<H", 0x9003)) - 2
    struct.pack_into("<I", loop, camera + 2 + 12 * 4, camera)
    opened = photo.open(files.grey())
    damaged = replace(opened, metadata=replace(opened.metadata, exif=bytes(loop)))
    with photo.collect_warnings() as notes:
        files.saved(files.colored(damaged), format="tiff")
    assert "circle" in notes[0]


@pytest.mark.parametrize(("count", "link"), [(0, 0), (1, 0), (1, 5_000_000)])
def test_a_link_to_exif_that_leads_nowhere_is_left_out(count: int, link: int) -> None:
    block = bytearray(files.exif(thumbnail=False))
    entry = block.index(struct.pack("<HH", 0x8769, 4))
    struct.pack_into("<II", block, entry + 4, count, link)
    jpeg = files.with_segments(files.encoded(GREY, "JPEG"), files.jpeg_segment(1, b"Exif\0\0" + bytes(block)))
    found = tags(files.saved(files.colored(photo.open(jpeg)), format="tiff"))
    assert found[0x010F] == "Kodak Brownie"
    assert 0x8769 not in found


def test_a_bigtiff_stays_one() -> None:
    file = files.saved(files.colored(photo.open(tiff(files.grey(), bigtiff=True))))
    assert file[:4] == b"II+\0"
    assert tifffile.imread(io.BytesIO(file)).shape == (64, 96, 3)

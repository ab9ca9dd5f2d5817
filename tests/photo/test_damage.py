"""Damage anywhere in a file ends in a picture or in a `PhotoError`, never in anything else."""

import io
import lzma
import math
import struct
import tracemalloc
from functools import cache
from importlib.util import find_spec

import numpy as np
import photo_files as files
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoError


@cache
def seeds() -> dict[str, bytes]:
    grey, rgb = Image.fromarray(files.grey()), files.astronaut().resize((48, 32))
    exif = b"Exif\0\0" + files.exif(6)
    jpeg = files.with_segments(
        files.encoded(grey, "JPEG", icc_profile=files.profile("grey"), exif=exif),
        files.jpeg_segment(1, b"http://ns.adobe.com/xap/1.0/\0" + files.xmp()),
        files.jpeg_segment(13, b"Photoshop 3.0\0" + files.photoshop()),
    )
    with photo.collect_warnings():  # AVIF and others have no place for IPTC
        return {
            "grey JPEG": jpeg,
            "progressive JPEG": files.encoded(rgb, "JPEG", progressive=True, icc_profile=files.profile("adobe")),
            "PNG": files.encoded(rgb.convert("P"), "PNG", exif=exif, icc_profile=files.profile("adobe")),
            "TIFF": files.saved(files.colored(photo.open(jpeg)), format="tiff"),
            "LZW TIFF": files.encoded(grey, "TIFF", compression="tiff_lzw"),
            "WebP": files.encoded(rgb, "WEBP", exif=exif, xmp=files.xmp()),
            "BMP": files.encoded(rgb.convert("P"), "BMP"),
            "AVIF": files.saved(files.colored(photo.open(jpeg)), format="avif"),
            "JPEG 2000": files.saved(files.colored(photo.open(jpeg)), format="jp2"),
            "J2K": files.encoded(rgb, "JPEG2000", no_jp2=True, tile_size=(32, 32)),
        } | _extras(photo.open(jpeg))


def _extras(opened: photo.Photo) -> dict[str, bytes]:
    """Files in the formats of the extras that are installed."""
    there = {"heic": "pillow_heif", "jxl": "pyjpegxl"}
    return {
        format: files.saved(files.colored(opened), format=format)
        for format, module in there.items()
        if find_spec(module)
    }


@pytest.mark.parametrize("kind", list(seeds()))
@given(st.data())
@settings(max_examples=60)
def test_damage_anywhere_is_met_with_a_picture_or_a_clear_error(kind: str, data: st.DataObject) -> None:
    file = bytearray(seeds()[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(file), 1500) - 1) | st.integers(0, len(file) - 1))
        file[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    with photo.collect_warnings():
        try:
            opened = photo.open(bytes(file), max_pixels=1_000_000)
        except PhotoError:
            return
        for format in (None, "tiff"):
            assert files.saved(files.colored(opened), format=format)


def test_a_tag_that_points_outside_the_file_is_left_out_wherever_it_stands() -> None:
    block = bytearray(files.exif(thumbnail=False))
    gps = block.index(b"\2\0\5\0\3\0\0\0")  # GPSLatitude, three fractions
    block[gps + 8 : gps + 12] = b"\xff\xff\xff\x7f"
    source = files.encoded(Image.fromarray(files.grey()), "JPEG", exif=b"Exif\0\0" + bytes(block))
    image = files.decoded(files.saved(files.colored(photo.open(source)), format="tiff"))
    assert image.getexif().get_ifd(0x8825) == {1: "N"}
    assert image.getexif()[0x010F] == "Kodak Brownie"


# --- files made to do harm, each of which once did ------------------------------------------------


def entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def directory(*entries: bytes, following: int = 0) -> bytes:
    return struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", following)


def page(strip: int, *more: bytes, width: int = 16, compression: int = 1, strips: int = 1) -> tuple[bytes, ...]:
    """Entries of a grey page of 8 bit, as high as wide; with several strips, `strip` is where their places stand."""
    return (
        *(entry(256, 4, 1, width), entry(257, 4, 1, width), entry(258, 3, 1, 8), entry(259, 3, 1, compression)),
        *(entry(262, 3, 1, 1), entry(273, 4, strips, strip), entry(277, 3, 1, 1), entry(278, 4, 1, width)),
        entry(279, 4, strips, strip + 4 * strips if strips > 1 else width * width),
        *more,
    )


def opened(file: bytes) -> photo.Photo:
    with photo.collect_warnings():
        return photo.open(file)


def test_directories_in_directories_without_end_are_refused() -> None:
    step = len(directory(b"x" * 12))
    start = 8 + 256
    chain = b"".join(directory(entry(330, 4, 1, start + step * (level + 1))) for level in range(3000))
    body = bytes(256) + chain + directory(entry(1, 3, 1, 1))
    file = b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory(*page(8, entry(330, 4, 1, start)))
    with pytest.raises(PhotoError, match="damaged or incomplete TIFF"):
        opened(file)


def test_tags_that_share_their_bytes_do_not_unfold_to_gigabytes() -> None:
    body = bytes(100_000)
    shared = [entry(40000 + number, 1, len(body), 8) for number in range(300)]
    file = b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory(*page(8, *shared))
    with pytest.raises(PhotoError, match="stand in each other"):
        opened(file)


def test_directories_that_stand_in_each_other_are_refused() -> None:
    body = struct.pack("<H", 2000) * 30_000
    file = bytearray(b"II*\0" + struct.pack("<I", 8) + body)
    for number in range(100):  # each says that it has 2000 entries, and leads to one four bytes further on
        struct.pack_into("<I", file, 8 + 4 * number + 2 + 12 * 2000, 8 + 4 * number + 4)
    with pytest.raises(PhotoError, match="stand in each other"):
        opened(bytes(file))


def test_pages_by_the_ten_thousand_are_refused_before_any_is_read() -> None:
    step = len(directory(*page(8)))
    pages = [directory(*page(8), following=264 + step * (number + 1)) for number in range(10_001)]
    file = b"II*\0" + struct.pack("<I", 264) + bytes(256) + b"".join(pages)
    with pytest.raises(PhotoError, match="more than 10,000 pages; split"):
        opened(file)


def test_a_size_that_is_no_number_is_refused() -> None:
    body = struct.pack("<d", math.nan)
    file = b"II*\0" + struct.pack("<I", 16) + body + directory(entry(256, 12, 1, 8), *page(8)[1:])
    with pytest.raises(PhotoError, match="0 x 16 pixels"):
        opened(file)


def test_places_before_the_file_begins_are_refused() -> None:
    stream = io.BytesIO()
    planes = np.moveaxis(np.asarray(files.astronaut().resize((48, 32))), 2, 0)
    tifffile.imwrite(stream, planes, photometric="rgb", planarconfig="separate", tile=(16, 16), metadata=None)
    file = bytearray(stream.getvalue())
    place = file.index(struct.pack("<HH", 324, 4))
    (values,) = struct.unpack_from("<I", file, place + 8)
    struct.pack_into("<H", file, place + 2, 9)  # signed
    struct.pack_into("<i", file, values, -1)
    with pytest.raises(PhotoError, match="damaged or incomplete TIFF"):
        opened(bytes(file))


def test_strips_that_share_one_compressed_content_are_unfolded_once() -> None:
    side, count = 1000, 2000
    bomb = lzma.compress(bytes([7]) * side * side, preset=0)
    body = bomb + struct.pack("<I", 8) * count + struct.pack("<I", len(bomb)) * count
    tags = page(8 + len(bomb), width=side, compression=34925, strips=count)
    file = b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory(*tags)
    tracemalloc.start()
    try:
        assert (opened(file).luma == 7).all()
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_tile_far_larger_than_its_picture_is_not_unfolded() -> None:
    bomb = lzma.compress(bytes(1000), preset=0)
    tiles = entry(322, 4, 1, 60_000), entry(323, 4, 1, 60_000), entry(324, 4, 1, 8), entry(325, 4, 1, len(bomb))
    tags = sorted([*(tag for tag in page(8, compression=34925) if tag[:2] not in (b"\x11\1", b"\x17\1")), *tiles])
    file = b"II*\0" + struct.pack("<I", 8 + len(bomb)) + bomb + directory(*tags)
    with pytest.raises(PhotoError, match="far larger"):
        opened(file)


def test_run_lengths_that_are_far_too_few_for_their_pixels_are_refused() -> None:
    data = b"\0\1"  # the end of the picture, before its first pixel
    file = struct.pack("<2sIHHI", b"BM", 1078 + len(data), 0, 0, 1078)
    file += struct.pack("<IiiHHIIiiII", 40, 20_000, 20_000, 1, 8, 1, len(data), 0, 0, 256, 0) + bytes(1024) + data
    with pytest.raises(PhotoError, match="too little"):
        opened(file)


def test_a_jpeg_that_is_drawn_over_without_end_is_refused() -> None:
    file = files.encoded(Image.fromarray(files.grey()), "JPEG", progressive=True)
    scan = file[file.rindex(b"\xff\xda") : -2]
    with pytest.raises(PhotoError, match="drawn over"):
        opened(file[:-2] + scan * 1001 + file[-2:])
    assert opened(file + scan * 1001).luma.shape == files.grey().shape  # behind the end stands no picture


def test_large_iptc_goes_into_a_png_in_no_time() -> None:
    block = files.photoshop(files.IPTC + b"\x1c\x02\x78\x80\x04" + struct.pack(">I", 2_000_000) + bytes(2_000_000))
    segments = [
        files.jpeg_segment(13, b"Photoshop 3.0\0" + block[start : start + 60_000])
        for start in range(0, len(block), 60_000)
    ]
    source = files.with_segments(files.encoded(Image.fromarray(files.grey()), "JPEG"), *segments)
    with photo.collect_warnings():
        again = photo.open(files.saved(files.colored(photo.open(source)), format="png"))
    assert again.metadata.iptc is not None
    assert len(again.metadata.iptc) > 2_000_000

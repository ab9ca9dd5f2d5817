"""Damage anywhere in a file ends in a picture or in a `PhotoError`, never in anything else."""

from functools import cache
from importlib.util import find_spec

import photo_files as files
import pytest
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

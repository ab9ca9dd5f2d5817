"""Everything that a file carries beside its pixels comes out again: every EXIF tag by value, wherever it is stored.

The EXIF is that of exif_files.py, with a tag of every type that TIFF 6.0 knows; Pillow and exact
bytes say what became of it.
"""

import struct
from typing import Any

import exif_files
import numpy as np
import photo_files as files
import pytest
from exif_files import EXIF, INTEROP, MAKER_NOTE, SIZE, Order, block
from PIL import Image, ImageOps

from photochrom import photo
from photochrom.photo import profiles

FORMATS = ["JPEG", "PNG", "TIFF", "WEBP"]
GREY = Image.fromarray(files.grey(*SIZE))


def stored(format: str, order: Order, orientation: int = 1, image: Image.Image = GREY) -> bytes:
    """A file with this EXIF, and with IPTC and XMP where the format keeps them."""
    exif = block(order, orientation)
    if format == "TIFF":
        return block(order, orientation, image)
    if format == "JPEG":
        return files.with_segments(
            files.encoded(image, "JPEG", quality=95, dpi=(300, 300)),
            files.jpeg_segment(1, b"Exif\0\0" + exif),
            files.jpeg_segment(1, b"http://ns.adobe.com/xap/1.0/\0" + files.xmp()),
            files.jpeg_segment(13, b"Photoshop 3.0\0" + files.photoshop()),
        )
    if format == "PNG":
        iptc = files.photoshop()
        raw = f"\niptc\n{len(iptc):8d}\n{iptc.hex()}\n".encode()
        return files.with_chunks(
            files.encoded(image, "PNG", dpi=(300, 300)),
            files.png_chunk(b"eXIf", exif),
            files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + files.xmp()),
            files.png_chunk(b"tEXt", b"Raw profile type iptc\0" + raw),
        )
    return files.encoded(image, "WEBP", lossless=True, exif=exif, xmp=files.xmp())


def values(file: bytes) -> dict[tuple[int, int], Any]:
    """What Pillow finds in a file's EXIF."""
    return exif_files.values(files.decoded(file).getexif())


def expected(format: str, order: Order, size: tuple[int, int]) -> dict[tuple[int, int], Any]:
    """What `values` must find in the result."""
    kept = values(stored(format, order))
    return kept | {(0, 0x0112): 1, (EXIF, 0xA002): size[0], (EXIF, 0xA003): size[1]}


def without_what_tiff_hides(found: dict[tuple[int, int], Any]) -> dict[tuple[int, int], Any]:
    """Without the directory that Pillow does not find in a TIFF, and the orientation, which is the pixels' there."""
    return {key: value for key, value in found.items() if key[0] != INTEROP and key != (0, 0x0112)}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_every_tag_has_its_value_in_every_format(source: str, target: str, order: Order) -> None:
    opened = photo.open(stored(source, order))
    result = files.saved(files.colored(opened), format=target)
    found, wanted = values(result), expected(source, order, SIZE)
    if "TIFF" in (source, target):
        found, wanted = (without_what_tiff_hides(each) for each in (found, wanted))
    assert found == wanted
    assert len(found) >= 25
    assert found[EXIF, 0x927C] == MAKER_NOTE


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("source", FORMATS)
def test_the_directory_that_pillow_does_not_look_for_in_a_tiff_is_there_too(source: str, order: Order) -> None:
    result = files.saved(files.colored(photo.open(stored(source, order))), format="tiff")
    back = files.saved(files.colored(photo.open(result)), format="jpeg")
    found = values(back)
    assert (found[INTEROP, 1], found[INTEROP, 2]) == ("R98", b"0100")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("target", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP"])
def test_maker_notes_stay_where_they_are_in_the_block(source: str, target: str, order: Order) -> None:
    before = block(order, 6)
    result = files.saved(files.colored(photo.open(stored(source, order, 6))), format=target)
    after = photo.open(result).metadata.exif
    assert after is not None
    assert after in result
    assert after.index(MAKER_NOTE) == before.index(MAKER_NOTE)
    differing = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert len(differing) <= 1 + 2 * 4  # the orientation, the two sides


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("format", FORMATS)
def test_every_orientation_is_applied_and_becomes_normal(format: str, order: Order, orientation: int) -> None:
    turned = GREY.copy()
    turned.getexif()[0x0112] = orientation
    upright = ImageOps.exif_transpose(turned)
    result = files.saved(files.colored(photo.open(stored(format, order, orientation))))
    image = files.decoded(result)
    assert image.size == upright.size
    assert np.abs(files.pillow_grey(image.convert("RGB")) - np.asarray(upright)).mean() < (3 if format == "JPEG" else 1)
    assert image.getexif().get(0x0112, 1) == 1
    found, wanted = values(result), expected(format, order, upright.size)
    assert without_what_tiff_hides(found) == without_what_tiff_hides(wanted)


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_density_xmp_and_iptc_come_through_or_their_loss_is_named(source: str, target: str) -> None:
    opened = photo.open(stored(source, "<"))
    with photo.collect_warnings() as notes:
        result = files.saved(files.colored(opened), format=target)
    again = photo.open(result)
    assert b"Migrant Mother" in (again.metadata.xmp or b"")
    assert photo.read_record(again.metadata.xmp) == files.RECORD
    assert again.metadata.density is not None
    assert again.metadata.density.per_inch() == pytest.approx((300, 300), abs=0.01)
    iptc = source != "WEBP"
    assert again.metadata.iptc == (files.IPTC if iptc and target != "WEBP" else None)
    assert ["IPTC" in note for note in notes] == ([True] if iptc and target == "WEBP" else [])


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("depth", [8, 16])
def test_the_depth_stays(format: str, depth: int) -> None:
    samples = files.grey() if depth == 8 else files.grey().astype(np.uint16) * np.uint16(256)
    file = files.encoded(Image.fromarray(samples), format)
    opened = photo.open(files.saved(files.colored(photo.open(file))))
    assert (opened.depth, opened.luma.dtype) == (depth, samples.dtype)
    assert np.abs(opened.luma.astype(int) - samples).max() <= 1


@pytest.mark.parametrize("link", [1, 11, 0xFFFFFF00])
def test_a_link_that_leads_nowhere_costs_its_directory_and_not_the_picture(link: int) -> None:
    file = bytearray(block("<", 1, GREY))
    place = file.index(struct.pack("<HHI", INTEROP, 4, 1))
    struct.pack_into("<I", file, place + 8, link)
    found = values(files.saved(files.colored(photo.open(bytes(file))), format="jpeg"))
    assert found[EXIF, 0x927C] == MAKER_NOTE
    assert not [key for key in found if key[0] == INTEROP]


def test_bmp_which_has_no_place_for_a_profile_shows_the_same_colors() -> None:
    icc = files.profile("adobe")
    opened = files.colored(photo.open(files.encoded(GREY.convert("RGB"), "PNG", icc_profile=icc)), strength=12)
    with photo.collect_warnings() as notes:
        found = np.asarray(files.decoded(files.saved(opened, format="bmp")))
    assert "the colour profile" in notes[0]
    np.testing.assert_array_equal(found, profiles.rgb_to_srgb(opened.rgb(), icc))
    assert np.abs(found.astype(int) - opened.rgb()).mean() > 2

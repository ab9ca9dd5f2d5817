"""EXIF is changed where it stands: everything that we don't know keeps its place."""

import io
from typing import Literal

import photo_files as files
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from photochrom.photo import exif
from photochrom.photo.metadata import Density


def parsed(block: bytes) -> Image.Exif:
    result = Image.Exif()
    result.load(b"Exif\0\0" + block)
    return result


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_the_orientation_is_found_and_becomes_normal(order: Literal["<", ">"], value: int) -> None:
    block = files.exif(value, order=order)
    assert exif.orientation(block) == value == parsed(block)[0x0112]
    upright = exif.upright(block, width=64, height=96)
    assert upright is not None
    assert exif.orientation(upright) == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_sizes_are_those_of_the_upright_picture_and_resolutions_turn(order: Literal["<", ">"]) -> None:
    block = files.exif(6, order=order, size=(96, 64), resolution=(300, 200))
    upright = exif.upright(block, width=64, height=96, turned=True)
    assert upright is not None
    found = parsed(upright)
    assert (found.get_ifd(0x8769)[0xA002], found.get_ifd(0x8769)[0xA003]) == (64, 96)
    assert (found[0x011A], found[0x011B]) == (200, 300)
    assert exif.density(block) == Density(300, 200, "inch")


@pytest.mark.parametrize("order", ["<", ">"])
def test_all_else_stays_byte_for_byte_but_the_grey_thumbnail_goes(order: Literal["<", ">"]) -> None:
    block = files.exif(1, order=order)
    upright = exif.upright(block, width=96, height=64)
    assert upright is not None
    assert files.THUMBNAIL in block
    assert files.THUMBNAIL not in upright
    plain = files.exif(1, order=order, thumbnail=False)
    differing = [i for i in range(len(plain)) if upright[i] != block[i]]
    assert len(differing) <= 4  # the link to the thumbnail's directory
    found = parsed(upright)
    assert found.get_ifd(0x8769)[0x927C] == files.MAKER_NOTE
    assert found.get_ifd(0x8825)[1] == "N"


def test_a_thumbnail_that_is_not_at_the_end_is_blanked() -> None:
    block = files.exif() + b"something behind it"
    upright = exif.upright(block, width=96, height=64)
    assert upright is not None
    assert len(upright) == len(block)
    assert files.THUMBNAIL not in upright
    assert upright.endswith(b"something behind it")


@pytest.mark.parametrize("block", [None, b"", b"II*\0", b"not EXIF at all", b"MM\0*\0\0\0\x08"])
def test_no_or_broken_exif_says_nothing(block: bytes | None) -> None:
    assert exif.orientation(block) is None
    assert exif.density(block) is None


@given(st.binary(max_size=60), st.integers(0, 300), st.sampled_from(["<", ">"]))
def test_damage_anywhere_is_survived(junk: bytes, place: int, order: Literal["<", ">"]) -> None:
    block = files.exif(6, order=order)
    damaged = block[:place] + junk + block[place + len(junk) :]
    assert exif.orientation(damaged) in {None, *range(1, 9)}
    exif.density(damaged)
    upright = exif.upright(damaged, width=10, height=20, turned=True)
    assert upright is None or len(upright) <= len(damaged)
    assert exif.orientation(upright) in (None, 1)


def test_pillow_reads_what_is_left() -> None:
    upright = exif.upright(files.exif(8), width=64, height=96)
    file = files.encoded(files.astronaut(), "JPEG", exif=b"Exif\0\0" + (upright or b""))
    assert Image.open(io.BytesIO(file)).getexif()[0x010F] == "Kodak Brownie"

"""JPEG: planes stay planes, metadata comes through, tables stay near, damage is refused."""

import io
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import photo_files as files
import pytest
import simplejpeg
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from photochrom import photo
from photochrom.errors import PhotoError
from photochrom.photo.formats.jpeg_quality import nearest_quality

GREY = Image.fromarray(files.grey())


def segments(jpeg: bytes) -> list[tuple[int, bytes]]:
    """(marker, content) up to the first scan, read without our code."""
    found, place = [], 2
    while jpeg[place + 1] != 0xDA:
        length = struct.unpack_from(">H", jpeg, place + 2)[0]
        found.append((jpeg[place + 1], jpeg[place + 4 : place + 2 + length]))
        place += 2 + length
    return found


def tables(jpeg: bytes) -> dict[int, list[int]]:
    """The quantization tables."""
    image = files.decoded(jpeg)
    assert isinstance(image, JpegImageFile)
    return image.quantization


def plane(jpeg: bytes) -> Any:
    return simplejpeg.decode_jpeg(jpeg, colorspace="GRAY")[..., 0].astype(int)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30}, {"optimize": True}])
def test_a_grey_jpeg_is_opened_as_its_own_samples(options: dict[str, Any]) -> None:
    file = files.encoded(GREY, "JPEG", **options)
    opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, np.asarray(files.decoded(file)))
    assert (opened.format, opened.was_colored, opened.depth) == ("JPEG", "grey", 8)


@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 1}, {"subsampling": 2}, {"progressive": True}])
def test_the_luma_of_a_colour_jpeg_is_its_own_luma_plane(options: dict[str, Any]) -> None:
    file = files.encoded(files.astronaut(), "JPEG", **options)
    own = Image.open(io.BytesIO(file))
    own.draft("L", own.size)  # libjpeg then gives the Y plane as it is stored
    opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, np.asarray(own))
    assert opened.was_colored == "color"


def test_a_jpeg_stored_as_rgb_is_opened_as_pillow_turns_it_grey() -> None:
    file = files.encoded(files.astronaut(), "JPEG", keep_rgb=True)
    opened = photo.open(file)
    assert np.abs(opened.luma - files.pillow_grey(files.decoded(file))).max() <= 1
    assert opened.was_colored == "color"


def test_a_cmyk_jpeg_is_brought_to_srgb_and_says_so() -> None:
    opened = photo.open(files.encoded(files.astronaut().convert("CMYK"), "JPEG", quality=95))
    assert np.corrcoef(opened.luma.ravel(), files.pillow_grey(files.astronaut()).ravel())[0, 1] > 0.95
    assert files.decoded(files.saved(files.colored(opened))).info["icc_profile"] == opened.metadata.icc
    assert opened.metadata.icc is not None


def test_the_planes_are_what_is_encoded() -> None:
    colored = files.colored(photo.open(files.encoded(GREY, "JPEG")))
    file = files.saved(colored, quality=100, subsampling="444")
    y, cb, cr = colored.planes("444")
    back = np.asarray(files.decoded(file).convert("YCbCr")).astype(int)
    assert np.abs(plane(file) - y).max() <= 1
    assert np.abs(back[..., 1] - cb).mean() < 1.5
    assert np.abs(back[..., 2] - cr).mean() < 1.5


@pytest.mark.parametrize("quality", [1, 10, 35, 49, 50, 51, 75, 90, 93, 100])
def test_a_result_has_the_quality_of_its_input(quality: int) -> None:
    file = files.encoded(files.astronaut(), "JPEG", quality=quality)
    assert tables(files.saved(files.colored(photo.open(file)))) == tables(file)


@pytest.mark.parametrize("quality", [5, 20, 60, 85, 97])
def test_the_quality_of_a_grey_jpeg_is_found_from_its_one_table(quality: int) -> None:
    file = files.encoded(GREY, "JPEG", quality=quality)
    assert tables(files.saved(files.colored(photo.open(file))))[0] == tables(file)[0]


def test_tables_of_another_maker_get_the_nearest_quality() -> None:
    natural = np.array(tables(files.encoded(GREY, "JPEG", quality=80))[0])
    order = sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8))
    noise = np.random.default_rng(0).integers(-1, 2, 64)
    assert abs(nearest_quality(natural[order] + noise) - 80) <= 1
    assert nearest_quality(None) == 92


def test_quality_and_subsampling_are_as_asked() -> None:
    colored = files.colored(photo.open(files.encoded(GREY, "JPEG", quality=50)))
    for subsampling, name in (("420", "420"), ("444", "444")):
        file = files.saved(colored, quality=77, subsampling=subsampling)
        assert simplejpeg.decode_jpeg_header(file)[3] == name
        assert tables(file) == tables(files.encoded(files.astronaut(), "JPEG", quality=77))


@pytest.mark.parametrize(("given", "expected"), [(0, "444"), (1, "420"), (2, "420")])
def test_the_subsampling_is_that_of_the_input(given: int, expected: str) -> None:
    file = files.encoded(files.astronaut(), "JPEG", subsampling=given)
    assert simplejpeg.decode_jpeg_header(files.saved(files.colored(photo.open(file))))[3] == expected


@pytest.mark.parametrize("options", [{"quality": 0}, {"quality": 101}, {"subsampling": "422"}])
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(PhotoError, match=r"quality|subsampling"):
        files.saved(files.colored(photo.open(files.grey())), format="jpeg", **options)


def test_everything_beside_the_pixels_comes_through() -> None:
    exif, packet, icc = files.exif(), files.xmp(), files.profile("adobe")
    source = files.with_segments(
        files.encoded(GREY, "JPEG", dpi=(240, 240)),
        files.jpeg_segment(1, b"Exif\0\0" + exif),
        files.jpeg_segment(1, b"http://ns.adobe.com/xap/1.0/\0" + packet),
        files.jpeg_segment(2, b"ICC_PROFILE\0\1\1" + icc),
        files.jpeg_segment(13, b"Photoshop 3.0\0" + files.photoshop()),
        files.jpeg_segment(-2, b"scanned at home"),
    )
    result = files.saved(files.colored(photo.open(source)))
    found = segments(result)
    image = files.decoded(result)
    assert image.info["dpi"] == (240, 240)
    assert image.info["icc_profile"] == icc
    assert image.info["comment"] == b"scanned at home"
    assert image.getexif()[0x010F] == "Kodak Brownie"
    assert image.getexif().get_ifd(0x8769)[0x927C] == files.MAKER_NOTE
    assert image.info["photoshop"][0x0404] == files.IPTC
    assert image.info["photoshop"][0x0BB7] == b"odd"
    assert b"Migrant Mother" in image.info["xmp"]
    assert [marker for marker, _ in found[:1]] == [0xE0]
    assert sum(content.startswith(b"JFIF") for _, content in found) == 1


def test_a_profile_and_iptc_longer_than_a_segment_come_through() -> None:
    icc = files.profile("adobe")
    icc = (len(icc) + 150_000).to_bytes(4, "big") + icc[4:] + bytes(150_000)
    iptc = files.IPTC + b"\x1c\x02\x78\x80\x04" + (100_000).to_bytes(4, "big") + b"x" * 100_000
    parts = [icc[i : i + 60_000] for i in range(0, len(icc), 60_000)]
    block = files.photoshop(iptc)
    source = files.with_segments(
        files.encoded(GREY, "JPEG"),
        *(files.jpeg_segment(2, b"ICC_PROFILE\0" + bytes([n + 1, len(parts)]) + p) for n, p in enumerate(parts)),
        files.jpeg_segment(13, b"Photoshop 3.0\0" + block[:60_000]),
        files.jpeg_segment(13, b"Photoshop 3.0\0" + block[60_000:]),
    )
    again = photo.open(files.saved(files.colored(photo.open(source))))
    assert again.metadata.icc == icc
    assert again.metadata.iptc == iptc


def test_xmp_longer_than_a_segment_is_split_and_joined_again() -> None:
    packet = files.xmp(f"<dc:title>{'long ' * 30_000}</dc:title>")
    opened = photo.open(files.encoded(GREY, "JPEG"))
    long = replace(opened, metadata=replace(opened.metadata, xmp=packet))
    file = files.saved(files.colored(long))
    assert all(len(content) <= 65533 for _, content in segments(file))
    again = photo.open(file)
    assert b"long " * 30_000 in (again.metadata.xmp or b"")
    assert photo.read_record(again.metadata.xmp) == files.RECORD
    twice = photo.open(files.saved(files.colored(again)))
    assert b"long " * 30_000 in (twice.metadata.xmp or b"")


@pytest.mark.parametrize(("unit", "dpi"), [(1, (72, 96)), (2, (118, 118)), (0, (1, 2))])
def test_density_comes_through_in_its_unit(unit: int, dpi: tuple[int, int]) -> None:
    plain = bytearray(files.encoded(GREY, "JPEG"))
    struct.pack_into(">BHH", plain, 13, unit, *dpi)
    content = segments(files.saved(files.colored(photo.open(bytes(plain)))))[0][1]
    assert struct.unpack_from(">BHH", content, 7) == (unit, *dpi)


def test_content_credentials_and_other_pictures_of_the_file_are_left_out() -> None:
    credentials = files.jpeg_segment(11, b"JP..c2pa")
    source = files.with_segments(
        files.encoded(GREY, "JPEG"), credentials, credentials, files.jpeg_segment(2, b"MPF\0other picture")
    )
    with photo.collect_warnings() as notes:
        result = files.saved(files.colored(photo.open(source)))
    assert b"c2pa" not in result
    assert b"other picture" not in result
    assert len(notes) == 2
    assert "Content Credentials" in notes[0]
    assert "more pictures than one" in notes[1]


def test_of_several_pictures_in_a_jpeg_the_first_is_taken_and_that_is_said() -> None:
    source = files.encoded(GREY, "MPO", save_all=True, append_images=[Image.fromarray(files.grey()[::-1])])
    assert getattr(files.decoded(source), "n_frames", 1) == 2
    with photo.collect_warnings() as notes:
        opened = photo.open(source)
    np.testing.assert_array_equal(opened.luma, plane(source))
    assert ["more pictures than one" in note for note in notes] == [True]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_a_truncated_jpeg_is_refused(share: float, progressive: bool) -> None:
    file = files.encoded(files.astronaut(), "JPEG", progressive=progressive)
    with pytest.raises(PhotoError, match=r"family\.jpg.*incomplete JPEG"):
        _read(file[: int(len(file) * share)])


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 1}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_that_lacks_only_its_end_mark_is_read_and_that_is_said(mode: str, options: dict[str, Any]) -> None:
    file = files.encoded(files.astronaut().convert(mode).resize((101, 67)), "JPEG", **options)
    whole = photo.open(file)
    for missing in (1, 2):
        with photo.collect_warnings() as notes:
            opened = photo.open(file[:-missing])
        np.testing.assert_array_equal(opened.luma, whole.luma)
        assert ["lacks the end mark" in note for note in notes] == [True]
        assert opened.was_colored == whole.was_colored
    for missing in range(3, 60):
        with pytest.raises(PhotoError, match="incomplete JPEG"):
            photo.open(file[:-missing])


def test_so_is_one_so_large_that_it_is_decoded_in_the_background() -> None:
    file = files.encoded(files.astronaut().convert("L").resize((3000, 3000)), "JPEG")
    with photo.collect_warnings() as notes:
        opened = photo.open(file[:-2])
    np.testing.assert_array_equal(opened.luma, photo.open(file).luma)
    assert ["lacks the end mark" in note for note in notes] == [True]
    with pytest.raises(PhotoError, match="incomplete JPEG"):
        photo.open(file[:-3])


def test_a_progressive_jpeg_without_its_end_mark_is_refused_since_a_whole_scan_may_be_missing() -> None:
    file = files.encoded(files.astronaut(), "JPEG", progressive=True)
    with pytest.raises(PhotoError, match="incomplete JPEG"):
        photo.open(file[:-2])


def _read(file: bytes) -> photo.Photo:
    stream = io.BytesIO(file)
    stream.name = "family.jpg"
    return photo.open(stream)


def test_a_jpeg_with_a_hole_in_its_data_is_refused() -> None:
    file = files.encoded(files.astronaut(), "JPEG")
    with pytest.raises(PhotoError, match="incomplete JPEG"):
        photo.open(file[: len(file) // 2] + b"\xff\xd9")


def test_stray_bytes_before_the_end_do_no_harm() -> None:
    file = files.encoded(GREY, "JPEG")
    opened = photo.open(file[:-2] + bytes(7) + file[-2:] + b"a film behind the picture")
    np.testing.assert_array_equal(opened.luma, photo.open(file).luma)


@pytest.mark.parametrize("junk", [b"hello", b"\0", b"\xff\0\0\2", b"\xff\xff\xff"])
def test_stray_bytes_between_segments_do_no_harm(junk: bytes) -> None:
    whole = files.with_segments(files.encoded(files.astronaut().resize((96, 64)), "JPEG"), files.jpeg_segment(-2, b"x"))
    file = files.with_segments(whole, junk)
    assert file != whole
    opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, photo.open(whole).luma)
    assert b"\xff\xfe\0\3x" in files.saved(files.colored(opened))


def test_endless_stray_bytes_are_refused_at_once() -> None:
    with pytest.raises(PhotoError, match="garbled"):
        photo.open(files.with_segments(files.encoded(files.astronaut(), "JPEG"), bytes(1_000_000)))


def test_a_broken_profile_does_no_harm_to_the_picture() -> None:
    file = files.encoded(files.astronaut().resize((96, 64)), "JPEG")
    broken = files.with_segments(file, files.jpeg_segment(2, b"ICC_PROFILE\0\2\1odd"))
    with photo.collect_warnings() as notes:
        np.testing.assert_array_equal(photo.open(broken).luma, photo.open(file).luma)
    assert "profile" in notes[0]


def test_sides_that_jpeg_has_no_room_for_are_refused() -> None:
    tall = photo.open(np.zeros((65501, 1), np.uint8))
    with pytest.raises(PhotoError, match="65500"):
        files.saved(files.colored(tall), format="jpeg")


def test_kinds_that_are_not_read_are_named() -> None:
    file = bytearray(files.encoded(GREY, "JPEG"))
    frame = file.index(b"\xff\xc0")
    file[frame + 4] = 12
    with pytest.raises(PhotoError, match="12 bits a sample"):
        photo.open(bytes(file))
    file[frame + 1], file[frame + 4] = 0xC3, 8
    with pytest.raises(PhotoError, match="lossless"):
        photo.open(bytes(file))


def test_a_second_scan_of_a_whole_picture_is_no_way_to_hold_the_reader() -> None:
    """Only files whose scans may be many are searched for them: of the others libjpeg takes one."""
    stream = io.BytesIO()
    Image.new("L", (64, 48), 90).save(stream, "JPEG")
    data = stream.getvalue()
    start = data.rfind(b"\xff\xda")
    with pytest.raises(PhotoError, match="damaged"):
        photo.open(data[:start] + data[start:-2] * 5000 + data[-2:])

"""BMP: every depth in, density kept, damage refused, and what it has no place for is named."""

import struct

import cv2
import numpy as np
import photo_files as files
import pytest
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoError

GREY = Image.fromarray(files.grey(93, 61))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_every_mode_is_opened_as_pillow_turns_it_grey(mode: str) -> None:
    image = files.astronaut().resize((61, 47)).convert(mode)
    opened = photo.open(files.encoded(image, "BMP"))
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(image.convert("RGB")))


@pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")
def test_the_result_keeps_the_light_and_the_density() -> None:
    result = files.saved(files.colored(photo.open(files.encoded(GREY, "BMP", dpi=(300, 150)))))
    assert np.abs(files.pillow_grey(files.decoded(result)) - files.grey(93, 61)).max() <= 1
    assert struct.unpack_from("<ii", result, 38) == (11811, 5906)


@pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")
def test_alpha_is_kept_where_the_file_means_it() -> None:
    bgra = np.dstack([np.repeat(files.grey()[..., None], 3, axis=2), files.grey()[::-1]])
    file = cv2.imencode(".bmp", bgra)[1].tobytes()
    opened = photo.open(file)
    assert opened.alpha is not None
    np.testing.assert_array_equal(opened.alpha, files.grey()[::-1])
    again = photo.open(files.saved(files.colored(opened)))
    assert again.alpha is not None
    np.testing.assert_array_equal(again.alpha, files.grey()[::-1])


def test_the_unused_fourth_byte_of_32_bit_is_no_alpha() -> None:
    bgrx = np.dstack([np.repeat(files.grey()[..., None], 3, axis=2), np.zeros((64, 96), np.uint8)])
    header = struct.pack("<2sIHHI", b"BM", 54 + bgrx.nbytes, 0, 0, 54)
    header += struct.pack("<IiiHHIIiiII", 40, 96, -64, 1, 32, 0, bgrx.nbytes, 0, 0, 0, 0)
    opened = photo.open(header + bgrx.tobytes())
    assert opened.alpha is None
    np.testing.assert_array_equal(opened.luma, files.grey())


def test_run_lengths_are_read() -> None:
    row = bytes([8, 200, 4, 10, 0, 0])
    palette = b"".join(bytes([level, level, level, 0]) for level in range(256))
    data = row * 5 + bytes([0, 1])
    header = struct.pack("<2sIHHI", b"BM", 54 + 1024 + len(data), 0, 0, 54 + 1024)
    header += struct.pack("<IiiHHIIiiII", 40, 12, 5, 1, 8, 1, len(data), 0, 0, 256, 0)
    opened = photo.open(header + palette + data)
    np.testing.assert_array_equal(opened.luma, np.repeat([[200] * 8 + [10] * 4], 5, axis=0))


def test_five_and_six_bits_a_sample_become_all_of_eight() -> None:
    rgb = np.array([[31, 63, 31], [0, 0, 0], [16, 32, 16], [31, 0, 0]], np.uint16)
    samples = (rgb[:, 0] << 11 | rgb[:, 1] << 5 | rgb[:, 2]).astype("<u2").tobytes()
    for size in (40, 56):  # the masks stand behind the short header and in the long one: at the same place
        header = struct.pack("<2sIHHI", b"BM", 14 + size + 12 + len(samples), 0, 0, 70)
        header += struct.pack("<IiiHHIIiiII", size, 4, 1, 1, 16, 3, len(samples), 0, 0, 0, 0)
        header += struct.pack("<4I", 0xF800, 0x07E0, 0x001F, 0)
        np.testing.assert_array_equal(photo.open(header + samples).luma[0, :3], [255, 0, 131])


@pytest.mark.parametrize("compression", [0, 3])
def test_the_second_header_of_os2_is_read_but_not_its_own_compression(compression: int) -> None:
    plain = files.encoded(GREY, "BMP")
    header = bytearray(plain[:54])
    struct.pack_into("<I", header, 10, 78 + 1024)
    struct.pack_into("<I", header, 14, 64)
    struct.pack_into("<I", header, 30, compression)
    file = bytes(header) + bytes(24) + plain[54:]
    if compression:
        with pytest.raises(PhotoError, match="compression 3"):
            photo.open(file)
    else:
        np.testing.assert_array_equal(photo.open(file).luma, photo.open(plain).luma)


def test_a_palette_that_is_only_a_hint_may_be_of_any_length() -> None:
    file = bytearray(files.encoded(files.astronaut().resize((96, 64)), "BMP"))
    whole = photo.open(bytes(file)).luma
    struct.pack_into("<I", file, 10, 54 + 1200)
    struct.pack_into("<I", file, 46, 300)
    np.testing.assert_array_equal(photo.open(bytes(file[:54] + bytes(1200) + file[54:])).luma, whole)


def test_the_missing_place_for_mark_and_metadata_is_named_once() -> None:
    source = files.with_segments(files.encoded(GREY, "JPEG"), files.jpeg_segment(1, b"Exif\0\0" + files.exif()))
    with photo.collect_warnings() as notes:
        files.saved(files.colored(photo.open(source)), format="bmp")
    assert len(notes) == 1
    assert "EXIF" in notes[0]
    assert "mark" in notes[0]


@pytest.mark.parametrize("share", [0.005, 0.02, 0.5, 0.999])
def test_a_truncated_bmp_is_refused(share: float) -> None:
    file = files.encoded(files.astronaut().resize((200, 100)), "BMP")
    with pytest.raises(PhotoError, match=r"incomplete BMP|no picture"):
        photo.open(file[: int(len(file) * share)])

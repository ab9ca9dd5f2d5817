"""PNG: every kind in, 8 and 16 bit out, and each chunk that still holds comes through."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import photo_files as files
import pytest
import pyvips
from PIL import Image, ImageCms

from photochrom import photo
from photochrom.errors import PhotoError

GREY = Image.fromarray(files.grey())


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """(type, content) of each chunk, read without our code; their checksums are right."""
    found, place = [], 8
    while place < len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        content = png[place + 8 : place + 8 + length]
        assert zlib.crc32(kind + content) == struct.unpack_from(">I", png, place + 8 + length)[0]
        found.append((kind, content))
        place += 12 + length
    return found


def raw_png(samples: np.ndarray[Any, Any], depth: int, kind: int, *extra: bytes) -> bytes:
    """A PNG of less than 8 bit, by the specification."""
    height, width = samples.shape
    per_byte = 8 // depth
    padded = np.pad(samples, ((0, 0), (0, -width % per_byte))).reshape(height, -1, per_byte)
    shifts = np.arange(per_byte)[::-1] * depth
    rows = (padded << shifts).sum(axis=2).astype(np.uint8)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [files.png_chunk(b"IHDR", header), *extra]
    parts += [files.png_chunk(b"IDAT", zlib.compress(data)), files.png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_grey_of_less_than_8_bit_becomes_8_bit_rgb(depth: int) -> None:
    samples = np.random.default_rng(depth).integers(0, 2**depth, (13, 21)).astype(np.int64)
    opened = photo.open(raw_png(samples, depth, 0))
    np.testing.assert_array_equal(opened.luma, samples * 255 // (2**depth - 1))
    assert opened.depth == depth
    assert chunks(files.saved(files.colored(opened)))[0][1][8:10] == b"\x08\x02"


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_palette_becomes_8_bit_rgb(depth: int) -> None:
    rng = np.random.default_rng(depth)
    palette = rng.integers(0, 256, (2**depth, 3)).astype(np.uint8)
    samples = rng.integers(0, 2**depth, (13, 21)).astype(np.int64)
    opened = photo.open(raw_png(samples, depth, 3, files.png_chunk(b"PLTE", palette.tobytes())))
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(palette[samples]))
    assert chunks(files.saved(files.colored(opened)))[0][1][8:10] == b"\x08\x02"


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1"])
def test_every_mode_is_opened_as_pillow_turns_it_grey(mode: str) -> None:
    image = files.astronaut().resize((61, 47)).convert(mode)
    opened = photo.open(files.encoded(image, "PNG"))
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_is_kept(mode: str) -> None:
    image = files.astronaut().resize((61, 47)).convert(mode)
    image.putalpha(Image.fromarray(files.grey(61, 47)))
    result = files.decoded(files.saved(files.colored(photo.open(files.encoded(image, "PNG")))))
    assert result.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(result)[..., 3], files.grey(61, 47))


def test_a_transparent_grey_level_becomes_alpha() -> None:
    file = files.encoded(GREY, "PNG", transparency=int(files.grey()[5, 5]))
    opened = photo.open(file)
    assert opened.alpha is not None
    np.testing.assert_array_equal(opened.alpha == 0, files.grey() == files.grey()[5, 5])


def test_16_bit_grey_stays_16_bit_to_the_level() -> None:
    samples = np.random.default_rng(0).integers(0, 65536, (31, 45)).astype(np.uint16)
    opened = photo.open(files.encoded(Image.fromarray(samples), "PNG"))
    np.testing.assert_array_equal(opened.luma, samples)
    file = files.saved(files.colored(opened))
    assert chunks(file)[0][1][8:10] == b"\x10\x02"
    rgb = pyvips.Image.new_from_buffer(file, "").numpy().astype(np.int64)
    luma = (rgb @ np.array([19595, 38470, 7471]) + 0x8000) >> 16
    assert np.abs(luma - samples).max() <= 1


def test_16_bit_with_alpha_stays_so() -> None:
    samples = np.random.default_rng(0).integers(0, 65536, (9, 7, 2)).astype(np.uint16)
    file = files.saved(files.colored(photo.open(samples)), format="png")
    rgba = pyvips.Image.new_from_buffer(file, "").numpy()
    assert rgba.dtype == np.uint16
    np.testing.assert_array_equal(rgba[..., 3], samples[..., 1])


def test_an_interlaced_png_is_read() -> None:
    samples = files.grey(45, 31)
    image = pyvips.Image.new_from_memory(samples.tobytes(), 45, 31, 1, "uchar")
    np.testing.assert_array_equal(photo.open(image.pngsave_buffer(interlace=True)).luma, samples)


def test_everything_beside_the_pixels_comes_through() -> None:
    icc, block = files.profile("adobe"), files.photoshop()
    raw = f"\niptc\n{len(block):8d}\n{block.hex()}\n".encode()
    source = files.with_chunks(
        files.encoded(GREY, "PNG", dpi=(300, 300)),
        files.png_chunk(b"iCCP", b"Adobe\0\0" + zlib.compress(icc)),
        files.png_chunk(b"eXIf", files.exif()),
        files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + files.xmp()),
        files.png_chunk(b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(raw)),
        files.png_chunk(b"tEXt", b"Author\0Dorothea Lange"),
        files.png_chunk(b"tIME", b"\x07\x90\3\6\x0c\0\0"),
        files.png_chunk(b"bKGD", b"\0\0"),
    )
    result = files.saved(files.colored(photo.open(source)))
    image, found = files.decoded(result), dict(chunks(result))
    assert image.info["icc_profile"] == icc
    assert image.info["Author"] == "Dorothea Lange"
    assert image.getexif()[0x010F] == "Kodak Brownie"
    assert image.getexif().get_ifd(0x8769)[0x927C] == files.MAKER_NOTE
    assert "Migrant Mother" in str(image.info["XML:com.adobe.xmp"])
    assert found[b"tIME"] == b"\x07\x90\3\6\x0c\0\0"
    assert struct.unpack(">IIB", found[b"pHYs"]) == (11811, 11811, 1)
    assert photo.open(result).metadata.iptc == files.IPTC
    assert b"bKGD" not in found


def test_exif_as_imagemagick_writes_it_is_understood() -> None:
    block = b"Exif\0\0" + files.exif(6, size=(96, 64))
    raw = f"\nexif\n{len(block):8d}\n{block.hex()}\n".encode()
    source = files.with_chunks(
        files.encoded(GREY, "PNG"), files.png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw))
    )
    result = files.decoded(files.saved(files.colored(photo.open(source))))
    assert result.size == (64, 96)
    assert result.getexif()[0x0112] == 1


def test_chunks_on_colour_stay_where_the_numbers_mean_the_same() -> None:
    extra = files.png_chunk(b"gAMA", struct.pack(">I", 45455)), files.png_chunk(b"sRGB", b"\0")
    source = files.with_chunks(files.encoded(GREY, "PNG"), *extra)
    found = dict(chunks(files.saved(files.colored(photo.open(source)))))
    assert found[b"gAMA"] == struct.pack(">I", 45455)
    assert found[b"sRGB"] == b"\0"


def test_chunks_on_colour_are_left_out_where_a_grey_profile_was_applied() -> None:
    icc = ImageCms.ImageCmsProfile(io.BytesIO(files.profile("grey", 1.8))).tobytes()
    extra = [
        files.png_chunk(b"iCCP", b"grey\0\0" + zlib.compress(icc)),
        files.png_chunk(b"gAMA", bytes([0, 0, 128, 0])),
    ]
    found = dict(chunks(files.saved(files.colored(photo.open(files.with_chunks(files.encoded(GREY, "PNG"), *extra))))))
    assert b"iCCP" in found
    assert b"gAMA" not in found


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_truncated_png_is_refused(share: float) -> None:
    file = files.encoded(files.astronaut(), "PNG")
    with pytest.raises(PhotoError, match="incomplete PNG"):
        photo.open(file[: int(len(file) * share)])
    with pytest.raises(PhotoError, match="incomplete PNG"):
        photo.open(file[:-6])


def test_a_png_whose_data_is_garbled_or_ends_early_is_refused() -> None:
    file = bytearray(files.encoded(files.astronaut(), "PNG"))
    file[len(file) // 2 : len(file) // 2 + 40] = bytes(40)
    with pytest.raises(PhotoError, match="incomplete PNG"):
        photo.open(bytes(file))
    whole = chunks(files.encoded(files.astronaut(), "PNG"))
    short = zlib.compress(zlib.decompress(b"".join(c for kind, c in whole if kind == b"IDAT"))[:100_000])
    parts = [files.png_chunk(*whole[0]), files.png_chunk(b"IDAT", short), files.png_chunk(b"IEND", b"")]
    with pytest.raises(PhotoError, match="incomplete PNG"):
        photo.open(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def test_compressed_text_that_unfolds_without_end_takes_no_memory() -> None:
    bomb = zlib.compress(bytes(300_000_000), 9)
    source = files.with_chunks(files.encoded(GREY, "PNG"), files.png_chunk(b"iCCP", b"bomb\0\0" + bomb))
    with photo.collect_warnings() as notes:
        opened = photo.open(source)
    assert opened.metadata.icc is None
    assert ["more than 64 MB" in note for note in notes] == [True]


def test_many_compressed_texts_may_not_unfold_to_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    unfolded = []
    inflate = zlib.decompressobj

    class Counted:
        def decompress(self, data: bytes, most: int) -> bytes:
            text = inflate().decompress(data, most)
            unfolded.append(len(text))
            return text

    monkeypatch.setattr("photochrom.photo.formats.png.zlib.decompressobj", Counted)
    text = b"Raw profile type odd\0\0" + zlib.compress(b"\nodd\n 1\n00" + b" " * 30_000_000, 9)
    source = files.with_chunks(files.encoded(GREY, "PNG"), *[files.png_chunk(b"zTXt", text)] * 8)
    with photo.collect_warnings() as notes:
        opened = photo.open(source)
    assert 60_000_000 < sum(unfolded) <= 64_000_001
    assert ["more than 64 MB" in note for note in notes] == [True]
    assert files.saved(files.colored(opened)).count(b"Raw profile type odd") == 8


def test_of_an_animation_the_first_frame_is_taken_and_that_is_said() -> None:
    file = files.encoded(GREY, "PNG", save_all=True, append_images=[Image.fromarray(files.grey()[::-1])])
    with photo.collect_warnings() as notes:
        opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, files.grey())
    assert ["animation" in note for note in notes] == [True]

"""Every kind of TIFF sample is read as its writer meant it, or refused with what to do.

Written by tifffile, Pillow, libvips or by hand; what they mean is said by Pillow, OpenCV or arithmetic.
"""

import builtins
import io
import lzma
import zlib
from typing import Any, Literal

import cv2
import numpy as np
import photo_files as files
import pytest
import pyvips
import tiff_files
import tifffile
import zstandard
from numpy.typing import NDArray
from PIL import Image, ImageCms

from photochrom import photo
from photochrom.errors import MissingExtraError, PhotoError

GREY = files.grey()
COLOR = np.asarray(files.astronaut().resize((96, 64)))
LUMA = files.pillow_grey(COLOR)


def written(samples: NDArray[Any], **options: Any) -> bytes:
    """The file that tifffile writes."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, metadata=None, **options)
    return stream.getvalue()


def by_hand(samples: NDArray[Any], bits: int, photometric: int, rows: int = 10, **options: Any) -> bytes:
    """An uncompressed file in strips."""
    channels = samples.shape[2] if samples.ndim == 3 else 1
    height, width = samples.shape[:2]
    tags = {256: width, 257: height, 258: [bits] * channels, 259: 1, 262: photometric, 277: channels, 278: rows}
    return tiff_files.tiff(tags | options.pop("tags", {}), tiff_files.strips(samples, bits, rows), **options)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8, 10, 12, 14, 16])
def test_grey_of_any_number_of_bits(bits: int, photometric: int, order: Literal["<", ">"]) -> None:
    peak = (1 << bits) - 1
    levels = np.rint(np.linspace(0, peak, 64 * 97)).astype(np.uint16).reshape(64, 97)
    stored = levels if photometric == 1 else peak - levels
    if bits == 16:  # whole numbers of two bytes, which have an order
        parts = [stored.astype(order + "u2").tobytes()]
        tags = {256: 97, 257: 64, 258: 16, 259: 1, 262: photometric, 277: 1, 278: 64}
        file = tiff_files.tiff(tags, parts, order=order)
    else:
        file = by_hand(stored, bits, photometric, order=order)
    opened = photo.open(file)
    full = 255 if bits <= 8 else 65535
    assert opened.luma.dtype == (np.uint8 if bits <= 8 else np.uint16)
    assert opened.depth == bits
    assert np.abs(opened.luma - levels * (full / peak)).max() <= 0.5


def test_12_bit_is_read_as_opencv_reads_it() -> None:
    levels = GREY.astype(np.uint16) * np.uint16(16) + np.uint16(5)
    file = by_hand(levels, 12, 1)
    by_opencv = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    assert by_opencv is not None
    assert np.abs(photo.open(file).luma.astype(int) - by_opencv).max() <= 16  # OpenCV leaves the lowest bits 0


@pytest.mark.parametrize("big", [False, True])
def test_12_bit_rgb_is_read(big: bool) -> None:
    rgb = COLOR.astype(np.uint16) * np.uint16(16)
    opened = photo.open(by_hand(rgb, 12, 2, big=big))
    assert np.abs(opened.luma / (16 * 65535 / 4095) - LUMA).max() <= 1
    assert opened.was_colored == "color"


def test_12_bit_in_tiles_are_read() -> None:
    levels = GREY.astype(np.uint16) * np.uint16(16)
    tiles = [tiff_files.packed(levels[y : y + 32, x : x + 32], 12) for y in range(0, 64, 32) for x in range(0, 96, 32)]
    tags = {256: 96, 257: 64, 258: 12, 259: 1, 262: 1, 277: 1, 322: 32, 323: 32}
    opened = photo.open(tiff_files.tiff(tags, tiles))
    assert np.abs(opened.luma / (65535 / 4095) - levels).max() <= 0.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("options", [{}, {"tile": (32, 48)}, {"rowsperstrip": 7}, {"compression": "zlib"}])
def test_planes_are_put_together(options: dict[str, Any], dtype: type) -> None:
    factor = dtype(1 if dtype is np.uint8 else 257)
    alpha = np.full(GREY.shape, 100, np.uint8)
    planes = np.moveaxis(np.dstack([COLOR, alpha]).astype(dtype) * factor, 2, 0)
    file = written(planes, photometric="rgb", planarconfig="separate", extrasamples=["unassalpha"], **options)
    opened = photo.open(file)
    assert np.abs(opened.luma / factor - LUMA).max() <= 0.6
    assert opened.alpha is not None
    assert (opened.alpha == 100 * factor).all()


def test_tiled_planes_of_either_byte_order_and_size_of_file_are_put_together() -> None:
    planes = np.moveaxis(COLOR, 2, 0)
    for order, big in ((">", False), ("<", True), (">", True)):
        wide = (planes.astype(np.uint16) * 257).astype(order + "u2")
        file = written(wide, photometric="rgb", planarconfig="separate", tile=(16, 32), byteorder=order, bigtiff=big)
        assert np.abs(photo.open(file).luma / 257 - LUMA).max() <= 0.6


# --- colours -------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("unit", [(1, 1), (2, 1), (1, 2), (2, 2), (4, 2), (4, 4)])
@pytest.mark.parametrize("size", [(96, 64), (93, 61)])
def test_ycbcr_is_read_as_opencv_reads_it(size: tuple[int, int], unit: tuple[int, int], compression: int) -> None:
    file = ycbcr(Image.fromarray(COLOR).resize(size), unit, compression)
    by_opencv = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    assert by_opencv is not None
    opened = photo.open(file)
    assert np.abs(opened.luma - files.pillow_grey(np.ascontiguousarray(by_opencv[..., ::-1]))).mean() < 1
    assert opened.was_colored == "color"
    own = np.asarray(Image.fromarray(COLOR).resize(size).convert("YCbCr"))[..., 0].astype(int)
    assert np.abs(opened.luma - own).mean() < 1.5  # where RGB was clipped they differ


def ycbcr(image: Image.Image, unit: tuple[int, int], compression: int, **tags: Any) -> bytes:
    """YCbCr in units of luma samples with one pair of chroma samples."""
    across, down = unit
    samples = np.asarray(image.convert("YCbCr"))
    height, width = samples.shape[:2]
    samples = np.pad(samples, ((0, -height % down), (0, -width % across), (0, 0)), mode="edge")
    rows, columns = samples.shape[0] // down, samples.shape[1] // across
    blocks = samples.reshape(rows, down, columns, across, 3).transpose(0, 2, 1, 3, 4)
    units = np.concatenate(
        [blocks[..., 0].reshape(rows, columns, -1), blocks[..., 1:].mean(axis=(2, 3)).astype(np.uint8)], axis=2
    )
    per_strip = 2
    parts = [units[start : start + per_strip].tobytes() for start in range(0, rows, per_strip)]
    parts = [zlib.compress(part) for part in parts] if compression == 8 else parts
    entries = {256: width, 257: height, 258: [8] * 3, 259: compression, 262: 6, 277: 3, 278: per_strip * down}
    return tiff_files.tiff(entries | {530: list(unit)} | {int(key): value for key, value in tags.items()}, parts)


def test_ycbcr_of_the_range_of_television_is_stretched() -> None:
    grey = Image.fromarray(np.full((64, 96, 3), 128, np.uint8))
    file = ycbcr(grey, (2, 2), 1, **{"532": [16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1]})
    assert np.abs(photo.open(file).luma.astype(int) - round((128 - 16) * 255 / 219)).max() <= 1


@pytest.mark.parametrize("bits", [8, 16])
def test_lab_is_read_by_its_own_meaning(bits: int) -> None:
    image = Image.fromarray(COLOR)
    lab = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    if bits == 8:
        file = files.encoded(lab, "TIFF")
    else:
        stored = np.asarray(lab).astype(np.uint16)
        wide = np.dstack([stored[..., 0] * 257, stored[..., 1:] << 8])
        file = written(wide, photometric="cielab")
    opened = photo.open(file)
    assert np.abs(opened.luma / (1 if bits == 8 else 257) - LUMA).mean() < 1.5
    assert opened.luma.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert opened.was_colored == "color"


def test_icc_lab_is_read() -> None:
    flat = np.dstack([np.full((8, 8), 128, np.uint8)] * 3)  # L 50, a and b 0
    assert np.abs(photo.open(written(flat, photometric="icclab")).luma.astype(int) - 119).max() <= 1


def test_a_palette_is_looked_up() -> None:
    image = Image.fromarray(COLOR).convert("P")
    np.testing.assert_array_equal(
        photo.open(files.encoded(image, "TIFF")).luma, files.pillow_grey(image.convert("RGB"))
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_cmyk_keeps_its_depth(dtype: type) -> None:
    opened = photo.open(written(np.zeros((8, 8, 4), dtype), photometric="separated"))
    assert (opened.luma == np.iinfo(dtype).max).all()
    assert opened.luma.dtype == dtype


# --- compressions --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("compression", ["none", "lzw", "deflate", "packbits", "jpeg"])
def test_every_compression_is_read(compression: str, tiled: bool, mode: str) -> None:
    image = pyvips.Image.new_from_array(np.asarray(Image.fromarray(COLOR).convert(mode)))
    for quality in (75, 95):  # below 90 libvips stores JPEG as YCbCr with half the chroma, above as RGB
        file = image.tiffsave_buffer(compression=compression, tile=tiled, tile_width=32, tile_height=48, Q=quality)
        expected = files.pillow_grey(files.decoded(file))
        assert np.abs(photo.open(file).luma - expected).max() <= (1 if compression == "jpeg" else 0)


@pytest.mark.parametrize("compression", ["tiff_ccitt", "group3", "group4", "packbits", "tiff_lzw"])
def test_one_bit_of_every_compression_is_read(compression: str) -> None:
    image = Image.fromarray(COLOR).convert("1")
    file = files.encoded(image, "TIFF", compression=compression)
    np.testing.assert_array_equal(photo.open(file).luma, files.pillow_grey(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_an_old_jpeg_in_a_tiff_is_read(mode: str) -> None:
    jpeg = files.encoded(Image.fromarray(COLOR).convert(mode), "JPEG", quality=95)
    channels = 1 if mode == "L" else 3
    tags = {256: 96, 257: 64, 258: [8] * channels, 259: 6, 262: 1 if mode == "L" else 6, 277: channels, 278: 64, 512: 1}
    opened = photo.open(tiff_files.tiff(tags, [jpeg]))
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(files.decoded(jpeg)))
    assert opened.format == "TIFF"


def test_an_old_jpeg_of_a_scanner_that_left_out_the_number_of_channels_is_read() -> None:
    jpeg = files.encoded(Image.fromarray(COLOR), "JPEG", quality=95)
    tags = {256: 96, 257: 64, 258: [8] * 3, 259: 6, 262: 6, 278: 64}
    opened = photo.open(tiff_files.tiff(tags, [jpeg]))
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(files.decoded(jpeg)))


def test_more_depths_than_channels_do_no_harm() -> None:
    tags = {256: 96, 257: 64, 258: [8, 8, 8, 1], 259: 1, 262: 2, 277: 3, 278: 64}
    np.testing.assert_array_equal(photo.open(tiff_files.tiff(tags, [COLOR.tobytes()])).luma, LUMA)


def test_an_old_jpeg_that_is_no_whole_file_is_refused_with_what_to_do() -> None:
    tags = {256: 96, 257: 64, 258: [8] * 3, 259: 6, 262: 6, 277: 3, 278: 64, 512: 1}
    with pytest.raises(PhotoError, match=r"old kind of JPEG.*save it"):
        photo.open(tiff_files.tiff(tags, [b"only the scan of one"]))


@pytest.mark.parametrize("options", [{}, {"rowsperstrip": 7}, {"tile": (32, 48)}, {"predictor": 2}, {"byteorder": ">"}])
@pytest.mark.parametrize("code", [34925, 50000])
def test_lzma_and_zstandard_are_read(code: int, options: dict[str, Any]) -> None:
    rgb = (COLOR.astype(np.uint16) * 257).astype(options.get("byteorder", "<") + "u2")
    raw = written(rgb, photometric="rgb", **{**options, "predictor": None})
    assert np.abs(photo.open(packed_as(code, raw, **options)).luma / 257 - LUMA).max() <= 0.6


def packed_as(code: int, raw: bytes, **options: Any) -> bytes:
    """An uncompressed file with its strips or tiles compressed, by the libraries that the format is named after."""
    with tifffile.TiffFile(io.BytesIO(raw)) as opened:
        page = opened.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        pieces = [raw[start : start + size] for start, size in zip(page.dataoffsets, page.databytecounts, strict=True)]
        tags = {
            tag.code: tag.value if isinstance(tag.value, tuple) else int(tag.value)
            for tag in page.tags
            if tag.code in (256, 257, 258, 262, 277, 278, 322, 323)
        }
    if options.get("predictor") == 2:
        tags[317] = 2
        pieces = [differences(piece, page.imagewidth) for piece in pieces]
    compress = lzma.compress if code == 34925 else zstandard.ZstdCompressor().compress
    order = options.get("byteorder", "<")
    return tiff_files.tiff(tags | {259: code}, [compress(piece) for piece in pieces], order=order)


def differences(strip: bytes, width: int) -> bytes:
    """Rows of 16-bit RGB, each pixel less its left neighbour (TIFF 6.0, section 14)."""
    rows = np.frombuffer(strip, "<u2").reshape(-1, width, 3)
    return np.concatenate([rows[:, :1], np.diff(rows, axis=1)], axis=1).astype("<u2").tobytes()


@pytest.mark.parametrize("compression", ["lzma", "zstd"])
@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA"])
def test_so_are_those_that_pillow_writes(mode: str, compression: str) -> None:
    image = Image.fromarray(COLOR).convert(mode)
    file = files.encoded(image, "TIFF", compression=compression)
    np.testing.assert_array_equal(photo.open(file).luma, files.pillow_grey(image.convert("RGB")))


@pytest.mark.parametrize("code", [34925, 50000])
def test_damaged_or_boundless_lzma_and_zstandard_are_refused(code: int) -> None:
    tags = {256: 96, 257: 64, 258: 8, 259: code, 262: 1, 277: 1, 278: 64}
    whole = lzma.compress(bytes(10_000_000)) if code == 34925 else zstandard.compress(bytes(10_000_000))
    assert (
        photo.open(tiff_files.tiff(tags, [whole])).luma == 0
    ).all()  # no more is unpacked than the strip has room for
    for part in (b"", b"no such thing", whole[:20]):
        with pytest.raises(PhotoError, match="incomplete TIFF"):
            photo.open(tiff_files.tiff(tags, [part]))


def test_without_zstandard_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    file = files.encoded(Image.fromarray(GREY), "TIFF", compression="zstd")
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "zstandard":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"photochrom\[zstd\]"):
        photo.open(file)


@pytest.mark.parametrize(("code", "name"), [(34712, "JPEG 2000"), (34887, "LERC"), (34661, "JBIG")])
def test_compressions_that_are_not_read_are_named_with_what_to_do(code: int, name: str) -> None:
    tags = {256: 96, 257: 64, 258: 8, 259: code, 262: 1, 277: 1, 278: 64}
    with pytest.raises(PhotoError, match=f"{name}.*save it with LZW"):
        photo.open(tiff_files.tiff(tags, [GREY.tobytes()]))


@pytest.mark.parametrize("photometric", [4, 32844, 99])
def test_colours_that_are_not_read_are_named(photometric: int) -> None:
    with pytest.raises(PhotoError, match=r"holds .* not read; convert it to RGB"):
        photo.open(by_hand(GREY, 8, photometric))


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint32, np.float16, np.float32, np.float64])
def test_samples_without_black_and_white_are_refused_with_what_to_do(dtype: type) -> None:
    with pytest.raises(PhotoError, match="convert it to 16 bit"):
        photo.open(written(np.zeros((4, 4), dtype)))


# --- alpha ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_premultiplied_colours_are_divided_by_alpha_and_rounded(dtype: type, planar: str) -> None:
    peak = np.iinfo(dtype).max
    alpha: NDArray[Any] = np.linspace(0, peak, 64 * 96).reshape(64, 96).astype(dtype)
    straight: NDArray[Any] = (COLOR.astype(np.float64) / 255 * peak).astype(dtype)
    stored: NDArray[Any] = np.rint(straight * (alpha[..., None] / peak)).astype(dtype)
    samples = np.dstack([stored, alpha])
    file = written(
        samples if planar == "contig" else np.moveaxis(samples, 2, 0),
        photometric="rgb",
        planarconfig=planar,
        extrasamples=["assocalpha"],
    )
    opened = photo.open(file)
    assert opened.alpha is not None
    np.testing.assert_array_equal(opened.alpha, alpha)
    seen = alpha > peak // 10
    luma = (straight.astype(np.int64) @ np.array([19595, 38470, 7471]) + 0x8000) >> 16
    stray = np.abs(opened.luma.astype(int) - luma)[seen] * (alpha[seen] / peak)
    assert stray.max() <= 1
    assert (opened.luma[alpha == 0] == 0).all()


def test_channels_beyond_alpha_are_named() -> None:
    five = np.dstack([COLOR, GREY, GREY])
    with photo.collect_warnings() as notes:
        opened = photo.open(written(five, photometric="rgb", extrasamples=["unassalpha", "unspecified"]))
    np.testing.assert_array_equal(opened.luma, LUMA)
    assert ["5 channels" in note for note in notes] == [True]

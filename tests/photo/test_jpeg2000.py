"""JPEG 2000: every depth, kind of channel and box that archives use, in boxes and as a bare codestream."""

import io
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import photo_files as files
import pytest
from numpy.typing import NDArray
from openjpeg import utils as openjpeg
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoError
from photochrom.photo import profiles
from photochrom.photo.formats.isobmff import box, boxes
from photochrom.photo.metadata import Density, Metadata

GREY = Image.fromarray(files.grey())
COLOR = files.astronaut().resize((96, 64))


def jp2(image: Image.Image = GREY, **options: Any) -> bytes:
    return files.encoded(image, "JPEG2000", **options)


def codestream(samples: NDArray[Any], bits: int, **options: Any) -> bytes:
    """A bare one by OpenJPEG, of samples up to 2**bits - 1."""
    return bytes(openjpeg.encode_array(np.ascontiguousarray(samples), bits_stored=bits, **options))


def boxed(stream: bytes, *header: bytes, more: tuple[bytes, ...] = ()) -> bytes:
    """A JP2 by hand, with these boxes in its header."""
    start = b"\0\0\0\x0cjP  \r\n\x87\n" + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return b"".join((start, box(b"jp2h", *header), *more, box(b"jp2c", stream)))


def image_header(width: int = 96, height: int = 64, count: int = 3, bits: int = 8) -> bytes:
    return box(b"ihdr", struct.pack(">IIHBBBB", height, width, count, bits - 1, 7, 0, 0))


def enumerated(color: int) -> bytes:
    return box(b"colr", b"\1\0\0" + struct.pack(">I", color))


def by_opencv(file: bytes) -> NDArray[Any]:
    pixels = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("options", [{}, {"no_jp2": True}, {"tile_size": (40, 40)}, {"num_resolutions": 2}])
def test_what_pillow_writes_is_read_and_keeps_its_light(mode: str, options: Any) -> None:
    image = COLOR.convert(mode)
    file = jp2(image, **options)
    opened = photo.open(file)
    assert opened.format == ("J2K" if "no_jp2" in options else "JPEG 2000")
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(image))
    with photo.collect_warnings():
        colored = files.colored(opened)
        result = files.saved(colored)
    meant = colored.rgb() if opened.alpha is None else np.dstack([colored.rgb(), opened.alpha])
    np.testing.assert_array_equal(np.asarray(files.decoded(result)), meant)
    np.testing.assert_array_equal(by_opencv(result), meant)


def test_sycc_keeps_its_luma() -> None:
    image = COLOR.convert("YCbCr")
    opened = photo.open(jp2(image))
    assert np.abs(opened.luma.astype(int) - np.asarray(image)[..., 0]).max() <= 1
    assert opened.was_colored == "color"


@pytest.mark.parametrize("bits", [9, 10, 12, 16])
def test_depth_comes_back_without_loss(bits: int) -> None:
    samples = (files.grey().astype(np.uint32) * ((1 << bits) - 1) // 255).astype(np.uint16)
    opened = photo.open(codestream(samples, bits))
    assert opened.depth == bits
    assert opened.luma.dtype == np.uint16
    expected = np.rint(samples.astype(float) * 65535 / ((1 << bits) - 1))
    np.testing.assert_array_equal(opened.luma, expected)
    colored = files.colored(opened)
    result = files.saved(colored, format="jp2")
    meant = np.rint(colored.rgb() * (((1 << bits) - 1) / 65535))
    assert np.abs(by_opencv(result) - meant).max() <= 1
    again = photo.open(result)
    assert again.depth == bits
    assert np.abs(again.luma.astype(int) - opened.luma).max() <= 65536 >> bits


@pytest.mark.parametrize("bits", [1, 4, 7])
def test_less_than_eight_bits_become_eight(bits: int) -> None:
    samples = files.grey() >> (8 - bits)
    opened = photo.open(codestream(samples, bits))
    np.testing.assert_array_equal(opened.luma, np.rint(samples * (255 / ((1 << bits) - 1))))


def test_signed_samples_are_read() -> None:
    signed = (files.grey().astype(np.int16) - 128).astype(np.int8)
    np.testing.assert_array_equal(photo.open(codestream(signed, 8)).luma, files.grey())
    wide = (files.grey().astype(np.int32) * 257 - 32768).astype(np.int16)
    np.testing.assert_array_equal(photo.open(codestream(wide, 16)).luma, files.grey().astype(int) * 257)


def test_a_palette_is_looked_up() -> None:
    index = files.grey() >> 6
    table = np.array([[0, 0, 0], [200, 30, 90], [10, 220, 40], [255, 255, 255]], np.uint8)
    palette = box(b"pclr", struct.pack(">HB3B", 4, 3, 7, 7, 7), table.tobytes())
    mapping = box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, column) for column in range(3)))
    file = boxed(codestream(index, 8), image_header(count=1), palette, mapping, enumerated(16))
    opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(table[index]))
    assert opened.was_colored == "color"
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(files.decoded(file).convert("RGB")))


def test_channels_are_put_in_order_and_alpha_is_found() -> None:
    rgb = np.asarray(COLOR)
    alpha = files.grey()[::-1]
    entries = [(0, 1, 0), (1, 0, 3), (2, 0, 2), (3, 0, 1)]  # alpha, blue, green, red
    order = box(b"cdef", struct.pack(">H", 4), *(struct.pack(">HHH", *entry) for entry in entries))
    samples = np.dstack([alpha, rgb[..., ::-1]])
    opened = photo.open(boxed(codestream(samples, 8), image_header(count=4), enumerated(16), order))
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(rgb))
    np.testing.assert_array_equal(opened.alpha, alpha)


def test_premultiplied_alpha_is_taken_out_of_the_colors() -> None:
    rgb = np.asarray(COLOR)
    alpha = np.full((64, 96), 128, np.uint8)
    samples = np.dstack([(rgb * (alpha[..., None] / 255)).round().astype(np.uint8), alpha])
    entries = [(0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 2, 0)]
    order = box(b"cdef", struct.pack(">H", 4), *(struct.pack(">HHH", *entry) for entry in entries))
    opened = photo.open(boxed(codestream(samples, 8), image_header(count=4), enumerated(16), order))
    assert np.abs(opened.luma - files.pillow_grey(rgb)).max() <= 2


def test_subsampled_chroma_is_read(tmp_path: Path) -> None:
    if not shutil.which("opj_compress"):
        pytest.skip("opj_compress is not installed")
    ycc = np.asarray(COLOR.convert("YCbCr"))
    planes = [ycc[..., 0], *(cv2.resize(ycc[..., i], (48, 32), interpolation=cv2.INTER_AREA) for i in (1, 2))]
    (tmp_path / "a.yuv").write_bytes(b"".join(np.ascontiguousarray(plane).tobytes() for plane in planes))
    for name in ("a.jp2", "a.j2k"):
        how = ["opj_compress", "-i", "a.yuv", "-o", name, "-F", "96,64,3,8,u@1x1:2x2:2x2"]
        subprocess.run(how, cwd=tmp_path, check=True, capture_output=True)
        opened = photo.open(tmp_path / name)
        assert opened.was_colored == "color"
        assert np.abs(opened.luma.astype(int) - ycc[..., 0]).mean() < 1.5  # where RGB is clipped, Y is another one


def test_cmyk_becomes_srgb() -> None:
    ink = np.asarray(COLOR.convert("CMYK"))
    opened = photo.open(boxed(codestream(ink, 8), image_header(count=4), enumerated(12)))
    assert opened.was_colored == "color"
    assert np.corrcoef(opened.luma.ravel(), files.pillow_grey(COLOR).ravel())[0, 1] > 0.95
    assert opened.metadata.icc is not None
    assert opened.profile is None


def test_lossy_stays_lossy_and_lossless_lossless_unless_quality_is_asked_for() -> None:
    lossy = jp2(COLOR, irreversible=True, quality_mode="dB", quality_layers=[42])
    assert transform(files.saved(files.colored(photo.open(lossy)))) == 0
    assert transform(files.saved(files.colored(photo.open(jp2(COLOR))))) == 1
    sizes = [len(files.saved(files.colored(photo.open(jp2(COLOR))), quality=quality)) for quality in (30, 60, 90)]
    assert sizes == sorted(set(sizes))
    colored = files.colored(photo.open(jp2(GREY)), strength=12)
    found = np.asarray(files.decoded(files.saved(colored, quality=90)))
    assert cv2.PSNR(found, colored.rgb()) > 42
    assert transform(files.saved(colored, quality=90)) == 0


def transform(file: bytes) -> int:
    """The wavelet of the codestream: 1 is the reversible one."""
    return file[file.index(b"\xff\x52\0\x0c") + 13]


def test_everything_beside_the_pixels_comes_through(tmp_path: Path) -> None:
    icc = files.profile("adobe")
    density = Density(300, 400, "inch")
    opened = photo.open(jp2(COLOR.convert("RGBA")))
    exif = files.exif(thumbnail=False)
    metadata = Metadata(exif, files.xmp(), files.IPTC, icc, density)
    path = tmp_path / "a.jp2"
    with photo.collect_warnings() as notes:
        files.colored(replace(opened, metadata=metadata)).save(path)
    assert notes == []
    assert photo.is_marked(path)
    again = photo.open(path)
    assert (again.metadata.exif, again.metadata.iptc, again.metadata.icc) == (exif, files.IPTC, icc)
    assert again.metadata.density is not None
    assert again.metadata.density.per_inch() == pytest.approx((300, 400), abs=1e-3)
    assert b"Migrant Mother" in (again.metadata.xmp or b"")
    assert again.alpha is not None
    found = Image.open(path)
    assert found.info["dpi"] == pytest.approx((300, 400), abs=1e-3)
    assert found.mode == "RGBA"


def test_exiftool_reads_what_was_written(tmp_path: Path) -> None:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    opened = photo.open(jp2())
    metadata = Metadata(files.exif(), files.xmp(), files.IPTC, files.profile("adobe"), Density(300, 300, "inch"))
    path = tmp_path / "a.jp2"
    files.colored(replace(opened, metadata=metadata)).save(path)
    done = subprocess.run(["exiftool", "-a", "-G1", "-s", str(path)], capture_output=True, text=True, check=True)
    for text in ("Kodak Brownie", "Migrant Mother", "Lange", "118.11", "Restricted ICC", "TrainedAlgorithmicMedia"):
        assert text in done.stdout


def test_orientation_is_that_of_exif() -> None:
    opened = photo.open(jp2())
    sideways = replace(opened, metadata=replace(opened.metadata, exif=files.exif(1)))
    file = files.saved(files.colored(sideways))
    place = file.index(struct.pack("<HHIH", 0x0112, 3, 1, 1)) + 8
    again = photo.open(file[:place] + struct.pack("<H", 6) + file[place + 2 :])
    np.testing.assert_array_equal(again.luma, np.rot90(opened.luma, -1))


def test_boxes_of_others_go_through_as_they_are() -> None:
    map_box = box(b"uuid", bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03"), b"II*\0 a map")
    notes = box(b"xml ", b"<note>from the archive</note>")
    file = boxed(codestream(files.grey(), 8), image_header(count=1), enumerated(17), more=(map_box, notes))
    result = files.saved(files.colored(photo.open(file)))
    assert {map_box, notes} <= {bytes(each.whole) for each in boxes(memoryview(result))}


def test_a_bare_codestream_has_no_place_for_metadata_and_that_is_said() -> None:
    opened = photo.open(jp2(GREY.convert("LA")))
    full = replace(opened, metadata=Metadata(files.exif(), None, files.IPTC))
    with photo.collect_warnings() as notes:
        result = files.saved(files.colored(full), format="j2k")
    assert len(notes) == 1
    assert all(word in notes[0] for word in ("EXIF", "XMP", "IPTC"))
    assert result[:4] == b"\xff\x4f\xff\x51"
    assert photo.open(result).alpha is not None


def test_a_bare_codestream_is_in_srgb_and_looks_the_same() -> None:
    opened = photo.open(jp2(COLOR))
    wide = replace(opened, metadata=Metadata(icc=files.profile("adobe")))
    colored = files.colored(wide, strength=12)
    with photo.collect_warnings() as notes:
        result = by_opencv(files.saved(colored, format="j2k"))
    assert "the colour profile" in notes[0]
    np.testing.assert_array_equal(result, profiles.rgb_to_srgb(colored.rgb(), files.profile("adobe")))
    assert np.abs(result.astype(int) - colored.rgb()).mean() > 3


def test_a_size_beyond_the_limit_is_refused_before_decoding() -> None:
    for file in (jp2(), jp2(no_jp2=True)):
        with pytest.raises(PhotoError, match="more than the limit"):
            photo.open(file, max_pixels=1000)
        place = file.index(b"\xff\x4f\xff\x51") + 8
        with pytest.raises(PhotoError, match="limit"):
            photo.open(file[:place] + struct.pack(">II", 1 << 30, 1 << 30) + file[place + 8 :])


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}, {"tile_size": (40, 40), "no_jp2": True}])
@pytest.mark.parametrize("share", [0.005, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_jpeg_2000_is_refused(share: float, options: Any) -> None:
    file = jp2(files.astronaut().resize((200, 200)), **options)
    with pytest.raises(PhotoError, match=r"incomplete JPEG 2000|no picture"):
        photo.open(file[: int(len(file) * share)])


def test_colors_of_another_kind_are_refused_with_what_to_do() -> None:
    file = boxed(codestream(np.asarray(COLOR), 8), image_header(), enumerated(14))
    with pytest.raises(PhotoError, match="convert it to sRGB"):
        photo.open(file)
    deep = codestream(files.grey().astype(np.uint32) << 10, 18)
    with pytest.raises(PhotoError, match="convert it to 16 bit"):
        photo.open(deep)


@pytest.mark.parametrize("shape", [(31, 40), (40, 31), (1, 1), (32, 65536)])
def test_sides_that_are_not_written_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(PhotoError, match="from 32 to 65535 pixels a side"):
        files.saved(files.colored(photo.open(np.zeros(shape, np.uint8))), format="jp2")


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (1, 2000)])
def test_small_pictures_are_read(size: tuple[int, int]) -> None:
    image = GREY.resize(size)
    np.testing.assert_array_equal(photo.open(jp2(image)).luma, np.asarray(image))


def test_the_smallest_that_is_written_is_whole() -> None:
    colored = files.colored(photo.open(files.grey(32, 33)))
    np.testing.assert_array_equal(by_opencv(files.saved(colored, format="j2k")), colored.rgb())


def test_a_stream_can_be_saved_as_any_of_its_names() -> None:
    colored = files.colored(photo.open(jp2()))
    for name in ("jp2", "jpx", "jpeg 2000"):
        stream = io.BytesIO()
        colored.save(stream, format=name)
        assert photo.open(stream.getvalue()).format == "JPEG 2000"


def test_sampling_that_no_decoder_turns_into_rgb_is_refused() -> None:
    file = bytearray(codestream(np.asarray(COLOR), 8))
    file[46:49] = bytes([7, 4, 1])  # the second component: every fourth pixel
    with pytest.raises(PhotoError, match="sampled in a way that is not read"):
        photo.open(bytes(file))


def test_an_empty_box_is_damage() -> None:
    with pytest.raises(PhotoError, match="incomplete JPEG 2000"):
        photo.open(boxed(codestream(files.grey(), 8), image_header(count=1), box(b"colr")))


@pytest.mark.parametrize("value", [1e-9, 1.0, 72 / 0.0254, 600 / 0.0254, 65535e127])
def test_any_resolution_can_be_written(value: float) -> None:
    opened = photo.open(jp2())
    dense = replace(opened, metadata=replace(opened.metadata, density=Density(value, value, "metre")))
    again = photo.open(files.saved(files.colored(dense))).metadata.density
    assert again is not None
    if 1 <= value < 1e6:
        assert again.x == pytest.approx(value, rel=1e-5)

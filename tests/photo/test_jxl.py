"""JPEG XL, by the extra: its boxes are read and written here, its pixels by a library."""

import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import photo_files as files
import pytest
from numpy.typing import NDArray

from photochrom import photo
from photochrom.errors import MissingExtraError, PhotoError
from photochrom.photo import profiles
from photochrom.photo.formats import recognised
from photochrom.photo.formats.isobmff import box, boxes
from photochrom.photo.formats.jxl_header import JxlHeader

pyjpegxl = pytest.importorskip("pyjpegxl", reason="pyjpegxl, the extra for JPEG XL, is not installed")
brotli = pytest.importorskip("brotli", reason="brotli, the extra for JPEG XL, is not installed")

RGB = np.asarray(files.astronaut().resize((96, 64)))
START = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ")


def jxl(samples: NDArray[Any], **options: Any) -> bytes:
    """A bare codestream or a container, as the library chooses; lossless unless told otherwise."""
    return bytes(pyjpegxl.encode_from_numpy(np.ascontiguousarray(samples), **({"lossless": True} | options)))


def bare(file: bytes) -> bytes:
    """The codestream alone."""
    if file[:2] == b"\xff\x0a":
        return file
    parts = [(each.kind, bytes(each.content)) for each in boxes(memoryview(file))]
    return b"".join(part if kind == b"jxlc" else part[4:] for kind, part in parts if kind in (b"jxlc", b"jxlp"))


def by_library(file: bytes) -> NDArray[Any]:
    samples: NDArray[Any] = pyjpegxl.decode_to_numpy(file)[1]
    return samples


def sixteen(samples: NDArray[Any]) -> NDArray[np.uint16]:
    return samples.astype(np.uint16) * np.uint16(257)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("kind", ["grey", "grey and alpha", "RGB", "RGBA"])
def test_lossless_stays_lossless_at_its_depth(kind: str, wide: bool) -> None:
    alpha = files.grey()[::-1]
    samples = {
        "grey": files.grey(),
        "grey and alpha": np.dstack([files.grey(), alpha]),
        "RGB": RGB,
        "RGBA": np.dstack([RGB, alpha]),
    }[kind]
    opened = photo.open(jxl(sixteen(samples) if wide else samples))
    luma = files.grey() if kind.startswith("grey") else files.pillow_grey(RGB)
    assert np.abs(opened.luma / (257 if wide else 1) - luma).max() <= (0.6 if wide else 0)
    assert opened.depth == (16 if wide else 8)
    colored = files.colored(opened)
    found = by_library(files.saved(colored))
    np.testing.assert_array_equal(found[..., :3], colored.rgb())
    if "alpha" in kind or kind == "RGBA":
        np.testing.assert_array_equal(found[..., 3], opened.alpha)


def test_lossy_stays_lossy_with_light_and_alpha() -> None:
    opened = photo.open(jxl(np.dstack([RGB, files.grey()]), lossless=False))
    colored = files.colored(opened, strength=12)
    result = files.saved(colored)
    found = by_library(result)
    assert np.abs(found[..., :3].astype(int) - colored.rgb()).mean() < 6
    assert np.abs(files.pillow_grey(found[..., :3]) - opened.luma).mean() < 2
    np.testing.assert_array_equal(found[..., 3], opened.alpha)
    sizes = [len(files.saved(colored, quality=quality)) for quality in (10, 50, 90, 99)]
    assert sizes == sorted(set(sizes))


def test_everything_beside_the_pixels_comes_through(tmp_path: Path) -> None:
    file = (
        START
        + box(b"Exif", bytes(4), files.exif(thumbnail=False))
        + box(b"xml ", files.xmp())
        + box(b"jxlc", bare(jxl(RGB)))
    )
    opened = photo.open(file)
    path = tmp_path / "a.jxl"
    files.colored(opened).save(path)
    assert photo.is_marked(path)
    found = {each.kind: bytes(each.content) for each in boxes(memoryview(path.read_bytes()))}
    assert found[b"Exif"] == bytes(4) + files.exif(thumbnail=False)
    assert b"Migrant Mother" in found[b"xml "]
    if shutil.which("exiftool"):
        done = subprocess.run(["exiftool", "-a", "-s", str(path)], capture_output=True, text=True, check=True)
        assert "Kodak Brownie" in done.stdout
        assert "compositeWithTrainedAlgorithmicMedia" in done.stdout


def test_compressed_boxes_are_unfolded_and_never_beyond_bounds() -> None:
    parts = [box(b"brob", b"Exif", brotli.compress(bytes(4) + files.exif(thumbnail=False)))]
    parts.append(box(b"brob", b"xml ", brotli.compress(files.xmp())))
    opened = photo.open(START + b"".join(parts) + box(b"jxlc", bare(jxl(RGB))))
    assert opened.metadata.exif == files.exif(thumbnail=False)
    assert b"Migrant Mother" in (opened.metadata.xmp or b"")
    bomb = box(b"brob", b"xml ", brotli.compress(bytes(200_000_000), quality=1))
    assert photo.open(START + bomb + box(b"jxlc", bare(jxl(RGB)))).metadata.xmp is None


def test_a_codestream_in_several_boxes_is_joined() -> None:
    whole = bare(jxl(RGB))
    parts = box(b"jxlp", struct.pack(">I", 0), whole[:500]) + box(b"jxlp", struct.pack(">I", 1 << 31 | 1), whole[500:])
    np.testing.assert_array_equal(photo.open(START + parts).luma, files.pillow_grey(RGB))


def test_a_jpeg_packed_into_jpeg_xl_stands_upright_and_comes_back_lossy() -> None:
    jpeg = files.encoded(files.astronaut().resize((96, 64)), "JPEG", exif=b"Exif\0\0" + files.exif(6), quality=95)
    opened = photo.open(pyjpegxl.jpeg_to_jxl(jpeg))
    assert opened.size == (64, 96)
    assert np.abs(opened.luma.astype(int) - np.rot90(files.pillow_grey(RGB), -1)).mean() < 2
    result = files.saved(files.colored(opened))
    assert JxlHeader.of(bare(result)).is_xyb


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (256, 256), (300, 200), (640, 480), (1000, 1), (3, 2000), (320, 180)])
def test_the_header_tells_the_size_and_depth(size: tuple[int, int]) -> None:
    width, height = size
    for samples in (np.zeros((height, width), np.uint8), np.zeros((height, width, 4), np.uint16)):
        header = JxlHeader.of(bare(jxl(samples)))
        assert (header.width, header.height, header.bits) == (width, height, 8 * samples.itemsize)
        assert not header.is_xyb
        assert JxlHeader.of(bare(jxl(samples, lossless=False))).is_xyb


def test_a_profile_is_read_and_the_result_is_srgb_that_looks_the_same() -> None:
    opened = photo.open(files.encoded(files.astronaut().resize((96, 64)), "PNG"))
    wide = replace(opened, metadata=replace(opened.metadata, icc=files.profile("adobe")))
    colored = files.colored(wide, strength=12)
    with photo.collect_warnings() as notes:
        result = files.saved(colored, format="jxl", quality=100)
    assert ["the colour profile" in note for note in notes] == [True]
    meant = profiles.rgb_to_srgb(colored.rgb(), files.profile("adobe"))
    assert np.abs(by_library(result).astype(int) - meant).mean() < 2
    assert np.abs(meant.astype(int) - colored.rgb()).mean() > 3
    assert photo.open(result).profile is None


def test_a_size_beyond_the_limit_is_refused_before_decoding() -> None:
    with pytest.raises(PhotoError, match=r"more than the limit of 0\.001 million"):
        photo.open(jxl(RGB), max_pixels=1000)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.3, 0.9])
@pytest.mark.parametrize("lossless", [False, True])
def test_a_truncated_jpeg_xl_is_refused(share: float, lossless: bool) -> None:
    file = jxl(np.asarray(files.astronaut().resize((200, 200))), lossless=lossless)
    with pytest.raises(PhotoError, match=r"incomplete JPEG XL|no picture"):
        photo.open(file[: int(len(file) * share)])


def test_a_missing_extra_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    file = jxl(RGB)
    colored = files.colored(photo.open(files.grey()))
    monkeypatch.setitem(sys.modules, "pyjpegxl", None)
    assert recognised(file[:64]) is not None
    for work in (lambda: photo.open(file), lambda: files.saved(colored, format="jxl")):
        with pytest.raises(MissingExtraError, match=r"pip install 'photochrom\[jxl\]'$"):
            work()


@pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 3), (5, 7), (1, 5000), (5000, 1)])
@pytest.mark.parametrize("bits", [8, 16])
def test_the_smallest_and_the_longest_pictures_go_all_the_way(shape: tuple[int, int], bits: int) -> None:
    files.check_all_the_way(shape, bits, "jxl")

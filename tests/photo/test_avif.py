"""AVIF: every depth comes back, the container's metadata and turns count, and other libraries see what was meant."""

import io
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import photo_files as files
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoError
from photochrom.photo.formats.heif_items import HeifFile, Nclx

GREY = Image.fromarray(files.grey())


def avif(samples: NDArray[Any], bits: int, **options: Any) -> bytes:
    """A file by libvips, of samples up to 2**bits - 1."""
    if bits > 8:
        samples = samples << np.uint16(16 - bits)
    image = pyvips.Image.new_from_array(samples).copy(interpretation="rgb16" if bits > 8 else "srgb")
    file: bytes = image.heifsave_buffer(compression="av1", bitdepth=bits, effort=1, keep="none", **options)
    return file


def by_opencv(file: bytes) -> NDArray[Any]:
    """The file as OpenCV reads it, RGB."""
    pixels = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels[..., ::-1]


def rgb(bits: int) -> NDArray[Any]:
    levels = np.asarray(files.astronaut().resize((96, 64))).astype(np.uint32)
    return (levels * ((1 << bits) - 1) // 255).astype(np.uint8 if bits == 8 else np.uint16)


def test_a_grey_avif_keeps_its_light_and_gets_colors() -> None:
    file = files.encoded(GREY, "AVIF", quality=90)
    opened = photo.open(file)
    assert (opened.was_colored, opened.depth, opened.format) == ("grey", 8, "AVIF")
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(files.decoded(file)))
    colored = files.colored(opened)
    result = files.saved(colored)
    found = np.asarray(files.decoded(result))
    assert np.abs(found.astype(int) - colored.rgb()).mean() < 3
    assert np.abs(files.pillow_grey(files.decoded(result)) - opened.luma).mean() < 1.5


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_depth_comes_back_and_light_within_the_codecs_loss(bits: int) -> None:
    opened = photo.open(avif(rgb(bits), bits, Q=95))
    assert opened.depth == bits
    assert opened.luma.dtype == (np.uint8 if bits == 8 else np.uint16)
    colored = files.colored(opened)
    result = files.saved(colored, quality=95)
    again = by_opencv(result)
    assert again.max() > (1 << bits) * 0.9
    assert again.max() < 1 << bits
    ours = photo.open(result)
    assert ours.depth == bits
    assert np.abs(ours.luma.astype(int) - opened.luma).mean() < np.iinfo(opened.luma.dtype).max * 0.008


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_lossless_stays_lossless(bits: int) -> None:
    samples = rgb(bits)
    opened = photo.open(avif(samples, bits, lossless=True))
    expected = luma_of(samples, bits)
    assert np.abs(opened.luma.astype(int) - expected).max() <= (1 if bits == 8 else 65535 >> bits)
    colored = files.colored(opened)
    result = by_opencv(files.saved(colored))
    meant = colored.rgb() * (((1 << bits) - 1) / np.iinfo(opened.luma.dtype).max)
    assert np.abs(result - meant).max() <= 0.51


def luma_of(samples: NDArray[Any], bits: int) -> NDArray[np.int64]:
    full = 255 if bits == 8 else 65535
    luma: NDArray[np.int64] = np.rint(samples @ [0.299, 0.587, 0.114] * full / ((1 << bits) - 1)).astype(np.int64)
    return luma


@pytest.mark.parametrize("options", [{}, {"quality": 60}])
def test_pillow_libvips_and_opencv_see_the_rgb_that_was_meant(options: Any) -> None:
    colored = files.colored(photo.open(files.encoded(GREY, "PNG")), strength=12)
    result = files.saved(colored, format="avif", **options)
    views = {
        "Pillow": np.asarray(files.decoded(result)),
        "libvips": pyvips.Image.heifload_buffer(result).numpy(),
        "OpenCV": by_opencv(result),
    }
    for name, view in views.items():
        error = view.astype(int) - colored.rgb()
        assert np.abs(error).mean() < (6 if options else 3), name
        assert np.abs(error.mean(axis=(0, 1))).max() < 1, f"{name}: another matrix or range"
    assert HeifFile(memoryview(result)).nclx() == Nclx(1, 13, 6, True)


def test_everything_beside_the_pixels_comes_through(tmp_path: Path) -> None:
    image = GREY.convert("RGBA")
    image.putalpha(Image.fromarray(files.grey()[::-1]))
    icc = files.profile("adobe")
    file = files.encoded(image, "AVIF", quality=100, exif=files.exif(), xmp=files.xmp(), icc_profile=icc)
    opened = photo.open(file)
    assert opened.alpha is not None
    result = files.saved(files.colored(opened))
    found = files.decoded(result)
    assert found.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(found)[..., 3], opened.alpha)
    np.testing.assert_array_equal(pyvips.Image.heifload_buffer(result).numpy()[..., 3], opened.alpha)
    assert found.info["icc_profile"] == icc
    assert found.getexif()[0x010F] == "Kodak Brownie"
    assert found.getexif().get_ifd(0x8769)[0x927C] == files.MAKER_NOTE
    assert b"Migrant Mother" in found.info["xmp"]
    path = tmp_path / "result.avif"
    path.write_bytes(result)
    assert photo.is_marked(path)


def test_exiftool_reads_what_was_written(tmp_path: Path) -> None:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    opened = photo.open(files.encoded(GREY, "AVIF", exif=files.exif(), xmp=files.xmp()))
    path = tmp_path / "result.avif"
    files.colored(opened).save(path)
    done = subprocess.run(["exiftool", "-a", "-s", str(path)], capture_output=True, text=True, check=True)
    for text in ("Kodak Brownie", "Migrant Mother", "compositeWithTrainedAlgorithmicMedia", "96x64"):
        assert text in done.stdout


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_containers_turn_is_applied_and_exif_is_not_asked(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = files.encoded(GREY, "AVIF", quality=100, exif=exif.tobytes())  # Pillow turns it into irot and imir
    opened = photo.open(file)
    assert np.abs(opened.luma.astype(int) - upright(files.grey(), orientation)).mean() < 2
    result = files.decoded(files.saved(files.colored(opened)))
    assert result.size == opened.size
    assert result.getexif().get(0x0112, 1) == 1


def upright(plane: NDArray[Any], orientation: int) -> NDArray[Any]:
    if orientation >= 5:
        plane = plane.T
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    return plane[:, ::-1] if orientation in (2, 3, 6, 7) else plane


def test_an_orientation_in_exif_alone_changes_nothing() -> None:
    opened = photo.open(files.encoded(GREY, "PNG", exif=files.exif()))
    whole = files.saved(files.colored(opened), format="avif")
    place = whole.index(struct.pack("<HHIH", 0x0112, 3, 1, 1))
    sideways = whole[: place + 8] + struct.pack("<H", 6) + whole[place + 10 :]
    assert photo.open(sideways).size == (96, 64)


def test_premultiplied_alpha_is_taken_out_of_the_colors() -> None:
    image = files.astronaut().resize((96, 64))
    alpha = np.tile(np.linspace(64, 255, 96).astype(np.uint8), (64, 1))
    image.putalpha(Image.fromarray(alpha))
    file = files.encoded(image, "AVIF", quality=98, alpha_premultiplied=True)
    opened = photo.open(file)
    assert np.abs(opened.luma.astype(int) - files.pillow_grey(image.convert("RGB"))).mean() < 3


def test_of_a_sequence_the_still_picture_is_taken_and_that_is_said() -> None:
    other = Image.fromarray(files.grey()[::-1])
    file = files.encoded(GREY, "AVIF", save_all=True, append_images=[other], quality=100)
    with photo.collect_warnings() as notes:
        opened = photo.open(file)
    assert np.abs(opened.luma.astype(int) - files.grey()).mean() < 1
    assert ["sequence" in note for note in notes] == [True]


def test_display_p3_that_only_code_points_tell_becomes_a_profile() -> None:
    plain = files.saved(files.colored(photo.open(files.encoded(GREY, "PNG"))), format="avif")
    wide = plain.replace(b"nclx" + struct.pack(">HH", 1, 13), b"nclx" + struct.pack(">HH", 12, 13))
    opened = photo.open(wide)
    assert opened.metadata.icc is not None
    assert opened.profile is not None
    assert HeifFile(memoryview(files.saved(files.colored(opened)))).profile() == opened.metadata.icc


def test_an_hdr_picture_keeps_its_meaning_and_that_is_said() -> None:
    plain = files.saved(files.colored(photo.open(files.encoded(GREY, "PNG"))), format="avif")
    bright = plain.replace(b"nclx" + struct.pack(">HH", 1, 13), b"nclx" + struct.pack(">HH", 9, 16))
    with photo.collect_warnings() as notes:
        opened = photo.open(bright)
    assert ["HDR" in note for note in notes] == [True]
    found = HeifFile(memoryview(files.saved(files.colored(opened)))).nclx()
    assert found == Nclx(9, 16, 6, True)


def test_sixteen_bits_become_twelve_and_that_is_said() -> None:
    with photo.collect_warnings() as notes:
        result = files.saved(files.with_more_than_most_hold(), format="avif")
    assert len(notes) == 1
    assert "IPTC" in notes[0]
    assert "16 bits a channel (12 are kept)" in notes[0]
    assert photo.open(result).depth == 12
    with photo.collect_warnings() as notes:
        files.saved(files.colored(photo.open(result)))
    assert notes == []


def test_a_size_beyond_the_limit_is_refused_before_decoding() -> None:
    file = files.encoded(GREY, "AVIF")
    with pytest.raises(PhotoError, match=r"more than the limit of 0\.001 million"):
        photo.open(file, max_pixels=1000)
    extent = b"ispe" + bytes(4) + struct.pack(">II", 96, 64)
    with pytest.raises(PhotoError, match="limit"):
        photo.open(file.replace(extent, b"ispe" + bytes(4) + struct.pack(">II", 60000, 60000)))


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.98])
def test_a_truncated_avif_is_refused(share: float) -> None:
    file = files.encoded(files.astronaut().resize((128, 128)), "AVIF", exif=files.exif(), xmp=files.xmp())
    with pytest.raises(PhotoError, match=r"incomplete AVIF|no picture"):
        photo.open(file[: int(len(file) * share)])


def test_a_stream_gets_the_same_bytes_each_time() -> None:
    colored = files.colored(photo.open(files.encoded(GREY, "PNG")))
    first, second = io.BytesIO(), io.BytesIO()
    colored.save(first, format="avif")
    colored.save(second, format="avif")
    assert first.getvalue() == second.getvalue()


@pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 3), (5, 7), (1, 5000), (5000, 1)])
@pytest.mark.parametrize("bits", [8, 16])
def test_the_smallest_and_the_longest_pictures_go_all_the_way(shape: tuple[int, int], bits: int) -> None:
    files.check_all_the_way(shape, bits, "avif")

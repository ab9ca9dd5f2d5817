"""HEIC, by the extra: every depth comes back, and a missing extra is named in one line."""

import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import photo_files as files
import pytest
from numpy.typing import NDArray
from PIL import Image

from photochrom import photo
from photochrom.errors import MissingExtraError, PhotoError
from photochrom.photo.formats import recognised
from photochrom.photo.formats.heif_items import HeifFile, Nclx

pillow_heif = pytest.importorskip("pillow_heif", reason="pillow-heif, the extra for HEIC, is not installed")


def heic(samples: NDArray[Any], bits: int = 8, **options: Any) -> bytes:
    """A file of RGB, RGBA or grey samples up to 2**bits - 1."""
    mode = {2: "L", 3: "RGB", 4: "RGBA"}[samples.ndim if samples.ndim == 2 else samples.shape[2]]
    stream = io.BytesIO()
    pillow_heif.encode(
        mode if bits == 8 else f"{mode};{bits}",
        samples.shape[1::-1],
        samples.tobytes(),
        stream,
        **({"bit_depth": bits, "quality": 95, "chroma": 444} | options),
    )
    return stream.getvalue()


def by_pillow(file: bytes) -> NDArray[Any]:
    """The main picture as pillow-heif reads it."""
    found = pillow_heif.open_heif(io.BytesIO(file), convert_hdr_to_8bit=False, hdr_to_16bit=False)
    return np.asarray(found[found.primary_index])


def rgb(bits: int = 8) -> NDArray[Any]:
    levels = np.asarray(files.astronaut().resize((96, 64))).astype(np.uint32)
    return (levels * ((1 << bits) - 1) // 255).astype(np.uint8 if bits == 8 else np.uint16)


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_depth_comes_back_and_light_within_the_codecs_loss(bits: int) -> None:
    opened = photo.open(heic(rgb(bits), bits))
    assert (opened.depth, opened.format, opened.was_colored) == (bits, "HEIC", "color")
    colored = files.colored(opened, strength=12)
    result = files.saved(colored, quality=95)
    full = np.iinfo(opened.luma.dtype).max
    view = by_pillow(result).astype(float) * full / ((1 << bits) - 1)
    error = view - colored.rgb()
    assert np.abs(error).mean() < full * 0.015
    assert np.abs(error.mean(axis=(0, 1))).max() < full * 0.004, "another matrix or range"
    again = photo.open(result)
    assert again.depth == bits
    assert np.abs(again.luma.astype(int) - opened.luma).mean() < full * 0.008
    assert HeifFile(memoryview(result)).nclx() == Nclx(1, 13, 6, True)


def test_a_grey_heic_is_grey() -> None:
    opened = photo.open(heic(files.grey()))
    assert opened.was_colored == "grey"
    assert np.abs(opened.luma.astype(int) - files.grey()).mean() < 1


@pytest.mark.parametrize("chroma", [420, 444])
def test_odd_sides_stay_as_they_are(chroma: int) -> None:
    samples = np.asarray(files.astronaut().resize((131, 77)))
    opened = photo.open(heic(samples, chroma=chroma))
    assert opened.size == (131, 77)
    assert np.abs(opened.luma.astype(int) - files.pillow_grey(samples)).mean() < 2
    colored = files.colored(opened, strength=12)
    view = by_pillow(files.saved(colored, quality=95)).astype(int)
    assert view.shape == (77, 131, 3)
    assert np.abs(view - colored.rgb()).mean() < 4
    # the last row and column, where half a chroma sample is left, are no worse than the rest
    for edge in (np.s_[-1], np.s_[:, -1]):
        assert np.abs(view - colored.rgb())[edge].mean() < 8


def test_lossless_stays_lossless() -> None:
    color = {"color_primaries": 1, "transfer_characteristics": 13, "matrix_coefficients": 0, "full_range_flag": 1}
    opened = photo.open(heic(rgb(), quality=-1, **color))
    np.testing.assert_array_equal(opened.luma, files.pillow_grey(rgb()))
    colored = files.colored(opened)
    np.testing.assert_array_equal(by_pillow(files.saved(colored)), colored.rgb())


def test_everything_beside_the_pixels_comes_through(tmp_path: Path) -> None:
    icc = files.profile("adobe")
    alpha = files.grey()[::-1]
    file = heic(np.dstack([rgb(), alpha]), exif=files.exif(), xmp=files.xmp(), icc_profile=icc, quality=100)
    opened = photo.open(file)
    assert opened.alpha is not None
    path = tmp_path / "result.heic"
    files.colored(opened).save(path)
    assert photo.is_marked(path)
    found = pillow_heif.open_heif(path)
    np.testing.assert_array_equal(np.asarray(found)[..., 3], opened.alpha)
    assert found.info["icc_profile"] == icc
    exif = Image.Exif()
    exif.load(found.info["exif"])
    assert exif[0x010F] == "Kodak Brownie"
    assert exif.get_ifd(0x8769)[0x927C] == files.MAKER_NOTE
    assert b"Migrant Mother" in found.info["xmp"]


def test_exiftool_reads_what_was_written(tmp_path: Path) -> None:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    path = tmp_path / "result.heic"
    files.colored(photo.open(heic(rgb(), exif=files.exif(), xmp=files.xmp()))).save(path)
    done = subprocess.run(["exiftool", "-a", "-s", str(path)], capture_output=True, text=True, check=True)
    for text in ("Kodak Brownie", "Migrant Mother", "compositeWithTrainedAlgorithmicMedia", "96x64"):
        assert text in done.stdout


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_containers_turn_is_applied_and_exif_is_not_asked(orientation: int) -> None:
    file = heic(files.grey(), exif=files.exif(orientation))  # pillow-heif turns it into irot and imir
    opened = photo.open(file)
    upright = np.asarray(turned(Image.fromarray(files.grey()), orientation))
    assert np.abs(opened.luma.astype(int) - upright).mean() < 2
    result = files.saved(files.colored(opened))
    assert pillow_heif.open_heif(io.BytesIO(result)).size == opened.size


def turned(image: Image.Image, orientation: int) -> Image.Image:
    ways = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
    return image.transpose(Image.Transpose(ways[orientation])) if orientation in ways else image


def test_of_several_pictures_the_main_one_is_taken_and_that_is_said() -> None:
    several = pillow_heif.HeifFile()
    for plane in (files.grey(), files.grey()[::-1]):
        several.add_frombytes("L", (96, 64), np.ascontiguousarray(plane).tobytes())
    stream = io.BytesIO()
    several.save(stream, quality=100, primary_index=1)
    with photo.collect_warnings() as notes:
        opened = photo.open(stream.getvalue())
    assert np.abs(opened.luma.astype(int) - files.grey()[::-1]).mean() < 1
    assert ["holds 2 pictures" in note for note in notes] == [True]


def test_a_picture_made_of_tiles_as_phones_write_it_is_one_picture() -> None:
    image = np.asarray(files.astronaut().convert("L").resize((300, 200)))
    file = heic(image, tile_size=128, thumbnails=[64])
    assert b"grid" in file
    with photo.collect_warnings() as notes:
        opened = photo.open(file)
    assert (opened.size, notes) == ((300, 200), [])
    assert np.abs(opened.luma.astype(int) - image).mean() < 1.5


def test_a_size_beyond_the_limit_is_refused_before_decoding() -> None:
    with pytest.raises(PhotoError, match=r"more than the limit of 0\.001 million"):
        photo.open(heic(rgb()), max_pixels=1000)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.98])
def test_a_truncated_heic_is_refused(share: float) -> None:
    file = heic(rgb(), exif=files.exif(), xmp=files.xmp())
    with pytest.raises(PhotoError, match=r"incomplete HEIC|no picture"):
        photo.open(file[: int(len(file) * share)])


def test_a_missing_extra_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    file = heic(rgb())
    colored = files.colored(photo.open(files.grey()))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert recognised(file[:64]) is not None
    for work in (lambda: photo.open(file), lambda: files.saved(colored, format="heic")):
        with pytest.raises(MissingExtraError, match=r"pip install 'photochrom\[heic\]'$"):
            work()


@pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 3), (5, 7), (77, 131), (16, 3000)])
@pytest.mark.parametrize("bits", [8, 16])
def test_the_smallest_and_the_longest_pictures_go_all_the_way(shape: tuple[int, int], bits: int) -> None:
    files.check_all_the_way(shape, bits, "heic")

"""Anything that holds a picture can be opened; anything else is refused with a message that helps."""

import hashlib
import io
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import photo_files as files
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from photochrom import photo
from photochrom.errors import PhotoError

GREY = Image.fromarray(files.grey())
FORMATS = ["JPEG", "PNG", "TIFF", "WEBP", "BMP"]


@pytest.mark.parametrize("format", FORMATS)
def test_path_bytes_and_stream_give_the_same_picture(format: str, tmp_path: Path) -> None:
    file = files.encoded(GREY, format)
    path = tmp_path / "picture.of.no.known.ending"
    path.write_bytes(file)
    opened = [
        photo.open(source) for source in (path, str(path), file, bytearray(file), memoryview(file), io.BytesIO(file))
    ]
    for each in opened[1:]:
        np.testing.assert_array_equal(each.luma, opened[0].luma)
        assert (each.format, each.sha256) == (opened[0].format, opened[0].sha256)
    with path.open("rb") as stream:
        assert photo.open(stream).name == str(path)


def test_the_hash_is_the_files() -> None:
    file = files.encoded(GREY, "PNG")
    assert photo.open(file).sha256 == hashlib.sha256(file).hexdigest()


# --- arrays and Pillow images ---------------------------------------------------------------------


def test_arrays_of_every_shape_and_depth_are_opened() -> None:
    rgb = np.asarray(files.astronaut().resize((40, 30)))
    luma = files.pillow_grey(rgb)
    alpha = files.grey(40, 30)
    for array in (rgb, np.dstack([rgb, alpha])):
        np.testing.assert_array_equal(photo.open(array).luma, luma)
    for array in (alpha, alpha[..., None], np.dstack([alpha, luma.astype(np.uint8)])):
        np.testing.assert_array_equal(photo.open(array).luma, alpha)
    opened = photo.open(np.dstack([rgb, alpha]))
    assert opened.alpha is not None
    np.testing.assert_array_equal(opened.alpha, alpha)
    np.testing.assert_array_equal(photo.open(alpha > 99).luma, np.where(alpha > 99, 255, 0))
    wide = photo.open(alpha / 255).luma
    assert wide.dtype == np.uint16
    assert np.abs(wide / 257.0 - alpha).max() < 0.01


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(5),
        np.zeros((2, 2, 5)),
        np.zeros((2, 2), int),
        np.zeros((2, 2), complex),
        np.full((2, 2), np.nan),
        np.zeros((0, 4)),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(array: Any) -> None:
    with pytest.raises(PhotoError, match=r"array"):
        photo.open(array)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr", "HSV", "La", "RGBa"])
def test_pillow_images_of_every_mode_are_opened(mode: str) -> None:
    image = files.astronaut().resize((40, 30))
    image = (
        image.convert("LA").convert(mode)
        if mode == "La"
        else image.convert("RGBA").convert(mode)
        if mode == "RGBa"
        else image.convert(mode)
    )
    expected = files.pillow_grey(image.convert("RGBA" if mode in ("RGBa", "PA") else "LA" if mode == "La" else "RGB"))
    assert np.abs(photo.open(image).luma - expected).max() <= 1


def test_16_bit_and_other_pillow_modes() -> None:
    samples = np.random.default_rng(0).integers(0, 65536, (9, 7)).astype(np.uint16)
    np.testing.assert_array_equal(photo.open(Image.fromarray(samples)).luma, samples)
    np.testing.assert_array_equal(photo.open(Image.fromarray(samples.astype(np.int32))).luma, samples)
    for image in (Image.new("F", (3, 3)), Image.fromarray(np.full((2, 2), -1, np.int32))):
        with pytest.raises(PhotoError, match="Pillow image"):
            photo.open(image)
    cmyk = photo.open(files.astronaut().convert("CMYK"))
    assert np.corrcoef(cmyk.luma.ravel(), files.pillow_grey(files.astronaut()).ravel())[0, 1] > 0.95


def test_what_a_pillow_image_carries_comes_through() -> None:
    file = files.encoded(
        GREY,
        "JPEG",
        exif=b"Exif\0\0" + files.exif(6),
        icc_profile=files.profile("adobe"),
        dpi=(300, 300),
        xmp=files.xmp(),
    )
    direct, through = photo.open(file), photo.open(Image.open(io.BytesIO(file)))
    np.testing.assert_array_equal(through.luma, direct.luma)
    assert (through.metadata.exif, through.metadata.icc) == (direct.metadata.exif, direct.metadata.icc)
    assert through.metadata.xmp == direct.metadata.xmp
    assert through.metadata.density == direct.metadata.density
    assert through.format == "JPEG"
    result = files.decoded(files.saved(files.colored(through)))
    assert (result.format, result.size) == ("JPEG", (64, 96))


def test_a_page_of_a_pillow_image_can_be_asked_for() -> None:
    file = files.encoded(GREY, "TIFF", save_all=True, append_images=[Image.new("L", (5, 4), 9)])
    image = Image.open(io.BytesIO(file))
    assert photo.open(image, page=1).size == (5, 4)
    assert photo.open(image).size == GREY.size
    with pytest.raises(PhotoError, match="no page 2"):
        photo.open(image, page=2)


def test_a_pillow_image_that_can_not_be_decoded_is_named() -> None:
    with pytest.raises(PhotoError, match="Pillow could not decode it"):
        photo.open(Image.open(io.BytesIO(files.encoded(files.astronaut(), "PNG")[:5000])))


# --- bad input ------------------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"none\.jpg: there is no such file"):
        photo.open(tmp_path / "none.jpg")


def test_a_folder_given_as_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="is a folder, not a picture"):
        photo.open(tmp_path)


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(PhotoError, match=r"a\.jpg: is empty"):
        photo.open(tmp_path / "a.jpg")
    for source in (b"", io.BytesIO()):
        with pytest.raises(PhotoError, match="is empty"):
            photo.open(source)


def test_text_named_jpg_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("Dear Dorothea,\n")
    with pytest.raises(PhotoError, match=r"a\.jpg: is no picture that can be read.*it is text"):
        photo.open(tmp_path / "a.jpg")
    with pytest.raises(PhotoError, match="it begins with 00 01 02"):
        photo.open(bytes(range(100)))


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(files.encoded(GREY, "JPEG"))
    if os.geteuid() == 0:  # root may read anything: let the system call say what it would say to others

        def refuse(self: Path) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", refuse)
    else:
        path.chmod(0)
    with pytest.raises(PhotoError, match=r"a\.jpg: may not be read; check its permissions"):
        photo.open(path)


def test_things_that_hold_no_picture_are_refused() -> None:
    with pytest.raises(PhotoError, match="not as int"):
        photo.open(5)  # type: ignore[arg-type]
    with pytest.raises(PhotoError, match="binary mode"):
        photo.open(io.StringIO("text"))  # type: ignore[arg-type]


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_beyond_the_limit_is_refused_before_it_is_decoded(format: str) -> None:
    file = files.encoded(GREY, format)
    with pytest.raises(PhotoError, match=r"96 x 64 .*limit.*max_pixels"):
        photo.open(file, max_pixels=96 * 64 - 1)
    assert photo.open(file, max_pixels=96 * 64).size == (96, 64)


def test_a_decompression_bomb_is_refused_by_default_at_once() -> None:
    bomb = bytearray(files.encoded(Image.new("1", (8, 8)), "PNG"))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    with pytest.raises(PhotoError, match="60000 x 60000 = 3,600 million pixels, more than the limit of 400 million"):
        photo.open(bytes(bomb))
    for source in (np.zeros((4, 5), np.uint8), Image.new("L", (5, 4))):
        with pytest.raises(PhotoError, match="limit"):
            photo.open(source, max_pixels=19)


def test_only_tiff_has_pages() -> None:
    assert [photo.pages(files.encoded(GREY, format)) for format in FORMATS] == [1] * 5
    assert photo.pages(files.grey()) == photo.pages(GREY) == 1
    assert len(list(photo.open_pages(files.grey()))) == 1
    for format in FORMATS:
        with pytest.raises(PhotoError, match="no page 1"):
            photo.open(files.encoded(GREY, format), page=1)


@pytest.mark.filterwarnings("ignore::photochrom.photo.PhotoWarning")
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (3, 3), (1, 16383), (16383, 1)])
@pytest.mark.parametrize("format", FORMATS)
def test_the_smallest_and_the_longest_pictures_go_all_the_way(format: str, shape: tuple[int, int]) -> None:
    samples = (np.arange(shape[0] * shape[1]) % 256).astype(np.uint8).reshape(shape)
    opened = photo.open(
        files.encoded(Image.fromarray(samples), format, **({"lossless": True} if format == "WEBP" else {}))
    )
    result = photo.open(files.saved(files.colored(opened)))
    assert result.size == (shape[1], shape[0])
    if format != "JPEG":
        assert np.abs(result.luma.astype(int) - samples).max() <= 1


@pytest.mark.parametrize("shape", [(1, 20_000), (20_000, 1)])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_1_x_20000_is_coloured_and_not_refused(format: str, shape: tuple[int, int]) -> None:
    samples = (np.arange(20_000) % 256).astype(np.uint8).reshape(shape)
    result = files.decoded(files.saved(files.colored(photo.open(files.encoded(Image.fromarray(samples), format)))))
    assert result.size == (shape[1], shape[0])
    assert np.ptp(np.asarray(result).astype(int), axis=2).max() > 10


# --- orientation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_then_normal(orientation: int) -> None:
    file = files.encoded(
        GREY, "JPEG", exif=b"Exif\0\0" + files.exif(orientation, resolution=(300, 200)), dpi=(300, 200)
    )
    opened = photo.open(file)
    np.testing.assert_array_equal(opened.luma, np.asarray(ImageOps.exif_transpose(files.decoded(file))))
    result = files.decoded(files.saved(files.colored(opened)))
    assert result.getexif()[0x0112] == 1
    assert result.size == ((64, 96) if orientation > 4 else (96, 64))
    assert result.info["dpi"] == ((200, 300) if orientation > 4 else (300, 200))


def test_orientation_in_xmp_counts_where_exif_says_nothing() -> None:
    packet = files.xmp("", 'tiff:Orientation="8"')
    opened = photo.open(files.encoded(GREY, "JPEG", xmp=packet))
    assert opened.size == (64, 96)
    assert b'tiff:Orientation="1"' in (photo.open(files.saved(files.colored(opened))).metadata.xmp or b"")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_upright_in_the_files_own_tag_wins_over_what_an_older_xmp_says(format: str) -> None:
    packet = files.xmp("", 'tiff:Orientation="6"')
    if format == "TIFF":
        file = files.encoded(GREY, format, tiffinfo={0x0112: 1, 700: packet})
    else:
        file = files.encoded(GREY, format, exif=b"Exif\0\0" + files.exif(1), **_with_xmp(format, packet))
    opened = photo.open(file)
    assert b'tiff:Orientation="6"' in (opened.metadata.xmp or b"")
    assert opened.size == (96, 64)


def _with_xmp(format: str, packet: bytes) -> dict[str, Any]:
    if format != "PNG":
        return {"xmp": packet}
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", packet.decode())
    return {"pnginfo": text}


def test_alpha_is_turned_with_the_picture() -> None:
    image = GREY.convert("LA")
    image.putalpha(Image.fromarray(files.grey()[::-1]))
    opened = photo.open(files.encoded(image, "PNG", exif=b"Exif\0\0" + files.exif(6)))
    assert opened.alpha is not None
    np.testing.assert_array_equal(opened.alpha, np.rot90(files.grey()[::-1], -1))

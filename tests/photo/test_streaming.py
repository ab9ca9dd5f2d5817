"""What libvips encodes in bands is the coloured picture, to the last bit, and errors come out as they are."""

import errno
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import photo_files as files
import pytest
import pyvips
from numpy.typing import NDArray

from photochrom import photo
from photochrom.errors import PhotoError
from photochrom.photo.formats import streaming
from photochrom.photo.photo import Photo
from photochrom.photo.samples import multiplied


def colored(shape: tuple[int, ...], dtype: type = np.uint8) -> Photo:
    rng = np.random.default_rng(3)
    return files.colored(photo.open(rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)))


def pixels(file: bytes) -> NDArray[Any]:
    result: NDArray[Any] = pyvips.Image.new_from_buffer(file, "").numpy()
    return result


@pytest.mark.parametrize("saver", ["pngsave", "tiffsave"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
def test_many_bands_make_the_same_file_as_the_whole_picture(saver: str, dtype: type, alpha: bool) -> None:
    given = colored((1200, 1001, 2) if alpha else (1200, 1001), dtype)
    rgb = given.rgb()
    whole = rgb if given.alpha is None else np.dstack([rgb, given.alpha])
    np.testing.assert_array_equal(pixels(bytes(streaming.saved(saver, given, "test"))), whole)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (2, 600_000)])
def test_odd_shapes_come_through(shape: tuple[int, int]) -> None:
    given = colored(shape)
    np.testing.assert_array_equal(pixels(bytes(streaming.saved("tiffsave", given, "test"))), given.rgb())


def test_premultiplied_colors_are_written_times_alpha() -> None:
    given = colored((900, 800, 2), np.uint16)
    file = bytes(streaming.saved("pngsave", given, "test", premultiplied=True))
    np.testing.assert_array_equal(pixels(file), multiplied(np.dstack([given.rgb(), given.alpha])))  # type: ignore[list-item]


class Full(io.BytesIO):
    """A disk that is full after 100 kB."""

    def write(self, data: Any, /) -> int:
        if self.tell() + len(data) > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("saver", ["pngsave", "tiffsave"])
def test_a_full_disk_is_the_operating_systems_own_error(saver: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match="No space left"):
        streaming.write(saver, colored((900, 900)), Full(), "test")
    assert capfd.readouterr().err == ""


def test_an_error_while_a_band_is_computed_comes_out(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    given = colored((1500, 1000))
    bands = Photo.rgb_bands

    def failing(self: Photo, *, rows: int) -> Iterator[NDArray[Any]]:
        yield from list(bands(self, rows=rows))[:2]
        raise MemoryError("no more")

    monkeypatch.setattr(Photo, "rgb_bands", failing)
    with pytest.raises(MemoryError, match="no more"):
        streaming.saved("pngsave", given, "test")
    assert capfd.readouterr().err == ""


def test_what_the_encoder_refuses_is_said() -> None:
    with pytest.raises(PhotoError, match=r"wide\.webp: could not be written"):
        streaming.saved("webpsave", colored((1, 20_000)), "wide.webp")

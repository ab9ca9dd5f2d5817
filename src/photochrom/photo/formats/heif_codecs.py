"""The codecs inside AVIF and HEIC: AV1 is read by libvips and written by OpenCV; HEVC needs an extra, pillow-heif.

libvips would write AV1 in as many parts as the machine has processors, and so other bytes on each; it
has no way to write one plane without loss either, as alpha is written.
"""

from __future__ import annotations

import io
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import MissingExtraError, PhotoError
from photochrom.photo import vips
from photochrom.photo.formats.base import check_size

AV1, HEVC = b"av01", b"hvc1"

_SPEED: Final = 6
"""Of AV1's encoder, 0 to 10: 8 takes half the time, for a tenth more bytes."""


_PRESET: Final = "ultrafast"
"""Of x265: a third of the time of the next one, and no more bytes; the usual "slow" takes ten times as long."""


class Decoder(Protocol):
    """Samples up to 2**bits - 1 (grey: (H, W) or (H, W, 2)) and the bits, turned as the file asks."""

    def __call__(self, data: bytes, setup: bytes, *, max_pixels: int, name: str) -> tuple[NDArray[Any], int]: ...


def decoder(codec: bytes) -> Decoder | None:
    """What decodes files whose main picture is of this codec."""
    return {AV1: _decode_av1, HEVC: _decode_hevc, b"hev1": _decode_hevc}.get(codec)


def _decode_av1(data: bytes, setup: bytes, *, max_pixels: int, name: str) -> tuple[NDArray[Any], int]:
    image = vips.load("heifload", data, name, "AVIF")
    check_size(image.width, image.height, max_pixels=max_pixels, name=name)
    bits = image.get("bits-per-sample") if image.get_typeof("bits-per-sample") else 8
    samples = vips.pixels(image, name, "AVIF")
    if bits > 8:
        samples = samples >> np.uint16(16 - bits)
    return (_grey(samples) if len(setup) > 2 and setup[2] & 0x10 else samples), bits


def _decode_hevc(data: bytes, setup: bytes, *, max_pixels: int, name: str) -> tuple[NDArray[Any], int]:
    heif = _pillow_heif(name)
    try:
        file = heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False, hdr_to_16bit=False)
        image = file[file.primary_index]
        check_size(*image.size, max_pixels=max_pixels, name=name)
        bits = int(image.info["bit_depth"])
        samples: NDArray[Any] = np.asarray(image)
    except (ValueError, EOFError, SyntaxError, RuntimeError, OSError, IndexError) as error:
        raise PhotoError(f"{name}: is a damaged or incomplete HEIC ({error}); fetch or copy it again") from None
    return (_grey(samples) if len(setup) > 16 and setup[16] & 3 == 0 else samples), bits


def _grey(samples: NDArray[Any]) -> NDArray[Any]:
    """A picture without chroma as its one plane, or two with alpha."""
    if samples.ndim == 2 or samples.shape[2] < 3:
        return samples
    return samples[..., ::3] if samples.shape[2] == 4 else samples[..., 0]


def encode_av1(samples: NDArray[Any], bits: int, quality: int, name: str) -> bytes:
    """An AVIF with RGB (H, W, 3) or one plane (H, W) of up to 2**bits - 1; quality 100 is without loss."""
    if samples.ndim == 3:
        samples = cv2.cvtColor(samples, cv2.COLOR_RGB2BGR)
    how = [cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_SPEED, _SPEED]
    try:
        done, file = cv2.imencode(".avif", np.ascontiguousarray(samples), how)
    except cv2.error as error:
        raise PhotoError(f"{name}: could not be written as AVIF ({error.err}); write PNG or TIFF") from error
    if not done:
        raise PhotoError(f"{name}: could not be written as AVIF; write PNG or TIFF")
    return bytes(file)


def encode_hevc(samples: NDArray[Any], bits: int, quality: int, name: str) -> bytes:
    """A HEIC with RGB (H, W, 3) or one plane (H, W) of up to 2**bits - 1; quality 100 is without loss."""
    lossless = quality == 100
    color = {"color_primaries": 1, "transfer_characteristics": 13, "matrix_coefficients": 0 if lossless else 6}
    return _hevc(
        "RGB" if samples.ndim == 3 else "L",
        samples,
        bits,
        name,
        quality=-1 if lossless else quality,
        chroma=444 if lossless or samples.ndim == 2 else 420,
        **(color | {"full_range_flag": 1} if samples.ndim == 3 else {}),
    )


def _hevc(mode: str, samples: NDArray[Any], bits: int, name: str, *, quality: int, chroma: int, **nclx: int) -> bytes:
    heif = _pillow_heif(name)
    height, width = samples.shape[:2]
    file = io.BytesIO()
    try:
        heif.encode(
            mode if bits == 8 else f"{mode};{bits}",
            (width, height),
            np.ascontiguousarray(samples).tobytes(),
            file,
            quality=quality,
            chroma=chroma,
            bit_depth=bits,
            tile_size=0,
            enc_params={"preset": _PRESET},
            **nclx,
        )
    except (ValueError, RuntimeError, OSError, MemoryError) as error:
        raise PhotoError(f"{name}: could not be written as HEIC ({error}); write AVIF, PNG or TIFF") from error
    return file.getvalue()


def _pillow_heif(name: str) -> Any:
    try:
        import pillow_heif
    except ModuleNotFoundError:
        raise MissingExtraError(
            f"{name}: is HEIC, which needs a library more: pip install 'photochrom[heic]'"
        ) from None
    return pillow_heif

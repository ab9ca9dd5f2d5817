"""The codestream of JPEG 2000: what its header says, whether all of it is there, and its samples.

OpenJPEG decodes and encodes, by way of pylibjpeg-openjpeg, which has what OpenCV's own copy of it lacks:
any depth from 1 to 16 bits, subsampled components, the color transform, quality by signal-to-noise ratio.
Source: ISO/IEC 15444-1, annex A.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

START: Final = b"\xff\x4f\xff\x51"

SHORTEST_SIDE: Final = 32
LONGEST_SIDE: Final = 65535
"""What the encoder takes: it always halves the picture five times."""

_COD, _SOT, _EOC = 0xFF52, 0xFF90, 0xFFD9
_REVERSIBLE: Final = 1
_MOST_COMPONENTS: Final = 16
_HALVED: Final = (((1, 1), (2, 1), (2, 1)), ((1, 1), (2, 2), (2, 2)))
_MOST_TILE_PARTS: Final = 1_000_000


@dataclass(frozen=True)
class Codestream:
    """What the header says.

    Attributes:
        width, height: in pixels.
        bits: of each component's samples.
        signed: whether each component's samples are.
        steps: (across, down) from one sample of each component to the next, in pixels.
        lossless: whether the wavelet is the one that can be undone exactly.
    """

    width: int
    height: int
    bits: tuple[int, ...]
    signed: tuple[bool, ...]
    steps: tuple[tuple[int, int], ...]
    lossless: bool

    @classmethod
    def of(cls, data: memoryview) -> Codestream:
        """Read the header.

        Raises:
            ValueError: it is damaged or none.
        """
        if bytes(data[:4]) != START:
            raise ValueError("its picture does not begin as it must")
        try:
            right, bottom, left, top, tile_width, tile_height = struct.unpack_from(">6I", data, 8)
            (count,) = struct.unpack_from(">H", data, 40)
            if not 1 <= count <= _MOST_COMPONENTS:
                raise ValueError(f"it says that it has {count} components")
            components = [struct.unpack_from(">BBB", data, 42 + 3 * index) for index in range(count)]
        except struct.error:
            raise ValueError("it ends in its header") from None
        if not (left < right and top < bottom and tile_width and tile_height):
            raise ValueError("it says that it has no pixels")
        if any(not (across and down) for _, across, down in components):
            raise ValueError("a component has no size")
        return cls(
            right - left,
            bottom - top,
            tuple((depth & 0x7F) + 1 for depth, _, _ in components),
            tuple(depth >> 7 == 1 for depth, _, _ in components),
            tuple((across, down) for _, across, down in components),
            _wavelet(data) == _REVERSIBLE,
        )

    def is_evenly_sampled(self) -> bool:
        """Whether there is a sample of each component for each pixel, or YCbCr with half of the chroma's."""
        return set(self.steps) == {(1, 1)} or self.steps in _HALVED


def check_complete(data: memoryview) -> None:
    """See whether every tile is there to its end.

    Raises:
        ValueError: the data end before.
    """
    right, bottom, _, _, width, height, left, top = struct.unpack_from(">8I", data, 8)
    tiles = -(-(right - left) // width) * -(-(bottom - top) // height) if right > left and bottom > top else 0
    found = set()
    place = _first_tile(data)
    for _ in range(_MOST_TILE_PARTS):
        if place + 2 > len(data) or struct.unpack_from(">H", data, place)[0] != _SOT:
            break  # the end mark, or none, as some writers leave it out
        if place + 12 > len(data):
            raise ValueError("it ends before the picture does")
        tile, length = struct.unpack_from(">HI", data, place + 4)
        found.add(tile)
        if length == 0:
            if bytes(data[-2:]) != b"\xff\xd9":
                raise ValueError("it ends before the picture does")
            break
        if length < 12 or place + length > len(data):
            raise ValueError("it ends before the picture does")
        place += length
    if len(found) < tiles:
        raise ValueError(f"it has {len(found)} of its {tiles} tiles")


def decode(data: memoryview, header: Codestream) -> NDArray[Any]:
    """The samples (H, W) or (H, W, n) as uint16 or uint8, each from 0 to 2**bits - 1 of its component.

    Three components of which two are subsampled come as RGB.

    Raises:
        ValueError: damaged.
    """
    from openjpeg import utils as openjpeg

    try:
        flat = openjpeg.decode(bytes(data), j2k_format=0, reshape=False)
    except (RuntimeError, ValueError, OverflowError) as error:
        raise ValueError(str(error).removeprefix("Error decoding the J2K data: ")) from None
    kind = np.dtype(np.uint8 if header.bits[0] <= 8 else np.uint16)
    count = len(header.bits)
    wanted = header.width * header.height * count
    samples: NDArray[Any] = flat.view(kind)[:wanted]
    if samples.size != wanted:
        raise ValueError("its size is not what it says")
    samples = samples.reshape(header.height, header.width, count)
    if any(header.signed):
        # As the decoder leaves them, negative ones stand above the others, as two's complement has it.
        halves = [1 << bits - 1 if signed else 0 for bits, signed in zip(header.bits, header.signed, strict=True)]
        samples = samples + np.array(halves, kind)
        samples &= np.array([(1 << bits) - 1 for bits in header.bits], kind)
    return samples[..., 0] if count == 1 else samples


def encode(samples: NDArray[Any], bits: int, psnr: float | None) -> bytes:
    """A codestream of samples (H, W, 3 or 4) from 0 to 2**bits - 1.

    Args:
        psnr: decibels to reach; None is without loss.

    Raises:
        ValueError: the encoder refuses.
    """
    from openjpeg import utils as openjpeg

    try:
        encoded: bytes = openjpeg.encode_array(
            np.ascontiguousarray(samples),
            bits_stored=bits,
            photometric_interpretation=1 if samples.shape[2] == 3 else 0,
            signal_noise_ratios=None if psnr is None else [psnr],
        )
    except RuntimeError as error:
        raise ValueError(str(error).removeprefix("Error encoding the data: ")) from None
    return encoded


def _wavelet(data: memoryview) -> int:
    for marker, content in _segments(data):
        if marker == _COD and len(content) > 9:
            return content[9]
    return 0


def _first_tile(data: memoryview) -> int:
    """Where the first tile-part begins."""
    place = 2
    for _, content in _segments(data):
        place += 4 + len(content)
    return place


def _segments(data: memoryview) -> list[tuple[int, memoryview]]:
    """(marker, content) of the main header's segments.

    Raises:
        ValueError: it ends in one.
    """
    found: list[tuple[int, memoryview]] = []
    place = 2
    while place + 4 <= len(data):
        marker, length = struct.unpack_from(">HH", data, place)
        if marker == _SOT:
            return found
        if marker < 0xFF00 or length < 2 or place + 2 + length > len(data):
            break
        found.append((marker, data[place + 4 : place + 2 + length]))
        place += 2 + length
    raise ValueError("it ends in its header")

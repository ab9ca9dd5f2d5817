"""The header of a JPEG XL codestream, as far as it must be known before anything is decoded.

Source: ISO/IEC 18181-1, annex D (SizeHeader, ImageMetadata, BitDepth, ExtraChannelInfo).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_RATIOS: Final = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_ALPHA, _SPOT, _BLACK, _CFA = 0, 2, 4, 5

Choice = tuple[int, int]
"""(bits, offset): a number of so many bits, plus the offset."""


@dataclass(frozen=True)
class JxlHeader:
    """What the header says.

    Attributes:
        width, height: in pixels, before the picture is turned.
        bits: a sample; 32 for floating point.
        is_animation: whether there are several frames.
        is_xyb: whether it is in the color space of lossy compression.
        has_premultiplied_alpha: whether the colors were multiplied by alpha.
        has_ink: whether there is black beside three colors, as in CMYK.
    """

    width: int
    height: int
    bits: int = 8
    is_animation: bool = False
    is_xyb: bool = True
    has_premultiplied_alpha: bool = False
    has_ink: bool = False

    @classmethod
    def of(cls, codestream: bytes) -> JxlHeader:
        """Read the header.

        Raises:
            ValueError: it is none, or ends too early.
        """
        if codestream[:2] != b"\xff\x0a":
            raise ValueError("its picture does not begin as it must")
        read = _Bits(codestream[2:4096])
        width, height = _size(read)
        if read.flag():
            return cls(width, height)
        is_animation = False
        if read.flag():
            read.number(3)
            if read.flag():
                _size(read)
            if read.flag():
                _preview(read)
            is_animation = read.flag()
            if is_animation:
                _animation(read)
        bits = _depth(read)
        read.flag()
        extra = [_extra_channel(read) for _ in range(read.choice((0, 0), (0, 1), (4, 2), (12, 1)))]
        is_xyb = read.flag()
        alpha = next((associated for kind, associated in extra if kind == _ALPHA), False)
        return cls(width, height, bits, is_animation, is_xyb, alpha, any(kind == _BLACK for kind, _ in extra))


class _Bits:
    """Numbers out of a stream of bits, the lowest one of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def number(self, bits: int) -> int:
        if bits > self._left:
            raise ValueError("it ends in its header")
        self._left -= bits
        result = self._value & ((1 << bits) - 1)
        self._value >>= bits
        return result

    def flag(self) -> bool:
        return self.number(1) == 1

    def choice(self, *choices: Choice) -> int:
        bits, offset = choices[self.number(2)]
        return self.number(bits) + offset


def _size(read: _Bits) -> tuple[int, int]:
    """(width, height)."""
    small = read.flag()

    def side() -> int:
        return 8 * (read.number(5) + 1) if small else read.choice((9, 1), (13, 1), (18, 1), (30, 1))

    height = side()
    ratio = read.number(3)
    if ratio == 0:
        return side(), height
    above, below = _RATIOS[ratio]
    return height * above // below, height


def _preview(read: _Bits) -> None:
    small = read.flag()

    def side() -> None:
        read.choice((0, 16), (0, 32), (5, 1), (9, 33)) if small else read.choice((6, 1), (8, 65), (10, 321), (12, 1345))

    side()
    if read.number(3) == 0:
        side()


def _animation(read: _Bits) -> None:
    read.choice((0, 100), (0, 1000), (10, 1), (30, 1))
    read.choice((0, 1), (0, 1001), (8, 1), (10, 1))
    read.choice((0, 0), (3, 0), (16, 0), (32, 0))
    read.flag()


def _depth(read: _Bits) -> int:
    if not read.flag():
        return read.choice((0, 8), (0, 10), (0, 12), (6, 1))
    read.choice((0, 32), (0, 16), (0, 24), (6, 1))
    read.number(4)
    return 32


def _extra_channel(read: _Bits) -> tuple[int, bool]:
    """(type, whether the colors were multiplied by it)."""
    if read.flag():
        return _ALPHA, False
    kind = read.choice((0, 0), (0, 1), (4, 2), (6, 18))
    _depth(read)
    read.choice((0, 0), (0, 3), (0, 4), (3, 1))
    read.number(8 * read.choice((0, 0), (4, 0), (5, 16), (10, 48)))
    associated = kind == _ALPHA and read.flag()
    if kind == _SPOT:
        read.number(64)
    elif kind == _CFA:
        read.choice((0, 1), (2, 0), (4, 3), (8, 19))
    return kind, associated

"""The header boxes of JP2: colors, resolution, and how the components of the codestream become channels.

OpenJPEG would do the last, but it gets the bare codestream: what it would make of damaged boxes is not known.
Sources: ISO/IEC 15444-1, annex I.5.3; 15444-2, annex M.11.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.photo.formats.isobmff import boxes, find
from photochrom.photo.metadata import Density


@dataclass(frozen=True)
class Header:
    """What the boxes say of the channels."""

    color: int | None = None
    icc: bytes | None = None
    density: Density | None = None
    palette: memoryview | None = None
    mapping: memoryview | None = None
    channels: tuple[tuple[int, int, int], ...] = ()
    """(channel, type, association) of each entry of the `cdef` box."""


def read_header(data: memoryview, header: Header) -> Header:
    """What a `jp2h` box adds to what is known.

    Raises:
        ValueError, struct.error, IndexError: damaged.
    """
    color, icc = None, None
    for each in boxes(data):
        content = each.content
        if each.kind == b"colr" and color is None and icc is None:
            if content[0] == 1:
                color = struct.unpack_from(">I", content, 3)[0]
            elif content[0] in (2, 3):
                icc = bytes(content[3:])
        elif each.kind == b"pclr":
            header = replace(header, palette=content)
        elif each.kind == b"cmap":
            header = replace(header, mapping=content)
        elif each.kind == b"cdef":
            (count,) = struct.unpack_from(">H", content)
            entries = [struct.unpack_from(">HHH", content, 2 + 6 * index) for index in range(min(count, 64))]
            header = replace(header, channels=tuple((a, b, c) for a, b, c in entries))
        elif each.kind == b"res ":
            header = replace(header, density=_density(content))
    return replace(header, color=color, icc=icc)


def _density(data: memoryview) -> Density | None:
    """The capture resolution, or else the one for display."""
    for kind in (b"resc", b"resd"):
        content = find(data, kind)
        if content is not None and len(content) >= 10:
            down, down_below, across, across_below, down_power, across_power = struct.unpack_from(">4H2b", content)
            if down and down_below and across and across_below:
                return Density(
                    across / across_below * 10.0**across_power, down / down_below * 10.0**down_power, "metre"
                )
    return None


def resolution(metre: tuple[float, float]) -> tuple[bytes, bytes]:
    """The content of a `resc` box for pixels per metre across and down.

    Returns:
        Numerators and denominators, down and then across, and the powers of ten of both.
    """
    numbers, powers = b"", b""
    for value in reversed(metre):
        power, value = 0, min(value, 1e100)
        while value >= 500:  # times 127 this fits into 16 bits
            value, power = value / 10, power + 1
        ratio = Fraction(value).limit_denominator(127)
        numbers += struct.pack(">HH", max(ratio.numerator, 1), ratio.denominator)
        powers += struct.pack(">b", power)
    return numbers, powers


def channels(samples: NDArray[Any], depths: tuple[int, ...], header: Header) -> tuple[list[NDArray[Any]], list[int]]:
    """The planes and the bits of each; a palette's colors instead of its numbers.

    Raises:
        ValueError, struct.error: the palette is damaged.
    """
    planes = [samples] if samples.ndim == 2 else [samples[..., index] for index in range(samples.shape[2])]
    if header.palette is None or header.mapping is None:
        return planes, list(depths)
    entries, columns = struct.unpack_from(">HB", header.palette)
    sizes = [(value & 0x7F) + 1 for value in header.palette[3 : 3 + columns]]
    if not 1 <= entries <= 1024 or not sizes or max(sizes) > 16:
        raise ValueError("its palette makes no sense")
    form = ">" + "".join("B" if bits <= 8 else "H" for bits in sizes)
    rows = [struct.unpack_from(form, header.palette, 3 + columns + i * struct.calcsize(form)) for i in range(entries)]
    table = np.array(rows, np.uint16)
    result, result_depths = [], []
    for place in range(0, len(header.mapping) - 3, 4):
        component, kind, column = struct.unpack_from(">HBB", header.mapping, place)
        if component >= len(planes) or (kind == 1 and column >= len(sizes)):
            raise ValueError("its palette makes no sense")
        if kind == 0:
            result.append(planes[component])
            result_depths.append(depths[component])
        else:
            result.append(table[np.minimum(planes[component], entries - 1), column])
            result_depths.append(sizes[column])
    if not result:
        raise ValueError("its palette makes no sense")
    return result, result_depths


def in_order(planes: list[NDArray[Any]], channels: tuple[tuple[int, int, int], ...]) -> tuple[list[NDArray[Any]], bool]:
    """Colors in their order, then the alpha that belongs to all of them; what is neither is left out.

    Also, whether the colors were multiplied by alpha.
    """
    there = [each for each in channels if each[0] < len(planes)]
    colors = sorted((association, channel) for channel, kind, association in there if kind == 0 and association)
    if not colors:
        return planes, False
    alphas = [(channel, kind) for channel, kind, association in there if kind in (1, 2) and association == 0]
    order = [channel for _, channel in colors] + [channel for channel, _ in alphas[:1]]
    return [planes[channel] for channel in order], bool(alphas) and alphas[0][1] == 2

"""What the samples of a TIFF page mean: white or black zero, YCbCr, Lab, inks, and alpha beside them.

For pages that libvips does not interpret rightly. Sources: TIFF 6.0, sections 18 to 23; TIFF
Technical Note 1 (Lab).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo import profiles, vips
from photochrom.photo.formats import tiff_tags as tag
from photochrom.photo.formats.tiff_tags import Tags, first, numbers
from photochrom.photo.notices import warn
from photochrom.photo.samples import unmultiplied

Samples = NDArray[Any]

PREMULTIPLIED, STRAIGHT = 1, 2
"""Values of the tag ExtraSamples: whether colors are stored times alpha."""

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, LAB, ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9
CHANNELS: Final = {
    WHITE_IS_ZERO: 1,
    BLACK_IS_ZERO: 1,
    RGB: 3,
    PALETTE: 1,
    CMYK: 4,
    YCBCR: 3,
    LAB: 3,
    ICC_LAB: 3,
}
"""Channels of each kind of color, without extra ones."""

STORED_BITS: Final[dict[int, Container[int]]] = {PALETTE: (), YCBCR: (8,), LAB: (8, 16), ICC_LAB: (8, 16)}
"""Bits a sample that `interpreted` knows, where these are not all."""


def is_premultiplied(tags: Tags) -> bool:
    """Whether the colors are stored times alpha."""
    return first(tags, tag.EXTRA) == PREMULTIPLIED and first(tags, tag.PHOTOMETRIC) != CMYK


def interpreted(stored: Samples, tags: Tags, photometric: int, name: str) -> tuple[Samples, bool]:
    """Samples as `decoded` gives them, and whether they were brought to sRGB."""
    bits, colors = first(tags, tag.BITS) or 1, CHANNELS[photometric]
    if photometric == YCBCR:
        stored = np.dstack([_rgb_of_ycbcr(stored[..., :3], tags, name), stored[..., 3:]])
    if photometric in (LAB, ICC_LAB):
        rgb = profiles.from_lab(_lab(stored[..., :3], bits, signed=photometric == LAB), profiles.srgb())
        return (rgb if bits == 16 else ((rgb + np.uint32(128)) // 257).astype(np.uint8)), True
    samples = usual(_full_range(stored, bits), colors, name)
    if photometric == CMYK:
        ink = vips.image(samples, "cmyk", tag.raw(tags, tag.ICC))
        return vips.pixels(profiles.cmyk_to_srgb(ink, tag.raw(tags, tag.ICC), name), name, "TIFF"), True
    if photometric == WHITE_IS_ZERO:
        samples[..., 0] = ~samples[..., 0]
    if samples.shape[2] == 1:
        return samples[..., 0], False
    return (unmultiplied(samples) if is_premultiplied(tags) else samples), False


def _full_range(stored: Samples, bits: int) -> Samples:
    """Samples of up to 8 bit as all of 8 bit, those of more as all of 16."""
    if bits in (8, 16):
        return stored
    peak, most = (1 << bits) - 1, 255 if bits < 8 else 65535
    levels = ((np.arange(peak + 1, dtype=np.uint32) * most + peak // 2) // peak).astype(stored.dtype)
    result: Samples = levels[stored]
    return result


def _rgb_of_ycbcr(stored: Samples, tags: Tags, name: str) -> Samples:
    """RGB of Y, Cb and Cr of 8 bit, with the page's own weights and range."""
    red, green, blue = _fractions(tags, tag.COEFFICIENTS) or (0.299, 0.587, 0.114)
    reference = _fractions(tags, tag.BLACK_AND_WHITE) or (0, 255, 128, 255, 128, 255)
    black, white = np.array(reference[::2], np.float32), np.array(reference[1::2], np.float32)
    if min(red, green, blue) <= 0 or (black == white).any():
        raise PhotoError(f"{name}: says that its colours have no range or weight; convert it to RGB first")
    y, cb, cr = np.moveaxis((stored - black) * (np.array((255, 127, 127), np.float32) / (white - black)), 2, 0)
    r, b = y + cr * np.float32(2 - 2 * red), y + cb * np.float32(2 - 2 * blue)
    g = (y - np.float32(red) * r - np.float32(blue) * b) / np.float32(green)
    rgb: Samples = np.clip(np.rint(np.dstack([r, g, b])), 0, 255).astype(np.uint8)
    return rgb


def _fractions(tags: Tags, number: int) -> tuple[float, ...]:
    """The rational numbers of a tag."""
    given = numbers(tags, number)
    return tuple(above / (below or 1) for above, below in zip(given[::2], given[1::2], strict=False))


def _lab(stored: Samples, bits: int, *, signed: bool) -> NDArray[np.float32]:
    """Lab of 8 or 16 bit as TIFF (a and b signed) or as ICC (an offset) stores it."""
    kind = {8: np.int8, 16: np.int16}[bits]
    ab = stored[..., 1:].view(kind) if signed else (stored[..., 1:] ^ (1 << (bits - 1))).view(kind)
    lightness = stored[..., :1].astype(np.float32) * (100 / ((1 << bits) - 1))
    return np.concatenate([lightness, ab.astype(np.float32) / (1 << (bits - 8))], axis=2).astype(np.float32)


def usual(samples: Samples, colors: int, name: str) -> Samples:
    """Without bands beyond the first extra one, which is taken as alpha."""
    if samples.ndim == 2:
        return samples
    usual = colors + 1
    if samples.shape[2] > usual:
        warn(more_channels(samples.shape[2], usual, name))
    return np.ascontiguousarray(samples[..., :usual])


def more_channels(count: int, usual: int, name: str) -> str:
    """The warning about channels that can't be kept."""
    return f"{name}: has {count} channels; those after the first {usual} are left out"

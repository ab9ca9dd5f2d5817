"""The samples of a TIFF page as they are stored: any number of bits, planes, chroma that is subsampled.

libvips does not know them. It is shown the page under another name, with tags that say of the same
bytes that they are plain grey, and hands them out as they are. Source: TIFF 6.0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo import vips
from photochrom.photo.formats import tiff_tags as tag
from photochrom.photo.formats.tiff_colors import BLACK_IS_ZERO, YCBCR, Samples
from photochrom.photo.formats.tiff_tags import Tags, first, numbers, rewritten
from photochrom.photo.mapped import Content


def stored_samples(data: Content, place: int, tags: Tags, name: str) -> Samples:
    """(H, W, channels) of samples as they are stored, uint8 up to 8 bit, else uint16; only chroma is enlarged."""
    bits, channels = first(tags, tag.BITS) or 1, first(tags, tag.CHANNELS) or 1
    if first(tags, tag.PHOTOMETRIC) == YCBCR and _subsampling(tags) != (1, 1):
        return _subsampled(data, place, tags, name)
    if not is_in_planes(tags):
        return _bands(data, place, tags, {}, channels, bits, name)
    offsets, counts = (tag.TILES, tag.TILE_BYTES) if tag.TILES in tags else (tag.STRIPS, tag.STRIP_BYTES)
    planes = []
    each = len(numbers(tags, offsets)) // channels
    for plane in range(channels):
        part = slice(plane * each, (plane + 1) * each)
        changes = {tag.PLANAR: [1], offsets: numbers(tags, offsets)[part], counts: numbers(tags, counts)[part]}
        planes.append(_bands(data, place, tags, changes, 1, bits, name))
    return np.concatenate(planes, axis=2)


def _bands(
    data: Content, place: int, tags: Tags, changes: dict[int, list[int]], channels: int, bits: int, name: str
) -> Samples:
    """(H, W, channels), the channels beside each other in the file."""
    width, height = first(tags, tag.WIDTH), first(tags, tag.LENGTH)
    if bits in (8, 16):
        extra = {tag.EXTRA: [0] * (channels - 1) if channels > 1 else None}
        return _container(data, place, changes | extra, channels, bits, name).reshape(height, width, channels)
    bytes_wide = -(-width * channels * bits // 8)
    changes = changes | {tag.WIDTH: [bytes_wide]}
    if tag.TILES in tags:
        changes[tag.TILE_WIDTH] = [first(tags, tag.TILE_WIDTH) * channels * bits // 8]
    rows = _container(data, place, changes, 1, 8, name).reshape(height, bytes_wide)
    return _unpacked(rows, width * channels, bits).reshape(height, width, channels)


def _container(data: Content, place: int, changes: dict[int, Any], channels: int, bits: int, name: str) -> Samples:
    """What libvips reads as plain channels when the tags say that these are all there is."""
    plain = {tag.PHOTOMETRIC: [BLACK_IS_ZERO], tag.CHANNELS: [channels], tag.BITS: [bits] * channels}
    no_more: dict[int, Any] = {tag.EXTRA: None, tag.SUBSAMPLING: None, tag.COLORS: None, tag.KIND: None, tag.ICC: None}
    file = rewritten(data, place, no_more | plain | changes)
    return vips.pixels(vips.load("tiffload", file, name, "TIFF", page=0), name, "TIFF")


def _unpacked(rows: NDArray[np.uint8], count: int, bits: int) -> Samples:
    """(H, count) numbers of so many bits each, out of rows of bytes, the highest bit first."""
    result = np.empty((len(rows), count), np.uint8 if bits <= 8 else np.uint16)
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(result.dtype)
    for row, target in zip(rows, result, strict=True):
        target[:] = np.unpackbits(row, count=count * bits).reshape(count, bits) @ weights
    return result


def _subsampling(tags: Tags) -> tuple[int, int]:
    given = numbers(tags, tag.SUBSAMPLING)
    return (given[0], given[1]) if len(given) == 2 else (2, 2)


def _subsampled(data: Content, place: int, tags: Tags, name: str) -> Samples:
    """Y, Cb and Cr of units of some luma samples with one pair of chroma samples (TIFF 6.0, section 21)."""
    across, down = _subsampling(tags)
    width, height = first(tags, tag.WIDTH), first(tags, tag.LENGTH)
    if across not in (1, 2, 4) or down not in (1, 2, 4) or first(tags, tag.BITS) != 8 or is_in_planes(tags):
        raise PhotoError(f"{name}: has subsampled colours of a kind that is not read; convert it to RGB first")
    unit = across * down + 2
    columns, rows = -(-width // across), -(-height // down)
    changes = {tag.WIDTH: [columns * unit], tag.LENGTH: [rows]}
    if tag.TILES in tags:
        changes[tag.TILE_WIDTH] = [first(tags, tag.TILE_WIDTH) // across * unit]
        changes[tag.TILE_LENGTH] = [first(tags, tag.TILE_LENGTH) // down]
    else:
        changes[tag.ROWS] = [-(-min(first(tags, tag.ROWS) or height, height) // down)]
    units = _container(data, place, changes, 1, 8, name).reshape(rows, columns, unit)
    luma = units[..., :-2].reshape(rows, columns, down, across).transpose(0, 2, 1, 3)
    chroma = units[..., -2:].repeat(down, axis=0).repeat(across, axis=1)
    planes = np.dstack([luma.reshape(rows * down, columns * across), chroma])
    return np.ascontiguousarray(planes[:height, :width])


def is_in_planes(tags: Tags) -> bool:
    """Whether each channel is stored for itself."""
    return first(tags, tag.PLANAR) == 2 and first(tags, tag.CHANNELS) > 1

"""The samples of a TIFF page, whatever they are: bits, planes, colour spaces, alpha, old compressions.

libvips (with libtiff) decodes the usual ones. What it does not know it is shown under another
name, with the tags changed so that it hands the bytes out as they are; they are interpreted here.
Sources: TIFF 6.0; TIFF Technical Notes 1 and 2.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo import profiles, vips
from photochrom.photo.bands import Bands
from photochrom.photo.formats import tiff_tags as tag
from photochrom.photo.formats.jpeg import embedded
from photochrom.photo.formats.tiff_packing import LZMA, ZSTANDARD, repacked
from photochrom.photo.formats.tiff_tags import Tags, first, numbers, rewritten
from photochrom.photo.mapped import Content
from photochrom.photo.notices import warn
from photochrom.photo.samples import unmultiplied

Samples = NDArray[Any]

PREMULTIPLIED, STRAIGHT = 1, 2
"""Values of the tag ExtraSamples: whether colors are stored times alpha."""

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB, _ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9
_CHANNELS: Final = {
    _WHITE_IS_ZERO: 1,
    _BLACK_IS_ZERO: 1,
    _RGB: 3,
    _PALETTE: 1,
    _CMYK: 4,
    _YCBCR: 3,
    _LAB: 3,
    _ICC_LAB: 3,
}
_OLD_JPEG, _JPEG = 6, 7
_NOT_READ: Final = {
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34712: "JPEG 2000",
    34887: "LERC",
    50002: "JPEG XL",
}
"""Compressions that the libtiff of pyvips' wheels is built without."""

_MOST_CHANNELS: Final = 32

_STORED_BITS: Final[dict[int, Container[int]]] = {_PALETTE: (), _YCBCR: (8,), _LAB: (8, 16), _ICC_LAB: (8, 16)}
"""Bits a sample that `_interpreted` knows, where these are not all."""


def decoded(data: Content, page: tuple[int, int], tags: Tags, name: str) -> tuple[Samples | Bands, bool]:
    """The samples of a page, and whether they were brought to sRGB on the way.

    Args:
        data: the file.
        page: places of its directory in the chain and in the file.
        tags: of the page.
        name: what messages call the file.

    Returns:
        (H, W) grey, (H, W, 2) with alpha, (H, W, 3) RGB or (H, W, 4); alpha straight; uint8, or uint16 above 8 bit;
        in bands where libvips reads them as they are.

    Raises:
        PhotoError: damaged, or of a kind that is not read.
    """
    _refuse(tags, name)
    photometric, place = first(tags, tag.PHOTOMETRIC), page[1]
    if first(tags, tag.COMPRESSION) in (LZMA, ZSTANDARD):
        data = repacked(data, place, tags, name)
        page = 0, tag.chain(memoryview(data), name)[0]
        return decoded(data, page, tag.tags_of(memoryview(data), page[1], name, data), name)
    if first(tags, tag.COMPRESSION) == _OLD_JPEG:
        return _old_jpeg(data, tags, name), False
    if _is_plain(tags):
        index = page[0]
        if is_premultiplied(tags):
            # libvips would divide by alpha itself, and round down.
            extra = [0] * len(numbers(tags, tag.EXTRA))
            data, index = rewritten(data, place, {tag.EXTRA: extra}), 0
        image = vips.load("tiffload", data, name, "TIFF", page=index)
        if image.interpretation == "cmyk":
            return vips.samples(_usual_bands(profiles.cmyk_to_srgb(image), 3, name), name, "TIFF"), True
        image = _usual_bands(image, 1 if image.interpretation in ("b-w", "grey16") else 3, name)
        samples = vips.samples(image, name, "TIFF")
        if is_premultiplied(tags) and isinstance(samples, Bands):
            samples = samples.through(unmultiplied)
        return samples, False
    return _interpreted(_stored(data, place, tags, name), tags, photometric, name)


def is_premultiplied(tags: Tags) -> bool:
    """Whether the colors are stored times alpha."""
    return first(tags, tag.EXTRA) == PREMULTIPLIED and first(tags, tag.PHOTOMETRIC) != _CMYK


def _refuse(tags: Tags, name: str) -> None:
    """Name what can't be read and say what to do.

    Raises:
        PhotoError: such a page.
    """
    bits, kind = first(tags, tag.BITS) or 1, first(tags, tag.KIND) or 1
    photometric, channels = first(tags, tag.PHOTOMETRIC), first(tags, tag.CHANNELS) or 1
    compression = first(tags, tag.COMPRESSION)
    if bits > 16 or kind not in (1, 4):
        signs = {2: "signed ", 3: "floating-point ", 5: "complex ", 6: "complex "}.get(kind, "")
        raise PhotoError(
            f"{name}: has {signs}samples of {bits} bit, which are not read, since black and white are not defined "
            "for them; convert it to 16 bit (0 to 65535) first"
        )
    if compression in _NOT_READ:
        raise PhotoError(
            f"{name}: is compressed with {_NOT_READ[compression]}, which is not read; "
            "save it with LZW or deflate compression first"
        )
    if photometric not in _CHANNELS or (photometric == _CMYK and first(tags, tag.INKS) not in (0, 1)):
        what = {32803: "a camera's raw sensor data", 32844: "SGI LogL light", 32845: "SGI LogLuv light"}.get(
            photometric
        )
        what = what or ("other inks than CMYK" if photometric == _CMYK else f"colours of kind {photometric}")
        raise PhotoError(f"{name}: holds {what}, which is not read; convert it to RGB or grey first")
    if not (
        len(set(numbers(tags, tag.BITS))) <= 1
        and _CHANNELS[photometric] <= channels <= _MOST_CHANNELS
        and (_is_plain(tags) or bits in _STORED_BITS.get(photometric, range(1, 17)))
    ):
        raise PhotoError(f"{name}: has channels that are not read; convert it to RGB or grey of 8 or 16 bit first")


def _is_plain(tags: Tags) -> bool:
    """Whether libvips reads such a page rightly."""
    bits, channels = first(tags, tag.BITS) or 1, first(tags, tag.CHANNELS) or 1
    photometric = first(tags, tag.PHOTOMETRIC)
    if tag.TILES in tags and _is_in_planes(tags):
        return False
    if photometric == _YCBCR:
        return first(tags, tag.COMPRESSION) == _JPEG
    if photometric in (_LAB, _ICC_LAB):
        return False
    few = bits in (1, 2, 4) and channels == 1 and photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _PALETTE)
    return bits in (8, 16) or few


def _is_in_planes(tags: Tags) -> bool:
    return first(tags, tag.PLANAR) == 2 and first(tags, tag.CHANNELS) > 1


def _usual_bands(image: Any, colors: int, name: str) -> Any:
    """What `_usual` does, for a libvips picture."""
    if image.bands <= colors + 1:
        return image
    warn(_more_channels(image.bands, colors + 1, name))
    return image.extract_band(0, n=colors + 1)


def _more_channels(count: int, usual: int, name: str) -> str:
    return f"{name}: has {count} channels; those after the first {usual} are left out"


def _usual(samples: Samples, colors: int, name: str) -> Samples:
    """Without bands beyond the first extra one, which is taken as alpha."""
    if samples.ndim == 2:
        return samples
    usual = colors + 1
    if samples.shape[2] > usual:
        warn(_more_channels(samples.shape[2], usual, name))
    return np.ascontiguousarray(samples[..., :usual])


def _old_jpeg(data: Content, tags: Tags, name: str) -> Samples:
    """JPEG as TIFF 6.0 had it, where the page holds a whole JPEG file; libtiff as it is built here reads none."""
    start, length = first(tags, tag.JPEG_START), first(tags, tag.JPEG_BYTES)
    stream = data[start : start + length] if length else data[start:]
    try:
        if start:
            return embedded(stream, name, size=(first(tags, tag.WIDTH), first(tags, tag.LENGTH)))
        why = "it holds no JPEG file"
    except PhotoError as error:
        why = str(error)
    raise PhotoError(
        f"{name}: is compressed in an old kind of JPEG that is not read ({why}); "
        "save it with another program as JPEG, or as TIFF with LZW compression"
    )


# --- what libvips hands out as it is stored -------------------------------------------------------


def _stored(data: Content, place: int, tags: Tags, name: str) -> Samples:
    """(H, W, channels) of samples as they are stored, uint8 up to 8 bit, else uint16; only chroma is enlarged."""
    bits, channels = first(tags, tag.BITS) or 1, first(tags, tag.CHANNELS) or 1
    if first(tags, tag.PHOTOMETRIC) == _YCBCR and _subsampling(tags) != (1, 1):
        return _subsampled(data, place, tags, name)
    if not _is_in_planes(tags):
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
    plain = {tag.PHOTOMETRIC: [_BLACK_IS_ZERO], tag.CHANNELS: [channels], tag.BITS: [bits] * channels}
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
    if across not in (1, 2, 4) or down not in (1, 2, 4) or first(tags, tag.BITS) != 8 or _is_in_planes(tags):
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


# --- what it means --------------------------------------------------------------------------------


def _interpreted(stored: Samples, tags: Tags, photometric: int, name: str) -> tuple[Samples, bool]:
    """Samples as `decoded` gives them, and whether they were brought to sRGB."""
    bits, colors = first(tags, tag.BITS) or 1, _CHANNELS[photometric]
    if photometric == _YCBCR:
        stored = np.dstack([_rgb_of_ycbcr(stored[..., :3], tags, name), stored[..., 3:]])
    if photometric in (_LAB, _ICC_LAB):
        rgb = profiles.from_lab(_lab(stored[..., :3], bits, signed=photometric == _LAB), profiles.srgb())
        return (rgb if bits == 16 else ((rgb + np.uint32(128)) // 257).astype(np.uint8)), True
    samples = _usual(_full_range(stored, bits), colors, name)
    if photometric == _CMYK:
        ink = vips.image(samples, "cmyk", tag.raw(tags, tag.ICC))
        return vips.pixels(profiles.cmyk_to_srgb(ink), name, "TIFF"), True
    if photometric == _WHITE_IS_ZERO:
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

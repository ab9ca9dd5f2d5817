"""The samples of a TIFF page, whatever they are: bits, planes, colour spaces, alpha, old compressions.

libvips (with libtiff) decodes the usual ones. Of the others it hands out the bytes as they are
stored (`tiff_stored`), and `tiff_colors` says what they mean. Sources: TIFF 6.0; TIFF Technical
Notes 1 and 2.
"""

from __future__ import annotations

from typing import Any, Final

from photochrom.errors import PhotoError
from photochrom.photo import profiles, vips
from photochrom.photo.bands import Bands
from photochrom.photo.formats import tiff_tags as tag
from photochrom.photo.formats.jpeg import embedded
from photochrom.photo.formats.tiff_colors import (
    BLACK_IS_ZERO,
    CHANNELS,
    CMYK,
    ICC_LAB,
    LAB,
    PALETTE,
    STORED_BITS,
    WHITE_IS_ZERO,
    YCBCR,
    Samples,
    interpreted,
    is_premultiplied,
    more_channels,
)
from photochrom.photo.formats.tiff_packing import LZMA, ZSTANDARD, repacked
from photochrom.photo.formats.tiff_stored import is_in_planes, stored_samples
from photochrom.photo.formats.tiff_tags import Tags, first, numbers, rewritten
from photochrom.photo.mapped import Content
from photochrom.photo.notices import warn
from photochrom.photo.samples import unmultiplied

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
            return vips.samples(
                _usual_bands(profiles.cmyk_to_srgb(image, tag.raw(tags, tag.ICC), name), 3, name), name, "TIFF"
            ), True
        image = _usual_bands(image, 1 if image.interpretation in ("b-w", "grey16") else 3, name)
        samples = vips.samples(image, name, "TIFF")
        if is_premultiplied(tags) and isinstance(samples, Bands):
            samples = samples.through(unmultiplied)
        return samples, False
    return interpreted(stored_samples(data, place, tags, name), tags, photometric, name)


def _refuse(tags: Tags, name: str) -> None:
    """Name what can't be read and say what to do.

    Raises:
        PhotoError: such a page.
    """
    bits, kind = first(tags, tag.BITS) or 1, first(tags, tag.KIND) or 1
    photometric, compression = first(tags, tag.PHOTOMETRIC), first(tags, tag.COMPRESSION)
    channels = first(tags, tag.CHANNELS) or (len(numbers(tags, tag.BITS)) if compression == _OLD_JPEG else 1)
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
    if photometric not in CHANNELS or (photometric == CMYK and first(tags, tag.INKS) not in (0, 1)):
        what = {32803: "a camera's raw sensor data", 32844: "SGI LogL light", 32845: "SGI LogLuv light"}.get(
            photometric
        )
        what = what or ("other inks than CMYK" if photometric == CMYK else f"colours of kind {photometric}")
        raise PhotoError(f"{name}: holds {what}, which is not read; convert it to RGB or grey first")
    if not (
        len(set(numbers(tags, tag.BITS)[:channels])) <= 1
        and CHANNELS[photometric] <= channels <= _MOST_CHANNELS
        and (_is_plain(tags) or bits in STORED_BITS.get(photometric, range(1, 17)))
    ):
        raise PhotoError(f"{name}: has channels that are not read; convert it to RGB or grey of 8 or 16 bit first")


def _is_plain(tags: Tags) -> bool:
    """Whether libvips reads such a page rightly."""
    bits, channels = first(tags, tag.BITS) or 1, first(tags, tag.CHANNELS) or 1
    photometric = first(tags, tag.PHOTOMETRIC)
    if tag.TILES in tags and is_in_planes(tags):
        return False
    if photometric == YCBCR:
        return first(tags, tag.COMPRESSION) == _JPEG
    if photometric in (LAB, ICC_LAB):
        return False
    few = bits in (1, 2, 4) and channels == 1 and photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, PALETTE)
    return bits in (8, 16) or few


def _usual_bands(image: Any, colors: int, name: str) -> Any:
    """What `usual` does, for a libvips picture."""
    if image.bands <= colors + 1:
        return image
    warn(more_channels(image.bands, colors + 1, name))
    return image.extract_band(0, n=colors + 1)


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

"""From anything that holds a picture to a `Photo`: paths, bytes, streams, Pillow images, arrays."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeGuard, cast

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo import exif, mark, profiles, vips
from photochrom.photo.bands import Bands, bands
from photochrom.photo.deferred import Deferred, whole
from photochrom.photo.files import STANDARD_INPUT, Readable, not_empty, read_path, reason
from photochrom.photo.formats import FORMATS, of_data, recognised
from photochrom.photo.formats.base import Decoded, check_page, check_size
from photochrom.photo.mapped import Content, Mapped, mapped, sha256
from photochrom.photo.metadata import Density, Metadata
from photochrom.photo.notices import warn
from photochrom.photo.photo import Photo
from photochrom.photo.samples import upright
from photochrom.values import integer

if TYPE_CHECKING:
    from PIL.Image import Image

    Source = str | PathLike[str] | bytes | bytearray | memoryview | Readable | NDArray[Any] | Image

_PIL_FORMATS: Final = {"MPO": "JPEG", "HEIF": "HEIC", "JPEG2000": "JPEG 2000", "JXL": "JPEG XL"}
"""Formats that Pillow calls otherwise than we do."""

MAX_PIXELS: Final = 400_000_000
"""How large a picture may be unless `max_pixels` says otherwise: 20,000 x 20,000 pixels."""


def open(source: Source, *, page: int = 0, max_pixels: int = MAX_PIXELS, name: str | None = None) -> Photo:
    """Read a picture.

    Args:
        source: a path; the bytes of a file; an open binary stream; a Pillow image; or an array: (H, W) grey,
            (H, W, 2) grey and alpha, (H, W, 3) RGB or (H, W, 4) RGB and alpha, as bool, uint8,
            uint16, or float in [0, 1].
        page: which page of a file that has several, counted from 0.
        max_pixels: refuse larger pictures before any memory is taken for them.
        name: what messages are to call it, where that is not the name of its file.

    Returns:
        The picture, upright and not colored yet.

    Raises:
        PhotoError: missing, unreadable, empty, damaged, too large, or no picture that we know.
        UsageError: page or max_pixels is no whole number.
    """
    page, max_pixels = integer(page, "page"), integer(max_pixels, "max_pixels", 1)
    return _opened(source, max_pixels, name, lambda _: page)


def open_page_or_only(source: Source, page: int, *, max_pixels: int = MAX_PIXELS, name: str | None = None) -> Photo:
    """Read the page of a picture that has several, of any other the only one, whatever its number. See `open`."""
    page, max_pixels = integer(page, "page"), integer(max_pixels, "max_pixels", 1)
    return _opened(source, max_pixels, name, lambda pages: page if pages > 1 else 0)


def _opened(source: Source, max_pixels: int, name: str | None, choose: Callable[[int], int]) -> Photo:
    """The page that is chosen by how many there are."""
    if isinstance(source, np.ndarray):
        check_page(choose(1), 1, "array")
        check_size(*_array_size(source), max_pixels=max_pixels, name="array")
        return _photo(Decoded(_samples(source)), name="array")
    if _is_pil(source):
        pages = getattr(source, "n_frames", 1)
        return replace(
            _from_pil(source, page=choose(pages), max_pixels=max_pixels), page=choose(pages) if pages > 1 else None
        )
    data, found = content(source)
    name = name or found
    pages = of_data(data, name).pages(cast(bytes, data), name=name)
    return _page(data, name, choose(pages), pages, max_pixels, sha256(data))


def open_pages(source: Source, *, max_pixels: int = MAX_PIXELS, name: str | None = None) -> Iterator[Photo]:
    """Read every page of a picture, one at a time; the file is read once. See `open`."""
    if isinstance(source, np.ndarray) or _is_pil(source):
        yield open(source, max_pixels=max_pixels)
        return
    max_pixels = integer(max_pixels, "max_pixels", 1)
    data, found = content(source)
    digest, name = sha256(data), name or found
    pages = of_data(data, name).pages(cast(bytes, data), name=name)
    for page in range(pages):
        yield _page(data, name, page, pages, max_pixels, digest)


def pages(source: Source, *, name: str | None = None) -> int:
    """How many pages the picture has: more than 1 only for TIFF.

    Raises:
        PhotoError: see `open`.
    """
    if isinstance(source, np.ndarray) or _is_pil(source):
        return 1
    data, found = content(source)
    return of_data(data, name or found).pages(cast(bytes, data), name=name or found)


def is_marked(path: str | PathLike[str]) -> bool:
    """Whether a file carries our mark, so that it is no original. Reads its head only and decodes nothing.

    False also for what is no picture, is damaged or can't be read.
    """
    try:
        with Path(path).open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        format = recognised(bytes(data[:64]))
        return format is not None and mark.is_ours(format.find_xmp(data))
    except (OSError, ValueError, PhotoError):
        return False


def _page(data: Content, name: str, page: int, pages: int, max_pixels: int, digest: str) -> Photo:
    format = of_data(data, name)
    decoded = format.read(cast(bytes, data), page=page, max_pixels=max_pixels, name=name)
    photo = _photo(decoded, name=name, format=format.name, sha256=digest, page=page if pages > 1 else None)
    if isinstance(data, Mapped):
        data.check()
    return photo


def content(source: Any) -> tuple[Content, str]:
    """The bytes of a file, given by path, as bytes or as a binary stream, and what to call it in messages.

    Raises:
        PhotoError: it can't be read.
    """
    if isinstance(source, str | PathLike):
        path = Path(source)
        large = mapped(path)
        format = recognised(large[:64]) if large else None
        return (large if large and format and format.reads_mapped else read_path(path)), str(path)
    if isinstance(source, bytes | bytearray | memoryview):
        return not_empty(bytes(source), "these bytes"), "these bytes"
    if isinstance(source, Readable):
        name = _stream_name(source)
        try:
            data = source.read()
        except OSError as error:
            raise PhotoError(f"{name}: could not be read ({reason(error)})") from error
        if not isinstance(data, bytes):
            raise PhotoError(f"{name}: is a text stream; open it in binary mode")
        return not_empty(data, name), name
    raise PhotoError(
        f"a picture can be given as path, bytes, binary stream, Pillow image or array, not as {type(source).__name__}"
    )


def _stream_name(stream: Readable) -> str:
    name = getattr(stream, "name", None)
    if name == "<stdin>":
        return STANDARD_INPUT
    return "this stream" if name is None or isinstance(name, int) else str(name)  # a number: opened by its descriptor


def _photo(
    decoded: Decoded, *, name: str, format: str | None = None, sha256: str | None = None, page: int | None = None
) -> Photo:
    """Everything that is alike for all formats: luma, profile, uprightness."""
    samples, metadata = decoded.samples, decoded.metadata
    alpha, look = None, decoded.look
    luma: NDArray[Any] | Deferred
    grey = isinstance(samples, Deferred) or len(samples.shape) == 2 or samples.shape[2] < 3
    icc = _usable_profile(metadata.icc, grey and decoded.look is None, name)
    if isinstance(samples, Deferred) or (not isinstance(samples, Bands) and samples.ndim == 2):
        luma = samples
    else:
        parts = samples if isinstance(samples, Bands) else Bands.of(samples)
        if icc is not None and not grey and not profiles.stays(icc):
            parts, icc = parts.through(partial(profiles.rgb_to_srgb, icc=icc)), profiles.srgb()
        luma, alpha, seen = parts.separated()
        look = seen or look
    if icc is not None and not profiles.stays(icc):
        luma = _through(profiles.grey_table(icc), whole(luma))
        icc = profiles.srgb()

    was_colored = look.was_colored() if look else "grey"
    turned = decoded.orientation or mark.orientation(metadata.xmp)
    if turned != 1 or not isinstance(luma, Deferred):
        luma = upright(whole(luma), turned)
    density, quarter = metadata.density, turned in (5, 6, 7, 8)
    metadata = replace(
        metadata,
        exif=exif.upright(metadata.exif, width=luma.shape[1], height=luma.shape[0], turned=quarter),
        icc=icc,
        density=density.turned() if density and quarter else density,
    )
    return Photo(
        luma=luma,
        alpha=None if alpha is None else upright(alpha, turned),
        was_colored=was_colored,
        tone=look.tone() if look and was_colored == "toned" else None,
        look=look.upright(turned) if look and was_colored == "color" else None,
        name=name,
        format=format,
        depth=decoded.depth,
        metadata=metadata,
        encoding=decoded.encoding,
        sha256=sha256,
        page=page,
    )


def _usable_profile(icc: bytes | None, grey: bool, name: str) -> bytes | None:
    """The profile, if it fits the samples and can be used; a grey file may well carry an RGB profile."""
    if icc is None:
        return None
    space = profiles.space(icc)
    try:
        if space == "RGB":
            profiles.is_srgb(icc)
            return icc
        if space == "GRAY" and grey:
            profiles.grey_table(icc)
            return icc
        why = f"it is meant for {space}" if space else "it is damaged"
    except ValueError as error:
        why = str(error)
    warn(f"{name}: its colour profile can't be used ({why}) and is left out; the picture is taken as sRGB")
    return None


def _through(table: NDArray[np.uint16], samples: NDArray[Any]) -> NDArray[Any]:
    if samples.dtype == np.uint8:
        levels = ((table[::257].astype(np.uint32) + 128) // 257).astype(np.uint8)
        small: NDArray[np.uint8] = levels[samples]
        return small
    result = np.empty(samples.shape, np.uint16)
    for rows in bands(*samples.shape):  # NumPy makes the indices 64 bits wide
        result[rows] = table[samples[rows]]
    return result


def _array_size(array: NDArray[Any]) -> tuple[int, int]:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)):
        raise PhotoError(f"an array of shape {array.shape} is no picture; give (H, W) or (H, W, 1 to 4 channels)")
    return array.shape[1], array.shape[0]


def _samples(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.dtype == bool:
        return np.where(array, 255, 0).astype(np.uint8)
    if array.dtype in (np.uint8, np.uint16):
        return array
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise PhotoError("an array of floats must hold finite numbers from 0 to 1")
        wide: NDArray[np.uint16] = (np.clip(array, 0, 1) * 65535 + 0.5).astype(np.uint16)
        return wide
    raise PhotoError(f"an array of {array.dtype} is no picture; give uint8, uint16, bool, or float in [0, 1]")


def _is_pil(source: object) -> TypeGuard[Image]:
    """Whether this is a Pillow image, found out without loading Pillow."""
    return any(base.__module__ == "PIL.Image" and base.__name__ == "Image" for base in type(source).__mro__)


def _from_pil(image: Image, *, page: int, max_pixels: int) -> Photo:
    name = str(getattr(image, "filename", "") or "Pillow image")
    check_page(page, getattr(image, "n_frames", 1), name)
    check_size(*image.size, max_pixels=max_pixels, name=name)
    before = image.tell()
    try:
        if page != before:
            image.seek(page)
        samples, converted = _pil_samples(image, name)
    except (OSError, SyntaxError) as error:
        raise PhotoError(f"{name}: Pillow could not decode it ({reason(error)})") from error
    finally:
        if page != before:
            image.seek(before)
    metadata = _pil_metadata(image)
    if converted:
        metadata = replace(metadata, icc=profiles.srgb())
    decoded = Decoded(
        samples, metadata, depth=16 if samples.dtype == np.uint16 else 8, orientation=exif.orientation(metadata.exif)
    )
    format = _PIL_FORMATS.get(image.format or "", image.format)
    known = next((each.name for each in FORMATS if format and each.name.upper() == format), None)
    return _photo(decoded, name=name, format=known)


def _pil_samples(image: Image, name: str) -> tuple[NDArray[Any], bool]:
    """Samples, and whether they were brought to sRGB on the way."""
    if image.mode == "CMYK":
        ink = vips.image(np.asarray(image), "cmyk", image.info.get("icc_profile"))
        return vips.pixels(profiles.cmyk_to_srgb(ink, image.info.get("icc_profile"), name), name, "picture"), True
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16), False
    if image.mode == "I":
        wide = np.asarray(image)
        if wide.min() < 0 or wide.max() > 65535:
            raise PhotoError(f"{name}: its 32-bit samples go beyond 16 bit; convert it first")
        return wide.astype(np.uint16), False
    if image.mode == "F":
        raise PhotoError(f"{name}: how float samples are meant is unknown; give an array in [0, 1] instead")
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode in ("P", "PA", "La", "RGBa") or "transparency" in image.info:
        grey = image.mode in ("L", "La")
        opaque = image.mode == "P" and "transparency" not in image.info
        image = image.convert("LA" if grey else "RGB" if opaque else "RGBA")
    elif image.mode not in ("L", "LA", "RGB", "RGBA"):
        image = image.convert("RGB")
    return np.asarray(image), False


def _pil_metadata(image: Image) -> Metadata:
    info = image.info
    block = info.get("exif") or (image.getexif().tobytes() if len(image.getexif()) else None)
    packet = info.get("xmp") or info.get("XML:com.adobe.xmp")
    resolution = info.get("dpi")
    photoshop = info.get("photoshop")
    return Metadata(
        exif=block.removeprefix(b"Exif\0\0") if block else None,
        xmp=packet.encode() if isinstance(packet, str) else packet,
        iptc=photoshop.get(0x0404) if isinstance(photoshop, dict) else None,
        icc=info.get("icc_profile") or None,
        density=Density(float(resolution[0]), float(resolution[1]), "inch") if resolution and all(resolution) else None,
    )

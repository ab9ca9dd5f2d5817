"""The few things that are asked of libvips: samples out of a file, a file out of samples, and profiles.

libvips is loaded when it is first needed: a JPEG, the usual case, comes and goes without it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo.samples import multiplied

if TYPE_CHECKING:
    from photochrom.photo.photo import Photo


@cache
def library() -> Any:
    """The pyvips module. Its cache of past operations is switched off: it would hold every picture in memory."""
    import pyvips

    pyvips.cache_set_max(0)
    return pyvips


def load(loader: str, data: bytes, name: str, kind: str, **options: Any) -> Any:
    """A libvips picture, not decoded yet, that fails where the file is damaged or cut short.

    Raises:
        PhotoError: the header can't be read.
    """
    vips = library()
    try:
        return getattr(vips.Image, loader)(data, fail_on="error", access="sequential", **options)
    except vips.Error as error:
        raise damaged(name, kind, error) from None


def damaged(name: str, kind: str, error: Exception) -> PhotoError:
    """What is said about a file that libvips could not read."""
    why = "; ".join(line.strip() for line in str(error).splitlines()[1:2] or [str(error)])
    return PhotoError(f"{name}: is a damaged or incomplete {kind} ({why}); fetch or copy it again")


def pixels(image: Any, name: str, kind: str) -> NDArray[Any]:
    """Samples (H, W), (H, W, 2), (H, W, 3) or (H, W, 4) of 8 or 16 bit.

    Raises:
        PhotoError: damaged, or samples that are neither.
    """
    vips = library()
    if image.format not in ("uchar", "ushort"):
        raise PhotoError(f"{name}: has samples of a kind that is not read ({image.format}); convert it to 16 bit")
    try:
        samples: NDArray[Any] = image.numpy()
    except vips.Error as error:
        raise damaged(name, kind, error) from None
    # A single pixel comes without dimensions.
    return samples.reshape(image.height, image.width, *([image.bands] if image.bands > 1 else []))


def image(samples: NDArray[Any], interpretation: str, icc: bytes | None = None) -> Any:
    """Samples (H, W, bands), uint8, uint16 or float32, as libvips sees them; shares their memory."""
    samples = np.ascontiguousarray(samples)
    height, width, bands = samples.shape
    kind = {"u1": "uchar", "u2": "ushort", "f4": "float"}[samples.dtype.str[1:]]
    vips = library()
    result = vips.Image.new_from_memory(samples.data, width, height, bands, kind).copy(interpretation=interpretation)
    if icc:
        result.set_type(vips.GValue.blob_type, "icc-profile-data", icc)
    return result


def save(saver: str, photo: Photo, name: str, *, premultiplied: bool = False, **options: Any) -> Any:
    """Encode the colored picture, without any metadata; the colors times alpha where it is to be `premultiplied`.

    Raises:
        PhotoError: the encoder refuses.
    """
    vips = library()
    try:
        return getattr(picture(photo, premultiplied=premultiplied), saver)(keep="none", **options)
    except vips.Error as error:
        raise PhotoError(f"{name}: could not be written ({' '.join(str(error).split())})") from error


def picture(photo: Photo, *, premultiplied: bool = False) -> Any:
    """The colored picture as libvips sees it."""
    rgb = photo.rgb()
    if photo.alpha is not None:
        rgb = np.dstack([rgb, photo.alpha])
        rgb = multiplied(rgb) if premultiplied else rgb
    return image(rgb, "rgb16" if rgb.dtype == np.uint16 else "srgb")

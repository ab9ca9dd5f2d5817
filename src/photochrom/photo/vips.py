"""The few things that are asked of libvips: samples out of a file, a file out of samples, and profiles.

libvips is loaded when it is first needed: a JPEG, the usual case, comes and goes without it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo.bands import Bands, bands
from photochrom.photo.mapped import Content, Mapped


@cache
def library() -> Any:
    """The pyvips module. Its cache of past operations is switched off: it would hold every picture in memory."""
    import pyvips

    pyvips.cache_set_max(0)
    return pyvips


def load(loader: str, data: Content, name: str, kind: str, **options: Any) -> Any:
    """A libvips picture, not decoded yet, that fails where the file is damaged or cut short.

    Args:
        loader: of libvips, such as "pngload".
        data: the file; what the caller has looked at of a large one is given back.
        name, kind: what messages call the file and its format.
        options: of the loader.

    Raises:
        PhotoError: the header can't be read.
    """
    vips = library()
    try:
        if isinstance(data, Mapped):
            data.release()
            source = vips.Source.new_from_file(os.fspath(data.path))
        else:
            source = vips.Source.new_from_memory(data)
        open = getattr(vips.Image, f"{loader}_source")
        image = open(source, fail_on="error", access="sequential", **options)
    except vips.Error as error:
        raise damaged(name, kind, error) from None
    image._references.append(source)  # pyvips hands references on to all that is made from the picture
    return image


def damaged(name: str, kind: str, error: Exception) -> PhotoError:
    """What is said about a file that libvips could not read."""
    why = "; ".join(line.strip() for line in str(error).splitlines()[1:2] or [str(error)])
    return PhotoError(f"{name}: is a damaged or incomplete {kind} ({why}); fetch or copy it again")


def pixels(image: Any, name: str, kind: str) -> NDArray[Any]:
    """Samples (H, W), (H, W, 2), (H, W, 3) or (H, W, 4) of 8 or 16 bit.

    Raises:
        PhotoError: damaged, or samples that are neither.
    """
    _check_kind(image, name)
    vips = library()
    try:
        samples: NDArray[Any] = image.numpy()
    except vips.Error as error:
        raise damaged(name, kind, error) from None
    # A single pixel comes without dimensions.
    return samples.reshape(image.height, image.width, *([image.bands] if image.bands > 1 else []))


def samples(image: Any, name: str, kind: str) -> NDArray[Any] | Bands:
    """What `pixels` gives; all but grey ones in bands.

    Raises:
        PhotoError: see `pixels`; of bands, when it is their turn.
    """
    if image.bands == 1:
        return pixels(image, name, kind)
    _check_kind(image, name)
    dtype = np.uint8 if image.format == "uchar" else np.uint16

    def parts() -> Iterator[NDArray[Any]]:
        vips = library()
        # Not by crop: after each part that is computed, libvips would forget the rows that it has decoded already.
        region = vips.Region.new(image)
        for rows in bands(image.height, image.width):
            count = rows.stop - rows.start
            try:
                fetched = region.fetch(0, rows.start, image.width, count)
            except vips.Error as error:
                raise damaged(name, kind, error) from None
            yield np.frombuffer(fetched, dtype).reshape(count, image.width, image.bands)

    return Bands((image.height, image.width, image.bands), dtype, parts())


def _check_kind(image: Any, name: str) -> None:
    if image.format not in ("uchar", "ushort"):
        raise PhotoError(f"{name}: has samples of a kind that is not read ({image.format}); convert it to 16 bit")


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

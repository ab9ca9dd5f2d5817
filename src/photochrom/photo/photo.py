"""Photo: a luma plane, two small chroma planes, and everything else that the file carried.

A colored picture has exactly two exits: `planes` for writers that take planes, `rgb` for the
others. RGB at full size is made only when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
from numpy.typing import DTypeLike, NDArray

from photochrom.color.lab import full_scale
from photochrom.color.luma import ab_to_cbcr, chroma_bands, enlarge, rgb_bands
from photochrom.errors import MissingExtraError, PhotoError
from photochrom.photo import profiles
from photochrom.photo.deferred import Deferred, whole
from photochrom.photo.files import Writable
from photochrom.photo.formats.base import Subsampling
from photochrom.photo.mark import Record
from photochrom.photo.metadata import Metadata
from photochrom.photo.notices import warn
from photochrom.photo.resizing import resized
from photochrom.photo.samples import Look, Tone, WasColored

if TYPE_CHECKING:
    from PIL.Image import Image

_LOOK_PIXELS: Final = 100_000

_FINER: Final = 2
"""Times finer than the colors is the chroma that is made for another profile than sRGB."""

_FINER_TONE: Final = 4
"""Times finer than the colors is the chroma that a tint is laid over."""

_PALE: Final = 2.0
"""Lab units: colors that nowhere exceed this may come out as grey without any surprise."""

Float = NDArray[np.float32]
Plane = NDArray[np.uint8]


class _Luma:
    """The attribute `luma` of a photo: one that is still being decoded is waited for."""

    def __get__(self, photo: Photo | None, owner: type[Photo]) -> NDArray[Any]:
        if photo is None:
            raise AttributeError("luma")  # the class has none, so that each Photo must be given one
        return whole(stored_luma(photo))

    def __set__(self, photo: Photo, luma: NDArray[Any] | Deferred) -> None:
        photo.__dict__["luma"] = luma


def stored_luma(photo: Photo) -> NDArray[Any] | Deferred:
    """The photo's luma as far as it is there, without waiting."""
    luma: NDArray[Any] | Deferred = photo.__dict__["luma"]
    return luma


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph, upright.

    Attributes:
        luma: (H, W) uint8 or uint16, Y' of BT.601 over the full range. That of a large JPEG may still be on its way
            when the photo is opened, and is waited for here; `size` and `working_luma` do without it.
        chroma: (2, h, w) float32, Cb and Cr in [-0.5, 0.5], at any size; None before it is colored.
        alpha: (H, W) of luma's type; None where the picture is opaque.
        was_colored: what the file's own chroma was like: "grey", "toned" (along one line, as sepia is) or "color".
        tone: the tint that it came with, where it was "toned".
        look: a small copy of the colors that it came with, where these were "color".
        name: what messages call it.
        format: name of the format that it came in; None for arrays.
        depth: bits a sample in the file.
        metadata: what the file carried, for the upright picture.
        encoding: what its format wants to know again when it is saved.
        sha256: of the file, in hexadecimal; None where there was none.
        page: which page of its file it was, counted from 0; None where that has only one.
        record: how it was colored.
        meant_grey: whether the colors that it was given are grey or nearly so, as on request.
        more_pages: the pages after this one, where all pages of a file were colored; saved together with it.
    """

    luma: _Luma = _Luma()
    chroma: Float | None = None
    alpha: NDArray[Any] | None = None
    was_colored: WasColored = "grey"
    tone: Tone | None = None
    look: Look | None = None
    name: str = "picture"
    format: str | None = None
    depth: int = 8
    metadata: Metadata = field(default_factory=Metadata)
    encoding: object = None
    sha256: str | None = None
    page: int | None = None
    record: Record | None = None
    meant_grey: bool = False
    more_pages: tuple[Photo, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        height, width = stored_luma(self).shape
        return width, height

    @property
    def nbytes(self) -> int:
        """Memory of its planes."""
        luma = stored_luma(self)
        depth = 1 if isinstance(luma, Deferred) else luma.itemsize
        width, height = self.size
        chroma = 0 if self.chroma is None else self.chroma.nbytes
        return width * height * depth * (1 if self.alpha is None else 2) + chroma

    @property
    def bits(self) -> int:
        """Bits a sample that a file needs to keep the light as it is: 8, or more than that up to 16."""
        luma = stored_luma(self)
        if isinstance(luma, Deferred) or luma.dtype == np.uint8:
            return 8
        return self.depth if 8 < self.depth <= 16 else 16

    @property
    def profile(self) -> bytes | None:
        """The RGB profile that the numbers are meant in; None where that is sRGB."""
        icc = self.metadata.icc
        return None if icc is None or profiles.is_srgb(icc) else icc

    def working_luma(self, size: tuple[int, int], *, part: tuple[int, int, int, int] | None = None) -> Float:
        """The luma at another size, as sRGB: area-averaged where it shrinks, cubic where it grows.

        Args:
            size: (h, w) in pixels.
            part: left, top, right, bottom in pixels of what is wanted; None: the whole picture.

        Returns:
            (h, w) float32 in [0, 1].
        """
        small, icc = self.small_luma(size, part), self.profile
        return small if icc is None else np.interp(small, *profiles.grey_axis(icc)).astype(np.float32)

    def small_luma(self, size: tuple[int, int], part: tuple[int, int, int, int] | None = None) -> Float:
        """The luma, or a part of it, at another size, in the file's own numbers: see `working_luma`."""
        luma = stored_luma(self)
        if part is not None:
            left, top, right, bottom = part
            return resized(whole(luma)[top:bottom, left:right], size)
        small = luma.working_luma(size) if isinstance(luma, Deferred) else None
        return resized(whole(luma), size) if small is None else small

    def colored(
        self, ab: Float, luma01: Float, *, record: Record, keep_tone: bool = False, keep_grey: Float | None = None
    ) -> Photo:
        """This photograph with colors.

        Args:
            ab: (h, w, 2) Lab units, at any size.
            luma01: (h, w) float32 in [0, 1]: `working_luma` of the same size.
            record: what the file's mark is to say.
            keep_tone: whether the tint of a toned picture is laid over the colors.
            keep_grey: (h, w) in [0, 1], at any size of its own: 1 where it gets no colors.

        Returns:
            A new Photo; the luma is the same.
        """
        # What a color's numbers are in another profile, and what tint goes with it, depends on the light, which is
        # finer than the colors.
        chroma, icc = ab_to_cbcr(luma01, ab), self.profile
        if icc is not None:
            fine = self.working_luma((_FINER * luma01.shape[0], _FINER * luma01.shape[1]))
            chroma = profiles.own_chroma(icc, fine, chroma)
        if keep_grey is not None:
            chroma = _less(chroma, keep_grey, self.size)
        if keep_tone and self.tone is not None:
            size = _larger(chroma.shape[1:], (_FINER_TONE * luma01.shape[0], _FINER_TONE * luma01.shape[1]))
            chroma = enlarge(chroma, size) + self.tone.at(self.small_luma(size))
        seen = float(np.abs(ab).max()) * (1 if keep_grey is None else 1 - float(keep_grey.min()))
        return replace(self, chroma=chroma, record=record, meant_grey=seen < _PALE)

    def colors(self) -> Float:
        """The chroma.

        Raises:
            PhotoError: it has not been colored.
        """
        if self.chroma is None:
            raise PhotoError(f"{self.name}: has not been coloured yet; that comes before its colours")
        return self.chroma

    def with_pages(self, pages: Iterable[Photo]) -> Photo:
        """This page with those that come after it."""
        return replace(self, more_pages=tuple(pages))

    def planes(self, subsampling: Subsampling = "420") -> tuple[Plane, Plane, Plane]:
        """Y', Cb, Cr as JPEG has them.

        Args:
            subsampling: "420" or "444".

        Returns:
            (H, W), and twice (ceil(H/2), ceil(W/2)) or (H, W); uint8.
        """
        return next(self.bands(subsampling, rows=self.luma.shape[0]))

    def bands(self, subsampling: Subsampling = "420", *, rows: int) -> Iterator[tuple[Plane, Plane, Plane]]:
        """The planes from top to bottom, `rows` of luma at a time: for writers that need not have all at once.

        Args:
            subsampling: "420" or "444".
            rows: a multiple of 2 for "420"; the last band may be lower.
        """
        luma = _to_8_bit(self.luma)
        bands = chroma_bands(luma, self.colors(), subsampling, rows=rows)
        settled = self.meant_grey
        for start, (cb, cr) in zip(range(0, len(luma), rows), bands, strict=True):
            settled = settled or any(plane.min() < 127 or plane.max() > 129 for plane in (cb, cr))
            if not settled and start + rows >= len(luma):
                self._warn_of_grey()
            yield luma[start : start + rows], cb, cr

    def rgb(self, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """RGB (H, W, 3) as uint8, uint16 or float32 in [0, 1]; without `dtype` at the luma's own depth.

        Warns:
            PhotoWarning: it is grey, although it was given colors; so do `bands` and `planes`.
        """
        (result,) = self.rgb_bands(dtype, rows=self.luma.shape[0])
        return result

    def rgb_bands(self, dtype: DTypeLike | None = None, *, rows: int) -> Iterator[NDArray[Any]]:
        """The same RGB from top to bottom, `rows` at a time: for writers that need not have all at once."""
        luma, settled = self.luma, self.meant_grey
        bands = rgb_bands(luma, self.colors(), dtype, rows=rows)
        for start, band in zip(range(0, len(luma), rows), bands, strict=True):
            settled = settled or not _is_grey(band)
            if not settled and start + rows >= len(luma):
                self._warn_of_grey()
            yield band

    def to_pil(self) -> Image:
        """A Pillow image: RGB or RGBA, 8 bit.

        Raises:
            MissingExtraError: Pillow is not installed.
        """
        try:
            from PIL import Image
        except ImportError:
            raise MissingExtraError("to_pil needs Pillow: pip install pillow") from None
        pixels = self.rgb(np.uint8)
        alpha = self.alpha_8_bit()
        if alpha is not None:
            pixels = np.dstack([pixels, alpha])
        image = Image.fromarray(pixels)
        if self.metadata.icc:
            image.info["icc_profile"] = self.metadata.icc
        return image

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("a Photo makes its RGB when asked: there is nothing to share without a copy")
        return self.rgb() if dtype is None else self.rgb().astype(dtype, copy=False)

    def save(
        self,
        target: str | PathLike[str] | Writable,
        *,
        format: str | None = None,
        quality: int | None = None,
        subsampling: Subsampling | None = None,
        overwrite: bool = False,
    ) -> None:
        """Write the colored photograph, with all that its file carried and the mark; see `save_pages`.

        Args:
            target: path or open binary stream.
            format: a name or suffix such as "png"; without it the path's ending decides, else the format it came in.
            quality: 1 to 100, for formats that can lose any; without it as the file came.
            subsampling: of a JPEG's chroma; without it as the file came, "420" for a grey one.
            overwrite: whether a file that exists may be replaced.

        Raises:
            UsageError: the path's ending is that of another format than `format`.
            PhotoError: not colored, or not to be written there.

        Warns:
            PhotoWarning: names what the format has no place for.
        """
        from photochrom.photo.saving import save_pages  # it knows the formats, which know Photo

        save_pages(
            (self, *self.more_pages),
            target,
            format=format,
            quality=quality,
            subsampling=subsampling,
            overwrite=overwrite,
        )

    def luma_8_bit(self) -> Plane:
        """The luma as uint8."""
        return _to_8_bit(self.luma)

    def alpha_8_bit(self) -> Plane | None:
        """The alpha plane as uint8."""
        return None if self.alpha is None else _to_8_bit(self.alpha)

    def _warn_of_grey(self) -> None:
        warn(
            f"{self.name}: the result is grey: the picture is pure black and white, where no colour has room without "
            "changing the light; scan it again in shades of grey"
        )


def _is_grey(rgb: NDArray[Any]) -> bool:
    """Whether R, G and B differ by two levels of 255 at most everywhere; found out in the first rows as a rule."""
    most = full_scale(rgb.dtype) * 2.5 / 255
    step = max(_LOOK_PIXELS // rgb.shape[1], 1)
    for start in range(0, len(rgb), step):
        red, green, blue = np.moveaxis(rgb[start : start + step], -1, 0)
        for one, other in ((red, green), (green, blue), (blue, red)):
            if cv2.absdiff(one, other).max() > most:
                return False
    return True


def _less(chroma: Float, grey: Float, photo: tuple[int, int]) -> Float:
    """Chroma (2, h, w) without that of the places where `grey` is 1, as fine as the finer of the two.

    A mask that is finer than the photograph, (width, height), is made for a larger one, of which this is a proof.
    """
    if grey.shape[0] > photo[1] and grey.shape[1] > photo[0]:
        grey = np.asarray(cv2.resize(grey, photo, interpolation=cv2.INTER_AREA), np.float32)
    size = _larger(chroma.shape[1:], grey.shape)
    mask = cv2.resize(grey, size[::-1], interpolation=cv2.INTER_LINEAR) if size != grey.shape else grey
    left: Float = enlarge(chroma, size) * (1 - mask)
    return left


def _larger(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int]:
    return max(one[0], other[0]), max(one[1], other[1])


def _to_8_bit(plane: NDArray[Any]) -> Plane:
    if plane.dtype == np.uint8:
        return plane
    result: Plane = np.asarray(cv2.convertScaleAbs(plane, alpha=1 / 257), np.uint8)
    return result

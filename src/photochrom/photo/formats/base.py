"""What a picture format is to the rest of the program: a way in, a way out, and what it has room for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal

from numpy.typing import NDArray

from photochrom.errors import PhotoError, TooLargeError
from photochrom.photo.bands import Bands
from photochrom.photo.deferred import Deferred
from photochrom.photo.metadata import Metadata
from photochrom.photo.samples import Look

if TYPE_CHECKING:
    from photochrom.photo.photo import Photo

Samples = NDArray[Any]
"""uint8 or uint16."""

Subsampling = Literal["420", "444"]


@dataclass(frozen=True, eq=False)
class Decoded:
    """A page of a file as it is stored: not yet upright.

    Attributes:
        samples: (H, W) grey, (H, W, 2) grey and alpha, (H, W, 3) RGB or (H, W, 4) RGB and alpha; uint8 or uint16.
            All but grey ones may come in bands; grey ones may still be on their way.
        metadata: as stored; its profile belongs to the samples and is a grey or an RGB one.
        depth: bits a sample in the file.
        orientation: 1 to 8, as in EXIF; None where the file's own tag says nothing, so that XMP may.
        encoding: what the format wants to know again when the picture is saved.
        look: a small copy with its colors, where the samples are the luma of a picture that may have some.
    """

    samples: Samples | Bands | Deferred
    metadata: Metadata = field(default_factory=Metadata)
    depth: int = 8
    orientation: int | None = None
    encoding: object = None
    look: Look | None = None


@dataclass(frozen=True)
class Options:
    """How a file is to be written; None means as the picture came, or the format's usual way."""

    quality: int | None = None
    subsampling: Subsampling | None = None

    def __post_init__(self) -> None:
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise PhotoError(f"quality {self.quality} makes no sense; give a number from 1 to 100")
        if self.subsampling not in (None, "420", "444"):
            raise PhotoError(f"subsampling {self.subsampling!r} is unknown; give 420 or 444")


@dataclass(frozen=True, eq=False)
class Page:
    """A picture ready to be written: the pixels, and the metadata with the mark in it."""

    photo: Photo
    metadata: Metadata


class Format(ABC):
    """One format family. Objects of its subclasses hold no state; `formats.FORMATS` lists them.

    Attributes:
        name: as people write it.
        suffixes: endings of file names, the usual one first, lower case with the dot.
        mime: media type.
        reads_mapped: whether `read` and `pages` also take a `Mapped` file, so that a large one need not be in memory.
        keeps: which of exif, xmp, iptc, icc, density, alpha, depth (more than 8 bits) and pages it has a place for.
        bits: how many a sample may have, if "depth" is in `keeps`.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    mime: ClassVar[str]
    reads_mapped: ClassVar[bool] = False
    keeps: ClassVar[frozenset[str]]
    bits: ClassVar[int] = 16

    @abstractmethod
    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins with these (at most 64) bytes is of this format."""

    def pages(self, data: bytes, *, name: str) -> int:
        """How many pages the file has."""
        return 1

    @abstractmethod
    def read(self, data: bytes, *, page: int, max_pixels: int, name: str) -> Decoded:
        """Decode one page, counted from 0.

        Raises:
            PhotoError: damaged, cut short, larger than `max_pixels`, or of a kind that is not read.
        """

    @abstractmethod
    def find_xmp(self, data: memoryview) -> bytes | None:
        """The XMP packet, found without decoding anything. May raise ValueError on damaged files."""

    @abstractmethod
    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        """Write the pages into a new file, open for reading and writing.

        Only formats with "pages" in `keeps` get more than one; each may be made while the file is written.

        Raises:
            PhotoError: the format can't hold the picture.
        """


def check_size(width: int, height: int, *, max_pixels: int, name: str) -> None:
    """Refuse a picture that says it is enormous, before memory is taken for it.

    Raises:
        TooLargeError: more pixels than allowed.
        PhotoError: none.
    """
    if width < 1 or height < 1:
        raise PhotoError(f"{name}: is damaged, it says that it has {width} x {height} pixels")
    if width * height > max_pixels:
        raise TooLargeError(
            f"{name}: has {width} x {height} = {width * height / 1e6:,g} million pixels, more than the limit of "
            f"{max_pixels / 1e6:,g} million; if you trust the file, raise max_pixels (--max-pixels)"
        )


def check_page(page: int, pages: int, name: str) -> None:
    """Refuse a page that the file does not have.

    Raises:
        PhotoError: there is no such page.
    """
    if not 0 <= page < pages:
        count = "only one page" if pages == 1 else f"{pages} pages"
        raise PhotoError(f"{name}: has no page {page} (counted from 0); it has {count}")

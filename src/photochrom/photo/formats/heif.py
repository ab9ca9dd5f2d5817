"""What AVIF and HEIC have in common: the same container around two codecs.

The container says how a picture is to be turned; the EXIF orientation tells nothing in it (MIAF,
section 7.3.6.7). Alpha is a picture of its own and is written without loss.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, ClassVar, Final

from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo import exif as exif_block
from photochrom.photo import vips
from photochrom.photo.depths import to_depth, to_full_range
from photochrom.photo.formats import heif_codecs
from photochrom.photo.formats.base import Decoded, Format, Options, Page, check_page, check_size
from photochrom.photo.formats.heif_file import Coded, assembled
from photochrom.photo.formats.heif_items import HeifFile, Nclx
from photochrom.photo.formats.isobmff import brands
from photochrom.photo.metadata import Metadata
from photochrom.photo.notices import warn
from photochrom.photo.samples import unmultiplied

DEFAULT_QUALITY: Final = 90
_LOSSLESS: Final = 100

_SEQUENCES: Final = frozenset({b"avis", b"hevc", b"hevx", b"msf1"})
_AV1_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)

_IDENTITY, _BT_601 = 0, 6
_SRGB: Final = (1, 13)
_P3: Final = 12
_HDR: Final = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True)
class HeifEncoding:
    """Whether the file was lossless, and code points of what its RGB means where that is neither sRGB nor a profile."""

    lossless: bool
    meaning: tuple[int, int] | None = None


class Heif(Format):
    """A still picture in HEIF; subclasses know the codec."""

    keeps = frozenset({"exif", "xmp", "icc", "alpha", "depth"})
    bits: ClassVar[int] = 12

    def read(self, data: bytes, *, page: int, max_pixels: int, name: str) -> Decoded:
        check_page(page, 1, name)
        try:
            items = HeifFile(memoryview(data))
            width, height = items.size()
            check_size(width, height, max_pixels=max_pixels, name=name)
            items.check_complete()
            exif = items.exif()
            metadata = Metadata(exif, items.xmp(), icc=items.profile(), density=exif_block.density(exif))
        except ValueError as error:
            raise self._damaged(name, error) from None
        if items.images > 1:
            warn(f"{name}: holds {items.images} pictures; the main one is taken")
        elif _SEQUENCES & set(brands(data[:64])):
            warn(f"{name}: is a sequence; its still picture is taken")
        samples, bits = self._decoded(items, data, max_pixels=max_pixels, name=name)
        if items.is_premultiplied() and samples.ndim == 3 and samples.shape[2] in (2, 4):
            samples = unmultiplied(samples)
        nclx = items.nclx()
        icc, meaning = _meaning(metadata.icc, nclx, name)
        return Decoded(
            samples,
            replace(metadata, icc=icc),
            depth=bits,
            orientation=1,
            encoding=HeifEncoding(nclx is not None and nclx.matrix == _IDENTITY, meaning),
        )

    def find_xmp(self, data: memoryview) -> bytes | None:
        return HeifFile(data).xmp()

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        (page,) = pages
        photo = page.photo
        came = photo.encoding if isinstance(photo.encoding, HeifEncoding) else None
        quality = options.quality or (_LOSSLESS if came and came.lossless else DEFAULT_QUALITY)
        bits = next(bits for bits in (8, 10, 12) if photo.bits <= bits or bits == 12)
        alpha = photo.alpha
        try:
            picture = Coded.of(self._coded(to_depth(photo.rgb(), bits), bits, quality, name))
            mask = None if alpha is None else Coded.of(self._coded(to_depth(alpha, bits), bits, _LOSSLESS, name))
        except ValueError as error:
            raise PhotoError(f"{name}: could not be written as {self.name} ({error}); write TIFF or PNG") from error
        plain = (2, 2) if page.metadata.icc else _SRGB
        primaries, transfer = came.meaning if came and came.meaning and not page.metadata.icc else plain
        file.write(
            assembled(
                self._brand(bits),
                picture,
                mask,
                nclx=Nclx(primaries, transfer, _IDENTITY if quality == _LOSSLESS else _BT_601, True),
                icc=page.metadata.icc,
                exif=page.metadata.exif,
                xmp=page.metadata.xmp,
            )
        )

    @abstractmethod
    def _brand(self, bits: int) -> bytes:
        """The file's main brand."""

    @abstractmethod
    def _coded(self, samples: NDArray[Any], bits: int, quality: int, name: str) -> bytes:
        """A file with RGB (H, W, 3) as YCbCr of BT.601 over the full range, or one plane (H, W); 100 is without loss.

        The samples go up to 2**bits - 1.
        """

    def _damaged(self, name: str, why: object) -> PhotoError:
        return PhotoError(f"{name}: is a damaged or incomplete {self.name} ({why}); fetch or copy it again")

    def _decoded(self, items: HeifFile, data: bytes, *, max_pixels: int, name: str) -> tuple[NDArray[Any], int]:
        """Samples over the full range of 8 or 16 bit, and the bits that each had."""
        codec = items.codec()
        decode = heif_codecs.decoder(codec)
        if decode is None:
            kind = codec.decode("latin-1").strip() or "none"
            raise PhotoError(f"{name}: its picture is of a kind that is not read ({kind}); convert it to TIFF or PNG")
        setup = bytes(items.property(b"av1C" if codec == heif_codecs.AV1 else b"hvcC") or b"")
        samples, bits = decode(data, setup, max_pixels=max_pixels, name=name)
        return to_full_range(samples, bits), bits


def _meaning(icc: bytes | None, nclx: Nclx | None, name: str) -> tuple[bytes | None, tuple[int, int] | None]:
    """The profile, and the code points of what no profile tells."""
    if icc or nclx is None:
        return icc, None
    if nclx.transfer in _HDR:
        warn(
            f"{name}: is a picture for HDR screens ({_HDR[nclx.transfer]}); its colours are chosen as if it were "
            "an ordinary one"
        )
        return None, (nclx.primaries, nclx.transfer)
    if nclx.primaries == _P3:
        profile: bytes = vips.library().Image.profile_load("p3")
        return profile, None
    return None, None


class Avif(Heif):
    """AV1 of 8, 10 and 12 bits in and out; the still picture of sequences."""

    name = "AVIF"
    suffixes = (".avif", ".avifs")
    mime = "image/avif"

    def recognises(self, head: bytes) -> bool:
        return bool(_AV1_BRANDS & set(brands(head)))

    def _brand(self, bits: int) -> bytes:
        return b"avif"

    def _coded(self, samples: NDArray[Any], bits: int, quality: int, name: str) -> bytes:
        return heif_codecs.encode_av1(samples, bits, quality, name)


class Heic(Heif):
    """HEVC of 8, 10 and 12 bits in and out, by the extra `heic`; of several pictures the main one."""

    name = "HEIC"
    suffixes = (".heic", ".heif", ".hif", ".heics", ".heifs")
    mime = "image/heic"

    def recognises(self, head: bytes) -> bool:
        found = set(brands(head))
        return bool(_HEIF_BRANDS & found) and not _AV1_BRANDS & found

    def _brand(self, bits: int) -> bytes:
        return b"heic" if bits == 8 else b"heix"

    def _coded(self, samples: NDArray[Any], bits: int, quality: int, name: str) -> bytes:
        return heif_codecs.encode_hevc(samples, bits, quality, name)

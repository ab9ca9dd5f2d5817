"""What other libraries than ours see in a file of each kind; what none of them tells is read from the bytes."""

import io
import struct
import xml.etree.ElementTree as ElementTree
from typing import Any

import cv2
import exif_files
import numpy as np
import photo_files as files
import pyvips
import tifffile
from format_kinds import Kind
from numpy.typing import NDArray
from PIL import Image, IptcImagePlugin


def seen(file: bytes, kind: Kind) -> NDArray[np.float64]:
    """RGB or RGBA (H, W, 3 or 4) in [0, 1], of the first page."""
    if kind.format == "TIFF" and "JPEG" not in kind.name:
        with tifffile.TiffFile(io.BytesIO(file)) as tiff:
            samples = np.asarray(tiff.pages[0].asarray())
    elif kind.format == "AVIF":
        samples = pyvips.Image.heifload_buffer(file).numpy()
    elif kind.format == "HEIC":
        import pillow_heif

        heif = pillow_heif.open_heif(io.BytesIO(file), convert_hdr_to_8bit=False, hdr_to_16bit=False)
        return np.asarray(heif) / ((1 << bits_of(file, kind)) - 1)
    elif kind.format == "JPEG XL":
        import pyjpegxl

        samples = pyjpegxl.decode_to_numpy(file)[1]
    elif kind.format in ("JPEG", "TIFF", "WebP"):
        samples = np.asarray(files.decoded(file))
    else:
        pixels = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
        assert pixels is not None
        samples = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    return samples / np.iinfo(samples.dtype).max


def bits_of(file: bytes, kind: Kind) -> int:
    """Bits a sample, as the file itself says it."""
    if kind.format == "TIFF":
        with tifffile.TiffFile(io.BytesIO(file)) as tiff:
            return int(tiff.pages[0].tags[258].value[0])  # type: ignore[union-attr]
    if kind.format == "JPEG":
        return file[file.index(b"\xff\xc0") + 4]
    if kind.format == "PNG":
        return file[24]
    if kind.format in ("AVIF", "HEIC"):
        return file[file.index(b"pixi") + 9]
    if kind.format == "JPEG 2000":
        return file[file.index(b"ihdr") + 14] + 1
    if kind.format == "J2K":
        return file[file.index(b"\xff\x51") + 40] + 1
    if kind.format == "JPEG XL":
        return 8 * seen_dtype(file).itemsize
    return 8  # WebP and BMP have no other


def seen_dtype(file: bytes) -> np.dtype[Any]:
    import pyjpegxl

    dtype: np.dtype[Any] = pyjpegxl.decode_to_numpy(file)[1].dtype
    return dtype


def exif_of(file: bytes, kind: Kind) -> dict[tuple[int, int], Any]:
    """(directory, tag) and value of all that Pillow finds in the file's EXIF."""
    if kind.name.startswith("BigTIFF"):  # Pillow looks for no directories below the first one there
        with tifffile.TiffFile(io.BytesIO(file)) as tiff:
            tags = {tag.code: tag.value for tag in tiff.pages[0].tags}  # type: ignore[union-attr]
        parts = {exif_files.EXIF: tifffile.TIFF.EXIF_TAGS, exif_files.GPS: tifffile.TIFF.GPS_TAGS}
        below = {(part, codes[name]): value for part, codes in parts.items() for name, value in tags[part].items()}
        return exif_files.main_values(tags) | below
    if kind.format == "TIFF":
        found = exif_files.values(Image.open(io.BytesIO(file)).getexif())
        # Pillow looks for this directory only in a block of its own; the orientation is of the pixels in a TIFF.
        return {key: value for key, value in found.items() if key[0] != exif_files.INTEROP and key != (0, 0x0112)}
    block = b""
    if kind.format == "HEIC":
        import pillow_heif

        block = pillow_heif.open_heif(io.BytesIO(file)).info.get("exif") or b""
    elif kind.format == "JPEG 2000":
        block = file.partition(b"JpgTiffExif->JP2")[2]
    elif kind.format == "JPEG XL":
        block = file.partition(b"Exif\0\0\0\0")[2]
    elif kind.format in ("JPEG", "PNG", "WebP", "AVIF"):
        block = files.decoded(file).info.get("exif", b"")
    exif = Image.Exif()
    if block:
        exif.load(block)
    return exif_files.values(exif)


def xmp_of(file: bytes) -> str:
    """All text of the XMP packet, its values in attributes, too."""
    start, end = file.find(b"<x:xmpmeta"), file.find(b"</x:xmpmeta>")
    if start < 0:
        return ""
    packet = ElementTree.fromstring(file[start : end + 12])
    return " ".join(text for each in packet.iter() for text in (each.text or "", *each.attrib.values()))


def iptc_of(file: bytes, kind: Kind) -> dict[tuple[int, int], bytes]:
    if kind.format == "PNG":
        text: str = getattr(files.decoded(file), "text", {}).get("Raw profile type iptc", "")
        resources = bytes.fromhex("".join(text.split()[2:]))
        return {(2, 120): b"Migrant Mother"} if files.IPTC in resources else {}
    if kind.format == "JPEG 2000":
        return {(2, 120): b"Migrant Mother"} if files.IPTC in file else {}
    if kind.format in ("JPEG", "TIFF"):
        found: Any = IptcImagePlugin.getiptcinfo(Image.open(io.BytesIO(file)))
        return found or {}
    return {}


def density_of(file: bytes, kind: Kind) -> float | None:
    """Dots per inch, by the format's own field."""
    if kind.format in ("JPEG", "PNG", "TIFF", "BMP", "JPEG 2000"):
        dpi: tuple[float, float] | None = Image.open(io.BytesIO(file)).info.get("dpi")
        return None if dpi is None else float(dpi[0])
    return None


def icc_of(file: bytes, kind: Kind) -> bytes | None:
    if kind.format == "HEIC":
        import pillow_heif

        found: bytes | None = pillow_heif.open_heif(io.BytesIO(file)).info.get("icc_profile")
        return found
    if kind.format == "JPEG 2000":
        place = file.index(b"colr") + 4
        length = struct.unpack_from(">I", file, place - 8)[0]
        return file[place + 3 : place - 8 + length] if file[place] == 2 else None
    if kind.format in ("JPEG", "PNG", "TIFF", "WebP", "AVIF"):
        icc: bytes | None = Image.open(io.BytesIO(file)).info.get("icc_profile")
        return icc
    return None


def light(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    grey: NDArray[np.float64] = pixels[..., :3] @ [0.299, 0.587, 0.114]
    return grey

"""A good file of every kind that is read, with as much in it as its format holds, by other writers than ours.

Pillow, libvips, tifffile, tifftools, OpenCV, OpenJPEG and the libraries of the extras write the pixels; what they
would leave out is put in here, byte by byte.
"""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final, Literal

import cv2
import exif_files
import numpy as np
import photo_files as files
import pyvips
import tifffile
import tifftools
from numpy.typing import NDArray
from PIL import Image

Alpha = Literal["none", "straight", "premultiplied"]

DENSITY: Final = 300
"""Dots per inch."""

PEAKS: Final = {8: 255, 16: 65535}


@dataclass(frozen=True)
class Wish:
    """What a file is to hold.

    Attributes:
        orientation: as in EXIF; the picture is stored so that it comes out upright.
        alpha: a ramp from left to right.
        color: what the samples are: grey, or RGB with equal parts.
        icc: a profile that goes with them.
        metadata: whether EXIF, XMP, IPTC and density are in it.
        pages: how many pictures; each after the first is the first, darker.
    """

    orientation: int = 1
    alpha: Alpha = "none"
    color: Literal["grey", "RGB"] = "grey"
    icc: bytes | None = None
    metadata: bool = True
    pages: int = 1

    def exif(self) -> bytes:
        return exif_files.block("<", self.orientation)

    def samples(self, bits: int = 8, *, page: int = 0) -> NDArray[Any]:
        """(H, W, channels) as stored, up to 2**bits - 1."""
        peak = (1 << bits) - 1
        light = GREY // (page + 1) / 255
        ramp = np.tile(np.linspace(0.25, 1, GREY.shape[1]), (GREY.shape[0], 1))
        planes = [light * ramp if self.alpha == "premultiplied" else light] * (1 if self.color == "grey" else 3)
        planes += [] if self.alpha == "none" else [ramp]
        stored = np.dstack([stored_for(plane, self.orientation) for plane in planes])
        return np.ascontiguousarray(np.rint(stored * peak).astype(np.uint8 if bits <= 8 else np.uint16))

    def pillow(self, *, page: int = 0) -> Image.Image:
        """The same as a Pillow image of 8 bit."""
        samples = self.samples(page=page)
        return Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)


GREY: Final = files.grey(*exif_files.SIZE)
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What undoes the turn that an orientation asks for (Exif 2.32, tag 0x0112)."""


def stored_for(plane: NDArray[Any], orientation: int) -> NDArray[Any]:
    """An upright plane as it is stored under this orientation."""
    if orientation == 1:
        return plane
    return np.asarray(Image.fromarray(plane.astype(np.float32)).transpose(_TURNS[orientation]))


def _is_grey_profile(wish: Wish) -> bool:
    """What no file can have whose samples are RGB."""
    return wish.icc is not None and wish.color == "grey"


# --- JPEG -----------------------------------------------------------------------------------------


def jpeg(wish: Wish, **options: Any) -> bytes | None:
    if wish.alpha != "none" or wish.pages > 1:
        return None
    image = wish.pillow()
    file = files.encoded(image, "JPEG", quality=95, dpi=(DENSITY, DENSITY), icc_profile=wish.icc, **options)
    return _with_segments(file, wish)


def jpeg_in_ink(wish: Wish) -> bytes | None:
    """Pillow writes CMYK as Adobe does, inverted."""
    if wish.alpha != "none" or wish.pages > 1 or wish.icc or wish.color == "RGB":
        return None
    image = wish.pillow().convert("RGB").convert("CMYK")
    return _with_segments(files.encoded(image, "JPEG", quality=95), wish)


def _with_segments(file: bytes, wish: Wish) -> bytes:
    if not wish.metadata:
        return file
    segments = (
        files.jpeg_segment(1, b"Exif\0\0" + wish.exif()),
        files.jpeg_segment(1, b"http://ns.adobe.com/xap/1.0/\0" + files.xmp()),
        files.jpeg_segment(13, b"Photoshop 3.0\0" + files.photoshop()),
    )
    if file[3] == 0xE0:
        return files.with_segments(file, *segments)
    return file[:2] + b"".join(segments) + file[2:]


# --- PNG ------------------------------------------------------------------------------------------


def png(wish: Wish, bits: int) -> bytes | None:
    if wish.alpha == "premultiplied" or wish.pages > 1:
        return None
    samples = wish.samples(bits)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[samples.shape[2]]
    rows = b"".join(b"\0" + row.astype(f">u{bits // 8}").tobytes() for row in samples)
    return _png_of(struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], bits, kind, 0, 0, 0), rows, wish)


def png_palette(wish: Wish) -> bytes | None:
    if wish.alpha == "premultiplied" or wish.pages > 1 or _is_grey_profile(wish):
        return None
    samples = wish.samples()
    head = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], 8, 3, 0, 0, 0)
    grey = samples[..., 0]
    palette = files.png_chunk(b"PLTE", bytes(level for level in range(256) for _ in range(3)))
    if wish.alpha == "straight":  # each color has its own alpha: 32 greys at 8 levels
        grey = grey & 0xF8 | samples[..., -1] >> 5
        palette = files.png_chunk(b"PLTE", bytes((level >> 3) * 255 // 31 for level in range(256) for _ in range(3)))
        palette += files.png_chunk(b"tRNS", bytes((level & 7) * 255 // 7 for level in range(256)))
    return _png_of(head, b"".join(b"\0" + row.tobytes() for row in grey), wish, palette)


def _png_of(head: bytes, rows: bytes, wish: Wish, palette: bytes = b"") -> bytes:
    chunks = [files.png_chunk(b"IHDR", head)]
    if wish.icc:
        chunks.append(files.png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(wish.icc)))
    if wish.metadata:
        metre = round(DENSITY / 0.0254)
        iptc = files.photoshop()
        raw = f"\niptc\n{len(iptc):8d}\n{iptc.hex()}\n".encode()
        chunks += [
            files.png_chunk(b"pHYs", struct.pack(">IIB", metre, metre, 1)),
            files.png_chunk(b"eXIf", wish.exif()),
            files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + files.xmp()),
            files.png_chunk(b"tEXt", b"Raw profile type iptc\0" + raw),
        ]
    data = files.png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + palette + data + files.png_chunk(b"IEND", b"")


# --- TIFF -----------------------------------------------------------------------------------------


def tiff(wish: Wish, bits: int, *, big: bool = False, **options: Any) -> bytes | None:
    stream = io.BytesIO()
    extra = {"none": None, "straight": ["unassalpha"], "premultiplied": ["assocalpha"]}[wish.alpha]
    with tifffile.TiffWriter(stream, bigtiff=big) as writer:
        for page in range(wish.pages):
            samples = wish.samples(bits, page=page)
            writer.write(
                samples[..., 0] if samples.shape[2] == 1 else samples,
                photometric="rgb" if samples.shape[2] >= 3 else "minisblack",
                extrasamples=extra,
                planarconfig="contig" if samples.shape[2] > 1 else None,
                metadata=None,
                software=False,
                **options,
            )
    return _with_tags(stream.getvalue(), wish)


def tiff_jpeg(wish: Wish) -> bytes | None:
    if wish.alpha != "none":
        return None
    first, *more = [wish.pillow(page=page) for page in range(wish.pages)]
    return _with_tags(
        files.encoded(first, "TIFF", compression="jpeg", quality=95, save_all=True, append_images=more), wish
    )


def tiff_ink(wish: Wish) -> bytes | None:
    if wish.alpha == "premultiplied" or wish.icc or wish.color == "RGB":
        return None
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for page in range(wish.pages):
            samples = wish.samples(page=page)
            ink = np.asarray(Image.fromarray(samples[..., 0]).convert("RGB").convert("CMYK"))
            extra = None if wish.alpha == "none" else ["unassalpha"]
            how: dict[str, Any] = {"photometric": "separated", "planarconfig": "contig", "extrasamples": extra}
            writer.write(np.dstack([ink, samples[..., 1:]]), metadata=None, software=False, **how)
    return _with_tags(stream.getvalue(), wish)


def _with_tags(tiff: bytes, wish: Wish) -> bytes:
    """The TIFF with the tags of the EXIF block and the other metadata on each page."""
    info = tifftools.read_tiff(io.BytesIO(tiff))
    described = tifftools.read_tiff(io.BytesIO(wish.exif()))["ifds"][0]["tags"] if wish.metadata else {}
    for camera in described.get(exif_files.EXIF, {}).get("ifds", ()):
        camera[0]["tags"].pop(exif_files.INTEROP)  # tifftools takes this link for a number
    for page in info["ifds"]:
        for tag in (282, 283, 296):
            page["tags"].pop(tag, None)
        page["tags"] |= described
        blocks = [(34675, 7, wish.icc)]
        if wish.metadata:
            blocks += [(700, 1, files.xmp()), (33723, 7, files.IPTC)]
        for tag, kind, block in blocks:
            if block:
                page["tags"][tag] = {"datatype": kind, "data": list(block) if kind == 1 else block}
        if not wish.metadata:
            page["tags"][274] = {"datatype": 3, "data": [wish.orientation]}
    stream = io.BytesIO()
    tifftools.write_tiff(info, stream)
    return stream.getvalue()


# --- the others -----------------------------------------------------------------------------------


def webp(wish: Wish, *, lossless: bool) -> bytes | None:
    if wish.alpha == "premultiplied" or wish.pages > 1 or _is_grey_profile(wish):
        return None
    exif = {"exif": wish.exif(), "xmp": files.xmp()} if wish.metadata else {}
    return files.encoded(wish.pillow(), "WEBP", lossless=lossless, quality=95, exact=True, icc_profile=wish.icc, **exif)


def bmp(wish: Wish) -> bytes | None:
    if wish.alpha == "premultiplied" or wish.pages > 1 or wish.icc or wish.orientation > 1:
        return None
    if wish.alpha == "straight":
        samples = wish.samples()
        file = bytearray(cv2.imencode(".bmp", samples[..., [0, 0, 0, -1]])[1].tobytes())
        metre = round(DENSITY / 0.0254)
        struct.pack_into("<ii", file, 38, metre, metre)
        return bytes(file)
    return files.encoded(wish.pillow(), "BMP", dpi=(DENSITY, DENSITY))


def avif(wish: Wish, bits: int) -> bytes | None:
    """By Pillow; by libvips where more than 8 bits are wished, and colors times alpha by Pillow alone."""
    if wish.pages > 1 or (bits > 8 and (wish.alpha == "premultiplied" or _is_grey_profile(wish))):
        return None
    if bits == 8:
        exif: dict[str, Any] = {"exif": wish.exif(), "xmp": files.xmp()} if wish.metadata else {}
        image = wish.pillow()
        if wish.alpha == "premultiplied":  # Pillow multiplies
            image = Wish(wish.orientation, "straight", wish.color).pillow()
            exif["alpha_premultiplied"] = True
        return files.encoded(image, "AVIF", quality=95, icc_profile=wish.icc, **exif)
    samples = wish.samples(bits) << np.uint16(16 - bits)
    if samples.shape[2] < 3:
        samples = samples[..., [0, 0, 0] + [-1] * (samples.shape[2] - 1)]
    image = pyvips.Image.new_from_array(np.ascontiguousarray(samples)).copy(interpretation="rgb16")
    image.set_type(pyvips.GValue.gint_type, "orientation", wish.orientation)
    blocks = {"icc-profile-data": wish.icc}
    if wish.metadata:
        blocks |= {"exif-data": b"Exif\0\0" + wish.exif(), "xmp-data": files.xmp()}
    for name, block in blocks.items():
        if block:
            image.set_type(pyvips.GValue.blob_type, name, block)
    file: bytes = image.heifsave_buffer(compression="av1", bitdepth=bits, effort=1, Q=95)
    return file


def heic(wish: Wish, bits: int) -> bytes | None:
    if wish.pages > 1 or wish.alpha == "premultiplied":
        return None
    import pillow_heif

    samples = _not_two(wish.samples(bits))
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[samples.shape[2]]
    blocks = {"exif": wish.exif(), "xmp": files.xmp()} if wish.metadata else {}
    if wish.icc:
        blocks["icc_profile"] = wish.icc
    stream = io.BytesIO()
    pillow_heif.encode(
        mode if bits == 8 else f"{mode};{bits}",
        samples.shape[1::-1],
        samples.tobytes(),
        stream,
        bit_depth=bits,
        quality=95,
        chroma=444,
        **blocks,
    )
    return stream.getvalue()


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _codestream(samples: NDArray[Any], bits: int) -> bytes:
    from openjpeg import utils

    return bytes(utils.encode_array(samples[..., 0] if samples.shape[2] == 1 else samples, bits_stored=bits))


def _not_two(samples: NDArray[Any]) -> NDArray[Any]:
    """Grey and alpha as RGB and alpha, for libraries that don't know the former."""
    return np.ascontiguousarray(samples[..., [0, 0, 0, 1]]) if samples.shape[2] == 2 else samples


def jp2(wish: Wish, bits: int) -> bytes | None:
    if wish.pages > 1:
        return None
    samples = _not_two(wish.samples(bits))
    height, width, channels = samples.shape
    colors = channels - (wish.alpha != "none")
    color = b"\1\0\0" + struct.pack(">I", 16 if colors == 3 else 17) if wish.icc is None else b"\2\0\0" + wish.icc
    header = [
        _box(b"ihdr", struct.pack(">IIHBBBB", height, width, channels, bits - 1, 7, 0, 0)),
        _box(b"colr", color),
    ]
    if wish.alpha != "none":
        entries = [(index, 0, index + 1) for index in range(colors)] + [(colors, 1 + (wish.alpha != "straight"), 0)]
        header.append(_box(b"cdef", struct.pack(">H", channels), *(struct.pack(">HHH", *each) for each in entries)))
    more = []
    if wish.metadata:
        dots = struct.pack(">HHHHbb", *(round(DENSITY / 0.0254), 1) * 2, 0, 0)
        header.append(_box(b"res ", _box(b"resc", dots)))
        more = [
            _box(b"uuid", b"JpgTiffExif->JP2", wish.exif()),
            _box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), files.xmp()),
            _box(b"uuid", bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38"), files.IPTC),
        ]
    start = b"\0\0\0\x0cjP  \r\n\x87\n" + _box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return b"".join((start, _box(b"jp2h", *header), *more, _box(b"jp2c", _codestream(samples, bits))))


def j2k(wish: Wish, bits: int) -> bytes | None:
    if wish.pages > 1 or wish.alpha == "premultiplied" or wish.icc or wish.orientation > 1:
        return None
    return _codestream(_not_two(wish.samples(bits)), bits)


def jxl(wish: Wish, bits: int, *, lossless: bool = True) -> bytes | None:
    if wish.pages > 1 or wish.alpha == "premultiplied" or wish.icc or wish.orientation > 1:
        return None
    import pyjpegxl

    samples = wish.samples(bits)
    samples = samples[..., 0] if samples.shape[2] == 1 else samples
    file = bytes(pyjpegxl.encode_from_numpy(np.ascontiguousarray(samples), lossless=lossless))
    if file[:2] != b"\xff\x0a":
        file = _jxl_codestream(file)
    if not wish.metadata:
        return file
    start = b"\0\0\0\x0cJXL \r\n\x87\n" + _box(b"ftyp", b"jxl \0\0\0\0jxl ")
    return start + _box(b"Exif", bytes(4), wish.exif()) + _box(b"xml ", files.xmp()) + _box(b"jxlc", file)


def _jxl_codestream(file: bytes) -> bytes:
    place, found = 0, b""
    while place < len(file):
        length, kind = struct.unpack_from(">I4s", file, place)
        end = place + length if length else len(file)
        found += file[place + 8 : end] if kind == b"jxlc" else file[place + 12 : end] if kind == b"jxlp" else b""
        place = end
    return found

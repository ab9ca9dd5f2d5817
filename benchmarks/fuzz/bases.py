"""The good files that are mutated: every kind of every format, small, with every kind of metadata in them.

They are made by code when the harness starts, so that none has to be kept, and are the same on every run with
the same libraries.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

import cv2
import numpy as np
import photo_files as files
import tifffile
from numpy.typing import NDArray
from PIL import Image

from benchmarks.fuzz import containers
from photochrom import photo
from photochrom.photo import vips
from photochrom.photo.formats import tiff_tags

SIZE: Final = (48, 40)
"""Width and height: a whole way through the program takes milliseconds, and both are no multiples of 16."""


@dataclass(frozen=True)
class Base:
    """A good file."""

    format: str
    content: bytes


@cache
def bases() -> dict[str, Base]:
    """All good files by name."""
    made = {
        "JPEG": _jpeg(),
        "PNG": _png(),
        "TIFF": _tiff(),
        "WebP": _webp(),
        "BMP": _bmp(),
        "AVIF": _heif("avif"),
        "JPEG 2000": _jpeg2000(),
    }
    if find_spec("pillow_heif"):
        made["HEIC"] = _heif("heic")
    if find_spec("pyjpegxl") and find_spec("brotli"):
        made["JPEG XL"] = _jxl()
    return {
        f"{format} {kind}": Base(format, content) for format, kinds in made.items() for kind, content in kinds.items()
    }


@cache
def picture() -> Image.Image:
    """The RGB photograph of all of them."""
    return files.astronaut().crop((120, 0, 360, 200)).resize(SIZE)


def _rgb16() -> NDArray[np.uint16]:
    noise = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3))
    return (np.asarray(picture()).astype(np.uint16) * 256 + noise).astype(np.uint16)


def _alpha() -> Image.Image:
    return Image.linear_gradient("L").resize(SIZE)


def _with_alpha() -> Image.Image:
    image = picture().copy()
    image.putalpha(_alpha())
    return image


def _jpeg() -> dict[str, bytes]:
    image, grey = picture(), picture().convert("L")
    segments = (
        files.jpeg_segment(1, b"Exif\0\0" + files.exif(6, size=SIZE)),
        files.jpeg_segment(1, b"http://ns.adobe.com/xap/1.0/\0" + files.xmp()),
        files.jpeg_segment(13, b"Photoshop 3.0\0" + files.photoshop()),
        files.jpeg_segment(-2, b"taken from the album"),
    )

    def dressed(file: bytes) -> bytes:
        return files.with_segments(file, *segments)

    return {
        "baseline": dressed(files.encoded(image, "JPEG", icc_profile=files.profile("adobe"), dpi=(300, 300))),
        "4:4:4 with restarts": files.encoded(image, "JPEG", subsampling=0, restart_marker_rows=1),
        "progressive": dressed(files.encoded(image, "JPEG", progressive=True)),
        "grey": dressed(files.encoded(grey, "JPEG", icc_profile=files.profile("grey"))),
        "CMYK": dressed(files.encoded(image.convert("CMYK"), "JPEG")),
    }


def _png() -> dict[str, bytes]:
    image = picture()
    chunks = (
        files.png_chunk(b"eXIf", files.exif(3, size=SIZE)),
        files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + files.xmp()),
        files.png_chunk(b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(_raw_profile(files.photoshop()))),
        files.png_chunk(b"tEXt", b"Comment\0taken from the album"),
        files.png_chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1)),
    )

    def dressed(file: bytes) -> bytes:
        return files.with_chunks(file, *chunks)

    wide = vips.image(_rgb16(), "rgb16")
    return {
        "8 bit": dressed(files.encoded(image, "PNG", icc_profile=files.profile("adobe"))),
        "alpha": dressed(files.encoded(_with_alpha(), "PNG")),
        "16 bit": dressed(bytes(wide.pngsave_buffer(keep="none"))),
        "interlaced": dressed(bytes(wide.pngsave_buffer(keep="none", interlace=True))),
        "palette": dressed(files.encoded(image.convert("P"), "PNG", transparency=3)),
        "grey": dressed(files.encoded(image.convert("L"), "PNG", icc_profile=files.profile("grey"))),
        "1 bit": files.encoded(image.convert("1"), "PNG"),
    }


def _raw_profile(block: bytes) -> bytes:
    return f"\niptc\n{len(block):8d}\n{block.hex()}\n".encode()


def _tiff() -> dict[str, bytes]:
    image = picture()
    source = photo.open(_jpeg()["baseline"])
    dressed = files.saved(files.colored(source), format="tiff")
    rgb = vips.image(np.asarray(image), "srgb")
    wide = vips.image(_rgb16(), "rgb16")
    pages = [image, image.convert("L").resize((30, 44)), image.convert("1")]
    return {
        "with all metadata": dressed,
        "strips": files.encoded(image, "TIFF", icc_profile=files.profile("srgb"), dpi=(300, 300)),
        "LZW": files.encoded(image.convert("L"), "TIFF", compression="tiff_lzw"),
        "deflate 16 bit": bytes(wide.tiffsave_buffer(compression="deflate", predictor="horizontal")),
        "packbits alpha": files.encoded(_with_alpha(), "TIFF", compression="packbits"),
        "JPEG": bytes(rgb.tiffsave_buffer(compression="jpeg", Q=90)),
        "tiles": bytes(rgb.tiffsave_buffer(compression="lzw", tile=True, tile_width=16, tile_height=16)),
        "BigTIFF": bytes(rgb.tiffsave_buffer(compression="deflate", bigtiff=True)),
        "pages": files.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]),
        "CMYK": files.encoded(image.convert("CMYK"), "TIFF"),
        "fax": files.encoded(image.convert("1"), "TIFF", compression="group4"),
        "palette": files.encoded(image.convert("P"), "TIFF"),
        "planes in tiles": _by_tifffile(np.moveaxis(np.asarray(image), 2, 0), planarconfig="separate", tile=(16, 16)),
        "Lab": _by_tifffile(np.asarray(image.convert("LAB")), photometric="cielab"),
        "YCbCr": _retold(np.asarray(image.convert("YCbCr")), {262: [6], 530: [1, 1]}),
        "YCbCr subsampled": _subsampled(image),
        "12 bit": _retold(np.asarray(image.convert("L")), {256: [SIZE[0] * 8 // 12], 258: [12]}),
        "old JPEG": _old_jpeg(image),
        "LZMA": files.encoded(image, "TIFF", compression="lzma"),
        "Zstandard": files.encoded(image.convert("L"), "TIFF", compression="zstd"),
    }


def _by_tifffile(samples: NDArray[Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, **{"photometric": "rgb", **options})
    return stream.getvalue()


def _retold(samples: NDArray[Any], changes: Mapping[int, Sequence[int]]) -> bytes:
    """Samples as a plain TIFF whose tags then say that they are something else."""
    plain = files.encoded(Image.fromarray(samples), "TIFF")
    return tiff_tags.rewritten(plain, tiff_tags.chain(memoryview(plain), "")[0], changes)


def _subsampled(image: Image.Image) -> bytes:
    """YCbCr with a Cb and a Cr for four of Y: 24 x 20 units of six bytes."""
    samples = np.asarray(image.convert("L").resize((60, 48)))
    sizes = {256: [SIZE[0]], 257: [SIZE[1]], 278: [SIZE[1]]}
    return _retold(samples, sizes | {262: [6], 258: [8] * 3, 277: [3]})


def _old_jpeg(image: Image.Image) -> bytes:
    """A whole JPEG inside a TIFF, as TIFF 6.0 had it."""
    plain = files.encoded(image, "TIFF")
    jpeg = files.encoded(image, "JPEG")
    changes = {259: [6], 262: [6], 513: [len(plain)], 514: [len(jpeg)], 273: [len(plain)], 279: [len(jpeg)]}
    return tiff_tags.rewritten(plain, tiff_tags.chain(memoryview(plain), "")[0], changes, more=jpeg)


def _webp() -> dict[str, bytes]:
    image = picture()
    metadata = {
        "exif": b"Exif\0\0" + files.exif(8, size=SIZE),
        "xmp": files.xmp(),
        "icc_profile": files.profile("adobe"),
    }
    return {
        "lossy": files.encoded(image, "WEBP", **metadata),
        "lossless": files.encoded(image, "WEBP", lossless=True),
        "alpha": files.encoded(_with_alpha(), "WEBP", **{**metadata, "icc_profile": files.profile("srgb")}),
        "bare": files.encoded(image, "WEBP"),
        "animation": files.encoded(image, "WEBP", save_all=True, append_images=[image.rotate(180)]),
    }


def _rewritten(source: photo.Photo, format: str, **changes: Any) -> bytes:
    """By our own writer, since no other puts all that metadata in; what has no place in the format is left out."""
    with photo.collect_warnings():
        return files.saved(files.colored(replace(source, **changes)), format=format)


def _heif(format: str) -> dict[str, bytes]:
    jpeg, png, wide = photo.open(_jpeg()["baseline"]), photo.open(_png()["alpha"]), photo.open(_rgb16())
    return {
        "8 bit": _rewritten(jpeg, format),
        "10 bit": _rewritten(wide, format, depth=10),
        "12 bit": _rewritten(wide, format, depth=12),
        "alpha": _rewritten(png, format),
    }


def _jpeg2000() -> dict[str, bytes]:
    image, jpeg, wide = picture(), photo.open(_jpeg()["baseline"]), photo.open(_rgb16())
    return {
        "8 bit": _rewritten(jpeg, "jp2"),
        "16 bit": _rewritten(wide, "jp2"),
        "bare": _rewritten(wide, "j2k", depth=12),
        "alpha": files.encoded(_with_alpha(), "JPEG2000", tile_size=(32, 32)),
        "lossy": files.encoded(image, "JPEG2000", irreversible=True, quality_mode="rates", quality_layers=[20]),
        "grey": files.encoded(image.convert("L"), "JPEG2000", num_resolutions=2),
    }


def _jxl() -> dict[str, bytes]:
    import brotli

    whole = _rewritten(photo.open(_jpeg()["baseline"]), "jxl")
    container = containers.of(whole)
    assert container is not None
    inside = {b"Exif": bytes(4) + files.exif(6, size=SIZE), b"xml ": files.xmp()}
    folded = [
        containers.Part(b"brob", part.kind + brotli.compress(inside[part.kind])) if part.kind in inside else part
        for part in container.cut(whole)
    ]
    return {
        "8 bit": whole,
        "folded metadata": container.join(folded),
        "16 bit": _rewritten(photo.open(_rgb16()), "jxl"),
        "alpha": _rewritten(photo.open(_png()["alpha"]), "jxl"),
    }


def _bmp() -> dict[str, bytes]:
    image = picture()
    return {
        "24 bit": files.encoded(image, "BMP", dpi=(300, 300)),
        "alpha": _encoded_by_opencv(_with_alpha()),
        "palette": files.encoded(image.convert("P"), "BMP"),
        "1 bit": files.encoded(image.convert("1"), "BMP"),
        "run lengths": _run_lengths(image.convert("P")),
    }


def _encoded_by_opencv(image: Image.Image) -> bytes:
    return cv2.imencode(".bmp", cv2.cvtColor(np.asarray(image), cv2.COLOR_RGBA2BGRA))[1].tobytes()


def _run_lengths(image: Image.Image) -> bytes:
    """A palette BMP whose pixels are run lengths (BI_RLE8): a pair for each pixel, which is allowed."""
    plain = files.encoded(image, "BMP")
    start = struct.unpack_from("<I", plain, 10)[0]
    rows = np.asarray(image)[::-1]
    body = b"".join(b"".join(bytes((1, index)) for index in row) + b"\0\0" for row in rows) + b"\0\1"
    head = bytearray(plain[:start])
    struct.pack_into("<I", head, 2, start + len(body))
    struct.pack_into("<II", head, 30, 1, len(body))
    return bytes(head) + body

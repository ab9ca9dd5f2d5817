"""docs/formats.md says what every kind of file keeps: its tables are measured here, by round trips, cell by cell.

Each file is opened, colored and saved; other libraries than ours say what is in the result. A test fails where the
committed table says something else. PHOTOCHROM_WRITE_DOCS=1 writes it:

    PHOTOCHROM_WRITE_DOCS=1 python -m pytest tests/photo/test_formats_table.py
"""

import io
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import exif_files
import numpy as np
import photo_files as files
import profile_files
import pytest
import tifffile
from format_files import DENSITY, GREY, Wish
from format_kinds import GREY_PROFILE, KINDS, RGB_PROFILE, Kind
from format_readers import bits_of, density_of, exif_of, icc_of, iptc_of, light, seen, xmp_of
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageSequence

from photochrom import photo
from photochrom.photo import Photo

DOCS: Final = Path(__file__).parents[2] / "docs" / "formats.md"
TRAITS: Final = ("Orientation", "Depth", "Alpha", "Density", "Pages", "EXIF", "XMP", "IPTC", "Profile")
SOURCE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

NO_PLACE: Final = "– [^place]"
IN_EXIF: Final = "in EXIF [^exif]"

TIFF_16: Final = next(kind for kind in KINDS if kind.name == "TIFF, 16 bit")


# --- the round trip -------------------------------------------------------------------------------


def colored(opened: Photo) -> Photo:
    """In soft colors that don't depend on what is seen."""
    rows, columns = np.mgrid[0:16, 0:24] / 16
    ab = np.stack([12 * np.sin(4 * columns), 12 * np.cos(5 * rows + columns)], axis=-1).astype(np.float32)
    return opened.colored(ab, opened.working_luma((16, 24)), record=files.RECORD)


def result(file: bytes, format: str | None = None) -> tuple[bytes, str]:
    """All pages colored and saved, and the warnings."""
    with photo.collect_warnings() as notes:
        first, *more = [colored(page) for page in photo.open_pages(file)]
        return files.saved(first.with_pages(more), format=format), "; ".join(notes)


def kept(kind: Kind, wish: Wish) -> bytes:
    file = kind.make(wish)
    assert file is not None
    return result(file)[0]


@cache
def converted(format: str) -> tuple[bytes, str]:
    """What a TIFF that holds everything becomes in another format."""
    file = TIFF_16.make(Wish(color="RGB", alpha="straight", icc=RGB_PROFILE, pages=2))
    assert file is not None
    return result(file, format)


# --- the cells ------------------------------------------------------------------------------------


def orientation(kind: Kind) -> str:
    if "orientation" not in kind.has:
        return "– [^jxl]" if kind.format == "JPEG XL" else "– [^none]"
    right = []
    for number in range(1, 9):
        file = kept(kind, Wish(number))
        found = light(seen(file, kind))
        if found.shape == GREY.shape and exif_of(file, kind).get((0, 0x0112), 1) == 1 and is_the_light(found, kind):
            right.append(number)
    return "all eight" if len(right) == 8 else f"only {right}"


def is_the_light(found: NDArray[np.float64], kind: Kind) -> bool:
    if "CMYK" in kind.name:  # by a press's profile, black ink on paper is no black
        return bool(np.corrcoef(found.ravel(), GREY.ravel())[0, 1] > 0.99)
    return bool(np.abs(found - GREY / 255).mean() < (0.012 if kind.lossy else 0.003))


def depth(kind: Kind) -> str:
    bits = bits_of(kept(kind, Wish()), kind)
    return f"{bits} bit" if bits == kind.bits else f"{kind.bits} becomes {bits} bit"


def alpha(kind: Kind) -> str:
    file = kind.make(Wish(alpha="straight"))
    if file is None and kind.format == "TIFF":
        return "– [^jpeg]"
    if file is None:
        return no_place(kind, "transparency", lambda file: seen(file, kind).shape[2] == 3)
    ramp = np.tile(np.linspace(0.25, 1, GREY.shape[1]), (GREY.shape[0], 1))
    error = 0.13 if "palette" in kind.name else 0.02 if kind.lossy else 0.003
    cells = ["straight" if has_alpha(result(file)[0], kind, ramp, error) else "straight lost"]
    file = kind.make(Wish(alpha="premultiplied"))
    if file is not None:
        after = result(file)[0]
        stays = kind.format == "TIFF" and tifffile.TiffFile(io.BytesIO(after)).pages[0].tags[338].value[0] == 1  # type: ignore[union-attr]
        assert has_alpha(after, kind, ramp, error)
        seen_light = light(seen(after, kind)) / (ramp if stays else 1)
        assert np.abs(seen_light - GREY / 255).mean() < 0.015
        cells.append("premultiplied" if stays else "premultiplied becomes straight")
    return ", ".join(cells)


def has_alpha(file: bytes, kind: Kind, ramp: NDArray[np.float64], error: float) -> bool:
    pixels = seen(file, kind)
    return pixels.shape[2] == 4 and bool(np.abs(pixels[..., 3] - ramp).max() < error)


def density(kind: Kind) -> str:
    if "density" not in kind.has:
        if "exif" in kind.has:
            return IN_EXIF if in_exif(kept(kind, Wish()), kind) == DENSITY else "lost"
        return no_place(kind, "density", lambda file: density_of(file, kind) is None)
    file = kept(kind, Wish())
    if density_of(file, kind) is None:
        return IN_EXIF if in_exif(file, kind) == DENSITY else "lost"
    return "kept" if density_of(file, kind) == pytest.approx(DENSITY, abs=0.02) else "changed"


def in_exif(file: bytes, kind: Kind) -> float | None:
    value = exif_of(file, kind).get((0, 0x011A))
    return None if value is None else float(value)


def pages(kind: Kind) -> str:
    file = kind.make(Wish(pages=3))
    if file is None:
        return no_place(kind, "more than one page", lambda file: True)
    after = result(file)[0]
    if kind.bits == 16:
        with tifffile.TiffFile(io.BytesIO(after)) as tiff:
            means = [float(page.asarray().mean()) for page in tiff.pages]
    else:
        means = [float(np.asarray(page).mean()) for page in ImageSequence.Iterator(Image.open(io.BytesIO(after)))]
    return "all" if len(means) == 3 and means == sorted(means, reverse=True) else f"{len(means)} of 3"


def exif(kind: Kind) -> str:
    if "exif" not in kind.has:
        return no_place(kind, "EXIF", lambda file: exif_of(file, kind) == {} and exif_files.MAKER_NOTE not in file)
    file = kind.make(Wish(6 if "orientation" in kind.has else 1))
    assert file is not None
    width, height = exif_files.SIZE
    changed = {(0, 0x0112): 1, (exif_files.EXIF, 0xA002): width, (exif_files.EXIF, 0xA003): height}
    wanted = exif_of(file, kind)
    wanted |= {key: value for key, value in changed.items() if key in wanted}
    after = result(file)[0]
    found = exif_of(after, kind)
    assert len(wanted) >= 25
    wrong = {key for key in wanted if found.get(key, 1 if key == (0, 0x0112) else None) != wanted[key]}
    note = found.get((exif_files.EXIF, 0x927C)) == exif_files.MAKER_NOTE and exif_files.MAKER_NOTE in after
    return "every tag, maker note" if not wrong and note else f"without {sorted(wrong)}"


def xmp(kind: Kind) -> str:
    if "xmp" not in kind.has:
        return no_place(kind, "XMP", lambda file: xmp_of(file) == "")
    text = xmp_of(kept(kind, Wish()))
    assert SOURCE in text
    return "kept" if "Migrant Mother" in text else "lost"


def iptc(kind: Kind) -> str:
    if "iptc" not in kind.has:
        return no_place(kind, "IPTC", lambda file: files.IPTC not in file)
    return "kept" if iptc_of(kept(kind, Wish()), kind).get((2, 120)) == b"Migrant Mother" else "lost"


def profile(kind: Kind) -> str:
    if "CMYK" in kind.name:
        return "CMYK becomes sRGB" if is_srgb(icc_of(kept(kind, Wish()), kind)) else "lost"
    if kind.make(Wish(icc=RGB_PROFILE, color="RGB")) is None:
        return f"sRGB instead {no_place(kind, 'the colour profile', lambda file: looks_the_same(file, kind))[2:]}"
    rgb = icc_of(kept(kind, Wish(icc=RGB_PROFILE, color="RGB")), kind)
    cells = ["RGB kept" if rgb == RGB_PROFILE else "RGB lost"]
    if kind.make(Wish(icc=GREY_PROFILE)) is not None:
        grey = icc_of(kept(kind, Wish(icc=GREY_PROFILE)), kind)
        cells.append("grey becomes sRGB" if is_srgb(grey) else "grey lost")
    return ", ".join(cells)


def is_srgb(icc: bytes | None) -> bool:
    """Whether littlecms brings colors from this profile to sRGB without changing them."""
    if icc is None:
        return False
    levels = np.random.default_rng(1).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    return bool(np.abs(to_srgb(levels, icc) - levels).max() <= 2)


def to_srgb(rgb: NDArray[np.uint8], icc: bytes) -> NDArray[np.int64]:
    source, target = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
    image = ImageCms.profileToProfile(Image.fromarray(rgb), source, target, ImageCms.Intent.RELATIVE_COLORIMETRIC)
    assert image is not None
    return np.asarray(image).astype(np.int64)


def looks_the_same(file: bytes, kind: Kind) -> bool:
    """Whether what `converted` has made shows, as sRGB, what the same picture shows by its profile."""
    meant, _ = converted("TIFF")
    rgb = np.rint(seen(meant, TIFF_16)[..., :3] * 255).astype(np.uint8)
    found = seen(file, kind)[..., :3] * 255
    return bool(np.abs(found - to_srgb(rgb, RGB_PROFILE)).mean() < (4 if kind.format == "JPEG XL" else 1))


def no_place(kind: Kind, word: str, is_gone: Callable[[bytes], bool]) -> str:
    """The cell of what a format has no place for: it must be gone, and a warning must have named it."""
    file, notes = converted(kind.format)
    assert is_gone(file)
    assert word in notes
    return NO_PLACE


CELLS: Final = (orientation, depth, alpha, density, pages, exif, xmp, iptc, profile)


def row(kind: Kind) -> str:
    return f"| {kind.name} | " + " | ".join(cell(kind) for cell in CELLS) + " |"


# --- profiles -------------------------------------------------------------------------------------

PROFILES: Final[dict[str, tuple[bytes, str]]] = {
    "sRGB": (profile_files.rgb(profile_files.SRGB, 2.2), "RGB"),
    "Adobe RGB": (RGB_PROFILE, "RGB"),
    "Display P3": (profile_files.display_p3(), "RGB"),
    "ProPhoto RGB": (profile_files.rgb(profile_files.PROPHOTO, 1.8), "RGB"),
    "A scanner's, tables one way": (profile_files.scanner(), "RGB"),
    "Tables both ways": (profile_files.scanner(back=True), "RGB"),
    "Gray Gamma 2.2": (GREY_PROFILE, "grey"),
    "Dot Gain 20 %": (profile_files.dot_gain(), "grey"),
    "Grey numbers that are lightness": (profile_files.grey_lightness(), "grey"),
}


def profile_row(name: str) -> str:
    icc, color = PROFILES[name]
    found = icc_of(kept(TIFF_16, Wish(icc=icc, color="RGB" if color == "RGB" else "grey")), TIFF_16)
    becomes = "stays" if found == icc else "becomes sRGB" if is_srgb(found) else "lost"
    return f"| {name} | {color} | {becomes} |"


# --- the document ---------------------------------------------------------------------------------


def table(rows: list[str], heads: tuple[str, ...]) -> str:
    return "\n".join([f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *rows])


def part(text: str, name: str) -> tuple[int, int]:
    """From where to where a table stands in the document."""
    start = text.index(f"<!-- {name}:")
    return text.index("\n", start) + 1, text.index(f"<!-- end of {name} -->")


def committed(name: str) -> dict[str, str]:
    """The rows of a table by their first cell."""
    text = DOCS.read_text("utf-8")
    start, end = part(text, name)
    rows = [line for line in text[start:end].splitlines() if line.startswith("| ")]
    return {line.split(" | ")[0].removeprefix("| "): line for line in rows[1:]}


writes = os.environ.get("PHOTOCHROM_WRITE_DOCS") == "1"


@pytest.mark.skipif(not writes, reason="PHOTOCHROM_WRITE_DOCS=1 writes docs/formats.md")
def test_the_document_is_written() -> None:
    old = committed("formats")
    formats = [row(kind) if kind.is_there else old[kind.name] for kind in KINDS]
    tables = {
        "formats": table(formats, ("File", *TRAITS)),
        "profiles": table([profile_row(name) for name in PROFILES], ("Profile", "Of", "In the result")),
    }
    text = DOCS.read_text("utf-8")
    for name, content in tables.items():
        start, end = part(text, name)
        text = f"{text[:start]}\n{content}\n\n{text[end:]}"
    DOCS.write_text(text, "utf-8")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_of_file_keeps_what_the_document_says(kind: Kind) -> None:
    if not kind.is_there:
        pytest.skip(f"{kind.name} needs {kind.needs}")
    assert row(kind) == committed("formats")[kind.name]


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_becomes_what_the_document_says(name: str) -> None:
    assert profile_row(name) == committed("profiles")[name]


def test_the_document_has_a_row_for_every_kind_and_no_other() -> None:
    assert list(committed("formats")) == [kind.name for kind in KINDS]
    assert list(committed("profiles")) == list(PROFILES)


def test_every_format_has_a_row() -> None:
    from photochrom.photo.formats import FORMATS

    written = {each.name for each in FORMATS if "raw" not in each.name.lower()}
    assert written == {kind.format for kind in KINDS}

"""What a coloured file says of the picture that it was made from."""

import hashlib
from pathlib import Path

import photo_files as files
import pytest

from photochrom import photo
from photochrom.photo.origin import read_origin


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp"])
def test_a_result_names_its_original_and_how_it_was_made(ending: str, tmp_path: Path) -> None:
    original = files.encoded(files.astronaut().convert("L"), {"jpg": "JPEG", "tif": "TIFF"}.get(ending, ending))
    result = tmp_path / f"a.{ending}"
    files.colored(photo.open(original)).save(result)
    origin = read_origin(result)
    assert origin is not None
    assert origin.sha256 == hashlib.sha256(original).hexdigest()
    assert origin.record == files.RECORD
    files.colored(photo.open(result)).save(result, overwrite=True)
    again = read_origin(result)
    assert again is not None
    assert again.sha256 not in (None, origin.sha256)


def test_it_is_found_in_xmp_too_large_for_one_block(tmp_path: Path) -> None:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:source>'
        + b"x" * 90_000
        + b"</dc:source></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    original = files.encoded(files.astronaut().convert("L"), "WEBP", xmp=packet)
    files.colored(photo.open(original)).save(tmp_path / "a.jpg")
    origin = read_origin(tmp_path / "a.jpg")
    assert origin is not None
    assert origin.sha256 == hashlib.sha256(original).hexdigest()


def test_other_files_have_none(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(files.encoded(files.astronaut(), "JPEG"))
    (tmp_path / "empty.jpg").touch()
    for name in ("a.jpg", "empty.jpg", "missing.jpg", "."):
        assert read_origin(tmp_path / name) is None

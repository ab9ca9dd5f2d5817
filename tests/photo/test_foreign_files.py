"""The sample pictures that scikit-image and matplotlib bring along: each opens as other libraries open it."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from benchmark_script import script

foreign = script("foreign")

PICTURES = [
    path
    for package, folder in (("skimage", "data"), ("matplotlib", "mpl-data"))
    if (found := find_spec(package)) and found.origin
    for path in sorted((Path(found.origin).parent / folder).rglob("*"))
    if path.suffix in (".jpg", ".png", ".tif")
]
NO_PICTURE_FOR_ANYBODY = {"multipage_rgb.tif": "floating-point"}


def test_there_are_pictures() -> None:
    assert len(PICTURES) >= 25


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_opens_as_another_library_opens_it(path: Path) -> None:
    result = foreign.compare(path)
    if path.name in NO_PICTURE_FOR_ANYBODY:
        assert NO_PICTURE_FOR_ANYBODY[path.name] in result.ours
        assert result.verdict == foreign.NOBODY
    else:
        assert result.verdict == foreign.SAME, result

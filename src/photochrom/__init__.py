"""Photochrom colours black-and-white photographs, at full size, with the person in control.

    import photochrom
    photochrom.colorize("family.jpg").save("family-colour.jpg")

Names are loaded when they are first used: importing the package loads neither ONNX Runtime nor
NumPy, so that `photochrom --help` and a caller's own start stay fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from photochrom.errors import (
    DataError,
    MissingExtraError,
    ModelError,
    PhotochromError,
    PhotoError,
    UsageError,
)

if TYPE_CHECKING:
    from photochrom.canvas import Canvas
    from photochrom.colorizer import Colorizer, colorize
    from photochrom.hints.color import Color
    from photochrom.hints.hint import Hint, Stroke
    from photochrom.hints.project import Project
    from photochrom.hints.reference import Reference
    from photochrom.photo import Photo

    __version__: str

__all__ = [
    "Canvas",
    "Color",
    "Colorizer",
    "DataError",
    "Hint",
    "MissingExtraError",
    "ModelError",
    "Photo",
    "PhotoError",
    "PhotochromError",
    "Project",
    "Reference",
    "Stroke",
    "UsageError",
    "__version__",
    "colorize",
]

_HOME = {
    "Canvas": "photochrom.canvas",
    "Colorizer": "photochrom.colorizer",
    "colorize": "photochrom.colorizer",
    "Color": "photochrom.hints.color",
    "Hint": "photochrom.hints.hint",
    "Stroke": "photochrom.hints.hint",
    "Project": "photochrom.hints.project",
    "Reference": "photochrom.hints.reference",
    "Photo": "photochrom.photo",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = import_module("importlib.metadata").version("photochrom")
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

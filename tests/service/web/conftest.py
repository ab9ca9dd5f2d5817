"""A window with the page, on the server that all tests of the service share."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import skimage
from page_screen import Screen, chromium
from PIL import Image
from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each module: while it is open, nothing else in this thread can run an event loop."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def screen(browser: Browser, server: str) -> Iterator[Screen]:
    """A window as wide as a small laptop's."""
    screen = Screen(browser, server)
    yield screen
    screen.close()


@pytest.fixture
def phone(browser: Browser, server: str) -> Iterator[Screen]:
    """A window as wide as a phone's."""
    screen = Screen(browser, server, width=390, height=844)
    yield screen
    screen.close()


@pytest.fixture(scope="session")
def large_jpeg() -> bytes:
    """A photograph in grey, 2400 x 1600."""
    picture = Image.fromarray(skimage.data.coffee()).convert("L").resize((2400, 1600))
    return encoded(picture, quality=80)


@pytest.fixture(scope="session")
def colors_jpeg() -> bytes:
    """A photograph in colour, 300 x 200."""
    return encoded(Image.fromarray(skimage.data.coffee()).resize((300, 200)))


def encoded(picture: Image.Image, quality: int = 90) -> bytes:
    """As JPEG."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()

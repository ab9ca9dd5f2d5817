"""The page in a real Chromium, as tests see and use it."""

from __future__ import annotations

import base64
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, Response, sync_playwright

REQUIRED: Final = "PHOTOCHROM_REQUIRE_CHROMIUM"
CHOSEN: Final = "PHOTOCHROM_CHROMIUM"
WAIT: Final = 15_000

ASPECT: Final = 1.5
"""Width to height of the photographs that tests give to the page."""

_DROP: Final = """async ([selector, files]) => {
  const transfer = new DataTransfer();
  for (const [name, type, base64] of files) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  const at = document.querySelector(selector);
  for (const kind of ["dragenter", "dragover", "drop"]) {
    at.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""
_PASTE: Final = _DROP.replace("const at = document.querySelector(selector);", "const at = document.body;").replace(
    """for (const kind of ["dragenter", "dragover", "drop"]) {
    at.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }""",
    """at.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));""",
)

Rgb = NDArray[np.int16]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; without one the test is skipped, or fails where it may not be."""
    path = os.environ.get(CHOSEN) or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        words = f"no Chromium is installed (or named by {CHOSEN})"
        if os.environ.get(REQUIRED):
            pytest.fail(words)
        pytest.skip(words)
    root = getattr(os, "geteuid", lambda: 1)() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if root else [])
        yield browser
        browser.close()


class Screen:
    """One window with the page in it.

    Attributes:
        page: of Playwright, for what is not here.
        failures: what should never happen: errors of the page, and requests to elsewhere.
    """

    def __init__(self, browser: Browser, address: str, *, width: int = 1200, height: int = 800) -> None:
        self.browser = browser
        self.address = address
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", accept_downloads=True
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.failures: list[str] = []
        self.answers: list[Response] = []
        self.page.on("pageerror", lambda error: self.failures.append(f"error: {error}"))
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("response", lambda response: self.answers.append(response))
        self.page.goto(address)

    def _heard(self, kind: str, text: str) -> None:
        expected = text.startswith(("Failed to load resource", "Canvas2D: Multiple readback"))
        if kind in ("error", "warning") and not expected:
            self.failures.append(f"console: {text}")

    def _asked(self, url: str) -> None:
        if urlsplit(url).scheme in ("http", "https") and not url.startswith(self.address + "/"):
            self.failures.append(f"a request to {url}")

    def drop(self, *files: tuple[str, bytes], at: str = "body") -> None:
        """Drop files from a desktop."""
        self.page.evaluate(_DROP, [at, [_file(*each) for each in files]])

    def paste(self, *files: tuple[str, bytes]) -> None:
        """Paste files."""
        self.page.evaluate(_PASTE, ["", [_file(*each) for each in files]])

    def open(self, *files: tuple[str, bytes]) -> None:
        """Drop files and wait until the first is in colour."""
        self.drop(*files)
        self.settle()

    def settle(self) -> None:
        """Wait until what is asked of the current picture is on the stage."""
        self.page.wait_for_selector("#curtain:not([hidden])")
        self.page.wait_for_selector("main[aria-busy=false]", state="attached")
        self.page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")

    def picture(self) -> Rgb:
        """(H, W, 3) of what the stage shows of the photograph."""
        left, top, width, height = self.place()
        url = self.page.evaluate("document.querySelector('#photograph').toDataURL()")
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as whole:
            box = (round(left) + 1, round(top) + 1, round(left + width) - 1, round(top + height) - 1)
            return np.asarray(whole.convert("RGB").crop(box), np.int16)

    def place(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the photograph on the stage, while all of it is seen."""
        top, height = self.page.evaluate(
            """() => {
              const { style } = document.querySelector("#curtain");
              return [Number(style.transform.match(/-?[\\d.]+/g)[1]), parseFloat(style.height)];
            }"""
        )
        stage = self.page.locator("#stage").bounding_box()
        assert stage
        width = height * ASPECT
        return (stage["width"] - width) / 2, top, width, height

    def point(self, across: float, down: float) -> tuple[float, float]:
        """On the screen, of a place of the photograph in parts of its sides."""
        left, top, width, height = self.place()
        stage = self.page.locator("#stage").bounding_box()
        assert stage
        return stage["x"] + left + width * across, stage["y"] + top + height * down

    def click(self, across: float, down: float) -> None:
        """Click on a place of the photograph and wait for its suggestions."""
        self.page.mouse.click(*self.point(across, down))
        self.page.wait_for_selector("button.suggestion")

    def requests(self, ending: str) -> list[dict[str, Any]]:
        """The JSON bodies of what was asked at addresses with this ending."""
        found = [each.request for each in self.answers if urlsplit(each.url).path.endswith(ending)]
        return [each.post_data_json or {} for each in found if each.method == "POST"]

    def close(self) -> None:
        """Close the window; nothing may have gone wrong in it."""
        self.context.close()
        assert not self.failures, self.failures


def chroma(rgb: Rgb) -> float:
    """How far a picture is from grey, on average: the span of its channels."""
    return float((rgb.max(axis=-1) - rgb.min(axis=-1)).mean())


def apart(one: Rgb, other: Rgb) -> float:
    """Mean difference of two pictures, in levels."""
    return float(np.abs(one - other).mean())


def _file(name: str, data: bytes) -> list[str]:
    kinds = {"jpg": "image/jpeg", "png": "image/png", "tif": "image/tiff", "txt": "text/plain"}
    kind = kinds.get(name.rpartition(".")[2], "application/octet-stream")
    return [name, kind, base64.b64encode(data).decode()]

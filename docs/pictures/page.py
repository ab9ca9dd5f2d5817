"""Makes the pictures of the page for the docs: python docs/pictures/page.py

A real server and a real Chromium, at three widths, in the dark and in the light; the photograph is migrant_mother.jpg.
Chromium is looked for on the PATH, or named by PHOTOCHROM_CHROMIUM.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
PHOTOGRAPH = HERE / "migrant_mother.jpg"
MOST = 150_000
"""Bytes of each picture."""

SLEEVE, SKIRT, TENT = (0.65, 0.29), (0.545, 0.64), (0.15, 0.3)
"""Places of the photograph, in parts of its sides."""


def main() -> None:
    path = os.environ.get("PHOTOCHROM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise SystemExit("no Chromium is installed, or named by PHOTOCHROM_CHROMIUM")
    options = [] if os.name == "nt" or os.geteuid() else ["--no-sandbox"]
    with TemporaryDirectory() as folder, server(Path(folder)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        album = photographs(Path(folder))
        with window(browser, address, 1440, 900, "dark") as page:
            add(page, PHOTOGRAPH)
            slide(page, 45)
            save(page, "photograph")
            slide(page, 0)
            hint(page, SLEEVE, "#5b6f9a", "her daughter remembers a blue work shirt")
            save(page, "hint")
            page.get_by_role("button", name="Done").click()
            page.keyboard.press("v")
            page.wait_for_selector("#frames img")
            save(page, "variants")
        with window(browser, address, 900, 820, "light") as page:
            add(page, PHOTOGRAPH)
            hint(page, SLEEVE, "#5b6f9a", "her daughter remembers a blue work shirt")
            page.get_by_role("button", name="Done").click()
            hint(page, SKIRT, "#47566e", "denim")
            page.get_by_role("button", name="Done").click()
            page.keyboard.press("o")
            page.wait_for_selector("#legend:not([hidden])")
            save(page, "certainty")
            page.keyboard.press("o")
            add(page, *album, HERE / "README.md")
            page.locator("#count").get_by_text("7 of 8 coloured, 1 failed").wait_for()
            save(page, "many")
        with window(browser, address, 390, 844, "dark") as page:
            add(page, PHOTOGRAPH)
            slide(page, 40)
            save(page, "phone")
            slide(page, 0)
            page.mouse.click(*point(page, TENT))
            page.wait_for_selector("button.suggestion")
            save(page, "phone-hint")
        browser.close()


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """`photochrom serve` on a free port. Gives its address."""
    command = [sys.executable, "-m", "photochrom", "serve", "--port", "0", "--work", str(folder / "work")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        try:
            for line in process.stdout:
                if found := re.search(r"http://[\d.]+:\d+", line):
                    yield found[0]
                    break
            else:
                raise SystemExit("the server could not start")
        finally:
            process.terminate()


@contextmanager
def window(browser: Browser, address: str, width: int, height: int, scheme: Literal["dark", "light"]) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def photographs(folder: Path) -> list[Path]:
    """Parts of the photograph, as if they were an album."""
    with Image.open(PHOTOGRAPH) as whole:
        boxes = [(0, 0, 512, 396), (440, 20, 720, 420), (340, 450, 660, 720), (512, 0, 1024, 792), (0, 396, 1024, 792)]
        paths = []
        for number, box in enumerate([*boxes, (0, 0, 1024, 560)], start=1):
            paths.append(folder / f"album-{number}.jpg")
            whole.crop(box).save(paths[-1], quality=92)
    return paths


def add(page: Page, *paths: Path) -> None:
    page.set_input_files("#chooser", list(paths))
    page.wait_for_selector("#curtain:not([hidden])")
    settle(page)


def settle(page: Page) -> None:
    page.wait_for_selector("main[aria-busy=false]", state="attached")
    page.wait_for_timeout(400)


def slide(page: Page, percent: int) -> None:
    """Draw so much of the photograph as it came over the one in colour."""
    handle = page.get_by_role("slider", name="Before and after")
    handle.press("Home")
    for _ in range(percent // 2):
        handle.press("ArrowRight")
    handle.blur()


def point(page: Page, place: tuple[float, float]) -> tuple[float, float]:
    """On the screen."""
    stage = page.locator("#stage").bounding_box()
    top, height = page.evaluate(
        """() => {
          const { style } = document.querySelector("#curtain");
          return [Number(style.transform.match(/-?[\\d.]+/g)[1]), parseFloat(style.height)];
        }"""
    )
    assert stage
    with Image.open(PHOTOGRAPH) as photograph:
        width = height * photograph.width / photograph.height
    return stage["x"] + (stage["width"] - width) / 2 + width * place[0], stage["y"] + top + height * place[1]


def hint(page: Page, place: tuple[float, float], color: str, note: str) -> None:
    """State a colour, and leave its editor open."""
    page.mouse.click(*point(page, place))
    page.wait_for_selector("button.suggestion")
    page.get_by_label("How do you know?").fill(note)
    page.get_by_label("Hex").fill(color)
    page.get_by_label("Hex").press("Enter")
    page.get_by_label("Hex").blur()
    settle(page)


def save(page: Page, name: str) -> None:
    """As the best JPEG that is small enough."""
    settle(page)
    page.mouse.move(1, 1)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        for quality in range(92, 30, -4):
            file = io.BytesIO()
            picture.convert("RGB").save(file, "JPEG", quality=quality, optimize=True, progressive=True)
            if file.tell() < MOST:
                break
    (HERE / f"page-{name}.jpg").write_bytes(file.getvalue())
    print(f"page-{name}.jpg: {picture.width} x {picture.height}, {file.tell()} bytes, quality {quality}")


if __name__ == "__main__":
    main()

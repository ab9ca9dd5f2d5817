"""The page without a mouse, on a phone, with a key; for everyone's eyes and ears."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Literal

import pytest
from fastapi import FastAPI
from page_screen import Screen, apart, chroma
from playwright.sync_api import Browser, FileChooser, expect

from photochrom.service.app import create_app
from photochrom.service.settings import Settings

KEY: Final = "forty-letters-that-nobody-guesses-or-42"

Role = Literal["button", "slider", "textbox", "application", "dialog", "toolbar"]
ROLES: Final[tuple[Role, ...]] = ("button", "slider", "textbox", "application", "dialog", "toolbar")


def focused(screen: Screen) -> str:
    """What has the focus, by its name."""
    found = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()"
    return str(screen.page.evaluate(found))


def tab_to(screen: Screen, name: str, *, back: bool = False) -> None:
    for _ in range(40):
        if focused(screen) == name:
            return
        screen.page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{name} can't be reached by Tab")


def test_everything_is_done_by_keyboard_alone(screen: Screen, jpeg: bytes) -> None:
    press = screen.page.keyboard.press
    asked: list[FileChooser] = []
    screen.page.on(
        "filechooser", lambda chooser: asked.append(chooser)
    )  # long before it is needed: Chromium is told so in its own time
    screen.page.wait_for_timeout(300)
    tab_to(screen, "Choose photographs")
    press("Enter")
    for _ in range(100):
        if not asked:
            screen.page.wait_for_timeout(50)
    asked[0].set_files({"name": "family.jpg", "mimeType": "image/jpeg", "buffer": jpeg})
    screen.settle()
    plain = screen.picture()

    tab_to(screen, "Photograph")
    for _ in range(3):
        press("ArrowRight")
    press("Shift+ArrowUp")
    press("Enter")
    screen.page.wait_for_selector("button.suggestion:focus")
    press("Tab")
    press("Enter")
    screen.settle()
    hinted = screen.picture()
    assert apart(hinted, plain) > 0
    press("Escape")
    assert focused(screen) == "Photograph"
    press("Tab")
    assert focused(screen).startswith("Hint 1, ")
    (before,) = screen.requests("/paint")[-1]["hints"]
    press("ArrowLeft")
    screen.settle()
    (after,) = screen.requests("/paint")[-1]["hints"]
    assert after["x"] < before["x"]
    press("Delete")
    screen.settle()
    assert apart(screen.picture(), plain) == 0
    press("Control+z")
    press("Control+z")
    screen.settle()
    assert apart(screen.picture(), hinted) == 0

    tab_to(screen, "Before and after")
    press("End")
    assert chroma(screen.picture()) < 1
    press("Home")

    press("r")
    tab_to(screen, "Photograph", back=True)
    press("Enter")
    for _ in range(3):
        press("Shift+ArrowRight")
        press("Shift+ArrowDown")
    press("Enter")
    expect(screen.page.get_by_text("Looked closer at 1 place.")).to_be_visible()

    press("o")
    expect(screen.page.get_by_role("group", name="Where the colours come from")).to_be_visible()
    press("o")
    press("?")
    expect(screen.page.get_by_role("dialog", name="Help")).to_be_visible()
    press("Escape")
    press("d")
    for _ in range(20):
        if focused(screen).startswith("Project"):
            break
        press("Tab")
    with screen.page.expect_download() as download:
        press("Enter")
    assert download.value.suggested_filename.endswith(".photochrom")


def test_a_key_that_repeats_is_one_step_to_undo(screen: Screen, jpeg: bytes) -> None:
    screen.open(("family.jpg", jpeg))
    screen.click(0.5, 0.5)
    screen.page.locator("button.suggestion").first.click()
    screen.page.keyboard.press("Escape")
    screen.page.locator(".marker").focus()
    for _ in range(5):
        screen.page.keyboard.down("ArrowRight")
    screen.page.keyboard.up("ArrowRight")
    screen.settle()
    x = screen.requests("/paint")[-1]["hints"][0]["x"]
    assert x > 122
    screen.page.keyboard.press("Control+z")
    screen.settle()
    assert screen.requests("/paint")[-1]["hints"][0]["x"] == pytest.approx(120, abs=0.5)
    screen.page.keyboard.press("Control+y")
    screen.settle()
    assert screen.requests("/paint")[-1]["hints"][0]["x"] == x


def test_colours_are_told_by_their_names(screen: Screen) -> None:
    names = {
        "#000000": "black",
        "#ffffff": "white",
        "#808080": "grey",
        "#ff0000": "vivid red",
        "#7a1f2b": "wine red",
        "#8b4513": "brown",
        "#ffa500": "orange",
        "#d2b48c": "sand",
        "#008000": "vivid green",
        "#87ceeb": "light blue",
        "#000080": "vivid dark blue",
        "#47566e": "greyish blue",
        "#800080": "dark purple",
        "#ffc0cb": "pink",
    }
    found = screen.page.evaluate(
        "async (all) => { const m = await import('/js/names.js'); return all.map(m.nameOf); }", list(names)
    )
    assert found == list(names.values())


def test_b_shows_the_photograph_as_it_came_while_it_is_held(screen: Screen, jpeg: bytes) -> None:
    screen.open(("family.jpg", jpeg))
    screen.page.keyboard.down("b")
    screen.settle()
    assert chroma(screen.picture()) < 1
    screen.page.keyboard.up("b")
    screen.settle()
    assert chroma(screen.picture()) > 8


def test_focus_is_always_seen(screen: Screen, jpeg: bytes) -> None:
    screen.open(("family.jpg", jpeg))
    screen.page.keyboard.press("Tab")
    for _ in range(22):
        seen = screen.page.evaluate(
            """() => {
              const one = document.activeElement;
              const knob = one.id === "curtain" ? one.firstElementChild : one;
              return one === document.body || getComputedStyle(knob).outlineStyle !== "none";
            }"""
        )
        assert seen, focused(screen)
        screen.page.keyboard.press("Tab")


def test_single_keys_can_be_turned_off(screen: Screen, jpeg: bytes) -> None:
    screen.open(("family.jpg", jpeg))
    screen.page.get_by_role("button", name="Help and keys").click()
    screen.page.get_by_label("Single keys without Ctrl do something").uncheck()
    screen.page.keyboard.press("Escape")
    screen.page.keyboard.press("o")
    expect(screen.page.get_by_role("button", name="Certainty")).to_have_attribute("aria-pressed", "false")


def test_every_control_has_a_name(screen: Screen, jpeg: bytes) -> None:
    screen.open(("family.jpg", jpeg), ("other.jpg", jpeg))
    screen.click(0.5, 0.5)
    screen.page.locator("button.suggestion").first.click()
    screen.settle()
    screen.page.keyboard.press("v")
    expect(screen.page.get_by_role("button", name="Variant 1", exact=True)).to_be_visible()
    for role in ROLES:
        for each in screen.page.get_by_role(role).all():
            said = each.aria_snapshot().splitlines()[0]
            assert re.match(rf'- .?{role} ".*\S.*"', said), each.evaluate("(one) => one.outerHTML")


def test_phone_shows_a_hint_and_its_editor_at_the_same_time(phone: Screen, jpeg: bytes) -> None:
    phone.open(("family.jpg", jpeg))
    assert chroma(phone.picture()) > 8
    assert phone.place()[2] > 360
    phone.click(0.5, 0.9)
    phone.page.locator("button.suggestion").nth(1).click()
    phone.settle()
    editor = phone.page.locator("#editor").bounding_box()
    marker = phone.page.locator(".marker").bounding_box()
    assert editor
    assert marker
    assert (editor["x"], editor["width"]) == (0, 390)
    assert editor["y"] + editor["height"] == pytest.approx(844, abs=1)
    assert marker["y"] + marker["height"] < editor["y"]
    phone.page.get_by_role("button", name="Done").click()
    strength = phone.page.get_by_label("Strength")
    expect(strength).to_be_hidden()
    phone.page.get_by_role("button", name="Adjust").click()
    strength.fill("0")
    phone.settle()
    assert chroma(phone.picture()) < 1
    phone.page.get_by_role("button", name="Hints", exact=True).click()
    expect(phone.page.get_by_role("button", name="Change hint 1")).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 390


def test_key_is_asked_for_once_and_kept_for_the_tab(
    browser: Browser,
    settings: Callable[..., Settings],
    serving: Callable[[FastAPI], AbstractContextManager[str]],
    jpeg: bytes,
) -> None:
    with serving(create_app(settings(api_key=KEY))) as address:
        screen = Screen(browser, address)
        screen.drop(("family.jpg", jpeg))
        dialog = screen.page.get_by_role("dialog", name="This Photochrom asks for its key")
        field = dialog.get_by_label("API key")
        field.fill("a-wrong-one")
        field.press("Enter")
        expect(dialog.get_by_text("That was not the right one.")).to_be_visible()
        field.fill(KEY)
        field.press("Enter")
        screen.settle()
        assert chroma(screen.picture()) > 8
        screen.page.reload()
        screen.open(("family.jpg", jpeg))
        screen.close()


def test_pictures_of_the_page_are_small_and_all_shown() -> None:
    docs = Path(__file__).parents[3] / "docs"
    shown = re.findall(r"!\[[^]]+\]\(pictures/(page-[\w-]+\.jpg)\)", (docs / "service.md").read_text(encoding="utf-8"))
    there = sorted((docs / "pictures").glob("page-*.jpg"))
    assert sorted(shown) == [path.name for path in there]
    assert all(path.stat().st_size < 150_000 for path in there)

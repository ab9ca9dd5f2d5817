"""A photograph comes to colour on the page, and its colours answer to whoever knows better."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from page_screen import Screen, apart, chroma
from PIL import Image
from playwright.sync_api import Route, expect

FAMILY = "family.jpg"


def test_dropped_photograph_comes_to_colour_and_keeps_its_light(screen: Screen, jpeg: bytes) -> None:
    expect(screen.page.get_by_role("heading", name="Drop a photograph here")).to_be_visible()
    screen.open((FAMILY, jpeg))
    colored = screen.picture()
    screen.page.get_by_role("slider", name="Before and after").press("End")
    grey = screen.picture()
    assert chroma(grey) < 1 < 8 < chroma(colored)
    luma = np.array([0.299, 0.587, 0.114])
    assert np.abs(colored @ luma - grey @ luma).mean() < 2
    expect(screen.page).to_have_title("family.jpg – Photochrom")


def test_photograph_is_seen_in_grey_until_its_colours_are_there(screen: Screen, jpeg: bytes) -> None:
    held: list[Route] = []
    screen.page.route("**/paint", lambda route: held.append(route))
    screen.drop((FAMILY, jpeg))
    shown = "() => document.querySelector('#photograph').getContext('2d').getImageData(600, 300, 1, 1).data[3] === 255"
    screen.page.wait_for_function(shown)
    screen.page.wait_for_timeout(300)
    pixels = screen.page.evaluate(
        "() => [...document.querySelector('#photograph').getContext('2d').getImageData(400, 200, 200, 200).data]"
    )
    rgb = np.array(pixels, np.int16).reshape(-1, 4)[:, :3]
    assert rgb.std() > 5
    assert chroma(rgb) < 1
    for route in held:
        route.continue_()
    screen.settle()
    assert chroma(screen.picture()) > 8


@pytest.mark.parametrize("way", ["pasted", "chosen"])
def test_photograph_can_be_pasted_and_chosen(screen: Screen, jpeg: bytes, way: str) -> None:
    if way == "pasted":
        screen.paste((FAMILY, jpeg))
    else:
        with screen.page.expect_file_chooser() as chooser:
            screen.page.get_by_role("button", name="Choose photographs").click()
        chooser.value.set_files({"name": FAMILY, "mimeType": "image/jpeg", "buffer": jpeg})
    screen.settle()
    assert chroma(screen.picture()) > 8


def test_slider_shows_the_photograph_as_it_came_on_its_left(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    before = screen.picture()
    handle = screen.page.locator("#curtain i").bounding_box()
    assert handle
    screen.page.mouse.move(handle["x"] + 20, handle["y"] + 20)
    screen.page.mouse.down()
    x, y = screen.point(0.6, 0.5)
    screen.page.mouse.move(x, y, steps=3)
    screen.page.mouse.up()
    slider = screen.page.get_by_role("slider", name="Before and after")
    expect(slider).to_have_attribute("aria-valuenow", "60")
    shown = screen.picture()
    middle = round(shown.shape[1] * 0.6)
    assert chroma(shown[:, : middle - 4]) < 1
    assert apart(shown[:, middle + 4 :], before[:, middle + 4 :]) == 0
    slider.press("Home")
    assert apart(screen.picture(), before) == 0


def test_hint_from_a_suggestion_changes_its_place_and_can_be_undone(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    plain = screen.picture()
    screen.click(0.3, 0.4)
    expect(screen.page.get_by_role("dialog", name="Colour of this place")).to_be_visible()
    suggested = screen.page.locator("button.suggestion")
    expect(suggested).to_have_count(5)
    assert all(re.search(r"\d %", each) for each in suggested.all_inner_texts())
    chosen = suggested.nth(2)
    color = chosen.get_attribute("data-color")
    assert color
    chosen.click()
    screen.settle()
    hinted = screen.picture()
    row, column = round(hinted.shape[0] * 0.4), round(hinted.shape[1] * 0.3)
    there = (slice(row - 2, row + 3), slice(column - 2, column + 3))
    wanted = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)])
    assert np.abs(hinted[there].mean((0, 1)) - wanted).mean() < np.abs(plain[there].mean((0, 1)) - wanted).mean()
    assert apart(hinted[there], plain[there]) > 5
    name = (chosen.get_attribute("aria-label") or "").partition(",")[0]
    expect(screen.page.get_by_role("button", name=f"Hint 1, {name}", exact=True)).to_be_visible()

    screen.page.keyboard.press("Escape")
    screen.page.get_by_role("button", name="Undo").click()
    screen.settle()
    assert apart(screen.picture(), plain) == 0
    expect(screen.page.locator(".marker")).to_have_count(0)
    screen.page.keyboard.press("Control+Shift+Z")
    screen.settle()
    assert apart(screen.picture(), hinted) == 0


def test_hint_has_any_colour_a_reach_and_a_note_moves_and_goes(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    screen.click(0.5, 0.5)
    screen.page.get_by_label("How do you know?").fill("so her niece says")
    screen.page.get_by_label("Hex").fill("#7a1f2b")
    screen.page.get_by_label("Hex").press("Enter")
    screen.page.get_by_label("Reach").fill("9")
    screen.settle()
    screen.page.get_by_role("button", name="Done").click()
    screen.settle()
    (hint,) = screen.requests("/paint")[-1]["hints"]
    assert hint == {"x": hint["x"], "y": hint["y"], "color": "#7a1f2b", "radius": 9, "note": "so her niece says"}
    assert (hint["x"], hint["y"]) == pytest.approx((120, 80), abs=2)
    expect(screen.page.get_by_role("button", name="Change hint 1, wine red, so her niece says")).to_be_visible()

    screen.page.mouse.move(*screen.point(hint["x"] / 240, hint["y"] / 160))
    screen.page.mouse.down()
    screen.page.mouse.move(*screen.point(0.75, 0.25), steps=4)
    screen.page.mouse.up()
    screen.settle()
    (moved,) = screen.requests("/paint")[-1]["hints"]
    assert (moved["x"], moved["y"]) == pytest.approx((180, 40), abs=1)
    assert {**moved, "x": 0, "y": 0} == {**hint, "x": 0, "y": 0}

    screen.page.locator(".marker").press("Delete")
    screen.settle()
    assert screen.requests("/paint")[-1]["hints"] == []
    for _ in range(2):
        screen.page.keyboard.press("Control+Z")
    screen.settle()
    assert screen.page.locator(".marker").count() == 1


def test_a_hint_is_edited_beside_the_photograph_and_follows_what_happens_to_it(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    editor, stage = screen.page.locator("#editor"), screen.page.locator("#stage").bounding_box()
    for across in (0.3, 0.7):
        screen.click(across, 0.4)
        screen.page.locator("button.suggestion").first.click()
    screen.settle()
    beside = editor.bounding_box()
    assert stage
    assert beside
    assert beside["x"] >= stage["x"] + stage["width"]

    asked = len(screen.requests("/suggest"))
    screen.page.mouse.move(*screen.point(0.7, 0.4))
    screen.page.mouse.down()
    screen.page.mouse.move(*screen.point(0.5, 0.8), steps=3)
    screen.page.mouse.up()
    screen.settle()
    (moved,) = screen.requests("/suggest")[asked:]
    assert (moved["x"], moved["y"]) == pytest.approx((120, 128), abs=1)
    expect(editor).to_be_visible()
    screen.page.get_by_role("button", name="Delete hint 1").click()
    expect(editor).to_be_hidden()


def test_likely_colours_that_can_not_be_had_are_told_and_not_waited_for(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    screen.page.route("**/suggest", lambda route: route.abort())
    screen.page.mouse.click(*screen.point(0.5, 0.5))
    expect(screen.page.locator("#suggestions-word")).to_contain_text("Photochrom does not answer.")
    expect(screen.page.locator(".suggestion")).to_have_count(0)


def test_picker_gives_colours_of_the_place_s_own_lightness(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    screen.click(0.5, 0.5)
    lightness = screen.page.evaluate(
        """async () => {
          const { labOf } = await import("/js/lab.js");
          const colors = [...document.querySelectorAll("button.suggestion")].map((each) => each.dataset.color);
          return colors.map((color) => labOf(color)[0]);
        }"""
    )
    plane = screen.page.locator("#picker-plane").bounding_box()
    assert plane
    for across in (0.1, 0.4, 0.7):
        screen.page.mouse.click(plane["x"] + plane["width"] * across, plane["y"] + plane["height"] / 3)
        (hint,) = [screen.page.get_by_label("Hex").input_value()]
        picked = screen.page.evaluate("async (hex) => (await import('/js/lab.js')).labOf(hex)", hint)
        assert picked[0] == pytest.approx(np.median(lightness), abs=2)


def test_a_closer_look_changes_its_box_and_can_be_undone(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    plain = screen.picture()
    screen.page.get_by_role("button", name="Refine").click()
    screen.page.mouse.move(*screen.point(0.25, 0.25))
    screen.page.mouse.down()
    screen.page.mouse.move(*screen.point(0.6, 0.7), steps=3)
    screen.page.mouse.up()
    expect(screen.page.get_by_text("Looked closer at 1 place.")).to_be_visible()
    screen.settle()
    (asked,) = screen.requests("/refine")
    assert asked["box"] == pytest.approx([60, 40, 144, 112], abs=2)
    closer = screen.picture()
    height, width = closer.shape[:2]
    inside = (slice(height * 4 // 10, height * 6 // 10), slice(width * 35 // 100, width * 55 // 100))
    assert apart(closer[inside], plain[inside]) > 1
    assert apart(closer[-height // 10 :], plain[-height // 10 :]) < apart(closer[inside], plain[inside]) / 4
    screen.page.keyboard.press("Control+Z")
    screen.settle()
    assert apart(screen.picture(), plain) == 0


def test_one_box_is_looked_at_at_a_time(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    held: list[Route] = []
    screen.page.route("**/refine", lambda route: held.append(route))
    refine = screen.page.get_by_role("button", name="Refine")
    for left in (0.2, 0.5):
        refine.click()
        screen.page.mouse.move(*screen.point(left, 0.2))
        screen.page.mouse.down()
        screen.page.mouse.move(*screen.point(left + 0.2, 0.6), steps=2)
        screen.page.mouse.up()
        expect(screen.page.locator("#box.looking")).to_have_count(1)
        expect(refine).to_have_attribute("aria-pressed", "false")
    (only,) = held
    only.continue_()
    expect(screen.page.get_by_text("Looked closer at 1 place.")).to_be_visible()
    expect(screen.page.locator("#box")).to_be_hidden()


def test_variant_is_chosen_from_the_filmstrip(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    plain = screen.picture()
    screen.page.get_by_role("button", name="Variants", exact=True).click()
    screen.page.get_by_role("button", name="Variant 2", exact=True).click()
    screen.settle()
    assert len(screen.requests("/paint")[-1]["hints"]) > 0
    expect(screen.page.get_by_role("button", name="Variant 2", exact=True)).to_have_attribute("aria-pressed", "true")
    screen.page.get_by_role("button", name="Others").click()
    expect(screen.page.get_by_role("button", name="Variant 4", exact=True)).to_be_visible()
    assert [(each["seed"], each["hints"]) for each in screen.requests("/variants")] == [(0, []), (1, [])]
    screen.page.get_by_role("button", name="As it was").click()
    screen.settle()
    assert screen.page.locator(".marker").count() == 0
    screen.page.get_by_role("button", name="Variant 3", exact=True).click()
    screen.page.get_by_role("button", name="Close variants").click()
    screen.settle()
    assert apart(screen.picture(), plain) > 1


def test_overlay_tells_what_is_known_from_what_is_guessed(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    plain = screen.picture()
    screen.click(0.5, 0.5)
    screen.page.locator("button.suggestion").first.click()
    screen.page.get_by_role("button", name="Done").click()
    screen.settle()
    hinted = screen.picture()
    toggle = screen.page.get_by_role("button", name="Certainty")
    toggle.click()
    legend = screen.page.get_by_role("group", name="Where the colours come from")
    expect(legend).to_be_visible()
    shares = [int(each) for each in re.findall(r"(\d+) %", legend.inner_text().replace("< 1 %", "0 %"))]
    assert len(shares) == 4
    assert 97 <= sum(shares) <= 102
    assert apart(screen.picture(), hinted) > 5
    toggle.click()
    expect(legend).to_be_hidden()
    assert apart(screen.picture(), hinted) == 0
    assert apart(hinted, plain) > 0


def test_sliders_answer_while_they_move_and_end_where_they_rest(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    plain = screen.picture()
    asked = len(screen.requests("/paint"))
    screen.page.evaluate(
        """async () => {
          const slider = document.querySelector("#warmth");
          for (let step = 1; step <= 40; step += 1) {
            slider.value = String(step / 50);
            slider.dispatchEvent(new Event("input"));
            await new Promise((go) => setTimeout(go, 4));
          }
          slider.dispatchEvent(new Event("change"));
        }"""
    )
    screen.settle()
    warmths = [each["warmth"] for each in screen.requests("/paint")[asked:]]
    assert 2 <= len(warmths) < 30
    assert warmths == sorted(warmths)
    assert warmths[-1] == 0.8
    warm = screen.picture()
    assert (warm[..., 0] - warm[..., 2]).mean() > (plain[..., 0] - plain[..., 2]).mean()
    screen.page.keyboard.press("Control+Z")
    screen.settle()
    assert apart(screen.picture(), plain) == 0
    assert screen.page.get_by_role("button", name="Undo").is_disabled()

    screen.page.get_by_label("Strength").fill("0")
    screen.settle()
    assert chroma(screen.picture()) < 1
    screen.page.get_by_role("button", name="Reset").click()
    screen.settle()
    assert apart(screen.picture(), plain) == 0


def test_zooming_in_fetches_the_photograph_s_own_pixels(screen: Screen, large_jpeg: bytes) -> None:
    screen.open(("large.jpg", large_jpeg))
    assert max(each["size"] for each in screen.requests("/paint")) < 1600
    x, y = screen.point(0.5, 0.5)
    screen.page.mouse.move(x, y)
    for _ in range(8):
        screen.page.mouse.wheel(0, -200)
    expect(screen.page.locator("#zoom-level")).not_to_have_text(re.compile(r"^[1-4]\d %$"))
    screen.page.wait_for_timeout(300)
    screen.settle()
    assert screen.requests("/paint")[-1]["size"] == 2400
    before = screen.page.locator("#photograph").screenshot()
    screen.page.mouse.down()
    screen.page.mouse.move(x - 150, y - 100, steps=3)
    screen.page.mouse.up()
    assert screen.page.locator("#photograph").screenshot() != before
    assert screen.page.locator("#editor").is_hidden()
    screen.page.keyboard.press("0")
    expect(screen.page.locator("#zoom-level")).to_have_text(re.compile(r"^[1-4]\d %$"))


def test_reference_lends_its_colours_until_it_is_removed(screen: Screen, jpeg: bytes, colors_jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    plain = screen.picture()
    screen.drop(("cup.jpg", colors_jpeg), at="#well")
    expect(screen.page.get_by_text("cup.jpg")).to_be_visible()
    screen.settle()
    assert screen.requests("/paint")[-1]["reference"]
    with Image.open(io.BytesIO(screen.page.get_by_role("img", name="Reference picture").screenshot())) as lent:
        assert chroma(np.asarray(lent.convert("RGB"), np.int16)) > 20
    screen.page.get_by_role("button", name="Remove", exact=True).click()
    screen.settle()
    assert screen.requests("/paint")[-1]["reference"] is None
    assert apart(screen.picture(), plain) == 0

    screen.drop((FAMILY, jpeg), at="#well")
    expect(screen.page.get_by_text("is in black and white: a reference has colours to lend.")).to_be_visible()


def test_page_s_lab_is_that_of_photochrom(screen: Screen) -> None:
    from photochrom.hints.color import Color

    colors = ["#7a1f2b", "#ffffff", "#000000", "#3c4c62", "#00ff7f"]
    found = screen.page.evaluate(
        "async (all) => { const m = await import('/js/lab.js'); return all.map(m.labOf); }", colors
    )
    for color, (_, a, b) in zip(colors, found, strict=True):
        assert (a, b) == pytest.approx(Color.of(color).ab, abs=0.1)


def test_a_place_is_marked_until_its_hint_stands_there(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    spot, (x, y) = screen.page.locator("#spot"), screen.point(0.3, 0.4)
    expect(spot).to_be_hidden()
    screen.click(0.3, 0.4)
    expect(spot).to_be_visible()
    marked = spot.bounding_box()
    assert marked
    assert (marked["x"] + marked["width"] / 2, marked["y"] + marked["height"] / 2) == pytest.approx((x, y), abs=2)
    screen.page.locator("button.suggestion").first.click()
    expect(spot).to_be_hidden()
    screen.page.keyboard.press("Escape")
    screen.click(0.6, 0.4)
    expect(spot).to_be_visible()
    screen.page.keyboard.press("Escape")
    expect(spot).to_be_hidden()


def test_what_was_looked_at_closer_is_framed_while_boxes_are_drawn(screen: Screen, jpeg: bytes) -> None:
    screen.open((FAMILY, jpeg))
    refine = screen.page.get_by_role("button", name="Refine")
    refine.click()
    (left, top), (right, bottom) = screen.point(0.25, 0.25), screen.point(0.6, 0.7)
    screen.page.mouse.move(left, top)
    screen.page.mouse.down()
    screen.page.mouse.move(right, bottom, steps=3)
    screen.page.mouse.up()
    expect(screen.page.get_by_text("Looked closer at 1 place.")).to_be_visible()
    frames = screen.page.locator("#looked i")
    screen.settle()
    expect(frames).to_have_count(0)
    refine.click()
    expect(frames).to_have_count(1)
    framed = frames.bounding_box()
    assert framed
    assert (framed["x"], framed["y"]) == pytest.approx((left, top), abs=6)
    assert (framed["width"], framed["height"]) == pytest.approx((right - left, bottom - top), abs=10)
    screen.page.keyboard.press("Escape")
    expect(frames).to_have_count(0)

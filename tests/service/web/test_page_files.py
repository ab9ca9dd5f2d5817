"""Many photographs at once, what goes wrong with some, and what is kept of them in the end."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skimage
from page_screen import Screen, apart, chroma
from PIL import Image
from playwright.sync_api import Dialog, Download, Route, expect

from photochrom.hints.project import Project

DIGITAL_SOURCE = "compositeWithTrainedAlgorithmicMedia"


def portrait(number: int) -> bytes:
    """A small grey photograph with EXIF, another one for each number."""
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = f"Picture {number}", "A grandmother"
    shifted = np.roll(skimage.data.coffee(), 40 * number, axis=1)
    file = io.BytesIO()
    Image.fromarray(shifted).convert("L").resize((150, 100)).save(file, "JPEG", exif=exif, dpi=(300, 300))
    return file.getvalue()


def kept(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_ten_photographs_are_coloured_each_with_a_state_of_its_own(screen: Screen) -> None:
    files = [(f"{number}.jpg", portrait(number)) for number in range(10)]
    screen.drop(*files[:5], ("letter.txt", b"Dear niece,\n"), *files[5:])
    expect(screen.page.locator("#count").get_by_text("10 of 11 coloured, 1 failed")).to_be_visible(timeout=20_000)
    screen.settle()
    thumbnails = screen.page.locator(".thumbnail")
    expect(thumbnails).to_have_count(11)
    screen.page.get_by_role("button", name="letter.txt, failed").click()
    alert = screen.page.get_by_role("alert")
    expect(alert).to_contain_text("This file is no picture that can be read")
    assert screen.page.get_by_role("button", name="Download").is_disabled()

    screen.page.get_by_role("button", name="3.jpg, coloured").click()
    expect(alert).to_be_hidden()
    screen.settle()
    third = screen.picture()
    screen.page.get_by_label("Strength").fill("0.4")
    screen.settle()
    pale = screen.picture()
    screen.page.keyboard.press("]")
    screen.settle()
    assert screen.page.get_by_label("Strength").input_value() == "1"
    screen.page.keyboard.press("[")
    screen.settle()
    assert apart(screen.picture(), pale) == 0
    screen.page.keyboard.press("Control+Z")
    screen.settle()
    assert apart(screen.picture(), third) == 0
    screen.page.keyboard.press("Control+Shift+Z")
    screen.settle()

    screen.page.keyboard.press("d")
    with screen.page.expect_download() as download:
        screen.page.get_by_role("button", name="All 10 in one zip").click()
    with zipfile.ZipFile(io.BytesIO(kept(download.value))) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [f"{number}-colour.jpg" for number in range(10)]
        strengths = []
        for number in range(10):
            with Image.open(archive.open(f"{number}-colour.jpg")) as picture:
                assert picture.size == (150, 100)
                assert picture.getexif()[0x010E] == f"Picture {number}"
                strengths.append(chroma(np.asarray(picture, np.int16)))
    assert strengths[3] < min(strengths[:3] + strengths[4:]) * 0.7


def test_settings_of_one_photograph_are_used_for_all_and_undone_in_each(screen: Screen) -> None:
    screen.open(*((f"{number}.jpg", portrait(number)) for number in range(3)))
    expect(screen.page.locator("#count").get_by_text("3 of 3 coloured")).to_be_visible()
    expect(screen.page.get_by_role("button", name="Use for all photographs")).to_be_hidden()
    screen.page.get_by_label("Strength").fill("0.3")
    screen.page.get_by_role("button", name="Use for all photographs").click()
    expect(screen.page.locator("#count").get_by_text("3 of 3 coloured")).to_be_visible()
    screen.page.get_by_role("button", name="2.jpg, coloured").click()
    screen.settle()
    pale = screen.picture()
    assert screen.page.get_by_label("Strength").input_value() == "0.3"
    screen.page.keyboard.press("Control+Z")
    screen.settle()
    assert chroma(pale) < chroma(screen.picture()) * 0.6


def test_download_is_the_original_s_format_with_its_metadata(screen: Screen) -> None:
    original = portrait(1)
    screen.open(("grandmother.jpg", original))
    screen.click(0.5, 0.5)
    screen.page.get_by_label("How do you know?").fill("her own words")
    screen.page.locator("button.suggestion").nth(1).click()
    screen.page.get_by_role("button", name="Done").click()
    screen.settle()
    shown = screen.picture()
    screen.page.get_by_role("button", name="Download").click()
    with screen.page.expect_download() as download:
        screen.page.get_by_role("button", name="Photograph in colour").click()
    assert download.value.suggested_filename == "grandmother-colour.jpg"
    with Image.open(io.BytesIO(original)) as before, Image.open(io.BytesIO(kept(download.value))) as after:
        assert (after.format, after.size, after.mode) == ("JPEG", before.size, "RGB")
        assert after.info["dpi"] == before.info["dpi"]
        assert {tag: after.getexif()[tag] for tag in (0x010E, 0x013B)} == {0x010E: "Picture 1", 0x013B: "A grandmother"}
        xmp = after.info["xmp"].decode()
        assert DIGITAL_SOURCE in xmp
        assert "her own words" in xmp
        small = after.convert("RGB").resize(shown.shape[1::-1], Image.Resampling.BICUBIC)
        assert apart(np.asarray(small, np.int16), shown) < 9


def test_layer_comparison_and_project_are_downloaded(screen: Screen, jpeg: bytes) -> None:
    screen.open(("family.jpg", jpeg))
    names = {}
    for button in ("Before and after", "Colour layer", "Project"):
        screen.page.get_by_role("button", name="Download").click()
        with screen.page.expect_download() as download:
            screen.page.get_by_role("button", name=button).click()
        names[download.value.suggested_filename] = kept(download.value)
    (compare, layer, project) = names
    assert [compare[-12:], layer[-10:], project[-11:]] == ["-compare.jpg", "-layer.png", ".photochrom"]
    with Image.open(io.BytesIO(names[layer])) as picture:
        assert picture.size == (240, 160)
    with Image.open(io.BytesIO(names[compare])) as picture:
        assert picture.width > 2 * 240
    assert json.loads(names[project])["photo"]["width"] == 240


def test_project_is_taken_up_where_it_was_left(screen: Screen, jpeg: bytes, tmp_path: Path) -> None:
    screen.open(("family.jpg", jpeg))
    plain = screen.picture()
    screen.click(0.2, 0.2)
    screen.page.get_by_label("Hex").fill("7a1f2b")
    screen.page.get_by_label("Hex").press("Enter")
    screen.page.get_by_role("button", name="Done").click()
    screen.page.get_by_label("Warmth").fill("0.5")
    screen.settle()
    finished = screen.picture()
    screen.page.keyboard.press("d")
    with screen.page.expect_download() as download:
        screen.page.get_by_role("button", name="Project").click()
    data = kept(download.value)
    (tmp_path / "family.photochrom").write_bytes(data)
    assert len(Project.read(tmp_path / "family.photochrom").hints) == 1

    again = Screen(screen.browser, screen.address)
    again.open(("family.jpg", jpeg))
    assert apart(again.picture(), plain) == 0
    again.drop(("family.photochrom", data))
    expect(again.page.get_by_text("Taken up: 1 hint and all settings.")).to_be_visible()
    again.settle()
    assert apart(again.picture(), finished) == 0
    again.drop(("broken.photochrom", b"{}"))
    expect(again.page.locator(".notice.problem")).to_contain_text("broken.photochrom")
    again.page.reload()
    again.drop(("family.photochrom", data))
    expect(again.page.get_by_text("Add the photograph that family.photochrom belongs to first.")).to_be_visible()
    again.open(("family.photochrom", data), ("family.jpg", jpeg))
    expect(again.page.get_by_text("Taken up: 1 hint and all settings.")).to_be_visible()
    again.settle()
    assert apart(again.picture(), finished) == 0
    again.close()


def test_result_can_be_gone_on_from(screen: Screen, jpeg: bytes) -> None:
    screen.open(("family.jpg", jpeg))
    screen.click(0.2, 0.2)
    screen.page.locator("button.suggestion").nth(2).click()
    screen.settle()
    screen.page.keyboard.press("Escape")
    with screen.page.expect_download() as download:
        screen.page.keyboard.press("Control+s")
    screen.page.reload()
    screen.open(("family-colour.jpg", kept(download.value)))
    screen.open(("other.jpg", portrait(2)))
    screen.page.get_by_role("button", name="Go on from there").click()
    expect(screen.page.get_by_text("Taken up: 1 hint and all settings.")).to_be_visible()
    assert screen.page.locator(".marker").count() == 0
    screen.page.keyboard.press("[")
    expect(screen.page.locator(".marker")).to_have_count(1)


def test_closing_the_page_warns_of_what_is_in_no_download(screen: Screen, jpeg: bytes) -> None:
    warned: list[str] = []

    def heard(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.accept()

    screen.page.on("dialog", heard)
    screen.open(("family.jpg", jpeg))
    screen.page.reload()
    assert warned == []
    screen.open(("family.jpg", jpeg))
    screen.page.get_by_label("Strength").fill("0.5")
    screen.settle()
    screen.page.reload()
    assert warned == ["beforeunload"]


def test_a_photograph_that_was_removed_with_work_on_it_is_put_back(screen: Screen, jpeg: bytes) -> None:
    screen.open(("family.jpg", jpeg))
    screen.open(("other.jpg", portrait(1)))
    screen.page.get_by_role("button", name="family.jpg, coloured").press("Delete")
    assert screen.page.locator(".notice").count() == 0
    screen.open(("family.jpg", jpeg))
    screen.page.get_by_label("Strength").fill("0.5")
    screen.settle()
    pale = screen.picture()
    screen.page.get_by_role("button", name="family.jpg, coloured").press("Delete")
    screen.page.get_by_role("button", name="Put it back").click()
    screen.settle()
    assert screen.page.get_by_label("Strength").input_value() == "0.5"
    assert apart(screen.picture(), pale) == 0


def test_text_file_is_refused_in_a_sentence_and_can_be_removed(screen: Screen) -> None:
    screen.drop(("letter.txt", b"Dear niece,\n"))
    alert = screen.page.get_by_role("alert")
    expect(alert).to_contain_text(re.compile(r"letter\.txt\s*This file is no picture that can be read .* is text"))
    screen.page.get_by_role("button", name="Remove it").click()
    expect(screen.page.get_by_role("heading", name="Drop a photograph here")).to_be_visible()


def test_other_pages_of_a_file_can_be_opened(screen: Screen, grey: Image.Image) -> None:
    file = io.BytesIO()
    grey.save(file, "TIFF", save_all=True, append_images=[grey.rotate(180)])
    screen.open(("album.tif", file.getvalue()))
    screen.page.get_by_role("button", name="Open the others").click()
    expect(screen.page.get_by_role("button", name="album.tif, page 2, coloured")).to_be_visible()


def test_what_a_server_has_forgotten_is_sent_again_unnoticed(screen: Screen, jpeg: bytes, colors_jpeg: bytes) -> None:
    screen.open(("family.jpg", jpeg))
    screen.drop(("cup.jpg", colors_jpeg), at="#well")
    expect(screen.page.get_by_text("cup.jpg")).to_be_visible()
    screen.page.get_by_role("button", name="Refine").click()
    screen.page.mouse.move(*screen.point(0.25, 0.25))
    screen.page.mouse.down()
    screen.page.mouse.move(*screen.point(0.6, 0.7))
    screen.page.mouse.up()
    expect(screen.page.get_by_text("Looked closer at 1 place.")).to_be_visible()
    screen.settle()
    closer = screen.picture()
    created = [each.json()["id"] for each in screen.answers if each.status == 201]
    assert len(created) == 3
    for photo in created:
        gone = "async (id) => (await fetch('/v1/photos/' + id, { method: 'DELETE' })).status"
        assert screen.page.evaluate(gone, photo) == 204
    screen.page.get_by_label("Strength").fill("0.5")
    screen.settle()
    assert chroma(screen.picture()) < chroma(closer) * 0.8
    screen.page.get_by_role("button", name="Reset").click()
    screen.settle()
    assert apart(screen.picture(), closer) == 0
    assert screen.page.locator(".notice.problem").count() == 0


def test_busy_server_is_asked_again_when_it_said(screen: Screen, jpeg: bytes) -> None:
    refused: list[str] = []

    def busy(route: Route) -> None:
        if len(refused) < 2:
            refused.append(route.request.url)
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"code": "busy", "message": "busy"})
        else:
            route.continue_()

    screen.page.route("**/v1/photos", busy)
    screen.drop(("family.jpg", jpeg))
    expect(screen.page.get_by_text("Photochrom is busy; this waits its turn.")).to_be_visible()
    screen.settle()
    assert len(refused) == 2
    assert chroma(screen.picture()) > 8


def test_what_failed_for_want_of_an_answer_is_tried_again_together(screen: Screen, jpeg: bytes) -> None:
    screen.page.route("**/v1/photos", lambda route: route.abort())
    screen.drop(("family.jpg", jpeg), ("other.jpg", portrait(1)), ("third.jpg", portrait(2)))
    expect(screen.page.locator("#count").get_by_text("0 of 3 coloured, 3 failed")).to_be_visible()
    screen.page.unroute("**/v1/photos")
    screen.page.get_by_role("button", name="Try again").click()
    expect(screen.page.locator("#count").get_by_text("3 of 3 coloured")).to_be_visible()


def test_server_that_is_gone_is_told_in_a_sentence(screen: Screen, jpeg: bytes) -> None:
    screen.open(("family.jpg", jpeg))
    screen.page.route("**/paint", lambda route: route.abort())
    screen.page.get_by_label("Strength").fill("0.5")
    expect(screen.page.locator(".notice.problem")).to_contain_text("Photochrom does not answer.")


@pytest.mark.parametrize("name", ["../../a/b.jpg", 'q"uote.jpg', "grandmère.jpg"])
def test_names_in_an_archive_are_apart_and_only_names(screen: Screen, name: str) -> None:
    given = [name, name.upper(), "x.jpg"]
    names = screen.page.evaluate("async (all) => (await import('/js/zip.js')).apart(all)", given)
    assert len({each.lower() for each in names}) == 3
    assert not any(re.search(r'[/\\"]', each) for each in names)

"""A photograph is sent once, looked at once and painted often; what comes of it is what the Python API gives."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import photo_files as files
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from numpy.typing import NDArray
from PIL import Image

from photochrom import Colorizer, Hint, Project, Stroke
from photochrom.hints.hint import from_json

RED = {"x": 120, "y": 60, "color": "#c02020", "radius": 20, "note": "so her niece says"}


@pytest.fixture(scope="module")
def painter(tiny: Path) -> Colorizer:
    return Colorizer(tiny, threads=1)


@pytest.fixture
def sent(client: TestClient, jpeg: bytes) -> str:
    """The id of a photograph, 240 x 160."""
    return str(send(client, jpeg)["id"])


def send(client: TestClient, data: bytes, name: str = "family.jpg", **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/photos", files={"file": (name, data)}, data=fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def paint(client: TestClient, id: str, **options: Any) -> Response:
    answer: Response = client.post(f"/v1/photos/{id}/paint", json=options)
    assert answer.status_code == 200, answer.text
    return answer


def pixels(data: bytes) -> NDArray[np.int64]:
    return np.asarray(files.decoded(data).convert("RGB")).astype(np.int64)


def test_what_is_known_of_a_photograph_comes_back(client: TestClient, jpeg: bytes) -> None:
    answer = client.post("/v1/photos", files={"file": ("C:\\album\\family.jpg", jpeg)})
    found = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/photos/{found['id']}"
    assert len(found["id"]) >= 22
    assert (found["name"], found["width"], found["height"], found["format"]) == ("family.jpg", 240, 160, "JPEG")
    assert (found["page"], found["pages"], found["was_colored"], found["project"]) == (0, 1, "grey", None)
    assert found["model"].startswith("tiny 1.0")
    assert found["vividness"] == 0.5
    assert (found["refined"], found["warnings"]) == ([], [])
    assert found["expires_in"] == pytest.approx(7200, abs=5)
    again = client.get(answer.headers["Location"]).json()
    assert {**again, "expires_in": None} == {**found, "expires_in": None}


def test_no_two_ids_are_alike(client: TestClient, jpeg: bytes) -> None:
    assert len({send(client, jpeg)["id"] for _ in range(5)}) == 5


def test_the_file_is_the_one_that_the_python_api_saves(
    client: TestClient, sent: str, painter: Colorizer, jpeg: bytes, tmp_path: Path
) -> None:
    answer = paint(client, sent, hints=[RED], vividness=0.7, strength=0.9, warmth=0.2, label=True)
    from photochrom.photo.label import labelled

    painted = painter.open(jpeg).paint(hints=[from_json(RED)], vividness=0.7, strength=0.9, warmth=0.2)
    labelled(painted).save(tmp_path / "a.jpg")
    assert answer.content == (tmp_path / "a.jpg").read_bytes()
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert 'filename="family-colour.jpg"' in answer.headers["Content-Disposition"]
    assert answer.headers["Photochrom-Model"].startswith("tiny")
    assert json.loads(answer.headers["Photochrom-Warnings"]) == []


def test_another_format_is_named_so_and_what_it_can_t_keep_is_told(client: TestClient, sent: str) -> None:
    answer = paint(client, sent, format="png")
    assert answer.headers["Content-Type"] == "image/png"
    assert 'filename="family-colour.png"' in answer.headers["Content-Disposition"]
    assert files.decoded(answer.content).format == "PNG"
    told = json.loads(paint(client, send(client, tiff())["id"], format="jpeg").headers["Photochrom-Warnings"])
    assert len(told) == 1
    assert told[0].startswith("family.jpg: JPEG has no place for 16 bits")


def tiff(pages: int = 1) -> bytes:
    stream = io.BytesIO()
    wide = [Image.fromarray(files.grey(96 + 16 * n, 64).astype(np.uint16) * 257) for n in range(pages)]
    wide[0].save(stream, "TIFF", save_all=True, append_images=wide[1:])
    return stream.getvalue()


def test_a_preview_looks_like_the_file(client: TestClient, sent: str) -> None:
    whole = pixels(paint(client, sent, hints=[RED], format="png").content)
    shown = files.decoded(paint(client, sent, hints=[RED], output="preview", size=120).content)
    assert (shown.format, shown.size) == ("JPEG", (120, 80))
    small = whole.reshape(80, 2, 120, 2, 3).mean(axis=(1, 3))
    assert np.abs(np.asarray(shown).astype(int) - small).mean() < 4


def test_a_hint_changes_its_place_in_preview_and_file_alike(client: TestClient, sent: str) -> None:
    for output in ("preview", "file"):
        plain, hinted = (
            pixels(paint(client, sent, output=output, hints=hints).content)[60, 120] for hints in ([], [RED])
        )
        assert hinted[0] - hinted[1:].max() > 30
        assert np.abs(hinted - plain).max() > 20


def test_layer_and_comparison_are_pictures(client: TestClient, sent: str) -> None:
    layer, compare = (paint(client, sent, output=output) for output in ("layer", "compare"))
    assert 'filename="family-colour-layer.png"' in layer.headers["Content-Disposition"]
    assert 'filename="family-colour-compare.jpg"' in compare.headers["Content-Disposition"]
    assert files.decoded(layer.content).size == (240, 160)
    assert files.decoded(compare.content).size[0] > 480


def test_a_project_names_the_photograph_and_no_path_and_can_be_gone_on_from(
    client: TestClient, sent: str, jpeg: bytes, tmp_path: Path
) -> None:
    mask = send(client, files.encoded(Image.new("L", (240, 160), 0), "PNG"), "secret-mask.png")["id"]
    answer = paint(client, sent, hints=[RED], vividness=0.7, keep_grey=mask, output="project")
    assert 'filename="family-colour.photochrom"' in answer.headers["Content-Disposition"]
    assert answer.json()["photo"]["name"] == "family.jpg"
    assert set(answer.json()["options"]["keep_grey"]) == {"sha256"}
    assert "original" not in answer.text
    (tmp_path / "a.photochrom").write_bytes(answer.content)
    assert Project.read(tmp_path / "a.photochrom").hints == (from_json(RED),)

    larger = files.encoded(files.decoded(jpeg).resize((480, 320)), "PNG")
    other = send(client, larger, "scan.png")["id"]
    told = client.post(f"/v1/photos/{other}/project", files={"file": ("a.photochrom", answer.content)}).json()
    assert told["hints"] == [{**RED, "x": 240, "y": 120, "radius": 40}]
    assert told["options"] == {"vividness": 0.7, "strength": 1.0, "detail": 1.0}
    assert any("not the file that this project was made with" in each for each in told["warnings"])
    assert any("mask" in each for each in told["warnings"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no project"),
        (b"no json", "is no project"),
        (b"[1, 2]", "is no project"),
        (b'{"photochrom": 99}', "newer Photochrom"),
        (b'{"photochrom": 1, "photo": {"name": "a", "width": 240, "height": 480}}', "a shape other than"),
        (
            b'{"photochrom": 1, "photo": {"name": "a", "width": 240, "height": 160},'
            b' "hints": [{"x": 9000, "y": 1, "color": "red"}]}',
            "outside of the photograph",
        ),
        (
            b'{"photochrom": 1, "photo": {"name": "a", "width": 240, "height": 160}, "options": {"warmth": 7}}',
            "warmth",
        ),
    ],
)
def test_what_is_no_project_for_this_photograph_is_refused(
    client: TestClient, sent: str, content: bytes, says: str
) -> None:
    answer = client.post(f"/v1/photos/{sent}/project", files={"file": ("p.photochrom", content)})
    assert answer.status_code == 422
    assert says in answer.json()["message"]


def test_paths_in_a_project_are_never_followed(client: TestClient, sent: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("L", (240, 160), 255).save(secret)
    content = {
        "photochrom": 1,
        "photo": {"name": "a", "width": 240, "height": 160},
        "options": {"keep_grey": {"sha256": "0" * 64, "path": str(secret)}, "strength": 0.5},
    }
    answer = client.post(f"/v1/photos/{sent}/project", files={"file": ("p.photochrom", json.dumps(content))})
    assert answer.status_code == 200
    assert answer.json()["options"] == {"strength": 0.5}
    assert "secret" not in answer.text


def test_a_result_says_by_its_own_mark_how_it_was_coloured(client: TestClient, sent: str) -> None:
    result = paint(client, sent, hints=[RED], warmth=0.3).content
    found = send(client, result, "family-colour.jpg")
    assert found["project"]["hints"] == [RED]
    assert found["project"]["options"]["warmth"] == 0.3
    assert found["project"]["warnings"] == []
    assert found["was_colored"] == "color"
    assert len(found["warnings"]) == 1
    assert client.get(f"/v1/photos/{found['id']}").json()["project"] == found["project"]


def test_a_mark_that_makes_no_sense_costs_nothing_but_a_warning(client: TestClient, sent: str) -> None:
    result = paint(client, sent, hints=[RED]).content
    spoiled = result.replace(b"120.0", b"999.0")
    assert spoiled != result
    found = send(client, spoiled)
    assert found["project"] is None
    assert any("can't be used" in each and "outside" in each for each in found["warnings"])


def test_a_mark_with_more_hints_than_can_be_sent_back_is_left_out(client: TestClient, painter: Colorizer) -> None:
    stream = io.BytesIO()
    line = Stroke([(n % 90, n % 60) for n in range(1000)], "red")
    painter.open(files.grey()).paint(hints=[line] * 100).save(stream, format="PNG")
    found = send(client, stream.getvalue())
    assert found["project"] is None
    assert any("more hints" in each for each in found["warnings"])


def test_refining_gives_another_photograph_of_the_same_file(
    client: TestClient, sent: str, painter: Colorizer, jpeg: bytes
) -> None:
    answer = client.post(f"/v1/photos/{sent}/refine", json={"box": [60, 40, 119.6, 400]})
    assert answer.status_code == 201
    closer = answer.json()
    assert closer["refined"] == [[60, 40, 120, 160]]
    assert closer["id"] != sent
    assert client.get(f"/v1/photos/{sent}").json()["refined"] == []
    stream = io.BytesIO()
    painter.open(jpeg).refine((60, 40, 120, 160)).paint().save(stream, format="JPEG")
    assert paint(client, closer["id"]).content == stream.getvalue()
    client.delete(f"/v1/photos/{sent}")
    assert paint(client, closer["id"]).content == stream.getvalue()


def test_suggestions_are_those_of_the_python_api(
    client: TestClient, sent: str, painter: Colorizer, jpeg: bytes
) -> None:
    answer = client.post(f"/v1/photos/{sent}/suggest", json={"x": 60, "y": 40, "n": 3, "hints": [RED]}).json()
    expected = painter.open(jpeg).suggest(60, 40, 3, hints=[from_json(RED)])
    assert [(each["color"], each["probability"]) for each in answer["suggestions"]] == [
        (color.hex, pytest.approx(probability)) for color, probability in expected
    ]
    level = int(files.decoded(jpeg).getpixel((60, 40)))  # type: ignore[arg-type]
    linear = ((level / 255 + 0.055) / 1.055) ** 2.4
    assert answer["lightness"] == pytest.approx(116 * linear ** (1 / 3) - 16, abs=0.1)


def test_confidence_comes_as_an_overlay_and_as_a_map(client: TestClient, sent: str) -> None:
    answer = client.post(f"/v1/photos/{sent}/confidence", json={"hints": [RED]}).json()
    laid = files.decoded(base64.b64decode(answer["overlay"]))
    assert (laid.mode, laid.size) == ("RGBA", (answer["width"], answer["height"]))
    assert sum(answer["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert answer["shares"]["stated"] > 0
    place = laid.getpixel((laid.width // 2, laid.height * 60 // 160))
    assert place[:3] == (213, 94, 0)  # type: ignore[index]

    drawn = client.post(f"/v1/photos/{sent}/confidence", json={"hints": [RED], "output": "map"})
    assert drawn.headers["Content-Type"] == "image/png"
    assert files.decoded(drawn.content).size[0] == 640


def test_a_variant_is_given_again_by_its_hints(client: TestClient, sent: str) -> None:
    asked = {"n": 2, "seed": 7, "size": 120, "hints": [RED]}
    found = client.post(f"/v1/photos/{sent}/variants", json=asked).json()["variants"]
    assert [each["number"] for each in found] == [1, 2]
    for each in found:
        assert each["hints"][-1] == RED
        image = base64.b64decode(each["image"])
        again = paint(client, sent, hints=each["hints"], output="preview", size=120).content
        assert np.array_equal(pixels(image), pixels(again))
    assert found[0]["image"] != found[1]["image"]


def test_a_mask_keeps_its_part_grey(client: TestClient, sent: str) -> None:
    half = np.zeros((160, 240), np.uint8)
    half[:, :100] = 255
    mask = send(client, files.encoded(Image.fromarray(half), "PNG"), "mask.png")["id"]
    shown = pixels(paint(client, sent, keep_grey=mask, format="png").content)
    assert np.ptp(shown[:, :98], axis=-1).max() <= 2
    assert np.ptp(shown[:, 110:], axis=-1).max() > 20


def test_a_mask_of_another_shape_is_refused_by_its_name(client: TestClient, sent: str) -> None:
    mask = send(client, files.encoded(Image.new("L", (100, 300), 9), "PNG"), "mask.png")["id"]
    answer = client.post(f"/v1/photos/{sent}/paint", json={"keep_grey": mask})
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("mask.png: a mask of 100 x 300 pixels does not fit")


def test_a_reference_lends_its_colours_and_a_grey_one_is_refused(
    client: TestClient, sent: str, painter: Colorizer, jpeg: bytes
) -> None:
    color = files.encoded(files.astronaut(), "PNG")
    other = send(client, color, "uniform.png")["id"]
    stream = io.BytesIO()
    painter.open(jpeg).paint(reference=color).save(stream, format="JPEG")
    assert paint(client, sent, reference=other).content == stream.getvalue()
    answer = client.post(f"/v1/photos/{sent}/paint", json={"reference": sent})
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("family.jpg: is grey, so it has no colours to lend")


def test_pages_are_opened_by_their_number(client: TestClient) -> None:
    found = send(client, tiff(3), "book.tif", page=2)
    assert (found["page"], found["pages"], found["width"]) == (2, 3, 128)
    answer = client.post("/v1/photos", files={"file": ("book.tif", tiff(3))}, data={"page": 3})
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("book.tif: has 3 pages")


def test_it_is_shown_as_it_came(client: TestClient, sent: str, jpeg: bytes) -> None:
    answer = client.get(f"/v1/photos/{sent}/grey")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert np.abs(pixels(answer.content) - pixels(jpeg)).mean() < 3
    assert files.decoded(client.get(f"/v1/photos/{sent}/grey?size=100").content).size == (100, 67)


def test_a_name_in_another_script_stays_it(client: TestClient, jpeg: bytes) -> None:
    found = send(client, jpeg, "Großmutter 家.jpg")
    assert found["name"] == "Großmutter 家.jpg"
    assert (
        "filename*=UTF-8''Gro%C3%9Fmutter%20%E5%AE%B6-colour.jpg"
        in paint(client, found["id"]).headers["Content-Disposition"]
    )


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (b"Dear Anna, ...", 415, "family.jpg: is no picture that can be read"),
        (b"", 415, "is empty"),
        (b"\xff\xd8\xff\xe0 no more", 415, "family.jpg: "),
    ],
)
def test_what_is_no_photograph_is_refused_and_not_kept(
    client: TestClient, app_folder: Path, content: bytes, status: int, says: str
) -> None:
    before = set(app_folder.iterdir())
    answer = client.post("/v1/photos", files={"file": ("family.jpg", content)})
    assert answer.status_code == status
    assert says in answer.json()["message"]
    assert "original" not in answer.text
    assert set(app_folder.iterdir()) == before


@pytest.fixture
def app_folder(client: TestClient) -> Path:
    """Where uploads are stored."""
    return Path(client.app.state.darkroom.settings.folder) / "photos"  # type: ignore[attr-defined]


def test_a_deleted_photograph_is_gone_with_its_file(client: TestClient, app_folder: Path, jpeg: bytes) -> None:
    before = set(app_folder.iterdir())
    id = send(client, jpeg)["id"]
    assert set(app_folder.iterdir()) > before
    assert client.delete(f"/v1/photos/{id}").status_code == 204
    assert set(app_folder.iterdir()) == before
    for answer in (
        client.get(f"/v1/photos/{id}"),
        client.delete(f"/v1/photos/{id}"),
        client.get(f"/v1/photos/{id}/grey"),
        client.post(f"/v1/photos/{id}/paint", json={}),
        client.post(f"/v1/photos/{id}/suggest", json={"x": 1, "y": 1}),
        client.post(f"/v1/photos/{id}/confidence", json={}),
        client.post(f"/v1/photos/{id}/variants", json={}),
        client.post(f"/v1/photos/{id}/refine", json={"box": [0, 0, 50, 50]}),
        client.post(f"/v1/photos/{id}/project", files={"file": ("a", b"{}")}),
    ):
        assert answer.status_code == 404
        assert answer.json() == {
            "code": "not_found",
            "message": "there is no photograph of this id, or no longer: send it again",
        }


def test_other_pictures_that_are_not_there_are_named(client: TestClient, sent: str) -> None:
    for option, what in (("reference", "picture for reference"), ("keep_grey", "mask for keep_grey")):
        answer = client.post(f"/v1/photos/{sent}/paint", json={option: "nothing"})
        assert answer.status_code == 404
        assert what in answer.json()["message"]


@pytest.mark.parametrize(
    ("verb", "body", "says"),
    [
        ("paint", {"vividness": 1.01}, "vividness"),
        ("paint", {"vividness": "0.5"}, "vividness"),
        ("paint", {"strength": -0.1}, "strength"),
        ("paint", {"warmth": True}, "warmth"),
        ("paint", {"keep_tone": 1}, "keep_tone"),
        ("paint", {"output": "film"}, "output"),
        ("paint", {"output": "preview", "size": 15}, "size"),
        ("paint", {"output": "preview", "size": 4097}, "size"),
        ("paint", {"output": "preview", "size": 100.5}, "size"),
        ("paint", {"format": "gif"}, "format"),
        ("paint", {"quality": 0}, "quality"),
        ("paint", {"brightness": 1}, "brightness"),
        ("paint", {"hints": {}}, "hints"),
        ("paint", {"hints": [{"x": 1, "y": 2}]}, "a hint needs color"),
        ("paint", {"hints": [{"x": 1, "y": 2, "color": "reddish"}]}, "is no colour"),
        ("paint", {"hints": [{"x": 240, "y": 2, "color": "red"}]}, "outside of the photograph"),
        ("paint", {"hints": [{"stroke": [], "color": "red"}]}, "stroke"),
        ("suggest", {"x": 240, "y": 1}, "outside of the photograph"),
        ("suggest", {"x": -1, "y": 1}, "x"),
        ("suggest", {"x": 1, "y": 1, "n": 21}, "n"),
        ("confidence", {"output": "both"}, "output"),
        ("variants", {"n": 0}, "n"),
        ("variants", {"seed": -1}, "seed"),
        ("variants", {"size": 5000}, "size"),
        ("refine", {"box": [0, 0, 10]}, "box"),
        ("refine", {"box": [10, 0, 10, 50]}, "empty"),
        ("refine", {"box": [500, 500, 600, 600]}, "outside of the photograph"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    client: TestClient, sent: str, verb: str, body: dict[str, Any], says: str
) -> None:
    answer = client.post(f"/v1/photos/{sent}/{verb}", json=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "wrong_value"
    assert says in answer.json()["message"]


@pytest.mark.parametrize("text", ['{"vividness": NaN}', '{"warmth": Infinity}', '{"strength": -Infinity}'])
def test_what_is_no_number_is_refused(client: TestClient, sent: str, text: str) -> None:
    answer = client.post(f"/v1/photos/{sent}/paint", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert "finite" in answer.json()["message"]


@pytest.mark.parametrize(("size", "status"), [(15, 422), (0, 422), ("large", 422), (16, 200)])
def test_sizes_of_the_grey_picture_are_bounded(client: TestClient, sent: str, size: Any, status: int) -> None:
    assert client.get(f"/v1/photos/{sent}/grey?size={size}").status_code == status


def test_forms_without_a_file_or_with_unknown_fields_are_refused(client: TestClient, jpeg: bytes) -> None:
    assert client.post("/v1/photos", data={"page": 0}).status_code == 400
    for fields in ({"page": -1}, {"detail": 5}, {"detail": "nan"}, {"colour": 1}):
        answer = client.post("/v1/photos", files={"file": ("a.jpg", jpeg)}, data=fields)
        assert answer.status_code == 422


def test_more_boxes_than_are_taken_are_refused(client: TestClient, sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photochrom.service.routes.photos.MOST_BOXES", 1)
    closer = client.post(f"/v1/photos/{sent}/refine", json={"box": [0, 0, 50, 50]}).json()["id"]
    answer = client.post(f"/v1/photos/{closer}/refine", json={"box": [50, 50, 90, 90]})
    assert answer.status_code == 422
    assert "at most 1" in answer.json()["message"]


def test_the_formats_that_can_be_asked_for_are_those_that_can_be_written() -> None:
    from typing import get_args

    from photochrom.photo.formats import FORMATS, of_name
    from photochrom.service.schemas import FormatName

    assert {of_name(name) for name in get_args(FormatName)} == set(FORMATS)


def test_hints_of_a_page_and_of_the_library_are_the_same(client: TestClient, sent: str) -> None:
    assert from_json(RED) == Hint(120, 60, "#c02020", radius=20, note="so her niece says")

"""docs/service.md: every example works as it stands, and what its tables say is so."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from PIL import Image

from photochrom.service import problems
from photochrom.service.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8421"


def blocks(language: str) -> list[str]:
    """What stands on the page between ``` of this language."""
    return [text for name, text in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.S | re.M) if name == language]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the page speaks of, in the current folder."""
    monkeypatch.chdir(tmp_path)
    photograph = Image.open(ROOT / "docs" / "pictures" / "migrant_mother.jpg")
    photograph.save("family.jpg")
    Path("album").mkdir()
    photograph.resize((320, 240)).save("album/small.png")
    photograph.resize((240, 320)).save("album/tall.tif")
    with zipfile.ZipFile("album.zip", "w") as archive:
        for path in sorted(Path("album").iterdir()):
            archive.write(path)
    return tmp_path


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq")
def test_every_curl_works_as_written_one_after_the_other(desk: Path, server: str) -> None:
    script = "set -euo pipefail\n" + "\n".join(blocks("sh")).replace(ADDRESS, server)
    assert script.count("curl") > 10
    environment = {**os.environ, "PHOTOCHROM_API_KEY": "none is needed here"}
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, timeout=120)
    assert run.returncode == 0, run.stderr + run.stdout
    for name in re.findall(r"writes `([^`]+)`", PAGE):
        with Image.open(name) as written:
            assert written.convert("RGB").getcolors(1 << 24)
    with Image.open("known.png") as known, Image.open("family.jpg") as family:
        assert (known.format, known.size) == ("PNG", family.size)
    with Image.open("preview.jpg") as preview:
        assert max(preview.size) == min(1200, max(family.size))
    assert "event: progress" in run.stdout
    assert "event: end" in run.stdout
    assert '"suggestions"' in run.stdout
    with zipfile.ZipFile("coloured.zip") as archive:
        assert len(archive.namelist()) == 4
        assert "report.json" in archive.namelist()


def test_the_python_of_the_page_works(desk: Path, server: str, capsys: pytest.CaptureFixture[str]) -> None:
    (source,) = blocks("python")
    exec(compile(source.replace(ADDRESS, server), "service.md", "exec"), {})
    with Image.open("dress.jpg") as dress:
        assert dress.mode == "RGB"
    with zipfile.ZipFile("album-coloured.zip") as archive:
        assert len(archive.namelist()) == 3
    assert "event: end" in capsys.readouterr().out


def test_its_statuses_are_those_of_the_api(server: str) -> None:
    told = {int(status) for status in re.findall(r"^\| (\d\d\d) \|", PAGE, re.M)}
    document = httpx.get(f"{server}/openapi.json").json()
    given = {
        int(status)
        for path, route in document["paths"].items()
        if path.startswith("/v1")
        for method in route.values()
        for status in method["responses"]
        if int(status) >= 400
    }
    assert given <= told
    assert told == set(problems._MEANS)


def test_its_limits_are_those_of_the_settings() -> None:
    section = PAGE[PAGE.index("## Limits") : PAGE.index("## Speed")]
    units = {"MB": 1e6, "GB": 1e9, "megapixels": 1e6, "s": 1, "h": 3600, "files": 1, "": 1}
    defaults = {field.name: field.default for field in fields(Settings)}
    named = []
    for what, told in re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.M):
        names = re.findall(r"`(\w+)`", what)
        values = re.findall(r"(\d+) ?(\w*)", told)
        if names != ["workers"]:
            assert [float(number) * units[unit] for number, unit in values] == [defaults[name] for name in names], what
        named += names
    assert {name for name in defaults if name.startswith(("max", "photos", "canvases", "batch", "sec"))} <= set(named)


def test_its_commands_have_options_that_the_service_has() -> None:
    text = subprocess.run(
        [sys.executable, "-m", "photochrom", "serve", "--help"], capture_output=True, text=True, check=True
    ).stdout
    lines = [line for block in blocks("") for line in block.splitlines()]
    composed = yaml.safe_load(next(block for block in blocks("yaml") if "services" in block))
    lines.append("photochrom " + composed["services"]["photochrom"]["command"])
    commands = [words for words in map(shlex.split, lines) if words[:2] == ["photochrom", "serve"]]
    assert len(commands) >= 4
    mentioned = re.findall(r"`(?:photochrom serve )?(--[a-z-]+)", PAGE)
    options = {word for words in commands for word in words if word.startswith("--")} | set(mentioned)
    for option in options:
        assert re.search(rf"{option}\b", text), option


def test_its_other_files_are_of_their_kind_and_its_links_lead_somewhere() -> None:
    for block in blocks("yaml"):
        assert yaml.safe_load(block)
    headings = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.+)$", PAGE, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        if target.startswith("#"):
            assert target[1:] in headings, target
        else:
            assert (ROOT / "docs" / target).exists(), target


def test_the_metrics_that_it_speaks_of_are_there(server: str) -> None:
    text = httpx.get(f"{server}/metrics").text
    for name in re.findall(r"`(photochrom_\w+)`", PAGE):
        assert name in text, name


def extras() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return dict(project["optional-dependencies"])


def test_the_development_tools_hold_all_of_the_service() -> None:
    assert set(extras()["serve"]) <= set(extras()["dev"]), json.dumps(extras()["serve"])

"""The wheel is what people install: it must carry everything the source tree has, and run away from it."""

from __future__ import annotations

import json
import os
import posixpath
import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_wheel_carries_every_tracked_file_of_the_package(wheel: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    tracked = {str(Path(line).relative_to("src")) for line in listed.stdout.splitlines()}
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assert "photochrom/py.typed" in packed
    assert {name for name in tracked if (SOURCES / name).exists()} <= packed


def test_wheel_carries_the_page_and_all_that_it_asks_for(wheel: Path) -> None:
    web = "photochrom/service/web"
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        wanted, seen = {f"{web}/index.html"}, set[str]()
        while wanted:
            name = wanted.pop()
            assert name in packed
            seen.add(name)
            if name.endswith((".html", ".css", ".js", ".webmanifest")):
                found = asked_for(name, archive.read(name).decode())
                wanted |= {posixpath.normpath(posixpath.join(posixpath.dirname(name), each)) for each in found} - seen
    assert f"{web}/icon.svg" in seen
    left = {name for name in packed if name.startswith(f"{web}/")} - seen
    assert {Path(name).name for name in left} <= {"types.js"}, "nobody asks for them"


def asked_for(name: str, text: str) -> set[str]:
    """Files of its own that a file of the page refers to, by their addresses."""
    if name.endswith(".webmanifest"):
        return {icon["src"] for icon in json.loads(text)["icons"]}
    patterns = {
        ".html": r"(?:src|href)=\"([^#\"][^\"]*)\"",
        ".css": r"(?:@import\s+|url\()[\"']?([^\"')]+)",
        ".js": r"^(?:import|export)\b[^;]*?[\"](\.[^\"]+)[\"];",
    }
    return set(re.findall(patterns[posixpath.splitext(name)[1]], text, re.M))


def test_wheel_carries_licence_and_notice(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert any(name.endswith("/licenses/NOTICE") for name in names)


def test_plain_install_asks_for_neither_torch_nor_anything_else_of_the_training_side(metadata: Message) -> None:
    plain = [need for need in metadata.get_all("Requires-Dist", []) if "extra ==" not in need]
    names = {need.split(">")[0].split("[")[0].strip() for need in plain}
    assert "onnxruntime" in names
    assert not names & {"torch", "lightning", "onnx", "scikit-image", "matplotlib", "pillow-heif"}


def test_installed_wheel_runs_away_from_the_source_tree(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    where = "import photochrom, photochrom.cli; print(photochrom.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(target)}
    run = subprocess.run([sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert Path(run.stdout.strip()).is_relative_to(target)

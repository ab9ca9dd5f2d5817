"""The Dockerfile keeps what it promises, as far as that can be told without building it."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

from photochrom.service.settings import PORT

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read() -> list[tuple[str, str]]:
    """The instructions of the file, each with what follows it on its line and the lines that continue it."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in whole.splitlines()]


INSTRUCTIONS = read()


def values(instruction: str) -> list[str]:
    return [rest for name, rest in INSTRUCTIONS if name == instruction]


def words(instruction: str) -> list[str]:
    (rest,) = values(instruction)
    return [str(word) for word in json.loads(rest[rest.index("[") :])]


def command() -> list[str]:
    return [*words("ENTRYPOINT"), *words("CMD")]


def test_everything_that_it_copies_is_there_and_reaches_the_builder() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [source for rest in values("COPY") for source in shlex.split(rest)[:-1]]
    assert {"src", "pyproject.toml"} <= {Path(source).name for source in copied}
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(Path(source).as_posix(), pattern) for pattern in kept), source


def test_the_wheel_needs_nothing_else(tmp_path: Path) -> None:
    """The sources are laid out as the first stage does it, and built there."""
    for rest in values("COPY"):
        *sources, target = shlex.split(rest)
        for source in sources:
            place = tmp_path / target / ("" if (ROOT / source).is_dir() else source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(ROOT / source)
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path / "wheels")]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    assert len(list((tmp_path / "wheels").glob("photochrom-*.whl"))) == 1


def test_its_python_can_run_the_package_and_it_installs_the_service_alone() -> None:
    images = {rest.split()[0] for rest in values("FROM")}
    assert images == {"python:3.12-slim"}
    assert PROJECT["requires-python"] == ">=3.11"
    installs = [rest for rest in values("RUN") if "pip install" in rest]
    assert re.findall(r"\[([\w,]+)\]", " ".join(installs)) == ["serve"]
    assert "serve" in PROJECT["optional-dependencies"]


def test_it_does_not_run_as_root_and_what_root_does_comes_before() -> None:
    names = [name for name, _ in INSTRUCTIONS]
    (user,) = values("USER")
    assert user not in ("root", "0")
    assert names.index("USER") > max(at for at, name in enumerate(names) if name in ("RUN", "COPY"))


def test_its_command_is_one_and_does_not_start_without_a_key(tmp_path: Path) -> None:
    program, *arguments = [str(tmp_path) if word in values("VOLUME") else word for word in command()]
    assert program in PROJECT["scripts"]
    assert str(tmp_path) in arguments
    environment = {name: value for name, value in os.environ.items() if name != "PHOTOCHROM_API_KEY"}
    run = [sys.executable, "-m", "photochrom", *arguments]
    ended = subprocess.run(run, capture_output=True, text=True, timeout=60, env=environment)
    assert ended.returncode == 2
    assert "give --api-key-file" in ended.stderr
    assert not any("KEY" in rest for name, rest in INSTRUCTIONS if name in ("ENV", "ARG")), "no key in the image"


def test_its_health_check_asks_a_service_that_answers(server: str) -> None:
    assert values("EXPOSE") == [str(PORT)]
    python, *check = words("HEALTHCHECK")
    assert python == "python"
    assert f"127.0.0.1:{PORT}" in check[-1]
    for address, code in ((server, 0), (f"{server}9/nothing", 1)):
        asked = [*check[:-1], check[-1].replace(f"http://127.0.0.1:{PORT}", address)]
        assert subprocess.run([sys.executable, *asked], capture_output=True).returncode == code

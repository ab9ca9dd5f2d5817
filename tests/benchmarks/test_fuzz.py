"""The fuzzing harness in short: some hundred hostile files do no harm, and the harness would tell if they did."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from photochrom.cli.jobs import Answer, Report
from photochrom.photo.formats import FORMATS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fuzz(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that the command runs."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "131072")  # the harness sets it; this takes it away again
    return import_module("benchmarks.fuzz.__main__")


def module(name: str) -> Any:
    return import_module(f"benchmarks.fuzz.{name}")


def test_some_hundred_hostile_files_do_no_harm_and_the_summary_says_so(fuzz: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "fuzzing.md"
    code = fuzz.main(["--files", "350", "--first", "77", "-o", str(page)])
    text = page.read_text(encoding="utf-8")
    assert code == 0, text
    assert "| all | 350 |" in text
    assert "**passed**" in text
    assert "None." in text.split("## Failing files")[1]


def test_every_format_is_mutated_and_some_of_its_files_still_are_pictures(fuzz: ModuleType) -> None:
    made = {base.format for base in module("bases").bases().values()}
    assert {each.name for each in FORMATS} - made <= {"J2K", "HEIC", "JPEG XL"}  # J2K is a kind of JPEG 2000 here
    tally = fuzz.run(["PNG 8 bit", "TIFF strips"], files=40)
    assert tally.counts["PNG", "coloured"] > 3
    assert tally.counts["TIFF", "refused"] > 3


def test_the_same_name_and_seed_give_the_same_file_in_another_process(fuzz: ModuleType, tmp_path: Path) -> None:
    names, mutated = list(module("bases").bases()), module("mutations").mutated
    for name, seed in (("JPEG baseline", 5), ("TIFF tiles", 8), ("PNG palette", 13)):
        assert name in names
        path = tmp_path / "hostile"
        subprocess.run(
            [sys.executable, "-m", "benchmarks.fuzz", "--make", name, str(seed), "-o", str(path)], cwd=ROOT, check=True
        )
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(mutated(name, seed)).digest()


def test_mutations_differ_from_the_good_file_and_from_each_other(fuzz: ModuleType) -> None:
    bases, mutated = module("bases").bases(), module("mutations").mutated
    for name, base in bases.items():
        made = {mutated(name, seed) for seed in range(30)}
        assert len(made - {base.content}) >= 22, name  # a mutation may hit what is equal already


def test_containers_come_together_again_as_they_were(fuzz: ModuleType) -> None:
    containers = module("containers")
    found = 0
    for name, base in module("bases").bases().items():
        container = containers.of(base.content)
        if container is not None:
            found += 1
            assert container.join(container.cut(base.content)) == base.content, name
    assert found > 20


def test_integers_are_found_where_a_tiff_has_its_structure(fuzz: ModuleType) -> None:
    content = module("bases").bases()["TIFF strips"].content
    fields = module("fields").fields(content, Random(0))
    assert {field.read(content) for field in fields} >= {256, 257, 48, 40}  # width and length: their tags and values


def test_every_bad_outcome_is_known_by_its_report_and_fails_the_run(fuzz: ModuleType) -> None:
    for reason, mistake, outcome in (
        ("made its process crash (SIGSEGV); most likely the file is damaged", None, "crashed"),
        ("was ended by the system, most likely for want of memory", None, "crashed"),
        ("took longer than 20 seconds and was given up; --time-limit allows more", None, "hung"),
        ("took more than 1024 MB of memory and was given up", None, "memory"),
        ("Photochrom made a mistake: KeyError(1)", "Traceback …", "mistake"),
        ("x.png: is a damaged or incomplete PNG", None, "refused"),
    ):
        answer = Answer(report=Report(input="x", status="failed", reason=reason), mistake=mistake)
        assert fuzz._outcome(answer, ROOT / "nothing") == outcome
    for outcome in module("outcomes").BAD:
        bad = module("outcomes").Tally()
        bad.add("PNG", "PNG 8 bit", 3, outcome, reason="so it was", seconds=0.1)
        assert not bad.passed
        assert "`PNG 8 bit` 3: " in module("outcomes").page(bad, names=["PNG 8 bit"], first=0, limits="none")


def test_a_failed_file_with_an_output_is_told(fuzz: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"half")
    answer = Answer(report=Report(input="x", status="failed", reason="x.png: is damaged"))
    assert fuzz._outcome(answer, tmp_path / "out") == "left over"
    assert fuzz._outcome(Answer(report=Report(input="x")), tmp_path / "nothing") == "mistake"


def test_memory_that_grows_fails_the_run(fuzz: ModuleType) -> None:
    tally = module("outcomes").Tally
    assert tally(megabytes=[90.0, *[150.0] * 20, *[190.0] * 30]).passed
    assert not tally(megabytes=[90.0, *[150.0] * 20, *[210.0] * 30]).passed

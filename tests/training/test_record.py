"""What a run says of itself: the whole configuration, the data, and for every start when, how and by which code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from training_files import tiny_recipe

from photochrom import __version__
from photochrom.errors import DataError
from photochrom.training import record
from photochrom.training.module import ColorizerModule
from photochrom.training.record import code_version, write_records


@pytest.fixture(scope="module")
def module() -> ColorizerModule:
    bins = [[10.0 * i, 0.0] for i in range(6)]
    return ColorizerModule(tiny_recipe().to_dict(), bins, [0.0] * 6, {"manifest_sha256": "abc", "start": "best"})


def test_a_record_holds_configuration_data_and_code_and_keeps_what_earlier_starts_wrote(
    module: ColorizerModule, tmp_path: Path
) -> None:
    write_records(tmp_path, module, photographs=24, options={"workers": 1})
    module.sample = 32
    try:
        write_records(tmp_path, module, photographs=24, options={"workers": 0})
    finally:
        module.sample = 0
    found = json.loads((tmp_path / "run.json").read_text())
    assert found["recipe"] == tiny_recipe().to_dict()
    assert yaml.safe_load((tmp_path / "recipe.yaml").read_text()) == tiny_recipe().to_dict()
    assert (found["manifest_sha256"], found["start"], found["photographs"]) == ("abc", "best", 24)
    assert found["parameters"] == sum(p.numel() for p in module.parameters())
    assert [(start["sample"], start["options"]) for start in found["starts"]] == [
        (0, {"workers": 1}),
        (32, {"workers": 0}),
    ]
    assert {start["photochrom"] for start in found["starts"]} == {__version__}
    assert all(start["at"].endswith("+00:00") for start in found["starts"])


def test_a_damaged_record_does_not_keep_a_run_from_going_on(module: ColorizerModule, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{")
    write_records(tmp_path, module, photographs=24, options={})
    assert len(json.loads((tmp_path / "run.json").read_text())["starts"]) == 1


def test_a_folder_that_can_not_be_written_is_named(module: ColorizerModule, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent can't be written"):
        write_records(tmp_path / "absent", module, photographs=24, options={})


def test_the_commit_is_that_of_this_code_and_not_of_whatever_lies_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "photochrom" / "training"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    monkeypatch.setattr(record, "__file__", str(package / "record.py"))

    def git(*arguments: str) -> str:
        who = ("-c", "user.name=n", "-c", "user.email=e@example.org")
        command = ["git", "-C", str(tmp_path), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init")
    git("commit", "--allow-empty", "-m", "somebody else's")
    assert code_version() == {}
    git("add", ".")
    git("commit", "-m", "ours")
    assert code_version() == {"commit": git("rev-parse", "HEAD"), "changed": False}
    (package.parent / "__init__.py").write_text("changed = True\n")
    assert code_version()["changed"] is True

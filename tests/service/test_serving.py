"""Uploads under way lie in the work folder: on the disk whose room is looked at, and gone with the server."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from photochrom.service.serving import temporary_files_in


def test_temporary_files_go_to_the_folder_that_is_given_here_and_in_other_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    usual = tempfile.gettempdir()
    folder = tmp_path / "requests"
    folder.mkdir()
    with temporary_files_in(folder), tempfile.NamedTemporaryFile() as file:
        assert Path(file.name).parent == folder
        code = "import tempfile; print(tempfile.gettempdir())"
        assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == str(folder)
    assert os.environ["TMPDIR"] == str(tmp_path)
    tempfile.tempdir = usual

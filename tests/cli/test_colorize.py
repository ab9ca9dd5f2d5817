"""The command as people use it: what it writes, what it says, and what it does with what goes wrong."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tiny_model
from PIL import Image

from photochrom.photo import is_marked
from photochrom.runtime.registry import bundled

Run = Callable[..., Any]


@pytest.fixture
def colorize(photochrom: Run, tiny: Path) -> Run:
    """One picture at a time unless it is told otherwise: a second process takes longer to start than these pictures."""
    return lambda *arguments: photochrom("colorize", "--jobs", 1, *arguments, "--model", tiny)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def is_colored(data: bytes | Path) -> bool:
    with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data) as image:
        return bool(np.ptp(np.array(image.convert("RGB"), int), axis=-1).mean() > 3)


def started(tiny: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """The command in a process of its own, under way."""
    command = [sys.executable, "-m", "photochrom", "colorize", *arguments, "--model", str(tiny)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


# What it does


def test_one_file_gets_its_result_beside_it_and_says_where(colorize: Run, album: Path) -> None:
    result = colorize("album/a.jpg")
    assert result.code == 0
    assert result.out.startswith(b"album/a.jpg -> album/a-colour.jpg (")
    assert result.err == ""
    assert is_colored(album / "a-colour.jpg")
    assert is_marked(album / "a-colour.jpg")


def test_a_folder_goes_into_a_folder_every_format_kept(colorize: Run, album: Path) -> None:
    result = colorize("album", "-o", "out", "--recursive")
    assert result.code == 0
    assert sorted(files(Path("out"))) == ["a.jpg", "b.png", "c.tif", "d.webp", "e.bmp", "sub/f.jpg"]
    for name, data in files(Path("out")).items():
        with Image.open(album / name) as before, Image.open(io.BytesIO(data)) as after:
            assert (after.format, after.size) == (before.format, before.size)
        assert is_colored(data), name
    assert "6 coloured" in result.err


def test_results_are_told_in_the_order_of_the_inputs(colorize: Run, album: Path) -> None:
    lines = colorize("album", "-o", "out", "--jobs", 3).out.decode().splitlines()
    assert [line.split(" -> ")[0] for line in lines] == [
        f"album/{name}" for name in ("a.jpg", "b.png", "c.tif", "d.webp", "e.bmp")
    ]


def test_pictures_that_were_colored_are_not_taken_again_from_a_folder(colorize: Run, album: Path) -> None:
    colorize("album")
    before = files(album)
    result = colorize("album", "-o", "out")
    assert result.code == 0
    assert sorted(files(Path("out"))) == ["a.jpg", "b.png", "c.tif", "d.webp", "e.bmp"]
    assert "a-colour.jpg: skipped, Photochrom has coloured it before" in result.err
    assert files(album) == before


def test_format_and_quality_are_those_that_were_asked_for(colorize: Run, album: Path) -> None:
    assert colorize("album/b.png", "--format", "jpeg", "--quality", 30, "-o", "low").code == 0
    assert colorize("album/b.png", "--format", "jpeg", "--quality", 95, "-o", "high").code == 0
    with Image.open("low/b.jpg") as image:
        assert image.format == "JPEG"
    assert Path("low/b.jpg").stat().st_size < 0.6 * Path("high/b.jpg").stat().st_size


def test_strength_vividness_and_detail_reach_the_picture(colorize: Run, album: Path) -> None:
    results = {}
    for name, options in {
        "plain": [],
        "grey": ["--strength", 0],
        "vivid": ["--vividness", 1],
        "close": ["--detail", 2],
    }.items():
        assert colorize("album/b.png", "-o", f"{name}.png", *options).code == 0
        results[name] = np.array(Image.open(f"{name}.png"), int)
    assert np.ptp(results["grey"], axis=-1).max() == 0
    assert np.ptp(results["vivid"], axis=-1).mean() > np.ptp(results["plain"], axis=-1).mean()
    assert not np.array_equal(results["close"], results["plain"])


def test_the_tint_of_a_toned_picture_is_kept_where_that_is_asked_for(colorize: Run, album: Path) -> None:
    share = np.asarray(Image.open("album/b.png").convert("L"))[..., None] / 255
    sepia = Image.fromarray(np.asarray(share * (245, 225, 180) + (1 - share) * (40, 20, 5), np.uint8))
    sepia.save("sepia.png")
    assert colorize("sepia.png", "-o", "plain.png", "--strength", 0).code == 0
    assert colorize("sepia.png", "-o", "kept.png", "--strength", 0, "--keep-tone").code == 0
    assert np.ptp(np.array(Image.open("plain.png"), int), axis=-1).max() == 0
    assert np.abs(np.array(Image.open("kept.png"), int) - np.asarray(sepia)).mean() < 4
    assert colorize("sepia.png", "-o", "kept.png", "--strength", 0, "--resume").code != 0
    assert colorize("sepia.png", "-o", "kept.png", "--strength", 0, "--keep-tone", "--resume").code == 0


def test_a_pipe_takes_bytes_and_gives_the_bytes_that_a_file_would_have(
    colorize: Run, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    colorize("album/b.png", "-o", "file.png")
    with (album / "b.png").open("rb") as file:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=file))
        result = colorize("-")
    assert result.code == 0
    assert result.out == Path("file.png").read_bytes()
    assert colorize("album/b.png", "-o", "-").out == result.out


@pytest.mark.parametrize(("data", "told"), [(b"", "is empty"), (b"dear diary", "is no picture")])
def test_messages_call_a_pipe_standard_input(
    colorize: Run, monkeypatch: pytest.MonkeyPatch, data: bytes, told: str
) -> None:
    stream = io.BytesIO(data)
    stream.name = "<stdin>"  # as Python calls it
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    result = colorize("-", "-o", "x.png")
    assert result.code == 1
    assert result.err.startswith(f"photochrom: error: standard input: {told}")


def test_json_is_a_line_for_each_picture(colorize: Run, album: Path) -> None:
    (album / "aa.jpg").write_text("no picture")
    result = colorize("album", "--json")
    *told, last = [json.loads(line) for line in result.out.splitlines()]
    assert result.code == 1
    assert [each["status"] for each in told] == ["colored", "failed", "colored", "colored", "colored", "colored"]
    first = told[0]
    assert (first["input"], first["output"]) == ("album/a.jpg", "album/a-colour.jpg")
    assert (first["width"], first["height"]) == (240, 160)
    assert first["model"].startswith("tiny 1.0")
    assert first["seconds"] > 0
    assert told[1]["output"] is None
    assert "aa.jpg" in told[1]["reason"]
    summary = last["summary"]
    assert (summary["colored"], summary["failed"]) == (5, 1)
    assert [(each["status"], each["count"]) for each in summary["reasons"]] == [("failed", 1)]
    assert summary["reasons"][0]["reason"].startswith("is no picture that can be read")


def test_a_picture_in_colour_gets_one_warning_and_its_result(colorize: Run, tmp_path: Path) -> None:
    y, x = np.mgrid[0:90, 0:120]
    Image.fromarray(np.stack([x * 2, y * 2, 255 - x - y], -1).astype(np.uint8)).save(tmp_path / "a.png")
    result = colorize(tmp_path / "a.png")
    assert result.code == 0
    assert result.err.count("in colour already") == 1
    assert (tmp_path / "a-colour.png").exists()


def test_a_picture_that_stays_grey_is_told(colorize: Run, tmp_path: Path, grey: Image.Image) -> None:
    grey.convert("1").save(tmp_path / "fax.png")
    result = colorize(tmp_path / "fax.png")
    assert result.code == 0
    assert result.err.count("fax.png: the result is grey") == 1
    told = json.loads(colorize(tmp_path / "fax.png", "-o", tmp_path / "fax.jpg", "--json").out.splitlines()[0])
    assert ["the result is grey" in warning for warning in told["warnings"]] == [True]
    assert colorize(tmp_path / "fax.png", "-o", tmp_path / "plain.png", "--strength", 0).err == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_several_pictures_are_worked_on_at_once(tiny: Path, album: Path) -> None:
    names = ["a.jpg", "b.jpg", "c.jpg"]
    for name in names:
        os.mkfifo(name)
    process = started(tiny, *names, "--jobs", "3")
    # Opening a pipe to write waits for who reads it: that all three can be open shows that all three are being read.
    with ExitStack() as stack:
        for pipe in [stack.enter_context(open(name, "wb")) for name in names]:
            pipe.write((album / "a.jpg").read_bytes())
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert all(is_colored(Path(name).with_stem(f"{Path(name).stem}-colour")) for name in names)


def models(tiny: Path) -> list[str | Path]:
    return [tiny, *bundled()]


def test_results_are_the_same_bytes_whatever_jobs_and_threads(photochrom: Run, album: Path, tiny: Path) -> None:
    for model in models(tiny):
        expected = None
        ways = [(1, 1), (1, 1), (4, 1), (2, 3), (1, 2)] if model == tiny else [(1, 2), (2, 1)]
        for number, (jobs, threads) in enumerate(ways):
            out = Path(f"{Path(model).name}-{number}")
            options = ("--jobs", jobs, "--threads", threads, "--model", model)
            assert photochrom("colorize", "album", "-r", "-o", out, *options).code == 0
            expected = expected or files(out)
            assert len(expected) == 6
            assert files(out) == expected, (model, jobs, threads)


def test_so_are_those_of_a_jpeg_so_large_that_it_is_decoded_in_the_background(
    colorize: Run, tmp_path: Path, grey: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        grey.resize((3001, 2251)).save(Path("in") / name)
    assert all(colorize("in", "-o", f"out{jobs}", "--jobs", jobs, "--threads", 4 - jobs).code == 0 for jobs in (1, 3))
    assert len(files(Path("out1"))) == 3
    assert files(Path("out1")) == files(Path("out3"))


# What exists already


def test_a_result_that_exists_is_an_error_and_stays(colorize: Run, album: Path) -> None:
    (album / "a-colour.jpg").write_bytes(b"mine")
    result = colorize("album/a.jpg")
    assert result.code == 1
    assert "album/a-colour.jpg exists already: give --overwrite or --skip-existing" in result.err
    assert (album / "a-colour.jpg").read_bytes() == b"mine"


def test_a_result_that_exists_is_skipped_on_request(colorize: Run, album: Path) -> None:
    (album / "a-colour.jpg").write_bytes(b"mine")
    result = colorize("album/a.jpg", "album/b.png", "--skip-existing")
    assert result.code == 0
    assert "1 coloured, 1 skipped" in result.err
    assert (album / "a-colour.jpg").read_bytes() == b"mine"


def test_a_result_that_exists_is_replaced_on_request(colorize: Run, album: Path) -> None:
    (album / "a-colour.jpg").write_bytes(b"mine")
    assert colorize("album/a.jpg", "--overwrite").code == 0
    assert is_colored(album / "a-colour.jpg")


def test_results_beside_the_pictures_of_a_folder_are_replaced_on_request(colorize: Run, album: Path) -> None:
    assert colorize("album").code == 0
    before = files(album)
    (album / "a-colour.jpg").write_bytes(before["b-colour.png"])  # another result of ours
    assert colorize("album", "--overwrite").code == 0
    assert files(album) == before


def test_an_input_is_replaced_only_with_overwrite(colorize: Run, album: Path) -> None:
    before = (album / "a.jpg").read_bytes()
    assert colorize("album/a.jpg", "-o", "album/a.jpg").code == 1
    assert (album / "a.jpg").read_bytes() == before
    assert colorize("album/a.jpg", "-o", "album/a.jpg", "--overwrite").code == 0
    assert is_colored(album / "a.jpg")


# What goes wrong with one picture


def truncated(grey: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    grey.save(buffer, kind)
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


@pytest.fixture
def bad(tmp_path: Path, grey: Image.Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of everything that can't be colored, and one picture that can."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("dear diary")
    (folder / "short.jpg").write_bytes(truncated(grey, "JPEG"))
    (folder / "short.png").write_bytes(truncated(grey, "PNG"))
    (folder / "large.jpg").write_bytes(truncated(grey.resize((3000, 2250)), "JPEG"))
    (folder / "loop.jpg").symlink_to("loop.jpg")
    Image.new("1", (5000, 4000)).save(folder / "bomb.png")
    grey.save(folder / "good.png")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("empty.jpg", "empty"),
        ("text.jpg", "no picture"),
        ("short.jpg", "cut short|truncated|damaged|incomplete"),
        ("short.png", "cut short|truncated|damaged|incomplete"),
        ("large.jpg", "damaged or incomplete"),
        ("loop.jpg", "could not be read|may not be read"),
        ("missing.jpg", "no such file"),
        ("bomb.png", r"limit of\s+10 million"),
    ],
)
def test_a_bad_input_is_named_with_its_reason_and_leaves_nothing(
    colorize: Run, bad: Path, name: str, told: str
) -> None:
    before = sorted(path.name for path in bad.iterdir())
    result = colorize(name, "--max-pixels", 10_000_000)
    assert result.code == 1
    assert name in result.err
    assert re.search(told, result.err)
    assert "Traceback" not in result.err
    assert sorted(path.name for path in bad.iterdir()) == before


def test_a_bad_picture_does_not_stop_the_others(colorize: Run, bad: Path) -> None:
    result = colorize(".", "-o", "out", "--max-pixels", 1_000_000)
    assert result.code == 1
    assert list(files(bad / "out")) == ["good.png"]
    assert is_colored(bad / "out" / "good.png")
    assert all(name in result.err for name in ("empty.jpg", "text.jpg", "short.jpg", "short.png", "bomb.png"))


def test_the_limit_of_pixels_can_be_raised(colorize: Run, bad: Path) -> None:
    assert colorize("good.png", "--max-pixels", 240 * 160 - 1).code == 1
    assert colorize("good.png", "--max-pixels", 240 * 160).code == 0


@pytest.mark.parametrize("size", [(1, 1), (20000, 1), (1, 20000)])
def test_extreme_shapes_are_colored_and_not_refused(colorize: Run, tmp_path: Path, size: tuple[int, int]) -> None:
    Image.effect_noise(size, 60).save(tmp_path / "a.png")
    assert colorize(tmp_path / "a.png").code == 0
    with Image.open(tmp_path / "a-colour.png") as image:
        assert (image.mode, image.size) == ("RGB", size)


def test_a_folder_where_a_file_should_go_is_named(colorize: Run, album: Path) -> None:
    (album / "a-colour.jpg").mkdir()
    result = colorize("album/a.jpg", "--overwrite")
    assert result.code == 1
    assert "album/a-colour.jpg" in result.err
    assert "folder" in result.err


def test_a_place_that_cannot_be_written_is_named(colorize: Run, album: Path) -> None:
    result = colorize("album/a.jpg", "-o", "album/b.png/sub/")
    assert result.code == 1
    assert "album/b.png/sub/a.jpg" in result.err
    assert "Traceback" not in result.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write everything")
def test_permissions_that_are_missing_are_named(colorize: Run, album: Path) -> None:
    (album / "a.jpg").chmod(0)
    (album / "sub").chmod(0o500)
    result = colorize("album/a.jpg", "album/b.png", "-o", "album/sub")
    assert result.code == 1
    assert result.err.count("permissions") == 2


def test_a_name_too_long_for_a_result_is_an_error_and_no_mistake_of_ours(colorize: Run, album: Path) -> None:
    long = (album / "a.jpg").rename(album / (250 * "a" + ".jpg"))
    result = colorize(long, album / "b.png")
    assert result.code == 1
    assert "too long" in result.err
    assert "mistake" not in result.err
    assert (album / "b-colour.png").exists()


def test_names_that_a_terminal_cannot_write_cost_no_picture(tiny: Path, album: Path) -> None:
    try:
        os.rename(os.fsencode(album / "a.jpg"), os.fsencode(album) + b"/a\xfc.jpg")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    for options in (["-o", "one"], ["-o", "two", "--json"]):
        command = [sys.executable, "-m", "photochrom", "colorize", "album", "--model", str(tiny), *options]
        environment = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
        run = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert run.returncode == 0
        assert len(run.stdout.splitlines()) == 5 + ("--json" in options)
        assert b"a\\udcfc.jpg" in run.stdout
        if "--json" in options:
            assert json.loads(run.stdout.splitlines()[-1]) == {"summary": {"colored": 5, "reasons": []}}


def test_an_error_names_its_picture_even_where_the_name_is_a_word_of_the_message(colorize: Run, album: Path) -> None:
    (album.parent / "in").mkdir()
    assert "error: in: this folder" in colorize("in").err


def test_a_device_takes_the_picture_without_being_replaced(tiny: Path, album: Path) -> None:
    command = [sys.executable, "-m", "photochrom", "colorize", "album/a.jpg", "--model", str(tiny), "-o"]
    written = subprocess.run([*command, "/dev/stdout"], stdout=subprocess.PIPE, check=True)
    piped = subprocess.run([*command, "-"], stdout=subprocess.PIPE, check=True)
    assert written.stdout.startswith(piped.stdout)


def test_a_full_disk_is_an_error_and_leaves_no_half_file(tiny: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (400, 400), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    command = [sys.executable, "-m", "photochrom", "colorize", "a.png", "--model", str(tiny)]
    full = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert full.returncode == 1
    assert "a-colour.png: could not be written" in full.stderr
    assert "Traceback" not in full.stderr
    assert os.listdir(tmp_path) == ["a.png"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_a_disk_that_fills_up_costs_the_pictures_that_find_no_room_and_leaves_no_half_file(
    colorize: Run, tmp_path: Path
) -> None:
    disk, inputs = tmp_path / "disk", tmp_path / "in"
    inputs.mkdir()
    disk.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (400, 400), np.uint8)
    for number in range(6):
        Image.fromarray(noise).save(inputs / f"{number}.bmp")  # its result has 480 kB
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=False).returncode:
        pytest.skip("a small disk can't be mounted here")
    try:
        result = colorize(inputs, "-o", disk, "--resume", "--jobs", 1)
        assert result.code == 1
        assert "2 coloured, 4 failed" in result.err
        assert "4 failed: could not be written (No space left on device)" in result.err
        assert sorted(path.name for path in disk.iterdir() if path.suffix != ".jsonl") == ["0.bmp", "1.bmp"]
        assert all(len(path.read_bytes()) == 480_054 for path in disk.glob("*.bmp"))
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_a_source_that_can_only_be_read_is_fine_and_a_target_that_can_only_be_read_is_named(
    colorize: Run, tmp_path: Path, grey: Image.Image
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=False).returncode:
        pytest.skip("a small disk can't be mounted here")
    try:
        grey.save(disk / "a.jpg")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert colorize(disk, "-o", tmp_path / "out", "--resume").code == 0
        assert is_colored(tmp_path / "out" / "a.jpg")
        result = colorize(disk)
        assert result.code == 1
        assert f"{disk}/a-colour.jpg: could not be written (Read-only file system)" in result.err
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_standard_output_that_is_full_is_an_error(tiny: Path, album: Path) -> None:
    command = [sys.executable, "-m", "photochrom", "colorize", "album/a.jpg", "-o", "-", "--model", str(tiny)]
    with open("/dev/full", "wb") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert "standard output: could not be written" in result.stderr


def test_a_model_that_answers_grey_fails_every_picture_and_writes_none(
    photochrom: Run, album: Path, grey_model: Path
) -> None:
    result = photochrom("colorize", "album", "-o", "out", "--model", grey_model)
    assert result.code == 1
    assert len(re.findall("error: .*found no colour", result.err)) == 5
    assert "  5 failed: the model " in result.err
    assert not Path("out").exists()


# What goes wrong with the command


def test_an_unknown_model_lists_the_known_ones_and_is_a_mistake_in_usage(photochrom: Run, album: Path) -> None:
    result = photochrom("colorize", "album/a.jpg", "--model", "bset")
    assert result.code == 2
    assert "there is no model 'bset': bundled models are" in result.err
    assert all(name in result.err for name in bundled())


def test_damaged_weights_are_named_with_the_hash(album: Path, tmp_path: Path) -> None:
    installed = Path(importlib.util.find_spec("photochrom").origin).parent  # type: ignore[union-attr, arg-type]
    weights = tmp_path / "site" / "photochrom" / "runtime" / "weights"
    shutil.copytree(installed, tmp_path / "site" / "photochrom", ignore=shutil.ignore_patterns("weights"))
    tiny_model.write(weights / "best")
    entry = {"version": "1", "use": "", "sha256": {"encoder.onnx": "0" * 64, "decoder.onnx": "0" * 64}}
    (weights / "registry.json").write_text(json.dumps({"best": entry}))
    command = [sys.executable, "-m", "photochrom", "colorize", "album/a.jpg"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "encoder.onnx is damaged: its SHA-256 is" in result.stderr
    assert "0" * 64 in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["album/a.jpg", "--skip-existing", "--overwrite"],
        ["album/a.jpg", "--vividness", "2"],
        ["album/a.jpg", "--strength", "-1"],
        ["album/a.jpg", "--detail", "9"],
        ["album/a.jpg", "--jobs", "0"],
        ["album/a.jpg", "--threads", "0"],
        ["album/a.jpg", "--quality", "101"],
        ["album/a.jpg", "--format", "gif"],
        ["album/a.jpg", "--device", "abacus"],
        ["album/a.jpg", "-o", "-", "--json"],
        ["album/a.jpg", "--surprise"],
        ["album", "-o", "-"],
        ["album/a.jpg", "-o", "a.xyz"],
        ["album/a.jpg", "-o", "a.jpg", "--format", "png"],
        [""],
    ],
)
def test_wrong_usage_ends_with_2_before_anything_is_done(colorize: Run, album: Path, arguments: list[str]) -> None:
    before = files(album)
    result = colorize(*arguments)
    assert result.code == 2
    assert result.out == b""
    assert result.err
    assert files(album) == before


def test_a_device_that_is_missing_says_what_to_install(colorize: Run, album: Path) -> None:
    result = colorize("album/a.jpg", "--device", "openvino")
    assert result.code == 1
    assert "pip install onnxruntime-openvino" in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_being_stopped_leaves_whole_files_only(
    tiny: Path, tmp_path: Path, grey: Image.Image, sent: signal.Signals
) -> None:
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    count = 60
    grey.resize((1800, 1200)).save(tmp_path / "large.png", compress_level=0)
    for number in range(count):
        (inputs / f"{number:02}.png").hardlink_to(tmp_path / "large.png")
    command = [sys.executable, "-m", "photochrom", "colorize", "in", "-o", "out", "--jobs", "2", "--model", str(tiny)]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # a shell has what it starts in the background ignore SIGINT, tests included
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not (out.is_dir() and any(path.suffix == ".png" for path in out.iterdir())):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(sent)
    process.communicate(timeout=60)
    assert process.returncode == 128 + sent
    left = sorted(out.iterdir())
    assert 0 < len(left) < count
    for path in left:
        assert path.suffix == ".png"
        with Image.open(path) as image:
            image.load()
            assert image.size == (1800, 1200)


# What it looks like


def test_the_bar_is_drawn_only_on_a_terminal(colorize: Run, album: Path) -> None:
    assert "━" not in colorize("album", "-o", "out").err


def test_with_a_bar_on_the_terminal_results_still_go_to_standard_output(tiny: Path, album: Path) -> None:
    pty = pytest.importorskip("pty")
    command = [sys.executable, "-m", "photochrom", "colorize", "album", "-o", "out", "--json", "--model", str(tiny)]
    terminal, end = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=end, env={**os.environ, "TERM": "xterm"})
    os.close(end)
    out, _ = process.communicate(timeout=60)
    shown = b""
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(terminal)
    assert process.returncode == 0
    assert [json.loads(line)["status"] for line in out.splitlines()[:-1]] == ["colored"] * 5
    assert "━".encode() in shown
    assert b"5 coloured" in shown

"""The quality benchmark: its baselines bracket every model, and its input is checked."""

import csv
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_model
import torch
from benchmark_script import script
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from skimage import data

from photochrom.color.luma import luma
from photochrom.evaluation.lpips import WEIGHTS_FILE, LpipsAlex

quality = script("quality")
PHOTOGRAPHS = {
    "astronaut": data.astronaut()[:256, 100:356],
    "coffee": data.coffee()[60:316, 150:406],
    "chelsea": data.chelsea()[:256, 100:356],
}


def write_tar(path: Path, pictures: dict[str, NDArray[np.uint8]]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, rgb in pictures.items():
            file = io.BytesIO()
            Image.fromarray(rgb).save(file, "PNG")
            member = tarfile.TarInfo(f"{name}.png")
            member.size = len(file.getvalue())
            tar.addfile(member, io.BytesIO(file.getvalue()))
    return path


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    grey = np.repeat(luma(PHOTOGRAPHS["coffee"])[..., None], 3, axis=-1)
    return write_tar(tmp_path_factory.mktemp("data") / "train-0.tar", {**PHOTOGRAPHS, "old": grey})


@pytest.fixture(scope="module")
def labels(shard: Path) -> Path:
    path = shard.with_name("labels.csv")
    path.write_text("name,scene,grey\nastronaut,people,0\nold,still,1\n")
    return path


@pytest.fixture(scope="module")
def metric_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metric-weights")
    generator = torch.Generator().manual_seed(0)
    state = {n: torch.randn(v.shape, generator=generator).abs() * 0.02 for n, v in LpipsAlex().state_dict().items()}
    save_file(state, folder / WEIGHTS_FILE)
    return folder


def run(*arguments: object) -> tuple[int, dict[str, Any]]:
    out = Path(str(arguments[-1]))
    status = quality.main([str(argument) for argument in (*arguments[:-1], "--json", out)])
    return status, json.loads(out.read_text())


def test_every_figure_of_the_baselines_is_where_it_must_be(
    shard: Path, labels: Path, tiny: Path, metric_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--model", tiny, "--data", shard, "--labels", labels, "--metric-weights", metric_weights)
    status, figures = run(*options, tmp_path / "figures.json")
    assert figures["photographs"] == 3
    assert figures["left_out"] == 1
    grey, ceiling = figures["grey"], figures["ceiling"]
    assert grey["cf_abs"] == grey["p10_cf"] == 0
    assert 0.7 < ceiling["p10_cf"] < 1.1
    for name in ("grey", "mean", "accurate", "default", "hinted"):
        for higher_is_better in ("psnr", "ssim", "auc", "auc_rebalanced"):
            assert figures[name][higher_is_better] < ceiling[higher_is_better]
        assert figures[name]["lpips"] > ceiling["lpips"]
    assert figures["truth"]["cf_abs"] > 20

    printed = capsys.readouterr().out
    assert "3 photographs, 1 grey ones left out" in printed
    assert status == 1, "the tiny model's colours mean nothing"
    assert "FAIL  PSNR above grey at vividness 0, dB" in printed
    assert printed.count("target") == 7


def test_a_model_that_answers_grey_scores_as_the_grey_picture(shard: Path, grey_model: Path, tmp_path: Path) -> None:
    status, figures = run("--model", grey_model, "--data", shard, "--limit", 2, tmp_path / "figures.json")
    assert status == 1
    for key, value in figures["grey"].items():
        assert figures["default"][key] == pytest.approx(value, abs=0.01)


def test_a_target_passes_only_where_it_is_reached(capsys: pytest.CaptureFixture[str]) -> None:
    grey = {"psnr": 22.0, "auc": 89.0, "lpips": 0.2, "cf_abs": 0.0, "p10_cf": 0.0}
    good = {
        "truth": {"cf_abs": 40.0},
        "grey": grey,
        "accurate": {"psnr": 23.6, "auc": 91.2},
        "default": {"psnr": 22.5, "cf_abs": 33.0, "p10_cf": 0.4, "lpips": 0.15},
        "hinted": {"psnr": 25.7},
    }
    assert quality.print_targets(good)
    assert capsys.readouterr().out.count("pass") == 7
    for row, key, bad in [
        ("accurate", "psnr", 23.4),
        ("accurate", "auc", 91.0),
        ("default", "cf_abs", 31.9),
        ("default", "p10_cf", 0.34),
        ("default", "psnr", 22.3),
        ("default", "lpips", 0.165),
        ("hinted", "psnr", 25.5),
    ]:
        assert not quality.print_targets({**good, row: {**good[row], key: bad}})
        assert "FAIL" in capsys.readouterr().out


def test_a_split_of_a_manifest_is_read_from_its_tars(shard: Path, tiny: Path, tmp_path: Path) -> None:
    manifest = shard.with_name("manifest.csv")
    with manifest.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["shard", "key", "source", "split"])
        writer.writerows([["train-0", "coffee", "x", "val"], ["train-0", "astronaut", "x", "train"]])
    assert [name for name, _ in quality.photographs(manifest, "val")] == ["coffee"]
    status, figures = run("--model", tiny, "--data", manifest, "--split", "val", tmp_path / "figures.json")
    assert (status, figures["photographs"]) == (1, 1)


def test_small_photographs_are_scored_whole_at_the_models_working_size(tiny: Path, tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "small.tar", {"one": PHOTOGRAPHS["coffee"][:160, :160]})
    _, figures = run("--model", tiny, "--data", tar, tmp_path / "figures.json")
    assert figures["ceiling"]["psnr"] > figures["grey"]["psnr"] + 3


def test_large_photographs_are_cropped_to_their_center(tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "large.tar", {"one": data.astronaut()})
    (_, crop), *_ = quality.photographs(tar, None)
    np.testing.assert_array_equal(crop, data.astronaut()[128:384, 128:384])


def test_bad_input_is_named_and_ends_with_2(
    shard: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("shard,key,split\ntrain-0,nobody,val\n")
    (tmp_path / "train-0.tar").write_bytes(shard.read_bytes())
    broken = tmp_path / "broken.tar"
    with tarfile.open(broken, "w") as tar:
        tar.addfile(tarfile.TarInfo("empty.png"), io.BytesIO())
    for options, complaint in [
        (["--data", str(tmp_path / "missing.tar")], "missing.tar"),
        (["--data", str(broken)], "empty.png is no picture"),
        (["--data", str(manifest), "--split", "val"], "lacks 1 photographs of the manifest, such as nobody"),
        (["--data", str(manifest), "--split", "test"], "no photographs of split 'test'"),
        (["--data", str(shard), "--labels", str(manifest)], "no columns name and grey"),
        (["--data", str(shard), "--metric-weights", str(tmp_path)], WEIGHTS_FILE),
        (["--data", str(shard), "--limit", "0"], "no photographs to score"),
    ]:
        assert quality.main(["--model", str(tiny), *options]) == 2
        assert complaint in capsys.readouterr().err
    assert quality.main(["--model", str(tmp_path / "none"), "--data", str(shard)]) == 2
    with pytest.raises(SystemExit):
        quality.main(["--data", str(manifest)])


def test_hinted_points_carry_the_true_color_of_their_place() -> None:
    ab = np.random.default_rng(0).uniform(-50, 50, (16, 24, 2)).astype(np.float32)
    hints = quality.true_points(ab, 3)
    assert hints.points.shape == (quality.POINTS, 5)
    for x, y, a, b, confidence in hints.points:
        cell = ab[int(y * 16), int(x * 24)]
        assert (a * 110, b * 110) == pytest.approx(tuple(cell), abs=1e-3)
        assert confidence == 1
    np.testing.assert_array_equal(quality.true_points(ab, 3).points, hints.points)


def test_hints_reach_the_model(tiny: Path) -> None:
    assert tiny_model.card().default_vividness == 0.5
    found = dict(quality.results(quality.Model.load(tiny, threads=1), PHOTOGRAPHS["coffee"], 0))
    assert not np.array_equal(found["hinted"], found["accurate"])
    assert not np.array_equal(found["default"], found["accurate"])

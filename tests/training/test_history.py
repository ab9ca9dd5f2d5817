"""What a run logged, over all its starts: every sample once, also where a start did some of it again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from torch.utils.tensorboard import SummaryWriter
from training_files import tiny_recipe

from photochrom.errors import DataError
from photochrom.training.history import RATE, SPEED, Curve, History

BEGAN = 1_700_000_000.0


def _start(
    run: Path, folder: str, steps: range, *, batch: int = 10, time: float = BEGAN, loss: float = 1.0, rate: bool = True
) -> Path:
    """Events of one start, a row every 20 steps and a validation 5 steps after the last; 4 steps take a second."""
    writer = SummaryWriter(str(run / folder))
    for step in steps:
        at = time + (step - steps[0]) / 4
        writer.add_scalar("train/samples", step * batch, step, walltime=at)
        writer.add_scalar("train/loss", loss, step, walltime=at)
        if rate:
            writer.add_scalar(RATE, 1e-3, step, walltime=at)
    writer.add_scalar("val/score", loss * 2, steps[-1] + 5, walltime=time + 1000)
    writer.add_scalar("hp_metric", -1, 0, walltime=time)
    writer.close()
    (file,) = (run / folder).glob("events*")
    return file


def test_a_start_gives_curves_over_samples_and_its_speed(tmp_path: Path) -> None:
    _start(tmp_path, "from-0", range(20, 121, 20))
    history = History.of(tmp_path)
    assert set(history.curves) == {"train/loss", "val/score", RATE, SPEED}
    assert history.curves["train/loss"].samples.tolist() == [200, 400, 600, 800, 1000, 1200]
    assert history.curves["val/score"].samples.tolist() == [1250]
    assert history.curves[SPEED].values == pytest.approx(40)
    (start,) = history.starts
    assert (start.folder, start.first, start.last) == ("from-0", 200, 1250)
    assert start.at.timestamp() == BEGAN


def test_what_a_later_start_did_again_counts_once_and_as_it_was_done_last(tmp_path: Path) -> None:
    _start(tmp_path, "from-0", range(20, 121, 20), loss=1)
    _start(tmp_path, "from-800", range(100, 181, 20), time=BEGAN + 5000, loss=3)
    history = History.of(tmp_path)
    curve = history.curves["train/loss"]
    assert curve.samples.tolist() == [200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800]
    assert curve.values.tolist() == [1, 1, 1, 1, 3, 3, 3, 3, 3]
    assert history.curves["val/score"].values.tolist() == [6]
    assert [(start.folder, start.last) for start in history.starts] == [("from-0", 800), ("from-800", 1850)]


def test_starts_that_share_a_folder_are_told_apart_as_older_versions_left_them(tmp_path: Path) -> None:
    _start(tmp_path, "logs", range(20, 101, 20), loss=1).rename(tmp_path / "logs" / "events.out.tfevents.1")
    for file in (tmp_path / "logs").glob("events*"):
        assert file.name == "events.out.tfevents.1"
    _start(tmp_path, "other", range(80, 161, 20), time=BEGAN + 5000, loss=3).rename(
        tmp_path / "logs" / "events.out.tfevents.2"
    )
    history = History.of(tmp_path)
    assert history.curves["train/loss"].values.tolist() == [1, 1, 1, 3, 3, 3, 3, 3]
    assert len(history.starts) == 2


def test_a_run_that_did_not_log_its_rate_has_that_of_the_recipe_of_each_start(tmp_path: Path) -> None:
    _start(tmp_path, "from-0", range(20, 121, 20), rate=False)
    recipe = tiny_recipe(samples=2000, learning_rate=2e-3, warmup=500, cooldown=1000)
    (tmp_path / "from-0" / "hparams.yaml").write_text(yaml.safe_dump({"recipe": {**recipe.to_dict(), "forgotten": 1}}))
    curve = History.of(tmp_path).curves[RATE]
    assert curve.values == pytest.approx([2e-3 * recipe.rate(int(sample)) for sample in curve.samples])
    assert curve.values[0] < curve.values[2]


def test_events_that_were_cut_off_by_a_kill_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    file = _start(tmp_path, "from-0", range(20, 121, 20))
    file.write_bytes(file.read_bytes()[:-150])
    assert 3 < len(History.of(tmp_path).curves["train/loss"]) <= 6


def test_a_run_without_figures_is_empty_and_no_folder_is_refused(tmp_path: Path) -> None:
    assert History.of(tmp_path) == History({}, ())
    assert History.of(tmp_path).lowest("val/score") is None
    with pytest.raises(DataError, match="absent"):
        History.of(tmp_path / "absent")


def test_a_smoothed_curve_is_the_mean_around_each_place() -> None:
    noise = np.random.default_rng(0).normal(3, 1, 1000)
    curve = Curve(np.arange(1000.0), noise)
    smooth = curve.smoothed(0.1)
    assert smooth.values[500] == pytest.approx(noise[450:551].mean())
    assert smooth.values[0] == pytest.approx(noise[:51].mean())
    assert Curve(np.arange(3.0), np.ones(3)).smoothed().values.tolist() == [1, 1, 1]
    assert len(curve.thinned(50)) == 50
    assert curve.thinned(50).samples[[0, -1]].tolist() == [0, 999]


def test_the_lowest_value_of_a_curve_is_told_with_its_place() -> None:
    history = History({"val/score": Curve(np.array([1.0, 2, 3]), np.array([5.0, 3, 4]))}, ())
    assert history.lowest("val/score") == (2, 3)
    assert history.latest("val/score") == 4

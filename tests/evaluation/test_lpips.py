"""LPIPS-Alex: the code with random weights, the published figures where the real ones are at hand."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from skimage import data
from torch import Tensor

from photochrom.errors import DataError
from photochrom.evaluation.lpips import WEIGHTS_FILE, LpipsAlex

WEIGHTS = os.environ.get("PHOTOCHROM_METRIC_WEIGHTS")


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of metric weights with the published names and shapes."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, value in LpipsAlex().state_dict().items():
        noise = torch.randn(value.shape, generator=generator) * 0.02
        state[name] = noise.abs() if name.startswith("lin") else noise
    folder = tmp_path_factory.mktemp("metric-weights")
    save_file(state, folder / WEIGHTS_FILE)
    return folder


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    return torch.from_numpy(np.stack([data.astronaut()[::4, ::4], data.astronaut()[:128, 200:328]]))


def test_the_published_names_and_shapes_are_the_modules_own(random_weights: Path) -> None:
    state = LpipsAlex.load(random_weights).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items() if name.startswith("lin")} == {
        f"lin{i}.model.1.weight": (1, channels, 1, 1) for i, channels in enumerate((64, 192, 384, 256, 256))
    }
    assert state["features.0.weight"].shape == (64, 3, 11, 11)
    assert len(state) == 15


def test_equal_pictures_have_no_distance_and_others_have_one(random_weights: Path, pictures: Tensor) -> None:
    metric = LpipsAlex.load(random_weights)
    assert metric(pictures, pictures).tolist() == [0, 0]
    distance = metric(pictures, pictures.flip(0))
    assert (distance > 0).all()
    torch.testing.assert_close(distance, distance.flip(0))


def test_a_batch_gives_what_its_pictures_give_alone(random_weights: Path, pictures: Tensor) -> None:
    metric = LpipsAlex.load(random_weights)
    other = 255 - pictures
    alone = torch.cat([metric(pictures[i : i + 1], other[i : i + 1]) for i in range(2)])
    torch.testing.assert_close(metric(pictures, other), alone)


def test_8_bit_pictures_are_taken_as_minus_one_to_one(random_weights: Path, pictures: Tensor) -> None:
    metric = LpipsAlex.load(random_weights)
    scaled = pictures.permute(0, 3, 1, 2).double().div(127.5).sub(1).float()
    torch.testing.assert_close(metric(scaled, scaled.flip(0)), metric(pictures, pictures.flip(0)))


def test_the_distance_is_the_papers_sum_over_layers(random_weights: Path, pictures: Tensor) -> None:
    metric = LpipsAlex.load(random_weights)
    x, y = metric.describe(pictures[:1]), metric.describe(pictures[1:])
    state = metric.state_dict()
    expected = 0.0
    for tap, (u, v) in enumerate(zip(x, y, strict=True)):
        weight = state[f"lin{tap}.model.1.weight"].flatten()
        expected += float(((u - v)[0] ** 2 * weight[:, None, None]).sum(dim=0).mean())
    assert float(metric(pictures[:1], pictures[1:])) == pytest.approx(expected, rel=1e-4)
    for u in x:
        length = u.square().sum(dim=1)
        torch.testing.assert_close(length[length > 0], torch.ones(int((length > 0).sum())))


def test_a_missing_or_foreign_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=WEIGHTS_FILE):
        LpipsAlex.load(tmp_path)
    foreign = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(1)}, foreign)
    with pytest.raises(DataError, match=r"other\.safetensors"):
        LpipsAlex.load(foreign)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no tensors here")
    with pytest.raises(DataError, match=r"broken\.safetensors"):
        LpipsAlex.load(broken)


@pytest.mark.skipif(WEIGHTS is None, reason="PHOTOCHROM_METRIC_WEIGHTS does not name the folder of metric weights")
@pytest.mark.parametrize(("name", "expected"), [("ex_p0", 0.722), ("ex_p1", 0.138)])
def test_the_check_pictures_have_their_published_distance(name: str, expected: float) -> None:
    folder = Path(WEIGHTS or "")
    truth, result = (
        torch.from_numpy(np.array(Image.open(folder / "lpips_check" / f"{picture}.png").convert("RGB")))[None]
        for picture in ("ex_ref", name)
    )
    assert float(LpipsAlex.load(folder)(truth, result)) == pytest.approx(expected, abs=0.001)

"""Feature distillation: what it learns from, what it leaves, and that a colour run starts from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import training_files
import yaml
from safetensors.torch import save_file
from torch import nn

from photochrom.errors import ModelError, UsageError
from photochrom.evaluation.photographs import Photographs
from photochrom.networks import inception_resnet_v2
from photochrom.networks.efficientnet_lite import EfficientNetLite
from photochrom.networks.inception_resnet_v2 import InceptionResNetV2
from photochrom.networks.inception_v3 import WEIGHTS, InceptionV3
from photochrom.training.checkpoints import load_module, load_run
from photochrom.training.features import FeaturesModule, Teachers, begin
from photochrom.training.fit import train
from photochrom.training.recipe import Recipe

ENCODER = {"class": "InceptionResNetV2", "upto": "block17"}
BLOCKS = 9
"""Groups of the encoder with one residual block at each scale."""


def recipe(**changes: Any) -> Recipe:
    """Four steps of eight crops; only the last block learns, which keeps checkpoints small."""
    values: dict[str, Any] = {
        "task": "features",
        "encoder": ENCODER,
        "samples": 32,
        "val_samples": 16,
        "cooldown": 0,
        "late_share": 0,
        "encoder_rate": 1,
        "layer_decay": 1,
        "frozen": BLOCKS - 1,
    }
    return training_files.tiny_recipe(**{**values, **changes})


def _checkpoint(path: Path) -> dict[str, Any]:
    stored: dict[str, Any] = torch.load(path, weights_only=True)
    return stored


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """An InceptionResNetV2 with one residual block at each scale, for small checkpoints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inception_resnet_v2, "_REPEATS", (1, 1, 1))
        yield


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights of Inception-v3, random."""
    folder = tmp_path_factory.mktemp("pretrained")
    torch.manual_seed(0)
    net = InceptionV3()
    for layer in net.children():
        assert isinstance(layer, nn.Conv2d)
        nn.init.kaiming_normal_(layer.weight)
    save_file({name: tensor.half() for name, tensor in net.state_dict().items()}, folder / WEIGHTS)
    return folder


@dataclass(frozen=True)
class Run:
    """A whole distillation."""

    out: Path
    best: Path


@pytest.fixture(scope="module")
def whole(manifest: Path, pretrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("runs") / "distill"
    return Run(out, train(recipe(), manifest=manifest, out=out, pretrained=pretrained, workers=0))


def test_a_distillation_leaves_a_student_without_its_teachers(whole: Run) -> None:
    stored = _checkpoint(whole.best)
    assert stored["sample"] in (16, 32)
    student = {f"encoder.{name}" for name in InceptionResNetV2("block17").state_dict()}
    readers = {f"{name}.{kind}" for name in ("project", "classes") for kind in ("weight", "bias")}
    assert set(stored["state_dict"]) == student | readers | {"mean", "spread"}
    module = load_run(whole.best, FeaturesModule)
    assert module.recipe == recipe()
    assert all(torch.equal(value, stored["state_dict"][name]) for name, value in module.state_dict().items())
    columns = (whole.out / "from-0" / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"val/score", "val/clean_features", "val/aged_classes"} <= set(columns)


def test_only_the_last_block_has_learned_and_statistics_have_not_moved(
    whole: Run, manifest: Path, pretrained: Path
) -> None:
    torch.manual_seed(recipe().seed)
    teachers = Teachers.load(pretrained)
    start = begin(recipe(), Photographs(manifest, "train"), {}, teachers).state_dict()
    end = _checkpoint(whole.out / "last.ckpt")["current_model_state"]
    moved = {name for name, value in start.items() if not torch.equal(end[name], value)}
    last = {name for name, _ in FeaturesModule(recipe().to_dict()).named_parameters() if "repeat_1.0." in name}
    assert moved == last | {"project.weight", "project.bias", "classes.weight", "classes.bias"}


def test_a_distillation_broken_off_goes_on_to_the_same_weights(
    whole: Run, manifest: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = FeaturesModule._errors, iter(range(100))

    def breaking(*arguments: Any) -> Any:
        if next(calls) == 1:
            raise ArithmeticError
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(FeaturesModule, "_errors", breaking)
        with pytest.raises(ArithmeticError):
            train(recipe(), manifest=manifest, out=tmp_path, pretrained=pretrained, workers=0)
    assert _checkpoint(tmp_path / "last.ckpt")["sample"] == 8
    train(recipe(), manifest=manifest, out=tmp_path, pretrained=pretrained, workers=0)
    got, wanted = (_checkpoint(out / "last.ckpt") for out in (tmp_path, whole.out))
    assert got["sample"] == wanted["sample"] == 32
    different = [k for k, v in wanted["state_dict"].items() if not torch.equal(got["state_dict"][k], v)]
    assert different == []


def test_a_colour_run_takes_the_distilled_encoder_and_colours_of_its_own(
    whole: Run, manifest: Path, tmp_path: Path
) -> None:
    color = training_files.tiny_recipe(
        encoder=ENCODER, samples=8, warmup=0, cooldown=0, late_share=0, frozen="all", learning_rate=1e-4
    )
    best = train(color, manifest=manifest, out=tmp_path, start=whole.best, workers=0)
    module, distilled = load_module(best), _checkpoint(whole.best)["state_dict"]
    assert all(torch.equal(v, distilled[f"encoder.{k}"]) for k, v in module.net.encoder.state_dict().items())
    assert len(module.bins) > 5
    assert module.provenance["start"] == str(whole.best)
    assert yaml.safe_load((tmp_path / "recipe.yaml").read_text())["decoder"]["widths"] == [16, 16, 24, 24]


def test_a_colour_run_starts_from_a_checkpoint_of_the_published_names(manifest: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = InceptionResNetV2(classes=10)
    save_file(net.state_dict(), tmp_path / "timm.safetensors")
    color = training_files.tiny_recipe(
        encoder=ENCODER, samples=8, warmup=0, cooldown=0, late_share=0, frozen="all", learning_rate=1e-4
    )
    best = train(color, manifest=manifest, out=tmp_path / "run", pretrained=tmp_path / "timm.safetensors", workers=0)
    state = net.state_dict()
    assert all(torch.equal(v, state[k]) for k, v in load_module(best).net.encoder.state_dict().items())


def test_a_distilled_encoder_does_not_go_into_another_architecture(whole: Run, manifest: Path, tmp_path: Path) -> None:
    color = training_files.tiny_recipe(samples=8, warmup=0, cooldown=0, late_share=0)
    with pytest.raises(ModelError, match=r"best\.ckpt holds another encoder"):
        train(color, manifest=manifest, out=tmp_path, start=whole.best, workers=0)


def test_what_is_missing_is_said_before_anything_is_trained(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--pretrained"):
        train(recipe(), manifest=manifest, out=tmp_path / "a", workers=0)
    for start, changes in (("best", {}), (None, {"teacher": "best"})):
        with pytest.raises(UsageError, match="leave out --from and teacher"):
            train(recipe(**changes), manifest=manifest, out=tmp_path / "a", start=start, workers=0)
    with pytest.raises(ModelError, match=WEIGHTS):
        train(recipe(), manifest=manifest, out=tmp_path / "b", pretrained=tmp_path, workers=0)
    with pytest.raises(ModelError, match="--pretrained"):
        train(training_files.tiny_recipe(encoder=ENCODER), manifest=manifest, out=tmp_path / "c", workers=0)
    with pytest.raises(UsageError, match="InceptionResNetV2"):
        FeaturesModule(recipe(encoder={"class": "EfficientNetLite", "variant": 0}).to_dict())


def test_a_student_that_tells_nothing_leaves_all_of_the_variance(pretrained: Path, manifest: Path) -> None:
    module = begin(recipe(), Photographs(manifest, "train"), {}, Teachers.load(pretrained))
    assert module.teachers is not None
    nn.init.zeros_(module.project.bias)  # type: ignore[arg-type]
    luma = torch.rand(16, 1, 64, 64) * 2 - 1
    module.begin(luma)
    nn.init.zeros_(module.project.weight)
    features, classes = module.teachers(luma)
    told, divergence = module._errors(luma, features, classes)
    assert float(told.mean()) == pytest.approx(
        float((features.std((0, 2, 3)) / module.spread).square().mean()), rel=0.01
    )
    assert torch.all(divergence > 0)


def test_teachers_are_the_frozen_networks_on_the_grey_picture(pretrained: Path) -> None:
    teachers = Teachers.load(pretrained)
    classifier = EfficientNetLite(2, classes=1000)
    classifier.load_pretrained()
    luma = torch.rand(2, 1, 64, 64) * 2 - 1
    features, classes = teachers(luma)
    pixels = (luma + 1) * 127.5
    wanted = InceptionV3.load(pretrained, padding="same")(((pixels - 128) / 128).expand(-1, 3, -1, -1))
    torch.testing.assert_close(features, wanted, rtol=1e-3, atol=1e-3 * float(wanted.max()))
    with torch.no_grad():
        named = classifier.eval().classify(luma.expand(-1, 3, -1, -1)).softmax(1)
    torch.testing.assert_close(classes, named, rtol=1e-3, atol=1e-5)

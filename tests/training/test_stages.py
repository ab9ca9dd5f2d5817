"""The stages of a run: what a recipe may say of them, and that each lets learn what it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from training_files import tiny_recipe

from photochrom.errors import UsageError
from photochrom.training.fit import train
from photochrom.training.module import ColorizerModule
from photochrom.training.recipe import Recipe

STAGES: list[dict[str, Any]] = [
    {"until": 16, "frozen": "all", "cache": True},
    {"until": 32, "frozen": 9},
    {"frozen": 2, "encoder_rate": 0.1},
]


def test_a_recipe_without_stages_is_one_stage_of_its_own_values() -> None:
    stage = Recipe(frozen=4, encoder_rate=0.5).stage(1000)
    assert (stage.frozen, stage.encoder_rate, stage.cache, stage.until) == (4, 0.5, False, 600_000)


def test_stages_follow_each_other_and_take_from_the_recipe_what_they_do_not_say(tmp_path: Path) -> None:
    recipe = Recipe().overridden(
        [
            "stages=[{until: 4e4, frozen: all, cache: true}, {until: 120000, frozen: 20}, {encoder_rate: 0.1}]",
            "frozen=6",
        ]
    )
    first, second, third = ("all", 0.25, True), (20, 0.25, False), (6, 0.1, False)
    for sample, wanted in {
        0: first,
        39_999: first,
        40_000: second,
        119_999: second,
        120_000: third,
        10**9: third,
    }.items():
        stage = recipe.stage(sample)
        assert (stage.frozen, stage.encoder_rate, stage.cache) == wanted
    assert [stage.until for stage in recipe.stages_from(50_000)] == [120_000, 600_000]
    assert Recipe().merged(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ("[{frozen: 2}, {frozen: 1}]", "stage 1 needs until"),
        ("[{until: 9, frozen: 2}]", "stage 1 is the last and goes on to the end"),
        ("[{until: 9}, {until: 9}, {}]", "stage 2 must end after"),
        ("[{until: 0}, {}]", "stage 1 must end after"),
        ("[{until: soon}, {}]", "stage 1 can't be"),
        ("[{frozen: -1}]", "stage 1 can't be"),
        ("[{frozen: some}]", "stage 1 can't be"),
        ("[{encoder_rate: -1}]", "stage 1 can't have the encoder_rate"),
        ("[{frozen: 3, cache: true}]", "only with frozen: all"),
        ("[{frozen: all, cache: much}]", "only with frozen: all"),
        ("[{frozzen: all}]", "unknown settings frozzen"),
        ("[{frozen: all, cache: true}]", "crops of one size"),
        ("[all]", "stages can't be"),
        ("all", "stages can't be"),
    ],
)
def test_stages_that_make_no_sense_are_refused(stages: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Recipe().overridden([f"stages={stages}"])


class _Watch(Callback):
    """The encoder's weights, group by group, and whether features were kept, at the end of each part of a run."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.groups: list[list[torch.Tensor]] = []
        self.rates: list[float] = []
        self.kept: list[bool] = []

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.note(pl_module)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.note(pl_module)
        self.rates.append(trainer.optimizers[0].param_groups[-4]["peak"])

    def note(self, module: lightning.LightningModule) -> None:
        assert isinstance(module, ColorizerModule)
        self.seen.append(module.sample)
        self.kept.append(module.folder is not None and (module.folder / "features").exists())
        groups = module.net.encoder.groups()
        self.groups.append([torch.cat([p.detach().flatten().clone() for p in group]) for group in groups])


def test_each_stage_lets_its_part_of_the_encoder_learn_at_its_rate(manifest: Path, tmp_path: Path) -> None:
    watch = _Watch()
    recipe = tiny_recipe(samples=48, stages=STAGES, val_samples=64, warmup=0, late_share=0)
    train(recipe, manifest=manifest, out=tmp_path, workers=0, callbacks=[watch])
    assert watch.seen == [0, 16, 32, 48]
    assert watch.kept == [True, True, False, False]
    learned = [
        [not torch.equal(a, b) for a, b in zip(before, after, strict=True)]
        for before, after in zip(watch.groups, watch.groups[1:], strict=False)
    ]
    count = len(learned[0])
    assert learned[0] == [False] * count
    assert learned[1] == [False] * 9 + [True] * (count - 9)
    assert learned[2] == [False] * 2 + [True] * (count - 2)
    assert watch.rates == pytest.approx([recipe.learning_rate * rate for rate in (0.25, 0.25, 0.1)])

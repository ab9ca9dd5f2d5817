"""The sample pictures of a run: a few photographs, always the same, as they are coloured at each validation.

One small file a validation in the run's folder, `samples/<samples seen>.webp`, the photographs side by side;
`samples/truth.webp` and `samples/grey.webp` are what they are held against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from photochrom.color.luma import ab_to_cbcr, luma, recombine
from photochrom.color.normalize import normalize_luma
from photochrom.color.readout import read_out
from photochrom.training.module import REPLAYED, ColorizerModule
from photochrom.training.run_module import RunModule
from photochrom.training.samples import whole

Rgb = NDArray[np.uint8]

_FOLDER: Final = "samples"
_EACH: Final = 5
"""Photographs that are shown."""
_MOST: Final = 10
"""Validations of which a report shows the pictures: evenly spread, the first and the last among them."""
_T: Final = 0.5
_GAIN: Final = 1.3


@dataclass(frozen=True)
class Shown:
    """The photographs that a run shows, each (S, S, 3)."""

    photographs: Sequence[Rgb]

    @classmethod
    def of(cls, module: RunModule) -> Shown:
        """Some of those that `module` is validated on, evenly spread; of the new and, where they are, the old ones."""
        splits = [module.val_photographs[s] for s in ("val", REPLAYED) if s in module.val_photographs]
        chosen: list[Rgb] = []
        for number, split in enumerate(splits):
            count = _EACH // len(splits) + (number < _EACH % len(splits))
            count = min(count, len(split))
            for index in np.linspace(0, len(split) - 1, count).round().astype(int):
                chosen.append(whole(split.read(int(index)), module.recipe.val_size))
        return cls(chosen)

    def keep(self, module: RunModule, run: Path) -> None:
        """Colour them with `module` as it is and add the picture to the run's folder; a model that colours only."""
        if not isinstance(module, ColorizerModule):
            return
        folder = run / _FOLDER
        folder.mkdir(exist_ok=True)
        if not (folder / "truth.webp").exists():
            _write(folder / "truth.webp", self.photographs)
            _write(folder / "grey.webp", [np.repeat(luma(rgb)[..., None], 3, -1) for rgb in self.photographs])
        _write(folder / f"{module.sample:09d}.webp", [_colored(module, rgb) for rgb in self.photographs])


def kept_pictures(run: Path) -> list[tuple[str, Rgb]]:
    """What a report shows: label and picture, the truth first, then in the order of the run; empty without any."""
    folder = run / _FOLDER
    files = sorted(file for file in folder.glob("*.webp") if file.stem.isdigit())
    chosen = np.unique(np.linspace(0, len(files) - 1, min(_MOST, len(files))).round().astype(int))
    named = [("truth", folder / "truth.webp"), ("grey", folder / "grey.webp")]
    named += [(f"{int(files[i].stem):,}", files[i]) for i in chosen]
    read = [(label, cv2.imread(str(file), cv2.IMREAD_COLOR)) for label, file in named if file.exists()]
    return [(label, bgr[..., ::-1].astype(np.uint8)) for label, bgr in read if bgr is not None]


@torch.no_grad()
def _colored(module: ColorizerModule, rgb: Rgb) -> Rgb:
    grey = luma(rgb)
    light = grey.astype(np.float32) / np.float32(255)
    shade = torch.from_numpy(normalize_luma(light))[None, None].to(module.device)
    quarter = (rgb.shape[1] // 4, rgb.shape[0] // 4)
    points, dense = shade.new_zeros(1, 1, 5), shade.new_zeros(1, 3, *quarter[::-1])
    logits = module.net(shade.contiguous(memory_format=torch.channels_last), points, dense)[0].float().cpu().numpy()
    log_w = module.loss.log_w.cpu().numpy()
    ab = read_out(logits, log_w, module.bins.centers, t=_T, T=1, gain=_GAIN)
    small = cv2.resize(light, quarter, interpolation=cv2.INTER_AREA).astype(np.float32)
    colored: Rgb = recombine(grey, ab_to_cbcr(small, ab), np.uint8)
    return colored


def _write(path: Path, pictures: Sequence[Rgb]) -> None:
    row = np.ascontiguousarray(np.concatenate(pictures, axis=1)[..., ::-1])
    path.write_bytes(cv2.imencode(".webp", row, [cv2.IMWRITE_WEBP_QUALITY, 85])[1].tobytes())

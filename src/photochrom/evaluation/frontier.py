"""The read-out frontier: from the lowest error to full colour, measured on validation photographs.

A distribution can be read in many ways (t, T, gain). For each colourfulness there is one that
errs least; together they are the line along which `vividness` moves. It is measured when a model is
exported, and written into the model file, with the cloud of all ways from which it was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.luma import luma
from photochrom.color.readout import read_out
from photochrom.evaluation.metrics import colorfulness_abs, mean_psnr, psnr
from photochrom.evaluation.subjects import joined
from photochrom.runtime.card import ReadOut
from photochrom.runtime.model import Model

Rgb = NDArray[np.uint8]
Float = NDArray[np.float32]
Lpips = Callable[[Rgb], Callable[[Rgb], float]]
"""Takes a truth and gives the function that says how far a result is from it, so that a truth is looked at once."""

_STEPS = ((0.0, 0.25, 0.5, 0.75, 1.0), (1.0, 0.7))
_GAINS = (0.9, 1.1, 1.35, 1.65, 2.0, 2.5)
_CLOSER = ((0.0, 0.5, 1.0), (0.9, 1.35, 2.0))
"""The t and the gains at which the cloud has LPIPS too: it takes as long as all else."""
_LEVELS = 11
_BEYOND = 1.15
"""Colourfulness at vividness 1, in units of the truth's."""
_FLOOR = 0.4
"""The default keeps at least this PSNR above grey, in dB."""
_SLACK = 1.08
"""The default's LPIPS is at most this times the lowest along the frontier."""


@dataclass(frozen=True)
class FrontierPoint:
    """One read-out and its means over the photographs: PSNR in dB, CF (abs form), LPIPS (nan where not measured)."""

    read_out: ReadOut
    psnr: float
    colorfulness: float
    lpips: float


@dataclass(frozen=True)
class CloudPoint:
    """One read-out (t, T, gain) that was looked at, and the same means; LPIPS is nan where it was not taken."""

    t: float
    T: float
    gain: float
    psnr: float
    colorfulness: float
    lpips: float


@dataclass(frozen=True)
class Frontier:
    """The measured line, the default on it, the same figures of the truth and of grey, and all read-outs looked at.

    To be plotted: PSNR and LPIPS against colourfulness, the cloud as small dots joined where t and T
    are equal, the line over it, the default marked, grey and the truth's colourfulness as lines.
    """

    points: tuple[FrontierPoint, ...]
    default_vividness: float
    truth_colorfulness: float
    grey_psnr: float
    grey_lpips: float
    cloud: tuple[CloudPoint, ...] = ()


def measure_frontier(model: Model, photographs: Sequence[Rgb], *, lpips: Lpips | None = None) -> Frontier:
    """Measure the frontier of `model` on `photographs`, each (S, S, 3) with S a multiple of 32.

    For each of 11 levels of colourfulness, from that of the most accurate read-out to 1.15 times the
    truth's, the read-out is taken that has the lowest LPIPS of the two of highest PSNR
    (without `lpips`: the highest PSNR).
    """
    looks = [_look(model, rgb, lpips(rgb) if lpips else None) for rgb in photographs]
    curves = {(t, T): _curve(model, looks, t, T, with_lpips=lpips is not None) for t in _STEPS[0] for T in _STEPS[1]}
    best = max(curves, key=lambda key: float(curves[key].psnr.max()))
    start = _most_accurate(curves[best].psnr)
    lowest = float(np.interp(start, _GAINS, curves[best].colorfulness))
    truth = float(np.mean([colorfulness_abs(look.truth) for look in looks]))
    points: list[FrontierPoint] = []
    for level in range(_LEVELS):
        vividness = level / (_LEVELS - 1)
        if level == 0:
            candidates = [(best, start)]
        else:
            target = lowest + vividness * (max(truth * _BEYOND, lowest + 1) - lowest)
            candidates = _candidates(curves, target)
        measured = [
            _measure(model, looks, ReadOut(vividness=vividness, t=t, T=T, gain=round(gain, 4)))
            for (t, T), gain in candidates
        ]
        points.append(min(measured, key=lambda p: p.lpips if lpips else -p.psnr))
    grey = [np.repeat(look.luma[..., None], 3, -1) for look in looks]
    grey_psnr = mean_psnr([psnr(g, look.truth) for g, look in zip(grey, looks, strict=True)])
    grey_lpips = float(np.mean([look.distance(g) for g, look in zip(grey, looks, strict=True)]))
    default = _default(points, truth, grey_psnr)
    return Frontier(tuple(points), default, truth, grey_psnr, grey_lpips, _cloud(curves))


@dataclass(frozen=True)
class _Look:
    truth: Rgb
    luma: NDArray[np.uint8]
    small: Float
    logits: Float
    distance: Callable[[Rgb], float]


def _look(model: Model, rgb: Rgb, distance: Callable[[Rgb], float] | None) -> _Look:
    grey = luma(rgb)
    shade = grey.astype(np.float32) / np.float32(255)
    logits = model.decode(model.encode(shade))
    size = (logits.shape[2], logits.shape[1])
    small = cv2.resize(shade, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return _Look(rgb, grey, small, logits, distance or (lambda _: float("nan")))


def _ab(model: Model, look: _Look, t: float, T: float) -> Float:
    card = model.card
    centers = np.asarray(card.bins, np.float32)
    return read_out(look.logits, np.asarray(card.log_w, np.float32), centers, t=t, T=T, gain=1.0)


class _Curve(NamedTuple):
    """Mean PSNR, mean CF and mean LPIPS (nan where it was not taken) at each gain, (G,) each."""

    psnr: Float
    colorfulness: Float
    lpips: Float


def _curve(model: Model, looks: Sequence[_Look], t: float, T: float, *, with_lpips: bool) -> _Curve:
    errors = np.zeros((len(looks), len(_GAINS)), np.float32)
    colors = np.zeros_like(errors)
    distances = np.full_like(errors, np.nan)
    for i, look in enumerate(looks):
        ab = _ab(model, look, t, T)
        for j, gain in enumerate(_GAINS):
            rgb = joined(look.luma, look.small, ab * np.float32(gain))
            errors[i, j], colors[i, j] = psnr(rgb, look.truth), colorfulness_abs(rgb)
            if with_lpips and t in _CLOSER[0] and gain in _CLOSER[1]:
                distances[i, j] = look.distance(rgb)
    return _Curve(np.array([mean_psnr(column) for column in errors.T], np.float32), colors.mean(0), distances.mean(0))


def _cloud(curves: Mapping[tuple[float, float], _Curve]) -> tuple[CloudPoint, ...]:
    return tuple(
        CloudPoint(t, T, gain, *(float(figures[j]) for figures in curve))
        for (t, T), curve in curves.items()
        for j, gain in enumerate(_GAINS)
    )


def _most_accurate(errors: Float) -> float:
    """The gain of highest PSNR, given PSNR (G,) at each: the top of a parabola through the best and its neighbours."""
    best = int(errors.argmax())
    middle = min(max(best, 1), len(_GAINS) - 2)
    near = _GAINS[middle - 1 : middle + 2]
    bend, slope, _ = (float(c) for c in np.polyfit(near, errors[middle - 1 : middle + 2], 2))
    top = -slope / (2 * bend) if bend < 0 else _GAINS[best]
    return min(max(top, near[0]), near[-1])


def _candidates(curves: Mapping[tuple[float, float], _Curve], target: float) -> list[tuple[tuple[float, float], float]]:
    """The two (t, T) of highest PSNR that reach a CF of `target`, each with the gain at which it does."""
    found = []
    for key, (errors, colors, _) in curves.items():
        if colors[0] <= target <= colors[-1]:
            gain = float(np.interp(target, colors, _GAINS))
            found.append((float(np.interp(gain, _GAINS, errors)), key, gain))
    if not found:
        key = max(curves, key=lambda k: float(curves[k].colorfulness[-1]))
        return [(key, _GAINS[-1])]
    return [(key, gain) for _, key, gain in sorted(found, reverse=True)[:2]]


def _measure(model: Model, looks: Sequence[_Look], setting: ReadOut) -> FrontierPoint:
    figures = []
    for look in looks:
        ab = _ab(model, look, setting.t, setting.T) * np.float32(setting.gain)
        rgb = joined(look.luma, look.small, ab)
        figures.append((psnr(rgb, look.truth), colorfulness_abs(rgb), look.distance(rgb)))
    errors, colors, distances = zip(*figures, strict=True)
    return FrontierPoint(setting, mean_psnr(errors), float(np.mean(colors)), float(np.mean(distances)))


def _default(points: Sequence[FrontierPoint], truth: float, grey_psnr: float) -> float:
    """The most vivid point that is no more colourful than the truth, clearly better than grey, and good by LPIPS.

    Where there is none, the model is no good at any read-out: the middle.
    """
    lowest = min((p.lpips for p in points if np.isfinite(p.lpips)), default=np.inf)
    fit = [
        p.read_out.vividness
        for p in points
        if p.colorfulness <= truth * 1.02 and p.psnr >= grey_psnr + _FLOOR and not p.lpips > lowest * _SLACK
    ]
    return max(fit, default=0.5)

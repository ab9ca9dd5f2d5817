"""Ageing of luma: what old plates, films, prints and scanners did to a picture's greys.

Only the network's input is touched, the colour target stays clean. Old emulsions did not see as
Y' does (a plate without red makes lips and bricks dark, skies white), prints fade, film has
grain. A model that trains on clean grey alone fails on real old photographs.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

_Y601 = np.array([0.299, 0.587, 0.114], np.float32)
ORTHOCHROMATIC = np.array([0.05, 0.55, 0.40], np.float32)
"""Channel weights of an emulsion that sees nearly no red."""

BLUE_SENSITIVE = np.array([0.00, 0.15, 0.85], np.float32)
"""Channel weights of an early plate."""

_EMULSIONS = np.array(
    [
        [0.25, 0.45, 0.30],  # panchromatic film
        [0.40, 0.45, 0.15],  # panchromatic behind a yellow or orange filter
        ORTHOCHROMATIC,
        BLUE_SENSITIVE,
    ],
    np.float32,
)


def respond(rgb: NDArray[np.uint8], weights: Float) -> Float:
    """Luma (H, W) in [0, 1] of an (H, W, 3) picture as an emulsion with these channel weights sees it."""
    return cv2.transform(rgb.astype(np.float32) * np.float32(1 / 255), weights[None]).astype(np.float32, copy=False)


def luma(rgb: NDArray[np.uint8]) -> Float:
    """BT.601 luma (H, W) in [0, 1], rounded to 8 bit as a grey file holds it."""
    return np.round(respond(rgb, _Y601) * 255) * np.float32(1 / 255)


def age(rgb: NDArray[np.uint8], rng: np.random.Generator, *, strength: float = 1.0) -> Float:
    """A randomly aged luma (H, W) in [0, 1] of an (H, W, 3) picture; each kind of ageing has its own chance.

    `strength` scales every kind, from 0 (none) through 1 (what models are judged on) to 1.5.
    """
    if rng.random() < 0.6:
        emulsion = _EMULSIONS[rng.integers(len(_EMULSIONS))]
        share = np.float32(min(1.0, strength * rng.uniform(0.3, 1.0)))
        grey = respond(rgb, _Y601 + share * (emulsion - _Y601))
    else:
        grey = respond(rgb, _Y601)
    if rng.random() < 0.3:
        grey = blur(grey, max(1e-3, strength * float(rng.uniform(0.3, 1.2))))
    if rng.random() < 0.6:
        grey = tone(
            grey, gamma=float(np.exp(strength * rng.normal(0, 0.25))), contrast=strength * float(rng.normal(0, 0.35))
        )
    if rng.random() < 0.3:
        grey = fade(
            grey, black=strength * float(rng.uniform(0, 0.25)), white=1 - strength * (1 - float(rng.uniform(0.7, 1)))
        )
    if rng.random() < 0.2:
        grey = vignette(grey, strength * float(rng.uniform(0.1, 0.5)))
    if rng.random() < 0.4:
        grey = grain(grey, strength * float(rng.uniform(0.01, 0.06)), float(rng.uniform(0.0, 0.9)), rng)
    if rng.random() < 0.25:
        grey = jpeg(grey, max(5, 100 - round(strength * (100 - int(rng.integers(25, 80))))))
    return np.clip(grey, 0, 1)


def blur(grey: Float, sigma: float) -> Float:
    """Gaussian blur of `sigma` pixels."""
    return cv2.GaussianBlur(grey, (0, 0), sigma).astype(np.float32, copy=False)


def tone(grey: Float, *, gamma: float, contrast: float) -> Float:
    """Another development: a power, then an S-curve (contrast above 0) or its flattening (below)."""
    curve = np.power(np.clip(grey, 0, 1), np.float32(gamma))
    smooth = curve * curve * (3 - 2 * curve)
    bent: Float = (curve + np.float32(contrast) * (smooth - curve)).astype(np.float32, copy=False)
    return bent


def fade(grey: Float, *, black: float, white: float) -> Float:
    """Black and white drawn together, to levels in [0, 1]."""
    return grey * np.float32(white - black) + np.float32(black)


def vignette(grey: Float, strength: float) -> Float:
    """Corners darkened by up to `strength`."""
    height, width = grey.shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    return grey * (1 - np.float32(strength / 2) * (x * x + y * y))


def grain(grey: Float, amount: float, size: float, rng: np.random.Generator) -> Float:
    """Film grain of standard deviation `amount`, clumped by a blur of `size` pixels."""
    noise = rng.standard_normal(grey.shape, dtype=np.float32)
    if size > 0.3:
        noise = cv2.GaussianBlur(noise, (0, 0), size).astype(np.float32, copy=False)
        noise /= max(float(noise.std()), 1e-6)
    return grey + noise * np.float32(amount)


def jpeg(grey: Float, quality: int) -> Float:
    """What a JPEG file of this quality leaves."""
    levels = np.round(np.clip(grey, 0, 1) * 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32) * np.float32(1 / 255)

"""The decoder listens to hints, to as many as there are, and to none of those that carry no confidence."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from photochrom.color.bins import AbBins
from photochrom.errors import ModelError
from photochrom.networks.decoder import Decoder, DecoderConfig

CHANNELS = (8, 8, 16, 16)
BINS = AbBins.grid()
CONFIG = DecoderConfig(channels=CHANNELS, widths=(16, 16, 24, 24), blocks=(1, 1, 1, 1), heads=2, bins=len(BINS))

Inputs = tuple[Tensor, list[Tensor]]


def _decoder(seed: int = 0) -> Decoder:
    torch.manual_seed(seed)
    return Decoder(CONFIG).eval()


def _picture(height: int = 64, width: int = 64, count: int = 1) -> Inputs:
    torch.manual_seed(height + width)
    luma = torch.rand(count, 1, height, width) * 2 - 1
    maps = [torch.randn(count, c, height // s, width // s) for c, s in zip(CHANNELS, (4, 8, 16, 32), strict=True)]
    return luma, maps


def _points(*rows: tuple[float, ...]) -> Tensor:
    return torch.tensor(rows).reshape(1, -1, 5)


def _nothing(luma: Tensor) -> Tensor:
    return torch.zeros(len(luma), 3, luma.shape[2] // 4, luma.shape[3] // 4)


@torch.no_grad()
def _decode(decoder: Decoder, picture: Inputs, points: Tensor, dense: Tensor | None = None) -> Tensor:
    luma, maps = picture
    logits: Tensor = decoder(luma, maps, points, _nothing(luma) if dense is None else dense)
    return logits


NONE = _points((0.0, 0.0, 0.0, 0.0, 0.0))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (32, 32), (32, 128), (160, 96)])
def test_logits_stand_at_a_quarter_of_the_size(height: int, width: int) -> None:
    logits = _decode(_decoder(), _picture(height, width), NONE)
    assert logits.shape == (1, len(BINS), height // 4, width // 4)
    assert bool(logits.isfinite().all())


def test_points_of_no_confidence_change_nothing() -> None:
    decoder, picture = _decoder(), _picture()
    silent = torch.cat([torch.rand(1, 100, 4) * 2 - 0.5, torch.zeros(1, 100, 1)], 2)
    torch.testing.assert_close(_decode(decoder, picture, silent), _decode(decoder, picture, NONE), rtol=0, atol=1e-6)


def test_beside_real_points_those_of_no_confidence_change_nothing() -> None:
    decoder, picture = _decoder(), _picture()
    real = torch.cat([torch.rand(1, 3, 4), torch.ones(1, 3, 1)], 2)
    silent = torch.cat([torch.rand(1, 50, 4), torch.zeros(1, 50, 1)], 2)
    got = _decode(decoder, picture, torch.cat([silent, real], 1))
    torch.testing.assert_close(got, _decode(decoder, picture, real), rtol=0, atol=1e-5)


def test_dense_hints_of_no_confidence_change_nothing() -> None:
    decoder, picture = _decoder(), _picture()
    dense = torch.cat([torch.randn(1, 2, 16, 16), torch.zeros(1, 1, 16, 16)], 1)
    torch.testing.assert_close(_decode(decoder, picture, NONE, dense), _decode(decoder, picture, NONE))


def test_dense_hints_and_points_change_the_answer() -> None:
    decoder, picture = _decoder(), _picture()
    automatic = _decode(decoder, picture, NONE)
    dense = torch.zeros(1, 3, 16, 16)
    dense[:, :, 4:8, 4:8] = torch.tensor([0.5, 0.2, 1.0])[:, None, None]
    for hinted in (_decode(decoder, picture, NONE, dense), _decode(decoder, picture, _points((0.5, 0.5, 0.5, 0.2, 1)))):
        assert float((hinted - automatic).abs().max()) > 1e-2


@pytest.mark.parametrize("count", [1, 2, 128, 500])
def test_any_number_of_points_is_taken_in_any_order(count: int) -> None:
    decoder, picture = _decoder(), _picture()
    points = torch.rand(1, count, 5)
    got = _decode(decoder, picture, points)
    assert bool(got.isfinite().all())
    torch.testing.assert_close(_decode(decoder, picture, points.flip(1)), got, rtol=0, atol=1e-4)


def test_points_on_the_very_edges_are_taken() -> None:
    corners = _points(*((x, y, 0.3, -0.3, 1) for x in (0.0, 1.0) for y in (0.0, 1.0)))
    assert bool(_decode(_decoder(), _picture(64, 32), corners).isfinite().all())


def test_pictures_of_a_batch_keep_their_own_hints() -> None:
    decoder, (luma, maps) = _decoder(), _picture(count=3)
    points = torch.rand(3, 4, 5)
    points[1, 1:] = 0
    points[2] = 0
    dense = _nothing(luma)
    dense[2] = torch.rand(3, 16, 16)
    together = _decode(decoder, (luma, maps), points, dense)
    for i in range(3):
        own = slice(i, i + 1)
        alone = _decode(decoder, (luma[own], [m[own] for m in maps]), points[own], dense[own])
        torch.testing.assert_close(together[own], alone, rtol=0, atol=1e-4)


def test_a_point_reaches_the_place_that_it_names() -> None:
    """x goes along the width and y along the height, also where these differ."""
    spread = _decoder().spread
    luma, maps = (
        torch.zeros(1, 1, 16, 32),
        [torch.zeros(1, c, 64 // s, 128 // s) for c, s in zip(CHANNELS, (4, 8, 16, 32), strict=True)],
    )
    with torch.no_grad():
        planes = spread(luma, maps, _points((20.5 / 32, 3.5 / 16, 0.7, -0.4, 1.0)))[0]
    confidence = planes[5]
    assert divmod(int(confidence.argmax()), 32) == (3, 20)
    assert float(confidence[3, 20]) == pytest.approx(1, abs=1e-4)
    assert planes[3:5, 3, 20].tolist() == pytest.approx([0.7, -0.4], abs=1e-3)
    assert float(planes[2].argmax()) == 3 * 32 + 20
    assert float(confidence[3, 22]) < 0.01


def test_after_a_few_steps_on_one_picture_points_move_the_colour_near_them() -> None:
    torch.manual_seed(2)
    decoder = Decoder(CONFIG)
    luma, maps = _picture()
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=4e-3)
    red, green = (int(BINS.nearest([[a, 20.0]])[0]) for a in (50.0, -40.0))
    left = torch.arange(16) < 8

    def told(left_is_red: bool) -> tuple[Tensor, Tensor]:
        """Two points, one in each half, and the picture that they tell of: one half red, the other green."""
        a = 50 / 110 if left_is_red else -40 / 110
        truth = torch.where(left if left_is_red else ~left, red, green).expand(1, 16, 16)
        y = torch.rand(2).tolist()
        return _points((0.25, y[0], a, 20 / 110, 1), (0.75, y[1], 10 / 110 - a, 20 / 110, 1)), truth

    for step in range(120):
        points, truth = told(step % 2 == 0)
        loss = torch.nn.functional.cross_entropy(decoder(luma, maps, points, _nothing(luma)), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    centers = torch.from_numpy(BINS.centers)
    for left_is_red in (True, False):
        with torch.no_grad():
            p = decoder(luma, maps, told(left_is_red)[0], _nothing(luma)).softmax(1)
        a = torch.einsum("nkhw,kc->nchw", p, centers)[0, 0]
        told_red, told_green = (a[:, :8], a[:, 8:]) if left_is_red else (a[:, 8:], a[:, :8])
        assert float(told_red.mean()) > 20
        assert float(told_green.mean()) < -15


def test_gradients_reach_every_parameter() -> None:
    decoder = _decoder()
    luma, maps = _picture()
    points = torch.rand(1, 5, 5)
    decoder(luma, maps, points, torch.rand(1, 3, 16, 16)).square().mean().backward()
    assert [name for name, p in decoder.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_points_are_spread_in_float32_under_autocast() -> None:
    decoder, picture, points = _decoder(), _picture(), torch.rand(1, 60, 5)
    exact = _decode(decoder, picture, points)
    with torch.autocast("cpu", torch.bfloat16):
        low = _decode(decoder, picture, points).float()
    assert float((low - exact).norm() / exact.norm()) < 0.03


def test_the_configuration_survives_json() -> None:
    import json

    assert DecoderConfig.from_dict(json.loads(json.dumps(CONFIG.to_dict()))) == CONFIG


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"widths": (16, 16, 24)}, "four scales"),
        ({"widths": (16, 16, 24, 25)}, "multiples of 8"),
        ({"heads": 5}, "heads must divide"),
        ({"bins": 0}, "colour bins"),
        ({"affinity": 0}, "positive"),
    ],
)
def test_settings_that_make_no_network_are_refused(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(ModelError, match=what):
        DecoderConfig.from_dict({**CONFIG.to_dict(), **changes})

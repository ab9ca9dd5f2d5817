"""The card is the only thing that travels with the weights: it must survive the trip and refuse nonsense."""

from __future__ import annotations

import json

import pytest
from tiny_model import card

from photochrom.errors import ModelError
from photochrom.runtime.card import ModelCard, ReadOut


def test_json_gives_back_the_same_card() -> None:
    one = card(metrics={"psnr": 24.5}, start_weights=({"name": "x", "license": "Apache-2.0"},))
    assert ModelCard.from_json(one.to_json()) == one


def test_the_same_card_is_always_the_same_bytes() -> None:
    assert card(data={"b": 1, "a": 2}).to_json() == card(data={"a": 2, "b": 1}).to_json()


def test_read_out_is_linear_between_the_points_of_the_frontier() -> None:
    points = tuple(
        ReadOut(vividness=v, t=t, T=T, gain=g) for v, t, T, g in [(0, 0, 1, 1), (0.4, 0.4, 0.8, 1), (1, 1, 0.2, 4)]
    )
    one = card(frontier=points)
    middle = one.read_out(0.7)
    assert (middle.t, middle.T, middle.gain) == pytest.approx((0.7, 0.5, 2.5))
    assert one.read_out(0.4).gain == pytest.approx(1)


@pytest.mark.parametrize("v", [0.0, 1.0])
def test_read_out_reaches_both_ends_of_the_frontier(v: float) -> None:
    one = card()
    assert one.read_out(v) == one.frontier[int(v)]


def test_read_out_without_vividness_is_the_default() -> None:
    one = card(default_vividness=0.25)
    assert one.read_out() == one.read_out(0.25)


@pytest.mark.parametrize("v", [-0.01, 1.01, float("nan")])
def test_read_out_outside_the_frontier_is_refused(v: float) -> None:
    with pytest.raises(ValueError, match="vividness"):
        card().read_out(v)


RISING = (ReadOut(vividness=0, t=0, T=1, gain=1), ReadOut(vividness=1, t=0, T=1, gain=1))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"log_w": (0.0,)}, "1 weights"),
        ({"bins": (), "log_w": ()}, "0 colour bins"),
        ({"bins": ((0.0, 0.0, 0.0),), "log_w": (0.0,)}, "pair"),
        ({"bins": ((0.0, float("nan")),), "log_w": (0.0,)}, "not a number"),
        ({"area": 100}, "area"),
        ({"frontier": ()}, "frontier"),
        ({"frontier": RISING[:1]}, "frontier"),
        ({"frontier": RISING[::-1]}, "frontier"),
        ({"default_vividness": 1.5}, "vividness"),
        ({"format": 2}, "layout 2"),
    ],
)
def test_card_whose_parts_do_not_fit_is_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        card(**changes)


@pytest.mark.parametrize(
    "values",
    [
        {"vividness": 2, "t": 0, "T": 1, "gain": 1},
        {"vividness": 0, "t": -1, "T": 1, "gain": 1},
        {"vividness": 0, "t": 0, "T": 0, "gain": 1},
        {"vividness": 0, "t": 0, "T": 1, "gain": -1},
        {"vividness": 0, "t": 0, "T": float("inf"), "gain": 1},
    ],
)
def test_read_out_setting_that_cannot_work_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ModelError):
        ReadOut(**values)


def broken(**changes: object) -> str:
    return json.dumps({**json.loads(card().to_json()), **changes})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "cannot be read"),
        ("[]", "layout"),
        ("3", "cannot be read"),
        (broken(surprise=1), "surprise"),
        (broken(bins=None), "cannot be read"),
        (broken(frontier=[{"vividness": 0}]), "cannot be read"),
        (broken(format=99, bins=None), "layout 99"),
    ],
)
def test_text_that_is_no_card_is_refused(text: str, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        ModelCard.from_json(text)

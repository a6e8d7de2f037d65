"""The net of the playground's training view."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from nn.live import EXTENT, PIXELS, LiveNet, Session, points

DATA = ("moons", "xor", "spirals")


@pytest.mark.parametrize("data", DATA)
def test_samples_are_in_the_picture_and_of_both_classes(data: str) -> None:
    found = points(data, random.Random(3), 200)
    assert sum(label for _, _, label in found) == 100
    assert all(abs(x1) < EXTENT and abs(x2) < EXTENT for x1, x2, _ in found)
    assert found == points(data, random.Random(3), 200)


@pytest.mark.parametrize("data", DATA)
def test_it_learns(data: str) -> None:
    net = LiveNet(data, "tanh", None, seed=0)
    before = net.loss()
    net.train(400, lr=0.3)
    assert net.steps == 400
    assert net.loss() < 0.5 * before


def test_deltas_are_the_mean_derivatives_by_z() -> None:
    """Of the output, δ = σ(z) − y is known without the engine."""
    net = LiveNet("xor", "tanh", "zeros", seed=0)
    assert net.deltas() == [0.0, 0.0, 0.5], "z is 0 everywhere, and nothing gets through weights of 0"
    assert {parameter.grad for parameter in net.model.parameters()} == {0.0}


def test_maps_are_the_activations_from_the_top_left() -> None:
    net = LiveNet("xor", "tanh", None, seed=1)
    maps = net.maps()
    assert [(len(layer), len(layer[0])) for layer in maps] == [(8, PIXELS**2), (8, PIXELS**2), (1, PIXELS**2)]
    edge = EXTENT * (1 - 1 / PIXELS)
    for i, corner in {0: [-edge, edge], PIXELS - 1: [edge, edge], PIXELS**2 - 1: [edge, -edge]}.items():
        net.model(corner)
        assert maps[0][3][i] == round(net.model.layers[0].neurons[3].a.data, 3)


def test_a_net_that_diverges_is_still_an_answer() -> None:
    session = Session()

    def ask(**request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(session.answer(json.dumps(request)))
        return answer

    ask(do="begin", data="moons", hidden="linear", init="normal", seed=0)
    answers = [ask(do="train", steps=40, lr=1e200, look=True) for _ in range(3)]
    assert answers[-1]["loss"] is None
    assert answers[-1]["deltas"][0] is None

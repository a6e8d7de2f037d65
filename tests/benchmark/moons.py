"""micrograd's demo step: 100 moons, MLP 2-16-16-1 with ReLU, max-margin loss plus L2, forward and backward."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd
import nn
from tests.benchmark.contest import Answer, Collector, Contest, Side

# micrograd has no types, and the operator program runs with whatever scalar class it is given.
Scalar = Any

N_IN, N_OUTS = 2, [16, 16, 1]
L2 = 1e-4


class Neuron:
    """relu(w . x + b), or without the relu, in the plain operators of the given scalar class."""

    def __init__(self, value: Callable[[float], Scalar], n_in: int, nonlin: bool, rng: random.Random) -> None:
        self.w = [value(rng.uniform(-1.0, 1.0)) for _ in range(n_in)]
        self.b = value(0.0)
        self.nonlin = nonlin

    def __call__(self, x: Sequence[Scalar]) -> Scalar:
        z = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return z.relu() if self.nonlin else z


class MLP:
    """Layers of such neurons; the last one is linear, and gives its number when alone. ``layers`` are lists."""

    def __init__(self, value: Callable[[float], Scalar], n_in: int, n_outs: Sequence[int], seed: int = 0) -> None:
        rng = random.Random(seed)
        sizes = [n_in, *n_outs]
        self.layers = [
            [Neuron(value, before, layer < len(n_outs), rng) for _ in range(after)]
            for layer, (before, after) in enumerate(zip(sizes, n_outs, strict=False), start=1)
        ]

    def __call__(self, x: Sequence[Scalar]) -> Any:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0] if len(x) == 1 else x

    def parameters(self) -> list[Scalar]:
        """Weights then bias, neuron by neuron: micrograd's order."""
        return [p for layer in self.layers for neuron in layer for p in (*neuron.w, neuron.b)]


def moons(samples: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Two interleaved half circles with noise 0.1: points of shape (samples, 2), labels -1 and +1."""
    rng = np.random.default_rng(seed)
    y = np.where(np.arange(samples) % 2 == 0, -1, 1)
    angle = rng.uniform(0.0, np.pi, samples)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.where(y[:, None] < 0, circle, [1.0, 0.5] - circle)
    return points + rng.normal(0.0, 0.1, points.shape), y


def operator_loss(
    model: Callable[[list[Scalar]], Scalar],
    parameters: Sequence[Scalar],
    value: Callable[[float], Scalar],
    x: Sequence[Sequence[float]],
    y: Sequence[int],
) -> Scalar:
    """mean relu(1 - y score) + L2 sum p**2, spelled with ``+``, ``*`` and ``relu`` as in the demo."""
    scores = [model([value(xi) for xi in row]) for row in x]
    margins = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
    return sum(margins) * (1.0 / len(margins)) + L2 * sum(p * p for p in parameters)


def nn_loss(model: nn.MLP, parameters: Sequence[Any], x: Sequence[Sequence[float]], y: Sequence[int]) -> Any:
    """The same loss in the words of ``nn``."""
    margins = [nn.hinge(model(row), yi) for row, yi in zip(x, y, strict=True)]
    return autograd.mean(margins) + nn.l2_penalty(parameters, L2)


def training_side(
    name: str, parameters: Sequence[Scalar], forward: Callable[[], Scalar], collector: Collector = "left alone"
) -> Side:
    """Forward and backward on one set of parameters, whose order is the order of the answer's gradients."""

    def step() -> float:
        for p in parameters:
            p.grad = 0.0
        loss = forward()
        loss.backward()
        return float(loss.data)

    return Side(name, step, lambda: Answer(step(), [p.grad for p in parameters]), collector)


def operators(quick: bool) -> Contest:
    """The same operator program with our Value and with micrograd's."""
    x, y = _samples(quick)

    def side(name: str, value: Callable[[float], Scalar]) -> Side:
        model = MLP(value, N_IN, N_OUTS)
        parameters = model.parameters()
        return training_side(name, parameters, lambda: operator_loss(model, parameters, value, x, y))

    return Contest(side("autograd", autograd.Value), side("micrograd", _micrograd("engine").Value))


def networks(quick: bool) -> Contest:
    """Our ``nn`` against micrograd's, from the same weights."""
    x, y = _samples(quick)
    theirs = _micrograd("nn").MLP(N_IN, N_OUTS)
    ours = nn.MLP(N_IN, N_OUTS)
    start, our_parameters, their_parameters = MLP(float, N_IN, N_OUTS), neuron_order(ours), neuron_order(theirs)
    for number, p, q in zip(start.parameters(), our_parameters, their_parameters, strict=True):
        p.data = q.data = number
    value = _micrograd("engine").Value
    return Contest(
        training_side("nn", our_parameters, lambda: nn_loss(ours, our_parameters, x, y), "paused"),
        training_side("micrograd", their_parameters, lambda: operator_loss(theirs, their_parameters, value, x, y)),
    )


def neuron_order(model: Any) -> list[Any]:
    """The parameters of either package's MLP in one order: w then b, neuron by neuron."""
    return [p for layer in model.layers for neuron in layer.neurons for p in (*neuron.w, neuron.b)]


def _samples(quick: bool) -> tuple[list[list[float]], list[int]]:
    x, y = moons(8 if quick else 100)
    return x.tolist(), y.tolist()


def _micrograd(module: str) -> Any:
    return importlib.import_module(f"micrograd.{module}")

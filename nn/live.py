"""A small net that trains while one looks at it: the training view of the playground."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from autograd import compile, no_graph
from nn.layers.mlp import MLP
from nn.train.losses import binary_cross_entropy_with_logits

Point = tuple[float, float, float]  # x1, x2 and the class, 0 or 1
SAMPLES = 120
BATCH = 5  # samples per step
EXTENT = 1.6  # the pictures show −EXTENT … EXTENT in both directions
PIXELS = 12  # of a heat map, in both directions
WATCHED = 16  # samples over which δ is averaged


def points(data: str, rng: random.Random, samples: int = SAMPLES) -> list[Point]:
    """Samples of a classification of the plane: 'moons', 'xor' or 'spirals'.

    >>> len(points("moons", random.Random(0))), {label for _, _, label in points("xor", random.Random(0))}
    (120, {0.0, 1.0})
    """
    return [_SHAPES[data](i % 2, rng) for i in range(samples)]


def _moon(label: int, rng: random.Random) -> Point:
    angle = rng.uniform(0.0, math.pi)
    side = 0.9 if label else -0.9
    x, y = side * (math.cos(angle) - 0.5), side * (math.sin(angle) - 0.25)
    return x + rng.gauss(0.0, 0.05), y + rng.gauss(0.0, 0.05), float(label)


def _quarter(label: int, rng: random.Random) -> Point:
    x, y = rng.uniform(0.1, 1.3), rng.uniform(0.1, 1.3)
    sign = rng.choice((-1.0, 1.0))
    return sign * x, (-sign if label else sign) * y, float(label)


def _spiral(label: int, rng: random.Random) -> Point:
    turn = rng.uniform(0.1, 1.0)
    angle = 1.6 * math.pi * turn + math.pi * label
    return 1.4 * turn * math.cos(angle) + rng.gauss(0.0, 0.04), 1.4 * turn * math.sin(angle), float(label)


_SHAPES = {"moons": _moon, "xor": _quarter, "spirals": _spiral}


class LiveNet:
    """A net of 2-8-8-1 neurons, its data, and steps of gradient descent on small batches.

    data    'moons', 'xor' or 'spirals'
    hidden  the activation of the hidden layers
    init    of the weights, by name; None is what suits the activation

    >>> net = LiveNet(data="xor", hidden="tanh", init=None, seed=0)
    >>> before = net.loss()
    >>> net.train(100, lr=0.3) < before
    True
    """

    def __init__(self, data: str, hidden: str, init: str | None, seed: int) -> None:
        self._rng = random.Random(seed)
        self.points = points(data, self._rng)
        self.model = MLP(2, [8, 8, 1], hidden=hidden, init=init, rng=self._rng)
        self.steps = 0
        self._parameters = self.model.parameters()
        self._program = compile(self._sample_loss, parameters=self._parameters, backend="python")

    def _sample_loss(self, x1: Any, x2: Any, y: Any) -> Any:
        return binary_cross_entropy_with_logits(self.model([x1, x2]), y)

    def train(self, steps: int, lr: float) -> float:
        """Do that number of steps, and return the mean loss of their samples."""
        total = 0.0
        for _ in range(steps):
            gradients = []
            for point in self._rng.sample(self.points, BATCH):
                loss, gradient = self._program(*point)
                total += loss
                gradients.append(gradient)
            for parameter, terms in zip(self._parameters, zip(*gradients, strict=True), strict=True):
                parameter.data -= lr * float(sum(terms)) / BATCH
        self.steps += steps
        return total / (steps * BATCH)

    def loss(self) -> float:
        """The mean loss over all samples."""
        with no_graph():
            return sum(float(self._sample_loss(*point)) for point in self.points) / len(self.points)

    def deltas(self) -> list[float]:
        """Mean |δ| of each layer, over the first samples."""
        sums = [0.0] * len(self.model.layers)
        for point in self.points[:WATCHED]:
            self._sample_loss(*point).backward()
            for i, layer in enumerate(self.model.layers):
                sums[i] += sum(abs(neuron.z.grad) for neuron in layer.neurons) / layer.n_out
        for parameter in self._parameters:
            parameter.grad = 0.0
        return [each / WATCHED for each in sums]

    def maps(self) -> list[list[list[float]]]:
        """The activation of each neuron over the plane, layer by layer: row by row from the top left."""
        layers = self.model.layers
        found: list[list[list[float]]] = [[[] for _ in layer.neurons] for layer in layers]
        with no_graph():
            for x1, x2 in _grid():
                self.model([x1, x2])
                for layer, rows in zip(layers, found, strict=True):
                    for neuron, row in zip(layer.neurons, rows, strict=True):
                        row.append(round(float(neuron.a.data), 3))
        return found


def _grid() -> list[tuple[float, float]]:
    ticks = [EXTENT * (2 * i + 1 - PIXELS) / PIXELS for i in range(PIXELS)]
    return [(x1, -x2) for x2 in ticks for x1 in ticks]


class Session:
    """What the training view asks: requests and answers as JSON.

    >>> ask = Session().answer
    >>> begun = json.loads(ask('{"do": "begin", "data": "xor", "hidden": "tanh", "init": null, "seed": 0}'))
    >>> len(begun["points"]), len(begun["maps"]), len(begun["maps"][0][0])
    (120, 3, 144)
    >>> json.loads(ask('{"do": "train", "steps": 2, "lr": 0.1, "look": false}'))["steps"]
    2
    """

    def __init__(self) -> None:
        self._net: LiveNet | None = None

    def answer(self, request: str) -> str:
        """The answer to 'begin' (a new net) or 'train' (some steps; with `look`, the pictures too)."""
        asked: Mapping[str, Any] = json.loads(request)
        if asked["do"] == "begin":
            self._net = LiveNet(asked["data"], asked["hidden"], asked["init"], asked["seed"])
            return json.dumps({"points": self._net.points, **self._look(self._net, self._net.loss())})
        assert self._net is not None
        loss = self._net.train(asked["steps"], asked["lr"])
        found = self._look(self._net, loss) if asked["look"] else {"loss": _finite(loss), "steps": self._net.steps}
        return json.dumps(found, allow_nan=False)

    def _look(self, net: LiveNet, loss: float) -> dict[str, Any]:
        maps: Sequence[Sequence[Sequence[float]]] = net.maps()
        return {
            "loss": _finite(loss),
            "steps": net.steps,
            "deltas": [_finite(each) for each in net.deltas()],
            "maps": [[[_finite(x) for x in row] for row in layer] for layer in maps],
        }


def _finite(x: float) -> float | None:
    """The number, or None for what JSON does not have: a net that has diverged."""
    return x if math.isfinite(x) else None

"""Multi-layer perceptrons: the task, our scalar program for one sample, and the step by hand in NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn
from tests.benchmark.compiling.ours import Array, Scalars, as_answer
from tests.benchmark.contest import Answer, Side
from tests.benchmark.moons import moons

Whole = NDArray[np.int64]

LOSSES = {"hinge": nn.hinge, "cross-entropy": nn.cross_entropy}


@dataclass(frozen=True, slots=True)
class Network:
    """The mean loss of a ReLU network over samples x (B, n_0), y (B,), and its gradient by all weights and biases.

    `layers` has the same numbers as our parameters: W (n_l, n_(l-1)) and b (n_l,) of each layer.
    """

    x: Array
    y: Array
    loss: str
    layers: tuple[tuple[Array, Array], ...]
    scalars: Scalars


def network(sizes: Sequence[int], samples: int, loss: str, quick: bool = False) -> Network:
    """The task of these sizes; with `quick`, 8 samples and the largest layer has 8 neurons."""
    if quick:
        sizes, samples = [min(size, 8) for size in sizes], min(samples, 8)
    x, y = (moon_samples if loss == "hinge" else images)(samples, sizes[0], sizes[-1])
    model = nn.MLP(sizes[0], sizes[1:], seed=0)
    layers = tuple([(layer.W, layer.b) for layer in model.layers])
    scalars = Scalars(lambda x, y: LOSSES[loss](model(x), y), (x, y), model.parameters(), ("x", "y"))
    return Network(x, y, loss, layers, scalars)


def moon_samples(samples: int, n_in: int, n_out: int) -> tuple[Array, Array]:
    """Points of two half circles, and their sides -1 and +1."""
    x, y = moons(samples)
    return x, y.astype(np.float64)


def images(samples: int, n_in: int, n_out: int, seed: int = 0) -> tuple[Array, Array]:
    """Grey values in [0, 1] of which half are blank, as in pictures of digits, and class numbers."""
    rng = np.random.default_rng(seed)
    x = np.maximum(rng.uniform(-1.0, 1.0, (samples, n_in)), 0.0)
    return x, rng.integers(n_out, size=samples).astype(np.float64)


def gradient_vector(layers: Iterable[tuple[Any, Any]]) -> Array:
    """dW and db of each layer in the order of our parameters: neuron by neuron, its weights and then its bias.

    >>> gradient_vector([(np.array([[1.0, 2.0], [4.0, 5.0]]), np.array([3.0, 6.0]))])
    array([1., 2., 3., 4., 5., 6.])
    """
    return np.concatenate([np.column_stack([np.asarray(dW), np.asarray(db)]).ravel() for dW, db in layers])


# --- by hand ----------------------------------------------------------------------------------------------------------


def numpy_side(task: Network) -> Side:
    """The step as one would write it for speed: no loop over samples, signals in buffers that are made once."""
    signals = [np.empty((len(task.x), len(b))) for _, b in task.layers]
    loss = partial(BY_HAND[task.loss], task.y.astype(np.int64), np.arange(len(task.y)))

    def step() -> tuple[float, list[tuple[Array, Array]]]:
        inputs, logits = forward(task, signals)
        value, delta = loss(logits)
        return value, backward(task, inputs, delta)

    def answer() -> Answer:
        value, gradient = step()
        return as_answer(value, gradient_vector(gradient))

    return Side("NumPy by hand", step, answer)


def forward(task: Network, signals: Sequence[Array]) -> tuple[list[Array], Array]:
    """The input of each layer, and the last layer's signals; a hidden layer's signals become its activations."""
    inputs, a = [], task.x
    for (W, b), z in zip(task.layers, signals, strict=True):
        inputs.append(a)
        np.add(np.matmul(a, W.T, out=z), b, out=z)
        a = z if z is signals[-1] else np.maximum(z, 0.0, out=z)
    return inputs, a


def backward(task: Network, inputs: Sequence[Array], delta: Array) -> list[tuple[Array, Array]]:
    """dW and db of each layer: BP2 to BP4 with samples in rows."""
    gradient = [(delta.T @ inputs[-1], delta.sum(axis=0))]
    for (W, _), a, x in zip(task.layers[:0:-1], inputs[:0:-1], inputs[-2::-1], strict=True):
        delta = delta @ W
        delta *= a > 0.0
        gradient.append((delta.T @ x, delta.sum(axis=0)))
    return gradient[::-1]


def hinge_by_hand(y: Whole, rows: Whole, scores: Array) -> tuple[float, Array]:
    """Mean of max(0, 1 - y s), and its derivative by the scores (B, 1)."""
    sides = y[:, None]
    margins = 1.0 - sides * scores
    delta = (margins > 0.0) * (sides * (-1.0 / len(y)))
    return float(np.maximum(margins, 0.0, out=margins).mean()), delta


def cross_entropy_by_hand(y: Whole, rows: Whole, z: Array) -> tuple[float, Array]:
    """Mean of logsumexp(z) - z_y, and its derivative by the logits (B, n): softmax(z) minus 1 at y, over B."""
    z -= z.max(axis=1, keepdims=True)
    at_class = z[rows, y].sum()
    p = np.exp(z, out=z)
    norms = p.sum(axis=1, keepdims=True)
    value = (np.log(norms).sum() - at_class) / len(y)
    p /= norms
    p[rows, y] -= 1.0
    p /= len(y)
    return float(value), p


BY_HAND = {"hinge": hinge_by_hand, "cross-entropy": cross_entropy_by_hand}

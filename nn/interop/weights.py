"""A multi-layer perceptron made from matrices, as other libraries keep them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from autograd._numpy import NDArray, np
from nn.layers.activations import ActivationLike
from nn.layers.mlp import MLP, Layer

Matrix = NDArray[np.float64]


class Weights(NamedTuple):
    """The numbers of a layer: W (n_out, n_in), b (n_out,), and the slopes of a PReLU (n_out,)."""

    W: Matrix
    b: Matrix
    slope: Matrix | None = None


def model_of(layers: Sequence[Weights], hidden: ActivationLike, output: ActivationLike) -> MLP:
    """The network with these weights.

    >>> model_of([Weights(np.array([[2.0, 3.0]]), np.array([1.0]))], "relu", "linear")([1.0, 1.0]).data
    6.0

    ValueError where the sizes of neighbouring layers differ.
    """
    for number, (below, above) in enumerate(pairwise(layers), start=1):
        if below.W.shape[0] != above.W.shape[1]:
            raise ValueError(
                f"layer {number} has {below.W.shape[0]} outputs, but layer {number + 1} takes {above.W.shape[1]} inputs"
            )
    sizes = [each.W.shape[0] for each in layers]
    model = MLP(layers[0].W.shape[1], sizes, hidden=hidden, output=output, init="zeros", seed=0)
    for layer, weights in zip(model.layers, layers, strict=True):
        _set(layer, weights)
    return model


def _set(layer: Layer, weights: Weights) -> None:
    slopes = [None] * layer.n_out if weights.slope is None else np.broadcast_to(weights.slope, layer.n_out).tolist()
    rows = zip(layer.neurons, weights.W.tolist(), weights.b.tolist(), slopes, strict=True)
    for neuron, row, bias, slope in rows:
        for w, number in zip(neuron.w, row, strict=True):
            w.data = number
        neuron.b.data = bias
        if neuron.slope is not None and slope is not None:
            neuron.slope.data = slope


def weights_of(layer: Layer) -> Weights:
    """The weights of a layer.

    >>> weights_of(Layer(3, 2, seed=0)).W.shape
    (2, 3)
    """
    slopes = [neuron.slope.data for neuron in layer.neurons if neuron.slope is not None]
    return Weights(layer.W, layer.b, np.array(slopes) if slopes else None)


def check_model(model: Any) -> MLP:
    """The model itself; TypeError if it is not an MLP."""
    if not isinstance(model, MLP):
        raise TypeError(f"an nn.MLP is needed, got {model!r}")
    return model


def unsupported(name: str, library: str, known: Sequence[str]) -> ValueError:
    """What to say of an activation that the other side does not have."""
    return ValueError(f"the activation {name!r} has no counterpart in {library}; supported: {', '.join(known)}")

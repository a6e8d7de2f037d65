"""Weights in the order of Keras' `get_weights`. Keras itself is not needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd._numpy import NDArray, np
from nn.interop.weights import Weights, check_model, model_of, weights_of
from nn.layers.activations import ActivationLike, get_activation
from nn.layers.mlp import MLP

_LEAKY = (
    "Keras has the slope 0.2 for it, if none is given, where this package has 0.01; give a function, such as "
    "lambda z: autograd.leaky_relu(z, 0.2)"
)


def from_keras(weights: Sequence[Any], *, hidden: ActivationLike = "relu", output: ActivationLike = "linear") -> MLP:
    """The network of Keras `Dense` layers from the arrays of `model.get_weights()`.

    weights         a kernel (n_in, n_out) and a bias (n_out,) for each layer; layers without bias have kernels only
    hidden, output  the activations, which Keras does not keep with the weights; after the bias of a layer with
                    "prelu" come its slopes

    >>> model = from_keras([np.array([[2.0], [3.0]]), np.array([1.0])])
    >>> model([1.0, 1.0]).data
    6.0

    ValueError for arrays of other shapes, such as those of normalisations and convolutions, and for "leaky_relu", whose
    slope is 0.2 in Keras, if it is not given, and 0.01 here.
    """
    for name, activation in (("hidden", hidden), ("output", output)):
        if activation == "leaky_relu":
            raise ValueError(f"{name}={activation!r}: {_LEAKY}")
    arrays = [np.asarray(each, np.float64) for each in weights]
    layers: list[Weights] = []
    place, with_bias = 0, len(arrays) > 1 and arrays[1].ndim == 1
    while place < len(arrays):
        kernel = arrays[place]
        if kernel.ndim != 2:
            raise _unexpected(place, kernel, "the kernel of a Dense layer, a matrix")
        size, place = kernel.shape[1], place + 1
        bias = _vector(arrays, place, size, "bias") if with_bias else np.zeros(size)
        place += with_bias
        is_last = place >= len(arrays) - 1
        slope = None
        if get_activation(output if is_last else hidden).learns_slope:
            slope = _vector(arrays, place, size, "slopes")
            place += 1
        layers.append(Weights(kernel.T, bias, slope))
    if not layers:
        raise ValueError("weights is empty: a network needs at least one layer")
    return model_of(layers, hidden, output)


def _vector(arrays: Sequence[NDArray[np.float64]], place: int, size: int, name: str) -> NDArray[np.float64]:
    if place >= len(arrays):
        raise ValueError(f"weights ends with array {place - 1}; the {name} of its layer, {size} numbers, is missing")
    if arrays[place].shape != (size,):
        raise _unexpected(place, arrays[place], f"the {name} of a layer, {size} numbers")
    return arrays[place]


def _unexpected(place: int, array: NDArray[np.float64], wanted: str) -> ValueError:
    return ValueError(
        f"weights[{place}] has the shape {array.shape}, where {wanted}, is expected; only Dense layers are supported"
    )


def to_keras(model: MLP) -> list[NDArray[np.float64]]:
    """The arrays for `set_weights` of a Keras model of `Dense` layers, as `from_keras` takes them.

    model   an `MLP`; a Keras model of one with "leaky_relu" needs `LeakyReLU(negative_slope=0.01)`

    >>> [array.shape for array in to_keras(MLP(3, [4, 2]))]
    [(3, 4), (4,), (4, 2), (2,)]

    TypeError for another model.
    """
    found: list[NDArray[np.float64]] = []
    for layer in check_model(model).layers:
        weights = weights_of(layer)
        found += [np.ascontiguousarray(weights.W.T), weights.b]
        found += [] if weights.slope is None else [weights.slope]
    return found

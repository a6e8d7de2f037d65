"""Compiled programs of an architecture: loss and gradient for training, the outputs for prediction.

Parameters are arguments of the programs, so all estimators with one architecture share them: a grid search or a
cross-validation compiles once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any, Literal

import autograd
from autograd._numpy import NDArray, np
from nn.estimators.samples import Samples, Vector
from nn.layers.activations import ACTIVATIONS
from nn.layers.mlp import MLP
from nn.train.losses import binary_cross_entropy_with_logits, cross_entropy, half_squared_error

OutActivation = Literal["identity", "logistic", "softmax"]

# A program keeps intermediate results of all samples of a call: 8 bytes for each, 32 MB for a thousand neurons.
SAMPLES_PER_CALL = 4096
ARCHITECTURES = 16  # whose programs are kept: 10 MB for each ten thousand parameters


def _independent_cross_entropies(logits: Any, targets: Any) -> Any:
    """The sum over the outputs, as in scikit-learn; the loss of this package is their mean."""
    outputs = len(logits) if isinstance(logits, list) else 1
    return outputs * binary_cross_entropy_with_logits(logits, targets)


# scikit-learn's names of output activations, each with our name and the loss of the z that it is applied to.
LINKS: dict[OutActivation, tuple[str, Callable[[Any, Any], Any]]] = {
    "identity": ("linear", half_squared_error),
    "logistic": ("sigmoid", _independent_cross_entropies),
    "softmax": ("softmax", cross_entropy),
}


@dataclass(frozen=True)
class Architecture:
    """What decides the programs: the sizes and activations of a network.

    >>> Architecture(2, (3, 1), "relu", "identity").build()
    MLP(2, [3, 1], hidden='relu', output='linear')  # 13 parameters
    """

    n_in: int
    n_outs: tuple[int, ...]
    hidden: str
    out_activation: OutActivation

    def build(self) -> MLP:
        """A network of this kind with all parameters 0; its outputs are those before `out_activation`."""
        return MLP(self.n_in, self.n_outs, hidden=self.hidden, init="zeros", seed=0)

    def shapes(self) -> list[tuple[int, int]]:
        """The shape of each layer in a vector of parameters: a row for each neuron, its weights and then its bias."""
        return [(n_out, n_in + 1) for n_in, n_out in zip((self.n_in, *self.n_outs), self.n_outs, strict=False)]


class Programs:
    """The two programs of an architecture. Their methods take the parameters as a vector, from any thread."""

    def __init__(self, architecture: Architecture) -> None:
        model = architecture.build()
        link, loss = LINKS[architecture.out_activation]
        activate = ACTIVATIONS[link]

        def weighted_loss(x: Any, y: Any, weight: Any) -> Any:
            return weight * loss(model(x), y)

        def outputs(x: Any) -> Any:
            z = model(x)
            if activate.vector:
                return activate.function(z)
            return [activate.function(each) for each in z] if isinstance(z, list) else activate.function(z)

        parameters = model.parameters()
        self.training = autograd.compile(weighted_loss, parameters=parameters, batch=("x", "y", "weight"))
        self.forward = autograd.compile(outputs, parameters=parameters, batch=("x",))
        self.stored: Vector | None = None  # what the parameters hold
        self.lock = Lock()

    def loss_and_gradient(self, theta: Vector, samples: Samples) -> tuple[float, Vector]:
        """The weighted mean of the samples' losses, and its gradient."""
        loss: float = 0.0
        gradient: Vector | float = 0.0
        for chunk in samples.chunks(SAMPLES_PER_CALL):
            value, slope = self.training.flat(theta, chunk.x, chunk.y, chunk.weight)
            loss, gradient = loss + len(chunk) * value, gradient + len(chunk) * slope
        return loss / samples.total_weight, np.asarray(gradient / samples.total_weight)

    def outputs(self, theta: Vector, x: Vector) -> NDArray[np.float64]:
        """The outputs for each row of `x`, shape (n, outputs)."""
        with self.lock:
            if self.stored is None or not np.array_equal(self.stored, theta):
                self.forward.flat.store(theta)
                self.stored = theta.copy()
            pieces = [x[first : first + SAMPLES_PER_CALL] for first in range(0, len(x), SAMPLES_PER_CALL)]
            found = [self.forward.map(piece) for piece in pieces]
        return np.concatenate([np.column_stack(each if isinstance(each, list) else [each]) for each in found])


@lru_cache(maxsize=ARCHITECTURES)
def programs_of(architecture: Architecture) -> Programs:
    """The programs of an architecture; they are compiled when they are first used."""
    return Programs(architecture)

"""The table of activations, used by neurons, initialisation and diagnosis.

`live` is the open interval of z where σ passes a gradient on: outside it |σ′(z)| is below 5 % of its steepest slope
(for ReLU: 0), and a unit that stays there does not learn.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from autograd import elu, gelu, leaky_relu, relu, sigmoid, silu, softmax, softplus, tanh
from nn.lookup import look_up

INF = math.inf
LEAKY_SLOPE = 0.01
PRELU_START = 0.25


@dataclass(frozen=True)
class Activation:
    """One activation a = σ(z), for floats and Values.

    name          its name
    function      σ, of z; with `learns_slope` of (z, slope)
    live          the interval of z where σ is not flat
    initializer   the name of the initialiser that suits it
    learns_slope  every neuron has a slope of its own
    vector        it maps all z of a layer at once, for the output layer only

    >>> get_activation("sigmoid").function(0.0)
    0.5
    """

    name: str
    function: Callable[..., Any]
    live: tuple[float, float] = (-INF, INF)
    initializer: str = "he_normal"
    learns_slope: bool = False
    vector: bool = False

    def saturated(self, z: float) -> bool:
        """Whether σ is flat at z: its slope is below 5 % of its steepest one.

        >>> get_activation("tanh").saturated(3.0), get_activation("relu").saturated(0.0)
        (True, True)
        """
        low, high = self.live
        return not low < z < high

    def __reduce__(self) -> str | tuple[Any, ...]:
        """A row of the table is pickled by its name, as the engine's functions cannot be pickled."""
        if ACTIVATIONS.get(self.name) is self:
            return get_activation, (self.name,)
        return super().__reduce__()


ActivationLike: TypeAlias = str | Activation | Callable[[Any], Any]


def linear(z: Any) -> Any:
    """a = z: the output of a regression, or logits that the loss turns into probabilities.

    >>> linear(3.0)
    3.0
    """
    return z


def leaky(z: Any) -> Any:
    """a = z for z > 0, else 0.01 z; the slope at 0 is 0.01 (Maas, Hannun & Ng 2013).

    >>> leaky(-2.0)
    -0.02
    """
    return leaky_relu(z, LEAKY_SLOPE)


def prelu(z: Any, slope: Any) -> Any:
    """a = z for z > 0, else slope · z, with a learned slope; ∂a/∂z at 0 is the slope.

    >>> from autograd import Value
    >>> slope = Value(0.25)
    >>> prelu(Value(-2.0), slope).backward(); slope.grad
    -2.0

    He et al. 2015, "Delving Deep into Rectifiers", section 2.1; they initialise the slope to 0.25.
    """
    return leaky_relu(z, slope)


def exponential_linear(z: Any) -> Any:
    """a = z for z > 0, else eᶻ − 1 (Clevert, Unterthiner & Hochreiter 2016, with α = 1).

    >>> exponential_linear(2.0)
    2.0
    """
    return elu(z, 1.0)


_FLAT = 0.05
# σ′ = s(1 − s) falls to 5 % of ¼ at 2 artanh √0.95, tanh′ = 1 − t² to 5 % of 1 at half of that.
_TANH_KNEE = math.atanh(math.sqrt(1.0 - _FLAT))
# Left of these, gelu′ and silu′ stay below 5 % of their steepest slopes; solved numerically.
_GELU_KNEE, _SILU_KNEE = -2.27856, -3.92990

_ROWS = (
    Activation("linear", linear, initializer="xavier_uniform"),
    Activation("sigmoid", sigmoid, live=(-2.0 * _TANH_KNEE, 2.0 * _TANH_KNEE), initializer="xavier_uniform"),
    Activation("tanh", tanh, live=(-_TANH_KNEE, _TANH_KNEE), initializer="xavier_uniform"),
    Activation("relu", relu, live=(0.0, INF)),
    Activation("leaky_relu", leaky),
    Activation("prelu", prelu, learns_slope=True),
    Activation("elu", exponential_linear, live=(math.log(_FLAT), INF)),
    Activation("gelu", gelu, live=(_GELU_KNEE, INF)),
    Activation("silu", silu, live=(_SILU_KNEE, INF)),
    Activation("softplus", softplus, live=(math.log(_FLAT / (1.0 - _FLAT)), INF)),
    Activation("softmax", softmax, initializer="xavier_uniform", vector=True),
)
ACTIVATIONS: dict[str, Activation] = {row.name: row for row in _ROWS}


def get_activation(activation: ActivationLike) -> Activation:
    """The activation with that name; an `Activation` is returned as it is, a function of z is wrapped in one.

    >>> get_activation("relu").initializer
    'he_normal'
    >>> get_activation("rleu")
    Traceback (most recent call last):
        ...
    ValueError: unknown activation 'rleu'; did you mean 'relu'? Known: linear, ... or a function of z

    ValueError for an unknown name, TypeError for anything else.
    """
    if isinstance(activation, Activation):
        return activation
    if callable(activation):
        named = getattr(activation, "__name__", type(activation).__name__)
        return Activation(named, activation, initializer="xavier_uniform")
    return look_up(ACTIVATIONS, activation, "activation", "or a function of z")

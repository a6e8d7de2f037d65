"""Parameters of a network as a vector: a row for each neuron, its weights and then its bias."""

from __future__ import annotations

from autograd._numpy import np
from nn.estimators.programs import Architecture
from nn.estimators.samples import Vector
from nn.layers.mlp import MLP


def read(model: MLP) -> Vector:
    """The parameters of the network.

    >>> read(MLP(1, [2], init="zeros", bias=0.5, seed=0)).tolist()
    [0.0, 0.5, 0.0, 0.5]
    """
    return np.array([parameter.data for parameter in model.parameters()])


def write(model: MLP, theta: Vector) -> None:
    """Set the parameters of the network.

    >>> model = MLP(1, [2], seed=0)
    >>> write(model, np.arange(4.0)); model.layers[0].W.tolist(), model.layers[0].b.tolist()
    ([[0.0], [2.0]], [1.0, 3.0])
    """
    for parameter, number in zip(model.parameters(), theta.tolist(), strict=True):
        parameter.data = number


def draw_start(architecture: Architecture, random: np.random.RandomState) -> Vector:
    """Initial parameters: the same numbers as scikit-learn draws from the same `random_state`.

    Weights and biases are from U(−r, r), r = √(6/(inputs + neurons)), for sigmoids √(2/(inputs + neurons)): Glorot &
    Bengio 2010.

    >>> start = draw_start(Architecture(2, (4,), "tanh", "identity"), np.random.RandomState(0))
    >>> bool(np.abs(start).max() <= 1.0)
    True
    """
    factor = 2.0 if architecture.hidden == "sigmoid" else 6.0
    rows = []
    for neurons, row in architecture.shapes():
        inputs = row - 1
        bound = np.sqrt(factor / (inputs + neurons))
        weights = random.uniform(-bound, bound, (inputs, neurons))
        rows.append(np.column_stack([weights.T, random.uniform(-bound, bound, neurons)]).ravel())
    return np.concatenate(rows)

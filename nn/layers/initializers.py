"""Initialisers of weights: `initializer(n_out, n_in, rng)` gives the matrix W, one row per receiving neuron.

`rng` is a `random.Random`, so that one seed fixes a model. The table in `activations` says which initialiser suits
which activation.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from autograd.io.plural import counted
from nn.lookup import look_up

Matrix: TypeAlias = list[list[float]]
Initializer: TypeAlias = Callable[[int, int, random.Random], Matrix]
InitializerLike: TypeAlias = str | Callable[[int, int, random.Random], Any]


def _each(n_out: int, n_in: int, draw: Callable[[], float]) -> Matrix:
    return [[draw() for _ in range(n_in)] for _ in range(n_out)]


def constant(c: float) -> Initializer:
    """Every weight is w = c. All neurons of a layer are then equal and stay equal: for demonstrations.

    >>> constant(0.5)(1, 2, random.Random(0))
    [[0.5, 0.5]]
    """
    return lambda n_out, n_in, rng: _each(n_out, n_in, lambda: c)


def given(rows: Sequence[Sequence[float]]) -> Initializer:
    """The given numbers, for worked examples: w_ij = `rows[i][j]`, so row i holds the weights into neuron i.

    >>> given([[1.0, 2.0]])(1, 2, random.Random(0))
    [[1.0, 2.0]]

    The layer raises ValueError if it has another shape.
    """
    return lambda n_out, n_in, rng: [list(row) for row in rows]


def zeros(n_out: int, n_in: int, rng: random.Random) -> Matrix:
    """Every weight is 0. A hidden layer cannot be trained from this: its neurons stay equal.

    >>> zeros(1, 2, random.Random(0))
    [[0.0, 0.0]]
    """
    return _each(n_out, n_in, lambda: 0.0)


def uniform(low: float = -1.0, high: float = 1.0) -> Initializer:
    """Independent draws from U(low, high), whose variance is (high − low)²/12.

    >>> [[w]] = uniform(2.0, 3.0)(1, 1, random.Random(0))
    >>> 2.0 <= w <= 3.0
    True

    ValueError unless low <= high.
    """
    if not low <= high:
        raise ValueError(f"uniform needs low <= high, got low={low!r}, high={high!r}")
    return lambda n_out, n_in, rng: _each(n_out, n_in, lambda: rng.uniform(low, high))


def normal(std: float = 1.0) -> Initializer:
    """Independent draws from N(0, std²): w = std · g with a standard normal g.

    >>> normal(0.0)(1, 1, random.Random(0))
    [[0.0]]

    ValueError unless std >= 0.
    """
    if not std >= 0.0:
        raise ValueError(f"normal needs std >= 0, got {std!r}")
    return lambda n_out, n_in, rng: _each(n_out, n_in, lambda: std * rng.gauss(0.0, 1.0))


def he_normal(n_out: int, n_in: int, rng: random.Random) -> Matrix:
    """N(0, 2/n_in): through ReLU layers the mean of a² stays the same.

    >>> [len(row) for row in he_normal(2, 3, random.Random(0))]
    [3, 3]

    He et al. 2015, "Delving Deep into Rectifiers", section 2.2, equation 10.
    """
    return normal(math.sqrt(2.0 / n_in))(n_out, n_in, rng)


def he_uniform(n_out: int, n_in: int, rng: random.Random) -> Matrix:
    """U(−√(6/n_in), √(6/n_in)), which has the variance 2/n_in of He et al. 2015.

    >>> all(abs(w) <= 1.0 for w in he_uniform(1, 6, random.Random(0))[0])
    True
    """
    limit = math.sqrt(6.0 / n_in)
    return uniform(-limit, limit)(n_out, n_in, rng)


def xavier_normal(n_out: int, n_in: int, rng: random.Random) -> Matrix:
    """N(0, 2/(n_in + n_out)): for linear σ, neither a grows or shrinks forwards nor δ backwards, on average.

    >>> [len(row) for row in xavier_normal(2, 3, random.Random(0))]
    [3, 3]

    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", equation 12.
    """
    return normal(math.sqrt(2.0 / (n_in + n_out)))(n_out, n_in, rng)


def xavier_uniform(n_out: int, n_in: int, rng: random.Random) -> Matrix:
    """U(−r, r) with r = √(6/(n_in + n_out)). Its variance is r²/3 = 2/(n_in + n_out); r² itself is not the variance.

    >>> all(abs(w) <= 1.0 for w in xavier_uniform(2, 4, random.Random(0))[0])
    True

    Glorot & Bengio 2010, equation 16.
    """
    limit = math.sqrt(6.0 / (n_in + n_out))
    return uniform(-limit, limit)(n_out, n_in, rng)


def identity(n_out: int, n_in: int, rng: random.Random) -> Matrix:
    """1 on the diagonal and 0 elsewhere, also in matrices that are not square.

    >>> identity(2, 3, random.Random(0))
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]

    Le, Jaitly & Hinton 2015, "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units"
    (arXiv 1504.00941), section 1.
    """
    return [[float(i == j) for j in range(n_in)] for i in range(n_out)]


INITIALIZERS: dict[str, Initializer] = {
    "zeros": zeros,
    "uniform": uniform(),
    "normal": normal(),
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "xavier_normal": xavier_normal,
    "xavier_uniform": xavier_uniform,
    "identity": identity,
}


def get_initializer(initializer: InitializerLike) -> Initializer:
    """The `initializer` with that name; a function `(n_out, n_in, rng) -> rows` is returned as it is.

    >>> get_initializer("zeros")(1, 1, random.Random(0))
    [[0.0]]

    ValueError for an unknown name, TypeError for anything else.
    """
    if callable(initializer):
        return initializer
    return look_up(
        INITIALIZERS, initializer, "initializer", "or constant(c), uniform(low, high), normal(std), given(rows)"
    )


def start_weights(initializer: InitializerLike, n_out: int, n_in: int, rng: random.Random) -> Matrix:
    """The initial weights as floats, with their shape checked: n_out rows of n_in numbers.

    >>> start_weights(given([[1, 2]]), 1, 2, random.Random(0))
    [[1.0, 2.0]]

    ValueError when the initialiser gives another shape.
    """
    rows = [list(row) for row in get_initializer(initializer)(n_out, n_in, rng)]
    if len(rows) != n_out or any(len(row) != n_in for row in rows):
        lengths = sorted({len(row) for row in rows})
        raise ValueError(
            f"the initializer {initializer!r} gave {counted(len(rows), 'row')} of length {lengths}; "
            f"a layer with {counted(n_in, 'input')} and {counted(n_out, 'neuron')} needs {n_out} of length {n_in}"
        )
    return [[float(w) for w in row] for row in rows]


def random_source(rng: random.Random | None, seed: int | None) -> random.Random:
    """The generator for draws: `rng`, else a new one from `seed`, else a new one seeded by the `random` module.

    Because of the last case `random.seed(1337)` at the top of a program fixes the model, as in micrograd.

    >>> random_source(None, 3).random() == random.Random(3).random()
    True

    ValueError when both are given; TypeError when rng is not a `random.Random`.
    """
    if rng is not None and seed is not None:
        raise ValueError(f"give rng= or seed=, not both (got seed={seed!r} and a generator)")
    if rng is None:
        return random.Random(random.getrandbits(64) if seed is None else seed)
    if not isinstance(rng, random.Random):
        raise TypeError(f"rng must be a random.Random, got {type(rng).__name__}; use rng=random.Random(0) or seed=0")
    return rng

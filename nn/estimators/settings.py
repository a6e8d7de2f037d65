"""The hyperparameters of an estimator, checked when it is fitted, as scikit-learn wants it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

from nn.layers.activations import ACTIVATIONS
from nn.lookup import look_up

HIDDEN = {
    "identity": "linear",
    "logistic": "sigmoid",  # scikit-learn's names; the others are ours
    **{name: name for name, row in ACTIVATIONS.items() if not (row.vector or row.learns_slope)},
}
CHOICES: dict[str, dict[str, str]] = {
    "activation": HIDDEN,
    "solver": {name: name for name in ("lbfgs", "sgd", "adam")},
    "learning_rate": {name: name for name in ("constant", "invscaling", "adaptive")},
}
# The smallest number allowed, whether it is itself allowed, and the number that all are less than.
INTERVALS: dict[str, tuple[float, bool, float]] = {
    "alpha": (0.0, True, math.inf),
    "learning_rate_init": (0.0, False, math.inf),
    "power_t": (0.0, True, math.inf),
    "tol": (0.0, True, math.inf),
    "momentum": (0.0, True, 1.0),
    "validation_fraction": (0.0, False, 1.0),
    "beta_1": (0.0, True, 1.0),
    "beta_2": (0.0, True, 1.0),
    "epsilon": (0.0, False, math.inf),
}
COUNTS = ("max_iter", "max_fun", "n_iter_no_change", "batch_size")
WORDS = {"n_iter_no_change": math.inf, "batch_size": "auto"}  # what is allowed besides positive integers
SWITCHES = ("shuffle", "warm_start", "early_stopping", "nesterovs_momentum")


def check(parameters: dict[str, Any]) -> None:
    """ValueError or TypeError for the first of these hyperparameters that is not allowed.

    >>> check({"solver": "adma"})
    Traceback (most recent call last):
        ...
    ValueError: unknown solver 'adma'; did you mean 'adam'? Known: lbfgs, sgd, adam
    """
    for name, value in parameters.items():
        if name in CHOICES:
            look_up(CHOICES[name], value, name)
        elif name in INTERVALS:
            _check_interval(name, value)
        elif name in COUNTS and not (_is_count(value) or value == WORDS.get(name, False)):
            also = f", or {WORDS[name]!r}" if name in WORDS else ""
            raise ValueError(f"{name} must be a positive integer{also}, got {value!r}")
        elif name in SWITCHES and value not in (True, False):
            raise ValueError(f"{name} must be True or False, got {value!r}")


def _check_interval(name: str, value: Any) -> None:
    low, closed, high = INTERVALS[name]
    if isinstance(value, Real) and (low < float(value) < high or (closed and float(value) == low)):
        return
    raise ValueError(f"{name} must be a number in {'[' if closed else '('}{low:g}, {high:g}), got {value!r}")


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def hidden_sizes(sizes: Any) -> tuple[int, ...]:
    """`hidden_layer_sizes` as a tuple: a number stands for one layer.

    >>> hidden_sizes(100), hidden_sizes([5, 3]), hidden_sizes(())
    ((100,), (5, 3), ())

    ValueError unless all are positive integers.
    """
    found = tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
    if not all(map(_is_count, found)):
        raise ValueError(f"hidden_layer_sizes must be positive integers, got {sizes!r}")
    return tuple(map(int, found))

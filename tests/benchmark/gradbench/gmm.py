"""GradBench `gmm`: the log posterior of a Gaussian mixture with a Wishart prior on the precisions, and its gradient.

Component k has weight softmax(α)ₖ, mean μₖ and precision QᵀQ, Q lower triangular with diagonal exp(qₖ) and, column by
column, lₖ below it. The points are the samples of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma, pi
from math import log as natural_log
from typing import Any

import numpy as np

import autograd
from autograd import exp, log, maximum
from tests.benchmark.gradbench.task import Functions, Input, Task

Vector = Sequence[Any]
NAMES = ("alpha", "mu", "q", "l")


def log_likelihood(alpha: Vector, mu: Sequence[Vector], q: Sequence[Vector], below: Sequence[Vector], x: Vector) -> Any:
    """Of one point, without the constant -D/2 log 2π."""
    terms = [
        weight + sum(logs) - 0.5 * squared_norm(scaled(logs, entries, x, mean))
        for weight, mean, logs, entries in zip(alpha, mu, q, below, strict=True)
    ]
    return logsumexp(terms) - logsumexp(alpha)


def scaled(logs: Vector, below: Vector, x: Vector, mean: Vector) -> list[Any]:
    """Q (x - μ)."""
    centred = [a - b for a, b in zip(x, mean, strict=True)]
    found = [exp(a) * b for a, b in zip(logs, centred, strict=True)]
    entries = iter(below)
    for column, each in enumerate(centred):
        for row in range(column + 1, len(x)):
            found[row] = found[row] + next(entries) * each
    return found


def log_prior(q: Sequence[Vector], below: Sequence[Vector], m: int, gamma: float) -> Any:
    """Wishart, with d + m + 1 degrees of freedom and scale 1/γ², of every precision."""
    d = len(q[0])
    freedom = d + m + 1
    constant = freedom * d * (natural_log(gamma) - 0.5 * natural_log(2.0)) - log_gamma(0.5 * freedom, d)
    return sum(
        [
            constant + m * sum(logs) - 0.5 * gamma**2 * (squared_norm([exp(a) for a in logs]) + squared_norm(entries))
            for logs, entries in zip(q, below, strict=True)
        ]
    )


def log_gamma(x: float, d: int) -> float:
    """The logarithm of the multivariate gamma function."""
    return d * (d - 1) / 4.0 * natural_log(pi) + sum([lgamma(x - 0.5 * i) for i in range(d)])


def logsumexp(v: Vector) -> Any:
    largest = v[0]
    for each in v[1:]:
        largest = maximum(largest, each)
    return largest + log(sum([exp(each - largest) for each in v]))


def squared_norm(v: Vector) -> Any:
    return sum([each * each for each in v])


class Posterior:
    """Both parts, compiled, at one input."""

    def __init__(self, given: Input) -> None:
        m, gamma = given["m"], given["gamma"]
        self.likelihood = autograd.compile(log_likelihood, batch=("x",))
        self.prior = autograd.compile(lambda q, below: log_prior(q, below, m, gamma))
        self.at = tuple([np.array(given[name]) for name in NAMES])
        self.x = np.array(given["x"])
        self.constant = -0.5 * natural_log(2.0 * pi) * self.x.size

    def value(self) -> float:
        _, _, *precisions = self.at
        return self.constant + len(self.x) * self.likelihood.value(*self.at, self.x) + self.prior.value(*precisions)

    def gradient(self) -> dict[str, Any]:
        alpha, mu, q, below = self.likelihood.vjp((*self.at, self.x), float(len(self.x)), argnums=(0, 1, 2, 3))[1]
        _, (more_q, more_below) = self.prior.value_and_grad(*self.at[2:])
        return dict(zip(NAMES, (alpha, mu, q + more_q, below + more_below), strict=True))


def objective(given: Input) -> Task:
    return Task(Posterior(given).value)


def jacobian(given: Input) -> Task:
    return Task(Posterior(given).gradient, lambda found: {name: each.tolist() for name, each in found.items()})


FUNCTIONS: Functions = {"objective": objective, "jacobian": jacobian}


def generate(d: int, k: int, n: int = 1000) -> Input:
    rng = np.random.default_rng(31337)
    x = rng.normal(size=(n, d)).tolist()
    alpha, mu = rng.normal(size=k).tolist(), rng.uniform(size=(k, d)).tolist()
    q, below = rng.normal(size=(k, d)).tolist(), rng.normal(size=(k, d * (d - 1) // 2)).tolist()
    return {"d": d, "k": k, "n": n, "x": x, "m": 0, "gamma": 1.0, "alpha": alpha, "mu": mu, "q": q, "l": below}


SIZES = {
    "tiny": {"d": 3, "k": 2, "n": 20},
    "small": {"d": 2, "k": 5},
    "middle": {"d": 20, "k": 25},
    "large": {"d": 64, "k": 100},
}

"""An ODE and log-sum-exp: functions of one vector, by hand and with peers.

The formulas are in the operators and functions of a module `m`, which may be `autograd` or `casadi`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import autograd
from tests.benchmark.compiling.frameworks import casadi_calls, loaded, threads
from tests.benchmark.compiling.ours import BACKENDS, Array, Scalars, as_answer, running, strict
from tests.benchmark.compiling.race import Entrant
from tests.benchmark.contest import Answer, Side

STEP = 0.05
"""Time that a step of the ODE takes."""


@dataclass(frozen=True, slots=True)
class Sequential:
    """A function of one vector at one point, with its derivative by hand and its value in JAX."""

    x: Array
    size: int
    formula: Callable[[Any], Callable[[Any], Any]]
    hand: Callable[[Array], tuple[float, Array]]
    jax: Callable[[Any], Callable[[Any], Any]]

    @property
    def scalars(self) -> Scalars:
        """The function with our operators."""
        return Scalars(self.formula(autograd), (self.x,))


def by_hand_side(task: Sequential) -> Side:
    """Value and derivative worked out on paper, in NumPy."""
    return Side("by hand", lambda: task.hand(task.x), lambda: as_answer(*task.hand(task.x)))


def jax_side(task: Sequential) -> Side:
    """`jax.jit`, with `lax.scan` for the steps of time."""
    jax = loaded("jax")
    fast, x = jax.jit(jax.value_and_grad(task.jax(jax))), loaded("jax.numpy").asarray(task.x)

    def step() -> Any:
        return jax.block_until_ready(fast(x))

    return Side("jax.jit", step, lambda: as_answer(*step()), remark=threads)


# --- an ODE: y' = sin(y) - y/2 for many y at once, by the classical Runge-Kutta method --------------------------------


def ode(elements: int, steps: int) -> Sequential:
    """The last element after some steps, and its derivative by all that it starts from."""
    x = np.linspace(-3.0, 3.0, elements)

    def formula(m: Any) -> Callable[[Any], Any]:
        return lambda x: [runge_kutta(m.sin, y, steps) for y in x][-1]

    def jax_value(jax: Any) -> Callable[[Any], Any]:
        return lambda x: jax_runge_kutta(jax, x, steps)[-1]

    return Sequential(x, steps, formula, lambda x: ode_by_hand(x, steps), jax_value)


def runge_kutta(sin: Callable[[Any], Any], y: Any, steps: int) -> Any:
    """Where y is after some steps."""
    for _ in range(steps):
        k1 = sin(y) - 0.5 * y
        at = y + 0.5 * STEP * k1
        k2 = sin(at) - 0.5 * at
        at = y + 0.5 * STEP * k2
        k3 = sin(at) - 0.5 * at
        at = y + STEP * k3
        k4 = sin(at) - 0.5 * at
        y = y + STEP / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y


def jax_runge_kutta(jax: Any, x: Any, steps: int) -> Any:
    """The same for a vector, by `lax.scan`."""
    return jax.lax.scan(lambda y, _: (runge_kutta(jax.numpy.sin, y, 1), None), x, None, length=steps)[0]


class Dual(NamedTuple):
    """A number and its derivative by where the ODE starts."""

    number: float
    slope: float

    def moved(self, step: float, other: Dual) -> Dual:
        """self + step · other."""
        return Dual(self.number + step * other.number, self.slope + step * other.slope)

    @property
    def rate(self) -> Dual:
        """The right-hand side of the ODE."""
        return Dual(math.sin(self.number) - 0.5 * self.number, (math.cos(self.number) - 0.5) * self.slope)


def ode_by_hand(x: Array, steps: int) -> tuple[float, Array]:
    """Forward with the one derivative that is not 0."""
    y, gradient = Dual(float(x[-1]), 1.0), np.zeros_like(x)
    for _ in range(steps):
        k1 = y.rate
        k2 = y.moved(0.5 * STEP, k1).rate
        k3 = y.moved(0.5 * STEP, k2).rate
        k4 = y.moved(STEP, k3).rate
        y = y.moved(STEP / 6.0, k1).moved(STEP / 3.0, k2).moved(STEP / 3.0, k3).moved(STEP / 6.0, k4)
    gradient[-1] = y.slope
    return y.number, gradient


def primal_entrants(backends: Sequence[str]) -> tuple[Entrant, ...]:
    """Our sides that compute all elements of the ODE's solution, and no derivative."""
    return tuple(
        [Entrant(f"ours, {each}", partial(primal_side, each), BACKENDS[each], peer=False) for each in backends]
    )


def primal_side(backend: Any, task: Sequential) -> Side:
    """The call is the public one: a vector in, a vector out."""
    compiled = autograd.compile(lambda x: [runge_kutta(autograd.sin, y, task.size) for y in x], backend=backend)

    def answer() -> Answer:
        return strict(lambda: of_solution(compiled.value(task.x)), compiled, backend)

    return Side(f"ours, {backend}", lambda: compiled.value(task.x), answer, remark=lambda: running(compiled))


def primal_by_hand_side(task: Sequential) -> Side:
    """The whole solution with NumPy's vectors."""

    def step() -> Array:
        found: Array = runge_kutta(np.sin, task.x, task.size)
        return found

    return Side("by hand", step, lambda: as_answer(*of_solution(step())))


def primal_jax_side(task: Sequential) -> Side:
    """The whole solution by `jax.jit`."""
    jax = loaded("jax")
    fast, x = jax.jit(lambda x: jax_runge_kutta(jax, x, task.size)), loaded("jax.numpy").asarray(task.x)

    def step() -> Any:
        return jax.block_until_ready(fast(x))

    return Side("jax.jit", step, lambda: as_answer(*of_solution(np.asarray(step()))), remark=threads)


def of_solution(found: Array) -> tuple[float, Array]:
    """A solution as an answer: its sum stands for the value, and it for the gradient."""
    return float(found.sum()), found


# --- log-sum-exp ------------------------------------------------------------------------------------------------------


def logsumexp(count: int) -> Sequential:
    """The logarithm of a sum of exponentials, whose gradient is softmax."""

    def hand(x: Array) -> tuple[float, Array]:
        top = x.max()
        exps = np.exp(x - top)
        total = exps.sum()
        return float(top + np.log(total)), exps / total

    def jax_value(jax: Any) -> Callable[[Any], Any]:
        return jax.nn.logsumexp  # type: ignore[no-any-return]

    x = np.random.default_rng(0).normal(size=count)
    return Sequential(x, count, lambda m: m.logsumexp, hand, jax_value)


def torch_logsumexp_side(task: Sequential) -> Side:
    """`torch.logsumexp`, eager, one thread."""
    torch = loaded("torch")
    x = torch.tensor(task.x, requires_grad=True)

    def step() -> tuple[float, Any]:
        value = torch.logsumexp(x, 0)
        return value.item(), torch.autograd.grad(value, x)[0]

    return Side("PyTorch", step, lambda: as_answer(*step()))


def casadi_logsumexp_side(task: Sequential) -> Side:
    """`casadi.logsumexp` of a vector, which is one node."""
    casadi = loaded("casadi")
    x = casadi.MX.sym("x", task.x.size)
    value = casadi.logsumexp(x)
    return casadi_calls("CasADi, vectors", casadi.Function("f", [x], [value, casadi.gradient(value, x)]), task.x)

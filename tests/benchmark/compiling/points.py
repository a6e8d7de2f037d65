"""Functions of one list of numbers, called at one point: Rosenbrock's (wide and shallow), a pendulum (narrow and deep).

The formulas are in the operators of whoever runs them: the same lines serve our recording and CasADi's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

import autograd
from tests.benchmark.compiling.frameworks import casadi_calls, loaded, threads
from tests.benchmark.compiling.ours import Array, Scalars, as_answer
from tests.benchmark.contest import Side

STEP = 0.01
"""Seconds of simulated time that a step of the pendulum takes."""


@dataclass(frozen=True, slots=True)
class Point:
    """A function of one vector at one point; `size` counts its coordinates (Rosenbrock) or its steps (pendulum)."""

    kind: str
    size: int
    x: Array

    def formula(self, m: Any) -> Callable[[Any], Any]:
        """The function in plain scalar code, with the sine of a module."""
        return rosenbrock if self.kind == "Rosenbrock" else lambda x: pendulum(m.sin, self.size, *x)

    @property
    def scalars(self) -> Scalars:
        """The function with our sine."""
        return Scalars(self.formula(autograd), (self.x,))


@dataclass(slots=True)
class Growing:
    """Points of one kind whose size grows by one each time: what was kept of one build is of no use to the next."""

    make: Callable[[int], Point]
    size: int
    sizes: count[int] = field(init=False)

    def __post_init__(self) -> None:
        self.sizes = count(self.size + 1)

    @property
    def first(self) -> Point:
        """The point that is checked."""
        return self.make(self.size)

    def next(self) -> Point:
        """The next point, which is only timed."""
        return self.make(next(self.sizes))


def rosenbrock_point(n: int) -> Point:
    """Somewhere off the minimum at (1, 1, ...)."""
    return Point("Rosenbrock", n, np.random.default_rng(0).uniform(0.5, 1.5, n))


def pendulum_point(steps: int) -> Point:
    """Released at 1 rad with 0.2 rad/s; the third input is g / l, in 1/s**2."""
    return Point("pendulum", steps, np.array([1.0, 0.2, 9.81]))


def rosenbrock(x: Any) -> Any:
    """Sum over i of 100 (x[i+1] - x[i]**2)**2 + (1 - x[i])**2, as one would write it (Rosenbrock 1960, extended)."""
    return sum(100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2 for i in range(len(x) - 1))


def pendulum(sin: Callable[[Any], Any], steps: int, angle: Any, speed: Any, pull: Any) -> Any:
    """The angle after that many semi-implicit Euler steps: speed -= h pull sin(angle), then angle += h speed."""
    for _ in range(steps):
        speed = speed - STEP * pull * sin(angle)
        angle = angle + STEP * speed
    return angle


# --- by hand ----------------------------------------------------------------------------------------------------------


def by_hand_side(task: Point) -> Side:
    """Value and derivative worked out on paper: Rosenbrock in NumPy; a pendulum has nothing to vectorise."""
    formula = {"Rosenbrock": rosenbrock_by_hand, "pendulum": pendulum_by_hand}[task.kind]
    return Side("by hand", lambda: formula(task.x, task.size), lambda: as_answer(*formula(task.x, task.size)))


def rosenbrock_by_hand(x: Array, size: int) -> tuple[float, Array]:
    """With r = x[1:] - x[:-1]**2 the derivative is 200 r at x[i+1], and -400 x r - 2 (1 - x) at x[i]."""
    low = x[:-1]
    r, one_less = x[1:] - low * low, 1.0 - low
    gradient = np.empty_like(x)
    gradient[:-1] = -400.0 * low * r - 2.0 * one_less
    gradient[-1] = 0.0
    gradient[1:] += 200.0 * r
    return 100.0 * float(r @ r) + float(one_less @ one_less), gradient


def pendulum_by_hand(x: Array, size: int) -> tuple[float, Array]:
    """Forward on floats, keeping the angles; backward, the adjoints of angle and speed step by step."""
    angle, speed, pull = x.tolist()
    angles = []
    for _ in range(size):
        angles.append(angle)
        speed -= STEP * pull * math.sin(angle)
        angle += STEP * speed
    by_angle, by_speed, by_pull = 1.0, 0.0, 0.0
    for earlier in reversed(angles):
        by_speed += STEP * by_angle
        by_pull -= STEP * math.sin(earlier) * by_speed
        by_angle -= STEP * pull * math.cos(earlier) * by_speed
    return angle, np.array([by_angle, by_speed, by_pull])


# --- peers ------------------------------------------------------------------------------------------------------------


def torch_side(task: Point) -> Side:
    """PyTorch, eager, one thread: Rosenbrock on vectors, the pendulum on scalars."""
    torch = loaded("torch")
    x = torch.tensor(task.x, requires_grad=True)

    def step() -> tuple[float, Any]:
        value = vectors(x) if task.kind == "Rosenbrock" else task.formula(torch)(x)
        return value.item(), torch.autograd.grad(value, x)[0]

    return Side("PyTorch", step, lambda: as_answer(*step()))


def vectors(x: Any) -> Any:
    """Rosenbrock's function on the vectors of a framework."""
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def jax_side(task: Point) -> Side:
    """`jax.jit`; the pendulum with `lax.scan`, since its unrolled loop compiles for minutes."""
    jax, jnp = loaded("jax"), loaded("jax.numpy")

    def swing(x: Any) -> Any:
        def euler(state: Any, _: Any) -> tuple[Any, None]:
            angle, speed = state
            speed = speed - STEP * x[2] * jnp.sin(angle)
            return (angle + STEP * speed, speed), None

        return jax.lax.scan(euler, (x[0], x[1]), None, length=task.size)[0][0]

    fast = jax.jit(jax.value_and_grad(vectors if task.kind == "Rosenbrock" else swing))
    x = jnp.asarray(task.x)

    def step() -> Any:
        return jax.block_until_ready(fast(x))

    return Side("jax.jit", step, lambda: as_answer(*step()), remark=threads)


def casadi_side(task: Point) -> Side:
    """CasADi on the same scalar program as ours, called through its buffers."""
    casadi = loaded("casadi")
    x = casadi.SX.sym("x", task.x.size)
    value = task.formula(casadi)(casadi.vertsplit(x))
    return casadi_calls("CasADi", casadi.Function("f", [x], [value, casadi.gradient(value, x)]), task.x)


def casadi_vectors_side(task: Point) -> Side:
    """CasADi on Rosenbrock's function in vectors, which it takes apart itself."""
    casadi = loaded("casadi")
    x = casadi.SX.sym("x", task.x.size)
    value = casadi.sum1(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
    return casadi_calls("CasADi, vectors", casadi.Function("f", [x], [value, casadi.gradient(value, x)]), task.x)


# --- builds -----------------------------------------------------------------------------------------------------------


def builder(name: str, make: Callable[[Point], Side]) -> Callable[[Growing], Side]:
    """Makes a side whose step makes a side and runs it once."""
    return lambda task: Side(name, lambda: make(task.next()).answer(), lambda: make(task.first).answer())

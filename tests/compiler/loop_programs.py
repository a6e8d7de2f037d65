"""Programs with loops for tests: random ones, written trip by trip, and sequential functions as users write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np

import autograd
from autograd import rules, sigmoid, sin, tanh
from autograd.compiler.lower import VALUE, Call, lower
from autograd.compiler.passes import without_dead
from autograd.compiler.program import Atom, Equation, Program
from autograd.primitive import Primitive
from autograd.structure import key_of

ROWS = (rules.sin, rules.tanh, rules.add, rules.sub, rules.mul, rules.sigmoid, rules.where, rules.maximum)


class Written:
    """A random sequential program: some equations, a loop of a random body, in which there may be another one, more."""

    def __init__(self, rng: Random, trips: int, rows: Sequence[Primitive] = ROWS) -> None:
        self.rng, self.trips, self.rows = rng, trips, rows
        self.names = tuple(f"x_{i}" for i in range(rng.randint(1, 60)))
        self.equations: list[Equation] = []
        self._equations(rng.randint(0, 5), ())
        state = self._loop([self._any() for _ in range(rng.randint(1, 3))], 2)
        self._equations(rng.randint(0, 5), state)

    def program(self) -> Program:
        """Without dead equations, as a recording; its output is the last place."""
        end = len(self.names) + len(self.equations)
        return without_dead(Program(self.names, tuple(self.equations), (), (end - 1,)))

    def _any(self) -> Atom:
        end = len(self.names) + len(self.equations)
        return self.rng.choice([self.rng.randrange(end), self.rng.randrange(len(self.names)), 0.5, -0.0])

    def _apply(self, row: Primitive, operands: Sequence[Atom]) -> int:
        self.equations.append(Equation(row, tuple(operands)))
        return len(self.names) + len(self.equations) - 1

    def _equations(self, count: int, near: Sequence[Atom]) -> None:
        for _ in range(count):
            row = self.rng.choice(self.rows)
            place = len(self.names) + len(self.equations) - 1
            self._apply(row, [self.rng.choice([place, *near, self._any()]) for _ in range(row.arity or 3)])

    def _loop(self, state: list[Atom], depth: int) -> list[Atom]:
        """What a loop carries at last; equations look mostly at what was made just before, so that it is a chain."""
        rng = self.rng
        rows = [rng.choice(self.rows) for _ in range(rng.randint(1, 8))]
        chosen = [[rng.random() ** 2 for _ in range(row.arity or 3)] for row in rows]
        fixed: list[Atom] = [self._any() for _ in range(3)]
        taken = [rng.random() for _ in state]
        inner = rng.randrange(len(rows)) if depth > 1 and rng.random() < 0.3 else -1
        first, stride, seed = rng.randrange(len(self.names)), rng.choice([0, 1, 2]), rng.random()
        for trip in range(rng.randint(1, self.trips)):
            made: list[Atom] = [*state, *fixed, (first + trip * stride) % len(self.names)]
            for i, (row, shares) in enumerate(zip(rows, chosen, strict=True)):
                if i == inner:
                    self.rng = Random(seed)
                    made += self._loop([made[-1]], depth - 1)
                    self.rng = rng
                made.append(self._apply(row, [made[-1 - int(len(made) * share)] for share in shares]))
            state = [made[-1 - int(share * len(rows))] for share in taken]
        return state


Example = tuple[Callable[..., Any], dict[str, Any]]
"""A function and its arguments."""


def recorded(example: Example, outputs: str = VALUE) -> tuple[Program, list[float]]:
    """The program of an example, and its numbers there."""
    f, arguments = example
    numbers = [float(x) for each in arguments.values() for x in np.ravel(each)]
    keys = tuple([key_of(each) for each in arguments.values()])
    return lower(Call(f, keys, tuple(arguments), None, numbers), outputs).program, numbers


def replayed(program: Program, numbers: Sequence[float]) -> Example:
    """A function that does what a program with one output does."""

    def f(*inputs: Any) -> Any:
        known: list[Any] = list(inputs)
        for row, operands in program.equations:
            known.append(row(*[known[each] if type(each) is int else each for each in operands]))
        (output,) = program.outputs
        return known[output] if type(output) is int else output

    return f, dict(zip(program.names, numbers, strict=True))


def pendulum(trips: int) -> Example:
    def f(theta: Any, omega: Any, g: Any, dt: Any) -> Any:
        for _ in range(trips):
            omega = omega - dt * g * sin(theta)
            theta = theta + dt * omega
        return theta * theta

    return f, {"theta": 1.0, "omega": 0.0, "g": 9.8, "dt": 0.01}


def rnn(trips: int, hidden: int, inputs: int) -> Example:
    def f(h: Any, w: Any, u: Any, b: Any, x: Any) -> Any:
        loss = 0.0
        for each in x:
            z = [sum(wj * hj for wj, hj in zip(row, h, strict=True)) for row in w]
            z = [zi + sum(uj * xj for uj, xj in zip(row, each, strict=True)) for zi, row in zip(z, u, strict=True)]
            h = [tanh(zi + bi) for zi, bi in zip(z, b, strict=True)]
            loss = loss + sum(hi * hi for hi in h)
        return loss

    rng = np.random.default_rng(0)
    return f, {
        "h": rng.normal(size=hidden).tolist(),
        "w": rng.normal(size=(hidden, hidden)).tolist(),
        "u": rng.normal(size=(hidden, inputs)).tolist(),
        "b": rng.normal(size=hidden).tolist(),
        "x": rng.normal(size=(trips, inputs)).tolist(),
    }


def lstm(trips: int, hidden: int, inputs: int) -> Example:
    def f(h: Any, c: Any, w: Any, u: Any, b: Any, xs: Any) -> Any:
        loss = 0.0
        for x in xs:
            z = [
                [
                    sum(wj * hj for wj, hj in zip(row, h, strict=True))
                    + sum(uj * xj for uj, xj in zip(other, x, strict=True))
                    + bias
                    for row, other, bias in zip(*gate, strict=True)
                ]
                for gate in zip(w, u, b, strict=True)
            ]
            forget, enter, leave = [list(map(sigmoid, each)) for each in z[:3]]
            new = list(map(tanh, z[3]))
            c = [f * c + i * g for f, c, i, g in zip(forget, c, enter, new, strict=True)]
            h = [o * tanh(c) for o, c in zip(leave, c, strict=True)]
            loss = loss + (h[0] - h[1]) ** 2
        return loss

    rng = np.random.default_rng(0)
    return f, {
        "h": rng.normal(size=hidden).tolist(),
        "c": rng.normal(size=hidden).tolist(),
        "w": rng.normal(size=(4, hidden, hidden)).tolist(),
        "u": rng.normal(size=(4, hidden, inputs)).tolist(),
        "b": rng.normal(size=(4, hidden)).tolist(),
        "x": rng.normal(size=(trips, inputs)).tolist(),
    }


def characters(trips: int, hidden: int, letters: int) -> Example:
    """An RNN that looks up the row of each letter: a moving operand that is not even."""
    rng = np.random.default_rng(1)
    text = rng.integers(0, letters, trips).tolist()

    def f(rows: Any, w: Any) -> Any:
        h: list[Any] = [0.0] * hidden
        loss = 0.0
        for letter in text:
            z = [sum(wj * hj for wj, hj in zip(row, h, strict=True)) for row in w]
            h = [tanh(x + zi) for x, zi in zip(rows[letter], z, strict=True)]
            loss = loss + h[0] * h[1]
        return loss

    return f, {
        "rows": rng.normal(size=(letters, hidden)).tolist(),
        "w": rng.normal(size=(hidden, hidden)).tolist(),
    }


def newton(trips: int, inner: int) -> Example:
    """An implicit step in each trip, solved by a loop."""

    def f(a: Any, x: Any, dt: Any) -> Any:
        for _ in range(trips):
            y = x
            for _ in range(inner):
                y = y - (y * y * y + y - x) / (3.0 * y * y + 1.0)
            x = x + dt * (sin(y) + a)
        return x * x

    return f, {"a": 0.3, "x": 1.0, "dt": 0.1}


def runge_kutta(trips: int) -> Example:
    """A trajectory of which all points are looked at afterwards."""

    def f(x: Any, v: Any, k: Any, dt: Any) -> Any:
        def slope(x: Any, v: Any) -> tuple[Any, Any]:
            return v, -k * sin(x)

        points = []
        for _ in range(trips):
            a1, b1 = slope(x, v)
            a2, b2 = slope(x + 0.5 * dt * a1, v + 0.5 * dt * b1)
            a3, b3 = slope(x + 0.5 * dt * a2, v + 0.5 * dt * b2)
            a4, b4 = slope(x + dt * a3, v + dt * b3)
            x = x + dt / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
            v = v + dt / 6.0 * (b1 + 2.0 * b2 + 2.0 * b3 + b4)
            points.append(x)
        return sum((x - 0.5) ** 2 for x in points)

    return f, {"x": 1.0, "v": 0.0, "k": 2.0, "dt": 0.05}


def horner(count: int) -> Example:
    def f(x: Any, c: Any) -> Any:
        result = c[0]
        for each in c[1:]:
            result = result * x + each
        return result

    return f, {"x": 0.9, "c": np.linspace(-1.0, 1.0, count).tolist()}


def two_back(trips: int) -> Example:
    """What was computed two trips ago is carried too."""

    def f(a: Any, b: Any, w: Any) -> Any:
        for _ in range(trips):
            a, b = b, sin(w * a + b)
        return b

    return f, {"a": 0.1, "b": 0.3, "w": 0.7}


def samples(count: int, trips: int) -> Example:
    """A loop for each of some samples, one after the other."""

    def f(w: Any, xs: Any) -> Any:
        result = 0.0
        for each in xs:
            x = each
            for _ in range(trips):
                x = tanh(w * x) + 0.1
            result = result + x * x
        return result

    return f, {"w": 1.1, "x": np.linspace(-1.0, 1.0, count).tolist()}


def gated(trips: int) -> Example:
    """The other branch would be infinite where it is not taken: log(0)."""

    def f(x: Any, w: Any) -> Any:
        for _ in range(trips):
            y = autograd.relu(sin(3.0 * x))
            x = w * x + autograd.where(y, autograd.log(y), 0.25)
        return x * w

    return f, {"x": 0.4, "w": 0.9}


EXAMPLES: dict[str, Example] = {
    "pendulum": pendulum(50),
    "rnn": rnn(20, 3, 2),
    "lstm": lstm(20, 2, 2),
    "characters": characters(30, 3, 5),
    "newton": newton(30, 10),
    "runge_kutta": runge_kutta(50),
    "horner": horner(60),
    "two_back": two_back(40),
    "samples": samples(5, 40),
    "gated": gated(40),
}

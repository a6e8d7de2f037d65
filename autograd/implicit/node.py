"""The solution of r(x, θ) = 0 as nodes that depend on θ: ∂x/∂θ = −(∂r/∂x)⁻¹ ∂r/∂θ, by a row of its own.

The partials are functions of the solution and of θ in Values, so they have derivatives in their turn: where x is met in
them it is the same node. Each vector-Jacobian product is one linear solve with the transposed Jacobian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from autograd.graph import number_of
from autograd.implicit.linear import inner, solve
from autograd.implicit.newton import newton
from autograd.implicit.residual import Residual
from autograd.primitive import Primitive
from autograd.recording import under
from autograd.structure import key_of_shape
from autograd.value import Value

CORRECTIONS = 16  # of 15 digits each, where a check replays with more digits


class Solution:
    """The numbers of x for given numbers of θ, and the rows of the entries of x."""

    def __init__(self, residual: Residual, x: Sequence[float]) -> None:
        self.residual = residual
        self.here = list(map(number_of, residual.outer)), list(x)
        self.rows = [
            Primitive("root", "root", partial(self._number, i), (), partial(self._partials, i), (), (), "root", None)
            for i in range(len(x))
        ]
        self.nodes: list[Any] = []
        self.known: dict[tuple[float, ...], list[list[float]]] = {}

    def as_nodes(self) -> list[Any]:
        """x as Values that depend on θ."""
        self.nodes = [row(*self.residual.outer) for row in self.rows]
        return self.nodes

    def _numbers(self, outer: Sequence[float]) -> list[float]:
        """x at other numbers of θ: from the known solution by Newton's method."""
        known, x = self.here
        if list(outer) != known:
            f = self.residual.moved(outer)
            x, _ = newton(f, key_of_shape((len(x),)), x)
            self.here = list(outer), x
        return x

    def _number(self, i: int, *outer: Any) -> Any:
        if all(type(x) is float for x in outer):
            return self._numbers(outer)[i]
        return self._refined(outer)[i]

    def _refined(self, outer: Sequence[Any]) -> list[Any]:
        """x with more digits, for a check: each correction by the known Jacobian adds the digits of a float."""
        known, start = self.here
        _, matrix = self._evaluated(known, start)
        f, x = self.residual.moved(outer), list[Any](start)
        for _ in range(CORRECTIONS):
            residual = f(x)
            inverse = [[float(i == j) for i in range(len(x))] for j in range(len(x))]
            steps = [inner(column, residual) for column in zip(*solve(matrix, inverse), strict=True)]
            x = [a - step for a, step in zip(x, steps, strict=True)]
        return x

    def _evaluated(self, outer: Sequence[float], x: Sequence[float]) -> tuple[list[float], list[list[float]]]:
        there = Residual(self.residual.moved(outer), key_of_shape((len(x),)), x)
        return there.numbers, there.jacobian()

    def _partials(self, i: int, out: Any, *outer: Any) -> list[Any]:
        """∂xᵢ/∂θ = −λ ∂r/∂θ with λ ∂r/∂x = eᵢ."""
        if all(type(x) is float for x in outer):
            return self._known_partials(outer)[i]
        if not all(type(x) is float or isinstance(x, Value) for x in outer):
            raise TypeError("the derivative of a root is known for numbers and Values; inside taylor, use grad outside")
        xs = self._siblings(i, out, outer)
        by_x, by_outer = self.residual.at(xs, [x if isinstance(x, Value) else Value(x) for x in outer])
        return _implicit(by_x, by_outer, [i])[0]

    def _known_partials(self, outer: tuple[float, ...]) -> list[list[float]]:
        """Those in floats, of all entries of x at once."""
        if outer not in self.known:
            xs, thetas = [Value(x) for x in self._numbers(outer)], [Value(x) for x in outer]
            matrices = under(_on, lambda: self.residual.at(xs, thetas))
            by_x, by_outer = [[list(map(number_of, row)) for row in matrix] for matrix in matrices]
            self.known = {outer: _implicit(by_x, by_outer, range(len(xs)))}
        return self.known[outer]

    def _siblings(self, i: int, out: Any, outer: Sequence[Any]) -> list[Value]:
        """All entries of x, of which one is known."""
        if any(out is each for each in self.nodes):
            return self.nodes
        return [out if j == i else row(*outer) for j, row in enumerate(self.rows)]


def _implicit(by_x: Sequence[Any], by_outer: Sequence[Any], wanted: Sequence[int]) -> list[list[Any]]:
    """The rows `wanted` of −(∂r/∂x)⁻¹ ∂r/∂θ, each by a linear solve with the transposed Jacobian."""
    units = [[float(i == j) for j in range(len(by_x))] for i in wanted]
    weights = solve(list(zip(*by_x, strict=True)), units)
    return [[-inner(row, column) for column in zip(*by_outer, strict=True)] for row in weights]


def _on(now: Any) -> Any:
    return replace(now, off=False)

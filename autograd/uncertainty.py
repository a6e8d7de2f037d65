"""Propagation of uncertainty through a function, by its exact derivatives (JCGM 100:2008, the GUM)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

from autograd import functional
from autograd.graph import number_of
from autograd.numerics import total
from autograd.series.taylor import taylor
from autograd.structure import Key, key_of, leaves_of, rebuild
from autograd.value import Value, as_float

Matrix = list[list[float]]
Function = Callable[[Any], Any]
ROUNDING = 1e-12  # of a covariance: asymmetry, and negative variances, relative to the variances


@dataclass(frozen=True)
class Propagated:
    """A result with its uncertainty.

    value          the estimate, in the structure of f's result; of order 2, with the mean of the curvature
    covariance     of the numbers of the result, a matrix in their order
    sensitivities  ∂fᵢ/∂xⱼ, a row for each number of the result

    >>> result = propagate(lambda v: v["U"] / v["I"], {"U": 5.0, "I": 0.5}, [[0.01, 0.0], [0.0, 0.0]])
    >>> result.value, result.sensitivities
    (10.0, [[2.0, -20.0]])
    """

    value: Any
    covariance: Matrix
    sensitivities: Matrix

    @property
    def uncertainty(self) -> Any:
        """The standard uncertainty √covarianceᵢᵢ of each number, in the structure of the result.

        >>> propagate(lambda x: 3.0 * x, 2.0, 0.25).uncertainty
        1.5
        """
        found = [sqrt(max(row[i], 0.0)) for i, row in enumerate(self.covariance)]
        return rebuild(key_of(self.value), iter(found))


def propagate(f: Function, x: Any, covariance: Any, order: int = 1) -> Propagated:
    """The value of f at an uncertain x, and its covariance: C_f = J C Jᵀ, and with order 2 the next terms.

    f           a function of a number or a structure of numbers, whose result is one, too
    x           the estimate of its argument
    covariance  C, of the n numbers of x in their order: a matrix n × n; a number, the variance, for n = 1
    order       1 for the law of propagation (JCGM 100, 5.1 and 5.2), or 2 for a normal distribution up to C²

    With order 2, for gradients g, Hessians H and tᵢ = ∂ tr(H C)/∂xᵢ, the mean gains ½ tr(H C), and the covariance of
    two numbers ½ tr(Hₐ C H_b C) + ½ (gₐᵀ C t_b + g_bᵀ C tₐ): for one number and a diagonal C, the note in 5.1.2.

    >>> result = propagate(lambda x: x[0] * x[1], [2.0, 3.0], [[0.01, 0.0], [0.0, 0.04]])
    >>> result.value, result.covariance
    (6.0, [[0.25]])
    >>> propagate(lambda x: x * x, 1.0, 0.25, order=2).value  # E x² = 1 + 0.25
    1.25

    ValueError for a covariance of another size, or that is not symmetric or not positive semidefinite, and for another
    order; TypeError where x or the result is not made of numbers.
    """
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, got {order!r}")
    key, at = key_of(x), [number_of(each) if isinstance(each, Value) else as_float(each) for each in leaves_of(x)]
    matrix = _checked(covariance, len(at))
    factor = _factor(matrix)
    values = leaves_of(result := f(rebuild(key, iter(at))))
    numbers = [number_of(each) if isinstance(each, Value) else as_float(each) for each in values]
    flat = _flat(f, key)
    rows = [list(map(_float, row)) for row in functional.jacobian(flat)(at)]
    spread = [[_dot(row, column) for column in matrix] for row in rows]
    found = [[_dot(a, b) for b in rows] for a in spread]
    if order == 2:
        spread = [[_dot(row, column) for column in factor] for row in rows]  # J L with C = L Lᵀ
        numbers, found = _second(flat, at, factor, spread, numbers, found)
    return Propagated(rebuild(key_of(result), iter(numbers)), found, rows)


def _second(
    f: Function, at: list[float], factor: Matrix, spread: Matrix, numbers: Sequence[float], first: Matrix
) -> tuple[list[float], Matrix]:
    """The means and the covariance with their terms of order C²; columns of `factor` are the directions of C."""
    curved, along = [], []
    for i in range(len(numbers)):
        hessian = [list(map(_float, row)) for row in functional.hessian(lambda xs, i=i: f(xs)[i])(at)]
        products = [[_dot(row, column) for row in hessian] for column in factor]
        curved.append([[_dot(p, column) for column in factor] for p in products])  # Lᵀ H L
        slope = list(map(_float, functional.grad(lambda xs, i=i: _laplacian(f, i, xs, factor))(at)))
        along.append([_dot(slope, column) for column in factor])  # Lᵀ t
    means = [y + 0.5 * total(*[m[k][k] for k in range(len(factor))]) for y, m in zip(numbers, curved, strict=True)]
    n = range(len(numbers))
    second = [
        [
            0.5 * total(*map(_dot, curved[a], curved[b]))
            + 0.5 * (_dot(spread[a], along[b]) + _dot(spread[b], along[a]))
            for b in n
        ]
        for a in n
    ]
    return means, [[first[a][b] + second[a][b] for b in n] for a in n]


def _laplacian(f: Function, i: int, xs: Sequence[Any], factor: Matrix) -> Any:
    """tr(H C) of one number: the second derivatives along the columns of L."""
    found: Any = 0.0
    for column in factor:
        found = found + 2.0 * taylor(f, list(xs), column, 2)[2][i]
    return found


def _flat(f: Function, key: Key) -> Function:
    return lambda xs: leaves_of(f(rebuild(key, iter(xs))))


def _float(x: Any) -> float:
    return number_of(x)


def _dot(xs: Sequence[float], ys: Sequence[float]) -> float:
    found = 0.0
    for x, y in zip(xs, ys, strict=True):
        found += x * y
    return found


def _checked(covariance: Any, n: int) -> Matrix:
    """The covariance as lists, if it is a symmetric matrix n × n of finite numbers."""
    given = covariance.tolist() if hasattr(covariance, "tolist") else covariance
    if n == 1 and not isinstance(given, list | tuple):
        given = [[given]]
    if (
        not isinstance(given, list | tuple)
        or [len(row) if isinstance(row, list | tuple) else 0 for row in given] != [n] * n
    ):
        raise ValueError(f"the covariance must be a matrix {n} × {n}, as x holds {n} number(s), got {covariance!r}")
    rows = [list(map(as_float, row)) for row in given]
    for i, row in enumerate(rows):
        for j, c in enumerate(row):
            scale = sqrt(abs(row[i])) * sqrt(abs(rows[j][j]))
            if not isfinite(c) or abs(c - rows[j][i]) > ROUNDING * scale or abs(c) > (1.0 + ROUNDING) * scale:
                raise ValueError(
                    f"covariance[{i}][{j}] = {c!r} does not fit: [{j}][{i}] is {rows[j][i]!r}, and the variances are "
                    f"{row[i]!r} and {rows[j][j]!r}"
                )
    return rows


def _factor(rows: Matrix) -> Matrix:
    """The columns of L with L Lᵀ = C, without those that are 0; ValueError where C has a negative eigenvalue."""
    n, rest, columns = len(rows), [row.copy() for row in rows], []
    for k in range(n):
        pivot, variance = rest[k][k], rows[k][k]
        if pivot < -n * ROUNDING * variance or variance < 0.0:
            raise ValueError(f"the covariance is not positive semidefinite: its pivot {k} is {pivot!r}")
        if pivot <= n * ROUNDING * variance:
            if any(
                abs(rest[i][k]) > n * sqrt(ROUNDING * abs(variance)) * sqrt(abs(rows[i][i])) for i in range(k + 1, n)
            ):
                raise ValueError(f"the covariance is not positive semidefinite: its pivot {k} is {pivot!r}")
            continue
        column = [rest[i][k] / sqrt(pivot) if i >= k else 0.0 for i in range(n)]
        columns.append(column)
        for i in range(k, n):
            for j in range(k, n):
                rest[i][j] -= column[i] * column[j]
    return columns

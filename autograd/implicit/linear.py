"""Linear systems of numbers or Values, by elimination with pivots that are chosen by the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.errors import RootError
from autograd.graph import number_of

ROUNDING = 2.0**-52


def solve(matrix: Sequence[Sequence[Any]], columns: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The solutions x of `matrix` x = column for each of `columns`.

    >>> solve([[2.0, 1.0], [0.0, 4.0]], [[4.0, 8.0]])
    [[1.0, 2.0]]

    RootError where a pivot is no more than the rounding of its row: the matrix is singular.
    """
    n = len(matrix)
    rows = [[*row, *[column[i] for column in columns]] for i, row in enumerate(matrix)]
    sizes = [max([abs(number_of(x)) for x in row], default=0.0) for row in matrix]
    for k in range(n):
        best = max(range(k, n), key=lambda i: abs(number_of(rows[i][k])) / (sizes[i] or 1.0))
        pivot = abs(number_of(rows[best][k]))
        if not pivot > n * ROUNDING * sizes[best] * (n > 1):  # also nan
            raise RootError(f"the matrix {_shown(matrix)} is singular: pivot {k} is {number_of(rows[best][k])!r}")
        rows[k], rows[best] = rows[best], rows[k]
        sizes[k], sizes[best] = sizes[best], sizes[k]
        for i in range(k + 1, n):
            if not _is_zero(rows[i][k]):
                _subtract(rows[i], rows[k], rows[i][k] / rows[k][k], k)
    return [_substituted(rows, n + each, n) for each in range(len(columns))]


def _subtract(row: list[Any], pivot: Sequence[Any], factor: Any, begin: int) -> None:
    for j in range(begin + 1, len(row)):
        if not _is_zero(pivot[j]):
            row[j] = row[j] - factor * pivot[j]


def _substituted(rows: Sequence[Sequence[Any]], column: int, n: int) -> list[Any]:
    found: list[Any] = [0.0] * n
    for i in reversed(range(n)):
        rest = rows[i][column]
        for j in range(i + 1, n):
            if not (_is_zero(rows[i][j]) or _is_zero(found[j])):
                rest = rest - rows[i][j] * found[j]
        found[i] = rest / rows[i][i]
    return found


def _is_zero(x: Any) -> bool:
    return type(x) is float and x == 0.0


def _shown(matrix: Sequence[Sequence[Any]]) -> str:
    if len(matrix) > 3:
        return f"({len(matrix)} × {len(matrix)})"
    return repr([list(map(number_of, row)) for row in matrix])


def inner(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """Σ xᵢ yᵢ, from left to right."""
    found: Any = 0.0
    for x, y in zip(xs, ys, strict=True):
        found = found + x * y
    return found


def condition(matrix: Sequence[Sequence[float]]) -> float:
    """κ∞ = ‖A‖ ‖A⁻¹‖: by how much relative errors of the right-hand side may grow, at most.

    >>> condition([[1.0, 0.0], [0.0, 0.5]])
    2.0
    """
    n = len(matrix)
    inverse = solve(matrix, [[float(i == j) for i in range(n)] for j in range(n)])
    norm = max([sum(map(abs, row)) for row in matrix], default=1.0)
    return norm * max([sum([abs(column[i]) for column in inverse]) for i in range(n)], default=1.0)

"""Lanes as views: an offset and a stride for each axis, where they are that regular."""

from __future__ import annotations

from collections.abc import Sequence

from autograd._numpy import np
from autograd.compiler.vector.steps import Lanes

Shape = tuple[int, ...]


def strides(lanes: Lanes) -> Shape | None:
    """The step in lanes along each axis, if there is one: lanes = first + Σ index · stride; 0 along axes of length 1.

    >>> strides(np.array([[5, 7, 9], [6, 8, 10]])), strides(np.array([1, 2, 4]))
    ((1, 2), None)
    """
    if lanes.size <= 1:
        return (0,) * lanes.ndim
    first = int(lanes.flat[0])
    result = []
    expected = np.full(lanes.shape, first)
    for axis, length in enumerate(lanes.shape):
        step = 0
        if length > 1:
            index = tuple(1 if i == axis else 0 for i in range(lanes.ndim))
            step = int(lanes[index]) - first
            shape = tuple(length if i == axis else 1 for i in range(lanes.ndim))
            expected = expected + step * np.arange(length).reshape(shape)
        result.append(step)
    return tuple(result) if np.array_equal(expected, lanes) else None


def factored(columns: Sequence[Lanes]) -> Shape:
    """A shape of all the columns of lanes (n,) in which as many as possible are views: (n,), or (r, c) and so on.

    >>> factored([np.array([0, 0, 1, 1, 2, 2]), np.array([7, 8, 7, 8, 7, 8])])
    (3, 2)
    """
    n = len(columns[0])
    if n == 1:
        return (1,)
    periods = sorted({period for column in columns if (period := _period(column)) < n})
    for inner in periods:
        if n % inner == 0 and all(_regular(column, inner) for column in columns):
            return (*factored([column[::inner] for column in columns]), inner)
    return (n,)


def _period(column: Lanes) -> int:
    """How far the first run of equal steps goes."""
    steps = np.diff(column)
    changes = np.flatnonzero(steps != steps[:1])
    return len(column) if not changes.size else int(changes[0]) + 1


def _regular(column: Lanes, inner: int) -> bool:
    """Whether all pieces of that length have the same equal steps."""
    steps = np.diff(column.reshape(-1, inner), axis=1)
    return bool((steps == steps[:1, :1]).all())

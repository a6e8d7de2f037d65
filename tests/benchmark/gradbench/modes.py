"""A gradient in either mode, for the evals that ask for all pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.functional import grad, jvp

Function = Callable[[list[Any]], Any]


def forward(f: Function) -> Callable[[Sequence[Any]], list[Any]]:
    """The gradient of f of a list: one push along each axis."""

    def slopes(x: Sequence[Any]) -> list[Any]:
        axes = [[float(i == j) for j in range(len(x))] for i in range(len(x))]
        return [jvp(f, (list(x),), (axis,))[1] for axis in axes]

    return slopes


def reverse(f: Function) -> Callable[[Sequence[Any]], list[Any]]:
    """The gradient of f of a list: one backward pass."""
    return lambda x: list(grad(f)(list(x)))


GRADIENTS = {"f": forward, "r": reverse}

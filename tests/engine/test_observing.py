"""Warnings where a number leaves the graph while a derivative is being taken: rows A1 and A12."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, functional


def derivative(f: Callable[..., Any], how: str = "grad") -> Any:
    """Of f at 0.5, by one of the functionals."""
    if how in ("jvp", "hvp"):
        return getattr(functional, how)(f, (0.5,), (1.0,))
    return getattr(functional, how)(f)(0.5)


LEAVING: dict[str, tuple[Callable[[Any], Any], str]] = {
    "alone": (lambda x: math.exp(x), r"`math\.exp\(x\)` makes a number .*; use autograd\.exp, which records"),  # noqa: PLW0108
    "factor": (lambda x: x * math.exp(x), r"use autograd\.exp"),
    "sum": (lambda x: x * math.fsum([x, x]), r"use autograd\.total"),
    "mean": (lambda x: x * statistics.fmean([x, x]), r"use autograd\.mean"),
    "float": (lambda x: x * float(x) ** 2, r"`float\(x\)` makes a number .*; compute with the Value itself"),
    "array": (lambda x: x * np.array([x, x], dtype=float)[0], "make the array with dtype=object"),
    "asarray": (lambda x: x * np.asarray(x, dtype=float), "make the array with dtype=object"),
    "computed": (lambda x: x * math.log10(x * x + 1.0), r"use autograd\.log10"),
}


@pytest.mark.parametrize("how", ["grad", "value_and_grad", "jacobian", "hessian", "jvp", "hvp"])
@pytest.mark.parametrize("kind", LEAVING)
def test_a_number_that_leaves_is_reported_with_line_and_remedy(kind: str, how: str) -> None:
    f, words = LEAVING[kind]
    with pytest.warns(RuntimeWarning, match=words) as caught:
        derivative(f, how)
    assert {(each.filename, each.lineno) for each in caught} == {(__file__, f.__code__.co_firstlineno)}


def test_once_a_line() -> None:
    def f(x: Any) -> Any:
        for _ in range(3):
            x = x * float(x)
        return x + math.sin(x)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            derivative(f)
    lines = [each.lineno - f.__code__.co_firstlineno for each in caught]
    assert lines == [2, 3]


W = Value(2.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * float(W),  # closed over: no derivative by it is taken
        lambda x: x * math.exp(0.5),
        lambda x: x * float(Value(3.0)),
        lambda x: x if x > 0.25 else -x,
        lambda x: autograd.where(x > 0.25, x, -x),
        lambda x: x * len(f"{x:.2f} {x!r}"),
        lambda x: np.exp(np.array([x, x]))[0] * np.float64(2.0),
        lambda x: sum([x, x]) + max(x, 0.25) + min([x, 1.0]) + abs(x) + round(x, 1),
        lambda x: functional.grad(lambda y: y * y * x)(x),
        lambda x: autograd.pick([x, 2.0 * x], 1) + autograd.std([x, 2.0 * x]),
    ],
)
@pytest.mark.parametrize("how", ["grad", "hessian", "jvp"])
def test_what_is_right_does_not_warn(f: Callable[[Any], Any], how: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        derivative(f, how)


def test_outside_of_a_derivative_a_float_is_a_float() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.exp(Value(0.0)) == 1.0
        assert float(functional.grad(lambda x: x * x)(W)) == 4.0


def test_a_number_of_an_outer_derivative_is_noticed_in_an_inner_one() -> None:
    def f(x: Any) -> Any:
        return functional.grad(lambda y: y * y * math.exp(x))(x)

    with pytest.warns(RuntimeWarning, match=r"autograd\.exp"):
        derivative(f)

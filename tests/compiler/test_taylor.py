"""Taylor coefficients of compiled functions: those of eager code, by every back end."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd import CompileError, Value, functional
from autograd.functional import taylor
from tests.support.graphs import Graph, graphs

BACK_ENDS = ["python", "numpy", "llvm"]
GENTLE = ("add", "sub", "mul", "neg", "sin", "tanh", "sigmoid", "total", "dot", "logsumexp", "where", "maximum", "relu")


def mixed(x: Any) -> Any:
    """A kink, a choice, a power and a quotient."""
    return ag.tanh(x * x) / (1.0 + ag.exp(-x)) + ag.where(x > 0.5, x**2.5, x) + ag.relu(x - 0.1)


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("x", [0.7, 0.3])
def test_all_back_ends_agree_with_eager_code(backend: Any, x: float) -> None:
    got = ag.compile(mixed, backend=backend).taylor((x,), (1.0,), 6)
    assert got == pytest.approx(taylor(mixed, x, 1.0, 6), rel=1e-12)


@given(graph=graphs(GENTLE, max_lines=6))
def test_exact_programs_have_the_bits_of_eager_code(graph: Graph) -> None:
    def f(*xs: Any) -> Any:
        return graph(*xs)

    x = list(graph.inputs)
    v = [1.0, -0.5, 0.25][: len(x)]
    compiled = ag.compile(f, backend="python", exact=True)
    assert compiled.taylor(x, v, 4) == pytest.approx(taylor(lambda xs: f(*xs), x, v, 4), rel=0.0, abs=0.0, nan_ok=True)


@pytest.mark.parametrize(("backend", "order"), [*itertools.product(BACK_ENDS, (0, 1))])
def test_low_orders_are_the_value_and_jvp(backend: Any, order: int) -> None:
    got = ag.compile(mixed, backend=backend).taylor((0.7,), (2.0,), order)
    assert got == pytest.approx(functional.jvp(mixed, (0.7,), (2.0,))[: order + 1], rel=1e-14)


def test_structures_and_arrays_are_kept() -> None:
    f = ag.compile(lambda p, y: {"a": [e * y for e in p["w"]], "b": p["w"][0]})
    got = f.taylor(({"w": np.array([1.0, 2.0])}, 3.0), ({"w": np.array([1.0, 0.0])}, 1.0), 2)
    wanted: list[tuple[list[float], float]] = [([3.0, 6.0], 1.0), ([4.0, 2.0], 1.0), ([1.0, 0.0], 0.0)]
    assert [(each["a"].tolist(), each["b"]) for each in got] == wanted


def test_with_a_batch_coefficients_are_means() -> None:
    f = ag.compile(lambda x: ag.where(x > 0.0, x * x, -x), batch=("x",))
    singly = [taylor(lambda x: ag.where(x > 0.0, x * x, -x), x, v, 2) for x, v in ((2.0, 1.0), (-3.0, 0.5))]
    assert f.taylor(([2.0, -3.0],), ([1.0, 0.5],), 2) == [(a + b) / 2.0 for a, b in zip(*singly, strict=True)]


def test_exact_samples_run_one_by_one() -> None:
    choose = ag.compile(lambda xs, i: ag.pick(xs, i) ** 2, batch=("xs", "i"), exact=True)
    got = choose.taylor(([[1.0, 2.0], [3.0, 4.0]], [0, 1]), ([[1.0, 0.0], [0.0, 1.0]], [0, 0]), 2)
    assert got == [(1.0 + 16.0) / 2.0, (2.0 + 8.0) / 2.0, 1.0]


def test_by_arguments_parameters_are_constants_that_are_read_at_each_call() -> None:
    w = Value(2.0)
    f = ag.compile(lambda x: w * x * x, parameters=[w])
    assert f.taylor((3.0,), (1.0,), 2, argnums=0) == functional.taylor(f, 3.0, 1.0, 2) == [18.0, 12.0, 2.0]
    w.data = 1.0
    assert f.taylor((3.0,), (1.0,), 2, argnums=(0,)) == [9.0, 6.0, 1.0]
    assert f.taylor((3.0,), [2.0], 2) == [9.0, 18.0, 0.0]


def test_a_branch_is_recorded_again() -> None:
    f = ag.compile(lambda x: x * x if x > 1.0 else x)
    assert f.taylor((2.0,), (1.0,), 2) == [4.0, 4.0, 1.0]
    assert f.taylor((0.5,), (1.0,), 2) == [0.5, 1.0, 0.0]


def test_functional_takes_compiled_functions_and_compile_takes_functional() -> None:
    eager = taylor(mixed, 0.7, 1.0, 5)
    assert taylor(ag.compile(mixed), 0.7, 1.0, 5) == pytest.approx(eager, rel=1e-12)
    assert functional.derivatives(ag.compile(ag.sin), 0.0, 3) == [0.0, 1.0, 0.0, -1.0]
    inside = ag.compile(lambda x: taylor(mixed, x, 1.0, 5))
    assert inside(0.7) == pytest.approx(eager, rel=1e-12)


def test_it_is_pickled_with_its_programs() -> None:
    f = ag.compile(lambda x: ag.exp(x) * x)
    wanted = f.taylor((0.5,), (1.0,), 3)
    assert pickle.loads(pickle.dumps(f)).taylor((0.5,), (1.0,), 3) == wanted


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: f.taylor((1.0,), (1.0,), -1), ValueError, "non-negative integer, got -1"),
        (lambda f: f.taylor((1.0,), ([1.0],), 1), CompileError, "structure of its argument"),
        (lambda f: f.taylor((1.0,), (), 1), TypeError, "one tangent for each of 1 argument"),
    ],
)
def test_errors_say_what_was_given(call: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(ag.compile(lambda x: x * x))

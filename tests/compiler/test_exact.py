"""`exact=True` over a batch (row F14): samples have eager's bits, whichever branches they take, and so has the mean."""

from __future__ import annotations

import math
import pickle
import random
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
import nn
from autograd import PRIMITIVES, CompileError, Value, pick, where
from tests.support.examples import examples

pytestmark = pytest.mark.slow

exactly = pytest.mark.parametrize("backend", ["python", "llvm"])
AWKWARD = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e308, 5e-324]
UNARY = [autograd.relu, autograd.tanh, autograd.square, autograd.exp, autograd.log, autograd.sqrt, lambda v: -v]
BINARY = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    PRIMITIVES["div"],
    autograd.maximum,
    autograd.minimum,
]


def bits(numbers: Any) -> list[bytes]:
    """Equal exactly for equal floats; all nan are one."""
    return [struct.pack("d", math.nan if x != x else x) for x in np.ravel(numbers).tolist()]


def mean(rows: Sequence[Sequence[float]]) -> list[float]:
    """Decision 21: the sum from left to right, starting at 0, divided by the number of samples."""
    return [autograd.total(list(column)) / len(rows) for column in zip(*rows, strict=True)]


def eager(f: Callable[..., Any], parameters: Sequence[Value], samples: Sequence[Any]) -> list[float]:
    """The means of value and gradient, sample after sample."""
    rows = []
    for sample in samples:
        loss = f(*sample)
        slopes = autograd.grad(loss, parameters) if isinstance(loss, Value) else [Value(0.0)] * len(parameters)
        rows.append([float(loss), *[slope.data for slope in slopes]])
    return mean(rows)


def program(seed: int, size: int) -> Callable[..., Any]:
    """f(w, x, k) of three weights, two numbers and an index below 3, with a choice in every third line."""

    def f(w: Sequence[Any], x: Sequence[Any], k: Any) -> Any:
        rng = random.Random(seed)
        known = [*w, *x]
        for _ in range(size):
            a, b, c = rng.choice(known), rng.choice(known), rng.choice(known)
            kind = rng.randrange(6)
            if kind == 0:
                known.append(where(a > b, b, c))
            elif kind == 1:
                known.append(pick([a, b, c], k))
            elif kind == 2:
                known.append(where(a, b * c, rng.choice(UNARY)(b)))  # the condition may depend on w
            elif kind == 3:
                known.append(rng.choice(UNARY)(a))
            else:
                known.append(rng.choice(BINARY)(a, b))
        return autograd.total(known)

    return f


def weights() -> list[Value]:
    return [Value(0.7), Value(-1.3), Value(0.1)]


ordinary = st.floats(-2.0, 2.0)
numbers = ordinary | st.sampled_from(AWKWARD)


@exactly
@examples(35)
@given(st.integers(0, 10**6), st.integers(1, 14), st.data())
def test_random_programs_that_choose(backend: str, seed: int, size: int, data: st.DataObject) -> None:
    f, w = program(seed, size), weights()
    samples = data.draw(st.lists(st.tuples(st.tuples(numbers, numbers), st.integers(0, 2)), min_size=1, max_size=5))
    X, K = [x for x, _ in samples], [k for _, k in samples]
    fast = autograd.compile(lambda x, k: f(w, x, k), parameters=w, batch=("x", "k"), exact=True, backend=backend)
    expected = eager(lambda x, k: f(w, x, k), w, samples)
    value, gradient = fast(X, K)
    assert bits([value, *gradient]) == bits(expected)
    assert bits(fast.value(X, K)) == bits(expected[0])
    assert bits(fast.map(X, K)) == bits([float(f(w, x, k)) for x, k in samples])
    w[0].data = -0.4
    value, gradient = fast.flat([-0.4, -1.3, 0.1], X[::-1], K[::-1])
    assert bits([value, *gradient]) == bits(eager(lambda x, k: f(w, x, k), w, samples[::-1]))


@exactly
@examples(25)
@given(st.integers(0, 10**6), st.integers(1, 8), st.data())
def test_gradients_by_arguments(backend: str, seed: int, size: int, data: st.DataObject) -> None:
    f = program(seed, size)
    rows = data.draw(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=4))
    fast = autograd.compile(lambda w, x: f(w, x, 1), batch=("w",), exact=True, backend=backend)
    value, (by_w, by_x) = fast.value_and_grad(rows, [0.5, -0.25])
    expected = []
    for row in rows:
        w, x = list(map(Value, row)), [Value(0.5), Value(-0.25)]
        y = f(w, x, 1)
        expected.append([y.data, *[slope.data for slope in autograd.grad(y, [*w, *x])]])
    assert bits([value, *by_w, *by_x]) == bits(mean(expected))


@exactly
@examples(30)
@given(st.integers(0, 10**6), st.integers(1, 6), st.data())
def test_hessians(backend: str, seed: int, size: int, data: st.DataObject) -> None:
    f, w = program(seed, size), weights()
    samples = data.draw(st.lists(st.tuples(st.tuples(ordinary, ordinary), st.integers(0, 2)), min_size=1, max_size=3))
    fast = autograd.compile(lambda x, k: f(w, x, k), parameters=w, batch=("x", "k"), exact=True, backend=backend)
    rows = [
        np.ravel(autograd.functional.hessian(lambda ws, x=x, k=k: f(ws, x, k))([each.data for each in w]))
        for x, k in samples
    ]
    assert bits(fast.hessian([x for x, _ in samples], [k for _, k in samples])) == bits(mean(rows))


@exactly
@examples(35)
@given(st.integers(0, 10**6), st.integers(1, 10), st.lists(st.tuples(numbers, st.integers(0, 2)), min_size=1))
@example(0, 3, [(1.0, 0), (1.0, 2), (1.0, 1)])
def test_an_index_without_a_batch(backend: str, seed: int, size: int, calls: list[tuple[float, int]]) -> None:
    f, w = program(seed, size), weights()
    fast = autograd.compile(lambda x, k: f(w, [x, 0.5], k), parameters=w, exact=True, backend=backend)
    for x, k in calls:
        value, gradient = fast(x, k)
        assert bits([value, *gradient]) == bits(eager(f, w, [(w, [x, 0.5], k)]))


@exactly
def test_an_infinity_of_the_branch_not_taken_stays_out(backend: str) -> None:
    fast = autograd.compile(
        lambda y: where(autograd.square(y), 1.0, autograd.square(y)), batch=("y",), exact=True, backend=backend
    )
    assert fast.value_and_grad([math.inf, 2.0]) == (1.0, 0.0)


@exactly
def test_a_zero_of_the_branch_not_taken_keeps_the_sign(backend: str) -> None:
    w = Value(-0.0)
    fast = autograd.compile(
        lambda x: where(x > 0.0, w * x, w * 5.0) * -0.0, parameters=[w], batch=("x",), exact=True, backend=backend
    )
    assert bits(fast([1.0])[1]) == bits(eager(lambda x: where(x > 0.0, w * x, w * 5.0) * -0.0, [w], [(1.0,)])[1])


@exactly
def test_classes_of_a_network(backend: str) -> None:
    model = nn.MLP(2, [4, 3], seed=3)
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(9, 2)), rng.integers(0, 3, size=9)

    def loss(x: Any, y: Any) -> Any:
        return nn.train.losses.cross_entropy(model(x), y)

    fast = autograd.compile(loss, parameters=model.parameters(), batch=("x", "y"), exact=True, backend=backend)
    value, gradient = fast(X, Y)
    samples = list(zip(X.tolist(), Y.tolist(), strict=True))
    assert bits([value, *gradient]) == bits(eager(loss, model.parameters(), samples))


def _choice(x: Any) -> Any:
    return where(x > 0.0, x * x, -3.0 * x)


def test_a_pickled_one_knows_its_programs() -> None:
    fast = autograd.compile(_choice, batch=("x",), exact=True, backend="python")
    expected = fast.value_and_grad([1.0, -1.0, 0.5])
    assert pickle.loads(pickle.dumps(fast)).value_and_grad([1.0, -1.0, 0.5]) == expected
    assert "recordings: 2" in fast.explain()


def test_an_index_that_does_not_exist_is_eagers_error() -> None:
    fast = autograd.compile(lambda xs, i: pick(xs, i) * xs[0], exact=True, backend="python")
    assert fast([2.0, 3.0], 1) == 6.0
    with pytest.raises(IndexError, match="no value 2: with 2 values"):
        fast([2.0, 3.0], 2)


def test_more_combinations_than_are_kept_are_refused_with_the_remedy() -> None:
    fast = autograd.compile(
        lambda xs: autograd.total([where(x > 0.0, x * x, x) for x in xs]), batch=("xs",), exact=True, backend="python"
    )
    rows = [[1.0 if i >> j & 1 else -1.0 for j in range(7)] for i in range(128)]
    with pytest.raises(CompileError, match=r"test_exact\.py:\d+: .*all 64 recordings.*without exact=True"):
        fast.value_and_grad(rows)


def test_a_choice_by_an_if_is_refused_as_ever() -> None:
    fast = autograd.compile(lambda x: x if x > 0.0 else where(x, x, 1.0), batch=("x",), exact=True)
    with pytest.raises(CompileError, match="differs from sample to sample"):
        fast.value_and_grad([1.0, -1.0])


@pytest.mark.parametrize("batch", [(), ("x",)])
def test_a_rule_may_ask_for_the_truth_of_a_number(batch: tuple[str, ...]) -> None:
    """`x` itself, as well as `float(x)`: a Symbol is not a number, so it has to be asked."""
    row = autograd.define(
        f"halfway_{len(batch)}", lambda x: x if x else 0.5, lambda out, x: 1.0 if x else None, formula="x, or ½"
    )
    fast = autograd.compile(lambda x: 1.0 * row(x), batch=batch, backend="python")
    one = (lambda x: [x]) if batch else (lambda x: x)
    assert [fast.value_and_grad(one(x)) for x in (2.0, 0.0, 3.0)] == [(2.0, 1.0), (0.5, 0.0), (3.0, 1.0)]

"""Derivatives inside a function that is compiled: what they walk through, and what they give."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd
from autograd import CompileError, Value, derivative, functional, grad, where
from autograd.compiler.inner import Inner
from tests.support.graphs import Graph, graphs

pytestmark = pytest.mark.slow


def descent(turns: int) -> Callable[[Any, Any], Any]:
    """Each turn takes a derivative that closes over the state, which all turns before have made."""

    def f(y: Any, w: Any) -> Any:
        for _ in range(turns):
            y = y - 0.125 * functional.grad(lambda q, y=y: w * q * q * y)(y)
        return y

    return f


def leapfrog(turns: int) -> Callable[[Any, Any], Any]:
    def f(q: Any, p: Any) -> Any:
        for _ in range(turns):
            q = q + 0.125 * functional.grad(lambda p, q=q: p * p + q * p)(p)
            p = p - 0.125 * functional.jvp(lambda q, p=p: autograd.sin(q) * p, (q,), (1.0,))[1]
        return q * p

    return f


def two_weights(turns: int) -> Callable[[Any, Any], Any]:
    def f(a: Any, b: Any) -> Any:
        for _ in range(turns):
            da, db = grad((a * b - 1.0) ** 2, [a, b])
            a, b = a - 0.125 * da, b - 0.125 * db
        return a * b

    return f


@pytest.mark.parametrize("loop", [descent, leapfrog, two_weights], ids=lambda each: each.__name__)
@pytest.mark.parametrize("batch", [(), ("x",)])
def test_c6_a_derivative_in_a_loop_visits_its_own_turn_only(
    loop: Callable[[int], Callable[..., Any]], batch: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    visited: list[int] = []
    order = Inner.order

    def counting(self: Inner, *outputs: Any) -> Sequence[Any]:
        visited.append(len(found := order(self, *outputs)))
        return found

    monkeypatch.setattr(Inner, "order", counting)
    for turns in (8, 32):
        visited.clear()
        f = loop(turns)
        fast = autograd.compile(lambda x, y, f=f: f(x, y), backend="python", batch=batch)
        assert fast([0.5] if batch else 0.5, 0.75) == pytest.approx(f(Value(0.5), Value(0.75)).data, rel=1e-12)
        own = visited[: len(visited) // (2 * turns)]  # of the first turn; the function is called twice
        # A later turn may also see what the one before computed after its own derivative.
        assert max(visited) <= 2 * max(own) + 8
        assert len(visited) == 2 * turns * len(own)


@pytest.mark.parametrize("turns", [10, 100])
def test_c6_an_eager_derivative_stops_at_its_input(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    visited: list[int] = []
    topological = derivative.topological

    def counting(*roots: Any, known: Sequence[Any] = ()) -> list[Any]:
        visited.append(len(found := topological(*roots, known=known)))
        return found

    monkeypatch.setattr(derivative, "topological", counting)
    y = Value(0.5)
    for _ in range(turns):
        y = y - 0.125 * functional.grad(lambda q: q * q)(y)
        y = y - 0.125 * grad(y * y, y)
    assert visited == [2] * (2 * turns)


@given(graph=graphs(), data=st.data())
def test_c6_inputs_may_depend_on_each_other(graph: Graph, data: st.DataObject) -> None:
    """The derivative flows through an input to another; bits and order are those of eager code."""
    count = len(graph.nodes([Value(x) for x in graph.inputs]))
    chosen = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=3, unique=True))

    def slopes(leaves: Sequence[Any]) -> list[Any]:
        nodes = graph.nodes(leaves)
        return grad(nodes[-1], [nodes[i] for i in chosen])

    expected = [each.data for each in slopes([Value(x) for x in graph.inputs])]
    found = autograd.compile(lambda *leaves: slopes(leaves), exact=True)(*graph.inputs)
    assert list(map(repr, found)) == list(map(repr, expected))


def test_c6_a_branch_that_an_older_where_dropped_is_still_guarded() -> None:
    """Which operand flows is asked of every node that may depend on the input, and of those only."""

    def f(c: Any, x: Any) -> Any:
        old = autograd.where(c, x, 2.0 * x)
        p = old * 1.0
        return grad(autograd.where(c, p, 3.0 * p) * p, p) + grad(old * p, x)

    fast = autograd.compile(f)
    for c in (1.0, 0.0, 2.0):
        assert fast(c, 5.0) == f(Value(c), Value(5.0)).data


# --- in a batch -------------------------------------------------------------------------------------------------------

XS = [0.5, -0.5, 2.0, -3.0, 0.0, -0.0]
W = Value(1.5)


def inner_grad(x: Any) -> Any:
    return functional.grad(lambda q: where(q > 0.0, q * q * W, -q * W))(x) * W


def inner_of_two_choices(x: Any) -> Any:
    return functional.grad(lambda q: where(q > 0.0, where(q > 1.0, q**3, q * q) * W, autograd.exp(q)))(x)


def inner_second(x: Any) -> Any:
    return functional.grad(functional.grad(lambda q: where(q > 0.0, q**3 * W, q * q)))(x) * x


def inner_jvp(x: Any) -> Any:
    return functional.jvp(lambda q: where(q > 0.0, q * q * W, 3.0), (x,), (2.0,))[1] * x


def inner_jacobian(x: Any) -> Any:
    (first, second), (third, _) = functional.jacobian(lambda q: [where(q[0] > q[1], *q), q[0] * q[1] * W])([x, 1.0])
    return first * W + second + third * x


def public_grad(x: Any) -> Any:
    p = x * W
    return grad(where(p > 0.0, p * p, -p), p) * W


def infinite_where_it_was_not_chosen(x: Any) -> Any:
    return functional.grad(lambda q: where(q > 0.0, autograd.log(q) + autograd.sqrt(q) * W, q * q))(x)


def zero_by_accident(x: Any) -> Any:
    """At x = 0 the adjoint of the logarithm is 0, and its derivative is not."""
    return functional.grad(lambda q: where(q > -0.75, autograd.log(q + 1.0) ** 2 * W, q))(x)


def nested_zero_by_accident(x: Any) -> Any:
    def outer(q: Any) -> Any:
        return functional.grad(lambda p: autograd.atan2(1.0, p))(autograd.exp(q)) * q

    return functional.grad(outer)(x) * W


CHOOSING = [
    inner_grad,
    inner_of_two_choices,
    inner_second,
    inner_jvp,
    inner_jacobian,
    public_grad,
    infinite_where_it_was_not_chosen,
    zero_by_accident,
    nested_zero_by_accident,
]


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
@pytest.mark.parametrize("f", CHOOSING, ids=lambda each: each.__name__)
def test_c10_the_derivative_of_an_inner_derivative(f: Callable[[Any], Any], backend: str) -> None:
    """By what the inner one is by: an adjoint that is 0 for one sample has a derivative all the same."""
    leaves = [Value(x) for x in XS]
    expected = [grad(f(x), x).data for x in leaves]
    fast = autograd.compile(f, parameters=[W], batch=("x",), backend=backend)
    # A handful of products and functions, each rounded once, of numbers up to 60.
    np.testing.assert_allclose(fast.map_grad(XS, argnums=0), expected, rtol=1e-13, atol=60.0 * 2.0**-53)


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
@pytest.mark.parametrize("f", CHOOSING, ids=lambda each: each.__name__)
def test_c10_an_inner_derivative_chooses_for_each_sample(f: Callable[[Any], Any], backend: str) -> None:
    eager = [f(Value(x)) for x in XS]
    fast = autograd.compile(f, parameters=[W], batch=("x",), backend=backend)
    # A handful of products and functions, each rounded once.
    np.testing.assert_allclose(fast.map(XS), [each.data for each in eager], rtol=1e-14)
    value, (slope,) = fast(XS)
    mean = sum(eager, Value(0.0)) / float(len(XS))
    roundings = len(XS) * 3.0 * 2.0**-53  # of sums of numbers up to 3, which may cancel
    np.testing.assert_allclose([value, slope], [mean.data, grad(mean, W).data], rtol=1e-13, atol=roundings)
    assert fast.program.guards == ()


@pytest.mark.parametrize("f", [inner_grad, inner_second, public_grad], ids=lambda each: each.__name__)
def test_c10_exact_samples_have_the_bits_of_eager_code(f: Callable[[Any], Any]) -> None:
    fast = autograd.compile(f, parameters=[W], batch=("x",), exact=True)
    assert list(map(repr, fast.map(XS).tolist())) == [repr(f(Value(x)).data) for x in XS]


@given(graph=graphs(), other=st.lists(st.sampled_from([-2.0, -0.5, 0.0, 0.25, 3.0]), min_size=3, max_size=3))
def test_c10_of_any_graph_in_a_batch(graph: Graph, other: list[float]) -> None:
    """The inner derivative of every graph, for samples that take its branches differently."""

    def f(xs: Sequence[Any]) -> Any:
        return functional.grad(lambda p: graph(*p))(list(xs))

    samples = [list(graph.inputs), other[: len(graph.inputs)]]
    expected = [[float(x) for x in f(each)] for each in samples]
    assume(all(math.isfinite(x) and abs(x) < 1e6 for row in expected for x in row))
    found = autograd.compile(f, batch=("xs",), backend="python").map(samples)
    scale = 1.0 + max(abs(x) for row in expected for x in row)
    np.testing.assert_allclose(np.transpose(found), expected, rtol=1e-9, atol=1e-9 * scale)


def test_c10_what_is_not_gated_is_still_refused_with_the_users_line() -> None:
    def f(x: Any) -> Any:
        return functional.grad(lambda q: q * q if q > 0.0 else -q)(x)

    line = f.__code__.co_firstlineno + 1
    with pytest.raises(CompileError, match=rf"test_inner_derivatives\.py:{line}: .*sample to sample.*use where"):
        autograd.compile(f, batch=("x",))([1.0, -1.0])

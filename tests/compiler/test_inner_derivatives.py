"""Derivatives inside a function that is compiled: what they walk through, and what they give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, derivative, functional, grad
from autograd.compiler.record import Recorder
from tests.support.graphs import Graph, graphs


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
def test_c6_a_derivative_in_a_loop_visits_its_own_turn_only(
    loop: Callable[[int], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    visited: list[int] = []
    since = Recorder.since

    def counting(self: Recorder, wanted: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
        visited.append(len(found := since(self, wanted, outputs)))
        return found

    monkeypatch.setattr(Recorder, "since", counting)
    for turns in (8, 32):
        visited.clear()
        f = loop(turns)
        fast = autograd.compile(f, backend="python")
        assert fast(0.5, 0.75) == f(Value(0.5), Value(0.75)).data
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

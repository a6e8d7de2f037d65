"""`oracle="function"`: differences of f itself, for functions without a graph and for the nodes of other engines."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, cos, cosh, log, relu, sin, tanh
from autograd.check import CheckReport, check_gradients
from autograd.check.richardson import curvature_of, slope_of
from autograd.testing import mutated


def report(f: Any, *at: Any, **options: Any) -> CheckReport:
    return check_gradients(f, *at, oracle="function", raise_on_failure=False, **options)


class Node:
    """Another engine, as small as can be; `error` is a fault of its exp."""

    error = 0.0

    def __init__(self, data: float, parents: tuple[Any, ...] = ()) -> None:
        self.data, self.grad, self.parents = data, 0.0, parents
        self.push: Callable[[], None] = lambda: None

    def __mul__(self, other: Node) -> Node:
        out = Node(self.data * other.data, (self, other))

        def push() -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.push = push
        return out

    def exp(self) -> Node:
        out = Node(math.exp(self.data), (self,))

        def push() -> None:
            self.grad += out.data * out.grad * (1.0 + self.error)

        out.push = push
        return out

    def backward(self) -> None:
        order: list[Node] = []

        def visit(node: Node) -> None:
            if node not in order:
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node.push()


class Faulty(Node):
    """Its exp, as that of a Node, but with another derivative."""

    error = 1e-7


def foreign(x: Any, y: Any) -> Any:
    return (x * y).exp() * x


def test_nodes_of_another_engine() -> None:
    found = report(foreign, Node(2.0), Node(0.3))
    assert (found.verdict, [row.input for row in found.rows], found.oracle) == ("ok", ["x", "y"], "function")
    assert found.rows[1].analytic == pytest.approx(4.0 * math.exp(0.6), rel=1e-15)


def test_a_fault_of_another_engine_is_found() -> None:
    assert report(lambda x: x.exp(), Faulty(0.5)).verdict == "wrong"


def test_nodes_in_lists_and_beside_numbers() -> None:
    found = report(lambda xs, c: xs[0] * xs[1] * Node(c), [Node(2.0), Node(3.0)], 4.0)
    assert [row.input for row in found.rows] == ["xs[0]", "xs[1]", "c"]
    assert [row.verdict for row in found.rows] == ["ok", "ok", "wrong"], "no gradient came back for c"


def test_plain_numbers_with_a_gradient() -> None:
    f = math.hypot
    assert report(f, 3.0, 4.0, gradient=lambda x, y: [0.6, 0.8]).verdict == "ok"
    assert report(f, 3.0, 4.0, gradient=lambda x, y: [0.6, 0.8 + 1e-7]).verdict == "wrong"
    assert report(lambda w: w["a"] * w["b"][0], {"a": 2.0, "b": [3.0]}, gradient=lambda w: {"a": 3.0, "b": [2.0]}).ok
    with pytest.raises(TypeError, match=r"gradient= gave 1 number\(s\) for 2 input"):
        report(f, 3.0, 4.0, gradient=lambda x, y: 0.6)
    with pytest.raises(TypeError, match="need oracle='function'"):
        check_gradients(f, 3.0, 4.0, gradient=lambda x, y: [0.6, 0.8])


def test_own_functions_numbers_that_leave_included() -> None:
    assert report(lambda x, y: tanh(x * y) + x, 1.0, 2.0, order=2).verdict == "ok"
    found = report(lambda x: x * math.exp(x), 1.0)
    assert (found.verdict, found.rows[0].analytic) == ("wrong", math.e)
    with mutated("tanh", lambda out, x: (1.0 + 1e-8) / cosh(x) ** 2):
        assert report(tanh, 0.5).verdict == "wrong"


def test_second_derivatives() -> None:
    found = report(lambda x, y: sin(x) * y * y, 0.5, 2.0, order=2)
    assert [row.input for row in found.rows[2:]] == ["∂²f/∂x²", "∂²f/∂x∂y", "∂²f/∂y²"]
    assert {row.verdict for row in found.rows} == {"ok"}
    with pytest.raises(TypeError, match="order=2 needs a graph of autograd"):
        report(foreign, Node(2.0), Node(0.3), order=2)


def test_kinks_domains_and_randomness() -> None:
    on_kink = report(relu, 0.0)
    assert (on_kink.verdict, [(k.left, k.right) for k in on_kink.kinks]) == ("ok", [(0.0, 1.0)])
    assert report(relu, 0.0, kinks="raise").verdict == "wrong"
    assert report(log, -1.0).verdict == "undecided"
    drawn = iter(range(1_000))
    assert report(lambda x: x * float(next(drawn)), 1.0).failures[0].title.startswith("f gives another value")
    with pytest.raises(TypeError, match="give the function, not a recorded graph"):
        report(Value(2.0) * 3.0)


@given(
    st.floats(1e-6, 1e6), st.sampled_from([(math.log, lambda x: 1.0 / x), (math.atan, lambda x: 1.0 / (1.0 + x * x))])
)
def test_the_error_of_a_slope_is_a_bound(
    x: float, case: tuple[Callable[[float], float], Callable[[float], float]]
) -> None:
    f, derivative = case
    found = slope_of(lambda t: f(x + t * x))
    assert found is not None
    assert abs(found.slope - derivative(x) * x) <= 10.0 * found.error


def test_the_error_of_a_curvature_is_a_bound() -> None:
    for x in (0.1, 1.0, 30.0):
        found = curvature_of(lambda s, t, x=x: math.log(3.0 * x + s * x + 2.0 * t * x))  # type: ignore[misc]
        assert found is not None
        assert abs(found.slope + 2.0 / 9.0) <= 10.0 * found.error <= 1e-3


@pytest.mark.slow
def test_many_inputs_are_checked_together() -> None:
    xs = [0.01 * (k + 1) for k in range(100)]
    found = report(lambda xs: cos(sum(xs[1:], xs[0])), xs)
    assert found.verdict == "ok"
    assert [row.input for row in found.rows[-3:]] == [f"all inputs, direction {k}" for k in (1, 2, 3)]

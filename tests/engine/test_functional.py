"""Derivatives of Python functions: structures, nesting, and the laws that hold between grad, jvp, hvp and Hessians."""

from __future__ import annotations

import gc
import math
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, no_graph
from autograd.functional import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.graph import topological
from tests.support.graphs import Graph, graphs

Point = namedtuple("Point", "x y")

# Away from poles, so that errors do not grow out of proportion.
GENTLE = ("add", "sub", "mul", "neg", "sin", "cos", "tanh", "sigmoid", "total", "dot", "logsumexp")
gentle = graphs(GENTLE, max_lines=8)
directions = st.lists(st.integers(-8, 8).map(lambda n: n / 4), min_size=3, max_size=3)


def _listed(graph: Graph) -> Callable[[list[Any]], Any]:
    return lambda xs: graph(*xs)


def _rounding(graph: Graph, along: list[float]) -> float:
    """How far two ways to a second derivative along a direction may be apart.

    Each of n nodes of the gradient's graph rounds by 2⁻⁵³ of the largest number L, and the error reaches the result
    multiplied by at most L; both ways do so.
    """
    leaves, root = graph.record()
    nodes = [node for first in autograd.grad(root, leaves) for node in topological(first)]
    largest: float = max([1.0, *[abs(x) for node in nodes for x in (node.data, *node.partials)]])
    return 2.0 * len(nodes) * 2.0**-53 * largest * largest * largest * max([1.0, *map(abs, along)])


def _dot(a: list[float], b: list[float]) -> float:
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


class TestLaws:
    @given(graph=graphs())
    def test_grad_is_backward(self, graph: Graph) -> None:
        value, gradient = value_and_grad(_listed(graph))(list(graph.inputs))
        leaves, root = graph.record()
        root.backward()
        assert (value, gradient) == (root.data, [leaf.grad for leaf in leaves])

    @given(graph=gentle)
    def test_a_hessian_is_symmetric(self, graph: Graph) -> None:
        rows = hessian(_listed(graph))(list(graph.inputs))
        tolerance = _rounding(graph, [1.0])
        for i, row in enumerate(rows):
            assert all(abs(row[j] - rows[j][i]) <= tolerance for j in range(i))

    @given(graph=gentle, v=directions)
    def test_hvp_is_the_hessian_times_v(self, graph: Graph, v: list[float]) -> None:
        x, v = list(graph.inputs), v[: len(graph.inputs)]
        gradient, product = hvp(_listed(graph), (x,), (v,))
        assert gradient == grad(_listed(graph))(x)
        expected = [_dot(row, v) for row in hessian(_listed(graph))(x)]
        tolerance = len(v) * _rounding(graph, v)
        assert all(abs(a - b) <= tolerance for a, b in zip(product, expected, strict=True))

    @given(graph=gentle, v=directions)
    def test_jvp_and_gradient_are_dual(self, graph: Graph, v: list[float]) -> None:
        """The derivative along v, forward, is ∇f · v, backward."""
        x, v = list(graph.inputs), v[: len(graph.inputs)]
        value, slope = jvp(_listed(graph), (x,), (v,))
        expected = _dot(grad(_listed(graph))(x), v)
        assert value == graph(*x)
        assert abs(slope - expected) <= len(v) * _rounding(graph, v)

    @given(graph=gentle, u=directions, v=directions)
    def test_jacobian_jvp_and_vjp_agree(self, graph: Graph, u: list[float], v: list[float]) -> None:
        """uᵀ(J v), by one pass forward, is (uᵀJ) v, by one backward."""

        def f(xs: list[Any]) -> list[Any]:
            return (graph.nodes(xs) * 3)[-3:]

        x, v = list(graph.inputs), v[: len(graph.inputs)]
        _, along = jvp(f, (x,), (v,))
        weighted = grad(lambda xs: autograd.dot(u, f(xs)))(x)
        rows = jacobian(f)(x)
        tolerance = 9.0 * _rounding(graph, [*u, *v]) * max(1.0, *map(abs, u))
        assert abs(_dot(u, along) - _dot(weighted, v)) <= tolerance
        assert all(abs(_dot(row, v) - each) <= tolerance for row, each in zip(rows, along, strict=True))


class TestNesting:
    def test_perturbation_confusion(self) -> None:
        """d/dx x (d/dy (x + y)) = 1; an engine that mixes the two up says 2 (Siskind & Pearlmutter 2005)."""
        assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0

    def test_perturbation_confusion_by_jvp(self) -> None:
        def slope(f: Callable[[Any], Any], x: Any) -> Any:
            return jvp(f, (x,), (1.0,))[1]

        assert slope(lambda x: x * slope(lambda y: x + y, 1.0), 1.0) == 1.0
        assert grad(lambda x: x * slope(lambda y: x * y, 2.0))(3.0) == 6.0
        assert slope(lambda x: x * grad(lambda y: x * y)(2.0), 3.0) == 6.0

    def test_the_same_point_inside_and_outside(self) -> None:
        """d/dx [x · d/dy (x y²) at y = x] = d/dx 2 x³ = 6 x²."""
        assert grad(lambda x: x * grad(lambda y: x * y * y)(x))(5.0) == 150.0

    def test_five_times(self) -> None:
        f: Callable[..., Any] = autograd.sin
        for _ in range(5):
            f = grad(f)
        assert math.isclose(f(0.7), math.cos(0.7), rel_tol=1e-15)

    def test_hessian_of_a_function_with_a_derivative_inside(self) -> None:
        def f(x: list[Any]) -> Any:
            return x[1] * grad(lambda t: t**3 * x[0])(x[1])  # 3 x₀ x₁³

        assert hessian(f)([2.0, 3.0]) == [[0.0, 81.0], [81.0, 108.0]]

    def test_values_as_arguments_give_values_that_can_be_differentiated(self) -> None:
        x = Value(3.0)
        slope = grad(lambda t: t**3)(x)
        assert isinstance(slope, Value)
        slope.backward()
        assert (slope.data, x.grad) == (27.0, 18.0)

    def test_a_value_from_outside_is_a_constant_inside(self) -> None:
        w = Value(5.0)
        slope = grad(lambda t: t * w)(2.0)
        assert (slope.data, autograd.grad(slope, w).data) == (5.0, 1.0)
        assert w.grad == 0.0

    def test_a_derivative_of_a_derivative_by_another_argument(self) -> None:
        assert grad(grad(lambda x, y: x**2 * y**3), argnum=1)(2.0, 3.0) == 2 * 2.0 * 27.0

    def test_results_are_floats_again_after_an_error(self) -> None:
        def fails(x: Any) -> Any:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            grad(fails)(1.0)
        assert type(grad(lambda x: x * x)(1.0)) is float
        assert gc.isenabled()

    def test_a_derivative_inside_no_graph_is_still_a_derivative(self) -> None:
        with no_graph():
            assert grad(lambda x: x**3)(2.0) == 12.0
            assert jvp(lambda x: x**3, (2.0,), (1.0,)) == (8.0, 12.0)
            assert (Value(2.0) * 3.0).parents == ()

    def test_no_graph_inside_a_function_cuts_there(self) -> None:
        def f(x: Any) -> Any:
            with no_graph():
                constant = x * x
            return constant * x

        assert grad(f)(3.0) == 9.0


STRUCTURES: list[Any] = [
    2.0,
    [1.0, 2.0],
    (1.0, 2.0),
    {"w": 1.0, "b": 2.0},
    {"layers": [{"w": [[1.0, 2.0], [3.0, 4.0]], "b": (5.0, 6.0)}], "scale": 7.0},
    Point(1.0, 2.0),
    [],
    {},
    [np.float64(1.0), 2],
]


def _numbers(x: Any) -> list[Any]:
    if isinstance(x, dict):
        return [leaf for each in x.values() for leaf in _numbers(each)]
    return [leaf for each in x for leaf in _numbers(each)] if isinstance(x, list | tuple) else [x]


def _doubled(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: _doubled(each) for key, each in x.items()}
    if isinstance(x, Point):
        return Point(*map(_doubled, x))
    return type(x)(map(_doubled, x)) if isinstance(x, list | tuple) else 2.0 * float(x)


class TestStructures:
    @pytest.mark.parametrize("x", STRUCTURES, ids=repr)
    def test_structure_in_is_structure_out(self, x: Any) -> None:
        def square(x: Any) -> Any:
            return autograd.total([each * each for each in _numbers(x)])

        expected = _doubled(x)
        assert grad(square)(x) == expected
        assert type(grad(square)(x)) is type(expected)
        value, gradient = value_and_grad(square)(x)
        assert (value, gradient) == (math.fsum(float(each) ** 2 for each in _numbers(x)), expected)
        assert jvp(square, (x,), (expected,))[1] == 4.0 * value
        assert hvp(square, (x,), (x,)) == (expected, expected)

    def test_a_jacobian_has_the_structure_of_the_result_outside_and_of_the_argument_inside(self) -> None:
        def f(p: dict[str, Any]) -> dict[str, Any]:
            return {"sum": p["a"] + p["b"], "both": [p["a"] * p["b"], 7.0]}

        assert jacobian(f)({"a": 2.0, "b": 3.0}) == {
            "sum": {"a": 1.0, "b": 1.0},
            "both": [{"a": 3.0, "b": 2.0}, {"a": 0.0, "b": 0.0}],
        }

    def test_a_constant_function_has_derivative_0(self) -> None:
        assert grad(lambda x: 5.0)([1.0, 2.0]) == [0.0, 0.0]
        assert grad(lambda x: 5)(1.0) == 0.0
        assert jvp(lambda x: (x[0], 5.0), ([1.0],), ([3.0],)) == ((1.0, 5.0), (3.0, 0.0))

    def test_the_identity(self) -> None:
        assert value_and_grad(lambda x: x)(2.0) == (2.0, 1.0)
        assert jacobian(lambda x: x)([1.0, 2.0]) == [[1.0, 0.0], [0.0, 1.0]]

    def test_tangents_are_matched_by_key_not_by_order(self) -> None:
        _, slope = jvp(lambda p: p["a"] * 10.0 + p["b"], ({"a": 1.0, "b": 1.0},), ({"b": 5.0, "a": 2.0},))
        assert slope == 25.0

    @pytest.mark.parametrize(("argnum", "expected"), [(0, 3.0), (1, 2.0), (-1, 2.0), (-2, 3.0)])
    def test_argument_numbers(self, argnum: int, expected: float) -> None:
        assert grad(lambda x, y: x * y, argnum)(2.0, 3.0) == expected

    def test_arguments_are_not_changed(self) -> None:
        x = {"w": [1.0, 2.0]}
        grad(lambda p: p["w"][0] * p["w"][1])(x)
        assert x == {"w": [1.0, 2.0]}

    def test_derivatives_skip_the_branch_not_taken(self) -> None:
        _, slope = jvp(lambda x: autograd.where(x > 0, autograd.sqrt(x), 0.0), (0.0,), (1.0,))
        assert slope == 0.0


class TestErrors:
    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda: grad(list)([1.0]), "list must return a number to have a gradient, got .* see jacobian"),
            (lambda: grad(lambda x: None)(1.0), "must return a number to have a gradient, got None"),
            (lambda: grad(lambda x: x)("1"), "a Value holds a real number, got '1'"),
            (lambda: grad(lambda x: x)(np.array([1.0])), "make one Value per element"),
            (grad(lambda x: x), r"argnum=0, but the function was called with 0 argument\(s\)"),
            (lambda: grad(lambda x: x, 1)(2.0), r"argnum=1, but the function was called with 1 argument\(s\)"),
            (lambda: jvp(lambda x: x, 1.0, 1.0), "primals must be a tuple with an entry for each argument"),
            (lambda: jvp(lambda x: x, (1.0,), 1.0), "tangents must be a tuple with an entry for each argument"),
            (lambda: vjp(lambda x: x, 1.0, 1.0), "primals must be a tuple with an entry for each argument"),
            (lambda: hvp(lambda x: x, 1.0, 1.0), "primals must be a tuple with an entry for each argument"),
            (lambda: jvp(lambda x: x, (1.0,), ()), "as many tangents as primals, got 0 and 1"),
            (lambda: jvp(lambda x: x[0], ([1.0],), ([1.0, 2.0],)), "tangents must have the structure of the primals"),
            (lambda: jvp(lambda x: x[0], ([1.0],), (1.0,)), "tangents must have the structure of the primals"),
            (lambda: jvp(lambda p: p["a"], ({"a": 1.0},), ({"b": 1.0},)), "tangents must have the structure"),
            (lambda: jvp(lambda x: x, (1.0,), ("1",)), "real number"),
            (
                lambda: jvp(lambda x: "text", (1.0,), (1.0,)),
                "<lambda> must return a number to have a gradient, got 'text'",
            ),
            (lambda: jacobian(lambda x: [x, "text"])(1.0), "must return a number"),
        ],
    )
    def test_bad_input_is_named(self, call: Callable[[], Any], words: str) -> None:
        with pytest.raises(TypeError, match=words):
            call()


# --- functions that close over a Value (row A3) -----------------------------------------------------------------------

INNER: dict[str, Any] = {  # each is 4w at p = 2
    "grad": lambda w: grad(lambda p: p * p * w)(2.0),
    "value_and_grad": lambda w: autograd.functional.value_and_grad(lambda p: p * p * w)(2.0)[1],
    "value": lambda w: autograd.functional.value_and_grad(lambda p: p * p * w)(2.0)[0],
    "jacobian": lambda w: autograd.functional.jacobian(lambda p: [p * p * w])(2.0)[0],
    "jvp": lambda w: autograd.functional.jvp(lambda p: p * p * w, (2.0,), (1.0,))[1],
    "hessian": lambda w: autograd.functional.hessian(lambda p: p * p * w)(2.0) * 2.0,
    "hvp": lambda w: autograd.functional.hvp(lambda p: p * p * w, (2.0,), (2.0,))[1],
    "nested": lambda w: grad(lambda p: grad(lambda q: q * q * w * p)(1.0) * p)(1.0),
}


@pytest.mark.parametrize("inner", INNER.values(), ids=INNER)
class TestClosures:
    def test_backward_reaches_what_was_closed_over(self, inner: Any) -> None:
        w = Value(3.0)
        (inner(w) * w).backward()
        assert w.grad == 24.0

    def test_derivatives_of_functions(self, inner: Any) -> None:
        def f(w: Any) -> Any:
            return inner(w) * w

        assert grad(f)(3.0) == 24.0
        assert autograd.functional.hessian(f)(3.0) == 8.0

    def test_a_value_without_a_graph_inside_no_graph(self, inner: Any) -> None:
        with no_graph():
            found = inner(Value(3.0))
        assert (found.data, found.parents) == (12.0, ())

    def test_numbers_alone_give_numbers(self, inner: Any) -> None:
        assert type(inner(3.0)) is float


def test_leaves_that_the_function_makes_itself_are_not_closed_over() -> None:
    assert grad(lambda x: x * Value(3.0))(2.0) == 3.0

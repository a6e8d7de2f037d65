"""`autograd.grad`: the chain rule as a graph. The numbers of `backward()`, and derivatives of every order."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from mpmath import mp, mpf

import autograd
from autograd import PRIMITIVES, GraphError, Value, grad
from autograd.graph import topological
from tests.engine.row_oracle import ORACLE
from tests.support.graphs import Graph, graphs


class TestAgainstBackward:
    @given(graph=graphs(max_lines=15))
    def test_same_numbers_as_backward(self, graph: Graph) -> None:
        """To the last bit; only a zero may have the other sign, since backward() adds what it finds to 0.0."""
        leaves, root = graph.record()
        got = [each.data for each in grad(root, leaves)]
        root.backward()
        assert got == [leaf.grad for leaf in leaves]

    @given(graph=graphs())
    def test_no_grad_attribute_changes(self, graph: Graph) -> None:
        leaves = [Value(x) for x in graph.inputs]
        nodes = graph.nodes(leaves)
        for i, node in enumerate(nodes):
            node.grad = float(i)
        grad(grad(nodes[-1], leaves[0]), leaves)
        assert [node.grad for node in nodes] == [float(i) for i in range(len(nodes))]

    @given(graph=graphs())
    def test_interior_nodes_are_inputs_too(self, graph: Graph) -> None:
        nodes = graph.nodes([Value(x) for x in graph.inputs])
        got = [each.data for each in grad(nodes[-1], nodes)]
        nodes[-1].backward()
        assert got == [node.grad for node in nodes]

    @given(graph=graphs())
    def test_recorded_partials_are_those_of_the_graph(self, graph: Graph) -> None:
        """A gradient graph holds the numbers that recording has computed, so backward() through it is exact too."""
        _, root = graph.record()
        for node in topological(root):
            if node.primitive:
                partials = node.primitive.partials_at(node, node.operands)
                flowing = [
                    float(p)
                    for p, x in zip(partials, node.operands, strict=True)
                    if p is not None and isinstance(x, Value)
                ]
                assert flowing == list(node.partials)


class TestShapeOfTheAnswer:
    def test_one_value_or_a_list(self) -> None:
        x, y = Value(2.0), Value(3.0)
        assert isinstance(grad(x * y, x), Value)
        assert [each.data for each in grad(x * y, [x, y])] == [3.0, 2.0]
        assert [each.data for each in grad(x * y, (y,))] == [2.0]
        assert grad(x * y, []) == []

    def test_of_itself_and_of_a_stranger(self) -> None:
        x, y = Value(2.0), Value(3.0)
        assert [each.data for each in grad(x, [x, y])] == [1.0, 0.0]
        assert grad(x * 2.0, y).parents == ()

    def test_an_input_named_twice(self) -> None:
        x = Value(3.0)
        assert [each.data for each in grad(x * x, [x, x])] == [6.0, 6.0]

    def test_a_gradient_that_is_a_parameter_is_a_node_of_its_own(self) -> None:
        w, x = Value(2.0), Value(3.0)
        dx = grad(w * x, x)
        assert dx is not w
        w.data = 100.0
        assert dx.data == 2.0
        assert grad(dx, w).data == 1.0

    def test_adjoints_with_several_consumers_are_one_dot(self) -> None:
        """BP2: the sum of w δ that arrives at an activation is a `dot` in the gradient graph."""
        a = Value(0.5)
        weights = [Value(0.1), Value(0.2), Value(0.3)]
        deltas = [autograd.tanh(w * a) for w in weights]
        da = grad(autograd.total([d * d for d in deltas]), a)
        assert (da.op, len(da.operands)) == ("dot", 2 * 3 + 1)

    def test_branches_that_do_not_matter_are_left_out(self) -> None:
        x, y = Value(2.0), Value(3.0)
        dx = grad(x * 5.0 + autograd.exp(y), x)
        assert y not in topological(dx)


@pytest.mark.parametrize(
    ("output", "inputs"), [(3.0, Value(1.0)), (Value(1.0), [2.0]), (Value(1.0), "x"), (Value(1.0), [[Value(1.0)]])]
)
def test_arguments_that_are_no_values(output: Any, inputs: Any) -> None:
    with pytest.raises(TypeError, match=r"grad\(output, inputs\) takes Values, got .* \((float|str|list)\)"):
        grad(output, inputs)


# --- higher derivatives against mpmath --------------------------------------------------------------------------------

# A point inside every domain and away from kinks, for each primitive of one operand that has a derivative.
POINTS = {name: (0.3, -0.6, 0.85) for name, (_, grid) in ORACLE.items() if PRIMITIVES[name].arity == 1}
POINTS |= {"acosh": (1.3, 2.5, 40.0), "log": (0.3, 2.5, 40.0), "sqrt": (0.3, 2.5, 40.0)}
POINTS |= dict.fromkeys(("rsqrt", "log2", "log10", "log1mexp"), (0.3, 2.5, 40.0))
# Rounding enters at every node of a derivative's graph (up to 300 at order three) and meets cancellation by at most a
# few digits at these points: 300 × 2⁻⁵³ × 10³.
ROUNDING = 3e-11


def _nth(output: Value, x: Value, order: int) -> float:
    for _ in range(order):
        output = grad(output, x)
    return output.data


@pytest.mark.parametrize("name", POINTS)
def test_second_and_third_derivative(name: str) -> None:
    for point in POINTS[name]:
        x = Value(point)
        for order in (2, 3):
            with mp.workdps(60):
                expected = float(mp.diff(ORACLE[name][0], mpf(point), order))
            got = _nth(PRIMITIVES[name](x), x, order)
            assert math.isclose(got, expected, rel_tol=ROUNDING, abs_tol=ROUNDING), (point, order)


MIXED = {
    "mul": (1.5, -2.0), "div": (1.5, -2.0), "pow": (1.5, -2.3), "atan2": (1.5, -2.0), "hypot": (1.5, -2.0),
    "logaddexp": (0.3, -1.2), "xlogy": (1.5, 0.4),
    "exp_square": (0.7, -0.5), "leaky_relu": (-1.5, 0.3), "elu": (-1.5, 0.3),
    "logsumexp": (0.3, 1.5, -0.2), "prod": (0.3, 1.5, -0.2), "dot": (0.3, 1.5, -0.2),
}  # fmt: skip


@pytest.mark.parametrize("name", MIXED)
def test_mixed_second_derivatives(name: str) -> None:
    f, point = ORACLE[name][0], MIXED[name]
    leaves = [Value(x) for x in point]
    first = grad(PRIMITIVES[name](*leaves), leaves)
    for i in range(len(point)):
        for j, got in enumerate(grad(first[i], leaves)):
            orders = tuple((k == i) + (k == j) for k in range(len(point)))
            with mp.workdps(60):
                expected = float(mp.diff(f, tuple(map(mpf, point)), orders))
            assert math.isclose(got.data, expected, rel_tol=ROUNDING, abs_tol=ROUNDING), (i, j)


CLOSED_FORMS: list[tuple[str, Any, float, int, float]] = [
    ("x² at 0", lambda x: x**2, 0.0, 2, 2.0),
    ("x³ at 0", lambda x: x**3, 0.0, 3, 6.0),
    ("x³ beyond its degree", lambda x: x**3, 5.0, 4, 0.0),
    ("x·x·x·x", lambda x: x * x * x * x, 2.0, 3, 48.0),
    ("1/x", lambda x: 1.0 / x, 2.0, 3, -6.0 / 16.0),
    ("√x", lambda x: x**0.5, 4.0, 2, -1.0 / 32.0),
    ("tanh at 0", autograd.tanh, 0.0, 3, -2.0),
    ("sigmoid at 0", autograd.sigmoid, 0.0, 3, -0.125),
    ("softplus at 0", autograd.softplus, 0.0, 2, 0.25),
    ("relu off its kink", autograd.relu, 2.0, 2, 0.0),
    ("|x|³ at 0", lambda x: abs(x) ** 3, 0.0, 2, 0.0),
    ("x^x at 1", lambda x: x**x, 1.0, 2, 2.0),
    ("2^x at 0", lambda x: 2**x, 0.0, 3, math.log(2.0) ** 3),
    ("sin", autograd.sin, 0.7, 4, math.sin(0.7)),
    ("where", lambda x: autograd.where(x > 1, x**3, x**2), 2.0, 2, 12.0),
]


@pytest.mark.parametrize("case", CLOSED_FORMS, ids=lambda case: case[0])
def test_closed_forms(case: tuple[str, Any, float, int, float]) -> None:
    _, f, at, order, expected = case
    x = Value(at)
    assert math.isclose(_nth(f(x), x, order), expected, rel_tol=1e-14, abs_tol=1e-15)


def test_a_deep_chain_can_be_differentiated_twice() -> None:
    x = y = Value(1.0)
    for _ in range(3000):
        y = y * 1.0 + 0.0 * x
    first = grad(y * y, x)
    assert (first.data, grad(first, x).data) == (2.0, 2.0)


def test_a_graph_whose_data_changed_is_stale() -> None:
    """Row A5."""
    x = Value(3.0, label="x")
    y = x * x
    x.data = 100.0
    with pytest.raises(GraphError, match=r"stale: ∂mul/∂x was 3\.0 .* is 100\.0 now"):
        grad(y, x)


def test_data_that_no_partial_depends_on_may_change() -> None:
    x = Value(3.0)
    y = x * 2.0 + 1.0
    x.data = 100.0
    assert grad(y, x).data == 2.0


def test_a_function_is_sent_to_functional_grad() -> None:
    """Row B7."""
    with pytest.raises(TypeError, match=r"autograd\.functional\.grad"):
        grad(lambda x: x, 1.0)  # type: ignore[call-overload]

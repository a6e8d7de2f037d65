"""Compiled functions and eager Values give the same bits: values, gradients, wherever the program was recorded."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import PRIMITIVES, Value
from autograd.strategies import graphs
from autograd.strategies.graph_data import Graph
from autograd.testing import table
from tests.support.examples import examples

pytestmark = pytest.mark.slow

# The back ends that keep the order of additions: with exact=True, they give the bits of eager Values.
exactly = pytest.mark.parametrize("backend", ["python", "llvm"])
AWKWARD = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e308, 5e-324, 0.5]
anywhere = st.sampled_from(AWKWARD) | st.floats(-4.0, 4.0)


def bits(numbers: Sequence[float]) -> list[bytes]:
    """Equal exactly for equal floats; all nan are one, since their bits differ between equal programs too."""
    return [struct.pack("d", math.nan if x != x else x) for x in numbers]


def eager(f: Callable[..., Any], xs: Sequence[float]) -> list[float]:
    """The value and the gradient by the engine itself."""
    inputs = [Value(x) for x in xs]
    output = f(*inputs)
    return [output.data, *(each.data for each in autograd.grad(output, inputs))]


def compiled(f: Any, xs: Sequence[float]) -> list[float]:
    value, gradient = f.value_and_grad(*xs)
    return [value, *(gradient if len(xs) > 1 else [gradient])]


@exactly
@examples(40)
@given(graphs(max_size=12), st.data())
def test_random_graphs(backend: str, graph: Graph, data: st.DataObject) -> None:
    """At the point of the recording and then elsewhere, where other branches may be taken and nothing is finite."""
    f = autograd.compile(graph, exact=True, backend=backend)
    elsewhere = [data.draw(st.tuples(*[anywhere] * len(graph.point))) for _ in range(2)]
    for point in (graph.point, *elsewhere, graph.point):
        assert bits(compiled(f, point)) == bits(eager(graph, point))
        assert bits([f.value(*point)]) == bits([graph(*map(Value, point)).data])


@exactly
@pytest.mark.parametrize("name", [row.name for row in table() if row.arity is not None])
def test_every_primitive_at_awkward_points(name: str, backend: str) -> None:
    row = PRIMITIVES[name]
    assert row.arity is not None
    f = autograd.compile(row, exact=True, backend=backend)
    rng = random.Random(name)
    for _ in range(30):
        xs = rng.choices(AWKWARD, k=row.arity)
        assert bits(compiled(f, xs)) == bits(eager(row, xs)), xs


@pytest.mark.filterwarnings("ignore:.*is recorded for the 3rd time")
@exactly
@pytest.mark.parametrize("name", [row.name for row in table() if row.arity is None])
def test_every_primitive_of_any_number_of_operands(name: str, backend: str) -> None:
    row = PRIMITIVES[name]
    f = autograd.compile(row, exact=True, backend=backend)
    rng = random.Random(name)
    for count in (3, 5, 5, 7, 9, 9):
        xs = rng.choices(AWKWARD, k=count)
        assert bits(compiled(f, xs)) == bits(eager(row, xs)), xs


@exactly
@pytest.mark.parametrize("terms", [0, 1, 63, 64, 65, 129, 5000])
def test_long_sums_keep_their_order(terms: int, backend: str) -> None:
    rng = random.Random(terms)
    xs = [rng.uniform(-1.0, 1.0) * 10.0 ** rng.randint(-8, 8) for _ in range(terms)]

    def f(xs: list[Any], w: Any) -> Any:
        return autograd.total(xs) * w + autograd.dot(xs, xs[::-1], w)

    values = [Value(x) for x in xs]
    w = Value(0.1)
    expected = f(values, w)
    value, (by_xs, by_w) = autograd.compile(f, exact=True, backend=backend).value_and_grad(xs, 0.1)
    assert bits([value, *by_xs, by_w]) == bits(
        [expected.data, *(g.data for g in autograd.grad(expected, [*values, w]))]
    )


@exactly
def test_second_derivatives_compile(backend: str) -> None:
    def curvature(x: Any, y: Any) -> Any:
        x, y = x * 1.0, y * 1.0
        slope = autograd.grad(autograd.tanh(x * y) * autograd.exp(x), x)
        return autograd.grad(slope, y)

    f = autograd.compile(curvature, exact=True, backend=backend)
    for point in ((0.3, -0.7), (1.5, 0.2)):
        assert bits(compiled(f, point)) == bits(eager(curvature, point))


@exactly
@pytest.mark.parametrize("hidden", ["relu", "tanh", "gelu", "prelu"])
def test_networks(hidden: str, backend: str) -> None:
    model = nn.MLP(3, [5, 4, 2], hidden=hidden, seed=1)
    parameters = model.parameters()

    def loss(x: Any, y: Any) -> Any:
        return nn.train.losses.half_squared_error(model(x), y) + 1e-3 * autograd.total([p * p for p in parameters])

    fast = autograd.compile(loss, parameters=parameters, exact=True, backend=backend)
    rng = random.Random(0)
    for _ in range(3):
        x, y = [rng.gauss(0.0, 1.0) for _ in range(3)], [rng.gauss(0.0, 1.0) for _ in range(2)]
        model.zero_grad()
        expected = loss(x, y)
        expected.backward()
        value, gradient = fast(x, y)
        assert bits([value]) == bits([expected.data])
        # Where a unit is dead, backward() skips products that grad adds as ±0: the numbers are equal, zeros may differ.
        assert list(gradient) == [p.grad for p in parameters]
        for parameter, slope in zip(parameters, gradient, strict=True):
            parameter.data -= 0.1 * float(slope)
    assert fast.explain().count("recordings: 1") == 1


@exactly
def test_a_softmax_shifted_by_hand(backend: str) -> None:
    """`max(v.data for v in logits)` of hand-written programs becomes a detached maximum."""

    def nll(logits: list[Any]) -> Any:
        largest = max(logits).detach()
        exps = [autograd.exp(z - largest) for z in logits]
        return autograd.log(autograd.total(exps)) + largest - logits[1]

    def eager_nll(*logits: Any) -> Any:
        return nll(list(logits))

    f = autograd.compile(nll, exact=True, backend=backend)
    for logits in ([0.5, 2.0, -1.0], [3.0, 2.0, 100.0], [0.5, 2.1, -1.5]):
        value, gradient = f.value_and_grad(logits)
        assert bits([value, *gradient]) == bits(eager(eager_nll, logits))


@exactly
def test_a_program_of_many_equations(backend: str) -> None:
    def chain(x: Any) -> Any:
        for i in range(1500):
            x = autograd.sin(x) * 1.1 + i % 7
        return x

    f = autograd.compile(chain, exact=True, backend=backend)
    assert bits(compiled(f, [0.3])) == bits(eager(chain, [0.3]))
    assert bits(compiled(f, [-2.3])) == bits(eager(chain, [-2.3]))


@exactly
@examples(20)
@given(graphs(max_size=6, max_inputs=2), st.data())
def test_derivatives_of_derivatives_of_random_graphs(backend: str, graph: Graph, data: st.DataObject) -> None:
    """A function that differentiates inside: what `where` decided there has to be guarded as well."""

    def slopes(*xs: Any) -> Any:
        xs = tuple([x * 1.0 for x in xs])
        return autograd.total(autograd.grad(graph(*xs), xs))

    f = autograd.compile(slopes, exact=True, backend=backend)
    elsewhere = [data.draw(st.tuples(*[anywhere] * len(graph.point))) for _ in range(2)]
    for point in (graph.point, *elsewhere):
        assert bits(compiled(f, point)) == bits(eager(slopes, point))
        assert bits([f.value(*point)]) == bits([slopes(*map(Value, point)).data])

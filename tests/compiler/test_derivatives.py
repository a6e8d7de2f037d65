"""Derivatives of compiled functions along directions, as matrices and for each sample: against those of the engine."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Compiled, Value, functional
from autograd.compiler import derived
from autograd.compiler.loops.find import find
from autograd.compiler.lower import Call, lower
from autograd.compiler.program import interpret
from autograd.compiler.pushed import Manner, pushed, with_inputs
from autograd.compiler.reassociate import sums
from autograd.errors import CompileError
from autograd.strategies import graphs
from autograd.strategies.graph_data import Graph
from autograd.structure import key_of, leaves_of
from tests.support.examples import examples

BACK_ENDS = ("python", "numpy", "llvm")
pytestmark = pytest.mark.slow
every_back_end = pytest.mark.parametrize("backend", BACK_ENDS)
exactly = pytest.mark.parametrize("backend", ["python", "llvm"])
GENTLE = ("add", "sub", "mul", "neg", "sin", "cos", "tanh", "sigmoid", "dot", "logsumexp", "maximum", "where", "relu")
gentle = graphs(primitives=GENTLE, min_inputs=2, max_inputs=3, min_size=2, max_size=8, kinks=False)
# Each of some ten operations rounds by 2⁻⁵³ of its result, and brings along the errors of its operands multiplied by a
# partial: those of these rows are at most 10, and few in a row.
CLOSE = 1e-10


@pytest.fixture
def in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jacobians and Hessians run their rows or columns as a batch, however small they are."""
    monkeypatch.setattr(derived, "SMALL", 0)


@pytest.fixture(params=["written out", "in batches"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jacobians and Hessians written out, and as batches."""
    monkeypatch.setattr(derived, "SMALL", 0 if request.param == "in batches" else derived.SMALL)


def numbers(x: Any) -> list[float]:
    """All numbers of nested structures and arrays."""
    return [float(y) for each in leaves_of(x) for y in np.ravel(each)]


def close(found: Any, expected: Any) -> bool:
    a, b = np.array(numbers(found)), np.array(numbers(expected))
    return a.shape == b.shape and bool((abs(a - b) <= CLOSE * np.maximum(1.0, abs(b).max(initial=0.0))).all())


def many(graph: Graph) -> Callable[[list[Any]], list[Any]]:
    """A function with several numbers as result: the last lines of a graph, and an input."""
    parts = [Graph(graph.inputs, graph.lines[:n]) for n in range(1, len(graph.lines) + 1)]
    return lambda xs: [*[part(*xs) for part in parts[-3:]], xs[0]]


def one(graph: Graph) -> Callable[[list[Any]], Any]:
    return lambda xs: graph(*xs)


def drawn(data: st.DataObject, count: int) -> list[float]:
    return data.draw(st.lists(st.integers(-8, 8).map(lambda n: n / 4), min_size=count, max_size=count))


# --- the transformation -----------------------------------------------------------------------------------------------


@given(graphs(max_size=10), st.data())
def test_a_pushed_program_has_the_bits_of_jvp(graph: Graph, data: st.DataObject) -> None:
    n = len(graph.point)
    names, v = tuple(f"x{i}" for i in range(n)), drawn(data, n)
    recorded = lower(Call(graph, (key_of(0.0),) * n, names, None, list(graph.point))).recorded
    program = with_inputs(recorded, [f"d{name}" for name in names], [False] * n)
    at = [*graph.point, *v]
    made, _ = pushed(program, {i: n + i for i in range(n)}, at, lambda: "test:1", Manner(exact=True))
    found = interpret(made, at)
    outputs = [found[atom] if type(atom) is int else atom for atom in made.outputs]
    assert repr(outputs) == repr(list(functional.jvp(graph, graph.point, v)))


def test_what_does_not_move_is_not_written() -> None:
    recorded = lower(Call(lambda x, y: autograd.exp(y) * x, (key_of(0.0),) * 2, ("x", "y"), None, [1.0, 2.0])).recorded
    made, _ = pushed(with_inputs(recorded, ["dx"], [False]), {0: 2}, [1.0, 2.0, 1.0], str)
    assert str(made).splitlines()[1:] == [
        "    t3 = exp(y)",
        "    t4 = mul(t3, x)",
        "    t5 = mul(t3, dx)",
        "    return t4, t5",
    ]


def test_a_loop_over_time_stays_one() -> None:
    def pendulum(p: Any) -> Any:
        angle, speed = p
        for _ in range(300):
            angle, speed = angle + 0.01 * speed, speed - 0.01 * autograd.sin(angle)
        return angle * speed

    at, v = [1.0, 0.5], [1.0, 2.0]
    fast = autograd.compile(pendulum)
    fast.jvp((at,), (v,))
    assert len(find(sums(fast.program)).loops) == 1
    assert len(fast.program.equations) > 1000
    assert close(fast.hvp((at,), (v,)), functional.hvp(pendulum, (at,), (v,)))
    assert len(find(sums(fast._ran().lowered.forward)).loops) == 1


# --- laws on random graphs --------------------------------------------------------------------------------------------


@every_back_end
@given(gentle, st.data())
@examples(25)
def test_all_kinds_agree_with_the_engine_and_each_other(backend: Any, graph: Graph, data: st.DataObject) -> None:
    f, x, n = many(graph), list(graph.point), len(graph.point)
    v, fast = drawn(data, n), autograd.compile(f, backend=backend)
    y, dy = fast.jvp((x,), (v,))
    bar = drawn(data, len(y))
    again, (x_bar,) = fast.vjp((x,), bar)
    rows = fast.jacobian(x)
    assert close((y, dy), functional.jvp(f, (x,), (v,)))
    assert close((again, (x_bar,)), functional.vjp(f, (x,), bar))
    assert close(rows, functional.jacobian(f)(x))
    assert close(np.dot(bar, dy), np.dot(x_bar, v)), "ȳ · J v both ways"
    assert close(np.dot(rows, v), dy)
    assert close(np.dot(bar, rows), x_bar)


@every_back_end
@given(gentle, st.data())
@examples(25)
def test_second_derivatives_agree_with_the_engine(backend: Any, graph: Graph, data: st.DataObject) -> None:
    f, x = one(graph), list(graph.point)
    v, fast = drawn(data, len(x)), autograd.compile(f, backend=backend)
    gradient, product = fast.hvp((x,), (v,))
    matrix = fast.hessian(x)
    assert close((gradient, product), functional.hvp(f, (x,), (v,)))
    assert close(gradient, fast.value_and_grad(x)[1])
    assert close(matrix, functional.hessian(f)(x))
    assert close(matrix @ np.array(v), product)


@pytest.mark.usefixtures("in_batches")
@every_back_end
@given(graph=gentle)
@examples(25)
def test_rows_and_columns_as_a_batch(backend: Any, graph: Graph) -> None:
    x, f = list(graph.point), many(graph)
    fast = autograd.compile(lambda xs: f(xs) + f(xs), backend=backend)
    assert close(fast.jacobian(x), functional.jacobian(f)(x) * 2)
    assert "forward mode" in fast.explain()
    fast = autograd.compile(lambda xs: f(xs)[:2], backend=backend)
    assert close(fast.jacobian(x), functional.jacobian(f)(x)[:2])
    assert "reverse mode, 2 seeds as a batch" in fast.explain()
    fast = autograd.compile(one(graph), backend=backend)
    assert close(fast.hessian(x), functional.hessian(one(graph))(x))
    assert "derivative: hessian, reverse over forward mode" in fast.explain()


@exactly
@given(graph=graphs(max_size=10), data=st.data())
@examples(40)
def test_exact_ones_have_the_bits_of_the_engine(backend: Any, graph: Graph, data: st.DataObject) -> None:
    f, x = many(graph), list(graph.point)
    v, bar = drawn(data, len(x)), drawn(data, len(f(x)))
    fast = autograd.compile(f, backend=backend, exact=True)
    assert repr(fast.jvp((x,), (v,))) == repr(functional.jvp(f, (x,), (v,)))
    assert repr(fast.vjp((x,), bar)) == repr(functional.vjp(f, (x,), bar))
    assert repr(fast.jacobian(x)) == repr(functional.jacobian(f)(x))
    number = autograd.compile(one(graph), backend=backend, exact=True)
    assert repr(number.hvp((x,), (v,))) == repr(functional.hvp(one(graph), (x,), (v,)))


@exactly
def test_exact_tangents_have_the_sign_of_zero_of_the_engine(backend: Any) -> None:
    fast = autograd.compile(lambda x: x[0] * x[1] + x[2], backend=backend, exact=True)
    at, v = ([2.0, 3.0, 1.0],), ([-0.0, -0.0, -0.0],)
    assert repr(fast.hvp(at, v)) == repr(functional.hvp(fast.function, at, v))
    assert repr(fast.jvp(at, v)) == repr(functional.jvp(fast.function, at, v))
    same = autograd.compile(lambda x: [x[0], x[1] * 1.0], backend=backend, exact=True)
    assert repr(same.jvp(at, v)) == repr(functional.jvp(same.function, at, v))
    assert repr(same.vjp(at, [-0.0, -0.0])) == repr(functional.vjp(same.function, at, [-0.0, -0.0]))


# --- branches, guards, points without a derivative --------------------------------------------------------------------


@every_back_end
@pytest.mark.filterwarnings("ignore:.*is recorded for the 3rd time")
def test_guards_and_choices_hold_elsewhere(backend: Any) -> None:
    def f(x: Any) -> Any:
        y = x[0] * x[1] if x[0] > 0.0 else x[0] - x[1]
        return [autograd.where(x[1] > 1.0, autograd.exp(y), y * y), autograd.maximum(x[0], x[1]) * y]

    fast = autograd.compile(f, backend=backend)
    total = autograd.compile(lambda x: autograd.total(f(x)), backend=backend)
    for x in ([2.0, 3.0], [2.0, 0.5], [-1.0, 3.0], [-1.0, 0.5]):
        v = [1.0, -2.0]
        assert close(fast.jvp((x,), (v,)), functional.jvp(f, (x,), (v,)))
        assert close(fast.vjp((x,), v), functional.vjp(f, (x,), v))
        assert close(fast.jacobian(x), functional.jacobian(f)(x))
        assert close(total.hvp((x,), (v,)), functional.hvp(total.function, (x,), (v,)))
        assert close(total.hessian(x), functional.hessian(total.function)(x))


@pytest.mark.usefixtures("both_ways")
@every_back_end
def test_a_detached_number_stays_one_in_second_derivatives(backend: Any) -> None:
    def f(x: Any) -> Any:
        return x[0] ** 3 * x[1].detach() + x[0].detach() * x[1] ** 3

    fast = autograd.compile(f, backend=backend)
    assert close(fast.hessian([2.0, 3.0]), functional.hessian(f)([Value(2.0), Value(3.0)]))
    assert close(fast.hvp(([2.0, 3.0],), ([1.0, 1.0],))[1], [36.0, 36.0])


@pytest.mark.usefixtures("both_ways")
@every_back_end
def test_an_infinite_derivative_stays_in_its_row(backend: Any) -> None:
    """Seeds are 0 in all rows but one, and 0 · ∞ is not 0."""
    fast = autograd.compile(lambda x: [autograd.sqrt(x[0]), x[0] + x[1], x[1] * 2.0], backend=backend)
    assert fast.jacobian([0.0, 1.0]) == [[np.inf, 0.0], [1.0, 1.0], [0.0, 2.0]]
    wide = autograd.compile(lambda x: [autograd.sqrt(x[0]), x[0] + x[1] * x[2]], backend=backend)
    assert wide.jacobian([0.0, 1.0, 2.0]) == [[np.inf, 0.0, 0.0], [1.0, 2.0, 1.0]]
    number = autograd.compile(lambda x: autograd.sqrt(x[0]) + x[1] ** 2, backend=backend)
    assert number.hessian([0.0, 1.0])[1].tolist() == [0.0, 2.0]


@pytest.mark.usefixtures("in_batches")
@every_back_end
def test_a_tangent_that_happens_to_be_zero_has_a_derivative(backend: Any) -> None:
    fast = autograd.compile(lambda x: autograd.exp(autograd.hypot(2.0, x)), backend=backend)
    assert close(fast.hessian(0.0), functional.hessian(fast.function)(0.0))


# --- structures -------------------------------------------------------------------------------------------------------

X = np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 2.0]])


def of_arrays(p: dict[str, Any], x: Any) -> dict[str, Any]:
    rows = [autograd.tanh(autograd.dot(p["w"], row, p["b"])) for row in x]
    return {"rows": rows, "first": rows[0] * p["b"]}


P = {"w": np.array([0.5, -1.0, 2.0]), "b": 0.25}


@pytest.mark.usefixtures("both_ways")
@every_back_end
def test_a_jacobian_has_the_structure_of_the_result_and_in_it_that_of_the_argument(backend: Any) -> None:
    fast = autograd.compile(of_arrays, backend=backend)
    by_p, by_x = fast.jacobian(P, X), fast.jacobian(P, X, argnums=1)
    assert by_p["rows"]["w"].shape == (2, 3)
    assert by_p["rows"]["b"].shape == (2,)
    assert by_p["first"]["w"].shape == (3,)
    assert isinstance(by_p["first"]["b"], float)
    assert by_x["rows"].shape == (2, 2, 3)
    assert by_x["first"].shape == (2, 3)
    plain = {"w": P["w"].tolist(), "b": 0.25}
    expected = functional.jacobian(of_arrays, (0, 1))(plain, X.tolist())
    rows = np.array([[*numbers(each[0])] for each in expected["rows"]])
    assert close(np.c_[by_p["rows"]["w"], by_p["rows"]["b"]], rows)
    assert close(by_x["rows"], [each[1] for each in expected["rows"]])
    both = fast.jacobian(P, X, argnums=(1, 0))
    assert close(both["rows"][0], by_x["rows"])
    assert close(both["first"][1], by_p["first"])


@every_back_end
def test_directions_come_in_the_structure_of_arguments_and_results(backend: Any) -> None:
    fast = autograd.compile(of_arrays, backend=backend)
    along = {"b": 1.0, "w": np.array([1.0, 0.0, 2.0])}  # in another order
    y, dy = fast.jvp((P, X), (along, 0.1 * X))
    assert isinstance(y["rows"], np.ndarray)
    assert dy["rows"].shape == (2,)
    _, (p_bar, x_bar) = fast.vjp((P, X), {"rows": np.array([1.0, 2.0]), "first": 3.0})
    assert list(p_bar) == ["w", "b"]
    assert x_bar.shape == (2, 3)
    given_ = np.dot([1.0, 2.0], dy["rows"]) + 3.0 * dy["first"]
    assert close(given_, p_bar["w"] @ along["w"] + p_bar["b"] + (x_bar * 0.1 * X).sum())
    assert close(fast.vjp((P, X), {"rows": [1.0, 2.0], "first": 3.0}, argnums=1)[1], x_bar)


def test_one_output_three_by_fifteen_and_numbers() -> None:
    number = autograd.compile(lambda x, y: x * y * y)
    assert number.jacobian(2.0, 3.0) == 9.0
    assert number.jacobian(2.0, 3.0, argnums=(0, -1)) == (9.0, 12.0)
    assert number.vjp((2.0, 3.0), 1.0) == (18.0, (9.0, 12.0))
    wide = autograd.compile(lambda x: [autograd.dot(x[i::3], x[i::3]) for i in range(3)])
    assert wide.jacobian(np.arange(15.0)).shape == (3, 15)


def test_the_hessian_of_rosenbrock() -> None:
    def rosenbrock(x: Any) -> Any:
        return autograd.total([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)])

    x = np.linspace(-1.0, 1.5, 60)
    fast = autograd.compile(rosenbrock)
    found = fast.hessian(x)
    assert "60 seeds as a batch" in fast.explain()
    expected = np.zeros((60, 60))
    for i in range(60):
        expected[i, i] = (200.0 if i else 0.0) + (1200.0 * x[i] ** 2 - 400.0 * x[i + 1] + 2.0 if i < 59 else 0.0)
        if i < 59:
            expected[i, i + 1] = expected[i + 1, i] = -400.0 * x[i]
    assert close(found, expected)


# --- parameters, batches ----------------------------------------------------------------------------------------------

RNG = random.Random(3)
SAMPLES = (
    [[RNG.uniform(-1.0, 1.0) for _ in range(3)] for _ in range(5)],
    [[RNG.uniform(-1.0, 1.0) for _ in range(2)] for _ in range(5)],
)


@pytest.fixture
def model() -> tuple[list[Value], Callable[..., Any], list[list[float]]]:
    """Parameters, a loss of one sample and its gradients for some."""
    net = nn.MLP(3, [4, 2], seed=1)
    parameters = net.parameters()

    def loss(x: Any, y: Any) -> Any:
        return nn.train.losses.half_squared_error(net(x), y)

    return (
        parameters,
        loss,
        [[g.data for g in autograd.grad(loss(*at), parameters)] for at in zip(*SAMPLES, strict=True)],
    )


@every_back_end
def test_gradients_of_each_sample(backend: Any, model: Any) -> None:
    parameters, loss, expected = model
    fast = autograd.compile(loss, parameters=parameters, batch=("x", "y"), backend=backend)
    found = fast.map_grad(*SAMPLES)
    assert found.shape == (5, len(parameters))
    assert close(found, expected)
    assert close(found.mean(axis=0), fast.value_and_grad(*SAMPLES)[1])
    fast.map_grad(*SAMPLES)
    assert "derivative: map_grad, reverse mode" in fast.explain()


@every_back_end
def test_gradients_of_each_sample_by_arguments(backend: Any) -> None:
    def f(p: Any, x: Any) -> Any:
        return autograd.where(x[0] > x[1], p["w"] * x[0] * x[1], autograd.exp(x[1] * p["w"]))

    fast = autograd.compile(f, batch=("x",), backend=backend)
    xs = np.array([[1.0, 2.0], [2.0, 1.0], [0.0, 3.0]])
    by_p, by_x = fast.map_grad({"w": 0.5}, xs)
    expected = [functional.grad(f, (0, 1))({"w": 0.5}, x) for x in xs.tolist()]
    assert close(by_p["w"], [each[0]["w"] for each in expected])
    assert close(by_x, [each[1] for each in expected])
    assert by_x.shape == (3, 2)
    assert close(fast.map_grad({"w": 0.5}, xs, argnums=1), by_x)


@exactly
def test_exact_gradients_of_each_sample_have_the_bits_of_the_engine(backend: Any) -> None:
    def f(w: Any, x: Any) -> Any:
        return autograd.where(x > 0.5, w * x * x, autograd.exp(w) * x)

    fast = autograd.compile(f, batch=("x",), backend=backend, exact=True)
    xs = [0.1, 0.9, 0.3]
    found = fast.map_grad(0.7, xs, argnums=0)
    assert found.tolist() == [functional.grad(f)(0.7, x) for x in xs]
    _, slope = fast.jvp((0.7, xs), (1.0, [2.0, 3.0, 4.0]))
    slopes = [functional.jvp(f, (0.7, x), (1.0, v))[1] for x, v in zip(xs, [2.0, 3.0, 4.0], strict=True)]
    assert slope == sum(slopes) / 3


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_jacobians_of_each_sample_by_parameters(backend: Any) -> None:
    net = nn.MLP(3, [4, 2], seed=1)
    parameters, x = net.parameters(), SAMPLES[0]
    fast = autograd.compile(net, parameters=parameters, batch=("x",), backend=backend)
    found = fast.map_jacobian(x)
    assert found.shape == (5, 2, len(parameters))
    assert close(found, [[[g.data for g in autograd.grad(y, parameters)] for y in net(each)] for each in x])
    assert close(found.mean(axis=0), fast.jacobian(x))
    by_x = fast.map_jacobian(x, argnums=0)
    assert by_x.shape == (5, 2, 3)
    assert close(by_x, [functional.jacobian(lambda x: [y * 1.0 for y in net(x)])(list(map(Value, each))) for each in x])


@pytest.mark.parametrize(("backend", "exact"), [("python", True), ("python", False), ("numpy", False), ("llvm", True)])
def test_jacobians_of_each_sample_keep_structures(backend: Any, exact: bool) -> None:
    """Samples come first in each array; with `where`, exact ones run one program for each branch."""

    def f(p: Any, x: Any) -> Any:
        choice = autograd.where(x[0] > x[1], p["w"] * x[0] * x[1], autograd.exp(x[1] * p["w"]))
        return {"two": [choice, x[0] * p["b"]], "one": (p["b"] * x[1],)}

    fast, p = autograd.compile(f, batch=("x",), backend=backend, exact=exact), {"w": 0.5, "b": 2.0}
    xs = [[1.0, 2.0], [2.0, 1.0], [0.0, 3.0]]
    by_p, by_x = [fast.map_jacobian(p, xs, argnums=i) for i in (0, 1)]
    assert by_p["two"]["w"].shape == (3, 2)
    assert by_p["one"][0]["b"].shape == (3,)
    assert by_x["two"].shape == (3, 2, 2)
    assert by_x["one"][0].shape == (3, 2)
    expected = functional.map_jacobian(f, (0, 1), batch=("x",))(p, xs)
    assert close(by_p["two"]["w"], [[row[0]["w"] for row in each["two"]] for each in expected])
    assert close(by_p["one"][0]["b"], [each["one"][0][0]["b"] for each in expected])
    assert close(by_x["two"], [[row[1] for row in each["two"]] for each in expected])
    both = fast.map_jacobian(p, xs, argnums=(1, 0))
    assert close(both["two"][0], by_x["two"])
    assert close(both["two"][1]["b"], by_p["two"]["b"])
    assert fast.map_jacobian(p, xs)["two"]["w"].tolist() == by_p["two"]["w"].tolist()


def test_jacobians_of_each_sample_of_one_number_and_of_none() -> None:
    fast = autograd.compile(lambda w, x: w * x * x, batch=("x",))
    assert fast.map_jacobian(3.0, [1.0, 2.0]).tolist() == [1.0, 4.0]
    assert fast.map_jacobian(3.0, [1.0, 2.0], argnums=(0, 1))[1].tolist() == [6.0, 12.0]
    assert autograd.compile(lambda x: [], batch=("x",)).map_jacobian([1.0, 2.0]).shape == (2, 0)


def test_functional_maps_over_samples() -> None:
    def f(w: Any, x: Any) -> Any:
        return [w * x[0], x[0] * x[1]]

    fast, xs = autograd.compile(f, batch=("x",)), np.array([[1.0, 2.0], [3.0, 4.0]])
    found = functional.map_jacobian(f, 1, batch=("x",))(2.0, xs.tolist())
    assert found == [functional.jacobian(f, 1)(2.0, x) for x in xs.tolist()]
    assert close(functional.map_jacobian(fast, 1)(2.0, xs), found)
    assert close(functional.map_jacobian(autograd.compile(f), 1, batch=("x",))(2.0, xs), found)
    number = autograd.compile(lambda w, x: w * x * x, batch=("x",))
    assert functional.map_grad(number.function, (1, 0), batch=["x"])(3.0, [1.0, 2.0]) == [(6.0, 1.0), (12.0, 4.0)]
    assert close(functional.map_grad(number, 1)(3.0, [1.0, 2.0]), [6.0, 12.0])
    slope = functional.grad(lambda w: functional.map_grad(number.function, 1, batch=("x",))(w, [1.0, 2.0])[1])
    assert slope(3.0) == 4.0


@every_back_end
def test_value_and_grad_by_argnums(backend: Any, model: Any) -> None:
    """The order of results is that of JAX: the value, then the gradient, a tuple for a tuple of indices."""
    fast = autograd.compile(f, backend=backend)
    for argnums in (0, 1, -1, (0,), (1, 0)):
        found = fast.value_and_grad(*AT, argnums=argnums)
        expected = functional.value_and_grad(f, argnums=argnums)(*AT)
        assert key_of(found) == key_of(expected)
        assert close(found, expected)
    assert fast.value_and_grad(*AT, argnums=(0, 1)) == fast.value_and_grad(*AT)
    parameters, loss, _ = model
    x, y = SAMPLES[0][0], SAMPLES[1][0]
    by_x = autograd.compile(loss, parameters=parameters, backend=backend).value_and_grad(x, y, argnums=0)
    assert close(by_x, functional.value_and_grad(lambda x: loss(x, y) * 1.0)(list(map(Value, x))))


@every_back_end
def test_directions_in_parameters(backend: Any, model: Any) -> None:
    parameters, loss, _ = model
    fast = autograd.compile(loss, parameters=parameters, batch=("x", "y"), backend=backend)
    value, gradient = fast.value_and_grad(*SAMPLES)
    v = np.linspace(-1.0, 1.0, len(parameters))
    assert close(fast.jvp(SAMPLES, v), (value, gradient @ v))
    assert close(fast.vjp(SAMPLES, 2.0), (value, 2.0 * gradient))
    again, product = fast.hvp(SAMPLES, v)
    assert close(again, gradient)
    assert close(product, fast.hessian(*SAMPLES) @ v)
    assert close(fast.jacobian(*SAMPLES), gradient)


def test_parameters_and_arguments(model: Any) -> None:
    parameters, loss, expected = model
    fast = autograd.compile(loss, parameters=parameters)
    x, y = SAMPLES[0][0], SAMPLES[1][0]
    assert close(fast.jacobian(x, y), expected[0])
    assert close(fast.jacobian(x, y, argnums=0), functional.grad(lambda x: loss(x, y).detach() * 0.0 + loss(x, y))(x))
    assert fast.hessian(x, y).shape == (len(parameters),) * 2
    assert fast.hessian(x, y, argnums=1).tolist() == np.eye(2).tolist()


# --- autograd.functional ----------------------------------------------------------------------------------------------


def f(x: Any, y: Any) -> Any:
    return autograd.sin(x[0]) * y * x[1]


def g(x: Any, y: Any) -> Any:
    return {"a": [autograd.sin(x[0]) * y, x[1] * x[0]], "b": y * y}


AT = ([1.0, 2.0], 3.0)


@pytest.mark.parametrize("argnum", [0, 1, -1, (0,), (1, 0)])
@pytest.mark.parametrize(
    ("take", "of"),
    [
        (functional.grad, f),
        (functional.value_and_grad, f),
        (functional.hessian, f),
        (functional.jacobian, f),
        (functional.jacobian, g),
    ],
)
def test_functional_takes_compiled_functions(take: Any, of: Any, argnum: Any) -> None:
    found, expected = take(autograd.compile(of), argnum)(*AT), take(of, argnum)(*AT)
    assert key_of(found) == key_of(expected)
    assert close(found, expected)


def test_functional_directions_of_compiled_functions() -> None:
    fast, many_ = autograd.compile(f), autograd.compile(g)
    along = ([1.0, -1.0], 2.0)
    bar = {"a": [1.0, 2.0], "b": 3.0}
    for found, expected in (
        (functional.jvp(many_, AT, along), functional.jvp(g, AT, along)),
        (functional.vjp(many_, AT, bar), functional.vjp(g, AT, bar)),
        (functional.hvp(fast, AT, along), functional.hvp(f, AT, along)),
    ):
        assert key_of(found) == key_of(expected)
        assert close(found, expected)
    assert isinstance(functional.grad(fast)(np.array(AT[0]), 3.0), np.ndarray)


def test_functional_uses_the_program() -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(x)
        return x * x

    slope = functional.grad(autograd.compile(counted))
    slope(1.0)
    before = len(calls)
    assert slope(2.0) == 4.0
    assert len(calls) == before


def test_derivatives_of_compiled_functions_nest() -> None:
    fast = autograd.compile(f)
    assert functional.grad(lambda t: functional.grad(fast)([t, 2.0], 3.0)[0])(1.0) == functional.hessian(f)(*AT)[0][0]
    assert functional.grad(functional.grad(fast, 1), 1)(*AT) == 0.0
    value = Value(3.0)
    slope = functional.grad(fast, 1)([1.0, 2.0], value)
    assert isinstance(slope, Value)
    outer = autograd.compile(lambda x: autograd.total(functional.grad(fast)(x, 2.0)))
    expected = functional.value_and_grad(lambda x: autograd.total(functional.grad(f)(x, 2.0)))(AT[0])
    assert close(outer.value_and_grad(AT[0]), expected)


def test_functional_and_batches() -> None:
    fast = autograd.compile(lambda w, x: w * x * x, batch=("x",))
    assert functional.grad(fast)(3.0, [1.0, 2.0]) == 2.5
    with pytest.raises(CompileError, match=r"argument x holds samples .* map_grad"):
        functional.grad(fast, 1)(3.0, [1.0, 2.0])
    with pytest.raises(CompileError, match=r"use the function of one sample, fast\.function"):
        functional.grad(functional.grad(fast))(3.0, [1.0, 2.0])


def test_functional_vjp_closes_over_and_nests() -> None:
    w = Value(3.0)
    y, (bar,) = functional.vjp(lambda x: [x * w, x * x], (2.0,), [1.0, 10.0])
    (bar * 1.0).backward()
    assert (y[0].data, bar.data, w.grad) == (6.0, 43.0, 1.0)
    assert functional.vjp(lambda x: [], (2.0,), []) == ([], (0.0,))
    assert functional.vjp(lambda x: 5.0, (2.0,), 1.0) == (5.0, (0.0,))
    assert functional.grad(lambda c: functional.vjp(lambda x: x * x, (3.0,), c)[1][0])(1.0) == 6.0


@pytest.mark.parametrize("take", [functional.grad, functional.value_and_grad, functional.jacobian, functional.hessian])
def test_argnums_is_argnum(take: Any) -> None:
    assert take(f, argnums=(1, 0))(*AT) == take(f, (1, 0))(*AT)


# --- errors, words, pickling ------------------------------------------------------------------------------------------


def fast_f() -> Compiled:
    return autograd.compile(f)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: autograd.compile(g).value_and_grad(*AT), CompileError, r"take its jacobian\(\.\.\.\), or vjp"),
        (lambda: autograd.compile(g).hvp(AT, AT), CompileError, "must return one number"),
        (lambda: autograd.compile(g).hessian(*AT), CompileError, "must return one number"),
        (lambda: functional.grad(autograd.compile(g))(*AT), CompileError, "jacobian"),
        (lambda: functional.grad(g)(*AT), TypeError, "see jacobian and vjp"),
        (lambda: autograd.grad([Value(1.0)], Value(2.0)), TypeError, r"of several outputs, see functional\.jacobian"),
        (lambda: fast_f().map_grad(*AT), CompileError, "map_grad needs a batch"),
        (lambda: fast_f().map_jacobian(*AT), CompileError, "map_jacobian needs a batch"),
        (lambda: functional.map_jacobian(f)(*AT), TypeError, "map_jacobian needs a batch; name the arguments of f"),
        (lambda: functional.map_grad(fast_f())(*AT), CompileError, "map_grad needs a batch"),
        (lambda: functional.map_grad(f, batch="x"), TypeError, r"batch='x': give the names .* batch=\(\"x\",\)"),
        (lambda: functional.map_grad(f, batch=["z"])(*AT), TypeError, "'z', which is not an argument.*; it has x, y"),
        (lambda: functional.map_grad(f, batch=["y"])([1.0]), TypeError, "'y', but the function was called with 1 arg"),
        (lambda: functional.map_grad(f, batch=["y"])(*AT), TypeError, r"argument y is batched: give a .*, got 3\.0"),
        (lambda: functional.map_grad(f, batch=["x", "y"])([1.0], [1.0, 2.0]), TypeError, "x has 1, y has 2"),
        (lambda: fast_f().value_and_grad(*AT, argnums=2), TypeError, r"argnums=2, but the function was called with 2"),
        (lambda: fast_f().value_and_grad(*AT, argnums=(1, 1)), TypeError, "names an argument twice"),
        (lambda: fast_f().jacobian(*AT, argnums=(0, -2)), TypeError, r"argnums=\(0, -2\) names an argument twice"),
        (lambda: functional.grad(f, (0, 0))(*AT), TypeError, r"argnum=\(0, 0\) names an argument twice"),
        (lambda: fast_f().jacobian(*AT, argnums=2), TypeError, r"argnums=2, but the function was called with 2"),
        (
            lambda: fast_f().jvp(AT, ([1.0], 1.0)),
            CompileError,
            r"tangents\[0\] must have the structure of its argument",
        ),
        (lambda: fast_f().jvp(AT, (1.0,)), TypeError, "one tangent for each of 2"),
        (lambda: fast_f().jvp(1.0, 1.0), TypeError, "args must be a tuple with an entry for each argument"),
        (lambda: fast_f().vjp(AT, [1.0]), CompileError, "cotangents must have the structure of the result"),
        (lambda: functional.vjp(f, AT, [1.0]), TypeError, "cotangents must have the structure of the result"),
        (lambda: fast_f().vjp(AT, "1"), CompileError, "cotangents"),
    ],
)
def test_bad_input_is_named(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_tangents_in_parameters_are_one_for_each() -> None:
    w = Value(3.0)
    fast = autograd.compile(lambda x: w * x, parameters=[w])
    with pytest.raises(CompileError, match="a flat list or array of 1 numbers"):
        fast.jvp((2.0,), [1.0, 2.0])


def test_tangents_of_samples_are_as_many() -> None:
    fast = autograd.compile(lambda x: x * x, batch=("x",))
    assert fast.jvp(([1.0, 2.0],), ([1.0, 1.0],)) == (2.5, 3.0)
    with pytest.raises(CompileError, match="there are 2 samples, but tangents for 3"):
        fast.jvp(([1.0, 2.0],), ([1.0, 1.0, 1.0],))


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda fast: fast.jvp(AT, AT), "derivative: jvp, forward mode"),
        (lambda fast: fast.vjp(AT, 1.0), "derivative: vjp, reverse mode"),
        (lambda fast: fast.hvp(AT, AT), "derivative: hvp, reverse over forward mode"),
        (lambda fast: fast.jacobian(*AT), "derivative: jacobian, row by row"),
        (lambda fast: fast.hessian(*AT), "derivative: hessian, row by row"),
    ],
)
def test_explain_names_the_derivative(call: Any, line: str) -> None:
    fast = fast_f()
    call(fast)
    assert line in fast.explain().splitlines()


def test_it_pickles_with_its_programs() -> None:
    fast = fast_f()
    results = fast.jvp(AT, AT), fast.vjp(AT, 1.0), fast.hvp(AT, AT), fast.jacobian(*AT)
    again = pickle.loads(pickle.dumps(fast))
    again.function = None
    assert repr((again.jvp(AT, AT), again.vjp(AT, 1.0), again.hvp(AT, AT), again.jacobian(*AT))) == repr(results)


@pytest.mark.usefixtures("in_batches")
def test_float32_and_threads() -> None:
    fast = autograd.compile(g, dtype="float32", backend="numpy")
    assert np.allclose(numbers(fast.jacobian(*AT)), numbers(functional.jacobian(g)(*AT)), 1e-6)
    some = autograd.compile(g, threads=2, backend="llvm")
    assert close(some.jacobian(*AT), functional.jacobian(g)(*AT))


def test_arguments_are_sequences() -> None:
    args: Sequence[Any] = list(AT)
    assert close(fast_f().jvp(args, args), functional.jvp(f, AT, AT))

"""`autograd.compile(…, batch=…)`: one sample is recorded, the program answers for all; indices, choices, Hessians."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import CompileError, Value, pick
from autograd.strategies import graphs
from autograd.strategies.graph_data import Graph
from tests.support.examples import examples

pytestmark = pytest.mark.slow

BACKENDS = ["python", "numpy", "llvm"]
everywhere = pytest.mark.parametrize("backend", BACKENDS)


def mean_and_gradient(f: Callable[..., Any], parameters: Sequence[Value], samples: Sequence[Any]) -> tuple[float, Any]:
    """By the engine, one sample after the other."""
    gradients, losses = [], []
    for sample in samples:
        loss = f(*sample)
        slopes = autograd.grad(loss, parameters) if isinstance(loss, Value) else [Value(0.0)] * len(parameters)
        gradients.append([slope.data for slope in slopes])
        losses.append(float(loss))
    return sum(losses) / len(losses), np.mean(np.array(gradients).reshape(len(losses), -1), axis=0)


def assert_close(found: tuple[float, Any], expected: tuple[float, Any]) -> None:
    # Sums of up to a hundred products, added in another order: 100 u relative to the largest, with room for cancelling.
    scale = max(abs(expected[0]), *np.abs(expected[1]), 1e-300)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12, atol=1e-13 * scale)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12, atol=1e-13 * scale)


# --- means over the samples -------------------------------------------------------------------------------------------


# Whole vectors of lanes, and what remains; as many activations as there are sizes, so that each back end has them all.
SIZES = [("relu", 1), ("tanh", 3), ("sigmoid", 4), ("prelu", 9), ("gelu", 33)]


@everywhere
@pytest.mark.parametrize(("hidden", "count"), SIZES)
def test_networks(hidden: str, count: int, backend: str) -> None:
    model = nn.MLP(3, [5, 4, 2], hidden=hidden, seed=1)
    rng = np.random.default_rng(count)
    X, Y = rng.normal(size=(count, 3)), rng.normal(size=(count, 2))

    def loss(x: Any, y: Any) -> Any:
        a, b = model(x)
        return (a - y[0]) ** 2 + (b - y[1]) ** 2

    fast = autograd.compile(loss, parameters=model.parameters(), batch=("x", "y"), backend=backend)
    expected = mean_and_gradient(loss, model.parameters(), list(zip(X.tolist(), Y.tolist(), strict=True)))
    assert_close(fast(X, Y), expected)
    assert_close(fast.flat(fast.flat.start, X, Y), expected)
    assert_close(fast(X.tolist(), [tuple(y) for y in Y.tolist()]), expected)


@pytest.mark.parametrize("backend", ["python", "llvm"])
@examples(25)
@given(graphs(max_size=8, max_inputs=3, kinks=False), st.data())
def test_random_graphs_of_batched_and_shared_numbers(backend: str, graph: Graph, data: st.DataObject) -> None:
    """Means are taken of eager numbers: sample after sample, the same bits; as long as no rule has to choose."""
    if any(line.primitive == "where" for line in graph.lines):  # both branches are in the program: see below
        return
    names = [f"x{i}" for i in range(len(graph.point))]
    batched = data.draw(st.sets(st.sampled_from(names), min_size=1))
    f = eval(f"lambda {', '.join(names)}: graph({', '.join(names)})", {"graph": graph})
    fast = autograd.compile(f, batch=tuple(batched), backend=backend, exact=True)
    count = data.draw(st.integers(1, 6))
    columns = [
        [x * (1.0 + 1e-3 * i) for i in range(count)] if name in batched else x
        for name, x in zip(names, graph.point, strict=True)
    ]
    rows = [[column[i] if isinstance(column, list) else column for column in columns] for i in range(count)]
    each = fast.map(*columns)
    np.testing.assert_array_equal(np.broadcast_to(each, count), [graph(*row) for row in rows])
    np.testing.assert_array_equal(fast.value(*columns), autograd.total([graph(*row) for row in rows]) / count)


@everywhere
def test_without_parameters_the_gradient_has_the_structure_of_a_sample(backend: str) -> None:
    fast = autograd.compile(lambda p, x: p["w"] * x[0] + x[1], batch=("x",), backend=backend)
    value, (by_p, by_x) = fast.value_and_grad({"w": 2.0}, [[1.0, 5.0], [3.0, 6.0]])
    assert (value, by_p, by_x) == (9.5, {"w": 2.0}, [2.0, 1.0])


@everywhere
def test_a_result_may_be_shared_by_all_samples(backend: str) -> None:
    w = Value(3.0)
    fast = autograd.compile(lambda x: w * w, parameters=[w], batch=("x",), backend=backend)
    assert fast([1.0, 2.0, 4.0])[0] == 9.0
    assert fast([1.0, 2.0, 4.0])[1].tolist() == [6.0]
    assert autograd.compile(lambda x: 3.0, batch=("x",), backend=backend).map([1.0, 2.0]).tolist() == [3.0, 3.0]


@everywhere
def test_map_gives_every_sample_its_own(backend: str) -> None:
    model = nn.MLP(2, [3, 2], seed=0)
    fast = autograd.compile(
        lambda x, k: {"outputs": model(x), "picked": pick(model(x), k)},
        parameters=model.parameters(),
        batch=("x", "k"),
        backend=backend,
    )
    X, K = np.random.default_rng(0).normal(size=(7, 2)), [0, 1, 1, 0, 1, 0, 0]
    found = fast.map(X, K)
    expected = [[z.data for z in model(x)] for x in X.tolist()]
    np.testing.assert_allclose(np.transpose(found["outputs"]), expected, rtol=1e-14)
    np.testing.assert_allclose(found["picked"], [row[k] for row, k in zip(expected, K, strict=True)], rtol=1e-14)
    assert model.parameters()[0].grad == 0.0


def test_one_recording_serves_all_samples_and_batch_sizes() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return autograd.tanh(x)

    fast = autograd.compile(f, batch=("x",))
    for count in (1, 2, 5, 2):
        fast.value([0.1 * i for i in range(count)])
    assert len(calls) == 2, "one recording, which calls it twice"


# --- choices ----------------------------------------------------------------------------------------------------------


@everywhere
def test_where_chooses_for_each_sample(backend: str) -> None:
    fast = autograd.compile(lambda x: autograd.where(x > 0.0, x * x, -3.0 * x), batch=("x",), backend=backend)
    assert fast.map([2.0, -1.0, 0.0, -2.0]).tolist() == [4.0, 3.0, 0.0, 6.0]
    assert fast.value_and_grad([2.0, -1.0, 0.0, -2.0]) == (3.25, (4.0 - 3.0 - 3.0 - 3.0) / 4)


@everywhere
@pytest.mark.parametrize("relation", ["<", "<=", ">", ">=", "=="])
def test_every_comparison_chooses(relation: str, backend: str) -> None:
    f = eval(f"lambda x: where(x {relation} 1.0, 5.0 * x, x)", {"where": autograd.where})
    xs = [0.5, 1.0, 1.5, math.nan]
    found = autograd.compile(f, batch=("x",), backend=backend).map(xs)
    np.testing.assert_array_equal(found, [float(f(x)) for x in xs])


@everywhere
def test_what_was_not_chosen_may_be_infinite(backend: str) -> None:
    w = Value(2.0)

    def f(x: Any) -> Any:
        return autograd.where(x > 0.0, autograd.log(x) * w + autograd.sqrt(x), 0.0)

    fast = autograd.compile(f, parameters=[w], batch=("x",), backend=backend)
    xs = [1.0, 0.0, -1.0, 3.0]
    assert_close(fast(xs), mean_and_gradient(f, [w], [[Value(x)] for x in xs]))


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: x if x > 0 else -x, r"x > …\).*where"),
        (lambda x: x * int(x), "same"),
        (lambda x: [1.0, 2.0][x], "pick for an index"),
        (lambda x: max(x, 0.0), "maximum"),
        (lambda x: x if x in (1.0, 2.0) else -x, "=="),
    ],
)
def test_a_question_about_a_sample_is_refused_with_its_line(f: Callable[[Any], Any], words: str) -> None:
    fast = autograd.compile(f, batch=("x",))
    line = f.__code__.co_firstlineno
    with pytest.raises(CompileError, match=rf"test_batch\.py:{line}: .*differs from sample to sample.*{words}"):
        fast.value([1.0, 0.0])


def test_a_question_about_what_is_shared_is_a_guard_as_ever() -> None:
    fast = autograd.compile(lambda x, s: x * 2.0 if s > 0.0 else x, batch=("x",))
    assert [fast.value([1.0, 2.0], s) for s in (1.0, -1.0, 2.0)] == [3.0, 1.5, 3.0]


# --- indices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [*BACKENDS, "auto"])
def test_one_recording_serves_all_indices(backend: str) -> None:
    fast = autograd.compile(lambda xs, i: pick(xs, i) ** 2, backend=backend)
    for i in (0, 2, 1):
        value, (by_xs, by_i) = fast.value_and_grad([3.0, 5.0, 7.0], i)
        assert value == [9.0, 25.0, 49.0][i]
        assert by_xs == [2.0 * x * (j == i) for j, x in enumerate([3.0, 5.0, 7.0])]
        assert by_i == 0.0
    assert "recordings: 1" in fast.explain()


def test_an_integer_argument_is_an_index_to_the_function() -> None:
    seen = []

    def f(a: Any, b: Any, c: Any) -> Any:
        seen.append([isinstance(x, autograd.Index) for x in (a, b[0], b[1], c[0])])
        return a + b[0] * b[1] + c[0]

    autograd.compile(f, batch=("c",))(1, [2.0, 3], np.array([[4], [5]]))
    assert seen == [[True, False, True, True]] * 2


@everywhere
@pytest.mark.parametrize("index", [3, -1, 0.5, math.nan])
def test_an_index_out_of_range_is_refused(index: float, backend: str) -> None:
    assert math.isnan(autograd.compile(pick, backend=backend)([1.0, 2.0, 3.0], index))


# --- Hessians ---------------------------------------------------------------------------------------------------------


@everywhere
def test_hessian_of_arguments(backend: str) -> None:
    def f(x: Any, y: Any) -> Any:
        return autograd.exp(x * y) + x * x

    found = autograd.compile(f, backend=backend).hessian(0.5, -0.25)
    e, x, y = math.exp(-0.125), 0.5, -0.25
    np.testing.assert_allclose(
        found, [[y * y * e + 2.0, (1.0 + x * y) * e], [(1.0 + x * y) * e, x * x * e]], rtol=1e-14
    )


@everywhere
def test_hessian_of_parameters_is_the_mean_over_the_batch(backend: str) -> None:
    w, b = Value(0.5), Value(-0.25)
    X = [1.0, 2.0, -3.0]
    fast = autograd.compile(lambda x: (w * x + b) ** 2, parameters=[w, b], batch=("x",), backend=backend)
    xs = np.array(X)
    np.testing.assert_allclose(
        fast.hessian(X), [[2 * np.mean(xs**2), 2 * np.mean(xs)], [2 * np.mean(xs), 2.0]], rtol=1e-14
    )


# --- what is refused --------------------------------------------------------------------------------------------------


def test_a_batch_is_named_by_arguments() -> None:
    with pytest.raises(CompileError, match=r'give the names of arguments, as in batch=\("x",\)'):
        autograd.compile(lambda x: x, batch="x")
    with pytest.raises(CompileError, match="names 'z', which is not an argument of the function; it has x, y"):
        autograd.compile(lambda x, y: x, batch=("z",))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (([1.0, 2.0], [1.0]), "x has 2, y has 1"),
        ((1.0, [1.0]), "argument x is batched"),
        (([], [1.0]), "argument x is batched"),
        ((np.zeros((0, 2)), [1.0]), "at least one sample"),
        (([[1.0], [1.0, 2.0]], [1.0, 2.0]), r"argument x: sample 1 has 2 number\(s\)"),
        ((["a"], [1.0]), r"argument x\[0\]: .*'a'"),
        (([1.0],), "y are missing"),
    ],
)
def test_samples_that_do_not_fit_are_refused(args: tuple[Any, ...], words: str) -> None:
    with pytest.raises(CompileError, match=words):
        autograd.compile(lambda x, y: x * y, batch=("x", "y"))(*args)


def test_map_is_for_batches() -> None:
    with pytest.raises(CompileError, match="batch="):
        autograd.compile(lambda x: x).map(1.0)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True])
def test_threads_are_a_count(threads: Any) -> None:
    with pytest.raises(CompileError, match=r"threads=.* None or a positive integer"):
        autograd.compile(lambda x: x, threads=threads)


# --- precision and threads --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_float32_is_as_accurate_as_that(backend: str) -> None:
    model = nn.MLP(3, [8, 1], hidden="tanh", seed=0)
    X = np.random.default_rng(0).normal(size=(50, 3))

    def loss(x: Any) -> Any:
        return model(x) ** 2

    single = autograd.compile(loss, parameters=model.parameters(), batch=("x",), backend=backend, dtype="float32")
    value, gradient = single(X)
    expected, slopes = mean_and_gradient(loss, model.parameters(), [[x] for x in X.tolist()])
    # float32 has 24 bits; sums of some fifty terms keep all but the last few of them.
    np.testing.assert_allclose(value, expected, rtol=50 * 2.0**-24)
    np.testing.assert_allclose(gradient, slopes, atol=50 * 2.0**-24 * np.abs(slopes).max())
    assert value != expected, "computed in float64 after all"
    assert gradient.dtype == np.float64


def test_python_has_no_float32() -> None:
    with pytest.raises(CompileError, match="use numpy or llvm"):
        autograd.compile(lambda x: x, backend="python", dtype="float32")(1.0)


def test_numpy_keeps_no_order() -> None:
    with pytest.raises(CompileError, match="exact=True needs python or llvm"):
        autograd.compile(lambda x: x, backend="numpy", exact=True)(1.0)


def test_threads_share_the_samples() -> None:
    w = Value(0.5)
    X = np.linspace(-2.0, 2.0, 1001)
    several = autograd.compile(
        lambda x: autograd.tanh(w * x) ** 2, parameters=[w], batch=("x",), threads=2, backend="llvm"
    )
    one = autograd.compile(lambda x: autograd.tanh(w * x) ** 2, parameters=[w], batch=("x",), backend="llvm")
    assert_close(several(X), one(X))

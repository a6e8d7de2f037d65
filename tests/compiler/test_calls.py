"""Calls of compiled functions (row C5): arrays in, arrays out, and no Python work for each number on the way."""

from __future__ import annotations

import inspect
import math
import pickle
import sys
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import CompileError, Value, compile, functional, total
from autograd.compiler.captures import SINGLY
from autograd.compiler.inputs import CHUNK, FEW
from autograd.observing import Observer
from autograd.scopes import Scope
from autograd.structure import leaves_of
from tests.support.examples import examples

pytestmark = pytest.mark.slow

BACKENDS = ["python", "numpy", "llvm"]
everywhere = pytest.mark.parametrize("backend", BACKENDS)
Pair = namedtuple("Pair", "first second")


# --- what comes back --------------------------------------------------------------------------------------------------

numbers = st.integers(-8, 8).map(float)
shapes = st.sampled_from([(1,), (3,), (2, 2), (2, 1, 3), (0,), (2, 0)])
dtypes = st.sampled_from(["float64", "float32", "int64", "uint8", ">f8", "object"])


@st.composite
def arrays(draw: st.DrawFn) -> Any:
    shape = draw(shapes)
    count = math.prod(shape)
    flat = draw(st.lists(st.integers(0, 8), min_size=count, max_size=count))
    array = np.array(flat, dtype=draw(dtypes)).reshape(shape)
    return np.asfortranarray(array) if draw(st.booleans()) else array


structures = st.recursive(
    st.one_of(numbers, arrays(), st.lists(numbers, max_size=3), numbers.map(np.array)),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3),
        st.lists(parts, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from("abc"), parts, max_size=2),
        st.tuples(parts, parts).map(lambda pair: Pair(*pair)),
    ),
    max_leaves=4,
)


def weighted_squares(*args: Any) -> Any:
    """Σ i xᵢ² over all numbers from the left, whose derivatives 2 i xᵢ are integers here."""
    return total([i * x * x for i, x in enumerate(leaves_of(args))])


def expected(x: Any, weight: list[int]) -> Any:
    """The gradient by x: a float for a number, a float64 array for an array, and structures of them."""
    if isinstance(x, np.ndarray) and x.ndim:
        return np.array([expected(each, weight) for each in x.ravel().tolist()], dtype=float).reshape(x.shape)
    if isinstance(x, dict):
        return {name: expected(part, weight) for name, part in x.items()}
    if isinstance(x, list | tuple):
        parts = [expected(part, weight) for part in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    weight[0] += 1
    return 2.0 * (weight[0] - 1) * float(x)


def assert_same(found: Any, wanted: Any) -> None:
    assert type(found) is type(wanted)
    if isinstance(wanted, np.ndarray):
        assert found.dtype == np.float64
        assert found.shape == wanted.shape
        assert found.tolist() == wanted.tolist()
    elif isinstance(wanted, dict):
        assert list(found) == list(wanted)
        assert_same(list(found.values()), list(wanted.values()))
    elif isinstance(wanted, list | tuple):
        assert len(found) == len(wanted)
        for each, other in zip(found, wanted, strict=True):
            assert_same(each, other)
    else:
        assert found == wanted


@everywhere
@examples(50)
@given(args=st.lists(structures, min_size=1, max_size=3))
def test_c5_a_gradient_has_the_structure_of_its_argument(backend: str, args: list[Any]) -> None:
    """Integers below 2⁵³ are exact in any order of additions."""
    fast = autograd.compile(weighted_squares, backend=backend)
    value, gradient = fast.value_and_grad(*args)
    weight = [0]
    wanted = tuple([expected(x, weight) for x in args])
    assert_same(gradient, wanted if len(wanted) > 1 else wanted[0])
    assert type(value) is float


def test_c5_a_hessian_counts_the_numbers_in_arrays() -> None:
    fast = autograd.compile(weighted_squares)
    found = fast.hessian(np.ones((2, 2), dtype=np.float32), [np.ones(1), 3.0])
    assert found.tolist() == np.diag([0.0, 2.0, 4.0, 6.0, 8.0, 10.0]).tolist()
    batch = autograd.compile(lambda x: x[0] * x[1], batch=("x",))
    assert batch.hessian(np.ones((5, 2))).tolist() == [[0.0, 1.0], [1.0, 0.0]]


@everywhere
def test_c5_the_gradient_by_samples_is_shaped_as_one(backend: str) -> None:
    fast = autograd.compile(lambda x, w: total([w[i][j] * x[i][j] for i in range(2) for j in range(2)]), batch=("x",))
    X, w = np.arange(12.0).reshape(3, 2, 2), [[1.0, 2.0], [3.0, 4.0]]
    assert_same(fast.value_and_grad(X, w)[1], (np.array(w), X.mean(axis=0).tolist()))
    assert_same(fast.value_and_grad(list(X), np.array(w))[1], (np.array(w), X.mean(axis=0)))
    assert_same(fast.value_and_grad(X.astype(object), w)[1], (np.array(w), X.mean(axis=0).tolist()))
    assert_same(fast.value_and_grad(X.tolist(), w)[1], (w, X.mean(axis=0).tolist()))
    assert "recordings: 1" in fast.explain()


@everywhere
def test_c5_lists_of_numbers_are_arrays_when_an_array_was_given(backend: str) -> None:
    fast = autograd.compile(
        lambda x: {"rows": [[x[0], x[1]], [2.0, x[0] * x[1]]], "ragged": [[x[0]], [x[1], 1.0]], "pair": (x[0], [x[1]])},
        backend=backend,
    )
    rows, ragged = [[3.0, 5.0], [2.0, 15.0]], [[3.0], [5.0, 1.0]]
    assert_same(fast([3.0, 5.0]), {"rows": rows, "ragged": ragged, "pair": (3.0, [5.0])})
    arrays = {"rows": np.array(rows), "ragged": list(map(np.array, ragged)), "pair": (3.0, np.array([5.0]))}
    assert_same(fast(np.array([3.0, 5.0])), arrays)
    assert "recordings: 1" in fast.explain()


@everywhere
@pytest.mark.parametrize("given", [2.0, [2.0], np.array([2.0])])
def test_c5_an_array_that_the_function_returns_is_one(backend: str, given: Any) -> None:
    fast = autograd.compile(lambda x: np.outer([1.0, 2.0], np.array(x) * 3.0), backend=backend)
    assert_same(fast(given), np.array([[6.0], [12.0]]))
    assert_same(pickle.loads(pickle.dumps(fast)).value(given), np.array([[6.0], [12.0]]))


@everywhere
def test_c5_map_of_an_array_has_a_row_for_each_sample(backend: str) -> None:
    fast = autograd.compile(
        lambda x: (np.array([[x[0], x[1], 1.0]] * 2), [x[0], x[1]], x[0] * x[1]), batch=("x",), backend=backend
    )
    X = np.arange(8.0).reshape(4, 2)
    array, columns, products = fast.map(X)
    assert_same(array, np.stack([np.column_stack([X, np.ones(4)])] * 2, axis=1))
    assert_same(columns, [X[:, 0], X[:, 1]])
    assert_same(products, X.prod(axis=1))
    assert_same(fast.value(X)[0], array.mean(axis=0))
    assert_same(fast.value(X)[1], X.mean(axis=0))


def test_c5_results_are_the_callers_own() -> None:
    """No call writes into what an earlier one returned, nor into what it was given."""
    for backend in BACKENDS:
        fast = autograd.compile(weighted_squares, backend=backend)
        x = np.arange(100.0)
        _, first = fast.value_and_grad(x)
        kept = first.copy()
        first += 1.0
        _, second = fast.value_and_grad(x)
        assert second.tolist() == kept.tolist()
        assert x.tolist() == np.arange(100.0).tolist()


def test_c5_recordings_are_for_lists_and_arrays_alike() -> None:
    fast = autograd.compile(weighted_squares)
    for x in ([[1.0, 2.0]], np.array([[1.0, 2.0]]), [np.array([1.0, 2.0])], [[1, 2.0]]):
        fast.value_and_grad(x)
    assert "recordings: 1" in fast.explain()
    assert fast.value_and_grad([(1.0, 2.0)])[1] == [(0.0, 4.0)]
    assert "recordings: 2" in fast.explain()


# --- parameters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["python", "llvm"])
@pytest.mark.parametrize("count", [1, FEW, FEW + 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_c5_parameters_are_read_at_each_call_to_the_bit(backend: str, count: int) -> None:
    rng = np.random.default_rng(count)
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 2.0**-1022, 1e308]
    parameters = [Value(0.0) for _ in range(count)]
    fast = autograd.compile(lambda: [w * 1.0 for w in parameters], parameters=parameters, backend=backend)
    fast.value()
    for _ in range(2):
        wanted = rng.normal(size=count)
        wanted[rng.integers(count, size=8)] = special
        for parameter, number in zip(parameters, wanted.tolist(), strict=True):
            parameter.data = number
        assert np.array(fast.value()).tobytes() == wanted.tobytes()
        assert fast.flat.start.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_c5_the_call_gives_what_flat_gives(backend: str) -> None:
    model = nn.MLP(5, [40, 30, 3], seed=0)
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(16, 5)), rng.integers(3, size=16)
    loss = lambda x, y: nn.cross_entropy(model(x), y)  # noqa: E731
    fast = autograd.compile(loss, parameters=model.parameters(), batch=("x", "y"), backend=backend)
    value, gradient = fast(X, Y)
    assert (value, gradient.tobytes()) == (
        fast.flat(fast.flat.start, X, Y)[0],
        fast.flat(fast.flat.start, X, Y)[1].tobytes(),
    )
    assert fast.value(X, Y) == pytest.approx(value, rel=1e-13)


def test_c5_training_on_the_vector_touches_no_value() -> None:
    """As in the documentation of `flat`."""
    model = nn.MLP(2, [3, 1], seed=0)
    before = [parameter.data for parameter in model.parameters()]
    fast = autograd.compile(lambda x: model(x) ** 2, parameters=model.parameters(), batch=("x",))
    X = np.random.default_rng(0).normal(size=(8, 2))
    theta = fast.flat.start
    losses = []
    for _ in range(20):
        value, gradient = fast.flat(theta, X)
        theta -= 0.01 * gradient
        losses.append(value)
    assert losses == sorted(losses, reverse=True)
    assert [parameter.data for parameter in model.parameters()] == before
    fast.flat.store(theta)
    assert [parameter.data for parameter in model.parameters()] == theta.tolist()
    assert fast(X)[0] == fast.flat(theta, X)[0]


class Watch(Observer):
    """Keeps the Values that are asked for their number."""

    def __init__(self) -> None:
        self.seen: list[Value] = []

    def read(self, value: Value, name: str) -> float:
        self.seen.append(value)
        return value._data


@pytest.mark.parametrize("count", [2, FEW + 1])
def test_c5_an_observer_sees_each_parameter_that_is_read(count: int) -> None:
    """A gradient check wants to know where a number leaves the graph."""
    w = [Value(float(i)) for i in range(count)]
    fast = autograd.compile(lambda: total([each * each for each in w]), parameters=w)
    expected = fast()[0]
    watch = Watch()
    with Scope(lambda now: replace(now, observer=watch)):
        assert fast()[0] == expected
    assert watch.seen == w


@pytest.mark.parametrize(
    "call",
    [
        lambda fast, x: fast(x)[0],
        lambda fast, x: fast(2.0)[0],
        lambda fast, x: fast.value(x),
        lambda fast, x: fast.hessian(2.0)[0][0],
        lambda fast, x: fast.flat([1.0], x)[0],
    ],
)
def test_c5_a_compiled_function_called_while_recording_is_refused(call: Callable[[Any, Any], Any]) -> None:
    w = Value(2.0)
    fast = autograd.compile(lambda x: w * x, parameters=[w])
    fast(1.0)
    with pytest.raises(CompileError, match=r"is being recorded.*fast\.function"):
        autograd.compile(lambda x: call(fast, x))(2.0)


# --- what a function reads from outside -------------------------------------------------------------------------------


def nested(lists: list[list[float]], x: Any) -> Any:
    return total([x * float(i + 1) * each for i, row in enumerate(lists) for each in row])


@pytest.mark.parametrize("count", [2, SINGLY - 1, 3 * SINGLY])
@pytest.mark.parametrize(
    "change",
    [
        lambda lists: lists[-1].insert(0, lists[-2].pop()),
        lambda lists: lists[0].append(7.0),
        lambda lists: lists[-1].__setitem__(1, -3.0),
        lambda lists: lists[0].clear(),
    ],
    ids=["moved to the next list", "appended", "replaced", "cleared"],
)
def test_c5_changes_are_noticed_however_many_lists_are_compared(count: int, change: Callable[[Any], None]) -> None:
    lists = [[float(i), i + 0.5] for i in range(count)]
    fast = autograd.compile(lambda x: nested(lists, x))
    assert fast(2.0) == nested(lists, Value(2.0)).data
    change(lists)
    assert fast(2.0) == nested(lists, Value(2.0)).data
    assert "recordings: 2" in fast.explain()


# --- work -------------------------------------------------------------------------------------------------------------


def calls(work: Callable[[], Any]) -> int:
    """The number of calls of functions, in Python and in C, during `work`."""
    count = 0

    def watch(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    work()  # what is made once is made
    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


FURTHER = 10  # calls that a larger program of NumPy may make


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_c5_a_result_of_many_numbers_takes_as_many_calls_as_one_of_few(backend: str) -> None:
    """A Jacobian of 300 × 26 took 958 µs, of which the program took 7."""

    def jacobian(rows: int, columns: int) -> Callable[[], Any]:
        fast = autograd.compile(
            lambda x: [[x[j] * float(i) for j in range(columns)] for i in range(rows)], backend=backend
        )
        x = np.ones(columns)
        return lambda: fast(x)

    assert jacobian(30, 26)().shape == (30, 26)
    assert calls(jacobian(30, 26)) <= calls(jacobian(2, 2)) + FURTHER


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("as_argument", [np.asarray, np.ndarray.tolist], ids=["array", "list"])
def test_c5_a_gradient_takes_as_many_calls_however_long(backend: str, as_argument: Callable[[Any], Any]) -> None:
    fast = autograd.compile(weighted_squares, backend=backend)
    few, many = (as_argument(np.ones(n)) for n in (8, 80))
    assert calls(lambda: fast.value_and_grad(many)) <= calls(lambda: fast.value_and_grad(few)) + FURTHER


def test_c5_parameters_are_read_without_a_call_for_each() -> None:
    def trained(count: int) -> Callable[[], Any]:
        w = [Value(float(i)) for i in range(count)]
        fast = autograd.compile(lambda x: total([each * x for each in w]), parameters=w, backend="numpy")
        x = 2.0
        return lambda: fast(x)

    assert calls(trained(CHUNK)) <= calls(trained(FEW + 1)) + FURTHER


class TestKeywords:
    """Arguments may be given by name, as to the function itself."""

    @staticmethod
    def f(x: Any, k: float = 2.0, m: float = 3.0) -> Any:
        return x * k * k + m * m * x

    def test_calls_and_derivatives(self) -> None:
        fast = compile(self.f)
        assert fast(1.0, m=5.0) == fast(m=5.0, x=1.0) == self.f(1.0, m=5.0)
        for g in (self.f, fast):
            assert functional.grad(g)(1.0, m=5.0) == 29.0
            assert functional.value_and_grad(g, argnums=(0, 1))(1.0, k=4.0) == (25.0, (25.0, 8.0))
            assert functional.jacobian(g, argnums=2)(1.0, m=5.0) == 10.0
            assert functional.hessian(g, argnums=2)(x=1.0, m=5.0) == 2.0
        assert fast.value_and_grad(x=1.0, k=4.0) == (25.0, (25.0, 8.0))
        assert str(inspect.signature(fast)) == str(inspect.signature(self.f))

    def test_samples(self) -> None:
        w = Value(2.0)
        loss = compile(lambda x, y: w * x - y, parameters=[w], batch=("x", "y"))
        assert loss(y=[1.0, 2.0], x=[3.0, 4.0])[0] == 5.5
        assert loss.map_grad(x=[1.0, 2.0], y=[1.0, 2.0]).tolist() == [[1.0], [2.0]]
        assert functional.map_grad(lambda w, x: w * x**2, batch=("x",))(2.0, x=[1.0, 2.0]) == [1.0, 4.0]

    @pytest.mark.parametrize("call", [compile, functional.grad], ids=["compile", "grad"])
    def test_what_a_function_does_not_take_is_named(self, call: Callable[[Any], Any]) -> None:
        with pytest.raises(TypeError, match="f: got an unexpected keyword argument 'n'"):
            call(self.f)(1.0, n=5.0)
        with pytest.raises(TypeError, match="f: multiple values for argument 'x'"):
            call(self.f)(1.0, x=5.0)
        with pytest.raises(TypeError, match="takes k by keyword only"):
            call(lambda x, *, k=2.0: x * k)(1.0, k=5.0)

    def test_a_pickled_one_without_its_function_knows_no_names(self) -> None:
        fast = compile(lambda x: x * x)
        fast(2.0)
        alone = pickle.loads(pickle.dumps(fast))
        assert alone(3.0) == 9.0
        with pytest.raises(CompileError, match="give its arguments by position"):
            alone(x=3.0)

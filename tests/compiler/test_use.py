"""`autograd.compile` as its users meet it: options, structures, caching, pickling, threads, optimisers."""

from __future__ import annotations

import math
import pickle
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Value

recorded_often = pytest.mark.filterwarnings("ignore:.*is recorded for the 3rd time")


class Point(NamedTuple):
    x: float
    y: float


def squared(p: Any) -> Any:
    return p * p if p > 0.0 else -p


class Model:
    """Something that can be pickled and closes over its parameters."""

    def __init__(self) -> None:
        self.w = Value(3.0, label="w")

    def __call__(self, x: Any) -> Any:
        return (self.w * x - 1.0) ** 2


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "supported"),
    [
        ("backend", "fortran", "'auto' or 'python' or 'numpy' or 'llvm'"),
        ("dtype", "float16", "'float64' or 'float32'"),
        ("on_branch", "ignore", "'record' or 'raise'"),
        ("exact", "very", "False or True"),
    ],
)
def test_an_option_that_is_not_supported_is_refused(option: str, value: Any, supported: str) -> None:
    with pytest.raises(CompileError, match=rf"{option}=.* is not supported; supported: {supported}"):
        autograd.compile(squared, **{option: value})


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ([1.0], TypeError, r"parameters\[0\] must be a Value, got 1\.0 \(float\)"),
        ([Value(1.0) * 2.0], TypeError, r"parameters\[0\] must be a leaf, but .* was computed"),
    ],
)
def test_parameters_are_leaf_values(parameters: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        autograd.compile(squared, parameters=parameters)


def test_a_parameter_is_named_once() -> None:
    w = Value(1.0)
    with pytest.raises(ValueError, match=r"parameters\[1\], .* is listed before"):
        autograd.compile(squared, parameters=[w, w])


def test_only_functions_compile() -> None:
    with pytest.raises(TypeError, match=r"takes a function, got 3\.0"):
        autograd.compile(3.0)  # type: ignore[arg-type]


# --- arguments and results --------------------------------------------------------------------------------------------


def test_structure_in_is_structure_out() -> None:
    f = autograd.compile(lambda p, q: {"sum": p.x + q[0], "rest": [p.y, (q[1]["w"], 7)]})
    assert f(Point(1, 2.0), [np.float32(3.0), {"w": 4}]) == {"sum": 4.0, "rest": [2.0, (4.0, 7.0)]}


def test_the_gradient_has_the_structure_of_the_arguments() -> None:
    f = autograd.compile(lambda p, q: p.x * q[0] * q[0] + p.y)
    assert f.value_and_grad(Point(2.0, 5.0), [3.0]) == (23.0, (Point(9.0, 1.0), [12.0]))
    assert isinstance(f.value_and_grad(Point(2.0, 5.0), [3.0])[1][0], Point)


def test_arrays_are_lists_to_the_function() -> None:
    f = autograd.compile(lambda m: m[0][0] * m[1][1] - m[0][1] * m[1][0])
    value, gradient = f.value_and_grad(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert (value, gradient.tolist()) == (-2.0, [[4.0, -3.0], [-2.0, 1.0]])
    assert f([[1, 2], [3, 4]]) == -2.0
    assert f.explain().count("recordings: 2") == 1, "a value, and a value with its gradient"


@pytest.mark.parametrize(("argument", "words"), [("a", "'a' \\(str\\)"), (None, "None"), ([1.0, True], "True")])
def test_an_argument_that_is_not_a_number_is_refused_by_name(argument: Any, words: str) -> None:
    with pytest.raises(CompileError, match=f"argument amount: .*{words}.*close over"):
        autograd.compile(lambda amount: amount)(argument)


def test_values_are_for_the_function_itself() -> None:
    with pytest.raises(CompileError, match=r"argument p: .*Value"):
        autograd.compile(squared)(Value(1.0))


def test_constants_compile() -> None:
    assert autograd.compile(lambda x: 3).value_and_grad(2.0) == (3.0, 0.0)
    assert autograd.compile(lambda x, y: x).value_and_grad(2.0, 5.0) == (2.0, (1.0, 0.0))
    assert autograd.compile(lambda: 3.5)() == 3.5


def test_functions_of_the_package_and_of_c_compile() -> None:
    assert autograd.compile(autograd.atan2)(1.0, 2.0) == math.atan2(1.0, 2.0)
    assert autograd.compile(max)(1.0, 2.0) == 2.0


def test_parameters_are_read_at_each_call() -> None:
    model = Model()
    f = autograd.compile(model, parameters=[model.w])
    value, gradient = f(2.0)
    assert (value, gradient.tolist()) == (25.0, [20.0])
    model.w.data = 0.0
    assert f(2.0)[1].tolist() == [-4.0]
    assert f.value(2.0) == 1.0
    assert model.w.grad == 0.0, "a compiled function writes no gradients"


def test_before_the_first_call_there_is_nothing_to_see() -> None:
    f = autograd.compile(squared)
    for look in (lambda: f.source, lambda: f.program, f.explain):
        with pytest.raises(CompileError, match="first called"):
            look()


def test_a_primitive_of_a_user_compiles() -> None:
    whole = autograd.define("whole_for_compile", int, lambda out, x: 2.0 * x)
    f = autograd.compile(lambda x: whole(x) / 2)
    assert f.value_and_grad(3.5) == (1.5, 3.5)


def test_an_impure_primitive_is_noticed() -> None:
    draws = random.Random(0)
    noise = autograd.define("noise_for_compile", lambda x: draws.random(), 0.0)
    with pytest.raises(CompileError, match="random"):
        autograd.compile(noise)(1.0)


# --- caching ----------------------------------------------------------------------------------------------------------


def test_training_records_once_and_follows_the_eager_path() -> None:
    calls = []

    def loss(model: nn.MLP, x: Any, y: Any) -> Any:
        calls.append(x)
        return nn.train.losses.mse(model(x), y)

    def train(model: nn.MLP, slopes: Callable[[list[float], float], Sequence[float]]) -> list[float]:
        rng = random.Random(0)
        for _ in range(50):
            x = [rng.uniform(-1.0, 1.0), rng.uniform(-1.0, 1.0)]
            for parameter, slope in zip(model.parameters(), slopes(x, x[0] * x[1]), strict=True):
                parameter.data -= 0.1 * slope
        return [parameter.data for parameter in model.parameters()]

    eager, fast = (nn.MLP(2, [4, 1], hidden="tanh", seed=0) for _ in range(2))
    compiled = autograd.compile(partial(loss, fast), parameters=fast.parameters())
    trained = train(fast, lambda x, y: compiled(x, y)[1].tolist())
    assert len(calls) == 2, "one recording, which calls it twice"
    assert trained == train(eager, lambda x, y: [d.data for d in autograd.grad(loss(eager, x, y), eager.parameters())])


# --- elsewhere --------------------------------------------------------------------------------------------------------


def test_pickled_with_its_function() -> None:
    model = Model()
    f = autograd.compile(model, parameters=[model.w])
    f(2.0)
    loaded = pickle.loads(pickle.dumps(f))
    assert loaded(2.0)[0] == 25.0
    assert loaded.value(3.0) == 64.0, "a new kind of call is recorded, with the parameters that came along"


def test_pickled_without_a_function_it_knows_what_it_knew() -> None:
    f = autograd.compile(lambda x: squared(x) * 1.0)
    assert f(3.0) == 9.0
    loaded = pickle.loads(pickle.dumps(f))
    assert loaded(4.0) == 16.0
    with pytest.raises(CompileError, match="pickled without its Python function"):
        loaded(-4.0)


@pytest.mark.slow
def test_pickled_to_another_process() -> None:
    f = autograd.compile(autograd.hypot)
    f.value_and_grad(3.0, 4.0)
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer).value_and_grad(6.0, 8.0))"
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(f), capture_output=True, check=True)
    assert done.stdout.decode().strip() == "(10.0, (0.6, 0.8))"


@recorded_often
def test_threads_may_call_it() -> None:
    """Every thread needs recordings of its own branches and structures, of one compiled function and one parameter."""
    w = Value(2.0)

    def f(xs: list[Any]) -> Any:
        return autograd.total([w * squared(x) for x in xs])

    fast = autograd.compile(f, parameters=[w])
    inputs = [[(-1.0) ** (i // 2) * (i + 1)] * (1 + i % 3) for i in range(60)]
    expected = [f(xs).data for xs in inputs]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda xs: fast(xs)[0], inputs)) == expected
    assert type(w) is Value


# --- flat -------------------------------------------------------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    return autograd.total([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)])


def test_scipy_minimizes_a_function_of_a_list() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    found = optimize.minimize(autograd.compile(rosenbrock).flat, np.zeros(4), jac=True, method="L-BFGS-B", tol=1e-12)
    # At a minimum the value is flat: an error of ε in x is one of ε² in f, so half the digits of f's 1e-12 are left.
    assert found.x == pytest.approx(np.ones(4), abs=1e-5)


def test_scipy_trains_parameters() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    model = Model()
    fast = autograd.compile(model, parameters=[model.w])
    found = optimize.minimize(fast.flat, fast.flat.start, args=(2.0,), jac=True, method="L-BFGS-B")
    assert found.x == pytest.approx([0.5], abs=1e-6)  # a parabola: the line search finds its vertex
    assert model.w.data == 3.0, "the vector holds the parameters; those of the model stay"


def test_the_vector_decides_which_branch_is_recorded() -> None:
    w = Value(1.0)
    fast = autograd.compile(lambda: squared(w), parameters=[w])
    assert [fast.flat([x])[0] for x in (3.0, -2.0, 4.0)] == [9.0, 2.0, 16.0]


@pytest.mark.parametrize(
    ("vector", "args", "words"),
    [
        ([1.0, 2.0], (2.0,), "holds the 1 parameters, got 2"),
        ([[1.0]], (2.0,), "flat list or array"),
        (["a"], (2.0,), "argument vector"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(vector: Any, args: tuple[Any, ...], words: str) -> None:
    model = Model()
    with pytest.raises(CompileError, match=words):
        autograd.compile(model, parameters=[model.w]).flat(vector, *args)


def test_without_parameters_the_vector_is_all() -> None:
    with pytest.raises(CompileError, match="only argument"):
        autograd.compile(rosenbrock).flat([1.0, 2.0], 3.0)

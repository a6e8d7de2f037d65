"""The back end llvm, programs with matrix products: loops over blocks of samples give what straight-line code gives."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

import autograd
import nn
from autograd import rules
from autograd.compiler.arguments import flatten
from autograd.compiler.llvm import build, plan_blas
from autograd.compiler.llvm.steps_runner import StepsRunner
from autograd.compiler.lower import GRADIENT, VALUE, Call, lower
from autograd.compiler.options import Options
from autograd.compiler.program import Equation, Guard, Program

pytestmark = pytest.mark.slow

pytest.importorskip("llvmlite", reason="the back end llvm is optional")

EXACT, FAST = Options(exact=True), Options()
# Sums of at most 64 terms in another order, six layers of them there and back, a few ulp of functions: in double.
NEAR = 1e-11
# From no sample in the last tile's other lanes to several blocks of 16 tiles, for vectors of 2, 4 and 8 numbers.
COUNTS = [1, 3, 4, 5, 8, 31, 64, 67, 130, 300]


def network(sizes: Sequence[int], hidden: str, extra: Callable[[list[Any]], Any] | None = None) -> Program:
    model = nn.MLP(sizes[0], list(sizes[1:]), hidden=hidden, seed=1)
    parameters = list(model.parameters())

    def loss(x: list[Any], y: list[Any]) -> Any:
        z = model(x)
        errors = [a - b for a, b in zip(z if isinstance(z, list) else [z], y, strict=True)]
        found = autograd.total([e * e for e in errors])
        return found if extra is None else found + extra(parameters)

    return recorded(loss, [[0.3] * sizes[0], [0.5] * sizes[-1]], parameters, {"x", "y"})


def recorded(
    f: Callable[..., Any], arguments: Sequence[Any], parameters: Sequence[Any], batch: set[str], what: Any = GRADIENT
) -> Program:
    numbers: list[float] = []
    keys = tuple(flatten(each, numbers) for each in arguments)
    numbers += [parameter.data for parameter in parameters]
    names = tuple("xyw"[: len(arguments)])
    return lower(Call(f, keys, names, list(parameters) or None, numbers, frozenset(batch)), what).program


def drawn(program: Program, count: int, seed: int = 0) -> tuple[Any, list[Any]]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=len(program.shared)) * 0.4, [rng.normal(size=(count, len(program.batched)))]


@pytest.mark.parametrize("hidden", ["relu", "tanh", "gelu", "prelu", "softplus", "silu"])
@pytest.mark.parametrize("sizes", [[2, 16, 16, 1], [5, 9, 3], [7, 4, 4, 2]])
def test_networks(sizes: list[int], hidden: str) -> None:
    program = network(sizes, hidden)
    fast, exact = build(program, FAST), build(program, EXACT)
    assert isinstance(fast, StepsRunner)
    for count in COUNTS:
        shared, samples = drawn(program, count, count)
        np.testing.assert_allclose(fast.run(shared, samples), exact.run(shared, samples), rtol=NEAR, atol=NEAR)


@pytest.mark.parametrize("options", [Options(threads=3), Options(dtype="float32"), Options(dtype="float32", threads=2)])
def test_threads_and_single_precision(options: Options) -> None:
    program = network([6, 12, 10, 3], "tanh")
    fast, exact = build(program, options), build(program, EXACT)
    tolerance = 2e-4 if options.dtype == "float32" else NEAR
    for count in COUNTS:
        shared, samples = drawn(program, count)
        expected = exact.run(shared, samples)
        np.testing.assert_allclose(fast.run(shared, samples), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("layout", ["rows", "columns", "parts", "reversed", "strided"])
@pytest.mark.parametrize("sizes", [[37, 9, 3], [64, 5, 1], [16, 1]])
def test_wide_samples_are_read_as_they_come(layout: str, sizes: list[int]) -> None:
    """The inputs of the first layer are never turned around, wherever they stand."""
    program = network(sizes, "tanh")
    fast, exact = build(program, FAST), build(program, EXACT)
    assert isinstance(fast, StepsRunner)
    assert fast._plan.runs == [(0, sizes[0])]
    for count in (1, 2, 9, 130, 700):
        shared, (x,) = drawn(program, count)
        wide = np.full((count, 2 * x.shape[1]), np.nan)
        wide[:, ::2] = x
        samples = {
            "rows": [x],
            "columns": [np.asfortranarray(x)],
            "parts": [x[:, :11].copy(), x[:, 11:].copy()],
            "reversed": [x[::-1].copy()[::-1]],
            "strided": [wide[:, ::2]],
        }[layout]
        np.testing.assert_allclose(fast.run(shared, samples), exact.run(shared, [x]), rtol=NEAR, atol=NEAR)


@pytest.mark.parametrize("rows", [1, 7, 30])
def test_wide_samples_and_weights_in_columns(rows: int) -> None:
    """The weights of an input stand side by side: w is not turned around."""
    columns = [[autograd.Value(0.01 * (k - i)) for i in range(rows)] for k in range(18)]

    def loss(x: list[Any]) -> Any:
        return autograd.total([autograd.tanh(autograd.dot(row, x)) for row in zip(*columns, strict=True)])

    program = recorded(loss, [[0.3] * 18], [w for column in columns for w in column], {"x"}, VALUE)
    fast, exact = build(program, FAST), build(program, EXACT)
    assert isinstance(fast, StepsRunner)
    assert fast._plan.runs == [(0, 18)]
    assert "transposed" not in fast.source
    for count in (1, 21, 130):
        shared, samples = drawn(program, count)
        np.testing.assert_allclose(fast.run(shared, samples), exact.run(shared, samples), rtol=NEAR, atol=NEAR)


@pytest.mark.parametrize("has_blas", [True, False])
def test_products_by_blas(has_blas: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All products are left to BLAS: samples as they come, hidden layers, gradients; kernels do them without."""
    if has_blas:
        pytest.importorskip("scipy", reason="BLAS comes with SciPy")
    monkeypatch.setattr(plan_blas, "WORTH", 1)
    if not has_blas:
        monkeypatch.setattr(plan_blas, "dgemm", lambda: 0)
    for sizes in ([40, 6, 5, 2], [4, 7, 1], [33, 1]):
        program = network(sizes, "tanh", lambda ps: autograd.total([p * p for p in ps]))
        fast, exact = build(program, FAST), build(program, EXACT)
        assert isinstance(fast, StepsRunner)
        assert ("alloca" in fast.source) is has_blas
        for count in (1, 2, 9, 300):
            shared, samples = drawn(program, count)
            np.testing.assert_allclose(fast.run(shared, samples), exact.run(shared, samples), rtol=NEAR, atol=NEAR)


def test_a_matrix_times_a_matrix_by_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a batch, with either side turned around."""
    pytest.importorskip("scipy", reason="BLAS comes with SciPy")
    monkeypatch.setattr(plan_blas, "WORTH", 1)
    rows, inner, columns = 6, 5, 12
    for turned in range(2):
        names = (*(f"w_{i}" for i in range(rows * inner)), *(f"x_{i}" for i in range(inner * columns)), "b")
        w = np.arange(rows * inner).reshape((inner, rows) if turned else (rows, inner))
        w = w.T if turned else w
        x = rows * inner + np.arange(inner * columns).reshape(inner, columns)
        found = [(*w[r].tolist(), *x[:, c].tolist(), len(names) - 1) for r in range(rows) for c in range(columns)]
        equations = tuple(Equation(rules.dot, each) for each in found)
        outputs = tuple(range(len(names), len(names) + rows * columns))
        machine = build(Program(names, equations, (), outputs), FAST)
        assert "alloca" in machine.source
        shared = np.random.default_rng(turned).normal(size=len(names))
        expected = shared[w] @ shared[x] + shared[-1]
        np.testing.assert_allclose(machine.run(shared), expected.ravel(), rtol=NEAR, atol=NEAR)


def test_what_depends_on_means_is_computed_after_them() -> None:
    """A penalty is the same for all samples; the derivative of a weight is a mean plus a number."""
    program = network([4, 8, 2], "relu", lambda ps: 1e-2 * autograd.total([autograd.exp(p) for p in ps]))
    fast, exact = build(program, FAST), build(program, EXACT)
    shared, samples = drawn(program, 21)
    np.testing.assert_allclose(fast.run(shared, samples), exact.run(shared, samples), rtol=NEAR, atol=NEAR)


def test_weights_that_are_used_several_times_for_a_sample() -> None:
    """A convolution: one matrix on several parts of a sample, and a recurrence through the same weights."""
    rng = random.Random(0)
    w = [[autograd.Value(rng.uniform(-1.0, 1.0)) for _ in range(4)] for _ in range(6)]

    def loss(x: list[Any]) -> Any:
        units = [autograd.tanh(autograd.dot(row, x[i : i + 4])) for i in range(8) for row in w]
        state = units[:4]
        for _ in range(3):
            state = [autograd.sin(autograd.dot(row, state)) for row in w[:4]]
        return autograd.total(state) + autograd.total([u * u for u in units])

    program = recorded(loss, [[0.3] * 11], [p for row in w for p in row], {"x"})
    fast, exact = build(program, FAST), build(program, EXACT)
    for count in (1, 5, 90):
        shared, samples = drawn(program, count)
        np.testing.assert_allclose(fast.run(shared, samples), exact.run(shared, samples), rtol=NEAR, atol=NEAR)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("inputs", [3, 19])
def test_samples_that_are_not_finite_flow_into_the_means(inputs: int, bad: float) -> None:
    """Also in the last tile, whose dead lanes are copies of that sample; the next call is not touched."""
    program = network([inputs, 8, 1], "relu")
    fast, exact = build(program, FAST), build(program, EXACT)
    shared, samples = drawn(program, 5)
    before = fast.run(shared, samples)
    samples[0][-1, 0] = bad
    found, expected = fast.run(shared, samples), exact.run(shared, samples)
    assert np.isfinite(found).tolist() == np.isfinite(expected).tolist()
    _, samples = drawn(program, 5)
    assert fast.run(shared, samples).tolist() == before.tolist()


def test_guards_are_asked_first() -> None:
    program = network([3, 8, 1], "relu")
    place = program.shared[0]
    fast = build(replace(program, guards=(Guard(">", place, 0.0, True, "a:1"),)), FAST)
    shared, samples = drawn(program, 5)
    shared[0] = -1.0
    assert fast.run(shared, samples) == 0
    shared[0] = 1.0
    assert len(fast.run(shared, samples)) == len(program.outputs)


def test_constant_outputs() -> None:
    program = network([3, 8, 1], "relu")
    program = replace(program, outputs=(*program.outputs, 2.5, program.shared[1]), derivatives=())
    fast = build(program, FAST)
    shared, samples = drawn(program, 5)
    assert fast.run(shared, samples)[-2:].tolist() == [2.5, shared[1]]


def test_each_product_is_one_kernel_call() -> None:
    """Two products forward, one back (BP2), two for the gradients (BP3): nothing is unrolled."""
    model = nn.MLP(20, [30, 10], hidden="tanh", output="tanh", seed=1)

    def loss(x: list[Any]) -> Any:
        return autograd.total([a * a for a in cast(list[Any], model(x))])

    text = build(recorded(loss, [[0.3] * 20], list(model.parameters()), {"x"}), FAST).source
    assert text.count("; samples: product ") == 3
    assert [text.count(f"; means: mean_product {shape}:") for shape in ((30, 20), (10, 30))] == [1, 1]
    assert len(text.splitlines()) < 2000

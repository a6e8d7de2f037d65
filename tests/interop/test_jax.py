"""`jax_function`: JAX's own checks of first and second derivatives, under `jit` and `vmap` too. Needs JAX."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autograd import CompileError, compile, log
from autograd.interop import jax_function
from tests.interop.functions import SAMPLES, curved, drawn

pytestmark = pytest.mark.slow  # importing and tracing take seconds


@pytest.fixture(scope="module")
def jax() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pytest.importorskip("jax", reason="JAX is not installed")
        pytest.importorskip("jax.test_util", reason="JAX has no test_util")
    before = found.config.jax_enable_x64
    found.config.update("jax_enable_x64", True)
    yield found
    found.config.update("jax_enable_x64", before)


@pytest.mark.parametrize("batch", [(), SAMPLES], ids=["one", "samples"])
def test_jax_s_own_checks_pass(jax: Any, batch: tuple[str, ...]) -> None:
    fast = jax_function(compile(curved, batch=batch))
    jax.test_util.check_grads(fast, tuple(map(jax.numpy.asarray, drawn(batch))), order=2, modes=("fwd", "rev"))


def test_jit_finds_the_structure_of_the_result_by_itself(jax: Any) -> None:
    compiled = compile(curved)
    found, expected = jax.jit(jax_function(compiled))(*drawn(())), compiled.value(*drawn(()))
    assert found["a"].tolist() == expected["a"].tolist()
    assert float(found["b"]) == expected["b"]


def test_a_function_without_arguments_is_a_constant(jax: Any) -> None:
    fast = jax_function(compile(lambda: [3.0, 0.5]))
    assert [float(x) for x in fast()] == [float(x) for x in jax.jit(fast)()] == [3.0, 0.5]


def test_hessians_agree_in_all_combinations_of_modes(jax: Any) -> None:
    fast = jax_function(compile(lambda x: curved(x, [2.0, 3.0], x[0])["b"]))
    expected = [[0.0, -2.8], [-2.8, 1.2]]  # of 2 x₁² x₀
    for outer in (jax.jacfwd, jax.jacrev):
        for inner in (jax.jacfwd, jax.jacrev):
            assert np.allclose(jax.jit(outer(inner(fast)))(jax.numpy.array([0.3, -0.7])), expected, rtol=1e-12)


def test_gradients_of_mapped_samples_are_those_of_each(jax: Any) -> None:
    fast, (x, w, s) = jax_function(compile(curved)), drawn(("x",))
    gradient = jax.grad(lambda *args: fast(*args)["b"], (0, 1))
    mapped = jax.vmap(gradient, in_axes=(0, None, None))(x, w, s)
    each = [gradient(row, w, s) for row in x]
    for found, expected in zip(mapped, zip(*each, strict=True), strict=True):
        assert np.allclose(found, np.stack(expected), rtol=1e-12)


def test_it_runs_inside_a_scan(jax: Any) -> None:
    step = jax_function(compile(lambda x: [x[0] + 0.1 * x[1], x[1] - 0.1 * x[0]]))

    def last(x: Any) -> Any:
        return jax.lax.scan(lambda x, _: (step(x), None), x, None, length=10)[0][0]

    rotation = np.linalg.matrix_power(np.array([[1.0, 0.1], [-0.1, 1.0]]), 10)
    assert np.allclose(jax.grad(last)(jax.numpy.array([1.0, 2.0])), rotation[0], rtol=1e-13)


def _narrow(x: Any) -> Any:
    if x < 5.0:
        raise ValueError("too small")
    return log(x - 5.0)


def test_what_cannot_be_done_is_refused_with_the_remedy(jax: Any) -> None:
    cube = jax_function(compile(lambda x: x * x * x))
    assert jax.grad(jax.grad(cube))(2.0) == 12.0
    with pytest.raises(CompileError, match="third derivative"):
        jax.grad(jax.grad(jax.grad(cube)))(2.0)
    with pytest.raises(CompileError, match=r"the array x has complex128; .* x.astype\(float\)"):
        cube(1.0j)
    narrow = jax_function(compile(_narrow))
    with pytest.raises(CompileError, match="call the function once outside of jit"):
        jax.jit(narrow)(6.0)
    assert narrow(6.0) == jax.jit(narrow)(6.0) == 0.0

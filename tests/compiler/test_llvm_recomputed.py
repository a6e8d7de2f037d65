"""Batches by llvm: differences are computed where they are read, small steps are one loop, dead lanes take no room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
import pytest

import autograd
from autograd.compiler.compiled import Compiled
from autograd.compiler.llvm.loop_rows import PLAIN

pytest.importorskip("llvmlite", reason="the back end llvm is optional")

K, D = 9, 8


def distances(centres: Sequence[Sequence[Any]], x: Sequence[Any]) -> list[Any]:
    return [sum([(a - b) * (a - b) for a, b in zip(centre, x, strict=True)]) for centre in centres]


def nearest(centres: Sequence[Sequence[Any]], x: Sequence[Any]) -> Any:
    return reduce(autograd.minimum, distances(centres, x))


def kernels(centres: Sequence[Sequence[Any]], x: Sequence[Any]) -> Any:
    return sum([autograd.exp(-each) for each in distances(centres, x)])


def both_read(centres: Sequence[Sequence[Any]], x: Sequence[Any]) -> Any:
    """Here the differences are read otherwise too, so that they have to be written down."""
    return nearest(centres, x) + sum(
        [autograd.tanh(a - b) for centre in centres for a, b in zip(centre, x, strict=True)]
    )


def compiled(f: Callable[..., Any], backend: str, dtype: str = "float64") -> Compiled:
    return autograd.compile(f, batch=("x",), backend=backend, dtype=dtype)  # type: ignore[arg-type]


def inputs(samples: int, ties: bool) -> tuple[Any, Any, Any, Any]:
    """Centres, samples, and directions of both; with ties each centre is there three times."""
    rng = np.random.default_rng(samples)
    centres = np.tile(rng.random((K // 3, D)), (3, 1)) if ties else rng.random((K, D))
    return centres, rng.random((samples, D)), rng.random((K, D)), rng.random((samples, D))


def recomputed(run: Compiled) -> int:
    """How many sums of products compute a factor themselves."""
    return sum([sides != PLAIN for sides in run._ran().runner._plan.made.sides.values()])


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(
    ("f", "dtype"),
    [(nearest, "float64"), (nearest, "float32"), (kernels, "float64"), (kernels, "float32"), (both_read, "float64")],
)
def test_derivatives_are_those_of_python(f: Callable[..., Any], ties: bool, dtype: str) -> None:
    """Of one sample, of less than a unit of them, and of several blocks of which the last is short."""
    fast, slow = compiled(f, "llvm", dtype), compiled(f, "python")
    for samples in (1, 5, 300 + 7):
        centres, x, along, by = inputs(samples, ties)
        found, expected = (each.hvp((centres, x), (along, by), argnums=0) for each in (fast, slow))
        assert fast.backend == "llvm"
        scale = max([float(np.abs(each).max()) for each in expected])
        # Sums of some 2 · K · D products, means of samples; float32 has half as many digits.
        tolerance = scale * (1e-12 if dtype == "float64" else 1e-4)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=0.0, atol=tolerance)
    assert bool(recomputed(fast)) == (f is not both_read)


@pytest.mark.parametrize("samples", [3, 300 + 7])
def test_an_infinite_factor_is_not_multiplied_by_samples_that_are_not_there(samples: int) -> None:
    """Of the last unit, which is not full: ∞ · 0 would be nan."""

    def weighted(centres: Sequence[Sequence[Any]], x: Sequence[Any], w: Sequence[Any]) -> Any:
        return sum([a * b for a, b in zip(distances(centres, x), w, strict=True)])

    centres, x, *_ = inputs(samples, False)
    fast = autograd.compile(weighted, batch=("x", "w"), backend="llvm")
    weights = np.full((samples, K), 0.5)
    fast.value_and_grad(centres, x, weights)
    assert recomputed(fast)
    centres[3, 1], centres[5, 0] = np.inf, -np.inf
    _, (slopes, *_) = fast.value_and_grad(centres, x, weights)
    assert (slopes[3][1], slopes[5][0]) == (np.inf, -np.inf)


def test_ties_of_a_fold_share_as_in_eager_code() -> None:
    """¼, ¼, ½: the last two share what the first two have shared."""
    f = autograd.compile(lambda c, x: reduce(autograd.minimum, [(a - x) ** 2 for a in c]), batch=("x",), backend="llvm")
    _, (slopes, _) = f.value_and_grad([3.0, 3.0, 3.0], [1.0] * 40)
    np.testing.assert_array_equal(slopes, [1.0, 1.0, 2.0])


def test_a_chain_of_small_steps_is_a_few_loops() -> None:
    """A step for each of K − 1 minima, two comparisons and a sum, forward alone, would be 4 (K − 1) kernels."""
    run = compiled(nearest, "llvm")
    centres, x, along, by = inputs(40, False)
    run.hvp((centres, x), (along, by), argnums=0)
    plan = run._ran().runner._plan
    assert sum(map(len, plan.entries)) < 2 * K
    assert not [line for line in plan.listing if "map sub" in line]


def test_only_lanes_that_are_written_take_room() -> None:
    """Those of steps that are computed where they are read, or that stay in registers, are behind the others."""
    run = compiled(nearest, "llvm")
    centres, x, along, by = inputs(40, False)
    run.hvp((centres, x), (along, by), argnums=0)
    made = run._ran().runner._plan.made
    lanes = [(step.start, step.size) for step in made.steps if step.batched]
    written = sum([size for start, size in lanes if start < made.sizes[1]])
    assert written < sum([size for _, size in lanes])
    assert made.sizes[1] == written + len(made.vectors.program.batched) + len(made.batched_constants)


def test_a_sample_that_is_not_finite_is_one_in_a_short_block() -> None:
    """Places without a sample in the last block change nothing."""
    fast, slow = compiled(kernels, "llvm"), compiled(kernels, "python")
    centres, samples, *_ = inputs(20, False)
    for run in (fast, slow):
        run.value_and_grad(centres, samples)
    samples[-1, 2] = np.inf
    slopes, expected = (run.value_and_grad(centres, samples, argnums=0)[1] for run in (fast, slow))
    np.testing.assert_array_equal(np.isfinite(slopes), np.isfinite(expected))
    assert np.isfinite(slopes).any()
    assert not np.isfinite(slopes).all()

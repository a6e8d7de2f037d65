"""Sparse Hessians: Rosenbrock's function, ours beside CasADi, and beside our own dense Hessian.

Both sides take a NumPy vector and give a sparse matrix in the form of their own: an array of SciPy, a DM of CasADi.
"""

from __future__ import annotations

import importlib.util
import timeit
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import autograd

NAME = "sparse"
VARIABLES, QUICK_VARIABLES = 1000, 20
TURNS, QUICK_TURNS = 200, 2  # of each side; the best counts, since what disturbs only ever adds
ROUNDING = 1e-10  # entries are up to 10³, and sums of ten products of such numbers


def rosenbrock(x: Any) -> Any:
    """Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²."""
    return sum((100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)), 0.0)


def run(quick: bool) -> bool:
    """Check and measure; False when two sides do not give the same matrix."""
    x = np.linspace(0.5, 1.5, QUICK_VARIABLES if quick else VARIABLES)
    turns = QUICK_TURNS if quick else TURNS
    fast = autograd.compile(rosenbrock)
    build, ours = _timed(lambda: fast.hessian(x, sparse=True))
    print(f"\n{NAME}: the Hessian of Rosenbrock's function of {len(x)} variables")
    print(f"  ours    {_program(fast)}; built in {build:.2g} s")
    print(f"          {_best(lambda: fast.hessian(x, sparse=True), turns):.3g} us")
    dense = fast.hessian(x)
    print(f"  dense   {_program(fast)}; {_best(lambda: fast.hessian(x), 3):.3g} us")
    right = bool(np.abs(ours.toarray() - dense).max() <= ROUNDING * np.abs(dense).max())
    if importlib.util.find_spec("casadi") is None:
        print("  CasADi  skipped; python -m pip install casadi")
    else:
        function = _casadi(len(x))
        print(f"  CasADi  {_best(lambda: function(x), turns):.3g} us")
        theirs = np.array(function(x))
        right = right and bool(np.abs(theirs - dense).max() <= ROUNDING * np.abs(dense).max())
    print(f"  check   {'the same matrices' if right else 'FAILED: the matrices differ'}")
    return right


def _program(fast: autograd.Compiled) -> str:
    lines = dict(line.split(": ", 1) for line in fast.explain().splitlines())
    return "; ".join([fast.backend, lines["program that ran last"], lines["derivative"], lines.get("sparse", "dense")])


def _casadi(n: int) -> Any:
    import casadi

    x = casadi.SX.sym("x", n)
    return casadi.Function("hessian", [x], [casadi.hessian(rosenbrock([x[i] for i in range(n)]), x)[0]])


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    results: list[Any] = []
    return timeit.timeit(lambda: results.append(call()), number=1), results[0]


def _best(call: Callable[[], Any], turns: int) -> float:
    """Microseconds of the fastest turn."""
    return 1e6 * min(timeit.repeat(call, number=1, repeat=turns))

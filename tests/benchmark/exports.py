"""Exported C: our value and gradient beside CasADi's generated C, with the same compiler and flags."""

from __future__ import annotations

import ctypes
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd
from autograd import logsumexp, sin, tanh
from tests.benchmark.gradbench import lstm

NAME = "export"
FLAGS = ("-std=c99", "-O2", "-ffp-contract=off", "-fPIC", "-shared")
TURNS, QUICK_TURNS = 90, 1  # of each side, one after the other, of some ms; the best counts
ROUNDING = 1e-10  # of the largest entry: as contest.TOLERANCE, for at most 10⁴ operations on a path
SIZES = {"MLP 4-8-3": (4, 8, 3), "MLP 32-32-10": (32, 32, 10)}
SOURCE = np.random.default_rng(0)

# Threads' own time for n calls: other processes do not count, nor does what Python needs for a call.
LOOP = """
#define _POSIX_C_SOURCE 199309L
#include <time.h>
typedef int (*casadi_f)(const double **, double **, long long *, double *, int);
typedef void (*our_f)(const double *, double *, double *);
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
double time_casadi(casadi_f f, const double *x, double *y, double *w, int n) {
    const double *arguments[2] = {x, 0};
    double *results[4] = {y, y + 1, 0, 0};
    long long iw[16] = {0};
    double begin = now();
    for (int i = 0; i < n; i++) f(arguments, results, iw, w, 0);
    return (now() - begin) / n;
}
double time_ours(our_f f, const double *x, double *y, double *w, int n) {
    double begin = now();
    for (int i = 0; i < n; i++) f(x, y, w);
    return (now() - begin) / n;
}
"""


@dataclass(frozen=True)
class Row:
    """A function, its arguments, the same of CasADi's symbols, which are one vector, and calls in a turn."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    symbols: Callable[[Any, Any], Any]
    calls: int


def rosenbrock(x: Any) -> Any:
    """Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²."""
    return sum((100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)), 0.0)


def pendulum(x: Any, sine: Callable[[Any], Any] = sin) -> Any:
    """1000 steps of 0.01 s."""
    q, p = x
    for _ in range(1000):
        p = p - 0.01 * sine(q)
        q = q + 0.01 * p
    return q * q


def network(w1: Any, b1: Any, w2: Any, b2: Any, x: Any) -> Any:
    """The cross-entropy of class 1 after a hidden layer of tanh."""
    hidden = [tanh(sum((w * v for w, v in zip(row, x, strict=True)), b)) for row, b in zip(w1, b1, strict=True)]
    z = [sum((w * v for w, v in zip(row, hidden, strict=True)), b) for row, b in zip(w2, b2, strict=True)]
    return logsumexp(z) - z[1]


def _of_casadi(n: int, h: int, o: int) -> Callable[[Any, Any], Any]:
    def network(ca: Any, p: Any) -> Any:
        w1, b1, w2, b2, x = ca.vertsplit(p, [0, *np.cumsum([n * h, h, h * o, o, n]).tolist()])
        hidden = ca.tanh(ca.reshape(w1, n, h).T @ x + b1)
        z = ca.reshape(w2, h, o).T @ hidden + b2
        return ca.logsumexp(z) - z[1]

    return network


def _network(name: str, calls: int) -> Row:
    n, h, o = SIZES[name]
    normal = SOURCE.normal
    args = (normal(size=(h, n)) * 0.1, normal(size=h), normal(size=(o, h)) * 0.1, normal(size=o), normal(size=n))
    return Row(name, network, args, _of_casadi(n, h, o), calls)


def _lstm(name: str, characters: int, calls: int) -> Row:
    """GradBench's LSTM of two layers over a text."""
    given = lstm.generate(2, characters)
    args = tuple(np.array(given[each]) for each in ("main_params", "extra_params", "state", "sequence"))

    def loss(main: Any, extra: Any, state: Any, text: Any) -> Any:
        return lstm.chunk(main, extra, state, text)[1]

    def symbols(ca: Any, p: Any) -> Any:
        parts = ca.vertsplit(p, [0, *np.cumsum([each.size for each in args]).tolist()])
        rows = [ca.vertsplit(ca.reshape(x, *each.T.shape).T) for x, each in zip(parts, args, strict=True)]
        return _lstm_of_casadi(ca, *[[row.T for row in each] for each in rows])

    return Row(name, loss, args, symbols, calls)


def _lstm_of_casadi(ca: Any, main: Any, extra: Any, state: Any, text: Any) -> Any:
    """The same with vectors, as its users write it."""
    odds = 0.0
    for bits, after in pairwise(text):
        x, states = bits * extra[0], []
        for layer in range(0, len(main), 2):
            hidden, cell = state[layer], state[layer + 1]
            gates = ca.vertsplit(ca.vertcat(x, hidden, x, hidden) * main[layer] + main[layer + 1], x.numel())
            forget, ingate, outgate = (1.0 / (1.0 + ca.exp(-each)) for each in gates[:3])
            cell = cell * forget + ingate * ca.tanh(gates[3])
            x = outgate * ca.tanh(cell)
            states += [x, cell]
        state, y = states, x * extra[1] + extra[2]
        odds += ca.dot(after, y - ca.log(ca.sum1(ca.exp(y)) + 2.0))
    return odds


def _entries(f: Callable[..., Any], *more: str) -> Callable[[Any, Any], Any]:
    """f of the entries of a vector, with further arguments from CasADi's module."""
    return lambda ca, x: f([x[i] for i in range(x.numel())], *[getattr(ca, name) for name in more])


# There is no row of the GPT: GCC needs over three minutes of CPU for the straight line that CasADi writes of it.
ROWS = (
    Row("Rosenbrock 2", rosenbrock, (np.array([1.2, 0.3]),), _entries(rosenbrock), 20_000),
    Row("Rosenbrock 100", rosenbrock, (SOURCE.normal(size=100),), _entries(rosenbrock), 2_000),
    _network("MLP 4-8-3", 5_000),
    _network("MLP 32-32-10", 600),
    _lstm("LSTM 2 x 8", 9, 80),  # of more characters, GCC needs minutes for what CasADi writes
    Row("pendulum 1000", pendulum, (np.array([1.0, 0.3]),), _entries(pendulum, "sin"), 50),
)


def run(quick: bool) -> bool:
    """Check and measure; False where two sides do not agree."""
    print(f"\n{NAME}: value and gradient in C, {' '.join(FLAGS[:3])}; the goal is a ratio of at most 1")
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        print("  skipped, there is no C compiler; apt-get install gcc")
        return True
    if importlib.util.find_spec("casadi") is None:
        print("  CasADi  skipped; python -m pip install casadi")
    with TemporaryDirectory() as folder:
        passed = [_race(row, Path(folder), compiler, quick) for row in ROWS]
    return all(passed)


def _race(row: Row, folder: Path, compiler: str, quick: bool) -> bool:
    compiled = autograd.compile(row.function)
    value, slopes = compiled.value_and_grad(*row.args)
    wanted = _flat([value, *(slopes if len(row.args) > 1 else [slopes])])
    x = _flat(row.args)
    turns, calls = (QUICK_TURNS, 1) if quick else (TURNS, row.calls)
    clock = _built(folder, "loop", compiler, LOOP)
    sides = {"ours": _ours(compiled, row, folder, compiler)}
    if importlib.util.find_spec("casadi") is not None:
        sides["casadi"] = _casadi(row, len(x), folder, compiler)
    times: dict[str, list[float]] = {name: [] for name in sides}
    right = True
    for _ in range(turns):
        for name, (function, work) in sides.items():
            y, w = np.full(len(wanted), np.nan), np.zeros(work)
            timer = getattr(clock, f"time_{name}")
            timer.restype = ctypes.c_double
            times[name].append(timer(function, _pointer(x), _pointer(y), _pointer(w), calls))
            right = right and bool(np.abs(y - wanted).max() <= ROUNDING * np.abs(wanted).max())
    print(_line(row.name, {name: min(found) for name, found in times.items()}, right))
    return right


def _line(name: str, times: dict[str, float], right: bool) -> str:
    ratio = f"  ratio {times['ours'] / times['casadi']:.2f}" if "casadi" in times else ""
    figures = "  ".join(f"{side} {1e6 * seconds:9.3f} us" for side, seconds in times.items())
    return f"  {name:15} {figures}{ratio}  {'the same' if right else 'FAILED: value or gradient differs'}"


def _ours(compiled: autograd.Compiled, row: Row, folder: Path, compiler: str) -> tuple[Any, int]:
    compiled.export(folder / "ours.c", row.args, name="ours", functions=["gradient"])
    text = (folder / "ours.c").read_text()
    [work] = re.findall(r"ours_gradient_work = (\d+)", text)
    return _built(folder, row.name.replace(" ", ""), compiler, text).ours_gradient, int(work)


def _casadi(row: Row, size: int, folder: Path, compiler: str) -> tuple[Any, int]:
    import casadi

    x = casadi.SX.sym("x", size)
    value = row.symbols(casadi, x)
    function = casadi.Function("theirs", [x], [value, casadi.gradient(value, x)])
    generator = casadi.CodeGenerator("theirs")
    generator.add(function)
    library = _built(folder, f"{row.name.replace(' ', '')}_casadi", compiler, generator.dump())
    return library.theirs, function.sz_w() + 1


@cache
def _built(folder: Path, name: str, compiler: str, text: str) -> ctypes.CDLL:
    source, library = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(text)
    subprocess.run([compiler, *FLAGS, str(source), "-o", str(library), "-lm"], check=True)
    return ctypes.CDLL(str(library))


def _flat(parts: Any) -> NDArray[np.float64]:
    return np.concatenate([np.ravel(np.asarray(each, np.float64)) for each in parts])


def _pointer(array: NDArray[np.float64]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)

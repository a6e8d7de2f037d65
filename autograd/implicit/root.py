"""`root` and `fixed_point`: solutions of equations, differentiated by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd.errors import CompileError, RootError
from autograd.graph import number_of
from autograd.implicit.along import expanded
from autograd.implicit.linear import condition, solve
from autograd.implicit.newton import iterate, newton
from autograd.implicit.node import Solution
from autograd.implicit.recorded import recorded_root
from autograd.implicit.residual import Residual
from autograd.recording import under
from autograd.scopes import hooks
from autograd.structure import Key, flatten, key_of, leaves_of, rebuild
from autograd.value import Value, as_float

Solver = Callable[[Callable[[Any], Any], Any], Any]
NEAR = 1e-6  # of the root, relative to it: how far from it a solver's answer may be


@dataclass(frozen=True)
class RootResult:
    """How an equation was solved.

    iterations  of the default solver; 0 for another
    residual    the largest |rᵢ| at the solution
    step        the length of the next Newton step there, which estimates the error of the solution
    condition   κ∞ of the Jacobian there: by how much relative errors may grow in the derivative

    >>> x, result = root(lambda x: x * x - 2.0, 1.0, full_output=True)
    >>> result.residual < 1e-15, result.condition
    (True, 1.0)
    """

    iterations: int
    residual: float
    step: float
    condition: float


def root(f: Callable[..., Any], x0: Any, *args: Any, solver: Solver | None = None, full_output: bool = False) -> Any:
    """x with f(x, *args) = 0, and its derivative by whatever f uses: dx = −(∂f/∂x)⁻¹ (∂f/∂θ) dθ.

    f            a function with as many numbers in its result as there are in x
    x0           where the search begins: a number or a structure of numbers, as x will be
    args         further arguments of f
    solver       `solver(f, x0)` gives x instead of Newton's method; its f takes and returns plain numbers, in the
                 structure of x0: `lambda f, x0: scipy.optimize.brentq(f, 0.0, 2.0)`
    full_output  return (x, `RootResult`)

    The search leaves no graph; the solution is a node for each number, whose derivative, of any order, is that of the
    implicit function theorem: one linear solve. Values among `args`, or that f closes over, are what it is by.

    >>> from autograd import Value
    >>> a = Value(2.0)
    >>> x = root(lambda x, a: x * x - a, 1.0, a)
    >>> x.backward(); (x.data, a.grad) == (2.0**0.5, 0.5 / 2.0**0.5)
    True

    Without Values it is a float: `root(lambda x: x * x - 2.0, 1.0)`. In a compiled function, the steps of Newton's
    method become part of the program, and a guard asks whether they converged.

    RootError where the search does not converge, the equation is not finite, or the Jacobian is singular at the
    solution; TypeError for a wrong number of equations; CompileError for `solver` or `full_output` while recording.
    """
    numbers: list[Any] = []
    key = flatten(x0, numbers)

    def equation(x: Any) -> Any:
        return f(x, *args)

    if hooks().recorder is not None:
        _refuse(solver, full_output)
        return rebuild(key, iter(recorded_root(equation, key, numbers)))
    start = [number_of(x) if isinstance(x, Value) else as_float(x) for x in numbers]
    if solver is None:
        x, count = newton(equation, key, start)
    else:
        x, count = _solved(solver, equation, key, start), 0
    return _result(equation, key, x, count, full_output)


def fixed_point(g: Callable[..., Any], x0: Any, *args: Any, full_output: bool = False) -> Any:
    """x with g(x, *args) = x, and its derivative by whatever g uses: the root of x − g(x).

    g            a function from numbers to as many numbers, in the same structure
    x0           where x ← g(x) begins
    args         further arguments of g
    full_output  return (x, `RootResult`)

    x ← g(x) is repeated until it hardly moves; Newton's method finds the last digits. Derivatives as for `root`.

    >>> from autograd import cos
    >>> round(fixed_point(cos, 1.0), 12)
    0.739085133215

    RootError where the iteration does not come to rest, and as for `root`; TypeError for a wrong number of numbers.
    """

    def image(x: Any) -> Any:
        after = g(x, *args)
        if (got := len(leaves_of(after))) != (count := len(leaves_of(x))):
            raise TypeError(f"g must return as many numbers as it takes: got {got} for {count}")
        return after

    def equation(x: Any) -> Any:
        return [before - after for before, after in zip(leaves_of(x), leaves_of(image(x)), strict=True)]

    start, count = x0, 0
    if hooks().recorder is None:
        key = key_of(x0)
        numbers = [number_of(x) if isinstance(x, Value) else as_float(x) for x in leaves_of(x0)]
        found, count = iterate(lambda xs: _plain(image, key, xs), numbers)
        start = rebuild(key, iter(found))
    answer = root(equation, start, full_output=full_output)
    if not full_output:
        return answer
    x, result = answer
    return x, replace(result, iterations=result.iterations + count)


def _refuse(solver: Any, full_output: bool) -> None:
    if solver is not None or full_output:
        which = "a solver=" if solver is not None else "full_output=True"
        raise CompileError(
            f"root with {which} cannot be recorded: a program would repeat the answer, not the search; leave it out, "
            "so that Newton's steps are recorded, or solve outside of the compiled function"
        )


def _plain(f: Callable[[Any], Any], key: Key, xs: Sequence[Any]) -> list[float]:
    """f on numbers, without a graph."""
    found = under(lambda now: replace(now, off=True), lambda: leaves_of(f(rebuild(key, iter(xs)))))
    return [number_of(x) if isinstance(x, Value) else as_float(x) for x in found]


def _solved(solver: Solver, equation: Callable[[Any], Any], key: Key, start: Sequence[float]) -> list[float]:
    """The answer of a solver from outside."""

    def residual(x: Any) -> Any:
        found = _plain(equation, key, [as_float(each) for each in _numbers(x)])
        return found[0] if key is None else found

    x = _numbers(solver(residual, rebuild(key, iter(start))))
    if len(x) != len(start):
        raise TypeError(f"the solver must return as many numbers as x0 has: got {len(x)} for {len(start)}")
    return [as_float(each) for each in x]


def _numbers(x: Any) -> list[Any]:
    """The numbers of a structure or of an array, which solvers like to return."""
    return leaves_of(x.tolist() if hasattr(x, "tolist") else x)


def _result(equation: Callable[[Any], Any], key: Key, x: Sequence[float], count: int, full_output: bool) -> Any:
    residual = Residual(equation, key, x)
    numbers, matrix = residual.numbers, residual.jacobian()
    try:
        (step,) = solve(matrix, [numbers])
    except RootError as error:
        raise RootError(
            f"the Jacobian is singular at the solution x = {x}, which has no derivative there: {error}"
        ) from error
    distance, size = max(map(abs, step), default=0.0), max(map(abs, x), default=0.0)
    if distance > NEAR * (size or 1.0):
        raise RootError(
            f"x = {x} is no root: the residual is {numbers}, and the next Newton step {distance:.1e} long; "
            "ask the solver for more digits"
        )
    if residual.runs:
        found: Sequence[Any] = expanded(equation, key, x, matrix, max([run.order for run in residual.runs]))
    else:
        found = Solution(residual, x).as_nodes() if residual.outer else x
    answer = rebuild(key, iter(found))
    if not full_output:
        return answer
    return answer, RootResult(count, max(map(abs, numbers), default=0.0), distance, condition(matrix))

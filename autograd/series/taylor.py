"""Taylor coefficients and derivatives of any order of Python functions, forward in one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement, product
from math import comb, factorial, prod
from typing import Any

from autograd import rules
from autograd.recording import paused_gc
from autograd.series.rows import new_run
from autograd.series.terms import Run, Series
from autograd.structure import flatten, key_of, leaves_of, matching, rebuild
from autograd.tracing import eager, own
from autograd.value import Value, as_float


def taylor(f: Callable[[Any], Any], x: Any, direction: Any, order: int) -> list[Any]:
    """The Taylor coefficients of t ↦ f(x + t v) at t = 0: [c₀, c₁, …], with f(x + t v) = Σ cₖ tᵏ.

    f          a function of a number or of a structure of numbers, of one argument; a compiled one, too
    x          the point
    direction  v, in the structure of x
    order      the last k, from 0 on

    Each cₖ has the structure of the result of f. Derivatives along v are k! cₖ, see `derivatives`; coefficients do not
    overflow where these do. f is evaluated once, on series; an operation costs order². At kinks the derivative is that
    of `grad`, in every order.

    >>> from autograd import exp
    >>> taylor(exp, 0.0, 1.0, 3)
    [1.0, 1.0, 0.5, 0.16666666666666666]
    >>> taylor(lambda p: p["u"] * p["v"], {"u": 2.0, "v": 3.0}, {"u": 1.0, "v": 1.0}, 3)
    [6.0, 5.0, 1.0, 0.0]

    TypeError when the direction has another structure, or f does not return numbers; ValueError for a negative order.
    """
    _check_order(order)
    found = own(f, "taylor", (x,), (0,), (direction, order))
    if found is not NotImplemented:
        return list(found)
    slopes = [_number(v) for v in matching(x, direction)]
    run = new_run(order)
    with paused_gc():
        moving = [run.variable(_number(at), v) for at, v in zip(leaves_of(x), slopes, strict=True)]
        numbers: list[Any] = []
        key = flatten(eager(f)(rebuild(key_of(x), iter(moving))), numbers)
        columns = [_coefficients(each, run, f) for each in numbers]
    return [rebuild(key, iter([column[k] for column in columns])) for k in range(order + 1)]


def derivatives(f: Callable[[Any], Any], x: Any, n: int) -> list[Any]:
    """[f(x), f′(x), …, f⁽ⁿ⁾(x)] of a function of one number, by one evaluation of f on Taylor series.

    f  a function of a number; its result is a number or a structure of numbers
    x  the number
    n  the highest order

    >>> derivatives(lambda x: 1.0 / (1.0 - x), 0.0, 4)
    [1.0, 1.0, 2.0, 6.0, 24.0]
    >>> derivatives(lambda x: x**3, 2.0, 4)
    [8.0, 12.0, 12.0, 6.0, 0.0]

    TypeError when x is not a number or f does not return numbers; ValueError for a negative n.
    """
    _number(x)
    found = []
    for k, coefficient in enumerate(taylor(f, x, 1.0, n)):
        numbers = [each * float(factorial(k)) for each in leaves_of(coefficient)]
        found.append(rebuild(key_of(coefficient), iter(numbers)))
    return found


def derivative_tensor(f: Callable[[Any], Any], x: Sequence[Any], order: int) -> Any:
    """All partial derivatives of one order: nested lists, of which entry [i][j]… is ∂ᵏf/∂xᵢ∂xⱼ….

    f      a function of a list of numbers with one number as result
    x      the n numbers
    order  k, how many indices the tensor has; 0 gives f(x), 1 the gradient, 2 the Hessian

    No mixed derivative is propagated: series along the (n + k − 1 choose k) directions with integer entries that sum
    to k are enough, from which every entry is a linear combination with exact weights (Griewank, Utke & Walther 2000).

    >>> derivative_tensor(lambda x: x[0] ** 2 * x[1], [3.0, 5.0], 2)
    [[10.0, 6.0], [6.0, 0.0]]

    TypeError when x is not a flat sequence of numbers or f does not return one; ValueError for a negative order.
    """
    _check_order(order)
    numbers = [_number(each) for each in x]
    rays = list(_indices(len(numbers), order))
    along = [taylor(f, numbers, [float(each) for each in ray], order)[order] for ray in rays]
    for each in along:
        _number(each)
    known: dict[tuple[int, ...], Any] = {}
    for wanted in rays:
        weights = [_weight(wanted, ray) for ray in rays]
        known[wanted] = rules.dot(*map(float, weights), *along, 0.0)
    return _nested(known, len(numbers), order, ())


def _nested(known: dict[tuple[int, ...], Any], n: int, left: int, chosen: tuple[int, ...]) -> Any:
    if not left:
        return known[tuple([chosen.count(i) for i in range(n)])]
    return [_nested(known, n, left - 1, (*chosen, i)) for i in range(n)]


def _indices(n: int, order: int) -> Iterator[tuple[int, ...]]:
    """The multi-indices of n entries that sum to `order`."""
    for chosen in combinations_with_replacement(range(n), order):
        yield tuple([chosen.count(i) for i in range(n)])


@lru_cache(maxsize=4096)
def _weight(i: tuple[int, ...], j: tuple[int, ...]) -> Fraction:
    """γᵢⱼ = Σₘ (−1)^|i − m| Π C(iₖ, mₖ) C(d mₖ/|m|, jₖ) (|m|/d)^|i| over 0 < m ≤ i: theorem 3.1 of that paper."""
    d, found = sum(i), Fraction(int(not sum(i)))
    for m in product(*[range(each + 1) for each in i]):
        if size := sum(m):
            sign = (-1) ** (d - size)
            chosen = prod([comb(a, b) for a, b in zip(i, m, strict=True)])
            binomials = prod(
                [_binomial(Fraction(d * b, size), k) for b, k in zip(m, j, strict=True)], start=Fraction(1)
            )
            found += sign * chosen * binomials * Fraction(size, d) ** d
    return found


def _binomial(z: Fraction, k: int) -> Fraction:
    return prod([z - i for i in range(k)], start=Fraction(1)) / factorial(k)


def _number(x: Any) -> Any:
    """x, if it is a number that a series can start from."""
    return x if isinstance(x, Value | Series) else as_float(x)


def _check_order(order: int) -> None:
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"the order of a derivative must be a non-negative integer, got {order!r}")


def _coefficients(y: Any, run: Run, f: Callable[..., Any]) -> list[Any]:
    """The coefficients of one number in the result of f, zeros included."""
    if isinstance(y, Series) and y.run is run:
        return [*y.coefficients, *[0.0] * (run.order - y.end)]
    try:
        return [_number(y), *[0.0] * run.order]
    except TypeError as error:
        name = getattr(f, "__name__", repr(f))
        raise TypeError(f"{name} must return numbers to have Taylor coefficients: {error}") from error

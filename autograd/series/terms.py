"""Truncated Taylor series as numbers: rows of the table are applied to them, so that no rule is written twice.

With x(t) = x₀ + x₁ t + x₂ t² + …, an operation y = row(x, …) has y₀ = row(x₀, …), and y′ = Σ pᵢ xᵢ′ gives the rest,
where the partials pᵢ are those of the row, applied to series:

    n yₙ = Σᵢ Σⱼ pᵢ,ⱼ (n − j) xᵢ,ₙ₋ⱼ        j = 0 … n − 1

So yₙ needs partials up to order n − 1 only, also where they are made of y itself (exp, tanh). Products, quotients and
`where` are the arithmetic of series, term by term. An operation costs order² (Brent & Kung 1978; Griewank & Walther
2008, chapter 13).

Coefficients are floats or whatever the function closes over: Values, symbols of a program, series of an outer
expansion. Those beyond the degree of a polynomial are absent, not 0, so they do not meet an infinity.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd import numerics, rules
from autograd.primitive import Primitive
from autograd.series.numberlike import NumberLike

_levels = itertools.count()


class Run:
    """One expansion: its order, and how rows are applied to its series.

    For the series of a later run, which is the inner one, those of an earlier run are constants.
    """

    def __init__(self, order: int, apply: Callable[[Run, Primitive, Sequence[Any]], Any]) -> None:
        self.order = order
        self.apply = apply
        self.level = next(_levels)
        self.count = itertools.count()
        self.known: dict[Any, Any] | None = None  # while partials are evaluated, what rows gave: sin of cos of sin …

    def variable(self, x: Any, slope: Any) -> Series:
        """x + slope · t."""
        made = Series(self, x, min(1, self.order))
        made.coefficients += [slope][: made.end]
        made.has_floats = type(x) is type(slope) is float
        made.trim()
        return made


class Series(NumberLike):
    """A number that moves along t: its Taylor coefficients, up to the order of its run."""

    __slots__ = ("__weakref__", "coefficients", "end", "has_floats", "number", "run", "scaled", "wanted")

    def __init__(self, run: Run, head: Any, end: int = 0) -> None:
        self.run = run
        self.coefficients = [head]
        self.end = end  # coefficients beyond it are absent
        self.number = next(run.count)
        self.wanted = 0  # the order up to which what is computed from it needs it
        self.has_floats = type(head) is float
        self.scaled: list[Any] = [0.0]

    def is_complete(self) -> bool:
        """Whether every coefficient is known."""
        return len(self.coefficients) > self.end

    def trim(self) -> None:
        """Drop zeros at the end: a polynomial has no more coefficients, whichever way it was computed."""
        kept = self.coefficients
        if self.has_floats and kept[-1] == 0.0:
            while len(kept) > 1 and kept[-1] == 0.0:
                kept.pop()
            self.end = len(kept) - 1

    def needs(self) -> Iterator[tuple[Series, int]]:
        """The series that coefficients are computed from, each with how many orders it may lag behind."""
        return iter(())

    def settle(self) -> None:
        """Lower `end` as far as what it is computed from allows."""

    def term(self, n: int) -> Any:
        """Coefficient n, from what comes before."""
        raise NotImplementedError

    def fill(self) -> None:
        """Compute all coefficients, of what is computed from complete series."""
        for n in range(1, self.end + 1):
            self.coefficients.append(self.term(n))

    def slopes(self, first: int, last: int) -> list[Any]:
        """k xₖ, the coefficients of x′, for k = last, …, first."""
        self.scale(last)
        return self.scaled[last : first - 1 : -1]

    def scale(self, last: int) -> None:
        """Compute the coefficients of x′, times t, up to that one."""
        for k in range(len(self.scaled), last + 1):
            self.scaled.append(self.coefficients[k] * float(k))

    @staticmethod
    def __primitive__(row: Primitive, operands: tuple[Any, ...]) -> Any:
        """Apply a row, in the innermost run among the operands."""
        run = max([x.run for x in operands if isinstance(x, Series)], key=lambda each: each.level)
        return run.apply(run, row, operands)


class Linear(Series):
    """Σ pᵢ xᵢ with constant pᵢ."""

    __slots__ = ("pairs",)

    def __init__(self, run: Run, head: Any, pairs: Sequence[tuple[Any, Series]]) -> None:
        super().__init__(run, head)
        self.pairs = pairs
        self.has_floats &= all(x.has_floats and type(p) is float for p, x in pairs)
        self.settle()

    def needs(self) -> Iterator[tuple[Series, int]]:
        """The operands."""
        return ((x, 0) for _, x in self.pairs)

    def settle(self) -> None:
        """The largest degree."""
        self.end = max([x.end for _, x in self.pairs], default=0)

    def term(self, n: int) -> Any:
        """Σ pᵢ xᵢ,ₙ."""
        if len(self.pairs) == 1:
            ((p, x),) = self.pairs
            return x.coefficients[n] if type(p) is float and p == 1.0 else p * x.coefficients[n]
        found = [(p, x.coefficients[n]) for p, x in self.pairs if n <= x.end]
        return _inner(self.has_floats, [p for p, _ in found], [c for _, c in found])


class Product(Series):
    """x y, both of which move."""

    __slots__ = ("x", "y")

    def __init__(self, head: Any, x: Series, y: Series) -> None:
        super().__init__(x.run, head)
        self.x, self.y = x, y
        self.has_floats = x.has_floats and y.has_floats
        self.settle()

    def needs(self) -> Iterator[tuple[Series, int]]:
        """Both factors."""
        return iter(((self.x, 0), (self.y, 0)))

    def settle(self) -> None:
        """The sum of the degrees."""
        self.end = min(self.run.order, self.x.end + self.y.end)

    def term(self, n: int) -> Any:
        """Σ xⱼ yₙ₋ⱼ."""
        x, y = self.x, self.y
        low, high = max(0, n - y.end), min(n, x.end)
        others = y.coefficients[n - high : n - low + 1]
        return _inner(self.has_floats, x.coefficients[low : high + 1], others[::-1])


class Quotient(Series):
    """q = x / y where y moves: x = q y, solved for the last coefficient of q."""

    __slots__ = ("x", "y")

    def __init__(self, head: Any, x: Any, y: Series) -> None:
        super().__init__(y.run, head, y.run.order)
        self.x, self.y = x if moves_in(x, y.run) else Series(y.run, x), y
        self.has_floats = self.x.has_floats and y.has_floats

    def needs(self) -> Iterator[tuple[Series, int]]:
        """Both operands."""
        return iter(((self.x, 0), (self.y, 0)))

    def term(self, n: int) -> Any:
        """(xₙ − Σ qⱼ yₙ₋ⱼ) / y₀."""
        x, y = self.x, self.y
        low = max(0, n - y.end)
        rest = -_inner(self.has_floats, self.coefficients[low:n], y.coefficients[n - low : 0 : -1])
        return rules.div(x.coefficients[n] + rest if n <= x.end else rest, y.coefficients[0])


class Choice(Series):
    """`where` with a condition that is not a float: both branches, and the condition as it is at t = 0."""

    __slots__ = ("branches", "gate")

    def __init__(self, run: Run, head: Any, gate: Any, branches: Sequence[Any]) -> None:
        super().__init__(run, head)
        self.gate = gate
        self.branches = [x if moves_in(x, run) else Series(run, x) for x in branches]
        self.has_floats = False
        self.settle()

    def needs(self) -> Iterator[tuple[Series, int]]:
        """Both branches."""
        return ((x, 0) for x in self.branches)

    def settle(self) -> None:
        """The larger degree."""
        self.end = max([x.end for x in self.branches])

    def term(self, n: int) -> Any:
        """That of the branch."""
        return rules.where(self.gate, *[x.coefficients[n] if n <= x.end else 0.0 for x in self.branches])


class Application(Series):
    """Any other row, by its partials: `pairs` with those that move, `linear` with the others."""

    __slots__ = ("linear", "operands", "pairs", "row")

    def __init__(self, row: Primitive, run: Run, head: Any, operands: Sequence[Any]) -> None:
        super().__init__(run, head, run.order)
        self.row = row
        self.operands = operands
        self.has_floats &= all(x.has_floats if moves_in(x, run) else type(x) is float for x in operands)
        self.pairs: list[tuple[Series, Series]] | None = None
        self.linear: list[tuple[Any, Series]] = []

    def needs(self) -> Iterator[tuple[Series, int]]:
        """The operands, and the partials, which may be an order behind."""
        if self.pairs is None:
            self.pairs = []
            for partial, x in self._edges():
                if moves_in(partial, self.run):
                    self.pairs.append((partial, x))
                elif not is_nothing(partial):
                    self.linear.append((partial, x))
        yield from [(x, 0) for _, x in (*self.pairs, *self.linear)]
        yield from [(partial, 1) for partial, _ in self.pairs]

    def _edges(self) -> list[tuple[Any, Series]]:
        """(partial, operand) for each operand that moves."""
        row, operands, out = self.row, self.operands, self
        moving = [moves_in(x, self.run) for x in operands]
        if row.variadic:
            partials: Sequence[Any] = row.variadic(out, *operands)
        else:
            rules_of = zip(row.partials, moving, strict=True)
            partials = [rule(out, *operands) if callable(rule) and moves else rule for rule, moves in rules_of]
        return [(p, x) for p, x, moves in zip(partials, operands, moving, strict=True) if moves]

    def settle(self) -> None:
        """The largest degree of a term."""
        ends = [x.end for _, x in self.linear] + [p.end + x.end for p, x in self.pairs or ()]
        self.end = min(self.run.order, max(ends, default=0))

    def release(self) -> None:
        """Forget what it was computed from, once all coefficients are known."""
        self.pairs, self.linear, self.operands = [], [], ()

    def term(self, n: int) -> Any:
        """As at the top of this module."""
        if self.has_floats and not self.linear:
            return self._moved(n) / n
        factors, slopes = [], []
        for p, x in self.pairs or ():
            low, high = max(0, n - x.end), min(n - 1, p.end)
            if low <= high:
                factors += p.coefficients[low : high + 1]
                slopes += x.slopes(n - high, n - low)
        found = _inner(self.has_floats, factors, slopes) / float(n) if factors else 0.0
        constant = [(p, x.coefficients[n]) for p, x in self.linear if n <= x.end]
        if not constant:
            return found
        steady = _inner(self.has_floats, [p for p, _ in constant], [c for _, c in constant])
        return steady + found if factors else steady

    def _moved(self, n: int) -> float:
        """Σᵢ Σⱼ pᵢ,ⱼ (n − j) xᵢ,ₙ₋ⱼ of floats: the same sum without lists in between."""
        found, count, only = 0.0, 0, 0.0
        for p, x in self.pairs or ():
            low, high = max(0, n - x.end), min(n - 1, p.end)
            if low <= high:
                x.scale(n - low)
                factors, scaled = p.coefficients, x.scaled
                for j in range(low, high + 1):
                    found += factors[j] * scaled[n - j]
                count += high - low + 1
                only = factors[low] * scaled[n - low]
        return only if count == 1 else found  # a single −0 is no sum


# --- the arithmetic of coefficients -----------------------------------------------------------------------------------


def _inner(floats: bool, xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """Σ xₖ yₖ: one node, or one equation."""
    if len(xs) == 1:
        return ys[0] if type(xs[0]) is float and xs[0] == 1.0 else xs[0] * ys[0]
    return numerics.inner(xs, ys, 0.0) if floats else rules.dot(*xs, *ys, 0.0)


def moves_in(x: Any, run: Run) -> bool:
    return isinstance(x, Series) and x.run is run


def is_nothing(partial: Any) -> bool:
    return partial is None or (type(partial) is float and partial == 0.0)

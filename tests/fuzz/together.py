"""Many programs compiled as one function, so that ten thousand of them take minutes: each still has its own verdict.

The programs do not share inputs, but the compiler sees them all: equal steps become arrays, and what follows from one
must not touch another. A disagreement names the program; whether it disagrees by itself too says where to look.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import autograd
from autograd import Value
from tests.fuzz.compiled_ways import nan_buffers
from tests.fuzz.oracle import Expected, expected
from tests.fuzz.program import Program
from tests.fuzz.replay import UNIT, NoVerdictError
from tests.fuzz.source import function, text

OPTIONS: tuple[dict[str, Any], ...] = (
    {"backend": "python"},
    {"backend": "python", "exact": True},
    {"backend": "numpy"},
    {"backend": "llvm"},
    {"backend": "llvm", "exact": True},
)


@dataclass(frozen=True)
class Member:
    """A program of a crowd, its function, and what is right at each point; None where the oracle has no verdict."""

    program: Program
    f: Callable[..., Any]
    expected: tuple[Expected, ...] | None

    @classmethod
    def of(cls, program: Program) -> Member:
        """The program with the oracle's answers; it has none where eager code is nan, of 0 · ∞, and a limit exists."""
        member = cls(program, function(program), None)
        try:
            answers = tuple([expected(program, point) for point in program.points])
        except NoVerdictError:
            return member
        is_nan = any(x != x for i in range(len(program.points)) for x in member.eager(i))
        return member if is_nan else replace(member, expected=answers)

    def point(self, i: int) -> list[float]:
        """A point to take it at, in turn."""
        return list(self.program.points[i % len(self.program.points)])

    def eager(self, i: int) -> list[float]:
        """Value and gradient by backward()."""
        leaves = [Value(x) for x in self.point(i)]
        y = self.f(*leaves)
        y = y if isinstance(y, Value) else Value(y)
        y.backward()
        return [y.data, *(leaf.grad for leaf in leaves)]

    def wrong(self, i: int, given: Sequence[float], exact: bool) -> str:
        """What is wrong with a value and gradient, in words; the bits of eager code are right if `exact`."""
        if exact:
            wanted = self.eager(i)
            right = all(x == y or (x != x and y != y) for x, y in zip(given, wanted, strict=True))
            return "" if right else f"{given}, eager {wanted}"
        assert self.expected is not None
        wanted, errors = self.expected[i % len(self.expected)].of(("value", "gradient"), UNIT)
        if all(x == y or abs(x - y) <= error for x, y, error in zip(given, wanted, errors, strict=True)):
            return ""
        return f"{given}, the oracle {wanted} within {errors}"


@dataclass
class Tally:
    """Comparisons by options, programs without a verdict, and what disagreed, as text."""

    programs: int = 0
    without_verdict: int = 0
    compared: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Those of other programs too."""
        self.programs += other.programs
        self.without_verdict += other.without_verdict
        self.compared.update(other.compared)
        self.disagreements += other.disagreements

    def __str__(self) -> str:
        lines = [f"{title:16} {count:9} compared" for title, count in self.compared.items()]
        counts = f"{self.programs} programs, {self.without_verdict} of them compared with eager bits only"
        return "\n".join([*lines, f"{counts}; {len(self.disagreements)} disagreements"])


def run_together(programs: Sequence[Program], rounds: int = 2) -> Tally:
    """Compile all of them as one function by every back end, and compare the value and gradient of each."""
    members = [Member.of(program) for program in programs]
    judged = [member for member in members if member.expected is not None]
    tally = Tally(len(members), len(members) - len(judged))
    for options in OPTIONS:
        exact = "exact" in options
        _compare(members if exact else judged, options, rounds, tally)
    return tally


def _compare(members: Sequence[Member], options: dict[str, Any], rounds: int, tally: Tally) -> None:
    title = ", ".join(str(x) if key != "exact" else "exact" for key, x in options.items())
    fs = [member.f for member in members]
    fast = autograd.compile(lambda xs: [f(*x) for f, x in zip(fs, xs, strict=True)], threads=1, **options)
    for i in range(rounds):
        xs = [member.point(i) for member in members]
        with nan_buffers(), warnings.catch_warnings():
            warnings.simplefilter("error")  # of compile: a back end that was replaced
            try:
                values, (gradients,) = fast.vjp((xs,), [1.0] * len(members))
            except Exception as error:
                tally.disagreements.append(f"{title}, all of a crowd: {type(error).__name__}: {error}")
                return
        for member, value, gradient in zip(members, values, gradients, strict=True):
            tally.compared[title] += 1
            if problem := member.wrong(i, [value, *gradient], "exact" in options):
                tally.disagreements.append(f"{title}, point {i}: {problem}\n{text(member.program)}")

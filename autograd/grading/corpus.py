"""The programs that an engine is graded on: every operation by itself, graphs with a point to them, random graphs.

Random graphs come from `random.Random(seed).random()` alone, which is the same in every version of Python: the same
seed gives the same verdict everywhere. `autograd.strategies` goes to the ends of the floats, where a correct but simple
engine may overflow; here every number stays moderate, so that no correct engine is accused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from random import Random
from typing import NamedTuple, TypeVar

from autograd.grading.program import BINARY, FUNCTIONS, Line, Operand, Program, Ref
from autograd.grading.truth import sizes
from autograd.primitive import lookup

T = TypeVar("T")
X, Y = Ref(0), Ref(1)
LARGEST, SMALLEST = 50.0, 1e-3
NUMBERS = (2, 3, 0.5, -1.5, -2, 1.25, 0.75, -0.4, 4, 1.7, -3, 0.3)
CHAIN = 10_000
POSITIVE = ("log", "sqrt")
POINTS = ((3, 2), (1.5, 0.75), (0.6, 2.5))  # no formula of two numbers is another's at all three
AT = {"": (0.7, -1.3, 2), "positive": (0.7, 1.6, 3)}


ALONE = ("operators", "functions", "constants", "ties")  # items of one operation by itself


class Task(NamedTuple):
    """A program, the item of the rubric that it belongs to, and the part of the item: one wrong program fails it."""

    item: str
    part: str
    program: Program


def single(operations: Iterable[str]) -> Iterator[Task]:
    """Every operation by itself, on different inputs and on constants."""
    for name in operations:
        if name in BINARY:
            yield from _binary(name)
        elif name in FUNCTIONS or name == "neg":
            item = "operators" if name == "neg" else "functions"
            for x in AT["positive" if name in POSITIVE else ""]:
                yield Task(item, name, Program((x,), (Line(name, (X,)),)))
    yield Task("constants", "sum", Program((3, 2, -1.5), (Line("sum", (X, Y, Ref(2))),)))


def _binary(name: str) -> Iterator[Task]:
    for x, y in POINTS:
        if name != "pow":  # an exponent that is a Value is an item by itself
            yield Task("operators", name, Program((x, y), (Line(name, (X, Y)),)))
            yield Task("constants", f"2 {name} x", Program((x,), (Line(name, (2, X)),)))
        yield Task("operators" if name == "pow" else "constants", f"x {name} 2", Program((x,), (Line(name, (X, 2)),)))
    if name == "pow":
        for x, n in ((-1.5, 3), (2, -1), (0.75, 0.5), (1.25, 3.0)):
            yield Task("operators", "x pow 2", Program((x,), (Line("pow", (X, n)),)))


def optional() -> Iterator[Task]:
    """What many engines refuse: an exponent that is a Value. Those that raise are not graded on it."""
    for x, y in POINTS:
        yield Task("operators", "pow by a Value", Program((x, y), (Line("pow", (X, Y)),)))
    for x in (1.5, -0.5, 2):
        yield Task("constants", "2 pow x", Program((x,), (Line("pow", (2, X)),)))


def ties(operations: Iterable[str]) -> Iterator[Task]:
    """relu and abs at 0."""
    for name in ("relu", "abs"):
        if name in operations:
            for zero in (0.0, 0):
                yield Task("ties", name, Program((zero,), (Line(name, (X,)),)))
            if "mul" in operations:
                yield Task("ties", name, Program((0.0, 3.0), (Line(name, (X,)), Line("mul", (Y, Ref(2))))))


def shapes(operations: Sequence[str]) -> Iterator[Task]:
    """Small graphs: repeated operands, values used twice, diamonds, equal values, passes, for every operation."""
    steps = [name for name in ("neg", "tanh", "exp", "sin", "sigmoid") if name in operations]
    binary = [name for name in BINARY[:4] if name in operations]
    for name in binary:
        yield Task("sharing", "", Program((3.0,), (Line(name, (X, X)),)))
        yield Task("sharing", "", Program((0.6,), (Line(name, (X, X)), Line(name, (Ref(1), Ref(1))))))
        yield Task("sharing", "", Program((2.0, 2.0), (Line(name, (X, Y)),)))
    for first, second in product(binary, binary):
        for operands in ((X, Ref(2)), (Ref(2), X), (Y, Ref(2))):
            yield Task("sharing", "", Program((1.5, 0.75), (Line(first, (X, Y)), Line(second, operands))))
        yield from _passes(first, second)
    for step, name in product(steps or ["add"], binary):
        yield from _diamonds(step, name)


def _step(name: str, x: Operand) -> Line:
    return Line(name, (x, 2)) if name in BINARY else Line(name, (x,))


def _diamonds(step: str, name: str) -> Iterator[Task]:
    """A value that is reached by a short way and by a long one, in both orders; and two equal values."""
    a, b, c = Ref(1), Ref(2), Ref(3)
    for pair in ((a, b), (b, a)):
        yield Task("order", "", Program((0.6,), (_step(step, X), _step(step, a), Line(name, pair))))
    for pair in ((a, c), (c, a)):
        yield Task("order", "", Program((0.6,), (_step(step, X), _step(step, a), _step(step, b), Line(name, pair))))
    yield Task("order", "", Program((0.6,), (Line(name, (X, X)), Line(name, (a, X)), Line(name, (b, a)))))
    yield Task("sharing", "", Program((0.6, 0.6), (_step(step, X), _step(step, Y), Line(name, (Ref(2), Ref(3))))))


def _passes(first: str, second: str) -> Iterator[Task]:
    two = Program((1.5, 0.75), (Line(first, (X, Y)), Line(second, (Ref(2), X))))
    yield Task("passes", "", Program((1.5, 0.75), (Line(first, (X, Y)),), (2, 2)))
    yield Task("passes", "", two.with_roots(3, 3))
    yield Task("passes", "", two.with_roots(2, 3))


def deep(operations: Iterable[str]) -> Iterator[Task]:
    """A chain of 10⁴ operations."""
    usable = [
        (name, number) for name, number in (("add", 0.001), ("mul", 1.0001), ("sub", 0.001)) if name in operations
    ]
    if usable:
        pattern = [Line(*usable[i % len(usable)][:1], (Ref(i), usable[i % len(usable)][1])) for i in range(CHAIN)]
        yield Task("depth", "", Program((0.5,), tuple(pattern)))


def random_graphs(operations: Sequence[str], count: int, seed: int) -> Iterator[Task]:
    """Graphs of 2 to 10 operations with sharing, constants on both sides, and sometimes two passes."""
    source = Random(seed)
    for _ in range(count):
        program = _random(source, operations)
        yield Task("passes" if len(program.roots) > 1 else "random", "", program)


def _random(source: Random, operations: Sequence[str]) -> Program:
    inputs = [_pick(source, NUMBERS) for _ in range(1 + int(3 * source.random()))]
    lines: list[Line] = []
    values, wanted = [float(x) for x in inputs], 2 + int(9 * source.random())
    while len(lines) < wanted:
        line = _line(source, operations, len(values))
        number = _tame(line, values)
        if number is not None:
            lines.append(line)
            values.append(number)
    program = Program(tuple(inputs), tuple(lines))
    last = program.roots[0]
    if source.random() < 0.2:
        program = program.with_roots(_pick(source, (last, last - 1)), last)
    return program.pruned()


def _line(source: Random, operations: Sequence[str], slots: int) -> Line:
    name = _pick(source, operations)
    if name not in BINARY:
        return Line(name, tuple([_place(source, slots) for _ in range(3 if name == "sum" else 1)]))
    operands: list[Operand] = [_place(source, slots), _place(source, slots)]
    if name == "pow":
        return Line(name, (operands[0], _pick(source, (2, 3, -1, 2.0, 0.5))))
    constant = source.random()
    if constant < 0.3:
        operands[int(constant < 0.15)] = _pick(source, NUMBERS)
    return Line(name, tuple(operands))


def _place(source: Random, slots: int) -> Ref:
    """The newest slot half the time: graphs become deep and stay connected."""
    return Ref(slots - 1 if source.random() < 0.5 else int(slots * source.random()))


def _pick(source: Random, among: Sequence[T]) -> T:
    return among[int(len(among) * source.random())]


def _tame(line: Line, values: Sequence[float]) -> float | None:
    """The value of a line; None where a correct engine could fail, or rounding could decide."""
    name, numbers = line.operation, [float(values[x.slot]) if isinstance(x, Ref) else float(x) for x in line.operands]
    positive = name in POSITIVE or (name == "pow" and not numbers[1].is_integer())
    if positive and numbers[0] < SMALLEST:
        return None
    if name in ("relu", "abs", "div", "pow") and abs(numbers[-1 if name == "div" else 0]) < SMALLEST:
        return None
    if name == "exp" and numbers[0] > math.log(LARGEST):
        return None
    out = sum(numbers) if name == "sum" else float(lookup(name).value(*numbers))
    return out if abs(out) <= LARGEST and max(sizes(name, out, numbers)) <= LARGEST else None

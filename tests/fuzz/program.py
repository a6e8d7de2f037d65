"""A program as data: inputs, points to run it at, and named lines, some of which hold a body of lines themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

FORMS = ("grad", "value_and_grad", "jacobian", "hessian", "jvp", "hvp")
"""Derivatives that a line takes of its body, of one parameter; the operands are the point and, for the last two, a
direction. A pair or list that comes out of it is added up."""

MASKS = {"safe_log": "log", "safe_sqrt": "sqrt", "safe_rsqrt": "rsqrt", "safe_reciprocal": "reciprocal"}
"""`where(x > 0, log(x), y)`: the branch that is not taken may be out of its domain."""


@dataclass(frozen=True)
class Constant:
    """A number in a program: a float, or a NumPy scalar of `kind`.

    >>> print(Constant(2.0), Constant(0.5, "float32"))
    2.0 np.float32(0.5)
    """

    number: float
    kind: str = "float"

    def __str__(self) -> str:
        number = str(int(self.number)) if self.kind == "int64" else f"{self.number!r}"
        if number.lstrip("-") in ("inf", "nan"):
            number = f'float("{number}")'
        return number if self.kind == "float" else f"np.{self.kind}({number})"


Operand = str | Constant


@dataclass(frozen=True)
class Body:
    """A function of one parameter inside a program; its lines also see every name that stands before it."""

    parameter: str
    lines: tuple[Line, ...]
    result: Operand


@dataclass(frozen=True)
class Line:
    """`name = op(*operands)`: a primitive, a function of lists, a branch, a loop over a body or a derivative of one.

    if      (x, y, a, b): a if x > y else b
    loop    (start,): the body `count` times, each fed with what the one before gave
    FORMS   see there
    """

    name: str
    op: str
    operands: tuple[Operand, ...]
    body: Body | None = None
    count: int = 0


@dataclass(frozen=True)
class Program:
    """A function of numbers called `inputs`, and points to take it at; the first is where compilers record it."""

    kind: str
    inputs: tuple[str, ...]
    points: tuple[tuple[float, ...], ...]
    lines: tuple[Line, ...]
    result: str

    @property
    def ops(self) -> frozenset[str]:
        """Every op on any level."""
        return frozenset(line.op for line in walk(self.lines))

    @property
    def depth(self) -> int:
        """How many derivatives are nested in it; a Hessian counts twice."""
        return _depth(self.lines)


def walk(lines: tuple[Line, ...]) -> Iterator[Line]:
    """Every line, those in bodies too."""
    for line in lines:
        yield line
        if line.body:
            yield from walk(line.body.lines)


def _depth(lines: tuple[Line, ...]) -> int:
    own = {"loop": 0, "hessian": 2, "hvp": 2}
    return max((own.get(line.op, 1) + _depth(line.body.lines) for line in lines if line.body), default=0)


def used(lines: tuple[Line, ...]) -> set[str]:
    """The names that lines and bodies look at."""
    found: set[str] = set()
    for line in walk(lines):
        results = (line.body.result,) if line.body else ()
        found.update(x for x in (*line.operands, *results) if isinstance(x, str))
    return found


def depends(program: Program) -> bool:
    """Whether the result looks at an input at all; the program is pruned."""
    return not used(program.lines).union({program.result}).isdisjoint(program.inputs)


def renamed(lines: tuple[Line, ...], new: Mapping[str, Operand]) -> tuple[Line, ...]:
    """The lines with other operands in place of some names."""

    def of(x: Operand) -> Operand:
        return new.get(x, x) if isinstance(x, str) else x

    def body(each: Body | None) -> Body | None:
        return each and Body(each.parameter, renamed(each.lines, new), of(each.result))

    return tuple(replace(line, operands=tuple(map(of, line.operands)), body=body(line.body)) for line in lines)


def pruned(program: Program) -> Program:
    """The program without lines that its result does not need."""
    return replace(program, lines=_needed(program.lines, {program.result}))


def _needed(lines: tuple[Line, ...], wanted: set[str]) -> tuple[Line, ...]:
    kept: list[Line] = []
    for line in reversed(lines):
        if line.name in wanted:
            if line.body:
                result = {line.body.result} if isinstance(line.body.result, str) else set()
                line = replace(line, body=replace(line.body, lines=_needed(line.body.lines, result)))  # noqa: PLW2901
            wanted = wanted | used((line,))
            kept.append(line)
    return tuple(reversed(kept))

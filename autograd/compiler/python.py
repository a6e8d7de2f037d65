"""The back end without dependencies: a program as straight-line Python, equal to eager Values bit for bit.

One statement per equation. Where Python's own operator means what the row means, the operator is written; everything
else calls the row's value. So every primitive has a spelling, also those of users.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any

from autograd import rules
from autograd.compiler.arguments import as_array
from autograd.compiler.options import Options
from autograd.compiler.program import RELATIONS, RESERVED, Atom, Guard, Program
from autograd.errors import CompileError
from autograd.primitive import PRIMITIVES, Primitive

WIDTH = 120
NAME = "python"
TERMS = 64  # in one statement: Python's compiler recurses over the terms of a sum
Function = Callable[[Sequence[float]], Any]
Lines = Iterator[str]


def source(program: Program) -> str:
    """The program as the Python function `program(inputs)`.

    It returns the list of outputs or, if guards do not hold, the number of the first.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import mul, tanh
    >>> print(source(Program(("x", "y"), (Equation(mul, (0, 1)), Equation(tanh, (2,))), (), (3,))))
    def program(inputs):
        x, y = inputs
        t2 = x * y
        t3 = tanh(t2)
        return [t3]
    <BLANKLINE>
    """
    waiting = _by_place(program)
    lines = ["def program(inputs):"]
    if program.names:
        lines += wrapped("", [*program.names[:-1], program.names[-1] + "," * (len(program.names) == 1)], " = inputs")
    lines += waiting.get(len(program.names) - 1, [])
    for place, (primitive, operands) in enumerate(program.equations, len(program.names)):
        lines += statement(primitive, f"t{place}", list(map(program.name, operands)))
        lines += waiting.get(place, [])
    lines += wrapped("return [", list(map(program.name, program.outputs)), "]")
    return "\n".join([lines[0], *[f"    {line}" for line in lines[1:]]]) + "\n"


def function(text: str) -> Function:
    """The function that the source of a program defines; equal sources share one.

    >>> function("def program(inputs):\\n    [x] = inputs\\n    return [relu(x)]")([-2.0])
    [0.0]
    """
    return _compiled(text, tuple(PRIMITIVES.values()))


class PythonRunner:
    """A program as straight-line Python; with a batch it runs once for each sample.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import mul
    >>> build(Program(("x", "w"), (Equation(mul, (0, 1)),), (), (2,)), Options()).numbers([3.0, 2.0])
    [6.0]
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.source = source(program)
        self.numbers = function(self.source)  # lists in and out, without a batch

    def run(self, shared: Any, samples: Sequence[Any]) -> Any:
        """See `Runner`."""
        numbers = shared.tolist()
        if not samples:
            outputs = self.numbers(numbers)
            return as_array(outputs) if type(outputs) is list else outputs
        rows = []
        for inputs in self._inputs(numbers, samples):
            outputs = self.numbers(inputs)
            if type(outputs) is not list:
                return outputs
            rows.append(outputs)
        return as_array(rows) if self.program.per_sample else means(rows)

    def _inputs(self, shared: Sequence[float], samples: Sequence[Any]) -> Iterator[list[float]]:
        inputs = [0.0] * len(self.program.names)
        for place, x in zip(self.program.shared, shared, strict=True):
            inputs[place] = x
        for pieces in zip(*[each.tolist() for each in samples], strict=True):
            for place, x in zip(self.program.batched, chain.from_iterable(pieces), strict=True):
                inputs[place] = x
            yield inputs


def means(rows: Sequence[Sequence[float]]) -> Any:
    """The means over the samples as eager code takes them: the sum from left to right, starting at 0, by their number.

    >>> means([[1.0, 2.0], [3.0, 6.0]])
    array([2., 4.])
    """
    totals = [0.0] * len(rows[0])
    for row in rows:
        totals = [x + y for x, y in zip(totals, row, strict=True)]
    return as_array([x / len(rows) for x in totals])


def build(program: Program, options: Options) -> PythonRunner:
    """The program ready to run; CompileError for float32, which Python does not have."""
    if options.dtype != "float64":
        raise CompileError(f"the back end python computes in float64, not {options.dtype}; use numpy or llvm")
    return PythonRunner(program)


@lru_cache(maxsize=256)
def _compiled(text: str, rows: tuple[Primitive, ...]) -> Function:
    scope: dict[str, Any] = {row.name: _value(row) for row in rows}
    scope |= {"inf": float("inf"), "nan": float("nan"), "same": RELATIONS["same"]}
    exec(compile(text, "<compiled program>", "exec"), scope)
    found: Function = scope["program"]
    return found


def _value(row: Primitive) -> Callable[..., float]:
    """A row's value; that of a user may give an int, which a node turns into a float."""
    return row.value if row in _OURS else partial(_as_float, row.value)


def _as_float(value: Callable[..., float], *operands: float) -> float:
    return float(value(*operands))


_CLASHING = re.compile(rf"t\d+|{'|'.join(RESERVED)}")
_OURS = {row for row in vars(rules).values() if isinstance(row, Primitive)}


# --- spelling ---------------------------------------------------------------------------------------------------------


def statement(primitive: Primitive, target: str, operands: Sequence[str]) -> Sequence[str]:
    """An equation as lines of Python.

    >>> statement(rules.dot, "t4", ("w", "x", "b"))
    ['t4 = b + w * x']
    """
    if primitive not in _OURS and _CLASHING.fullmatch(primitive.name):
        raise CompileError(f"the primitive {primitive.name!r} has a name that programs use themselves; rename it")
    if primitive in SUMS:
        return list(_sum(target, *SUMS[primitive](operands)))
    if primitive in SPELLING:
        return [f"{target} = {SPELLING[primitive].format(*operands)}"]
    return wrapped(f"{target} = {primitive.name}(", operands, ")")


# With names or numbers as operands; a negative number binds as it should in all of them.
SPELLING: Mapping[Primitive, str] = {
    rules.add: "{0} + {1}",
    rules.sub: "{0} - {1}",
    rules.mul: "{0} * {1}",
    rules.neg: "-{0}",
    rules.square: "{0} * {0}",
    rules.div: "{0} / {1} if {1} else div({0}, {1})",
    rules.greater: "1.0 if {0} > {1} else 0.0",
    rules.at_least: "1.0 if {0} >= {1} else 0.0",
    rules.equal: "1.0 if {0} == {1} else 0.0",
    rules.where: "{1} if {0} else {2}",
    rules.relu: "0.0 if {0} <= 0.0 else {0}",
    rules.abs_: "abs({0})",
}


def _dot_terms(operands: Sequence[str]) -> tuple[str, list[str]]:
    n = len(operands) // 2
    return operands[-1], [_product(w, x) for w, x in zip(operands[:n], operands[n:-1], strict=True)]


def _product(w: str, x: str) -> str:
    """A factor of 1 changes no bit."""
    return x if w == "1.0" else w if x == "1.0" else f"{w} * {x}"


# Sums run from left to right from their start, as those of the table do: (start, terms).
SUMS: Mapping[Primitive, Callable[[Sequence[str]], tuple[str, list[str]]]] = {
    rules.dot: _dot_terms,
    rules.total: lambda operands: ("0.0", list(operands)),
}


def _sum(target: str, start: str, terms: Sequence[str]) -> Lines:
    for i in range(0, max(len(terms), 1), TERMS):
        line = " + ".join([start, *terms[i : i + TERMS]])
        if len(line) <= WIDTH - 16:
            yield f"{target} = {line}"
        else:
            yield from (f"{target} = (", *_filled(line), ")")
        start = target


def wrapped(start: str, words: Sequence[str], end: str) -> list[str]:
    """The words with commas between `start` and `end`, on several lines if they are too long for one.

    >>> wrapped("return [", ["x", "y"], "]")
    ['return [x, y]']
    """
    line = f"{start}{', '.join(words)}{end}"
    if len(line) <= WIDTH - 4:
        return [line]
    opening, closing = ("", "") if start.endswith(("(", "[")) else ("[", "]")
    return [start + opening, *_filled(", ".join(words)), closing + end]


def _filled(text: str) -> list[str]:
    lines = textwrap.wrap(text, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return [f"    {line}" for line in lines]


# --- guards -----------------------------------------------------------------------------------------------------------

QUESTIONS = {"same": "same({0}, {1})", "truth": "{0}"}


def _by_place(program: Program) -> dict[int, list[str]]:
    """The statements of the guards, by the place after which they can be asked; inputs count as one place.

    None comes before an earlier one, since the first that does not hold is the answer.
    """
    found: dict[int, list[str]] = {}
    place = len(program.names) - 1
    for number, guard in enumerate(program.guards):
        place = max(*guard.places, place)
        found.setdefault(place, []).extend(question(guard, number, program.name))
    return found


def question(guard: Guard, number: int, name: Callable[[Atom], str]) -> list[str]:
    """The statement that gives back the number of a guard where it does not hold.

    >>> question(Guard("<", 0, 1.0, True, "a:1"), 7, lambda atom: "x" if atom == 0 else str(atom))
    ['if not x < 1.0:  # a:1', '    return 7']
    """
    text = QUESTIONS.get(guard.relation, "{0} %s {1}" % guard.relation)  # noqa: UP031 (braces are for format)
    asked = text.format(name(guard.left), name(guard.right))
    where = guard.where.replace("\n", " ")
    return [f"if {f'not {asked}' if guard.outcome else asked}:  # {where}", f"    return {number}"]

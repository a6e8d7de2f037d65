"""A row of the table applied to operands, as an expression of C or JavaScript."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from autograd import rules
from autograd.compiler.llvm.rows import FUNCTIONS
from autograd.errors import CompileError
from autograd.exporting.formulas import PREFIX
from autograd.exporting.writing import File
from autograd.primitive import Primitive

INFIX: Mapping[Primitive, str] = {
    rules.add: "{0} + {1}",
    rules.sub: "{0} - {1}",
    rules.mul: "{0} * {1}",
    rules.div: "{0} / {1}",
    rules.neg: "-{0}",
    rules.square: "{0} * {0}",
    rules.reciprocal: "1.0 / {0}",
}
# Powers of a constant that need no logarithm, where bits may differ from those of the C library.
POWERS: Mapping[float, str] = {1.0: "{0}", 2.0: "{0} * {0}", 3.0: "{0} * {0} * {0}", -1.0: "1.0 / {0}"}
FOLDED = (rules.total, rules.dot, rules.prod, rules.pivot, rules.largest, rules.logsumexp, rules.hypot, rules.pick)
_OURS = frozenset(row for row in vars(rules).values() if isinstance(row, Primitive))  # others may have such a name
_NAMES: Mapping[Primitive, str] = {rules.pow_: "pow"}


def called(file: File, name: str, operands: Sequence[str]) -> str:
    """A call of a row's function, or of a step of one, which the file will have."""
    file.called[name] = None
    return f"{PREFIX}{name}({', '.join(operands)})"


def has_formula(row: Primitive) -> bool:
    """Whether a row can be written in another language."""
    return row in INFIX or row in FOLDED or is_called(row)


def without_formula(name: str) -> CompileError:
    """What an export says of a row that it cannot write, of the function or of its derivative."""
    return CompileError(f"the primitive {name!r} has no formula in other languages; write it with others")


def is_called(row: Primitive) -> bool:
    """Whether a row is a function of generated code, of a fixed number of operands."""
    return row not in INFIX and row not in FOLDED and row in _OURS and name_of(row) in FUNCTIONS


def name_of(row: Primitive) -> str:
    """The name of a row among the formulas."""
    return _NAMES.get(row, row.name)


def expression(file: File, row: Primitive, operands: Sequence[str], exact: bool) -> str:
    """A row of a fixed number of operands.

    >>> from autograd.exporting.language import DOUBLE
    >>> file = File(DOUBLE)
    >>> expression(file, rules.mul, ["a", "b"], True), expression(file, rules.tanh, ["a"], True)
    ('a * b', 'row_tanh(a)')
    """
    one = file.language.literal(1.0)
    if row is rules.pow_ and not exact and (power := _number(operands[1])) in POWERS:
        return POWERS[power].replace("1.0", one).format(*operands)
    if row in INFIX:
        return INFIX[row].replace("1.0", one).format(*operands)
    if not has_formula(row):
        raise without_formula(row.name)
    return called(file, name_of(row), operands)


def _number(text: str) -> float:
    """A literal as a number; nan if it is none."""
    try:
        return float(text.strip("()").removesuffix("f"))
    except ValueError:
        return math.nan


# --- rows of any number of operands, one operand after the other ------------------------------------------------------

Each = Callable[[Callable[[str], None]], None]


def sum_of(start: str, pairs: Sequence[tuple[str, str]], one: str) -> str:
    """start + w x + …, from left to right; a factor of 1 or −1 is left out, which changes no bit.

    >>> sum_of("b", [("w", "x"), ("1.0", "y"), ("z", "(-1.0)")], "1.0")
    'b + w * x + y - z'
    """
    text = start
    for w, x in pairs:
        sign, factor = _product(w, x, one)
        text = f"{text} {sign} {factor}" if text else factor if sign == "+" else f"-{factor}"
    return text


def _product(w: str, x: str, one: str) -> tuple[str, str]:
    if x in (one, f"(-{one})"):
        w, x = x, w
    if w == one:
        return "+", x
    return ("-", x) if w == f"(-{one})" else ("+", f"{w} * {x}")

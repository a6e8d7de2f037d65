"""The partials of a row as equations: its rules applied to symbols, once for all lanes that it is applied to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd.compiler.passes import Builder
from autograd.compiler.program import Atom, Equation
from autograd.compiler.symbols import Sheet, Symbol
from autograd.errors import CompileError
from autograd.primitive import Primitive

Partial = Atom | None  # None where nothing flows


@dataclass(frozen=True)
class Rule:
    """The partials of a row: places 0 … n−1 are its operands, n its result, and then come the equations.

    `gate` is what the rules asked the truth of, if they did: the partials are `yes` where it is not 0, and `no` where
    it is. Else both are the same.
    """

    equations: tuple[Equation, ...]
    yes: tuple[Partial, ...]
    no: tuple[Partial, ...]
    gate: Atom | None


class _RuleSheet(Sheet):
    """Where rules write their equations; what they ask the truth of is `trial`, and remembered."""

    def __init__(self, operands: int) -> None:
        self.builder = Builder(operands + 1)
        self.asked: dict[Atom, None] = {}
        self.trial = 1.0

    def ask(self, atom: Atom) -> float:
        self.asked[atom] = None
        return self.trial


def rule_of(row: Primitive, operands: Sequence[float | None]) -> Rule:
    """The partials by operands, which are constants or None: different numbers in different lanes.

    >>> from autograd import rules
    >>> rule = rule_of(rules.tanh, [None])
    >>> [equation.primitive.name for equation in rule.equations], rule.yes
    (['sech_square'], (2,))
    >>> rule_of(rules.mul, [None, 2.0]).yes, rule_of(rules.where, [None, None, None]).no
    ((2.0, None), (None, None, 1.0))

    CompileError when the rules ask for the truth of several numbers.
    """
    sheet = _RuleSheet(len(operands))
    at = [Symbol(sheet, place) if x is None else x for place, x in enumerate(operands)]
    yes = _partials(sheet, row, at)
    if not sheet.asked:
        return Rule(tuple(sheet.builder.equations), yes, yes, None)
    sheet.trial = 0.0
    no = _partials(sheet, row, at)
    if len(sheet.asked) > 1:
        raise CompileError(
            f"the derivative of {row.name} asks for the truth of several numbers; write its rule with autograd.where"
        )
    return Rule(tuple(sheet.builder.equations), yes, no, next(iter(sheet.asked)))


def _partials(sheet: Sheet, row: Primitive, at: Sequence[Symbol | float]) -> tuple[Partial, ...]:
    """The partials by symbols; those by numbers are not wanted."""
    out = Symbol(sheet, len(at))
    if row.variadic:
        found: Sequence[object] = row.variadic(out, *at)
    else:
        found = [
            rule(out, *at) if callable(rule) and type(x) is Symbol else rule
            for rule, x in zip(row.partials, at, strict=True)
        ]
    return tuple(
        [None if each is None or type(x) is float else sheet.atom(each) for each, x in zip(found, at, strict=True)]
    )

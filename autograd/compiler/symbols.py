"""Symbols: numbers of a program that is being written. Rows of the table applied to them become equations.

A `Writer` hands out the symbols of a recorded program. Where a rule asks for a number (which branch did `where` take?),
`Writer.ask` answers: with the recorded number and a guard, or with what is tried at the moment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from autograd import rules
from autograd._numpy import np
from autograd.compiler.passes import Builder
from autograd.compiler.program import Atom, Guard, Program, compute
from autograd.compiler.refusal import refuse_float
from autograd.operators import BINARY, UNARY
from autograd.primitive import Primitive

# Rows that are finite wherever their operands are, unless they overflow.
TAME = {
    *(rules.add, rules.sub, rules.mul, rules.neg, rules.dot, rules.total, rules.prod, rules.square, rules.hypot),
    *(rules.relu, rules.leaky_relu, rules.elu, rules.sigmoid, rules.sigmoid_slope, rules.tanh),
    *(rules.softplus, rules.silu, rules.gelu, rules.one_minus_square),
    *(rules.abs_, rules.sign, rules.step, rules.greater, rules.at_least, rules.equal, rules.where, rules.clip),
    *(rules.maximum, rules.minimum, rules.floor, rules.ceil, rules.sin, rules.cos, rules.atan, rules.atan2, rules.erf),
    *(rules.asinh, rules.sech_square, rules.normal_cdf, rules.normal_pdf, rules.logsumexp, rules.pivot, rules.largest),
    *(rules.cbrt, rules.log_sigmoid, rules.cosm1, rules.sinc, rules.logaddexp),
}


class Sheet:
    """Where rules that are applied to symbols write their equations."""

    builder: Builder

    def atom(self, x: Any) -> Atom:
        """What stands for a symbol or a number in the program."""
        return x.atom if type(x) is Symbol else float(x)

    def ask(self, atom: Atom) -> float:
        """An answer to a rule that asks for the number of an atom: its truth is all that matters."""
        raise NotImplementedError


class Writer(Sheet):
    """A recorded program being written anew, with derivatives: its places as symbols, which rules compute with.

    `numbers` are those of the inputs when it was recorded; `where` names the line for a guard. `keeps_detached` is for
    a program that is to be differentiated once more.
    """

    def __init__(
        self, recorded: Program, numbers: Sequence[float], where: Callable[[], str], keeps_detached: bool = False
    ) -> None:
        self.recorded = recorded
        self.builder = Builder(len(recorded.names), keeps_detached)
        self.atoms = self.builder.write(recorded.equations)  # of the recorded places
        self.guards: list[Guard] = []
        self._columns = [[number] for number in numbers]  # of the places that `ask` has computed, one number each
        self._where = where
        self._tame: list[bool] = []
        self.gates = 0  # questions that samples may answer differently
        self.trial: float | None = None  # what `ask` answers for the time being, and what it was asked
        self.asked: list[Atom] = []

    def symbol(self, x: Atom) -> Any:
        """A recorded place, for a rule to compute with; constants stay what they are."""
        return Symbol(self, self.atoms[x]) if type(x) is int else x

    def partials(self, row: Primitive, operands: Sequence[Atom], place: int) -> Sequence[Any]:
        """The partials of an equation, as symbols and numbers; those by constants, which are not used, may be anything.

        A rule that is known to return one of its operands is not called.
        """
        symbol = self.symbol
        places = returned_operands(row, len(operands))
        if places is not None:
            known = (*operands, place)
            return [symbol(known[each]) if type(each) is int else each for each in places]
        out, *at = map(symbol, (place, *operands))
        if row.variadic:
            return list(row.variadic(out, *at))
        return [
            rule(out, *at) if callable(rule) and type(operand) is int else rule
            for operand, rule in zip(operands, row.partials, strict=True)
        ]

    def is_tame(self, atom: Atom) -> bool:
        """Whether a number is finite for all finite inputs, overflow aside."""
        builder, tame = self.builder, self._tame
        tame.extend([True] * (builder.first - len(tame)))
        for row, operands in builder.equations[len(tame) - builder.first :]:
            tame.append(row in TAME and all(type(each) is float or tame[int(each)] for each in operands))
        return type(atom) is float or tame[int(atom)]

    def ask(self, atom: Atom) -> float:
        """The recorded number of an atom, whose truth the program depends on from now on."""
        if type(atom) is float:
            return atom
        if self.trial is not None:
            self.asked.append(atom)
            return self.trial
        known = len(self._columns) - self.builder.first
        compute(self.builder.equations[known:], self._columns, 1)
        (number,) = self._columns[int(atom)]
        self.guards.append(Guard("truth", atom, 0.0, bool(number), self._where()))
        return number


def _is_foreign(x: Any) -> bool:
    """Whether it sees primitives itself, as a series of symbols does."""
    return type(x) not in (float, Symbol) and hasattr(x, "__primitive__")


class Symbol:
    """A number of the program while rules are applied to it."""

    __slots__ = ("atom", "writer")

    def __init__(self, writer: Sheet, atom: Atom) -> None:
        self.writer, self.atom = writer, atom

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        if any(map(_is_foreign, operands)):
            return NotImplemented
        atom = self.writer.atom
        return Symbol(self.writer, self.writer.builder.apply(primitive, tuple([atom(each) for each in operands])))

    def __float__(self) -> float:
        if sys._getframe(1).f_globals is not vars(rules):  # whose own rows ask for the truth in this way
            refuse_float()
        return self.writer.ask(self.atom)

    def __bool__(self) -> bool:
        return bool(self.writer.ask(self.atom))

    def __pos__(self) -> Symbol:
        return self

    __hash__ = object.__hash__


_NUMBERS = (float, int, np.integer, np.floating)


def _operators(row: Primitive) -> tuple[Callable[[Symbol, Any], Any], Callable[[Symbol, Any], Any]]:
    """What Python calls for a row of two operands, and its reflection."""

    def forward(self: Symbol, other: Any) -> Any:
        writer = self.writer
        if type(other) is Symbol:
            return Symbol(writer, writer.builder.apply(row, (self.atom, other.atom)))
        if isinstance(other, _NUMBERS):
            return Symbol(writer, writer.builder.apply(row, (self.atom, float(other))))
        return NotImplemented

    def reflected(self: Symbol, other: Any) -> Any:
        if isinstance(other, _NUMBERS):
            return Symbol(self.writer, self.writer.builder.apply(row, (float(other), self.atom)))
        return NotImplemented

    return forward, reflected


def _backwards(operator: Callable[[Symbol, Any], Any], reflected: Callable[[Symbol, Any], Any]) -> Any:
    """x < y as y > x."""

    def compare(self: Symbol, other: Any) -> Any:
        return operator(other, self) if type(other) is Symbol else reflected(self, other)

    return compare


def _differs(self: Symbol, other: Any) -> Any:
    found = self.__eq__(other)
    return found if found is NotImplemented else 1.0 - found


def _install() -> None:
    """Give symbols the operators of Values that floats have too: rules are written for both."""
    for name, row in BINARY.items():
        forward, reflected = _operators(row)
        setattr(Symbol, f"__{name}__", forward)
        setattr(Symbol, f"__r{name}__", reflected)
    for name, row in UNARY.items():
        setattr(Symbol, f"__{name}__", lambda self, row=row: self.__primitive__(row, (self,)))
    greater, at_least = _operators(rules.greater), _operators(rules.at_least)
    comparisons = {"gt": greater[0], "ge": at_least[0], "lt": _backwards(*greater), "le": _backwards(*at_least)}
    for name, compare in {**comparisons, "eq": _operators(rules.equal)[0], "ne": _differs}.items():
        setattr(Symbol, f"__{name}__", compare)


_install()


class _Unknown:
    """An operand that a rule can return, but not compute with."""

    def _refuse(self, *_: Any) -> Any:
        raise TypeError("a rule that asks something of an operand computes")

    __bool__ = __eq__ = __ne__ = _refuse
    __hash__ = object.__hash__


def returned_operands(row: Primitive, count: int) -> tuple[float | int | None, ...] | None:
    """For each partial the operand that it is (`count`: the output), or its constant; None where a rule computes one.

    >>> returned_operands(rules.mul, 2), returned_operands(rules.exp, 1), returned_operands(rules.sub, 2)
    ((1, 0), (1,), (1.0, -1.0))
    >>> returned_operands(rules.tanh, 1) is None
    True
    """
    return _returned_operands(row, count, row.partials, row.variadic)


@lru_cache(maxsize=1024)
def _returned_operands(row: Primitive, count: int, *rules: Any) -> tuple[float | int | None, ...] | None:
    """That of a row with these rules, which `autograd.testing.mutated` may change."""
    operands = [_Unknown() for _ in range(count + 1)]
    try:
        partials = row.partials_at(operands[-1], operands[:-1])
    except Exception:  # a user's rule may fail on such an object in any way
        return None
    place = {id(operand): i for i, operand in enumerate(operands)}
    if any(not (each is None or type(each) is float or id(each) in place) for each in partials):
        return None
    return tuple([each if each is None or type(each) is float else place[id(each)] for each in partials])


class _AskedError(Exception):
    """A rule has asked for the truth of an operand."""


class _Probe(Sheet):
    """A sheet on which rules compute, and that refuses to answer."""

    def __init__(self, operands: int) -> None:
        self.builder = Builder(operands)

    def ask(self, atom: Atom) -> float:
        raise _AskedError


def may_drop(row: Primitive, count: int) -> bool:
    """Whether it depends on the operands to which of them gradients flow, as in `where`.

    >>> may_drop(rules.where, 3), may_drop(rules.tanh, 1)
    (True, False)
    """
    return _may_drop(row, count, row.partials, row.variadic)


@lru_cache(maxsize=1024)
def _may_drop(row: Primitive, count: int, *rules: Any) -> bool:
    sheet = _Probe(count + 1)
    *operands, out = [Symbol(sheet, place) for place in range(count + 1)]
    try:
        partials = row.partials_at(out, operands)
    except Exception:  # a question, or a rule of the user's that fails on symbols in any way
        return True
    return None in partials and not (row.variadic is None and None in row.partials)

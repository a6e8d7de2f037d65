"""Programs: recordings in single assignment form.

    program   ::= inputs equation* guard* outputs
    equation  ::= place "=" primitive "(" atom, … ")"       one place each, counted on from the inputs
    guard     ::= atom relation atom "is" bool              relations: see RELATIONS
    atom      ::= place | constant                          an int or a float
    place     ::= 0 … inputs-1 for the inputs, then one for each equation in order

An operand refers only to what stands before it. A primitive means its row of the table, on floats: back ends only
know how to spell it. A guard that does not hold says that the program is not the right one for these inputs.

With a batch, the program is that of one sample: the inputs in `batched` differ from sample to sample, the others are
shared, and each output is the mean over the samples (their sum from left to right, starting at 0, divided by their
number), or with `per_sample` an output for each. Guards look at shared places only.
"""

from __future__ import annotations

import keyword
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from typing import NamedTuple

from autograd.errors import CompileError
from autograd.primitive import PRIMITIVES, Primitive
from autograd.rules import pivot

Atom = int | float


def same(left: float, right: float) -> bool:
    """Whether two floats are the same number: −0 is not 0, and nan is nothing, so that it is looked at again.

    >>> same(0.0, -0.0), same(2.0, 2.0)
    (False, True)
    """
    return left == right and math.copysign(1.0, left) == math.copysign(1.0, right)


# What a guard may ask; `truth` is whether the left atom is not 0, `same` whether float(v) gives that number.
RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "same": same,
    "truth": lambda left, _: bool(left),
}

# Names that the source of a program needs for itself, besides t0, t1, … for its equations.
RESERVED = (*keyword.kwlist, "inputs", "program", "inf", "nan", "same")


class Equation(NamedTuple):
    """One application of a primitive to atoms."""

    primitive: Primitive
    operands: tuple[Atom, ...]

    @property
    def is_detached(self) -> bool:
        """Whether it is the pivot of one number: that number, through which no gradient flows."""
        return self.primitive is pivot and len(self.operands) == 1


def equations_of(rows: Iterable[Primitive], operands: Iterable[tuple[Atom, ...]]) -> tuple[Equation, ...]:
    """An equation for each row and its operands; a call for each would be most of the time.

    >>> from autograd.rules import exp
    >>> equations_of([exp], [(0,)])[0].operands
    (0,)
    """
    return tuple(map(new_equation, zip(rows, operands, strict=True)))


new_equation: Callable[[tuple[Primitive, tuple[Atom, ...]]], Equation] = partial(tuple.__new__, Equation)
"""An equation from the pair of its parts, which its class takes twice as long to make."""


class Guard(NamedTuple):
    """`left relation right` has to be `outcome`; `where` is the line of the user's program that asked."""

    relation: str
    left: Atom
    right: Atom
    outcome: bool
    where: str

    @property
    def places(self) -> tuple[int, ...]:
        """The places it looks at."""
        return tuple([atom for atom in (self.left, self.right) if type(atom) is int])

    def moved(self, moved: Sequence[Atom]) -> Guard:
        """The same of what these places have become."""
        left, right = moved_to((self.left, self.right), moved)
        return Guard(self.relation, left, right, self.outcome, self.where)

    def apart(self, numbers: Sequence[float]) -> float:
        """left − right, given the numbers of all places."""
        left, right = [numbers[atom] if type(atom) is int else float(atom) for atom in (self.left, self.right)]
        return left - right


@dataclass(frozen=True)
class Program:
    """A function of `len(names)` numbers, written as equations; `outputs` are atoms.

    >>> from autograd.rules import mul, relu
    >>> equations = Equation(mul, (0, 1)), Equation(relu, (2,))
    >>> program = Program(("x", "w"), equations, (Guard(">", 0, 1.0, True, "a:1"),), (3,))
    >>> print(program)
    program(x, w):
        t2 = mul(x, w)
        t3 = relu(t2)
        guard x > 1.0 is True  # a:1
        return t3
    """

    names: tuple[str, ...]
    equations: Sequence[Equation]  # a tuple, or arrays: see columns.py
    guards: tuple[Guard, ...]
    outputs: tuple[Atom, ...]
    batched: tuple[int, ...] = ()  # inputs with a number for each sample, in order
    per_sample: bool = False
    derivatives: tuple[int, ...] = ()  # the last outputs are the derivatives by these inputs
    adjoints: tuple[tuple[Atom, int], ...] = ()  # (δ, x): δ is the adjoint of x; for names only

    @cached_property
    def shared(self) -> tuple[int, ...]:
        """The inputs that all samples share; all of them without a batch."""
        batched = set(self.batched)
        return tuple([place for place in range(len(self.names)) if place not in batched])

    @property
    def seen(self) -> tuple[Atom, ...]:
        """What outputs and guards look at."""
        return (*self.outputs, *chain.from_iterable([guard.places for guard in self.guards]))

    def name(self, atom: Atom) -> str:
        """An atom as text: the name of an input, t<place> for an equation, a constant as Python writes it."""
        if type(atom) is float:
            return repr(atom)
        return self.names[int(atom)] if atom < len(self.names) else f"t{atom}"

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"program({', '.join(self.names)}):"
        for place, (primitive, operands) in enumerate(self.equations, len(self.names)):
            yield f"    t{place} = {primitive.name}({', '.join(map(self.name, operands))})"
        for guard in self.guards:
            left, right = self.name(guard.left), self.name(guard.right)
            text = f"truth of {left}" if guard.relation == "truth" else f"{left} {guard.relation} {right}"
            yield f"    guard {text} is {guard.outcome}  # {guard.where}"
        yield f"    return {', '.join(map(self.name, self.outputs))}"


def moved_to(atoms: Sequence[Atom], moved: Sequence[Atom] | Mapping[int, int]) -> tuple[Atom, ...]:
    """The atoms, each place replaced by what it has moved to."""
    return tuple([moved[atom] if type(atom) is int else atom for atom in atoms])


def interpret(program: Program, inputs: Sequence[float]) -> list[float]:
    """The number of every place for one sample: the meaning of a program, which every back end has to reproduce.

    >>> from autograd.rules import mul
    >>> interpret(Program(("x", "w"), (Equation(mul, (0, 1)),), (), (2,)), [2.0, 3.0])
    [2.0, 3.0, 6.0]
    """
    return [number for (number,) in interpret_all(program, [inputs])]


def interpret_all(program: Program, rows: Sequence[Sequence[float]]) -> list[list[float]]:
    """The same for many samples: for each place the list of its numbers, one for each row of inputs.

    >>> from autograd.rules import mul
    >>> interpret_all(Program(("x", "w"), (Equation(mul, (0, 1)),), (), (2,)), [[2.0, 3.0], [4.0, 5.0]])
    [[2.0, 4.0], [3.0, 5.0], [6.0, 20.0]]
    """
    columns = [list(column) for column in zip(*rows, strict=True)]
    compute(program.equations, columns, len(rows))
    return columns


def compute(equations: Iterable[Equation], columns: list[list[float]], count: int) -> None:
    """Append the `count` numbers of each equation to those of the places before it.

    Equation by equation, not sample by sample: so the loop over the samples is not one of Python's own.

    >>> from autograd.rules import neg
    >>> columns = [[2.0]]
    >>> compute([Equation(neg, (0,)), Equation(neg, (1,))], columns, 1)
    >>> columns
    [[2.0], [-2.0], [2.0]]
    """
    for primitive, operands in equations:
        given = [columns[each] if type(each) is int else (each,) * count for each in operands]
        numbers = map(primitive.value, *given) if given else [primitive.value() for _ in range(count)]
        columns.append([*map(float, numbers)])  # a row of the user's may give an int


def check(program: Program) -> Program:
    """The program itself, if it is well formed; CompileError names the first equation, guard or output that is not.

    >>> from autograd.rules import mul
    >>> check(Program(("x",), (Equation(mul, (0, 7)),), (), (1,)))
    Traceback (most recent call last):
        ...
    autograd.errors.CompileError: t1 = mul(x, t7) uses t7, which is not defined before it
    """
    first = len(program.names)
    for place, (primitive, operands) in enumerate(program.equations, first):
        if wrong := _wrong_row(primitive, len(operands)) or _wrong_atom(program, operands, place):
            raise CompileError(f"t{place} = {primitive.name}({', '.join(map(program.name, operands))}) {wrong}")
    last = first + len(program.equations)
    for guard in program.guards:
        if guard.relation not in RELATIONS:
            raise CompileError(f"the guard of {guard.where} has the unknown relation {guard.relation!r}")
        if wrong := _wrong_atom(program, (guard.left, guard.right), last):
            raise CompileError(f"the guard of {guard.where} {wrong}")
    if wrong := _wrong_atom(program, program.outputs, last):
        raise CompileError(f"the result {wrong}")
    return program


def _wrong_row(primitive: Primitive, count: int) -> str:
    if PRIMITIVES.get(primitive.name) is not primitive:
        return f"applies {primitive.name!r}, but no primitive of the table has that name"
    return "" if primitive.arity in (None, count) else f"is wrong: {primitive.name} takes {primitive.arity} operand(s)"


def _wrong_atom(program: Program, atoms: tuple[Atom, ...], end: int) -> str:
    for atom in atoms:
        if type(atom) is not float and not (type(atom) is int and 0 <= atom < end):
            return f"uses {program.name(atom)}, which is not defined before it"
    return ""

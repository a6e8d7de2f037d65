"""Products in bodies of loops whose factors are multiplied in the order in which they are there.

In c + cos(q) (k p), where p waits for what the trip before has computed and q does not, two multiplications come after
p. In c + (k cos(q)) p it is one, and a loop that does little else is faster by that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import chain

from autograd import rules
from autograd.compiler.loops.emitted import column_of
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.program import Atom, Equation

# Rows within ±1: a constant times such a number does not overflow where it did not before.
BOUNDED = frozenset(
    (rules.sin, rules.cos, rules.tanh, rules.sech_square, rules.sigmoid, rules.sigmoid_slope, rules.erf)
)
LEAST = 2.0**-60  # of constants, so that products of these with numbers down to 2⁻⁹⁶² are not subnormal

Late = dict[int, tuple[float, Atom]]


def late_products(body: Looped, carried: range, kept: Collection[int], bounded: Collection[int] = ()) -> Late:
    """The products k x by which only a bounded number that does not wait is multiplied: their constants and their x.

    `carried` are the inputs that a trip waits for, `kept` the places that are looked at from outside, `bounded` the
    inputs within ±1.

    >>> from autograd.compiler.program import Program
    >>> step = Equation(rules.cos, (1,)), Equation(rules.mul, (0, 0.5)), Equation(rules.mul, (2, 3))
    >>> late_products(Looped(Program(("c", "m"), (), (), (4,)), step), range(1), ())
    {3: (0.5, 0)}
    """
    equations = {place: item for place, item in body.placed() if type(item) is Equation}
    if len(equations) < len(body.items):  # loops within this one
        return {}
    waiting = set(carried)
    for place, (_, operands) in equations.items():
        if not waiting.isdisjoint([atom for atom in operands if type(atom) is int]):
            waiting.add(place)
    uses = Counter([x for x in chain(body.outputs, kept, *[e.operands for e in equations.values()]) if type(x) is int])
    found: Late = {}
    for equation in equations.values():
        for early, product in _factors(equation):
            if type(early) is not int or type(product) is not int or early in waiting or uses[product] != 1:
                continue
            is_bounded = equations[early].primitive in BOUNDED if early in equations else early in bounded
            if is_bounded and product in equations:
                term = _scaled(equations[product])
                if term is not None and term[1] in waiting:
                    found[product] = term
    return found


def bounded_inputs(looped: Looped, loop: Loop) -> list[int]:
    """The inputs of a body that are numbers within ±1 of another loop."""
    first = len(loop.invariant) + len(loop.carried)
    return [i for i, atoms in enumerate(loop.moving, first) if type(atoms) is range and _is_bounded(looped, atoms)]


def _is_bounded(looped: Looped, atoms: range) -> bool:
    column = column_of(looped, atoms)
    if column is None:
        return False
    body = looped.loops[column[0]].body
    item = dict(body.placed()).get(len(body.names) + column[1])
    return type(item) is Equation and item.primitive in BOUNDED


def _factors(equation: Equation) -> Iterator[tuple[Atom, Atom]]:
    """The pairs of a product or a sum of products, each in both orders."""
    row, operands = equation
    pairs = []
    if row is rules.mul:
        pairs = [operands]
    elif row is rules.dot:
        half = len(operands) // 2
        pairs = list(zip(operands[:half], operands[half:-1], strict=True))
    for w, x in pairs:
        yield w, x
        yield x, w


def _scaled(equation: Equation) -> tuple[float, int] | None:
    """A constant and the place that it is multiplied by."""
    row, operands = equation
    if row is not rules.mul:
        return None
    for k, x in (operands, operands[::-1]):
        if type(k) is float and type(x) is int and LEAST < abs(k) < float("inf"):
            return k, x
    return None

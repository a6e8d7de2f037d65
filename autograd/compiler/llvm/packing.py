"""Which functions of numbers a vector can take at once: equal ones that do not need each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from autograd.compiler.program import Equation

Placed: TypeAlias = tuple[int, Equation]
Pack: TypeAlias = tuple[str, list[Placed]]


def packs(items: Iterable[Placed], function: Callable[[Equation], str]) -> Iterator[Pack]:
    """Equations with their places, in an order in which they can be computed: those of a pack are computed together.

    `function` names what an equation calls; it is "" for one that is computed by itself. Its level is the number of
    calls on the longest way to it: calls of one level do not need each other.

    >>> from autograd.rules import add, tanh
    >>> items = [(2, Equation(tanh, (0,))), (3, Equation(add, (2, 1))), (4, Equation(tanh, (1,)))]
    >>> for name, pack in packs(items, lambda each: "tanh" if each.primitive is tanh else ""):
    ...     print(name, [place for place, _ in pack])
    tanh [2, 4]
     [3]
    """
    levels: dict[int, int] = {}
    found: dict[tuple[int, str], list[Placed]] = {}
    for place, equation in items:
        level = max([levels.get(atom, 0) for atom in equation.operands if type(atom) is int], default=0)
        name = function(equation)
        levels[place] = level + bool(name)
        found.setdefault((levels[place], name), []).append((place, equation))
    for (_, name), pack in sorted(found.items(), key=lambda each: (each[0][0], not each[0][1])):  # calls first
        yield name, pack

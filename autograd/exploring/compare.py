"""Find for each node of a graph the same node of another, as after a step, of a student, or compiled."""

from __future__ import annotations

from collections.abc import Hashable

from autograd.exploring.film import Film

COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum", "hypot", "total", "logaddexp"})
NONE = 0xFFFFFFFF  # for a node without a mate


def mates(one: Film, other: Film) -> list[int]:
    """The number of the mate in `other` of each node of `one`, `NONE` without one; the roots are mates.

    Graphs of one shape are matched node by node. In others, leaves are matched by name, then nodes with the same
    operation on matched operands, and last, nodes with the same name.
    """
    if one.operations == other.operations and one.parents == other.parents:
        return list(range(len(one.names)))
    found = _by_formula(one, other)
    taken = set(found)
    named = {name: i for i, name in enumerate(other.names) if i not in taken and _is_given(name, other.operations[i])}
    for i, mate in enumerate(found):
        if mate == NONE and _is_given(one.names[i], one.operations[i]):
            found[i] = named.pop(one.names[i], NONE)
    return _with_roots(found)


def _with_roots(found: list[int]) -> list[int]:
    """The results of two programs are compared, whatever they were matched with."""
    return [0, *(NONE if mate == 0 else mate for mate in found[1:])]


def _by_formula(one: Film, other: Film) -> list[int]:
    """Nodes are equal if a table has the same number for them: it numbers operations on numbered operands."""
    numbers: dict[Hashable, int] = {}
    waiting: dict[int, list[int]] = {}
    for node, number in _numbered(other, numbers):
        waiting.setdefault(number, []).append(node)
    found = [NONE] * len(one.names)
    for node, number in _numbered(one, numbers):
        if waiting.get(number):
            found[node] = waiting[number].pop(0)
    return found


def _numbered(film: Film, numbers: dict[Hashable, int]) -> list[tuple[int, int]]:
    """Each node with the number of its formula, operands first."""
    formula: dict[int, int] = {}
    for node in reversed(range(len(film.names))):
        operation, operands = film.operations[node], [formula[parent] for parent in film.parents[node]]
        if operation in COMMUTATIVE:
            operands.sort()
        key = (operation, *operands) if operands else (operation, film.names[node])
        formula[node] = numbers.setdefault(key, len(numbers))
    return list(formula.items())


def _is_given(name: str, operation: str) -> bool:
    """Whether a name is not just the operation with a number."""
    return name.rstrip("0123456789").rstrip("_") not in (operation, "leaf")

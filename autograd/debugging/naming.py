"""Unique names for the nodes of a graph, to be read and typed by a user."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence

from autograd import origin
from autograd.debugging import suggestions
from autograd.drawing.modules import membership
from autograd.errors import GraphError
from autograd.node_names import kind_of, known_names, unique
from autograd.notation.chain_rule import Notation, notation_of
from autograd.value import Value


class Names:
    """A unique name for each node: its label, else its name in the program that made it, else the variable that holds
    it, else the article's (`z1[0]` in a network), else its primitive's.

    Of several nodes with one name, such as those of a variable that was assigned to again, the last has it (or the one
    that the variable still holds), and the earlier ones are x_1, x_2, …; those named by a primitive are mul, mul_2, ….
    `nodes` are in topological order; `variables` is a namespace such as `locals()`.

    >>> x = Value(3.0, label="x")
    >>> y = x * x + x * 2.0
    >>> names = Names([x, *y.parents, y], {"y": y})
    >>> [names.of[node] for node in (x, *y.parents, y)]
    ['x', 'mul', 'mul_2', 'y']
    >>> names.find("y") is y
    True
    """

    def __init__(self, nodes: Sequence[Value], variables: Mapping[str, object] | None = None) -> None:
        held = held_by(variables or {})
        named = names_in_program(nodes, held)
        unnamed = {node: kind_of(node) for node in nodes if node not in named}
        current = {node for node, name in held.items() if named.get(node) == name}
        self.of: dict[Value, str] = unique(named, unnamed, current=current)
        self.nodes: dict[str, Value] = {name: node for node, name in self.of.items()}

    def notation(self, root: Value) -> Notation:
        """How derivatives of `root` are written."""
        return notation_of(self.of[root], self.nodes)

    def find(self, text: str) -> Value:
        """The node of that name; GraphError, with similar names, if there is none."""
        name = text.strip()
        if name in self.nodes:
            return self.nodes[name]
        if node := suggestions.owner(name, self.nodes):
            raise GraphError(f"{name!r} is a number, and a node is needed: write {node}")
        close = difflib.get_close_matches(name, self.nodes, n=3)
        known = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(list(self.nodes)[:8])}, …"
        raise GraphError(f"no node is called {name!r}; {known}")


def names_in_program(nodes: Sequence[Value], held: Mapping[Value, str]) -> dict[Value, str]:
    """The names, on one line each, of the nodes that have one, or that a variable holds; several may have the same.

    >>> x = Value(3.0, label="x")
    >>> list(names_in_program([x, x * 2.0], {}).values())
    ['x']
    """
    known = known_names(nodes, held, membership(nodes).names)
    return {node: _one_line(known[node]) for node in nodes if node in known}


def variables_of_caller() -> Mapping[str, object]:
    """The local variables of the innermost frame that is not this project's, as they are now."""
    asked = origin.asking()
    frame = sys._getframe()
    while frame.f_back is not None and (asked is None or frame.f_code is not asked[0]):
        frame = frame.f_back
    return frame.f_locals


def held_by(variables: Mapping[str, object]) -> dict[Value, str]:
    """The Values among variables; one with several names has the first."""
    found: dict[Value, str] = {}
    for name, value in variables.items():
        if isinstance(value, Value) and not name.startswith("_"):
            found.setdefault(value, name)
    return found


def _one_line(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in " ".join(name.split())) or "?"

"""What to call the nodes of a graph when a person types names and reads them."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from itertools import count

from autograd import origin
from autograd.drawing.modules import membership
from autograd.errors import GraphError
from autograd.value import Value


class Names:
    """A unique name for each node: its label, else its name in the program that made it, else the variable that holds
    it, else the article's (`z1[0]` in a network), else its primitive's.

    Of several nodes with one name the first has it bare, the others get a number. `nodes` are in topological order;
    `variables` is a namespace such as `locals()`.

    >>> x = Value(3.0, label="x")
    >>> y = x * x + x * 2.0
    >>> names = Names([x, *y.parents, y], {"y": y})
    >>> [names.of[node] for node in (x, *y.parents, y)]
    ['x', 'mul', 'mul_2', 'y']
    >>> names.find("y") is y
    True
    """

    def __init__(self, nodes: Sequence[Value], variables: Mapping[str, object] | None = None) -> None:
        sources: list[Mapping[Value, str]] = [
            {node: _one_line(node.label) for node in nodes if node.label},
            origin.names(nodes),
            _held(variables or {}),
            membership(nodes).names,
        ]
        self.of: dict[Value, str] = {}
        self.nodes: dict[str, Value] = {}
        numbers: dict[str, count[int]] = {}
        for source in [*sources, {node: node.op or "leaf" for node in nodes}]:
            for node in nodes:
                if node in source and node not in self.of:
                    self._call(node, source[node], numbers)

    def _call(self, node: Value, name: str, numbers: dict[str, count[int]]) -> None:
        unique = name
        following = numbers.setdefault(name, count(2))
        while unique in self.nodes:
            unique = f"{name}_{next(following)}"
        self.of[node] = unique
        self.nodes[unique] = node

    def find(self, text: str) -> Value:
        """The node of that name; GraphError, with names that look alike, when there is none."""
        name = text.strip()
        if name in self.nodes:
            return self.nodes[name]
        close = difflib.get_close_matches(name, self.nodes, n=3)
        known = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(list(self.nodes)[:8])}, …"
        raise GraphError(f"no node is called {name!r}; {known}")


def variables_of_caller() -> Mapping[str, object]:
    """The local variables of the innermost frame that is not this project's, as they are now."""
    asked = origin.asking()
    frame = sys._getframe()
    while frame.f_back is not None and (asked is None or frame.f_code is not asked[0]):
        frame = frame.f_back
    return frame.f_locals


def _held(variables: Mapping[str, object]) -> dict[Value, str]:
    """The Values among variables; of several names for one the first."""
    found: dict[Value, str] = {}
    for name, value in variables.items():
        if isinstance(value, Value) and not name.startswith("_"):
            found.setdefault(value, name)
    return found


def _one_line(label: object) -> str:
    return "".join(c if c.isprintable() else "?" for c in " ".join(str(label).split())) or "?"

"""The name of a node: its label, its name in the program, or one that the caller knows; and names made unique.

Whoever shows nodes formats these names: as identifiers (`debugging/identifiers.py`), to be typed
(`debugging/naming.py`), in messages (`debugging/anomaly.py`) and in pictures (`drawing/graph.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from autograd import origin


def known_names(nodes: Sequence[Any], *others: Mapping[Any, str]) -> dict[Any, str]:
    """The names of the nodes that have one: the label, else the name in the program, else the first of `others`.

    They are in the order of these sources, and of `nodes` within each.

    >>> from autograd import Value
    >>> x, y = Value(2.0), Value(3.0, label="y")
    >>> list(known_names([x, y, x * y], {x: "x"}).values())
    ['y', 'x']
    """
    labels = {node: str(node.label) for node in nodes if node.label}
    found: dict[Any, str] = {}
    for source in (labels, origin.names(nodes), *others):
        for node in nodes:
            if node in source:
                found.setdefault(node, source[node])
    return found


def kind_of(node: Any) -> str:
    """What to call a node without a name: its primitive, or 'leaf'."""
    return node.op or "leaf"


def unique(
    named: Mapping[Any, str],
    unnamed: Mapping[Any, str],
    taken: Collection[str] = (),
    current: Collection[Any] = (),
) -> dict[Any, str]:
    """Unique names: of several `named` nodes with one name the last has it, and the others get numbers from 1 on.

    The last is one of `current`, if there are any: nodes that still have the name in the program. Of the `unnamed`,
    which are called by their kind, the first has the name and the others get numbers from 2 on. None has a name of
    `taken`.

    >>> unique({0: "w", 1: "w", 2: "if", 3: "w_2"}, {4: "mul", 5: "mul"}, taken={"if"})
    {0: 'w_1', 1: 'w', 2: 'if_1', 3: 'w_2', 4: 'mul', 5: 'mul_2'}
    """
    last: dict[str, Any] = {}
    for node, name in named.items():
        if name not in taken and (node in current or last.get(name) not in current):
            last[name] = node
    used = {*taken, *last}
    earlier = _Numbers(used, first=1)
    found = {node: name if last.get(name) is node else earlier.behind(name) for node, name in named.items()}
    others = _Numbers(used, first=2)
    return found | {node: others.free(name) for node, name in unnamed.items()}


class _Numbers:
    """Names with numbers behind them that are not yet in `used`; what it returns is added."""

    def __init__(self, used: set[str], first: int) -> None:
        self.used, self.first = used, first
        self.following: dict[str, Iterator[int]] = {}

    def free(self, base: str) -> str:
        """The name itself if it is not in use, else with a number."""
        if base in self.used:
            return self.behind(base)
        self.used.add(base)
        return base

    def behind(self, base: str) -> str:
        """The name with the next free number."""
        numbers = self.following.setdefault(base, count(self.first))
        name = next(name for i in numbers if (name := f"{base}_{i}") not in self.used)
        self.used.add(name)
        return name

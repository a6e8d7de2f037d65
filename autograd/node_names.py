"""The name of a node: its label, its name in the program, or one that the caller knows; and names made unique.

Whoever shows nodes formats these names: as identifiers (`debugging/identifiers.py`), to be typed
(`debugging/naming.py`), in messages (`debugging/anomaly.py`) and in pictures (`drawing/graph.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def unique(names: Mapping[Any, str], taken: Iterable[str] = ()) -> dict[Any, str]:
    """The names, with numbers from 2 on behind those that are taken: by `taken` or by an earlier node.

    >>> unique({0: "w", 1: "w", 2: "if", 3: "w_2"}, taken={"if"})
    {0: 'w', 1: 'w_2', 2: 'if_2', 3: 'w_2_2'}
    """
    used = set(taken)
    numbers: dict[str, Iterator[int]] = {}
    found = {}
    for node, base in names.items():
        name, following = base, numbers.setdefault(base, count(2))
        while name in used:
            name = f"{base}_{next(following)}"
        used.add(name)
        found[node] = name
    return found

"""Select the nodes to show: those in the neighbourhood of a focus."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd.errors import GraphError

RADIUS = 2


def find(focus: Any, order: Sequence[Any], names: dict[Any, str]) -> list[Any]:
    """The nodes of a focus: a node, a name, or several of those.

    GraphError for a node or name that is not in the graph.
    """
    if isinstance(focus, str):
        found = [node for node in order if names.get(node) == focus]
        if not found:
            known = ", ".join(list(dict.fromkeys(filter(None, names.values())))[:12])
            raise GraphError(f"no value of this graph is called {focus!r}; names are: {known or 'none; set .label'}")
        return found
    if isinstance(focus, list | tuple | set | frozenset):
        return [node for each in focus for node in find(each, order, names)]
    if focus not in set(order):
        raise GraphError(f"focus={focus!r} is not in this graph; draw a value that depends on it")
    return [focus]


def neighbourhood(centres: Iterable[Any], order: Sequence[Any], radius: int) -> list[Any]:
    """The nodes at most `radius` edges from a centre, in either direction, in the given order.

    >>> from autograd import Value
    >>> x = Value(2.0); y = x * 2.0; z = y * 2.0
    >>> neighbourhood([z], [x, y, z], 1) == [y, z]
    True
    """
    children: dict[Any, list[Any]] = {}
    for node in order:
        for parent in node.parents:
            children.setdefault(parent, []).append(node)
    seen = set(centres)
    rim = list(seen)
    for _ in range(radius):
        rim = list({near for node in rim for near in (*node.parents, *children.get(node, ()))} - seen)
        seen.update(rim)
    return [node for node in order if node in seen]

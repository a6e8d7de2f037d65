"""Collapse large graphs: decide which nodes share a box.

Nodes of a module collapse to the module, at a chosen depth; others to the source line that made them, if it is known,
or by similarity: nodes with the same operation on the same boxes share one, as the losses of a hundred samples do.
Chains of one operation, as `sum` makes them, are one box too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from autograd import origin
from autograd.drawing.layout.ordering import sources_first
from autograd.drawing.modules import Membership
from autograd.drawing.text import clean

Pairs = set[tuple[int, int]]
Depth = int | Literal["auto"] | None
DepthOption = Depth | Literal["all"]  # the same as None

COLLAPSE_ABOVE = 300  # values
FEW_BOXES, FEW_EDGES = 60, 90  # still readable
MOST_BOXES = 60  # in a graph without structure to collapse by; the rest is only counted
INDEX = re.compile(r"\[[^]]*\]$|\d+$")


class Part(NamedTuple):
    """The nodes that share a box, in topological order; `title` names what they have in common, if anything.

    Only a part of one node has a scope, and so a frame; the title of a collapsed part says where it belongs.
    """

    members: tuple[Any, ...]
    title: str = ""
    scope: tuple[str, ...] = ()


def divide(
    order: Sequence[Any], roots: Sequence[Any], depth: Depth, member_of: Membership, *, above: int = COLLAPSE_ABOVE
) -> tuple[list[Part], Depth]:
    """The parts, in topological order as far as possible, and the depth used; None: each node is its own part.

    'auto' collapses graphs of more than `above` nodes, to the deepest level of modules that is readable.
    """
    if depth is None or (depth == "auto" and len(order) <= above):
        return [Part((node,), scope=member_of.scopes.get(node, ())) for node in order], None
    if depth != "auto":
        return _sorted(*_parts(order, roots, depth, member_of)), depth
    deepest = max(map(len, member_of.scopes.values()), default=0)
    for level in range(deepest, -1, -1):
        parts, pairs = _parts(order, roots, level, member_of)
        if len(parts) <= FEW_BOXES and len(pairs) <= FEW_EDGES:
            break
    return _sorted(parts, pairs), level


def _parts(order: Sequence[Any], roots: Sequence[Any], depth: int, member_of: Membership) -> tuple[list[Part], Pairs]:
    """The parts in order of their first members, and the pairs (source, target) of parts with an edge between them."""
    keys: dict[Any, int] = {}  # node -> its part
    numbers: dict[Any, int] = {}  # key of a part -> its number
    members: list[list[Any]] = []
    titles: list[str] = []
    bases: dict[Any, frozenset[int]] = {}  # of a node in a chain: the parts that the chain depends on
    results = set(roots)
    for node in order:
        similarity, title = _place(node, depth, member_of, results) or (_similarity(node, keys, bases), "")
        number = numbers.setdefault(similarity, len(members))
        if number == len(members):
            members.append([])
            titles.append(title)
        members[number].append(node)
        keys[node] = number
    pairs = {
        (keys[p], number) for number, nodes in enumerate(members) for node in nodes for p in node.parents if p in keys
    }
    parts = [Part(tuple(nodes), title) for nodes, title in zip(members, titles, strict=True)]
    return parts, {(source, target) for source, target in pairs if source != target}


def _place(node: Any, depth: int, member_of: Membership, results: set[Any]) -> tuple[Any, str] | None:
    """The key and title of the part of a node: a module, a result, a source line; None if it is in none of these."""
    scope = member_of.scopes.get(node)
    if scope is not None:
        return ("module", scope[:depth]), " · ".join(scope[:depth]) or "model"
    if node in results:
        return ("result", node), ""
    if made_at := origin.position(node):
        return ("line", made_at.file, made_at.line), clean(made_at.source.strip()) or f"line {made_at.line}"
    return None


def _sorted(parts: list[Part], pairs: Pairs) -> list[Part]:
    """Sources first, as far as possible: lines of a loop depend on each other."""
    return [parts[i] for i in sources_first(len(parts), pairs)]


def _similarity(node: Any, keys: dict[Any, int], bases: dict[Any, frozenset[int]]) -> Any:
    """A key that is equal for nodes that are drawn as one."""
    if node.primitive is None:
        return ("leaf", INDEX.sub("", node.label))
    sources = {parent: keys[parent] for parent in node.parents if parent in keys}
    for parent in node.parents:
        if parent.op == node.op and parent in bases:
            others = frozenset(number for p, number in sources.items() if p is not parent)
            if others <= bases[parent]:
                bases[node] = bases[parent]
                return ("chain", node.op, bases[parent])
    bases[node] = frozenset(sources.values())
    return ("chain", node.op, bases[node])


def nearest(parts: Sequence[Part], roots: Sequence[Any], most: int = MOST_BOXES) -> list[Part]:
    """At most `most` parts, those closest to the results."""
    if len(parts) <= most:
        return list(parts)
    place = {node: i for i, part in enumerate(parts) for node in part.members}
    rim = list(dict.fromkeys(place[root] for root in roots))
    kept = dict.fromkeys(rim)
    while rim and len(kept) < most:
        nodes = [node for i in rim for node in parts[i].members]
        rim = [
            i for i in dict.fromkeys(place[p] for node in nodes for p in node.parents if p in place) if i not in kept
        ]
        kept.update(dict.fromkeys(rim[: most - len(kept)]))
    return [part for i, part in enumerate(parts) if i in kept]

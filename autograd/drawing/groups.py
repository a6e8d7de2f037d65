"""The groups of nodes that collapse to one box: modules, results, leaves with one name, source lines.

A group that is used again, after others that depend on it, is another box: each time that the flow goes back in the
order in which groups come first, a new wave begins. So arrows between boxes make no cycle, be it a line in a loop or a
function that is called everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from autograd import origin
from autograd.drawing.modules import Membership
from autograd.drawing.text import clean

INDEX = re.compile(r"\[[^]]*\]$|\d+$")


class Groups(NamedTuple):
    """The key of the box of each node that is in a group, and the titles of keys."""

    keys: dict[Any, Hashable]
    titles: dict[Any, str]


class _Wave(NamedTuple):
    """How far the flow has come to a node: how often it went back, and the group it reached (a half: past it)."""

    times: int = 0
    reached: float = -1.0


def groups_of(order: Sequence[Any], roots: Sequence[Any], depth: int, member_of: Membership) -> Groups:
    """The groups of a graph in topological order, with modules below `depth` levels in that of their module."""
    results = set(roots)
    places = {node: place for node in order if (place := _place(node, depth, member_of, results))}
    waves: dict[Any, _Wave] = {}
    rank: dict[Hashable, int] = {}
    first: dict[Hashable, int] = {}  # the wave in which a group begins
    for node in order:
        if node.primitive is not None:
            before = max([waves[p] for p in node.parents if p in waves], default=_Wave())
            group = places[node][0] if node in places else None
            waves[node] = wave = _next(before, None if group is None else rank.setdefault(group, len(rank)))
            first.setdefault(group, wave.times)
    keys: dict[Any, Hashable] = {}
    titles: dict[Any, str] = {}
    for node, (group, title) in places.items():
        key = (group, waves[node].times if node in waves else first.get(group, 0))
        keys[node] = key
        titles.setdefault(key, title)
    return Groups(keys | _unnamed_leaves(order, places, waves), titles)


def _next(before: _Wave, rank: int | None) -> _Wave:
    """The wave of a node in the group of this rank, or in none."""
    if rank is None:
        return _Wave(before.times, before.reached // 1 + 0.5)
    return _Wave(before.times + (rank < before.reached), float(rank))


def _place(node: Any, depth: int, member_of: Membership, results: set[Any]) -> tuple[Hashable, str] | None:
    """The group of a node, and its title: a module, a result, leaves of one name, a source line; None otherwise."""
    scope = member_of.scopes.get(node)
    if scope is not None:
        return ("module", scope[:depth]), " · ".join(scope[:depth]) or "model"
    if node in results:
        return ("result", node), ""
    if node.primitive is None:
        stem = INDEX.sub("", node.label or origin.name(node) or "")
        return (("leaf", stem), "") if stem else None
    if made_at := origin.position(node):
        return ("line", made_at.file, made_at.line), clean(made_at.source.strip()) or f"line {made_at.line}"
    return None


def _unnamed_leaves(order: Sequence[Any], places: dict[Any, Any], waves: dict[Any, _Wave]) -> dict[Any, Hashable]:
    """Leaves without a name, by the group of their first use: one matrix is one box, not all of them."""
    found: dict[Any, Hashable] = {}
    for node in order:
        for parent in node.parents:
            if parent.primitive is None and parent not in places and parent not in found:
                group = places[node][0] if node in places else node.op
                found[parent] = ("leaf of", group, waves[node])
    return found

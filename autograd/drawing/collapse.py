"""Collapse large graphs: decide which nodes share a box.

Nodes of a module collapse to the module, at a chosen depth; leaves by name; others to the source line that made them,
if it is known, or by similarity: nodes with the same operation on the same boxes share one, as the losses of a hundred
samples do. Chains of one operation, as `sum` makes them, are one box too, and so are steps that repeat (loops.py).

Arrows between boxes make no cycle: a module or line that is used again, after others that depend on it, has another
box (groups.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

from autograd.drawing.formula import head_of, operation_of
from autograd.drawing.groups import groups_of
from autograd.drawing.layout.ordering import sources_first
from autograd.drawing.loops import TRIPS, Run, repetitions
from autograd.drawing.modules import Membership

Pairs = set[tuple[int, int]]
Depth = int | Literal["auto"] | None
DepthOption = Depth | Literal["all"]  # the same as None

COLLAPSE_ABOVE = 300  # values
FEW_BOXES, FEW_EDGES = 60, 90  # still readable
MOST_BOXES = 60  # in a graph without structure to collapse by; the rest is only counted


class Part(NamedTuple):
    """The nodes that share a box, in topological order; `title` names what they have in common, if anything.

    Only a part of one node has a scope, and so a frame; the title of a collapsed part says where it belongs.
    """

    members: tuple[Any, ...]
    title: str = ""
    scope: tuple[str, ...] = ()
    trips: int = 0  # of a loop whose steps they are


def divide(
    order: Sequence[Any],
    roots: Sequence[Any],
    depth: Depth,
    member_of: Membership,
    *,
    above: int = COLLAPSE_ABOVE,
    fits: Callable[[Sequence[Part]], bool] | None = None,
) -> tuple[list[Part], Depth]:
    """The parts, in topological order as far as possible, and the depth used; None: each node is its own part.

    'auto' collapses graphs of more than `above` nodes, to the deepest level of modules that is readable: that has few
    boxes and edges, and `fits`.
    """
    if depth is None or (depth == "auto" and len(order) <= above):
        return [Part((node,), scope=member_of.scopes.get(node, ())) for node in order], None
    if depth != "auto":
        return _parts(order, roots, depth, member_of)[0], depth
    deepest = max(map(len, member_of.scopes.values()), default=0)
    for level in range(deepest, -1, -1):
        parts, edges = _parts(order, roots, level, member_of)
        if len(parts) <= FEW_BOXES and edges <= FEW_EDGES and (fits is None or fits(parts)):
            break
    return parts, level


def _parts(order: Sequence[Any], roots: Sequence[Any], depth: int, member_of: Membership) -> tuple[list[Part], int]:
    """The parts, sources first, and the number of pairs with an edge between them."""
    groups = groups_of(order, roots, depth, member_of)
    keys: dict[Any, int] = {}  # node -> its part
    numbers: dict[Any, int] = {}  # key of a part -> its number
    members: list[list[Any]] = []
    bases: dict[Any, frozenset[int]] = {}  # of a node in a chain: the parts that the chain depends on
    for node in order:
        key = groups.keys.get(node) or _similarity(node, keys, bases)
        number = numbers.setdefault(key, len(members))
        if number == len(members):
            members.append([])
        members[number].append(node)
        keys[node] = number
    pairs = {
        (keys[p], number) for number, nodes in enumerate(members) for node in nodes for p in node.parents if p in keys
    }
    pairs = {(source, target) for source, target in pairs if source != target}
    parts = [Part(tuple(nodes), groups.titles.get(key, "")) for key, nodes in zip(numbers, members, strict=True)]
    return _looped(parts, pairs, set(roots))


def _looped(parts: list[Part], pairs: Pairs, results: set[Any]) -> tuple[list[Part], int]:
    """The parts, sources first as far as possible, with the steps of each loop as one; and the number of pairs left."""
    order = sources_first(len(parts), pairs)
    place = {i: k for k, i in enumerate(order)}
    moved = [(place[source], place[target]) for source, target in pairs]
    parts = [parts[i] for i in order]
    found: list[Part] = []
    home: list[int] = []
    runs = {run.start: run for run in repetitions(_signatures(parts, moved, results))}
    while len(home) < len(parts):
        run = runs.get(len(home))
        found.append(_loop(parts, run) if run else parts[len(home)])
        home += [len(found) - 1] * (run.end - run.start if run else 1)
    return found, len({(home[source], home[target]) for source, target in moved if home[source] != home[target]})


def _loop(parts: Sequence[Part], run: Run) -> Part:
    """The steps of a run as one part, named by what is in a step."""
    steps = parts[run.start : run.end]
    names = dict.fromkeys(_name_of(steps[k :: run.period]) for k in range(run.period))
    return Part(tuple(node for part in steps for node in part.members), "; ".join(names), trips=run.trips)


def _name_of(parts: Sequence[Part]) -> str:
    """The name of one part of each step: with its constant, if that is the same in all."""
    names = {_title(part, head_of) for part in parts}
    return names.pop() if len(names) == 1 else _title(parts[0], operation_of)


def _title(part: Part, spelled: Callable[[Any], str]) -> str:
    return part.title or spelled(part.members[0]) or "leaf"


def _signatures(parts: Sequence[Part], pairs: Iterable[tuple[int, int]], results: set[Any]) -> list[Any]:
    """What must be equal for parts of successive steps: what they are, and how far before them their sources are.

    A source of many parts is the same for all steps. Results are never part of a loop.
    """
    sources: list[list[int]] = [[] for _ in parts]
    uses = [0] * len(parts)
    for source, target in pairs:
        sources[target].append(source)
        uses[source] += 1
    return [
        (
            part.members if part.members[0] in results else _title(part, operation_of),
            len(part.members),
            tuple(sorted(source if uses[source] >= TRIPS else source - i for source in sources[i])),
        )
        for i, part in enumerate(parts)
    ]


def _similarity(node: Any, keys: dict[Any, int], bases: dict[Any, frozenset[int]]) -> Any:
    """A key that is equal for nodes that are drawn as one."""
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

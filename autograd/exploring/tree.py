"""The boxes inside boxes of a page: modules, calls of functions, executions of source lines, and parts of long rows.

A node of a module belongs to that; another to the call of a function that made it and to the execution of a line in
that call, where provenance is known. A call is a connected piece of what a function made: of the frames, only the
innermost line is kept with a node. Where a box would contain more than can be looked at, its contents are divided into
parts, in the order of the computation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd import origin
from autograd.drawing.modules import Scope
from autograd.drawing.text import clean, shorten
from autograd.node_names import kind_of

MOST = 40  # items in a box
FEW = 12  # values; a smaller graph has only the boxes of its modules
ALIKE = 4  # leaves called w[0], w[1], … that share a box
LONGEST = 60  # cells of a title
DEEPEST = 50  # modules in each other, whatever a label says
SHOWN = 2  # kinds of items that the title of a part names
INDEX = re.compile(r"(\[[^]]*\]|_?\d+)$")


class Level(NamedTuple):
    """One step of a path through the boxes: boxes with the same key, in the same box, are one."""

    kind: str  # module, call, line, leaves, part
    title: str
    key: Hashable


Path = tuple[Level, ...]


class Tree(NamedTuple):
    """The boxes, numbered so that each comes after the one that contains it; the first contains everything."""

    parents: list[int]
    kinds: list[str]
    titles: list[str]
    of: dict[Any, int]  # the innermost box of each node


class Group:
    """A box while the tree is built."""

    def __init__(self, level: Level) -> None:
        self.kind, self.title = level.kind, level.title
        self.items: list[Any] = []  # nodes and groups
        self.inner: dict[Hashable, Group] = {}

    def add(self, node: Any, path: Path) -> None:
        """Put a node into the box at the end of a path from this one."""
        group = self
        for level in path:
            key = (level.kind, level.key)
            if key not in group.inner:
                group.inner[key] = Group(level)
                group.items.append(group.inner[key])
            group = group.inner[key]
        group.items.append(node)


def tree_of(order: Sequence[Any], scopes: Mapping[Any, Scope], names: Mapping[Any, str]) -> Tree:
    """The boxes of a graph, given in topological order.

    >>> from autograd import Value
    >>> v, w, x = Value(1.0, label="layer.v"), Value(2.0, label="layer.w"), Value(3.0, label="x")
    >>> tree = tree_of([v, w, x], {v: ("layer",), w: ("layer",)}, {})
    >>> tree.titles, tree.of[w], tree.of[x]
    (['', 'layer'], 1, 0)
    """
    root = Group(Level("all", "", ""))
    paths = _paths(order, scopes, names)
    for node in order:
        root.add(node, paths.get(node, ()))
    whole = _simplified(root)
    if len(whole.items) == 1 and isinstance(whole.items[0], Group):
        whole = whole.items[0]
    _divide(whole)
    return _numbered(whole)


def _sources_first(group: Group) -> list[Any]:
    """The items in topological order, each as near to what it is computed from as possible; circles are cut."""
    home = {node: i for i, item in enumerate(group.items) for node in _members(item)}
    sources: list[dict[int, None]] = [{} for _ in group.items]
    for node, i in home.items():
        for parent in node.parents:
            source = home.get(parent, i)
            if source != i:
                sources[i][source] = None
    order: dict[int, None] = {}
    active: set[int] = set()
    for start in range(len(group.items)):
        stack = [(start, iter(sources[start]))]
        while stack:
            i, rest = stack[-1]
            active.add(i)
            waiting = next((each for each in rest if each not in order and each not in active), None)
            if waiting is None:
                order[i] = None
                stack.pop()
            else:
                stack.append((waiting, iter(sources[waiting])))
    return [group.items[i] for i in order]


def _members(item: Any) -> Iterator[Any]:
    if isinstance(item, Group):
        for inner in item.items:
            yield from _members(inner)
    else:
        yield item


# --- paths ------------------------------------------------------------------------------------------------------------


def _paths(order: Sequence[Any], scopes: Mapping[Any, Scope], names: Mapping[Any, str]) -> dict[Any, Path]:
    paths: dict[Any, Path] = {
        node: tuple(Level("module", clean(name), name) for name in scope[:DEEPEST]) for node, scope in scopes.items()
    }
    if len(order) > FEW:
        paths = _places(order, scopes) | paths
        paths |= _alike([node for node in order if node.primitive is None and node not in paths], names)
    users: dict[Any, Path] = {}
    for node in order:
        path = paths.get(node, ())
        for parent in node.parents:
            if parent.primitive is None and parent not in paths:
                users[parent] = _common(users[parent], path) if parent in users else path
    return paths | users


def _common(one: Path, other: Path) -> Path:
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    return one[:same]


def _alike(leaves: Sequence[Any], names: Mapping[Any, str]) -> dict[Any, Path]:
    """Boxes for the leaves whose labels differ by an index only."""
    stems = {leaf: INDEX.sub("", names.get(leaf, "")) for leaf in leaves if leaf.label}
    count = Counter(stems.values())
    return {
        leaf: (Level("leaves", f"{stem}[…]", stem),) for leaf, stem in stems.items() if stem and count[stem] >= ALIKE
    }


def _places(order: Sequence[Any], scopes: Mapping[Any, Scope]) -> dict[Any, Path]:
    """The call and the line of each node with provenance, outside modules."""
    functions: dict[Any, Hashable] = {}
    lines: dict[Any, Hashable] = {}
    titles: dict[Any, tuple[str, str]] = {}
    known: dict[Any, tuple[str, str, int, str]] = {}
    for node in order:
        made = getattr(node, "_origin", None)
        if made is None or node.primitive is None or node in scopes:
            continue
        if made not in known:
            place = origin.position_of(made)
            function = place.function.split(".<locals>.<")[0]
            line = shorten(clean(place.source.strip()), LONGEST) or f"line {place.line}"
            known[made] = (place.file, "" if function.startswith("<") else function, place.line, line)
        file, function, number, line = known[made]
        functions[node], lines[node], titles[node] = (file, function), (file, function, number), (function, line)
    calls, runs = _pieces(order, functions), _pieces(order, lines)
    return {
        node: (*([Level("call", clean(function), calls[node])] if function else []), Level("line", line, runs[node]))
        for node, (function, line) in titles.items()
    }


def _pieces(order: Sequence[Any], kind: Mapping[Any, Hashable]) -> dict[Any, int]:
    """The connected pieces of the nodes of each kind, by number (union-find with path halving)."""
    number = {node: i for i, node in enumerate(kind)}
    above = list(range(len(number)))

    def find(i: int) -> int:
        while above[i] != i:
            above[i] = i = above[above[i]]
        return i

    for node in order:
        if node in number:
            for parent in node.parents:
                if parent in number and kind[parent] == kind[node]:
                    above[find(number[parent])] = find(number[node])
    return {node: find(i) for node, i in number.items()}


# --- the tree ---------------------------------------------------------------------------------------------------------


def _simplified(group: Group) -> Group:
    """Without boxes that contain one item: of those in each other the outermost stays."""
    items = [_simplified(item) if isinstance(item, Group) else item for item in group.items]
    group.items = [
        item.items[0] if isinstance(item, Group) and len(item.items) == 1 and not isinstance(item.items[0], Group)
        else item
        for item in items
    ]  # fmt: skip
    if len(group.items) == 1 and isinstance(group.items[0], Group) and group.kind != "all":
        group.items = group.items[0].items
    return group


def _divide(group: Group) -> None:
    """Divide the items of every box that has too many into parts, until none has."""
    for item in group.items:
        if isinstance(item, Group):
            _divide(item)
    size = 1
    while size * MOST < len(group.items):
        size *= MOST
    if size > 1:
        group.items = _sources_first(group) if group.kind != "part" else group.items
        count = -(-len(group.items) // size)
        width = -(-len(group.items) // count)
        group.items = [_part(group.items[start : start + width]) for start in range(0, len(group.items), width)]


def _part(items: list[Any]) -> Any:
    if len(items) == 1:
        return items[0]
    kinds = Counter(item.title if isinstance(item, Group) else kind_of(item) for item in items)
    shown = ", ".join(
        f"{clean(kind)} ×{count}" if count > 1 else clean(kind) for kind, count in kinds.most_common(SHOWN)
    )
    part = Group(Level("part", shown + (", …" if len(kinds) > SHOWN else ""), ""))
    part.items = items
    _divide(part)
    return part


def _numbered(whole: Group) -> Tree:
    tree = Tree([0], [whole.kind], [whole.title], {})
    stack: list[tuple[int, Iterator[Any]]] = [(0, iter(whole.items))]
    while stack:
        here, items = stack[-1]
        for item in items:
            if isinstance(item, Group):
                tree.parents.append(here)
                tree.kinds.append(item.kind)
                tree.titles.append(item.title)
                stack.append((len(tree.titles) - 1, iter(item.items)))
                break
            tree.of[item] = here
        else:
            stack.pop()
    return tree

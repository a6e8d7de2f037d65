"""Steps that one later loop reads are computed there: what only that loop needs is never written to memory.

A mask `z > 0` belongs to the product that it is for, which comes with the derivative, not to the layer that has z.
"""

from __future__ import annotations

import math

from autograd.compiler.llvm.grouping import MOST_NODES, MOST_STREAMS, Group, Grouping, Item, is_called

MOST_NEW = 1  # operands that the later loop has to read in place of the result, which was written and read


def sink(grouping: Grouping) -> None:
    """Move items to the loops that read them; from the last to the first, so that what they read may follow."""
    readers, asked = grouping.readers(), grouping.asked()
    for item in reversed(grouping.items):
        if item.form != "loop" or item in asked or any(is_deep for _, is_deep in item.operands):
            continue
        places = {grouping.place[reader] for reader, _ in readers[item]}
        if len(places) == 1 and (place := places.pop()) != grouping.place[item]:
            target = grouping.groups[place]
            if _may_join(grouping, item, target) and all(
                grouping.is_inside(item, reader, number) for reader, number in readers[item]
            ):
                _move(grouping, item, place, readers[item])
    grouping.groups[:] = [group for group in grouping.groups if group.items]


def _may_join(grouping: Grouping, item: Item, target: Group) -> bool:
    """Whether a loop has the lanes of an item, and reads next to nothing more with it in place of its result."""
    first = target.items[0]
    if first.form != "loop" or (first.when, first.step.size) != (item.when, item.step.size):
        return False
    if is_called(item.step) or is_called(first.step) or len(target.items) >= MOST_NODES:
        return False
    if target.streams + len(item.operands) > MOST_STREAMS:
        return False
    length = math.gcd(target.length, *[view.length for view in item.views[:-1]])
    return length == target.length and _new(item, target) <= MOST_NEW


def _new(item: Item, target: Group) -> int:
    """How many operands that are lanes of this kind of step the loop does not read already."""
    kind = item.step.kind
    known = {
        operand.lanes.tobytes()
        for each in target.items
        for (operand, _), inside in zip(each.operands, each.inside, strict=True)
        if inside is None and operand.kind == kind
    }
    wanted = {operand.lanes.tobytes() for operand, _ in item.operands if operand.kind == kind}
    return len(wanted - known)


def _move(grouping: Grouping, item: Item, place: int, readers: list[tuple[Item, int]]) -> None:
    target, group = grouping.groups[place], grouping.groups[grouping.place[item]]
    group.items.remove(item)
    group.streams -= item.inside.count(None)
    for reader, number in readers:
        reader.inside[number] = item
    item.inside = [None] * len(item.operands)
    target.items.insert(0, item)
    target.streams += len(item.operands) - len(readers)
    grouping.place[item] = place

"""Loops and folds: which streams they read, how they walk, and their descriptors."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.llvm.engine import KERNELS, STRAIGHT
from autograd.compiler.llvm.fold_text import Folding, fold_text
from autograd.compiler.llvm.grouping import Group, Item, is_called, result_lanes
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.loop_kernel import loop_text
from autograd.compiler.llvm.loop_rows import PLAIN
from autograd.compiler.llvm.loop_text import FOLDED, Node, Stream
from autograd.compiler.llvm.plan import Plan
from autograd.compiler.llvm.views import CONSTANT, CONTIGUOUS, TABLE, aligned, table, viewed
from autograd.compiler.vector.program import Lanes

LONG = 2000  # lanes of a loop that is worth a kernel of its own: smaller ones do not depend on sizes
SMALL = 300  # operations of a loop on shared numbers that are not worth good code


def add_loop(plan: Plan, group: Group, kind: Kind) -> None:
    """One loop over the lanes of all items of a group."""
    items = group.items
    width = kind.lanes
    length = group.length
    outside = [(i, n) for i, item in enumerate(items) for n, each in enumerate(item.inside) if each is None]
    stored = [i for i, item in enumerate(items) if item.is_stored and item.form == "loop"]
    joined = [item for item in items if item.form == "joined"]
    batched = items[0].step.batched
    if batched:
        tables, walks, rows = _batched_tables(plan, items, outside)
        stores = [result_lanes(items[i].step, plan.made)[0] * plan.room for i in stored]
        store_walks = [CONTIGUOUS] * len(stored)
        if all(_is_sum(item) for item in items):
            width = plan.unit
    else:
        views = [items[i].views[n] for i, n in outside] + [items[i].views[-1] for i in stored]
        views, length = aligned(views)
        rows = items[0].lanes // length
        found = [table(view, length) for view in views]
        tables, stores = found[: len(outside)], found[len(outside) :]
        walks, store_walks = ([view.walk for view in side] for side in (views[: len(outside)], views[len(outside) :]))
        while width > length:
            width //= 2
        width = 1 if is_called(items[0].step) else width
    streams: list[Stream] = []
    stream_tables: list[Lanes] = []
    number: dict[tuple[int, int], int] = {}
    known: dict[tuple[Stream, bytes], int] = {}
    for (i, n), lanes, walk in zip(outside, tables, walks, strict=True):
        operand, deep = items[i].operands[n]
        stream = Stream("f" if operand.kind == "batched" else "s", walk, deep)
        key = stream, lanes.tobytes()
        if key not in known:
            known[key] = len(streams)
            streams.append(stream)
            stream_tables.append(lanes)
        number[i, n] = known[key]
    place = {item: i for i, item in enumerate(items)}
    nodes = [_node(plan, item, i, number, place) for i, item in enumerate(items)]
    terms = [_terms(item) for item, node in zip(items, nodes, strict=True) if node.form in FOLDED]
    is_long = not batched and items[0].lanes >= LONG
    text = loop_text(
        Kind(width, kind.single), tuple(streams), tuple(nodes),
        tuple([(i, "f" if batched else "s", walk == TABLE) for i, walk in zip(stored, store_walks, strict=True)]),
        is_whole=batched or (is_long and length % width == 0),
        is_long=is_long,
    )  # fmt: skip
    work = 0 if batched else items[0].lanes * (len(items) - len(terms) + sum(terms))
    level = STRAIGHT if 0 < work < SMALL else KERNELS
    results = [int(result_lanes(item.step, plan.made)[0, 0]) for item in joined]
    plan.add(items, text, [rows, 0 if batched else length, *terms, *stream_tables, *stores, *results], level)


def _is_sum(item: Item) -> bool:
    """Whether it is a sum of products: where they are is looked up once for all vectors of a unit of samples."""
    return item.step.form == "pairs"


def _batched_tables(
    plan: Plan, items: Sequence[Item], outside: Sequence[tuple[int, int]]
) -> tuple[list[Lanes], list[str], int]:
    tables, walks = [], []
    for i, n in outside:
        operand, _ = items[i].operands[n]
        is_batched = operand.kind == "batched"
        tables.append(operand.lanes.T.ravel() * (plan.room if is_batched else 1))
        walks.append(CONTIGUOUS if is_batched else CONSTANT)
    return tables, walks, items[0].step.size


def _node(plan: Plan, item: Item, i: int, number: dict[tuple[int, int], int], place: dict[Item, int]) -> Node:
    step = item.step
    words = [number[i, n] if each is None else ~place[each] for n, each in enumerate(item.inside)]
    if item.form == "joined":
        return Node("fold", item.folded, None, tuple(words))
    if step.form in ("map", "lift"):
        return Node("map", step.row if step.form == "map" else None, plan.made.powers.get(step), tuple(words))
    if step.form == "dot":
        return Node("dot", None, None, tuple(words))
    form = "pairs" if step.form == "pairs" else "reduce"
    terms = _terms(item) if is_called(step) else 0
    return Node(form, step.row, None, tuple(words), terms, plan.made.sides.get(step, PLAIN))


def _terms(item: Item) -> int:
    return max([len(operand.lanes) for operand, deep in item.operands if deep], default=1)


# --- folds ------------------------------------------------------------------------------------------------------------


def add_fold(plan: Plan, item: Item, kind: Kind) -> None:
    """Shared rows of many terms."""
    step = item.step
    deep = [operand.lanes.T for operand, is_deep in item.operands if is_deep]
    bias = [operand.lanes[0] for operand, is_deep in item.operands if not is_deep]
    views, length = aligned([viewed(lanes) for lanes in deep])
    count = deep[0].shape[1] // length
    tables = [
        (view.lanes if view.walk == TABLE else view.lanes.reshape(step.size, count, length)[:, :, 0]).ravel()
        for view in views
    ]
    streams = tuple(Stream("s", view.walk, True) for view in views)
    text = fold_text(kind, Folding(streams, item.folded, has_bias=bool(bias)))
    plan.add([item], text, [step.size, length, count, *tables, *bias, result_lanes(step, plan.made)[0]])

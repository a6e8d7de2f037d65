"""Mirror mode: a backward pass that any Python debugger steps through the lines of the forward program.

A debugger knows of running code what its code object says: file, function, lines. So the products of the chain rule,
`parent.grad += partial * node.grad`, are compiled into functions whose code objects name the place where `node` was
made. A breakpoint on a forward line stops there again in the backward pass, with the values under the user's names;
"step over" walks the program backwards, across files. The granularity is the line, since that is where debuggers stop.

Debuggers do not see this package (hidden_frames.py): C code calls the functions one after the other, from one line of
code that is in no file, and nodes of unknown origin get their gradients in C.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from autograd import backward
from autograd.debugging.hidden_frames import drive, hide_frames
from autograd.debugging.hooks import can_stop
from autograd.debugging.mirror.frames import Frames, Part, Visit, Visitor
from autograd.graph import topological
from autograd.origin import Instruction, asking, span
from autograd.recording import paused_gc


def mirror_pass(root: Any, visitors: Sequence[Visitor] = ()) -> None:
    """`root.backward()`, bit for bit, through functions that carry the files, lines and columns of the program.

    There is a function "backward of f" for each run of nodes that f made, and finally one for the lines that made
    leaves. `visitors` are called with every node when its gradient is complete, before it is propagated.

    RuntimeWarning if it is not known of any node where it was made: then there is nothing to step through.
    """
    with paused_gc():
        parts = build(root, visitors)
        backward.start(root)
    hide_frames()
    drive(parts)


def build(root: Any, visitors: Sequence[Visitor] = ()) -> list[Part]:
    """The parts of the pass: callables, to be called in this order after `backward.start(root)`."""
    order = topological(root)
    if backward.callbacks:
        visitors = [*visitors, backward.reached]
    visits = list(_visits(order, bool(visitors)))
    shown = {visit.node for visit in visits if visit.origin}
    if order[1:] and not shown:
        _warn()
    leaves = [Visit(node, node._origin) for node in reversed(order) if node not in shown and _is_known_leaf(node)]
    return [*_parts(visits, visitors), *_parts(_line_by_line(leaves))]


def _parts(visits: Sequence[Visit], visitors: Sequence[Visitor] = ()) -> Iterator[Part]:
    frames = Frames(visits, visitors)
    for function, run in groupby(visits, key=Visit.function):
        if function:
            yield frames.frame(list(run))
        else:
            yield from frames.without_frame(list(run))


def _visits(order: Sequence[Any], with_leaves: bool) -> Iterator[Visit]:
    """Every node with work to do, last first. One where a breakpoint may stop gets a line in any case."""
    caller: Instruction | None = None
    for node in reversed(order):
        origin = getattr(node, "_origin", None)
        stopping = can_stop(node)
        if stopping and origin is None:
            caller = origin = caller or asking()
        if node.primitive is not None or stopping:
            yield Visit(node, origin)
        elif with_leaves:
            yield Visit(node, None)


def _is_known_leaf(node: Any) -> bool:
    return node.primitive is None and getattr(node, "_origin", None) is not None


def _line_by_line(leaves: Sequence[Visit]) -> list[Visit]:
    """The leaves by function and from the last line to the first: in the graph, weights and inputs alternate."""
    functions: dict[Any, list[Visit]] = {}
    for leaf in leaves:
        functions.setdefault(leaf.function(), []).append(leaf)
    return [leaf for made in functions.values() for leaf in sorted(made, key=_line, reverse=True)]


def _line(visit: Visit) -> int:
    return span(visit.origin)[0] if visit.origin else 0


def _warn() -> None:
    asked = asking()
    warnings.warn_explicit(
        "nothing to step through: it is not known where the nodes of this graph were made; "
        "build the graph inside `with autograd.debug():`",
        RuntimeWarning,
        asked[0].co_filename if asked else "<unknown>",
        span(asked)[0] if asked else 1,
    )

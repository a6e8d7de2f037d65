"""Breakpoints of a backward pass: at a node, a primitive, a line, a nan or a condition.

Whether one is met depends on the state of the walk alone: moving forwards and backwards stops at the same moments.
"""

from __future__ import annotations

import math
import os
import re
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autograd import origin
from autograd.backward import Step
from autograd.debugging import suggestions
from autograd.debugging.naming import Names
from autograd.debugging.walk import Walk
from autograd.errors import GraphError
from autograd.expressions.conditions import Attributes, Condition, ConditionError, parse_condition
from autograd.primitive import PRIMITIVES
from autograd.value import Value

Place = Callable[[Value], bool]

PRODUCT_NAMES = ("node", "parent", "op", "local", "upstream", "contribution", "before", "after", "index")
NODE_NAMES = ("node", "op", "data", "grad")
FILE_LINE = re.compile(r"(?:(?P<file>.+):)?(?P<line>\d+)")


@dataclass
class Breakpoint:
    """One place to stop; `text` is what was typed. A `temporary` one is removed once it has been met.

    It is met when the pass reaches a node of `place` (its gradient is complete, its products are next) for which
    `condition` holds; without a place, after each product for which `condition` holds; without either, after a product
    that makes a gradient infinite or nan.
    """

    text: str
    temporary: bool = False
    place: Place | None = None
    condition: Condition | None = None
    once_per_run: bool = False  # not again for the next node of the same line, which may make several
    hits: int = 0

    def is_met(self, walk: Walk, names: Names) -> bool:
        """Whether to stop at this moment.

        ConditionError for a condition that cannot be evaluated there.
        """
        if self.place is not None:
            return any(self._is_met_at(node, walk, names) for node in walk.arriving)
        last = walk.last
        if last is None:
            return False
        if self.condition is None:
            return math.isfinite(last.before) and not math.isfinite(last.after)
        return self.condition.holds(ChainMap(fields_of(last, walk.index), names.nodes))

    def _is_met_at(self, node: Value, walk: Walk, names: Names) -> bool:
        if self.place is None or not self.place(node):
            return False
        if self.once_per_run and (before := walk.previous(node)) is not None and self.place(before):
            return False
        fields: dict[str, Any] = {"node": node, "op": node.op, "data": node.data, "grad": node.grad}
        return self.condition is None or self.condition.holds(ChainMap(fields, names.nodes))


def fields_of(step: Step, index: int) -> dict[str, Any]:
    """The fields of a product in conditions, by the names of `PRODUCT_NAMES`."""
    return {**step._asdict(), "index": float(index), "op": step.node.op}


def parse(text: str, walk: Walk, names: Names, *, temporary: bool = False) -> Breakpoint:
    """Parse a breakpoint: `NODE`, `op tanh`, `model.py:4`, `4`, `nan` or `if EXPR`.

    A number alone is a line of the file of the next node. A place may have a condition: `op tanh if grad > 1`.

    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> walk, names = Walk(y), Names([x, y])
    >>> breakpoint = parse("x if grad > 5", walk, names)
    >>> walk.run(lambda walk: breakpoint.is_met(walk, names)), walk.index
    (True, 2)

    GraphError for a place that is not in this graph; ConditionError for an invalid condition.
    """
    text = re.sub(r"\bif\(", "if (", " ".join(text.split()))
    where, has_condition, written = f" {text} ".partition(" if ")
    where = where.strip()
    if not where and not has_condition:
        raise GraphError("a breakpoint needs NODE, op NAME, FILE:LINE, nan or if EXPR")
    fields = NODE_NAMES if where else PRODUCT_NAMES
    known: Mapping[str, Any] = ChainMap(dict.fromkeys(fields), names.nodes)
    condition = _condition(where, written.strip(), known, names) if has_condition else None
    if where == "nan" and condition is not None:
        raise GraphError("nan is a condition itself: write `break nan`, or `break if isnan(after) and …`")
    if where in ("", "nan"):
        return Breakpoint(text, temporary, condition=condition)
    place, is_line = _place(where, walk, names)
    return Breakpoint(text, temporary, place, condition, once_per_run=is_line and condition is None)


def _condition(where: str, written: str, known: Mapping[str, Any], names: Names) -> Condition:
    try:
        return parse_condition(written, known, attributes(names))
    except ConditionError as error:
        hint = suggestions.for_condition(where, written)
        if not hint:
            raise
        raise ConditionError(f"{error}\n{hint}") from None


def attributes(names: Names) -> Attributes:
    """The attributes that nodes have in conditions."""
    return {
        "data": lambda node: node.data,
        "grad": lambda node: node.grad,
        "op": lambda node: node.op,
        "name": lambda node: names.of.get(node, ""),
    }


def _place(where: str, walk: Walk, names: Names) -> tuple[Place, bool]:
    """The nodes that `where` selects, and whether it is a line."""
    if where not in names.nodes:
        if where.startswith("op "):
            return _made_by(where.removeprefix("op ").strip(), walk), False
        if match := FILE_LINE.fullmatch(where):
            return made_in(match["file"] or _file_of_next(walk), int(match["line"]), walk), True
        hint = suggestions.for_place(where, names.nodes, {node.op for node in walk.nodes if node.op})
        if hint:
            raise GraphError(f"{where!r} is not a place; {hint}")
    target = names.find(where)
    return lambda node: node is target, False


def _made_by(op: str, walk: Walk) -> Place:
    here = sorted({node.op for node in walk.nodes if node.op})
    if op not in here:
        what = "made no node of this graph" if op in PRIMITIVES else "is not a primitive"
        raise GraphError(f"{op!r} {what}; the graph has {', '.join(here) or 'only leaves'}")
    return lambda node: node.op == op


def made_in(file: str, line: int, walk: Walk) -> Place:
    """Select the nodes that were made in a line; `file` is a path or the end of one.

    GraphError if there are none, with the lines that made nodes.
    """
    places = {(place.file, place.line) for node in walk.nodes if (place := origin.position(node))}
    if not places:
        raise GraphError("no line is known for any node of this graph; build it inside `with autograd.debug():`")
    if (chosen := {(name, at) for name, at in places if at == line and _ends_in(name, file)}) == set():
        lines = sorted(at for name, at in places if _ends_in(name, file))
        files = ", ".join(sorted({os.path.basename(name) for name, _ in places}))
        raise GraphError(
            f"no node was made in {file}:{line}; "
            + (f"in that file, nodes were made in lines {_numbers(lines)}" if lines else f"nodes were made in {files}")
        )

    def is_from_there(node: Value) -> bool:
        place = origin.position(node)
        return place is not None and (place.file, place.line) in chosen

    return is_from_there


def _ends_in(path: str, end: str) -> bool:
    """Whether `end` is the path, or its last parts."""
    parts, wanted = path.replace("\\", "/").split("/"), os.path.normpath(end).replace("\\", "/").split("/")
    return parts[-len(wanted) :] == wanted


def _file_of_next(walk: Walk) -> str:
    for node in (walk.node, *walk.nodes):
        if node is not None and (place := origin.position(node)):
            return place.file
    raise GraphError("no line is known for any node of this graph; build it inside `with autograd.debug():`")


def _numbers(lines: list[int], most: int = 12) -> str:
    return ", ".join(map(str, lines[:most])) + (", …" if len(lines) > most else "")

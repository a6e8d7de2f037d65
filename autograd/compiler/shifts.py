"""`max(v.data for v in logits)`: the shift of a hand-written softmax is a `pivot`, the largest number, held constant.

A read of `.data` is refused, since a plain number would be baked into the program. Here it is not needed: the numbers
are made inside the call of `max`, so that nothing else can hold them, and what comes out is the largest of them, which
a program computes as `pivot` does, without a guard for each comparison. That `max` means Python's own, and what its
operands are, is read off the source; where there is none, or `max` is given a key, `.data` is refused as ever.
"""

from __future__ import annotations

import ast
import builtins
import linecache
from collections.abc import Iterator
from types import FrameType
from typing import Any, NamedTuple

from autograd import origin, rules
from autograd.assignments import Span
from autograd.compiler.traced import Number


class _Maxima(NamedTuple):
    calls: frozenset[Span]
    operands: frozenset[Span]


_NONE = _Maxima(frozenset(), frozenset())
_known: dict[str, tuple[list[str], _Maxima]] = {}


def may_merge(item: Any, largest: Any) -> bool:
    """Whether both are numbers held constant, and the first one has not been through a `max` yet."""
    held = type(item) is type(largest) is Number and item.primitive is largest.primitive is rules.pivot
    return held and len(item._y) == 1 and item._data == item._data and largest._data == largest._data


def merge(item: Any, largest: Any, nodes: list[Any]) -> int:
    """Make the one that `max` keeps the largest of all it has seen, behind all its operands; where it was before.

    Nothing has used it yet.
    """
    kept = item if item._data > largest._data else largest
    kept._y = (*largest._y, *item._y)
    place = next(i for i in range(len(nodes) - 1, -1, -1) if nodes[i] is kept)
    nodes.append(nodes.pop(place))
    return place


def is_operand(frame: FrameType | None) -> bool:
    """Whether the frame reads `.data` as an operand of `max`."""
    return frame is not None and _span(frame) in _maxima(frame).operands


def is_maximum(frame: FrameType | None) -> bool:
    """Whether the frame calls such a `max`."""
    while frame is not None and origin.is_ours(frame):
        frame = frame.f_back
    return frame is not None and _span(frame) in _maxima(frame).calls


def _span(frame: FrameType) -> Span | None:
    line, end_line, start, end = origin.span((frame.f_code, frame.f_lasti))
    return None if start is None or end is None else (line, start, end_line, end)


def _maxima(frame: FrameType) -> _Maxima:
    """Those in the file of a frame; read again when `linecache` has other lines."""
    if frame.f_globals.get("max", builtins.max) is not builtins.max:
        return _NONE
    file = frame.f_code.co_filename
    lines = linecache.getlines(file, frame.f_globals)
    known = _known.get(file)
    if known is None or known[0] is not lines:
        known = _known[file] = (lines, _found("".join(lines)))
    return known[1]


def _found(source: str) -> _Maxima:
    """The spans of calls of `max` whose operands are all `….data`, and of these operands.

    >>> len(_found("m = max(v.data for v in xs)").calls), len(_found("max = min; max(a.data, b.data)").calls)
    (1, 0)
    """
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):  # ValueError: null bytes
        return _NONE
    if any(_binds_max(node) for node in nodes):
        return _NONE
    found = {node: list(_operands(node)) for node in nodes if isinstance(node, ast.Call) and _is_max(node)}
    kept = {call: inner for call, inner in found.items() if inner and all(map(_is_data, inner))}
    return _Maxima(frozenset(map(_of, kept)), frozenset(_of(each) for inner in kept.values() for each in inner))


def _binds_max(node: ast.AST) -> bool:
    """Whether it gives the name `max` another meaning somewhere in the file."""
    named = getattr(node, "name", None) or getattr(node, "arg", None) if not isinstance(node, ast.keyword) else None
    if isinstance(node, ast.alias):
        named = node.asname or node.name
    return named in ("max", "*") or (isinstance(node, ast.Name) and node.id == "max" and type(node.ctx) is not ast.Load)


def _is_max(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "max" and not call.keywords


def _operands(call: ast.Call) -> Iterator[ast.expr]:
    for argument in call.args:
        inner = argument.value if isinstance(argument, ast.Starred) else argument
        if isinstance(inner, ast.GeneratorExp | ast.ListComp):
            yield inner.elt
        elif isinstance(inner, ast.List | ast.Tuple):
            yield from inner.elts
        else:
            yield inner


def _is_data(operand: ast.expr) -> bool:
    return isinstance(operand, ast.Attribute) and operand.attr == "data"


def _of(node: ast.expr) -> Span:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0

"""The local variables that a line of the program shows in a debugger."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count, repeat
from typing import Any

from autograd.debugging.identifiers import identifier
from autograd.node_names import kind_of
from autograd.origin import name, position

SHOWN = 50  # nodes of a line: longer lists do not help, and slow debuggers down


class Scopes:
    """The local variables for the stops of one pass."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], tuple[str, str]] = {}  # by instruction, which nodes keep alive

    def at(self, nodes: Sequence[Any]) -> dict[str, Any]:
        """Local variables for a stop at the line that made `nodes`, which are in the order of the backward pass.

        A result has the name that the line assigns to it, an operand its name in the line: `w` inside
        `def neuron(w, x)`, whatever the caller called it. A node without a name has its label or the name of its
        primitive. A name that is taken gets a number: after `h = w * h`, `h` is the result and `h_2` the operand.

        >>> from autograd import Value, debug
        >>> def neuron(w, x, b):
        ...     return w * x + b
        >>> with debug():
        ...     z = neuron(Value(0.5), Value(2.0), Value(0.1))
        >>> {name: node.data for name, node in Scopes().at([z, z.parents[0]]).items()}
        {'add': 1.1, 'mul': 1.0, 'b': 0.1, 'w': 0.5, 'x': 2.0}
        """
        found: dict[str, Any] = {}
        known = set()
        for own, node in (*self._results(nodes[:SHOWN]), *self._operands(nodes[:SHOWN])):
            if node not in known:
                known.add(node)
                found[_free(own, found)] = node
        return found

    def _results(self, nodes: Sequence[Any]) -> Iterator[tuple[str, Any]]:
        for node in nodes:
            yield self._source(node)[0] or node.label or kind_of(node), node

    def _operands(self, nodes: Sequence[Any]) -> Iterator[tuple[str, Any]]:
        for node in nodes:
            operands = node.operands
            written = _written(self._source(node)[1], node.op, len(operands))
            for operand, here in zip(operands, written or repeat(""), strict=False):
                if not isinstance(operand, float):
                    yield here or operand.label or self._source(operand)[0] or kind_of(operand), operand

    def _source(self, node: Any) -> tuple[str, str]:
        """The name that a node has in its line, and the expression that made it; '' if there is none."""
        origin = getattr(node, "_origin", None)
        if origin is None:
            return "", ""
        code, offset = origin
        found = self._seen.get((id(code), offset))
        if found is None:
            place = position(node)
            found = self._seen[id(code), offset] = (name(node) or "", place.text if place else "")
        return found


@lru_cache(maxsize=4096)
def _base(text: str) -> str:
    return identifier(text)


def _free(text: str, taken: dict[str, Any]) -> str:
    base = _base(text)
    return base if base not in taken else next(name for i in count(2) if (name := f"{base}_{i}") not in taken)


@lru_cache(maxsize=1024)
def _written(text: str, op: str, count: int) -> tuple[str, ...]:
    """The `count` operands of `op` as an expression writes them ('' for one that is not a variable); () if unknown."""
    try:
        (statement,) = ast.parse(text.strip()).body
    except (SyntaxError, ValueError):
        return ()
    trees = _operand_trees(statement, op, count)
    return tuple([ast.unparse(tree) if _is_variable(tree) else "" for tree in trees]) if len(trees) == count else ()


def _operand_trees(statement: ast.stmt, op: str, count: int) -> list[ast.expr]:
    match statement:
        case ast.AugAssign(target=left, value=right) | ast.Expr(ast.BinOp(left, _, right)):
            return [left, right]
        case ast.Expr(ast.UnaryOp(_, operand)):
            return [operand]
        case ast.Expr(ast.Call(ast.Attribute(owner, called), args)) if called == op:
            return [owner, *args][-count:]  # a method, or a function of a module
        case ast.Expr(ast.Call(ast.Name(called), args)) if called == op:
            return args
    return []


def _is_variable(tree: ast.expr) -> bool:
    """`w`, `self.w`, `w[0]`, `w[i]`: expressions that can be evaluated without computing anything."""
    return all(isinstance(part, _LOOKED_UP) for part in ast.walk(tree)) and not isinstance(tree, ast.Constant)


_LOOKED_UP = ast.Name | ast.Attribute | ast.Subscript | ast.Constant | ast.expr_context

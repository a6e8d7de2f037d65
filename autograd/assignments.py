"""Find the names that the expressions of a program are assigned to, from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import takewhile

Span = tuple[int, int, int, int]
"""(line, column, end line, end column) as the compiler counts: lines from 1, columns from 0 in UTF-8 bytes."""

_Pair = tuple[str, ast.expr]


def assigned(source: str) -> Mapping[Span, str]:
    """The name of each assigned expression by its span; empty for a text that is not Python.

    Of several names the first, and the innermost assignment decides: `h = (t := a * b)` names `a * b` "t".

    >>> assigned("h = w*x + b")
    {(1, 4, 1, 11): 'h'}
    >>> sorted(assigned("a, self.b = f(x), [y, z]").values())
    ['a', 'self.b', 'self.b[0]', 'self.b[1]']
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # ValueError: null bytes
        return {}
    found: dict[Span, str] = {}
    for statement in ast.walk(tree):  # outer ones first
        if isinstance(statement, ast.AugAssign):
            found[_span(statement)] = ast.unparse(statement.target)
        for target, value in _assignments(statement):
            for text, expression in _parts(target, value):
                found.update(dict.fromkeys(_spans(expression), text))
    return found


@lru_cache(maxsize=256)
def callee(expression: str) -> str | None:
    """The last name of what an expression calls; '' if that has no name, None if it is not a call.

    >>> callee("autograd.std(xs)"), callee("f(x) * 2"), callee("layers[0](x)")
    ('std', None, '')
    """
    try:
        tree = ast.parse(f"({expression})", mode="eval").body
    except (SyntaxError, ValueError):
        return None
    if not isinstance(tree, ast.Call):
        return None
    return str(getattr(tree.func, "attr", getattr(tree.func, "id", "")))


def _assignments(statement: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(statement, ast.Assign):
        for target in reversed(statement.targets):
            yield target, statement.value
    elif isinstance(statement, ast.AnnAssign | ast.NamedExpr) and statement.value is not None:
        yield statement.target, statement.value


def _parts(target: ast.expr, value: ast.expr) -> Iterator[_Pair]:
    """The expressions whose results `target` holds, with the name of each."""
    if isinstance(target, ast.Tuple | ast.List):
        if isinstance(value, ast.Tuple | ast.List):
            for part, element in _matched(target.elts, value.elts):
                yield from _parts(part, element)
    elif not isinstance(target, ast.Starred):
        yield from _held(ast.unparse(target), value)


def _held(text: str, value: ast.expr) -> Iterator[_Pair]:
    yield text, value
    if isinstance(value, ast.IfExp):
        yield from _held(text, value.body)
        yield from _held(text, value.orelse)
    elif isinstance(value, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        yield from _held(text, value.elt)
    elif isinstance(value, ast.DictComp):
        yield from _held(text, value.value)
    elif isinstance(value, ast.Tuple | ast.List):
        for i, element in enumerate(takewhile(_is_one, value.elts)):
            yield from _held(f"{text}[{i}]", element)
    elif isinstance(value, ast.Dict):
        for key, element in zip(value.keys, value.values, strict=True):
            if key is not None:
                yield from _held(f"{text}[{ast.unparse(key)}]", element)


def _matched(targets: list[ast.expr], values: list[ast.expr]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Pair targets with values: by position, from both ends if there is a star in between."""
    if not all(map(_is_one, values)):
        return
    stars = [i for i, target in enumerate(targets) if isinstance(target, ast.Starred)]
    before = stars[0] if stars else len(targets)
    yield from zip(targets[:before], values, strict=False)
    after = len(targets) - before - 1
    if after > 0:
        yield from zip(targets[-after:], values[-after:], strict=True)


def _is_one(element: ast.expr) -> bool:
    return not isinstance(element, ast.Starred)


def _spans(expression: ast.expr) -> Iterator[Span]:
    """The spans that Python may give the instruction that computes an expression."""
    line, column, end_line, end_column = _span(expression)
    yield line, column, end_line, end_column
    method = getattr(expression, "func", None)
    if isinstance(method, ast.Attribute) and (at := method.end_lineno) not in (None, line):
        # Of a chain over several lines, Python marks from the method's own name on.
        yield at, (method.end_col_offset or 0) - len(method.attr.encode()), end_line, end_column


def _span(node: ast.expr | ast.stmt) -> Span:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0

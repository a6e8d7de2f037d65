"""Record a typed expression as if it were a line of a program: each node knows its place in the text."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Mapping
from typing import Any

from autograd.debugging.switch import debug
from autograd.expressions.expression import COMPARISONS, CONSTANTS, WITH_DEFAULTS, Expression
from autograd.expressions.language import ARITHMETIC
from autograd.primitive import PRIMITIVES
from autograd.value import Value

EXPRESSION_FILE = "<expression>"  # a name like <stdin>: linecache has its source, no folder does


def recorded(expression: Expression, leaves: Mapping[str, Value]) -> Any:
    """The value of the expression on `leaves`; each node has its place in the text, as if in a line of a program.

    `parse` accepts nothing but names, numbers and calls of known functions, so the text is safe to run. Operators
    become calls of their primitives at the same place, so that constants follow IEEE arithmetic and `<` is recorded.

    >>> from autograd import origin
    >>> from autograd.expressions.expression import parse
    >>> y = recorded(parse("tanh(x) + 1"), {"x": Value(0.5)})
    >>> origin.position(y.parents[0]).text
    'tanh(x)'
    """
    text = expression.text
    linecache.cache[EXPRESSION_FILE] = (len(text), None, text.splitlines(keepends=True), EXPRESSION_FILE)
    tree = ast.fix_missing_locations(ast.Expression(_Calls().visit(ast.parse(text, mode="eval").body)))
    functions = {**PRIMITIVES, **WITH_DEFAULTS, "<": COMPARISONS[ast.Lt], ">": COMPARISONS[ast.Gt]}
    names = {**CONSTANTS, **leaves}
    with debug():
        return eval(compile(tree, EXPRESSION_FILE, "eval"), {"__builtins__": {}, **functions}, names)


class _Calls(ast.NodeTransformer):
    """Turns every operator into a call of its primitive."""

    def visit_BinOp(self, tree: ast.BinOp) -> ast.expr:
        return _call(ARITHMETIC[type(tree.op)], tree, self.visit(tree.left), self.visit(tree.right))

    def visit_UnaryOp(self, tree: ast.UnaryOp) -> ast.expr:
        operand: ast.expr = self.visit(tree.operand)
        return _call("neg", tree, operand) if isinstance(tree.op, ast.USub) else operand

    def visit_Compare(self, tree: ast.Compare) -> ast.expr:
        name = "<" if isinstance(tree.ops[0], ast.Lt) else ">"
        return _call(name, tree, self.visit(tree.left), self.visit(tree.comparators[0]))

    def visit_Constant(self, tree: ast.Constant) -> ast.expr:
        return ast.copy_location(ast.Constant(float(tree.value)), tree)  # type: ignore[arg-type]


def _call(name: str, at: ast.expr, *operands: ast.expr) -> ast.expr:
    function = ast.copy_location(ast.Name(name, ast.Load()), at)
    return ast.copy_location(ast.Call(function, list(operands), []), at)

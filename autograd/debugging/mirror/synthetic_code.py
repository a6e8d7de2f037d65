"""Compile functions whose code objects have the file, lines and columns of another program."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import NamedTuple, TypedDict

Span = tuple[int, int, int | None, int | None]  # line, end line, column, end column (of bytes) of an expression


class LineStep(NamedTuple):
    """What a function does at one node: where, how many products it adds, whether it calls visitors and may stop.

    `variables` are the local variables that change after it.
    """

    span: Span
    products: int
    calls: bool
    stops: bool
    variables: tuple[str, ...] = ()


def compiled(file: str, name: str, first: int, arguments: Sequence[str], steps: Sequence[LineStep]) -> CodeType:
    """The code of a function called `name`, defined at line `first` of `file`, that does the `steps`."""
    write = _At((first, first, 0, 0))
    tree = ast.parse("def _(): pass")  # whose fields are those of this version of Python
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.name = name
    function.args.args = [ast.arg(each, **write.place) for each in arguments]
    function.body = [statement for step in steps for statement in _statements(step)]
    function.lineno = function.end_lineno = first
    module = compile(tree, file, "exec")
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def _statements(step: LineStep) -> Iterator[ast.stmt]:
    write = _At(step.span)
    if step.calls:
        yield write.do(write.call("(next)", write.name("(calls)")))
    if step.stops:
        yield write.stop()
    if step.products:
        taken = write.call("(take)", write.name("(products)"), ast.Constant(step.products, **write.place))
        yield write.do(write.call("(run)", taken))
    else:
        yield ast.Pass(**write.place)
    if step.variables:
        names = ast.Tuple([write.name(each, ast.Store()) for each in step.variables], ast.Store(), **write.place)
        yield ast.Assign([names], write.call("(next)", write.name("(variables)")), **write.place)


class _Place(TypedDict):
    lineno: int
    end_lineno: int
    col_offset: int
    end_col_offset: int


class _At:
    """Makes syntax trees at one place of the source."""

    def __init__(self, span: Span) -> None:
        line, end_line, start, end = span
        self.place = _Place(lineno=line, end_lineno=end_line, col_offset=start or 0, end_col_offset=end or 0)

    def name(self, name: str, context: ast.expr_context | None = None) -> ast.expr:
        return ast.Name(name, context or ast.Load(), **self.place)

    def call(self, function: str, *arguments: ast.expr) -> ast.expr:
        return ast.Call(self.name(function), list(arguments), [], **self.place)

    def do(self, expression: ast.expr) -> ast.stmt:
        return ast.Expr(expression, **self.place)

    def stop(self) -> ast.stmt:
        """`for (stop)[0] in next(stops): run((stop)[0])`, which calls `breakpoint()`, and the line begins once more.

        Debuggers stop at the first line that begins after `breakpoint()`: this one, before the products, and not the
        line after them. It begins again because the statement before `break` is in no line. The compiler would put that
        statement in the line of its only predecessor; so it has two, by an `if` that always holds.
        """
        run = ast.Call(self.name("(run)"), [self._stop(ast.Load())], [], **self.place)
        body = [ast.If(self.name("(stop)"), [self.do(run)], [], **self.place), _NO_LINE.do(_NO_LINE.name("(stop)"))]
        stops = self.call("(next)", self.name("(stops)"))
        return ast.For(self._stop(ast.Store()), stops, [*body, ast.Break(**self.place)], [], **self.place)

    def _stop(self, context: ast.expr_context) -> ast.expr:
        return ast.Subscript(self.name("(stop)"), ast.Constant(0, **self.place), context, **self.place)


_NO_LINE = _At((-1, -1, -1, -1))

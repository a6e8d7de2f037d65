"""Expressions typed by a user: names, numbers, operators and the engine's functions, and nothing else.

The text is parsed, never evaluated, by Python: a small list of syntax is turned into calls of primitives, everything
else is refused with a caret under the offending place.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import Parameter, Signature
from typing import Any, NoReturn

from autograd import functions, rules
from autograd.errors import AutogradError
from autograd.primitive import PRIMITIVES

LONGEST = 10_000  # characters
DEEPEST = 200  # levels of parentheses and operators
CONSTANTS: Mapping[str, float] = {"pi": math.pi, "inf": math.inf, "nan": math.nan}
OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.USub: "neg",
}
COMPARISONS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Gt: rules.greater,
    ast.Lt: lambda x, y: rules.greater(y, x),
}
# Functions with defaults or sequences; every other one is a row of the table.
WITH_DEFAULTS: Mapping[str, Callable[..., Any]] = {
    name: getattr(functions, name)
    for name in ["clip", "dot", "elu", "leaky_relu", "logsumexp", "mean", "norm", "prod", "std", "total", "where"]
} | {"max": functions.maximum, "min": functions.minimum}
HINTS: Mapping[type[ast.AST], str] = {
    ast.BitXor: "a power is written **",
    ast.Attribute: "names have no parts",
    ast.Subscript: "there are no indices: name each number",
    ast.Lambda: "write the body only",
    ast.NamedExpr: "an expression sets nothing",
    ast.GtE: "compare with < or >",
    ast.LtE: "compare with < or >",
    ast.FloorDiv: "use floor(x / y)",
    ast.Mod: "use mod(x, y), or fmod(x, y), which has the sign of x",
}


class ExpressionError(AutogradError, ValueError):
    """A text that is no expression; the message shows the place."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression: call it with a number, or anything with `__primitive__`, for each of `names`.

    >>> f = parse("x*tanh(y) + relu(x)")
    >>> f.names
    ('x', 'y')
    >>> f(2.0, 0.0)
    2.0
    """

    text: str
    names: tuple[str, ...]
    tree: ast.expr

    def __call__(self, *numbers: Any) -> Any:
        if len(numbers) != len(self.names):
            raise TypeError(f"{self.text!r} needs {len(self.names)} number(s), for {', '.join(self.names)}")
        return _Evaluation(self.text, dict(zip(self.names, numbers, strict=True))).visit(self.tree)

    @property
    def __signature__(self) -> Signature:
        return Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in self.names])

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Expression:
    """Read an expression; its names are in the order of their first appearance.

    Numbers, names, `+ - * / **`, parentheses, `<` and `>` (1 or 0), lists as arguments, and calls of primitives and
    functions of the engine. `pi`, `inf` and `nan` are constants.

    >>> parse("tanh(x) + rleu(y)")
    Traceback (most recent call last):
        ...
    autograd.expressions.expression.ExpressionError: unknown function 'rleu'; did you mean 'relu'?
      tanh(x) + rleu(y)
                ^^^^

    ExpressionError for anything else.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"an expression may have {LONGEST} characters, this one has {len(text)}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        place = min(max((error.offset or 1) - 1, 0), len(text.strip()))
        raise ExpressionError(_pointed(f"this is no expression: {error.msg}", text.strip(), place, 1)) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError("this is no expression: it is nested too deeply, or has a null character") from None
    checking = _Names(text.strip())
    checking.visit(tree, 0)
    return Expression(text.strip(), tuple(checking.names), tree)


def known_functions() -> list[str]:
    """The names that can be called.

    >>> {"tanh", "dot", "max"} <= set(known_functions())
    True
    """
    return sorted({*PRIMITIVES, *WITH_DEFAULTS})


def _function(name: str) -> Callable[..., Any] | None:
    return WITH_DEFAULTS.get(name) or PRIMITIVES.get(name)


def _pointed(message: str, text: str, start: int, length: int) -> str:
    """The message, the line of the text, and carets under the place."""
    line_start = text.rfind("\n", 0, start) + 1
    line = text[line_start:].split("\n")[0]
    first = max(0, start - line_start - 60)  # a long line is shown from a little before the place
    return f"{message}\n  {line[first : first + 120]}\n  {' ' * (start - line_start - first)}{'^' * max(1, length)}"


class _Names:
    """One walk over the tree that refuses what is not in the language and collects names."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: dict[str, None] = {}

    def visit(self, node: ast.AST, depth: int) -> None:
        if depth > DEEPEST:
            self.refuse(node, f"an expression may be {DEEPEST} levels deep; name a part of it")
        match node:
            case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
                children = [left, right]
            case ast.UnaryOp(ast.USub() | ast.UAdd(), operand):
                children = [operand]
            case ast.Compare(left, [comparison], [right]) if type(comparison) in COMPARISONS:
                children = [left, right]
            case ast.Call(ast.Name(name) as function, arguments, []):
                self.check_function(function, name)
                children = [each for a in arguments for each in (a.elts if isinstance(a, ast.List) else [a])]
            case ast.Name(name):
                self.check_name(node, name)
                return
            case ast.Constant(int() | float() as number) if not isinstance(number, bool):
                self.check_number(node, number)
                return
            case _:
                self.refuse(node, self.complaint(node))
        for child in children:
            self.visit(child, depth + 1)

    def check_function(self, node: ast.AST, name: str) -> None:
        if _function(name) is None:
            close = get_close_matches(name, known_functions(), 1)
            self.refuse(node, f"unknown function {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))

    def check_name(self, node: ast.AST, name: str) -> None:
        if _function(name) is not None:
            self.refuse(node, f"{name} is a function; call it, as in {name}(x)")
        if name not in CONSTANTS:
            self.names[name] = None

    def check_number(self, node: ast.AST, number: float) -> None:
        try:
            float(number)
        except OverflowError:
            self.refuse(node, "this number is too large for a float")

    def complaint(self, node: ast.AST) -> str:
        inside = [getattr(node, "op", None), *getattr(node, "ops", ())]
        hint = next((HINTS[type(each)] for each in (node, *inside) if type(each) in HINTS), "")
        return "only names, numbers, + - * / **, < > and functions are understood" + (f"; {hint}" if hint else "")

    def refuse(self, node: ast.AST, message: str) -> NoReturn:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        lines = self.text.split("\n")
        column = len(lines[line - 1].encode()[:column].decode())  # ast counts bytes
        start = sum(len(each) + 1 for each in lines[: line - 1]) + column
        same_line = getattr(node, "end_lineno", line) == line
        length = len(ast.get_source_segment(self.text, node) or " ") if same_line else 1
        raise ExpressionError(_pointed(message, self.text, start, length))


class _Evaluation:
    """One walk over a checked tree that computes it. Operators are looked up in the table when they are met."""

    def __init__(self, text: str, numbers: Mapping[str, Any]) -> None:
        self.text, self.numbers = text, numbers

    def visit(self, node: ast.AST) -> Any:
        match node:
            case ast.BinOp(left, operator, right):
                return PRIMITIVES[OPERATORS[type(operator)]](self.visit(left), self.visit(right))
            case ast.UnaryOp(operator, operand):
                number = self.visit(operand)
                return PRIMITIVES["neg"](number) if isinstance(operator, ast.USub) else number
            case ast.Compare(left, [comparison], [right]):
                return COMPARISONS[type(comparison)](self.visit(left), self.visit(right))
            case ast.Call(ast.Name(name), arguments):
                return self.call(node, name, [self.visit(argument) for argument in arguments])
            case ast.List(elements):
                return [self.visit(element) for element in elements]
            case ast.Name(name):
                return CONSTANTS[name] if name in CONSTANTS else self.numbers[name]
            case ast.Constant(number):
                return float(number)  # type: ignore[arg-type]
        raise AssertionError(f"{ast.dump(node)} was let through by parse")

    def call(self, node: ast.AST, name: str, arguments: list[Any]) -> Any:
        function = _function(name)
        assert function is not None, "parse knows its functions"
        try:
            return function(*arguments)
        except (TypeError, ValueError) as error:
            message = str(error) if str(error).startswith(name) else f"{name}: {error}"
            _Names(self.text).refuse(node, message)

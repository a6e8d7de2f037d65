"""What the expression languages share: a reader of whitelisted syntax whose errors point at the place with carets.

Python parses the text; a `Reader` turns each kind of syntax that its language has into a function of the values of the
names, and refuses every other. Nothing is passed to `eval`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from autograd.errors import AutogradError

Environment = Mapping[str, Any]
"""The values of the names: numbers, strings, truth values and nodes."""

Evaluator = Callable[[Environment], Any]

ARITHMETIC: Mapping[type[ast.operator], str] = {  # the primitive that each operator calls
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
}
METHODS: Mapping[type[ast.expr], str] = {  # of a `Reader`, for each kind of syntax that a language may have
    ast.Attribute: "read_attribute",
    ast.BinOp: "read_binary",
    ast.BoolOp: "read_logic",
    ast.Call: "read_call",
    ast.Compare: "read_comparison",
    ast.Constant: "read_constant",
    ast.List: "read_list",
    ast.Name: "read_name",
    ast.Tuple: "read_list",
    ast.UnaryOp: "read_unary",
}
BEFORE, WIDTH = 60, 120  # characters of a long line that are shown: before the place, and in all


class LanguageError(AutogradError, ValueError):
    """A text cannot be read or computed; the message has carets under the place."""


class Reader:
    """Compiles one text. A language is a subclass with the methods of `METHODS` for the kinds of syntax that it has.

    `error` is raised for everything else; `deepest` is the largest number of nested levels.
    """

    error: type[LanguageError] = LanguageError
    deepest = 100

    def __init__(self, text: str) -> None:
        self.text = text
        self._depth = 0

    def read_text(self) -> Evaluator:
        """Compile the text; `error` for syntax that Python or this language does not have."""
        try:
            tree = ast.parse(self.text, mode="eval").body
        except SyntaxError as error:
            message = f"not a valid expression: {error.msg}"
            raise self.error(_pointed(message, self.text, _offset(self.text, error))) from None
        except (ValueError, RecursionError, MemoryError):
            raise self.error("not a valid expression: it is nested too deeply or has a null character") from None
        self._encoded = self.text.encode()  # the parser counts bytes
        self._line_starts = [0, *[i for i, byte in enumerate(self._encoded, start=1) if byte == ord("\n")]]
        return self.read(tree)

    def read(self, tree: ast.expr) -> Evaluator:
        """Compile a part of the syntax tree."""
        method = getattr(self, METHODS.get(type(tree), ""), None)
        if method is None:
            self.refuse(tree, self.complaint(tree))
        if self._depth >= self.deepest:
            self.refuse(tree, f"an expression can be at most {self.deepest} levels deep")
        self._depth += 1
        evaluator: Evaluator = method(tree)
        self._depth -= 1
        return evaluator

    def complaint(self, tree: ast.expr) -> str:
        """What to say about a kind of syntax that the language does not have."""
        return f"an expression cannot contain this ({type(tree).__name__})"

    def source(self, tree: ast.expr) -> str:
        """The text that a part of the tree was read from."""
        end = self._line_starts[(tree.end_lineno or tree.lineno) - 1] + (tree.end_col_offset or 0)
        return self._encoded[self._start(tree) : end].decode()

    def refuse(self, tree: ast.expr, message: str) -> NoReturn:
        """Raise `error` with carets under a part of the tree, as far as it is on its first line."""
        start = len(self._encoded[: self._start(tree)].decode())
        raise self.error(_pointed(message, self.text, start, len(self.source(tree).split("\n")[0]))) from None

    def _start(self, tree: ast.expr) -> int:
        return self._line_starts[tree.lineno - 1] + tree.col_offset


def _offset(text: str, error: SyntaxError) -> int:
    """The character that the parser stopped at; it gives no column where something is missing at the end."""
    if not error.offset:
        return len(text)
    earlier = text.split("\n")[: (error.lineno or 1) - 1]
    return min(sum(len(line) + 1 for line in earlier) + error.offset - 1, len(text))


def _pointed(message: str, text: str, start: int, length: int = 1) -> str:
    """The message, the line of the text, and carets under the place."""
    line_start = text.rfind("\n", 0, start) + 1
    line = text[line_start:].split("\n")[0]
    first = max(0, start - line_start - BEFORE)
    return f"{message}\n  {line[first : first + WIDTH]}\n  {' ' * (start - line_start - first)}{'^' * max(1, length)}"

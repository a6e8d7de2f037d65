"""Conditions of breakpoints: expressions over a whitelist of syntax, names and functions. Nothing is ever `eval`uated.

    abs(contribution) > 10 and node.op == "tanh"

Numbers are floats, and arithmetic is that of the primitives: 1/0 is inf, so a condition does not stop a pass.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from autograd.errors import AutogradError
from autograd.primitive import Primitive, lookup
from autograd.value import Value

Environment = Mapping[str, Any]
"""What names stand for at one moment: floats, texts, truth values and nodes."""

Attributes = Mapping[str, Callable[[Value], Any]]

OPERATORS: Mapping[type[ast.operator], Primitive] = {
    ast.Add: lookup("add"),
    ast.Sub: lookup("sub"),
    ast.Mult: lookup("mul"),
    ast.Div: lookup("div"),
    ast.Pow: lookup("pow"),
}
SIGNS: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda x, among: x in among,
    ast.NotIn: lambda x, among: x not in among,
}
FUNCTIONS: Mapping[str, tuple[Callable[..., Any], int]] = {  # with the number of arguments
    "abs": (abs, 1),
    "isfinite": (math.isfinite, 1),
    "isinf": (math.isinf, 1),
    "isnan": (math.isnan, 1),
    "max": (lookup("maximum"), 2),
    "min": (lookup("minimum"), 2),
    "sign": (lookup("sign"), 1),
}
CONSTANTS: Environment = {"inf": math.inf, "nan": math.nan, "pi": math.pi, "e": math.e}
DEEPEST = 50  # levels of an expression: a person writes few, and the interpreter below is recursive

Evaluator = Callable[[Environment], Any]


class ConditionError(AutogradError, ValueError):
    """A condition cannot be read, or not be answered; the message has a caret under the place."""


@dataclass(frozen=True)
class Condition:
    """An expression that has been read and found allowed: see `read`."""

    text: str
    evaluate: Evaluator

    def holds(self, environment: Environment) -> bool:
        """Whether it is true there; a number counts as in Python, nan as true.

        >>> read("x > 1 and kind in ('mul', 'div')", {"x", "kind"}).holds({"x": 2.0, "kind": "div"})
        True

        ConditionError when the kinds of things do not fit, as in `"a" < 1`.
        """
        return bool(_plain(self.evaluate(environment)))


def read(text: str, names: Collection[str], attributes: Attributes | None = None) -> Condition:
    """The condition written as `text` over `names`, constants, and the functions of the table.

    What nodes have is said by `attributes`: `{"grad": lambda node: node.grad}`; a node by itself counts as its number.
    A name may be any expression that names a node, such as `w2[1,0]`.

    >>> read("__import__('os')", {"x"})
    Traceback (most recent call last):
        ...
    autograd.expressions.conditions.ConditionError: no function '__import__' here; there are abs, isfinite, isinf, ...
      __import__('os')
      ^^^^^^^^^^

    ConditionError for anything else.
    """
    text = text.strip()
    if not text:
        raise ConditionError("a condition is missing; write for instance: if abs(contribution) > 1")
    if len(text.splitlines()) > 1:
        raise ConditionError(f"a condition is one line, got {text!r}")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConditionError(_syntax_message(text, error)) from None
    return Condition(text, _Reader(text, names, attributes or {}).read(tree))


def _syntax_message(text: str, error: BaseException) -> str:
    if not isinstance(error, SyntaxError):
        return f"this is no expression: {text}"
    column = min((error.offset or len(text) + 1) - 1, len(text))  # it is 0 where something is missing at the end
    return f"this is no expression ({error.msg})\n  {text}\n  {' ' * column}^"


@dataclass
class _Reader:
    """Turns a syntax tree into functions of the environment; each kind of node that is allowed is a row of READERS."""

    text: str  # one line
    names: Collection[str]
    attributes: Attributes
    depth: int = 0

    def __post_init__(self) -> None:
        self.encoded = self.text.encode()  # the parser counts bytes

    def read(self, tree: ast.expr) -> Evaluator:
        name = "".join(self.source(tree).split())
        if isinstance(tree, ast.Name | ast.Attribute | ast.Subscript) and name in self.names:
            return lambda environment: environment[name]
        reader = READERS.get(type(tree))
        if reader is None:
            raise self.error(tree, f"a condition cannot contain this ({type(tree).__name__})")
        if self.depth >= DEEPEST:
            raise self.error(tree, f"a condition is at most {DEEPEST} levels deep")
        self.depth += 1
        evaluator = reader(self, tree)
        self.depth -= 1
        return evaluator

    def source(self, tree: ast.expr) -> str:
        """The piece of text that this part of the tree was read from."""
        return self.encoded[tree.col_offset : tree.end_col_offset].decode()

    def error(self, tree: ast.expr, message: str) -> ConditionError:
        """The error about this part of the tree."""
        start = len(self.encoded[: tree.col_offset].decode())
        return ConditionError(f"{message}\n  {self.text}\n  {' ' * start}{'^' * len(self.source(tree))}")

    def apply(self, tree: ast.expr, function: Callable[..., Any], *parts: Evaluator) -> Evaluator:
        """`function` of the parts, which are numbers or texts when it is called."""

        def evaluate(environment: Environment) -> Any:
            values = [_plain(part(environment)) for part in parts]
            try:
                return function(*values)
            except (TypeError, ValueError, ArithmeticError) as error:
                shown = ", ".join(repr(value) for value in values)
                raise self.error(tree, f"cannot answer this for {shown} ({error})") from None

        return evaluate

    def constant(self, tree: ast.Constant) -> Evaluator:
        value = tree.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = _as_float(value)
        elif not isinstance(value, str | bool):
            raise self.error(tree, f"a condition cannot contain {value!r}")
        return lambda environment: value

    def name(self, tree: ast.Name) -> Evaluator:
        if tree.id in CONSTANTS:
            return lambda environment: CONSTANTS[tree.id]
        raise self.error(tree, f"no name {tree.id!r} here; there are {_listed(self.names)}")

    def attribute(self, tree: ast.Attribute) -> Evaluator:
        of_node = self.attributes.get(tree.attr)
        if of_node is None:
            known = ", ".join(self.attributes) or "none"
            raise self.error(tree, f"no attribute .{tree.attr}; a node has {known}")
        owner = self.read(tree.value)

        def evaluate(environment: Environment) -> Any:
            node = owner(environment)
            if not isinstance(node, Value):
                raise self.error(tree.value, f"{self.source(tree.value)} is {node!r}, and only nodes have .{tree.attr}")
            return of_node(node)

        return evaluate

    def call(self, tree: ast.Call) -> Evaluator:
        name = tree.func.id if isinstance(tree.func, ast.Name) else ""
        if name not in FUNCTIONS:
            called = self.source(tree.func)
            raise self.error(tree.func, f"no function {called!r} here; there are {', '.join(FUNCTIONS)}")
        function, arity = FUNCTIONS[name]
        if len(tree.args) != arity or tree.keywords:
            raise self.error(tree, f"{name} takes {arity} number{'s' * (arity > 1)}")
        return self.apply(tree, _of_numbers(function), *map(self.read, tree.args))

    def binary(self, tree: ast.BinOp) -> Evaluator:
        function = OPERATORS.get(type(tree.op))
        if function is None:
            raise self.error(tree, f"no operator {type(tree.op).__name__} here; there are + - * / **")
        return self.apply(tree, _of_numbers(function), self.read(tree.left), self.read(tree.right))

    def unary(self, tree: ast.UnaryOp) -> Evaluator:
        if isinstance(tree.op, ast.Not):
            return self.apply(tree, operator.not_, self.read(tree.operand))
        function = SIGNS.get(type(tree.op))
        if function is None:
            raise self.error(tree, "no operator ~ here; write not")
        return self.apply(tree, _of_numbers(function), self.read(tree.operand))

    def logic(self, tree: ast.BoolOp) -> Evaluator:
        parts = [self.read(part) for part in tree.values]
        decide = all if isinstance(tree.op, ast.And) else any  # both stop early, as `and` and `or` do
        return lambda environment: decide(_plain(part(environment)) for part in parts)

    def comparison(self, tree: ast.Compare) -> Evaluator:
        pairs, left = [], self.read(tree.left)
        for operation, each in zip(tree.ops, tree.comparators, strict=True):
            compare = COMPARISONS.get(type(operation))
            if compare is None:
                raise self.error(tree, "no `is` here; write ==")
            right = self.read(each)
            pairs.append(self.apply(tree, compare, left, right))
            left = right
        return lambda environment: all(pair(environment) for pair in pairs)

    def collection(self, tree: ast.Tuple | ast.List) -> Evaluator:
        parts = [self.read(part) for part in tree.elts]
        return lambda environment: tuple([_plain(part(environment)) for part in parts])


READERS: Mapping[type[ast.expr], Callable[[_Reader, Any], Evaluator]] = {
    ast.Attribute: _Reader.attribute,
    ast.BinOp: _Reader.binary,
    ast.BoolOp: _Reader.logic,
    ast.Call: _Reader.call,
    ast.Compare: _Reader.comparison,
    ast.Constant: _Reader.constant,
    ast.List: _Reader.collection,
    ast.Name: _Reader.name,
    ast.Tuple: _Reader.collection,
    ast.UnaryOp: _Reader.unary,
}


def _plain(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def _as_float(x: float) -> float:
    try:
        return float(x)
    except OverflowError:  # an integer of more than 308 digits
        return math.inf


def _of_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Texts can be compared but not added: `"a" * 10**9` is no condition."""

    def checked(*values: Any) -> Any:
        if not all(isinstance(value, float) for value in values):
            raise TypeError("it takes numbers")
        return function(*values)

    return checked


def _listed(names: Collection[str], most: int = 16) -> str:
    shown = sorted(names)[:most]
    return ", ".join(shown) + (", …" if len(names) > most else "")

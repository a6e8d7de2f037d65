"""Conditions of breakpoints: expressions over values of the program, with comparisons and logic.

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

from autograd.expressions.language import ARITHMETIC, Environment, Evaluator, LanguageError, Reader
from autograd.primitive import Primitive, lookup
from autograd.value import Value

Attributes = Mapping[str, Callable[[Value], Any]]

OPERATORS: Mapping[type[ast.operator], Primitive] = {kind: lookup(name) for kind, name in ARITHMETIC.items()}
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


class ConditionError(LanguageError):
    """A condition cannot be read or evaluated; the message shows the place."""


@dataclass(frozen=True)
class Condition:
    """A condition that `parse_condition` has accepted."""

    text: str
    evaluate: Evaluator

    def holds(self, environment: Environment) -> bool:
        """Whether it is true with these values; numbers have Python's truth values, so nan is true.

        >>> parse_condition("x > 1 and kind in ('mul', 'div')", {"x", "kind"}).holds({"x": 2.0, "kind": "div"})
        True

        ConditionError when an operation does not take the values, as in `"a" < 1`.
        """
        return bool(_plain(self.evaluate(environment)))


def parse_condition(text: str, names: Collection[str], attributes: Attributes | None = None) -> Condition:
    """Parse a condition over `names`, `CONSTANTS` and `FUNCTIONS`.

    `attributes` are those of nodes, as in `{"grad": lambda node: node.grad}`; a node by itself counts as its number.
    A name may have dots and brackets, as in `w2[1,0]`.

    >>> parse_condition("__import__('os')", {"x"})
    Traceback (most recent call last):
        ...
    autograd.expressions.conditions.ConditionError: no function '__import__' here; there are abs, isfinite, isinf, ...
      __import__('os')
      ^^^^^^^^^^

    ConditionError for anything else.
    """
    text = text.strip()
    if not text:
        raise ConditionError("the condition is missing; write, for example, if abs(contribution) > 1")
    if len(text.splitlines()) > 1:
        raise ConditionError(f"a condition must be one line, got {text!r}")
    return Condition(text, _ConditionReader(text, names, attributes or {}).read_text())


class _ConditionReader(Reader):
    """Compiles a condition over `names`; nodes have `attributes`."""

    error = ConditionError
    deepest = 50  # people write few, and evaluation is recursive

    def __init__(self, text: str, names: Collection[str], attributes: Attributes) -> None:
        super().__init__(text)
        self.names, self.attributes = names, attributes

    def read(self, tree: ast.expr) -> Evaluator:
        if isinstance(tree, ast.Name | ast.Attribute | ast.Subscript):
            name = "".join(self.source(tree).split())
            if name in self.names:  # a name may contain dots and brackets
                return lambda environment: environment[name]
        return super().read(tree)

    def complaint(self, tree: ast.expr) -> str:
        return f"a condition cannot contain this ({type(tree).__name__})"

    def apply(self, tree: ast.expr, function: Callable[..., Any], *parts: Evaluator) -> Evaluator:
        """`function` of the values of `parts`; a node counts as its number."""

        def evaluate(environment: Environment) -> Any:
            values = [_plain(part(environment)) for part in parts]
            try:
                return function(*values)
            except (TypeError, ValueError, ArithmeticError) as error:
                shown = ", ".join(repr(value) for value in values)
                self.refuse(tree, f"cannot compute this for {shown} ({error})")

        return evaluate

    def read_constant(self, tree: ast.Constant) -> Evaluator:
        value = tree.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = _as_float(value)
        elif not isinstance(value, str | bool):
            self.refuse(tree, f"a condition cannot contain {value!r}")
        return lambda environment: value

    def read_name(self, tree: ast.Name) -> Evaluator:
        if tree.id not in CONSTANTS:
            self.refuse(tree, f"no name {tree.id!r} here; there are {_listed(self.names)}")
        return lambda environment: CONSTANTS[tree.id]

    def read_attribute(self, tree: ast.Attribute) -> Evaluator:
        of_node = self.attributes.get(tree.attr)
        if of_node is None:
            known = ", ".join(self.attributes) or "none"
            self.refuse(tree, f"no attribute .{tree.attr}; a node has {known}")
        owner = self.read(tree.value)

        def evaluate(environment: Environment) -> Any:
            node = owner(environment)
            if not isinstance(node, Value):
                self.refuse(tree.value, f"{self.source(tree.value)} is {node!r}, and only nodes have .{tree.attr}")
            return of_node(node)

        return evaluate

    def read_call(self, tree: ast.Call) -> Evaluator:
        name = tree.func.id if isinstance(tree.func, ast.Name) else ""
        if name not in FUNCTIONS:
            called = self.source(tree.func)
            self.refuse(tree.func, f"no function {called!r} here; there are {', '.join(FUNCTIONS)}")
        function, arity = FUNCTIONS[name]
        if len(tree.args) != arity or tree.keywords:
            self.refuse(tree, f"{name} takes {arity} number{'s' * (arity > 1)}")
        return self.apply(tree, _of_numbers(function), *map(self.read, tree.args))

    def read_binary(self, tree: ast.BinOp) -> Evaluator:
        function = OPERATORS.get(type(tree.op))
        if function is None:
            self.refuse(tree, f"no operator {type(tree.op).__name__} here; there are + - * / **")
        return self.apply(tree, _of_numbers(function), self.read(tree.left), self.read(tree.right))

    def read_unary(self, tree: ast.UnaryOp) -> Evaluator:
        if isinstance(tree.op, ast.Not):
            return self.apply(tree, operator.not_, self.read(tree.operand))
        function = SIGNS.get(type(tree.op))
        if function is None:
            self.refuse(tree, "no operator ~ here; write not")
        return self.apply(tree, _of_numbers(function), self.read(tree.operand))

    def read_logic(self, tree: ast.BoolOp) -> Evaluator:
        parts = [self.read(part) for part in tree.values]
        decide = all if isinstance(tree.op, ast.And) else any  # both stop early, as `and` and `or` do
        return lambda environment: decide(_plain(part(environment)) for part in parts)

    def read_comparison(self, tree: ast.Compare) -> Evaluator:
        pairs, left = [], self.read(tree.left)
        for operation, each in zip(tree.ops, tree.comparators, strict=True):
            compare = COMPARISONS.get(type(operation))
            if compare is None:
                self.refuse(tree, "no `is` here; write ==")
            right = self.read(each)
            pairs.append(self.apply(tree, compare, left, right))
            left = right
        return lambda environment: all(pair(environment) for pair in pairs)

    def read_list(self, tree: ast.Tuple | ast.List) -> Evaluator:
        parts = [self.read(part) for part in tree.elts]
        return lambda environment: tuple([_plain(part(environment)) for part in parts])


def _plain(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def _as_float(x: float) -> float:
    try:
        return float(x)
    except OverflowError:  # an integer of more than 308 digits
        return math.inf


def _of_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Strings can be compared but not computed with: `"a" * 10**9` is refused."""

    def checked(*values: Any) -> Any:
        if not all(isinstance(value, float) for value in values):
            raise TypeError("it takes numbers")
        return function(*values)

    return checked


def _listed(names: Collection[str], most: int = 16) -> str:
    shown = sorted(names)[:most]
    return ", ".join(shown) + (", …" if len(names) > most else "")

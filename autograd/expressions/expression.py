"""Expressions typed on a command line: names, numbers, operators and the engine's functions, and nothing else."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Any

from autograd import functions, rules
from autograd.expressions.language import ARITHMETIC, Environment, Evaluator, LanguageError, Reader
from autograd.io.suggestions import did_you_mean
from autograd.primitive import PRIMITIVES

LONGEST = 10_000  # characters
CONSTANTS: Mapping[str, float] = {"pi": math.pi, "inf": math.inf, "nan": math.nan}
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
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
    ast.Attribute: "attributes such as x.data are not supported here; for a file write train.py:NAME",
    ast.Subscript: "indices are not supported here; give each number a name of its own",
    ast.Lambda: "write the body only",
    ast.NamedExpr: "assignments are not supported here",
    ast.GtE: "compare with < or >",
    ast.LtE: "compare with < or >",
    ast.FloorDiv: "use floor(x / y)",
    ast.Mod: "use mod(x, y), or fmod(x, y), which has the sign of x",
}


class ExpressionError(LanguageError):
    """A text is not an expression of this language; the message shows the place."""


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
    evaluate: Evaluator = field(repr=False, compare=False)

    def __call__(self, *numbers: Any) -> Any:
        if len(numbers) != len(self.names):
            raise TypeError(f"{self.text!r} needs {len(self.names)} number(s), for {', '.join(self.names)}")
        return self.evaluate(dict(zip(self.names, numbers, strict=True)))

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
        raise ExpressionError(f"an expression can have at most {LONGEST} characters, this one has {len(text)}")
    reader = _ExpressionReader(text.strip())
    evaluate = reader.read_text()
    return Expression(reader.text, tuple(reader.names), evaluate)


def known_functions() -> list[str]:
    """The names that can be called.

    >>> {"tanh", "dot", "max"} <= set(known_functions())
    True
    """
    return sorted({*PRIMITIVES, *WITH_DEFAULTS})


def _function(name: str) -> Callable[..., Any] | None:
    return WITH_DEFAULTS.get(name) or PRIMITIVES.get(name)


class _ExpressionReader(Reader):
    """Compiles an expression and collects its names. Primitives are looked up when the expression is called."""

    error = ExpressionError
    deepest = 200

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.names: dict[str, None] = {}

    def read_binary(self, tree: ast.BinOp) -> Evaluator:
        name = ARITHMETIC.get(type(tree.op))
        if name is None:
            self.refuse(tree, self.complaint(tree))
        left, right = self.read(tree.left), self.read(tree.right)
        return lambda environment: PRIMITIVES[name](left(environment), right(environment))

    def read_unary(self, tree: ast.UnaryOp) -> Evaluator:
        if not isinstance(tree.op, ast.USub | ast.UAdd):
            self.refuse(tree, self.complaint(tree))
        operand = self.read(tree.operand)
        if isinstance(tree.op, ast.UAdd):
            return operand
        return lambda environment: PRIMITIVES["neg"](operand(environment))

    def read_comparison(self, tree: ast.Compare) -> Evaluator:
        compare = COMPARISONS.get(type(tree.ops[0])) if len(tree.ops) == 1 else None
        if compare is None:
            self.refuse(tree, self.complaint(tree))
        left, right = self.read(tree.left), self.read(tree.comparators[0])
        return lambda environment: compare(left(environment), right(environment))

    def read_call(self, tree: ast.Call) -> Evaluator:
        if not isinstance(tree.func, ast.Name) or tree.keywords:
            self.refuse(tree, self.complaint(tree))
        name = tree.func.id
        if _function(name) is None:
            self.refuse(tree.func, f"unknown function {name!r}{did_you_mean(name, known_functions())}")
        arguments = [self._argument(each) for each in tree.args]

        def evaluate(environment: Environment) -> Any:
            function = _function(name)
            assert function is not None, "it was known when it was read"
            values = [argument(environment) for argument in arguments]
            try:
                return function(*values)
            except (TypeError, ValueError) as error:
                self.refuse(tree, str(error) if str(error).startswith(name) else f"{name}: {error}")

        return evaluate

    def _argument(self, tree: ast.expr) -> Evaluator:
        if not isinstance(tree, ast.List):
            return self.read(tree)
        elements = [self.read(each) for each in tree.elts]
        return lambda environment: [element(environment) for element in elements]

    def read_name(self, tree: ast.Name) -> Evaluator:
        name = tree.id
        if _function(name) is not None:
            self.refuse(tree, f"{name} is a function; call it, as in {name}(x)")
        if name in CONSTANTS:
            return lambda environment: CONSTANTS[name]
        self.names[name] = None
        return lambda environment: environment[name]

    def read_constant(self, tree: ast.Constant) -> Evaluator:
        if not isinstance(tree.value, int | float) or isinstance(tree.value, bool):
            self.refuse(tree, self.complaint(tree))
        try:
            number = float(tree.value)
        except OverflowError:
            self.refuse(tree, "this number is too large for a float")
        return lambda environment: number

    def complaint(self, tree: ast.expr) -> str:
        inside = [getattr(tree, "op", None), *getattr(tree, "ops", ())]
        hint = next((HINTS[type(each)] for each in (tree, *inside) if type(each) in HINTS), "")
        return "only names, numbers, + - * / **, < > and functions are understood" + (f"; {hint}" if hint else "")

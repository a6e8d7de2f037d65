"""The fast path of an operator: one flat Python function that computes the value and the partials of its row.

It is made from the row itself: its value and its partials are called with symbols for the operands, and what they do is
written down as source. Where they ask for a truth, as in `x if x > 0.0 else 0.0`, both answers are followed, to an `if`
and an `else`; what cannot be followed (a loop, a function in C) is called. So the rule stays written once, in its row,
and an operation costs one call instead of ten. The source does what the row does as long as nothing is raised: where
something is (1/0, the exponential of 1000), the caller has to ask the row.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import BuiltinFunctionType, CellType, FunctionType
from typing import Any, NoReturn

from autograd.primitive import Primitive

_OPERATORS = {operator.add, operator.sub, operator.mul, operator.neg, abs}
_EXCLUDED = {">": ("<", "<=", "=="), "<": (">", ">=", "=="), "==": ("<", ">", "!="), "<=": (">",), ">=": ("<",)}
_QUESTIONS = 5  # on one path; beyond, partials are called

Answers = dict[str, bool]


class _Question(Exception):  # noqa: N818 (nothing is wrong)
    """A truth that is not known yet: the two answers are followed one after the other."""


class _TooDeep(Exception):  # noqa: N818
    """One question more than a path may have."""


class _Opaque(Exception):  # noqa: N818
    """A function that turned out, while it was followed, to have to be called."""


class _Path:
    """One path through a row: statements, the objects they refer to by name, and the answers that lead here."""

    def __init__(self, names: dict[str, Any], opaque: set[Any], answers: Answers) -> None:
        self.lines: list[str] = []
        self.names = names
        self.opaque = opaque
        self.answers = answers
        self.known: dict[str, _Symbol] = {}

    def assign(self, expression: str) -> _Symbol:
        """A symbol for what the expression gives, on a line of its own, unless there is one."""
        if expression not in self.known:
            self.known[expression] = symbol = _Symbol(f"t{len(self.lines)}", self)
            self.lines.append(f"{symbol.name} = {expression}")
        return self.known[expression]

    def give(self, x: Any, name: str) -> None:
        """Give what has just been computed a name."""
        text = self.text(x)
        if self.lines and self.lines[-1].startswith(f"{text} = "):
            self.lines[-1] = name + self.lines[-1].removeprefix(text)
            x.name = name
        else:
            self.lines.append(f"{name} = {text}")

    def holds(self, condition: str) -> bool:
        """The answer on this path; of x > y, x < y and x == y only one holds, if any."""
        if condition in self.answers:
            return self.answers[condition]
        if any(yes and condition in _excluded(known) for known, yes in self.answers.items()):
            return False
        if len(self.answers) == _QUESTIONS:
            raise _TooDeep
        raise _Question(condition)

    def text(self, x: Any) -> str:
        """A symbol by name, a number as it is written, or by name where it has no literal."""
        if isinstance(x, _Symbol):
            return x.name
        return repr(float(x)) if float("-inf") < x < float("inf") else self.name("number", float(x))

    def name(self, prefix: str, thing: Any) -> str:
        """The name under which the source finds `thing`."""
        for name, known in self.names.items():
            if known is thing:
                return name
        name = f"{prefix}_{len(self.names)}"
        self.names[name] = thing
        return name

    def call(self, function: Callable[..., Any], *operands: Any) -> Any:
        """The result of a function that is called; the result itself if it is known now."""
        if not any(isinstance(x, _Symbol) for x in operands):
            return function(*operands)
        words = [self.text(x) for x in operands]
        if function is math.pow and words[1] == "1.0":
            return operands[0]
        prefix = getattr(function, "__name__", "")
        name = self.name(prefix if prefix.isidentifier() else "function", function)
        return self.assign(f"{name}({', '.join(words)})")

    def follow(self, function: Callable[..., Any], *operands: Any) -> Any:
        """The result of a function, by the statements that it executes; or by a call."""
        if function in _OPERATORS:
            return function(*operands)
        if function in self.opaque or not isinstance(function, FunctionType):
            return self.call(function, *operands)
        try:
            return self.rebound(function)(*operands)
        except (AttributeError, TypeError):
            raise _Opaque(function) from None

    def rebound(self, function: Any) -> Callable[..., Any]:
        """The function with a stand-in for `math`, whose functions take no symbols."""
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        closure = tuple(CellType(partial(self.call, x) if isinstance(x, BuiltinFunctionType) else x) for x in cells)
        names = {**function.__globals__, "math": _Math(self)}
        return FunctionType(function.__code__, names, function.__name__, function.__defaults__, closure)


def _excluded(condition: str) -> list[str]:
    """The comparisons that are false where this one is true."""
    x, sign, y = condition.split() if " " in condition else (condition, "", "")
    return [f"{x} {other} {y}" for other in _EXCLUDED.get(sign, ())]


class _Math:
    """What a function that is followed sees as `math`."""

    def __init__(self, path: _Path) -> None:
        self.path = path

    def __getattr__(self, name: str) -> Any:
        found = getattr(math, name)
        return partial(self.path.call, found) if callable(found) else found


class _Symbol:
    """A float that is not known yet: it passes for one in `isinstance`, but no function in C takes it for a number."""

    def __init__(self, name: str, path: _Path) -> None:
        self.name = name
        self.path = path

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return float

    def __primitive__(self, primitive: Primitive, operands: Sequence[Any]) -> Any:
        return self.path.follow(primitive.value, *operands)

    def __neg__(self) -> _Symbol:
        return self.path.assign(f"-{self.name}")

    def __abs__(self) -> Any:
        return self.path.call(abs, self)

    def __bool__(self) -> bool:
        return self.path.holds(self.name)

    def __float__(self) -> NoReturn:
        raise TypeError("the number is not known before the row runs")

    __hash__ = None  # type: ignore[assignment]


class _Condition:
    """The truth of a comparison that is not known yet."""

    def __init__(self, text: str, path: _Path) -> None:
        self.text = text
        self.path = path

    def __bool__(self) -> bool:
        return self.path.holds(self.text)

    def __float__(self) -> float:
        return 1.0 if self else 0.0


def _infix(sign: str) -> tuple[Callable[[_Symbol, Any], _Symbol], Callable[[_Symbol, Any], _Symbol]]:
    """An operator between a symbol and a symbol or number, and its reflection."""

    def forward(self: _Symbol, other: Any) -> _Symbol:
        return self.path.assign(f"{self.name} {sign} {self.path.text(other)}")

    def reflected(self: _Symbol, other: Any) -> _Symbol:
        return self.path.assign(f"{self.path.text(other)} {sign} {self.name}")

    return forward, reflected


def _compared(sign: str) -> Callable[[_Symbol, Any], _Condition]:
    return lambda self, other: _Condition(f"{self.name} {sign} {self.path.text(other)}", self.path)


for _name, _sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "mod": "%"}.items():
    for _method, _meaning in zip((f"__{_name}__", f"__r{_name}__"), _infix(_sign), strict=True):
        setattr(_Symbol, _method, _meaning)
for _name, _sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    setattr(_Symbol, f"__{_name}__", _compared(_sign))


def computation(
    primitive: Primitive, operands: Sequence[str | float], wanted: Sequence[int], names: dict[str, Any]
) -> tuple[list[str], list[str]]:
    """Statements that compute a row, the result as `data`, and its partials by the operands `wanted` as expressions.

    Operands are names of floats, or floats. What the source refers to is added to `names`. Where the statements raise
    an ArithmeticError or ValueError, the row has the answer.

    >>> from autograd.rules import mul, exp, relu
    >>> computation(mul, ("x", "y"), [1], {})
    (['data = x * y'], ['x'])
    >>> computation(exp, ("x",), [0], {})[1]
    ['data']
    >>> computation(relu, ("x",), [0], {})[0][:3]
    ['if x <= 0.0:', '    data = 0.0', '    if x < 0.0:']
    """
    opaque: set[Any] = set()
    while True:
        known = dict(names)
        try:
            found = _Row(primitive, operands, wanted, known, opaque).written()
        except _Opaque as unknown:
            opaque.add(unknown.args[0])
        else:
            names.update(known)
            return found


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that is being written down."""

    primitive: Primitive
    operands: Sequence[str | float]
    wanted: Sequence[int]
    names: dict[str, Any]
    opaque: set[Any]

    def written(self) -> tuple[list[str], list[str]]:
        """The statements and the expressions of the partials."""
        path = _Path(self.names, self.opaque, {})
        try:
            return path.lines, self.walk(path)
        except _Question:
            return self.branches({}, 0), [f"partial_{i}" for i in self.wanted]

    def walk(self, path: _Path) -> list[str]:
        """Follow the row to its end; the expressions of its partials."""
        operands = [_Symbol(x, path) if isinstance(x, str) else x for x in self.operands]
        try:
            out = path.follow(self.primitive.value, *operands)
        except _TooDeep:
            raise _Opaque(self.primitive.value) from None
        path.give(out, "data")
        return [path.text(self.partial(path, i, out, operands)) for i in self.wanted]

    def partial(self, path: _Path, i: int, out: Any, operands: Sequence[Any]) -> Any:
        """The partial by operand i, a symbol or a number."""
        rule = self.primitive.partials[i]
        return path.follow(rule, out, *operands) if callable(rule) else rule

    def branches(self, answers: Answers, done: int) -> list[str]:
        """The statements after the first `done`, which lead to what the answers decide."""
        path = _Path(self.names, self.opaque, answers)
        try:
            partials = self.walk(path)
        except _Question as question:
            (condition,) = question.args
            yes, no = [self.branches(answers | {condition: each}, len(path.lines)) for each in (True, False)]
            either = yes if yes == no else [f"if {condition}:", *_indented(yes), "else:", *_indented(no)]
            return path.lines[done:] + either
        except _TooDeep:
            called = _Path(self.names, {*self.opaque, *self.primitive.partials}, {})
            out, *operands = [_Symbol(x, called) if isinstance(x, str) else x for x in ("data", *self.operands)]
            partials = [called.text(self.partial(called, i, out, operands)) for i in self.wanted]
            return [*called.lines, *[f"partial_{i} = {text}" for i, text in zip(self.wanted, partials, strict=True)]]
        return path.lines[done:] + [f"partial_{i} = {text}" for i, text in zip(self.wanted, partials, strict=True)]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def function(source: str, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The function of that name that `source` defines, with `names` as its globals.

    >>> function("def twice(x):\\n    return 2.0 * x", "twice", {})(3.0)
    6.0
    """
    exec(compile(source, f"<autograd {name}>", "exec"), names)
    found: Callable[..., Any] = names[name]
    return found

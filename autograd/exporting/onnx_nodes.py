"""Nodes of an ONNX graph, and the rows of the table in them, by the formulas that machine code has.

onnxruntime computes tan, atan, erf and others in float32 only. In float64 they are put together here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd import rules
from autograd._numpy import NDArray, np
from autograd.compiler.llvm.body import Body, Word
from autograd.compiler.llvm.rows import LOOPED
from autograd.errors import CompileError
from autograd.primitive import Primitive

# Rows and functions of the C library that are one operator, in both precisions.
OPERATORS = {
    **{name: name.capitalize() for name in ("exp", "log", "sin", "cos", "tanh", "sigmoid", "sqrt", "pow")},
    **{name: name.capitalize() for name in ("abs", "floor", "ceil", "relu", "sign", "neg", "reciprocal")},
    **{name: name.capitalize() for name in ("add", "sub", "mul", "div")},
    "maximum": "Max",
    "minimum": "Min",
}
SINGLE = {name: name.capitalize() for name in ("tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh")}
SINGLE |= {"atanh": "Atanh", "erf": "Erf"}  # operators in float32 only
RELATIONS = {"olt": "Less", "ole": "LessOrEqual", "ogt": "Greater", "oge": "GreaterOrEqual", "oeq": "Equal"}
NEGATED = {"une": "oeq", "ult": "oge", "ule": "ogt", "ugt": "ole", "uge": "olt"}
HALF_PI = math.pi / 2.0


class Nodes(Body):
    """The nodes and constants of a graph; every method that computes returns the name of its result."""

    def __init__(self, helper: Any, single: bool) -> None:
        super().__init__(1, exact=True)
        self._helper = helper
        self.single, self.dtype = single, np.dtype(np.float32 if single else np.float64)
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self._known: dict[tuple[Any, ...], str] = {}

    def node(self, operator: str, *operands: str, **attributes: Any) -> str:
        """The result of an operator; equal nodes are one."""
        key = operator, operands, tuple(sorted((name, str(x)) for name, x in attributes.items()))
        if key not in self._known:
            self._known[key] = name = f"t.{len(self.nodes)}"  # no argument has such a name
            self.nodes.append(self._helper.make_node(operator, [*operands], [name], **attributes))
        return self._known[key]

    def constant(self, numbers: Any, dtype: Any = None) -> str:
        """The name of an array that the file holds."""
        array = np.asarray(numbers, dtype or self.dtype)
        key = "constant", array.shape, str(array.dtype), array.tobytes()
        if key not in self._known:
            self._known[key] = name = f"c.{len(self.constants)}"
            self.constants[name] = array
        return self._known[key]

    def row(self, row: Primitive, operands: Sequence[str]) -> str:
        """A row of the table, applied number by number."""
        if row.name in OPERATORS or row.name in OWN:
            return self.each(f"libm_{row.name}", *operands)
        name = "pow" if row is rules.pow_ else row.name
        if name not in LOOPED or LOOPED[name][0] != len(operands):
            raise CompileError(f"the primitive {row.name!r} of {len(operands)} operands has no ONNX operators")
        return LOOPED[name][1](self, *operands)

    # --- what formulas write ------------------------------------------------------------------------------------------

    def word(self, x: Word) -> str:
        """An operand by name."""
        return x if isinstance(x, str) else self.constant(x)

    def _two(self, operation: str, x: Word, y: Word) -> str:
        return self.node(operation[1:].capitalize(), self.word(x), self.word(y))

    def neg(self, x: Word) -> str:
        """−x."""
        return self.node("Neg", self.word(x))

    def fma(self, x: Word, y: Word, z: Word) -> str:
        """x y + z."""
        return self.add(self.mul(x, y), z)

    def call(self, name: str, *operands: Word) -> str:
        """sqrt, fabs, copysign, trunc, floor, ceil."""
        words = [self.word(x) for x in operands]
        if name == "copysign":
            size = self.node("Abs", words[0])
            return self.select(self.compare("olt", words[1], 0.0), self.neg(size), size)
        if name == "trunc":
            return self.mul(self.node("Sign", *words), self.node("Floor", self.node("Abs", *words)))
        return self.node({"fabs": "Abs"}.get(name, name.capitalize()), *words)

    def each(self, symbol: str, *operands: Word) -> str:
        """A function of the C library."""
        name, words = symbol.removeprefix("libm_"), [self.word(x) for x in operands]
        if name in OPERATORS:
            return self.node(OPERATORS[name], *words)
        if self.single and name in SINGLE:
            return self.node(SINGLE[name], *words)
        if name not in OWN:
            raise CompileError(f"the function {name!r} has no ONNX operators")
        return OWN[name](self, *words)

    def compare(self, relation: str, x: Word, y: Word) -> str:
        """A flag; relations are those of LLVM."""
        words = self.word(x), self.word(y)
        if relation in RELATIONS:
            return self.node(RELATIONS[relation], *words)
        if relation in NEGATED:
            return self.node("Not", self.compare(NEGATED[relation], *words))
        if relation == "one":
            return self.either(self.compare("olt", *words), self.compare("ogt", *words))
        same = self.both(*[self.compare("oeq", each, each) for each in words])
        return self.node("Not", same) if relation == "uno" else same

    def either(self, x: str, y: str) -> str:
        """Both flags' disjunction."""
        return self.node("Or", x, y)

    def both(self, x: str, y: str) -> str:
        """Both flags' conjunction."""
        return self.node("And", x, y)

    def select(self, flag: str, x: Word, y: Word) -> str:
        """x where the flag is set, else y."""
        return self.node("Where", flag, self.word(x), self.word(y))


# --- functions that are no operators, or in float32 only --------------------------------------------------------------


def _expm1(b: Nodes, x: str) -> str:
    t = b.each("tanh", b.mul(x, 0.5))
    near = b.div(b.mul(2.0, t), b.sub(1.0, t))
    return b.select(b.compare("olt", b.call("fabs", x), 0.5), near, b.sub(b.each("exp", x), 1.0))


def _log1p(b: Nodes, x: str) -> str:
    """log(u) x/(u − 1) with u = 1 + x rounded (Kahan)."""
    u = b.add(1.0, x)
    near = b.mul(b.each("log", u), b.div(x, b.sub(u, 1.0)))
    far = b.select(b.compare("oeq", u, 1.0), x, b.each("log", u))
    return b.select(b.both(b.compare("one", u, 1.0), b.compare("olt", b.call("fabs", x), 0.5)), near, far)


def _sinh(b: Nodes, x: str) -> str:
    s = _expm1(b, b.call("fabs", x))
    return b.call("copysign", b.mul(0.5, b.add(s, b.div(s, b.add(s, 1.0)))), x)


def _cosh(b: Nodes, x: str) -> str:
    return b.mul(0.5, b.add(b.each("exp", x), b.each("exp", b.neg(x))))


def _asinh(b: Nodes, x: str) -> str:
    size = b.call("fabs", x)
    square = b.mul(x, x)
    rest = b.div(square, b.add(1.0, b.call("sqrt", b.add(1.0, square))))
    return b.call("copysign", _log1p(b, b.add(size, rest)), x)


def _acosh(b: Nodes, x: str) -> str:
    t = b.sub(x, 1.0)
    return _log1p(b, b.add(t, b.call("sqrt", b.mul(t, b.add(t, 2.0)))))


def _atanh(b: Nodes, x: str) -> str:
    size = b.call("fabs", x)
    return b.call("copysign", b.mul(0.5, _log1p(b, b.div(b.mul(2.0, size), b.sub(1.0, size)))), x)


def _atan(b: Nodes, x: str) -> str:
    """The angle in float32, and what is missing: tan(y − y₀) = (x cos y₀ − sin y₀)/(cos y₀ + x sin y₀); for |x| ≤ 1."""
    size = b.call("fabs", x)
    is_large = b.compare("ogt", size, 1.0)
    z = b.select(is_large, b.div(1.0, size), size)
    y = b.node("Cast", b.node("Atan", b.node("Cast", z, to=1)), to=11)
    sin, cos = b.each("sin", y), b.each("cos", y)
    found = b.add(y, b.div(b.sub(b.mul(z, cos), sin), b.add(cos, b.mul(z, sin))))
    return b.call("copysign", b.select(is_large, b.sub(HALF_PI, found), found), x)


def _asin(b: Nodes, x: str) -> str:
    return b.each("atan", b.div(x, b.call("sqrt", b.mul(b.sub(1.0, x), b.add(1.0, x)))))


def _acos(b: Nodes, x: str) -> str:
    return b.mul(2.0, b.each("asin", b.call("sqrt", b.mul(0.5, b.sub(1.0, x)))))


def _atan2(b: Nodes, y: str, x: str) -> str:
    width, height = b.call("fabs", x), b.call("fabs", y)
    larger, smaller = b.node("Max", width, height), b.node("Min", width, height)
    angle = b.each("atan", b.select(b.compare("oeq", larger, 0.0), larger, b.div(smaller, larger)))
    angle = b.select(b.compare("ogt", height, width), b.sub(HALF_PI, angle), angle)
    return b.call("copysign", b.select(b.compare("olt", x, 0.0), b.sub(math.pi, angle), angle), y)


# erfc(x) for x ≥ 1: the trapezoidal rule of step ½ for an integral of e^(−t²)/(t² + x²), with the residue of its pole
# (Chiarella and Reichel 1968). The terms left out and the error of the rule are less than 1e-17 of it.
_SQUARES = [(k / 2.0) ** 2 for k in range(1, 14)]
_TERMS = range(24)  # of the power series of erf; for |x| < 1 the last is less than 1e-24


def _series(b: Nodes, x: str) -> str:
    powers = b.node("Pow", b.node("Unsqueeze", b.mul(x, x), b.constant([-1], np.int64)), b.constant([*_TERMS]))
    scales = [2.0 / math.sqrt(math.pi) * (-1.0) ** n / (math.factorial(n) * (2 * n + 1)) for n in _TERMS]
    return b.mul(x, _last_sum(b, b.mul(powers, b.constant(scales))))


def _tail(b: Nodes, x: str) -> str:
    square = b.mul(x, x)
    wide = b.node("Unsqueeze", square, b.constant([-1], np.int64))
    terms = b.div(b.constant([2.0 * math.exp(-k) for k in _SQUARES]), b.add(wide, b.constant(_SQUARES)))
    scale = b.mul(b.mul(x, b.each("exp", b.neg(square))), 0.5 / math.pi)
    pole = b.div(2.0, b.sub(b.each("exp", b.mul(4.0 * math.pi, x)), 1.0))
    return b.sub(b.mul(scale, b.add(b.div(1.0, square), _last_sum(b, terms))), pole)


def _last_sum(b: Nodes, x: str) -> str:
    return b.node("ReduceSum", x, b.constant([-1], np.int64), keepdims=0)


def _erf(b: Nodes, x: str) -> str:
    size = b.call("fabs", x)
    far = b.call("copysign", b.sub(1.0, _tail(b, b.node("Max", size, b.constant(1.0)))), x)
    near = _series(b, b.node("Clip", x, b.constant(-1.0), b.constant(1.0)))
    return b.select(b.compare("olt", size, 1.0), near, far)


def _erfc(b: Nodes, x: str) -> str:
    if b.single:
        return b.sub(1.0, b.node("Erf", x))
    tail = _tail(b, b.node("Max", x, b.constant(1.0)))
    return b.select(b.compare("olt", x, 1.0), b.sub(1.0, _erf(b, x)), tail)


def _normal_cdf(b: Nodes, x: str) -> str:
    return b.mul(0.5, _erfc(b, b.mul(-math.sqrt(0.5), x)))


OWN: Mapping[str, Callable[..., str]] = {
    "expm1": _expm1,
    "log1p": _log1p,
    "sinh": _sinh,
    "cosh": _cosh,
    "tan": lambda b, x: b.div(b.each("sin", x), b.each("cos", x)),
    "asinh": _asinh,
    "acosh": _acosh,
    "atanh": _atanh,
    "atan": _atan,
    "asin": _asin,
    "acos": _acos,
    "atan2": _atan2,
    "erf": _erf,
    "erfc": _erfc,
    "normal_cdf": _normal_cdf,
    "gelu": lambda b, x: b.mul(b.node("Max", x, b.constant(-64.0)), _normal_cdf(b, x)),
    "exp2": lambda b, x: b.node("Pow", b.constant(2.0), x),
    "log2": lambda b, x: b.mul(b.each("log", x), 1.0 / math.log(2.0)),
    "log10": lambda b, x: b.mul(b.each("log", x), 1.0 / math.log(10.0)),
    "cbrt": lambda b, x: b.call("copysign", b.node("Pow", b.call("fabs", x), b.constant(1.0 / 3.0)), x),
    "fmod": lambda b, x, y: b.node("Mod", x, y, fmod=1),
}

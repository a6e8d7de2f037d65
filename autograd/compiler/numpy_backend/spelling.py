"""The rows of the table in NumPy. Rows that are not here call the row's own value, lane by lane."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograd import rules
from autograd._numpy import np
from autograd.compiler.numpy_backend import helpers
from autograd.primitive import Primitive

# Ufuncs that mean exactly what the row means, at kinks, zeros, infinities and nan too.
UFUNCS: dict[Primitive, str] = {
    rules.add: "add",
    rules.sub: "subtract",
    rules.mul: "multiply",
    rules.div: "divide",
    rules.reciprocal: "reciprocal",
    rules.square: "square",
    rules.pow_: "power",
    rules.sqrt: "sqrt",
    rules.greater: "greater",
    rules.at_least: "greater_equal",
    rules.equal: "equal",
    rules.sign: "sign",
    rules.abs_: "absolute",
    rules.maximum: "maximum",
    rules.minimum: "minimum",
    rules.floor: "floor",
    rules.ceil: "ceil",
    rules.exp: "exp",
    rules.expm1: "expm1",
    rules.log: "log",
    rules.log1p: "log1p",
    rules.sin: "sin",
    rules.cos: "cos",
    rules.tan: "tan",
    rules.asin: "arcsin",
    rules.acos: "arccos",
    rules.atan: "arctan",
    rules.atan2: "arctan2",
    rules.sinh: "sinh",
    rules.cosh: "cosh",
    rules.tanh: "tanh",
    rules.asinh: "arcsinh",
    rules.acosh: "arccosh",
    rules.atanh: "arctanh",
    rules.cbrt: "cbrt",
    rules.exp2: "exp2",
    rules.log2: "log2",
    rules.log10: "log10",
    rules.logaddexp: "logaddexp",
    rules.fmod: "fmod",
}

# helpers.py has a function of the row's name, and it takes `out` last.
HELPERS: dict[Primitive, Callable[..., None]] = {
    rules.where: helpers.where,
    rules.step: helpers.step,
    rules.clip: helpers.clip,
    rules.leaky_relu: helpers.leaky_relu,
    rules.elu: helpers.elu,
    rules.sigmoid: helpers.sigmoid,
    rules.sigmoid_slope: helpers.sigmoid_slope,
    rules.one_minus_square: helpers.one_minus_square,
    rules.silu: helpers.silu,
    rules.sech_square: helpers.sech_square,
    rules.rsqrt: helpers.rsqrt,
    rules.log_sigmoid: helpers.log_sigmoid,
    rules.log1mexp: helpers.log1mexp,
    rules.xlogy: helpers.xlogy,
    rules.cosm1: helpers.cosm1,
    rules.sinc: helpers.sinc,
    rules.exp_shift: helpers.exp_shift,
    rules.pick: helpers.pick,
    rules.logsumexp: helpers.logsumexp,
}

# Rows of any number of operands as reductions over the first axis.
REDUCTIONS: dict[Primitive, str] = {
    rules.prod: "multiply",
    rules.hypot: "hypot",
    rules.pivot: "maximum",
    rules.largest: "maximum",
}

CALLS = {"where": 4, "step": 7, "clip": 2, "leaky_relu": 3, "elu": 4, "sigmoid": 4, "silu": 6, "exp_shift": 4}
CALLS |= {"pick": 12, "logsumexp": 12, "sech_square": 3, "sigmoid_slope": 6, "one_minus_square": 3}
CALLS |= {"rsqrt": 2, "log_sigmoid": 3, "log1mexp": 8, "xlogy": 6, "cosm1": 4, "sinc": 20}


def elementwise(row: Primitive, operands: Sequence[str], out: str) -> tuple[str, int] | None:
    """The statement that puts a row of arrays into `out`, and its number of NumPy calls; None if it has no spelling.

    >>> elementwise(rules.exp, ["z1"], "a1"), elementwise(rules.relu, ["z1"], "a1")
    (('exp(z1, out=a1)', 1), ('maximum(z1, 0.0, out=a1)', 1))
    """
    if special := _special(row, operands):
        return f"{special}, out={out})", 1
    if row in UFUNCS:
        return f"{UFUNCS[row]}({', '.join(operands)}, out={out})", 1
    if row in HELPERS:
        return f"{row.name}({', '.join(operands)}, out={out})", CALLS[row.name]
    return None


def _special(row: Primitive, operands: Sequence[str]) -> str:
    """Shorter ways that hold for these operands only."""
    x, *others = operands
    if row is rules.relu:
        return f"maximum({x}, 0.0"
    if row is rules.softplus:
        return f"logaddexp({x}, 0.0"
    if row is rules.step and others[0] in ("0.0", "-0.0"):
        return f"heaviside({x}, {others[1]}"
    if row is rules.pow_ and others[0] == "2.0":
        return f"square({x}"
    if row is rules.pow_ and others[0] == "-1.0":
        return f"reciprocal({x}"
    if row is rules.neg:
        return negative(x)
    return ""


def negative(x: str) -> str:
    """−x as a product: `np.negative` takes wrong elements of an array with gaps of 3 float32 or 7 float64 (NumPy 2.4).

    >>> negative("z1")
    'multiply(z1, -1.0'
    """
    return f"multiply({x}, -1.0"


NAMES = sorted({*UFUNCS.values(), *REDUCTIONS.values(), "heaviside", "logaddexp", "matmul", "take", "copyto"})


def scope() -> dict[str, object]:
    """The names that the source of a program may use."""
    functions: dict[str, object] = {name: getattr(np, name) for name in NAMES}
    functions |= {row.name: function for row, function in HELPERS.items()}
    return functions | {"view": helpers.view, "empty": helpers.empty, "inf": np.inf, "nan": np.nan}

"""Rows of the table within a loop: a few instructions, a call of a function that is compiled once, or a fold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from autograd import rules
from autograd.compiler.llvm.body import Body
from autograd.compiler.llvm.rows import FUNCTIONS, LOOPED
from autograd.primitive import Primitive

# Rows that are short enough to be written out wherever they are applied.
INLINE = frozenset(
    [
        *("add", "sub", "mul", "div", "neg", "square", "reciprocal", "sqrt", "rsqrt", "one_minus_square"),
        *("greater", "at_least", "equal", "step", "where", "sign", "abs", "maximum", "minimum", "clip"),
        *("floor", "ceil", "relu", "leaky_relu", "root", "inverse_root"),
    ]
)
# Functions of doubles without calls or branches: in a long loop, sums stay in registers if they are written out.
INLINED = frozenset(["exp", "expm1", "exp_shift", "log", "log1p", "tanh", "sigmoid", "sigmoid_slope", "softplus"])

Sides = tuple[tuple[Primitive | None, int], ...]
"""What both factors of a product are made of: a row, or None for what is there, and of how many operands."""
PLAIN: Sides = ((None, 1), (None, 1))


class Calls(Protocol):
    """A text that can call functions; with `writes_out`, those of `INLINED` are written out."""

    body: Body
    writes_out: bool

    def call(self, of: str | Primitive, words: Sequence[str]) -> str:
        """The result of a function by name, or of a row that Python computes."""
        raise NotImplementedError


def _times(count: int, root: str) -> Callable[[Body, str], str]:
    """A power of a root: the factors first, so that no intermediate result overflows before the last one."""

    def spelled(b: Body, x: str) -> str:
        factor = LOOPED[root][1](b, x) if root else x
        result = factor
        for _ in range(count - 1):
            result = b.mul(result, factor)
        return result

    return spelled


# Powers of a constant that need no logarithm; within 4 ulp of the C library's.
POWERS: Mapping[float, Callable[[Body, str], str]] = {
    0.0: lambda b, x: b.word(1.0),
    1.0: lambda b, x: x,
    2.0: _times(2, ""),
    3.0: _times(3, ""),
    4.0: lambda b, x: _times(2, "")(b, b.mul(x, x)),
    -1.0: _times(1, "reciprocal"),
    -2.0: _times(2, "reciprocal"),
    0.5: _times(1, "root"),
    -0.5: _times(1, "inverse_root"),
    1.5: _times(3, "root"),
    -1.5: _times(3, "inverse_root"),
}
_NAMES = {row: row.name for row in vars(rules).values() if isinstance(row, Primitive)} | {rules.pow_: "pow"}


def is_native(row: Primitive) -> bool:
    """Whether a row has a function here; else Python is asked."""
    return row in FOLDS or row is rules.pick or (row in _NAMES and (_NAMES[row] in LOOPED or _NAMES[row] in FUNCTIONS))


def applied(text: Calls, row: Primitive, power: float | None, words: Sequence[str]) -> str:
    """A row of numbers or vectors; `power` is the second operand of `pow`, if it is one of POWERS."""
    if power is not None:
        return POWERS[power](text.body, words[0])
    name = _NAMES.get(row, "")
    if name in INLINE or (name in INLINED and text.writes_out):
        return LOOPED[name][1](text.body, *words)
    return text.call(name if name in FUNCTIONS else row, words)


# --- folds ------------------------------------------------------------------------------------------------------------

States = Sequence[str]


class Pass(NamedTuple):
    """One walk over the terms: from `start`, `step` takes the states, a term, and the results of earlier walks.

    `neutral` is a term that changes nothing; `join` puts two states of the same number together. A step that is not
    `is_short` has enough to do for a vector to keep the machine busy.
    """

    start: tuple[float, ...]
    step: Callable[[Calls, States, str, States], States]
    neutral: float
    join: Callable[[Body, str, str], str]
    is_short: bool = True


class Fold(NamedTuple):
    """A row of any number of operands: walks over them, and what is made of the results.

    With `splits`, the terms may be divided among the lanes of a vector; partial products could overflow.
    """

    passes: tuple[Pass, ...]
    finish: Callable[[Calls, States], str]
    splits: bool = True


def _inline(name: str) -> Callable[..., str]:
    return FUNCTIONS[name][1]


def _terms(text: Calls, states: States, x: str, earlier: States) -> States:
    """exp(x − largest) summed up, without those that are the largest, which are counted."""
    b, (largest,) = text.body, earlier
    is_largest = b.compare("oeq", x, largest)
    others = b.add(states[0], b.select(is_largest, 0.0, text.call("exp_shift", [x, largest])))
    return others, b.add(states[1], b.select(is_largest, 1.0, 0.0))


def _weights(text: Calls, states: States, w: str, earlier: States) -> States:
    """Numbers of at most 1 summed up, without those that are 1, which are counted."""
    b = text.body
    is_1 = b.compare("oeq", w, 1.0)
    return b.add(states[0], b.select(is_1, 0.0, w)), b.add(states[1], b.select(is_1, 1.0, 0.0))


def _all_but_one(text: Calls, results: States) -> str:
    others, count = results
    return text.body.add(others, text.body.sub(count, 1.0))


def _log_of_sum(text: Calls, results: States) -> str:
    largest, others, count = results
    return text.call("log_of_sum", [largest, text.body.add(others, text.body.sub(count, 1.0))])


def _squares(text: Calls, states: States, x: str, earlier: States) -> States:
    b = text.body
    return _inline("add_square")(b, states[0], x, earlier[0]), b.add(states[1], b.call("fabs", x))


_LARGEST = Pass(
    (-math.inf,), lambda t, s, x, _: [_inline("pivot_step")(t.body, s[0], x)], -math.inf, _inline("pivot_step")
)
_SIZE = Pass((0.0,), lambda t, s, x, _: [_inline("larger_size")(t.body, s[0], x)], 0.0, _inline("larger_size"))
_TOTAL = Pass((-0.0,), lambda t, s, x, _: [t.body.add(s[0], x)], -0.0, Body.add)
_PRODUCT = Pass((1.0,), lambda t, s, x, _: [t.body.mul(s[0], x)], 1.0, Body.mul)


def _last(text: Calls, results: States) -> str:
    return results[-1]


OTHERS = Primitive(
    "others", "others", lambda *ws: math.fsum(ws) - 1.0, (), None, (), (), "w₁ + w₂ + … − 1", None
)  # fmt: skip
"""Σ w − 1 of the weights of a softmax before it is divided, of which the largest are 1: no digits are lost."""

FOLDS: Mapping[Primitive, Fold] = {
    OTHERS: Fold((Pass((0.0, 0.0), _weights, 0.0, Body.add),), _all_but_one),
    rules.total: Fold((_TOTAL,), _last),
    rules.prod: Fold((_PRODUCT,), _last, splits=False),
    rules.pivot: Fold((_LARGEST,), _last),
    rules.largest: Fold((_LARGEST,), _last),
    rules.logsumexp: Fold((_LARGEST, Pass((0.0, 0.0), _terms, -math.inf, Body.add, is_short=False)), _log_of_sum),
    rules.hypot: Fold(
        (_SIZE, Pass((0.0, 0.0), _squares, 0.0, Body.add, is_short=False)),
        lambda text, results: FUNCTIONS["length"][1](text.body, *results),
    ),
}


SUM = Fold((_TOTAL,), _last)
"""A plain sum, or one of products."""


def fold_of(row: Primitive | None) -> Fold:
    """The fold of a row; without one, of products."""
    return SUM if row is None else FOLDS[row]

"""Primitives that compare or select, for every number system: the recorded floats decide which branch is replayed.

So a replay stays on the recorded branch even where a perturbed number would cross a kink.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd.check.arithmetic import Arithmetic, Numbers

Selection = Callable[[Arithmetic, Numbers, Sequence[float], float], Any]
"""(arithmetic, numbers, recorded floats, recorded result) -> number"""


def _held(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    return m.lift(out)


def _larger(x: Any, y: Any, x_at: float, y_at: float) -> Any:
    return x if x_at > y_at else y if y_at > x_at else (x + y) / 2


def _largest(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    tied = [x for x, x_at in zip(xs, at, strict=True) if x_at == out]
    return sum(tied, m.lift(0.0)) / len(tied) if tied else m.lift(out)


def _clip(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    x, low, high = at
    return xs[2] if max(x, low) >= high else xs[1] if x <= low else xs[0]


def _elu(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    return xs[0] if at[0] > 0.0 else xs[1] * m.spelling["expm1"](xs[0])


def _exp_shift(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    return m.spelling["exp"](xs[0] - m.lift(at[1]))


def _power(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    if at[0] == 0.0 and not at[1].is_integer() and m.lift is complex:
        raise ValueError("the edge of the domain of a power")
    return m.lift(1.0) if at[0] == at[1] == 0.0 else m.spelling["pow"](*xs)


def _hypot(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    """√Σxᵢ², a tip at the origin; 0 there in complex numbers, where √(ih)² is not a length."""
    length = m.spelling["sqrt"](sum([x * x for x in xs], m.lift(0.0)))
    return length if any(at) or m.lift is not complex else m.lift(0.0)


def _atan2(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    """Turned by the recorded angle, the point lies near the positive axis: no branch cut is in the way.

    The origin has the angle of its signs of zero, 0 or ±π.
    """
    if not any(at):
        return m.lift(out)
    turn = m.lift(out)
    sin, cos = m.spelling["sin"](turn), m.spelling["cos"](turn)
    x, y = xs
    return turn + m.spelling["atan"]((x * cos - y * sin) / (y * cos + x * sin))


def _logsumexp(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    shift, exp = m.lift(max(at)), m.spelling["exp"]
    return shift + m.spelling["log"](sum([exp(x - shift) for x in xs], m.lift(0.0)))


def _rest(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    return xs[0] - xs[1] * m.lift(float(round((at[0] - out) / at[1])))


def _xlogy(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    return m.lift(0.0) if at[0] == 0.0 >= at[1] else xs[0] * m.spelling["log"](xs[1])


SELECTING: Mapping[str, Selection] = {
    "greater": _held,
    "at_least": _held,
    "equal": _held,
    "step": _held,
    "sign": _held,
    "floor": _held,
    "ceil": _held,
    "round": _held,
    "pivot": _held,
    "abs": lambda m, xs, at, out: xs[0] * m.lift((at[0] > 0.0) - (at[0] < 0.0) + 0.0),
    "maximum": lambda m, xs, at, out: _larger(*xs, *at),
    "minimum": lambda m, xs, at, out: -_larger(-xs[0], -xs[1], -at[0], -at[1]),
    "largest": _largest,
    "pick": lambda m, xs, at, out: xs[1 + int(at[0])],
    "where": lambda m, xs, at, out: xs[1] if at[0] else xs[2],
    "mod": _rest,
    "fmod": _rest,
    "xlogy": _xlogy,
    "clip": _clip,
    "relu": lambda m, xs, at, out: xs[0] if at[0] > 0.0 else m.lift(0.0),
    "leaky_relu": lambda m, xs, at, out: xs[0] if at[0] > 0.0 else xs[1] * xs[0],
    "elu": _elu,
    "exp_shift": _exp_shift,
    "pow": _power,
    "hypot": _hypot,
    "atan2": _atan2,
    "logsumexp": _logsumexp,
    "logaddexp": _logsumexp,
}

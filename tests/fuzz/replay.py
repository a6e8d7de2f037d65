"""A program's data evaluated at many digits, as often as the oracle asks, always on the branches of the first time.

No rule and no recording is asked: primitives are spelled as by `check_gradients`, which knows values only. A number is
carried with the float that a recording has in its place; floats decide at branches and kinks, so that a perturbed
number stays on its side.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograd import PRIMITIVES
from autograd.check.arithmetic import UNDEFINED, Arithmetic
from autograd.check.replayed_number import NotReplayableError, evaluate
from tests.fuzz.program import MASKS, Body, Line, Operand, Program

UNIT = 2.0**-53
MOVED = 4.0  # roundings by which each operand and result is moved at most: a function may be off by 4 ulp
PLACES = 12  # operands of a line that are moved independently


class NoVerdictError(Exception):
    """The oracle does not know: overflow, the edge of a domain, a branch that hangs on a rounding."""


class Number(NamedTuple):
    """A number of many digits, and the float of the recording."""

    value: Any
    recorded: float


Path = tuple[str | int, ...]


ORDINARY, SUBNORMAL = 1e-30, 2.0**-1074  # what is less is 0 in programs of ordinary numbers, and in any


@dataclass
class Replay:
    """One evaluation of a program after another, all on the branches of the first; `noise` numbers a sample of them.

    Roundings have the size `unit`, and floats are those of `rounded`.
    """

    program: Program
    m: Arithmetic
    step: Any
    noise: int = 0
    smallest: float = ORDINARY
    unit: float = UNIT
    rounded: Callable[[float], float] = float
    recorded: dict[Path, float] = field(default_factory=dict)
    moves: dict[Path, list[Any]] = field(default_factory=dict)
    noted: set[Path] = field(default_factory=set)
    tips: dict[Path, bool] = field(default_factory=dict)  # lengths of 0 and the like, and whether that can be seen
    margin: float = math.inf  # of the closest decision, relative
    decisions: dict[Path, list[Number]] = field(default_factory=dict)  # the differences that decide
    largest: float = 0.0

    def __call__(self, xs: Sequence[Number]) -> Any:
        """The result; NoVerdictError where there is none."""
        env = dict(zip(self.program.inputs, xs, strict=True))
        try:
            self.run(self.program.lines, env, ())
        except (*UNDEFINED, NotReplayableError, TypeError) as error:  # TypeError: complex numbers have no order
            raise NoVerdictError(str(error)) from error
        return env[self.program.result].value

    def run(self, lines: Sequence[Line], env: dict[str, Number], path: Path) -> None:
        """Put what the lines come to into `env`."""
        for line in lines:
            env[line.name] = self._line(line, env, (*path, line.name))

    def _line(self, line: Line, env: dict[str, Number], path: Path) -> Number:
        xs = [self._operand(x, env) for x in line.operands]
        if line.body is None:
            moved = [self._moved(x, path, i) for i, x in enumerate(xs, 1)]
            if line.op == "pow" and xs[0].recorded <= 0.0:
                moved[1] = xs[1]  # an integer, for there to be a value, and next to it there is none
                exponent = xs[1].recorded
                if xs[0].recorded == 0.0 and (isinstance(line.operands[1], str) or not exponent.is_integer()):
                    self.tips[path] = False  # the second derivative by the exponent is infinite, or one by the base
            return self._op(line.op, moved, path)
        if line.op != "loop":
            return self._moved(self._derivative(line, line.body, xs, env, path), path, 0)
        x = xs[0]
        for i in range(line.count):
            x = self._call(line.body, x, env, (*path, i))
        return x

    def _operand(self, x: Operand, env: dict[str, Number]) -> Number:
        if isinstance(x, str):
            return env[x]
        number = self.rounded(float(np.float32(x.number)) if x.kind == "float32" else x.number)
        return Number(self.m.lift(number), number)

    def _call(self, body: Body, x: Number, env: dict[str, Number], path: Path) -> Number:
        inside = env | {body.parameter: x}
        self.run(body.lines, inside, path)
        return self._operand(body.result, inside)

    # --- lines without a body -----------------------------------------------------------------------------------------

    def _op(self, op: str, xs: list[Number], path: Path) -> Number:
        if composite := COMPOSITES.get(op):
            return composite(lambda name, *xs: self._op(name, list(xs), path), self._constant, xs)
        values, floats = [x.value for x in xs], [x.recorded for x in xs]
        if path not in self.noted:  # the first time, before anything is perturbed
            self.noted.add(path)
            self._note(op, xs, path)
        if op in MASKS:
            return self._op(MASKS[op], xs[:1], path) if floats[0] > 0.0 else xs[1]
        if op == "if":
            return xs[2] if floats[0] > floats[1] else xs[3]
        row = PRIMITIVES[op]
        out = self.rounded(float(row.value(*floats)))
        if not math.isfinite(out):
            raise NoVerdictError(f"{op} is {out}")
        if op == "atan2" and not any(floats):
            raise NoVerdictError("the angle of the origin depends on the signs of zeros")
        if op == "pow" and floats[0] == 0.0 and not self.noise and values[1] != self.m.lift(floats[1]):
            raise NoVerdictError("powers of 0 to an exponent that moves: for numbers below 0 there is none")
        if floats[0] in ENDS.get(op, ()):  # perhaps since it was rounded to that: floats have ∞, and digits may not
            self.tips[path] = False
        if op == "hypot":  # at the origin too, where `evaluate` holds it constant: its square has a second derivative
            if not any(floats):
                self.tips[path] = self.tips.get(path, False) or any(values)
            value = self.m.spelling["sqrt"](sum([x * x for x in values], self.m.lift(0.0)))
        else:
            value = evaluate(self.m, row, values, floats, out)
        if not self.m.is_finite(value):
            raise NoVerdictError(f"{op} leaves its domain")
        return self._moved(Number(value, out), path, 0)

    def _constant(self, x: float) -> Number:
        return Number(self.m.lift(x), x)

    def _note(self, op: str, xs: Sequence[Number], path: Path) -> None:
        for difference, size in _decisions(op, xs):
            self.decisions.setdefault(path, []).append(difference)
            if difference.value == difference.recorded == 0:
                continue  # an exact tie, in digits and in floats
            if (difference.value > 0) is not (difference.recorded > 0):
                self.margin = 0.0
            self.margin = min(self.margin, abs(difference.recorded) / size if size else 0.0)

    def _moved(self, x: Number, path: Path, place: int) -> Number:
        self.largest = max(self.largest, abs(x.recorded))
        if not self.noise:
            return x
        if path not in self.moves:
            rng = random.Random(f"{self.noise}{path}")
            self.moves[path] = [
                self.m.lift(rng.choice((-1, 1)) * rng.uniform(0.5, 1.0) * MOVED * self.unit) for _ in range(4 * PLACES)
            ]
        moves = self.moves[path][place % PLACES :: PLACES]
        size = self.m.lift(abs(x.recorded) or 1.0)
        away = (x.value - x.recorded) / size
        return Number(x.value + size * sum(move * away**order for order, move in enumerate(moves)), x.recorded)

    # --- derivatives --------------------------------------------------------------------------------------------------

    def _derivative(self, line: Line, body: Body, xs: Sequence[Number], env: dict[str, Number], path: Path) -> Number:
        at = xs[0]
        middle = self._call(body, at, env, path).value  # and what is recorded in there is known from now on
        h = self.step_at(self.m.lift(at.recorded))  # the same wherever it is perturbed: its error is smooth
        right = self._call(body, Number(at.value + h, at.recorded), env, path).value
        left = self._call(body, Number(at.value - h, at.recorded), env, path).value
        slope, second = (right - left) / (2 * h), (right - 2 * middle + left) / (h * h)
        value = FORM_VALUES[line.op](middle, slope, second, xs[-1].value)
        if path not in self.recorded:
            rest = abs(value) < abs(h) * (abs(middle) + abs(slope) + 1)  # what differences leave of a 0
            self.recorded[path] = 0.0 if rest else self.rounded(float(value))
        return Number(value, self.recorded[path])

    def step_at(self, x: Any) -> Any:
        return self.step * (abs(x) if x else 1 if self.smallest == ORDINARY else self.m.lift(self.smallest))


FORM_VALUES: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "grad": lambda y, slope, second, v: slope,
    "jacobian": lambda y, slope, second, v: slope,
    "value_and_grad": lambda y, slope, second, v: y + slope,
    "hessian": lambda y, slope, second, v: second,
    "jvp": lambda y, slope, second, v: y + slope * v,
    "hvp": lambda y, slope, second, v: slope + second * v,
}

ENDS: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("sqrt", "cbrt"), (0.0,)),
    **dict.fromkeys(("asin", "acos"), (-1.0, 1.0)),
    "acosh": (1.0,),
}
"""Where the slope of an op is infinite, and its value is not."""

Composite = Callable[[Callable[..., Number], Callable[[float], Number], list[Number]], Number]
COMPOSITES: dict[str, Composite] = {
    "mean": lambda op, number, xs: op("div", op("total", *xs), number(float(len(xs)))),
    "norm": lambda op, number, xs: op("hypot", *xs),
    "std": lambda op, number, xs: op("div", op("norm", *_deviations(op, number, xs)), number(math.sqrt(len(xs)))),
    "log_softmax": lambda op, number, xs: op("sub", xs[0], op("logsumexp", *xs)),
    "softmax": lambda op, number, xs: op("exp", op("sub", xs[0], op("logsumexp", *xs))),
}


def _deviations(op: Callable[..., Number], number: Callable[[float], Number], xs: list[Number]) -> list[Number]:
    mean = op("mean", *xs)
    return [op("sub", x, mean) for x in xs]


def _decisions(op: str, xs: Sequence[Number]) -> Iterator[tuple[Number, float]]:
    """The differences whose signs decide how an op goes on, each with the size of what is compared."""
    if op in ("if", "greater", "at_least", "equal", "maximum", "minimum", "clip"):
        pairs = [(xs[0], xs[1])] if op != "clip" else [(xs[0], xs[1]), (xs[0], xs[2]), (xs[1], xs[2])]
        for x, y in pairs:
            yield Number(x.value - y.value, x.recorded - y.recorded), max(abs(x.recorded), abs(y.recorded))
    elif op == "largest":
        top = max(xs, key=lambda x: x.recorded)
        for x in xs:
            if x is not top:
                yield Number(top.value - x.value, top.recorded - x.recorded), abs(top.recorded)
    elif op in ("relu", "leaky_relu", "elu", "abs", "sign", "where", "pow", *MASKS):
        yield xs[0], 1.0
    elif op in ("floor", "ceil", "mod", "fmod"):
        size = xs[1] if len(xs) > 1 else Number(1.0, 1.0)
        turns = round(xs[0].recorded / size.recorded)
        if turns * size.recorded == xs[0].recorded:
            raise NoVerdictError("a rounding decides on which side of a jump it is")
        yield (
            Number(xs[0].value - turns * size.value, xs[0].recorded - turns * size.recorded),
            max(abs(xs[0].recorded), abs(size.recorded)),
        )

"""What a program should give: its data evaluated at many digits, derivatives by nested central differences.

No rule and no recording is asked: primitives are spelled as by `check_gradients`, which knows values only. A number is
carried with the float that a recording has in its place; floats decide at branches and kinks, so that a perturbed
number stays on its side. How far floats may be off is asked of the program itself: in some
samples every operand and result, and its slope and curvature there, is moved by a few roundings, each once and for all,
and the derivatives are taken again. They move with every path that leads to them, so cancellation anywhere is seen
(Vignes, "Discrete stochastic arithmetic", 2004).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograd import PRIMITIVES
from autograd.check.arithmetic import UNDEFINED, Arithmetic, high_precision
from autograd.check.replayed import NotReplayableError, evaluate
from tests.fuzz.program import Body, Line, Operand, Program

UNIT = 2.0**-53
MOVED = 4.0  # roundings by which each operand and result is moved: a function may be off by 4 ulp
SAMPLES = 3
PLACES = 12  # operands of a line that are moved independently
SAFETY = 16.0  # signs are random, the worst are not drawn
NEAR = 1e-9  # what is decided by less, relative to what is compared, another rounding may decide otherwise
NEAR_FLOAT32 = 1e-4


class NoVerdictError(Exception):
    """The oracle does not know: overflow, the edge of a domain, a branch that hangs on a rounding."""


class Number(NamedTuple):
    """A number of many digits, and the float of the recording."""

    value: Any
    recorded: float


Path = tuple[str | int, ...]


LARGEST = 1e300
ORDINARY, SUBNORMAL = 1e-30, 2.0**-1074  # what is less is 0 in programs of ordinary numbers, and in any


@dataclass
class Replay:
    """One evaluation of a program after another, all on the branches of the first; `noise` numbers a sample of them."""

    program: Program
    m: Arithmetic
    step: Any
    noise: int = 0
    smallest: float = ORDINARY
    recorded: dict[Path, float] = field(default_factory=dict)
    moves: dict[Path, list[Any]] = field(default_factory=dict)
    noted: set[Path] = field(default_factory=set)
    tips: dict[Path, bool] = field(default_factory=dict)  # lengths of 0, and whether anything has moved them
    margin: float = math.inf  # of the closest decision, relative

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
        number = float(np.float32(x.number)) if x.kind == "float32" else x.number
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
            self._note(op, xs)
        if op == "if":
            return xs[2] if floats[0] > floats[1] else xs[3]
        row = PRIMITIVES[op]
        out = float(row.value(*floats))
        if not math.isfinite(out):
            raise NoVerdictError(f"{op} is {out}")
        if op == "atan2" and not any(floats):
            raise NoVerdictError("the angle of the origin depends on the signs of zeros")
        if op == "pow" and floats[0] == 0.0 and not self.noise and values[1] != self.m.lift(floats[1]):
            raise NoVerdictError("powers of 0 to an exponent that moves: for numbers below 0 there is none")
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

    def _note(self, op: str, xs: Sequence[Number]) -> None:
        for difference, size in _decisions(op, xs):
            if difference.value == difference.recorded == 0:
                continue  # an exact tie, in digits and in floats
            if (difference.value > 0) is not (difference.recorded > 0):
                self.margin = 0.0
            self.margin = min(self.margin, abs(difference.recorded) / size if size else 0.0)

    def _moved(self, x: Number, path: Path, place: int) -> Number:
        if not self.noise:
            return x
        if path not in self.moves:
            rng = random.Random(f"{self.noise}{path}")
            self.moves[path] = [self.m.lift(rng.choice((-1, 1)) * MOVED * UNIT) for _ in range(4 * PLACES)]
        moves = self.moves[path][place % PLACES :: PLACES]
        size = self.m.lift(abs(x.recorded) or 1.0)
        away = (x.value - x.recorded) / size
        return Number(x.value + size * sum(move * away**order for order, move in enumerate(moves)), x.recorded)

    # --- derivatives --------------------------------------------------------------------------------------------------

    def _derivative(self, line: Line, body: Body, xs: Sequence[Number], env: dict[str, Number], path: Path) -> Number:
        at = xs[0]
        middle = self._call(body, at, env, path).value  # and what is recorded in there is known from now on
        h = self._step(self.m.lift(at.recorded))  # the same wherever it is perturbed: its error is smooth
        right = self._call(body, Number(at.value + h, at.recorded), env, path).value
        left = self._call(body, Number(at.value - h, at.recorded), env, path).value
        slope, second = (right - left) / (2 * h), (right - 2 * middle + left) / (h * h)
        value = FORM_VALUES[line.op](middle, slope, second, xs[-1].value)
        if path not in self.recorded:
            rest = abs(value) < abs(h) * (abs(middle) + abs(slope) + 1)  # what differences leave of a 0
            self.recorded[path] = 0.0 if rest else float(value)
        return Number(value, self.recorded[path])

    def _step(self, x: Any) -> Any:
        return self.step * (abs(x) if x else 1 if self.smallest == ORDINARY else self.m.lift(self.smallest))


FORM_VALUES: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "grad": lambda y, slope, second, v: slope,
    "jacobian": lambda y, slope, second, v: slope,
    "value_and_grad": lambda y, slope, second, v: y + slope,
    "hessian": lambda y, slope, second, v: second,
    "jvp": lambda y, slope, second, v: y + slope * v,
    "hvp": lambda y, slope, second, v: slope + second * v,
}

Composite = Callable[[Callable[..., Number], Callable[[float], Number], list[Number]], Number]
COMPOSITES: dict[str, Composite] = {
    "mean": lambda op, number, xs: op("div", op("total", *xs), number(float(len(xs)))),
    "norm": lambda op, number, xs: op("hypot", *xs),
    "log_softmax": lambda op, number, xs: op("sub", xs[0], op("logsumexp", *xs)),
    "softmax": lambda op, number, xs: op("exp", op("sub", xs[0], op("logsumexp", *xs))),
}


def _decisions(op: str, xs: Sequence[Number]) -> Iterator[tuple[Number, float]]:
    """The differences whose signs decide how an op goes on, each with the size of what is compared."""
    if op in ("if", "greater", "at_least", "equal", "maximum", "minimum", "clip"):
        pairs = [(xs[0], xs[1])] if op != "clip" else [(xs[0], xs[1]), (xs[0], xs[2]), (xs[1], xs[2])]
        for x, y in pairs:
            yield Number(x.value - y.value, x.recorded - y.recorded), max(abs(x.recorded), abs(y.recorded))
    elif op in ("relu", "leaky_relu", "elu", "abs", "sign", "where", "pow"):
        yield xs[0], 1.0


# --- a program's numbers ----------------------------------------------------------------------------------------------


@dataclass
class Expected:
    """Value, gradient and Hessian at one point, row by row, and the error that floats may have in each."""

    numbers: dict[str, list[float]]
    errors: dict[str, list[float]]
    margin: float

    def of(self, gives: Sequence[str], unit: float) -> tuple[list[float], list[float]]:
        """What a path that gives these is held against: numbers and allowed errors, in roundings of size `unit`."""
        scale = unit / UNIT
        numbers = [x for part in gives for x in self.numbers[part]]
        return numbers, [scale * error for part in gives for error in self.errors[part]]


def expected(program: Program, point: Sequence[float], hostile: bool = False) -> Expected:
    """The oracle's answer at a point; NoVerdictError where it has none."""
    if not all(map(math.isfinite, point)):
        raise NoVerdictError("not a point")
    m = high_precision(1500 if hostile else 70 + 30 * (program.depth + 2))
    assert m is not None, "the oracle needs mpmath"
    step, smallest = m.lift(2.0**-80), SUBNORMAL if hostile else ORDINARY
    exact = Replay(program, m, step, 0, smallest)
    numbers = _derivatives(exact, point)
    if exact.margin < NEAR:
        raise NoVerdictError("a branch hangs on a rounding")
    if not all(exact.tips.values()):
        raise NoVerdictError("a length of 0 that nothing moves: its second derivative, nan, is multiplied by 0")
    checked = _derivatives(Replay(program, m, step / 1024, 0, smallest), point)
    moved = [_derivatives(Replay(program, m, step, i, smallest), point) for i in range(1, SAMPLES + 1)]
    errors: dict[str, list[float]] = {}
    for part, exacts in numbers.items():
        floor = float(max(map(abs, exacts))) * FLOORS[part] * UNIT + 8.0 * smallest * (
            min(max(map(abs, point)), 1e4) + 1.0
        )
        for x, again in zip(exacts, checked[part], strict=True):
            if abs(x - again) > abs(x) * m.lift(1e-20) + smallest:
                raise NoVerdictError("differences do not converge: a kink, or the edge of a domain")
        errors[part] = [
            floor + SAFETY * max(float(abs(sample[part][i] - x)) for sample in moved) for i, x in enumerate(exacts)
        ]
    if not all(map(math.isfinite, (error for part in errors.values() for error in part))):
        raise NoVerdictError("roundings matter without bounds")
    if hostile and not all(abs(x) < LARGEST for exacts in numbers.values() for x in exacts):
        raise NoVerdictError("the derivative is no float")
    return Expected({part: list(map(float, xs)) for part, xs in numbers.items()}, errors, exact.margin)


# Roundings, of the largest entry, that rules may leave: a partial is good to 4 ulp, the derivative of a partial's
# formula cancels against its other terms.
FLOORS = {"value": 16.0, "gradient": 64.0, "hessian": 1024.0}


def _derivatives(f: Replay, point: Sequence[float]) -> dict[str, list[Any]]:
    m, n = f.m, len(point)
    steps = [f._step(m.lift(x)) for x in point]

    def at(*moves: tuple[int, int]) -> Any:
        values = [m.lift(x) for x in point]
        for place, sign in moves:
            values[place] = values[place] + sign * steps[place]
        return f([Number(value, x) for value, x in zip(values, point, strict=True)])

    middle = at()
    sides = [(at((i, 1)), at((i, -1))) for i in range(n)]
    found = {"value": [middle], "gradient": [(a - b) / (2 * h) for (a, b), h in zip(sides, steps, strict=True)]}
    rows = [[m.lift(0.0)] * n for _ in point]
    for i, h in enumerate(steps):
        rows[i][i] = (sides[i][0] - 2 * middle + sides[i][1]) / (h * h)
        for j in range(i):
            mixed = at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))
            rows[i][j] = rows[j][i] = mixed / (4 * h * steps[j])
    found["hessian"] = [x for row in rows for x in row]
    return found

"""A random program for every seed: drawn line by line with the floats so far in sight: few are thrown away.

Each kind has its favourite lines; every kind may have some of the others', constants and shared names.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from autograd import PRIMITIVES
from autograd.check.arithmetic import floats
from tests.fuzz.program import FORMS, MASKS, Body, Constant, Line, Operand, Program, depends, pruned
from tests.fuzz.replay import NoVerdictError, Number, Replay

INFIX = ("add", "sub", "mul", "div", "add", "mul")
SMOOTH = (
    *("neg", "square", "exp", "log", "sin", "cos", "tanh", "sigmoid", "sqrt", "pow", "reciprocal", "atan", "softplus"),
    *(
        "sinh",
        "cosh",
        "tan",
        "asin",
        "acos",
        "asinh",
        "acosh",
        "atanh",
        "expm1",
        "log1p",
        "silu",
        "gelu",
        "erf",
        "atan2",
    ),
    *("rsqrt", "cbrt", "exp2", "log2", "log10", "log1mexp", "logaddexp", "xlogy", "cosm1", "sinc", "log_sigmoid"),
    *("normal_cdf", "normal_pdf"),
)
KINKED = ("relu", "abs", "maximum", "minimum", "leaky_relu", "where", "clip", "elu", "sign")
ROWS = ("dot", "total", "prod", "logsumexp", "softmax", "log_softmax", "hypot", "norm", "mean", "std", "largest")
STEPS = ("floor", "ceil", "mod", "fmod")
BRANCHES = ("if", "where", "greater", "if", "at_least")
DEFINED = ("fuzz_cube", "fuzz_blend", "fuzz_squares")
KINDS: dict[str, tuple[str, ...]] = {
    "plain": SMOOTH,
    "closures": (*FORMS, *FORMS, *SMOOTH),
    "branches": (*BRANCHES, *BRANCHES, *KINKED),
    "ties": KINKED,
    "steps": (*STEPS, *STEPS, *INFIX),
    "masks": tuple(MASKS),
    "rows": ROWS,
    "numpy": (*INFIX, *INFIX, "pow", "maximum", "where", "dot"),
    "defined": DEFINED,
    "loops": ("loop", "loop", *SMOOTH),
}
MODES = ("ordinary", "hostile")
COUNTS = {"if": 4, "loop": 1, "jvp": 2, "hvp": 2, **dict.fromkeys(FORMS[:4], 1), **dict.fromkeys(MASKS, 2)}
SIMPLE = (0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 3.0)
HOSTILE = (
    *(0.0, -0.0, 5e-324, -5e-324, 1e-308, 1e-154, -1e-154, 1e154, -1e154, 1e308, -1e308),
    *(math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, 711.0, -745.0),
)
LARGEST = 1e4  # of the numbers on the way in ordinary programs
TRIES = 20
TRIPS = (1, 2, 3, 4, 30)  # 30: worth a loop in machine code


def program(seed: str, mode: str = "ordinary", kinds: tuple[str, ...] = tuple(KINDS)) -> Program:
    """The program of that seed.

    >>> program("0") == program("0") != program("1")
    True
    """
    rng = random.Random(f"{mode} {seed}")
    while True:
        drawn = _Draft(rng, rng.choice(kinds), mode == "hostile").program()
        if depends(drawn):
            return drawn


@dataclass
class _Draft:
    rng: random.Random
    kind: str
    hostile: bool
    env: dict[str, Number] = field(default_factory=dict)
    named: int = 0
    inside: int = 0  # bodies around the line that is drawn

    def program(self) -> Program:
        rng = self.rng
        inputs = ("x", "y", "z")[: rng.choice((1, 2, 2, 3))]
        points = [tuple(self._input() for _ in inputs) for _ in range(2)]
        self.env = {name: Number(x, x) for name, x in zip(inputs, points[0], strict=True)}
        lines = self._lines(rng.choice((1, 1, 2, 4) if self.hostile else (1, 2, 3, 4, 6, 8)))
        unused = [line.name for line in lines if line.name not in {x for each in lines for x in each.operands}]
        if len(unused) > 1:
            lines.append(Line(self._name(), "total", tuple(unused)))
        return pruned(Program(self.kind, inputs, tuple(points), tuple(lines), lines[-1].name))

    def _input(self) -> float:
        if self.hostile:
            return self.rng.choice(HOSTILE)
        return self.rng.choice(SIMPLE) if self.rng.random() < 0.3 else round(self.rng.uniform(-3.0, 3.0), 3)

    def _name(self) -> str:
        self.named += 1
        return f"t{self.named}"

    def _lines(self, count: int) -> list[Line]:
        """Some lines; their names are in `env` afterwards."""
        found: list[Line] = []
        for _ in range(count):
            line = self._line()
            self.env[line.name] = self._float(line) or Number(math.nan, math.nan)
            found.append(line)
        return found

    def _line(self) -> Line:
        """A line that is finite and neither large nor small here, if one is soon found; else a sum."""
        for _ in range(TRIES):
            named, line = self.named, self._drawn()
            if self.hostile or self._float(line) is not None:
                return line
            self.named = named
        names = list(self.env)
        return Line(self._name(), "add", (self.rng.choice(names), self.rng.choice(names)))

    def _drawn(self) -> Line:
        rng = self.rng
        ops = KINDS[self.kind] if rng.random() < 0.6 else rng.choice((INFIX, INFIX, SMOOTH, ROWS, KINKED))
        op = rng.choice([op for op in ops if not (op in (*FORMS, "loop") and self.inside == 2)] or INFIX)
        name = self._name()
        count = COUNTS.get(op) or (PRIMITIVES[op].arity if op in PRIMITIVES else None) or rng.choice((2, 3, 3, 5))
        operands = [self._operand() for _ in range(count + (op == "dot" and count % 2 == 0))]
        if op == "if":  # which gives an operand back: a Value, so that the result is one
            operands[2:] = rng.choices(list(self.env), k=2)
        if op in ("leaky_relu", "elu"):
            operands[1] = Constant(0.25)
        if op in ("mod", "fmod"):
            operands[1] = Constant(rng.choice((0.5, 2.0, 3.0)))
        body = None
        if op in FORMS or op == "loop":
            body = self._body(operands[0])
        if not any(isinstance(x, str) for x in operands) and (op not in FORMS or rng.random() < 0.5):
            operands[rng.randrange(len(operands)) if op != "leaky_relu" else 0] = rng.choice(list(self.env))
        if (op in ("log", "sqrt") or op in MASKS) and isinstance(operands[0], Constant):
            operands[0] = rng.choice(list(self.env))
        return Line(name, op, tuple(operands), body, rng.choice(TRIPS) if op == "loop" else 0)

    def _operand(self) -> Operand:
        """A name, often the newest; a constant; for ties, something that is a number already there."""
        rng, names = self.rng, list(self.env)
        chance = rng.random()
        if chance < (0.55 if self.kind == "numpy" else 0.8):
            return names[-1] if chance < 0.3 else rng.choice(names)
        if self.kind == "ties" and chance < 0.9:
            at = self.env[rng.choice(names)].recorded
            return Constant(at if math.isfinite(at) else 1.0)
        kind = rng.choice(("float64", "float32", "int64")) if self.kind == "numpy" else "float"
        number = rng.choice(SIMPLE) if rng.random() < 0.5 else round(rng.uniform(-2.0, 2.0), 2)
        if self.hostile and kind != "int64":
            number = rng.choice(HOSTILE)
        if kind == "float32" and abs(number) > 1e38:
            number = 1.5
        return Constant(float(int(number)) if kind == "int64" else number, kind)

    def _body(self, at: Operand) -> Body:
        """A function around `at` which mostly looks at its parameter and at names outside."""
        with self._inner() as parameter:
            x = at.number if isinstance(at, Constant) else self.env[at].recorded
            self.env[parameter] = Number(x, x)
            lines = self._lines(self.rng.choice((1, 2, 2, 3)))
            last = Line(self._name(), self.rng.choice(("mul", "add")), (lines[-1].name, parameter))
            return Body(parameter, (*lines, last), last.name)

    @contextmanager
    def _inner(self) -> Iterator[str]:
        outside = dict(self.env)
        self.inside += 1
        try:
            yield f"p{self.named}"
        finally:
            self.env, self.inside = outside, self.inside - 1

    def _float(self, line: Line) -> Number | None:
        """What the line roughly comes to; None where it is not finite or its size is not ordinary."""
        replay = Replay(Program("", (), (), (line,), line.name), floats(), 1e-4)
        env = dict(self.env)
        try:
            replay.run((line,), env, ())
        except (ArithmeticError, ValueError, TypeError, IndexError, NoVerdictError):
            return None
        x = env[line.name].recorded
        return Number(x, x) if self.hostile or x == 0.0 or 1e-4 <= abs(x) <= LARGEST else None

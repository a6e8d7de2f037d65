"""One program through every path: what each gives against the oracle, or against the path whose bits it promises."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from autograd import CompileError
from autograd.compiler.verify import ROUNDED
from autograd.numerics import total
from tests.fuzz.oracle import Expected, expected
from tests.fuzz.paths import COMPILED, EAGER, Path
from tests.fuzz.program import Program, walk
from tests.fuzz.replay import UNIT, NoVerdictError
from tests.fuzz.source import function

PATHS = {path.name: path for path in (*EAGER, *COMPILED)}


@dataclass(frozen=True)
class Disagreement:
    """A path gives `given` where `wanted` is right to within `errors`; or it fails with `problem` in words."""

    path: str
    given: tuple[float, ...]
    wanted: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()
    problem: str = ""

    @property
    def kind(self) -> tuple[str, str]:
        """What stays the same while a program shrinks: the path, and how it fails."""
        return self.path, self.problem.partition(":")[0] or "wrong numbers"


@dataclass(frozen=True)
class Outcome:
    """What came of one program: comparisons by path, paths that refuse it as documented, disagreements."""

    compared: tuple[str, ...]
    refused: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]
    has_verdict: bool


def run(program: Program, paths: Sequence[Path] = (*EAGER, *COMPILED), hostile: bool = False) -> Outcome:
    """Take a program through these paths."""
    return _Runner(program, hostile).run(paths)


class _Runner:
    """A program and the results of its paths so far; some paths are compared with earlier ones."""

    def __init__(self, program: Program, hostile: bool) -> None:
        self.program, self.hostile = program, hostile
        self.f = function(program)
        self.given: dict[str, list[float] | Disagreement] = {}
        self.expected = self._expected()

    def _expected(self) -> list[Expected]:
        if self.hostile and len(list(walk(self.program.lines))) > 1:
            return []  # a product along a path may leave the floats: only their agreement counts
        try:
            return [expected(self.program, point, self.hostile) for point in self.program.points]
        except NoVerdictError:
            return []

    def run(self, paths: Sequence[Path]) -> Outcome:
        compared, refused, found = [], [], []
        for path in paths:
            if self.hostile and path.unit > 2.0**-53:
                continue  # 1e308 is not a float32
            given = self._given(path)
            if given is None:
                refused.append(path.name)
                continue
            problem = given if isinstance(given, Disagreement) else self._judge(path, given)
            if problem is not None:
                compared.append(path.name)
                found += [problem] if isinstance(problem, Disagreement) else []
        return Outcome(tuple(compared), tuple(refused), tuple(found), bool(self.expected))

    def _given(self, path: Path) -> list[float] | Disagreement | None:
        """What a path gives; None where it may refuse the program."""
        if path.name not in self.given:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")  # of compile: a back end that was replaced
                    self.given[path.name] = list(map(float, path.function(self.f, self.program.points, **path.options)))
            except Exception as error:
                if self._may_refuse(path, error):
                    return None
                self.given[path.name] = Disagreement(path.name, (), problem=f"{type(error).__name__}: {error}")
        return self.given[path.name]

    def _may_refuse(self, path: Path, error: Exception) -> bool:
        """Float32 may decide otherwise."""
        if ROUNDED in str(error):
            return path.unit > UNIT and not self._has_verdict(path.unit)
        return isinstance(error, CompileError) and any(text in str(error) for text in path.refuses)

    def _has_verdict(self, unit: float) -> bool:
        try:
            return bool([each.of((), unit) for each in self.expected])
        except NoVerdictError:
            return False

    def _judge(self, path: Path, given: list[float]) -> Disagreement | bool | None:
        """A disagreement; True for agreement, None where nobody knows."""
        if path.same_as:
            return self._same(path, given)
        if not self.expected:
            return None
        try:
            answers = [each.of(path.gives, path.unit) for each in self.expected]
        except NoVerdictError:
            return None
        misses = [each.may_miss(path.gives) for each in self.expected]
        if path.is_batched:
            wanted = [_mean(xs) for xs in zip(*[numbers for numbers, _ in answers], strict=True)]
            if any(map(math.isnan, wanted)):
                return None  # of infinities of both signs
            errors = [sum(xs) for xs in zip(*[errors for _, errors in answers], strict=True)]
            missing = [any(flags) for flags in zip(*misses, strict=True)]
        else:
            wanted = [x for numbers, _ in answers for x in numbers]
            errors = [x for _, errors in answers for x in errors]
            missing = [x for flags in misses for x in flags]
        known = [y if flag and x != x else x for x, y, flag in zip(given, wanted, missing, strict=True)]
        return not_near(path.name, known, wanted, errors) or True

    def _same(self, path: Path, given: list[float]) -> Disagreement | bool | None:
        name = path.same_as.removeprefix("mean of ")
        reference = self._given(PATHS[name])
        if reference is None or isinstance(reference, Disagreement):
            return None
        if name != path.same_as:
            size = len(reference) // len(self.program.points)
            rows = [reference[i : i + size] for i in range(0, len(reference), size)]
            reference = [_mean(column) for column in zip(*rows, strict=True)]
        if all(x == y or (x != x and y != y) for x, y in zip(given, reference, strict=True)):
            return True
        return Disagreement(path.name, tuple(given), tuple(reference), (0.0,) * len(given))


def not_near(
    name: str, given: Sequence[float], wanted: Sequence[float], errors: Sequence[float]
) -> Disagreement | None:
    """The disagreement, if a number is further off than its error allows."""
    if all(x == y or abs(x - y) <= error for x, y, error in zip(given, wanted, errors, strict=True)):
        return None
    return Disagreement(name, tuple(given), tuple(wanted), tuple(errors))


def _mean(xs: Sequence[float]) -> float:
    return float(total(*xs)) / len(xs)

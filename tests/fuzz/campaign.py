"""Run many programs, on one process or several, and collect their distinct failures."""

from __future__ import annotations

import signal
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from multiprocessing import get_context

from tests.fuzz.generate import program
from tests.fuzz.paths import COMPILED, EAGER, Path
from tests.fuzz.program import Program
from tests.fuzz.report import Counts, Finding
from tests.fuzz.run import PATHS, Disagreement, Outcome, run
from tests.fuzz.shrink import shrunk
from tests.fuzz.user_primitives import user_primitives

SHRINKS = 3  # of failures on the same path in the same words; more are only counted


@dataclass(frozen=True)
class Plan:
    """What to run; program i is the same for the same seed, mode and kinds, whatever runs it.

    `compiled` is how many of the compiled paths each program takes, in turn; None: all.
    """

    seed: str
    mode: str
    kinds: tuple[str, ...]
    compiled: int | None = None

    def paths(self, i: int) -> tuple[Path, ...]:
        """The paths of program i."""
        if self.compiled is None:
            return (*EAGER, *COMPILED)
        return (*EAGER, *(COMPILED[(i * self.compiled + k) % len(COMPILED)] for k in range(self.compiled)))

    @user_primitives()
    def one(self, i: int) -> tuple[Program, Outcome]:
        """Program i, and what came of it."""
        drawn = program(f"{self.seed}:{i}", self.mode, self.kinds)
        return drawn, run(drawn, self.paths(i), self.mode == "hostile")


@dataclass
class Campaign:
    """Counts and findings so far: `go` may be interrupted at any time."""

    plan: Plan
    counts: Counts = field(default_factory=Counts)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    shrinks: Counter[tuple[str, str]] = field(default_factory=Counter)

    @user_primitives()
    def go(self, programs: int | None, seconds: float, workers: int) -> None:
        """Run for the given number of programs or minutes."""
        end = time.monotonic() + seconds
        for drawn, outcome in _outcomes(self.plan, programs, workers):
            self.counts.add(drawn, outcome)
            self._explain(drawn, list(outcome.disagreements))
            if programs is None and time.monotonic() > end:
                break

    def _explain(self, drawn: Program, left: list[Disagreement]) -> None:
        """Shrink the first disagreement; those that the small program shows too are the same; and so on."""
        while left:
            kind = left[0].kind
            self.shrinks[kind] += 1
            if self.shrinks[kind] > SHRINKS:
                left = left[1:]
                continue
            small = shrunk(drawn, lambda each, kind=kind: self._failure(each, kind) is not None)  # type: ignore[misc]
            names = [each.path for each in left]
            outcome = run(small, [PATHS[name] for name in names], self.plan.mode == "hostile")
            same = [each.path for each in outcome.disagreements]
            if same:
                self._keep(small, outcome.disagreements[0], same)
            left = [each for each in left[1:] if each.path not in same]

    def _failure(self, program: Program, kind: tuple[str, str]) -> Disagreement | None:
        found = run(program, [PATHS[kind[0]]], self.plan.mode == "hostile").disagreements
        return found[0] if found and found[0].kind == kind else None

    def _keep(self, small: Program, wrong: Disagreement, same: list[str]) -> None:
        known = self.findings.setdefault(_fault(small, wrong), Finding(small, wrong, same, 0))
        known.count += 1
        known.paths += [name for name in same if name not in known.paths]


def _fault(program: Program, wrong: Disagreement) -> tuple[str, str]:
    """What tells one fault from another: the ops that are left, or the words of an error."""
    if wrong.problem and not wrong.problem.startswith("RuntimeWarning"):  # which quotes numbers
        return "", wrong.problem
    return " ".join(sorted(program.ops)), wrong.kind[1]


def _outcomes(plan: Plan, programs: int | None, workers: int) -> Iterator[tuple[Program, Outcome]]:
    numbers = count() if programs is None else iter(range(programs))
    if workers == 1:
        yield from map(plan.one, numbers)
        return
    with processes(workers) as pool:
        waiting = deque(pool.submit(plan.one, i) for i in islice(numbers, 4 * workers))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(plan.one, i) for i in islice(numbers, 1))


@contextmanager
def processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of worker processes; Ctrl-C, which a terminal sends to all of them, is for this process alone."""
    ignore = signal.SIGINT, signal.SIG_IGN
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=signal.signal, initargs=ignore)
    before = signal.signal(*ignore)  # which those that start here inherit: they do not even say so while they import
    try:
        for _ in range(workers):
            pool.submit(int)
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)

"""Which faults explain an engine's numbers: the family in `faults.py` is searched for engines that give the very same.

The search is driven by conflicts: programs come by size, the first on which a candidate and the submission differ is
the conflict, and only faults that make it agree there, and still agree on all programs before, are planted next. The
fewest faults win. A fault by itself is found in one round, two or three at once in as many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations, product
from typing import NamedTuple

from autograd.grading.corpus import ALONE, Task
from autograd.grading.engine import Answer, Settings, run, same
from autograd.grading.faults import FAULTS, Fault
from autograd.grading.program import DEEP, Program
from autograd.grading.truth import Truth

MOST_FAULTS = 4
BUDGET = 50_000  # programs that candidates run in one search: some seconds
# What engines of the family raise; no other error is explained by them.
RAISED = {"", "TypeError", "RecursionError", "ZeroDivisionError", "OverflowError", "ValueError"}
VISITS = ("right", *range(10))  # a submission may keep its operands in a set
RESETS = {"accumulate": ("interior",), "fresh": ("all",), "either": ("interior", "all")}
COMPOSED = ("sub", "div", "neg")  # often written in terms of other operations


class Case(NamedTuple):
    """A task, the right answer, that of the submission, and the verdicts on its values and gradients."""

    task: Task
    truth: Truth
    answer: Answer
    right_values: bool
    right_gradients: bool

    @property
    def program(self) -> Program:
        """The program of the task."""
        return self.task.program

    @property
    def right(self) -> bool:
        """Whether everything is right."""
        return self.right_values and self.right_gradients


class Explanation(NamedTuple):
    """Faults that give the same numbers, and the settings of the right engine that they are planted in."""

    faults: tuple[Fault, ...]
    base: Settings


class _ExhaustedError(Exception):
    """The budget of a search is used up."""


class _Search:
    def __init__(self, cases: Sequence[Case], budget: int) -> None:
        short = [case for case in cases if len(case.program.lines) < DEEP]
        self.cases = sorted(short, key=lambda case: case.program.size)
        self.budget = budget
        occurring = frozenset(chain.from_iterable(case.program.operations() for case in cases))
        if "sum" in occurring:
            occurring |= {"add"}
        self.faults = [fault for fault in FAULTS.values() if not fault.operation or fault.operation in occurring]

    def explain(
        self, settings: Settings, planted: tuple[Fault, ...], more: int, agreed: int = 0
    ) -> tuple[Fault, ...] | None:
        """The planted faults and up to `more` others with which the engine gives the submission's numbers.

        On the first `agreed` cases it does already.
        """
        conflict = next((i for i in range(agreed, len(self.cases)) if not self._agree(settings, i)), None)
        if conflict is None:
            return planted
        if not more:
            return None
        for fault in self.faults:
            if fault in planted:
                continue
            candidate = fault.planted(settings)
            if self._agree(candidate, conflict) and all(self._agree(candidate, i) for i in range(conflict)):
                found = self.explain(candidate, (*planted, fault), more - 1, conflict + 1)
                if found is not None:
                    return found
        return None

    def _agree(self, settings: Settings, i: int) -> bool:
        self.budget -= 1 + settings.sees_order * len(VISITS)
        if self.budget < 0:
            raise _ExhaustedError
        program, answer = self.cases[i].program, self.cases[i].answer
        if same(run(program, settings), answer):
            return True
        others = VISITS if settings.sees_order else ()
        return any(same(run(program, replace(settings, visits=visits)), answer) for visits in others)


def explain(
    cases: Sequence[Case], convention: str, most: int = MOST_FAULTS, budget: int = BUDGET
) -> Explanation | None:
    """The fewest faults, at most `most`, with which an engine gives exactly the submission's numbers on all cases.

    None where no combination does.
    """
    if not {case.answer.error.partition(":")[0] for case in cases} <= RAISED:
        return None
    search = _Search(cases, budget)
    bases = list(_bases(search.cases, convention))
    try:
        for number in range(most + 1):
            for base in bases:
                faults = search.explain(base, (), number)
                if faults is not None:
                    return Explanation(faults + _of_depth(cases), base)
    except _ExhaustedError:
        pass
    return None


def _bases(cases: Iterable[Case], convention: str) -> Iterator[Settings]:
    """The right engines to plant faults in: what they do in one way or another is the same until something is wrong."""
    resets = RESETS[convention]
    occurring = frozenset(chain.from_iterable(case.program.operations() for case in cases))
    names = [name for name in COMPOSED if name in occurring]
    composed = chain.from_iterable(combinations(names, count) for count in range(len(names) + 1))
    for reset, swapped, others in product(resets, (("add", "mul"), ()), composed):
        yield Settings(resets=reset, swapped=frozenset(swapped), composed=frozenset(others))


def _of_depth(cases: Iterable[Case]) -> tuple[Fault, ...]:
    """The fault that only a deep graph shows."""
    errors = {case.answer.error.partition(":")[0] for case in cases if len(case.program.lines) >= DEEP}
    return (FAULTS["recursion"],) if "RecursionError" in errors else ()


def unknown_operations(cases: Sequence[Case], convention: str) -> set[str]:
    """Operations that are wrong by themselves in a way that no fault of the family explains."""
    single = [case for case in cases if case.task.item in ALONE and len(case.program.lines) == 1]
    wrong = {case.program.lines[0].operation for case in single if not case.right}
    return {name for name in wrong if explain(_of(name, single), convention, 2, BUDGET // 10) is None}


def _of(name: str, single: Iterable[Case]) -> list[Case]:
    return [case for case in single if case.program.lines[0].operation == name]

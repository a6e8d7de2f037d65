"""Which faults explain an engine's numbers: the family in `faults.py` is searched for engines that give the very same.

The search is driven by conflicts: programs come by size, the first on which a candidate and the submission differ is
the conflict, and only faults that make it agree there, and still agree on all programs before, are planted next. The
fewest faults win, and among as many those that agree on most programs are tried first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from itertools import chain, combinations, count, product
from typing import NamedTuple

from autograd.grading.corpus import ALONE, Task
from autograd.grading.engine import Answer, Settings, run, same
from autograd.grading.faults import FAULTS, Fault, planted
from autograd.grading.program import DEEP, Program, Ref
from autograd.grading.truth import Truth

MOST_FAULTS = 4
BUDGET = 60_000  # programs that candidates run in one search: some seconds
# What engines of the family raise; no other error is explained by them.
RAISED = {"", "TypeError", "RecursionError", "ZeroDivisionError", "OverflowError", "ValueError"}
# A submission may keep its operands in a set: where their order matters, several are tried, and of larger graphs, which
# have more orders, none has to fit.
VISITS, FEW_LINES = ("right", *range(10)), 4
RESETS = {"accumulate": ("interior",), "fresh": ("all",), "either": ("interior", "all")}
COMPOSED = ("sub", "div", "neg")  # often written in terms of other operations
MADE_OF = {"sum": {"add"}, "sub": {"add", "neg", "mul"}, "div": {"mul", "pow"}, "neg": {"mul"}}


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


class _Node(NamedTuple):
    """An engine of the search; those with the fewest faults come first, and among them what agrees on most cases."""

    size: int
    disagreement: int  # minus the number of cases before the conflict
    number: int
    base: Settings
    planted: tuple[Fault, ...]

    @property
    def settings(self) -> Settings:
        """The base with the faults."""
        return planted(self.planted, self.base)


class _Search:
    def __init__(self, cases: Sequence[Case], budget: int) -> None:
        short = [case for case in cases if len(case.program.lines) < DEEP]
        self.cases = sorted(short, key=lambda case: case.program.size)
        self.reached = [_reached(case.program.operations()) for case in self.cases]
        self.known: dict[tuple[object, ...], bool] = {}
        self.budget = budget
        occurring = frozenset(chain.from_iterable(case.program.operations() for case in cases))
        if "sum" in occurring:
            occurring |= {"add"}
        self.faults = [fault for fault in FAULTS.values() if not fault.operation or fault.operation in occurring]
        self.heap: list[_Node] = []
        self.counter = count()
        self.seen: set[tuple[int, frozenset[str]]] = set()

    def explain(self, bases: Iterable[Settings], known: tuple[Fault, ...], most: int) -> Explanation | None:
        """The fewest faults besides the known ones with which the engine gives the submission's numbers."""
        for base in bases:
            if self._push(base, known):
                return Explanation(known, base)
        while self.heap:
            node = heappop(self.heap)
            if node.size < most and (found := self._expand(node)):
                return found  # at once: what is left in the heap needs as many faults, or more
        return None

    def _expand(self, node: _Node) -> Explanation | None:
        """Plant every fault that resolves the conflict and leaves the cases before as they are."""
        settings, conflict = node.settings, -node.disagreement
        for fault in self.faults:
            key = id(node.base), frozenset([each.name for each in (*node.planted, fault)])
            if key in self.seen or fault in node.planted:
                continue
            candidate = fault.planted(settings)
            # Without the fault's operation nothing changes, unless the order among operands is free from now on.
            if not self._concerns(fault, conflict) and candidate.sees_order == settings.sees_order:
                continue
            before = (i for i in range(conflict) if self._concerns(fault, i))
            if self._agree(candidate, conflict) and all(self._agree(candidate, i) for i in before):
                self.seen.add(key)
                if self._push(node.base, (*node.planted, fault), conflict + 1):
                    return Explanation((*node.planted, fault), node.base)
        return None

    def _push(self, base: Settings, faults: tuple[Fault, ...], agreed: int = 0) -> bool:
        """Keep an engine for later; True if there is no conflict."""
        settings = planted(faults, base)
        while agreed < len(self.cases) and self._agree_once(settings, base, faults, agreed):
            agreed += 1
        heappush(self.heap, _Node(len(faults), -agreed, next(self.counter), base, faults))
        return agreed == len(self.cases)

    def agrees(self, base: Settings, faults: tuple[Fault, ...]) -> bool:
        """Whether an engine agrees on all cases."""
        settings = planted(faults, base)
        return all(self._agree_once(settings, base, faults, i) for i in range(len(self.cases)))

    def _agree_once(self, settings: Settings, base: Settings, faults: tuple[Fault, ...], i: int) -> bool:
        """`_agree`, found once for all bases that do the same in this case."""
        program, reached = self.cases[i].program, self.reached[i]
        resets = base.resets if len(program.roots) > 1 else ""
        swapped = base.swapped & reached if _has_constant_on_the_left(program) else frozenset()
        key = (i, resets, swapped, base.composed & reached, *[fault.name for fault in faults])
        if key not in self.known:
            self.known[key] = self._agree(settings, i)
        return self.known[key]

    def _concerns(self, fault: Fault, i: int) -> bool:
        """Whether an engine with the fault may answer a case differently."""
        return not fault.operation or fault.operation in self.reached[i]

    def _agree(self, settings: Settings, i: int) -> bool:
        program, answer = self.cases[i].program, self.cases[i].answer
        others = VISITS[: 3 ** len(program.lines) - 2] if settings.sees_order else ()
        for visits in ("left", *others):
            self.budget -= 1
            if self.budget < 0:
                raise _ExhaustedError
            if same(run(program, settings if visits == "left" else replace(settings, visits=visits)), answer):
                return True
        return settings.sees_order and len(program.lines) > FEW_LINES


def _reached(operations: frozenset[str]) -> frozenset[str]:
    """The operations, and those that they may be made of."""
    return operations.union(*[MADE_OF.get(name, ()) for name in operations])


def _has_constant_on_the_left(program: Program) -> bool:
    return any(line.operation == "sum" or not isinstance(line.operands[0], Ref) for line in program.lines)


def explain(
    cases: Sequence[Case], convention: str, most: int = MOST_FAULTS, budget: int = BUDGET
) -> Explanation | None:
    """The fewest faults, at most `most`, with which an engine gives exactly the submission's numbers on all cases.

    None where no combination does.
    """
    if not {case.answer.error.partition(":")[0] for case in cases} <= RAISED:
        return None
    alone = _Search([case for case in cases if case.task.item in ALONE], budget)
    together = _Search(cases, budget)
    bases = list(_bases(cases, convention))
    try:
        first = alone.explain(bases, (), most)  # operations by themselves show fewer faults
        if first is None:
            return None
        fitting = [base for base in bases if alone.agrees(base, first.faults)]
        found = together.explain(fitting, first.faults, most)
    except _ExhaustedError:
        return None
    return found and found._replace(faults=found.faults + _of_depth(cases))


def _bases(cases: Iterable[Case], convention: str) -> Iterator[Settings]:
    """The right engines to plant faults in: what they do in one way or another is the same until something is wrong."""
    occurring = frozenset(chain.from_iterable(case.program.operations() for case in cases))
    names = [name for name in COMPOSED if name in occurring]
    composed = chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))
    for reset, swapped, others in product(RESETS[convention], (("add", "mul"), ()), composed):
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

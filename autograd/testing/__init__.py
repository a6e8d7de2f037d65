"""Mutation testing for derivatives: plant faults, and see whether your tests notice them.

`mutants()` yields small faults in every rule and in the engine itself, each a context manager that plants the fault for
its block and removes it afterwards; `mutated(…)` plants one of your own. `defined(…)` is `autograd.define` for a block:
a primitive that a test needs is not in the table of the next one. `grade(Value)` judges a scalar engine by random
graphs and names its faults; `grade_function(answer, right, …)` does so for a function. Source: DeMillo, Lipton &
Sayward, "Hints on Test Data Selection", Computer 11 (1978).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from autograd import rules
from autograd.grading import Rubric, grade
from autograd.grading.functions import Draw, FunctionReport, grade_function
from autograd.primitive import Primitive, lookup
from autograd.testing.engine_mutations import engine_mutations, textbook_pass
from autograd.testing.replacing import defined, mutated
from autograd.testing.rule_mutations import rule_mutations

__all__ = [
    "Draw",
    "FunctionReport",
    "Mutant",
    "Rubric",
    "defined",
    "grade",
    "grade_function",
    "mutants",
    "mutated",
    "table",
    "textbook_pass",
]


class Mutant:
    """One fault: `mutation` of `target`, planted while the `with` block of this object runs.

    `target` is a partial (`mul[0]`, or `dot[last]` where there is any number of operands), a row (`relu`) or a part of
    the engine (`backward`, `grad`); `primitive` is the row's name, '' for the engine. It can be used again, but not
    inside its own block: RuntimeError.
    """

    def __init__(self, target: str, mutation: str, primitive: str, plant: Callable[[], AbstractContextManager[Any]]):
        self.target, self.mutation, self.primitive = target, mutation, primitive
        self._plant = plant
        self._planted: AbstractContextManager[Any] | None = None

    def __enter__(self) -> Mutant:
        if self._planted is not None:
            raise RuntimeError(f"{self!r} is planted already; leave its block first")
        planted = self._plant()
        planted.__enter__()
        self._planted = planted
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._planted is not None, "__exit__ without __enter__"
        planted, self._planted = self._planted, None
        planted.__exit__(kind, error, traceback)

    def __repr__(self) -> str:
        return f"<mutant {self.target}: {self.mutation}>"


def table() -> list[Primitive]:
    """The engine's own rows, in the order of `rules.py`, whatever else has been defined by now.

    >>> table()[0]
    <primitive add(x, y)>
    """
    return [row for row in vars(rules).values() if isinstance(row, Primitive)]


def mutants(primitives: Iterable[str | Primitive] | None = None, *, engine: bool = True) -> Iterator[Mutant]:
    """Every mutant of the rows named (by default those of the table), and of the engine unless `engine=False`.

    A partial is scaled by 1 ± 1e-6, by 1 + 1e-12 and by 2, negated, replaced by 0 and by 1; its rule gets the output
    for the operand, the operand for the output, two operands exchanged; powers are off by one; a kink takes the
    derivative of its left or right; the engine forgets to add, to reset, to order, to count. Some mutants
    are equivalent to the original, as the derivative of relu at 0 from its left: those no test can find.

    >>> from autograd import Value, tanh
    >>> x = Value(0.5)
    >>> found = 0
    >>> for mutant in mutants(["tanh"], engine=False):
    ...     with mutant:
    ...         x.grad = 0.0
    ...         tanh(x).backward()
    ...     found += x.grad != 1.0 - tanh(0.5) ** 2
    >>> found
    8

    GraphError for an unknown name.
    """
    rows = table() if primitives is None else [lookup(p if isinstance(p, str) else p.name) for p in primitives]
    for row in rows:
        for target, mutation, plant in rule_mutations(row):
            yield Mutant(target, mutation, row.name, plant)
    if engine:
        for target, mutation, plant in engine_mutations():
            yield Mutant(target, mutation, "", plant)

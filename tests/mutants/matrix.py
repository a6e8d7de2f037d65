"""Run mutants, and print the results as a table of targets by mutations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograd.check import check_gradients
from autograd.strategies import Graph
from autograd.testing import Mutant
from tests.mutants.equivalent import reason_why
from tests.mutants.examples import examples


@dataclass(frozen=True)
class Outcome:
    """The result for a mutant: the number of the example that killed it, and why it cannot be killed, if that is so."""

    target: str
    mutation: str
    killed_by: int | None
    reason: str | None

    @property
    def is_right(self) -> bool:
        """Killed, or known to be equivalent: not both, and not neither."""
        return (self.killed_by is None) == (self.reason is not None)

    def __str__(self) -> str:
        if self.killed_by is not None:
            return str(self.killed_by) if self.reason is None else f"{self.killed_by}!"
        return "SURVIVED" if self.reason is None else "≡"


def run(mutant: Mutant) -> Outcome:
    """Try a mutant on its row's examples until one kills it."""
    killed_by = None
    with mutant:
        for number, graph in enumerate(examples(mutant.primitive), start=1):
            if is_noticed(graph, mutant.target):
                killed_by = number
                break
    return Outcome(mutant.target, mutant.mutation, killed_by, reason_why(mutant))


def is_noticed(graph: Graph, target: str = "") -> bool:
    """Whether the gradient check finds a graph wrong; a crash is noticed too, and what is undecided is not."""
    try:
        report = check_gradients(graph, *graph.point, order=2 if target == "grad" else 1, raise_on_failure=False)
    except Exception:  # a mutant may make anything fail; without one, nothing may: `false_alarms` sees to that
        return True
    return report.verdict == "wrong"


def false_alarms(primitives: Iterable[str]) -> Iterator[Graph]:
    """The examples at which the check fails although nothing is planted: there should be none."""
    for primitive in primitives:
        for graph in examples(primitive):
            if is_noticed(graph, primitive or "grad"):
                yield graph


def table(outcomes: list[Outcome]) -> str:
    """A row per target, a column per mutation: the number of the example that killed it, or ≡ for an equivalent."""
    mutations = list(dict.fromkeys(outcome.mutation for outcome in outcomes))
    cells = {(outcome.target, outcome.mutation): str(outcome) for outcome in outcomes}
    targets = list(dict.fromkeys(outcome.target for outcome in outcomes))
    width = max(len(target) for target in targets)
    lines = [" " * width + "  " + " ".join(f"{chr(ord('a') + i):>3}" for i in range(len(mutations)))]
    for target in targets:
        row = " ".join(f"{cells.get((target, mutation), ''):>3}" for mutation in mutations)
        lines.append(f"{target:<{width}}  {row}".rstrip())
    legend = [f"  {chr(ord('a') + i)}  {mutation}" for i, mutation in enumerate(mutations)]
    return "\n".join([*lines, "", *legend])

"""The order of steps, by what each reads and writes. Every pass that reorders goes through `in_order`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush

from autograd._numpy import NDArray, np
from autograd.compiler.vector.printing import KINDS
from autograd.compiler.vector.steps import Operand, Step
from autograd.errors import CompileError

Written = dict[str, NDArray[np.bool_]]  # for each file whether a lane is
Reads = Mapping[Step, Sequence[Operand]]


def in_order(steps: Sequence[Step], after: Mapping[Step, Sequence[Step]]) -> list[Step] | None:
    """The steps so that each comes after those it reads and after those that `after` asks for; None if nothing can.

    Otherwise as they were: of those that may come next, the first. O(N log N) in the steps and their operands.
    """
    number = {step: i for i, step in enumerate(steps)}
    waits = [
        {*sources, *[number[each] for each in after.get(steps[i], ())]} for i, sources in enumerate(_sources(steps))
    ]
    readers: list[list[int]] = [[] for _ in steps]
    for i, wanted in enumerate(waits):
        for source in wanted:
            readers[source].append(i)
    missing = list(map(len, waits))
    ready = [i for i, count in enumerate(missing) if not count]
    order: list[Step] = []
    while ready:
        i = heappop(ready)
        order.append(steps[i])
        for reader in readers[i]:
            missing[reader] -= 1
            if not missing[reader]:
                heappush(ready, reader)
    return order if len(order) == len(steps) else None


def _sources(steps: Sequence[Step]) -> Iterator[list[int]]:
    """For each step the numbers of those that it reads."""
    ends = {kind: max([s.start + s.size for s in steps if s.kind == kind], default=0) for kind in KINDS}
    writer = {kind: np.full(end, -1, np.intp) for kind, end in ends.items()}
    for i, step in enumerate(steps):
        if step.results is None:
            writer[step.kind][step.start : step.start + step.size] = i
    for step in steps:
        found: set[int] = set()
        for operand in step.operands:
            if operand.kind != "constant":
                lanes = operand.lanes.ravel()
                found.update(writer[operand.kind][lanes[lanes < ends[operand.kind]]].tolist())
        yield [each for each in found if each >= 0]


def check_reads(steps: Sequence[Step], written: Written, also: Reads | None = None) -> None:
    """CompileError unless each step reads only lanes that are written, and writes only such as are not.

    `written` says for both files which lanes are from the start, and in the end which are. `also` are operands that a
    back end reads besides a step's own.
    """
    for number, step in enumerate(steps):
        for operand in (*step.operands, *(also or {}).get(step, ())):
            if operand.kind != "constant" and not written[operand.kind][operand.lanes].all():
                raise CompileError(f"step {number} ({step.form}) uses lanes that are not computed before it")
        if step.results is None:
            mine = written[step.kind][step.start : step.start + step.size]
            if mine.any():
                raise CompileError(f"step {number} ({step.form}) computes lanes that are known already")
            mine[:] = True

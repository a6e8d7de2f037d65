"""Make a program smaller as long as it shows the same: lines, passes and inputs are removed, numbers become simple."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from autograd.grading.program import DEEP, Line, Program, Ref, renumbered

SIMPLE = (2, 3, 0.5)


def shrunk(program: Program, shows: Callable[[Program], bool]) -> Program:
    """The smallest program found for which `shows` still holds; the order of attempts is fixed.

    >>> from autograd.grading.corpus import random_graphs
    >>> (task,) = random_graphs(["mul", "add", "tanh"], 1, seed=3)
    >>> small = shrunk(task.program, lambda program: "tanh" in program.operations())
    >>> [line.operation for line in small.lines]
    ['tanh']
    """
    if len(program.lines) > DEEP:
        return program
    found = True
    while found:
        found = False
        for candidate in _smaller(program):
            if shows(candidate):
                program, found = candidate, True
                break
    return program


def _smaller(program: Program) -> Iterator[Program]:
    if len(program.roots) > 1:
        yield from (program.with_roots(root).pruned() for root in dict.fromkeys(program.roots))
        if len(set(program.roots)) > 1:
            yield program.with_roots(program.roots[-1], program.roots[-1]).pruned()
    for slot in reversed(range(len(program.inputs), len(program.inputs) + len(program.lines))):
        yield from _without(program, slot)
    yield from _with_fewer_terms(program)
    yield from _with_simple_numbers(program)


def _without(program: Program, slot: int) -> Iterator[Program]:
    """Programs in which an operand, or an input, stands for a line."""
    count = len(program.inputs)
    own = [x.slot for x in program.lines[slot - count].operands if isinstance(x, Ref)]
    for other in dict.fromkeys((*own, *range(count))):
        moved = {slot: other} | {old: old - 1 for old in range(slot + 1, count + len(program.lines))}
        lines = [renumbered(line, moved) for i, line in enumerate(program.lines, count) if i != slot]
        roots = tuple([moved.get(root, root) for root in program.roots])
        if lines:
            yield Program(program.inputs, tuple(lines), roots).pruned()


def _with_fewer_terms(program: Program) -> Iterator[Program]:
    for i, line in enumerate(program.lines):
        if line.operation == "sum" and len(line.operands) > 1:
            yield _with_line(program, i, line.operands[:1]).pruned()


def _with_simple_numbers(program: Program) -> Iterator[Program]:
    """Programs with one number closer to the beginning of `SIMPLE`."""
    for i, number in enumerate(program.inputs):
        for simple in _simpler(number):
            yield replace(program, inputs=(*program.inputs[:i], simple, *program.inputs[i + 1 :]))
    for i, line in enumerate(program.lines):
        for k, operand in enumerate(line.operands):
            if not isinstance(operand, Ref):
                for simple in _simpler(operand):
                    yield _with_line(program, i, (*line.operands[:k], simple, *line.operands[k + 1 :]))


def _simpler(number: float) -> tuple[float, ...]:
    return SIMPLE[: SIMPLE.index(number)] if number in SIMPLE else SIMPLE


def _with_line(program: Program, i: int, operands: tuple[Ref | float, ...]) -> Program:
    line = Line(program.lines[i].operation, operands)
    return replace(program, lines=(*program.lines[:i], line, *program.lines[i + 1 :]))

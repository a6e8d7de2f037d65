"""Value and gradient of a program with loops, as a program with loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd.compiler.loops.backward import backward
from autograd.compiler.loops.flow import OUTPUT, LoopedFlow, LoopWriter
from autograd.compiler.loops.loop import Looped
from autograd.compiler.loops.prune import Live
from autograd.compiler.program import moved_to
from autograd.derivative import adjoints
from autograd.errors import CompileError


def with_gradient(looped: Looped, wanted: Sequence[int], gathered: int = 0) -> Looped:
    """The program with the derivatives of its first output by the inputs `wanted` as further outputs.

    Those by invariant inputs of a loop are summed after it, as products of what each trip gives, if there are at most
    `gathered` of these: arrays take all trips, and all samples, at once.

    >>> from autograd.compiler.loops.find import find
    >>> from autograd.compiler.loops.loop import interpret
    >>> from autograd.compiler.program import Equation, Program
    >>> from autograd.rules import mul
    >>> power = Program(("x",), tuple([Equation(mul, (0, i)) for i in range(9)]), (), (9,))
    >>> looped = with_gradient(find(power), [0])
    >>> numbers = interpret(looped, [2.0])
    >>> [numbers[int(atom)] for atom in looped.outputs]
    [1024.0, 5120.0]

    CompileError unless it has an output.
    """
    if not looped.outputs:
        raise CompileError("a program without outputs has no gradient")
    output = looped.outputs[0]
    writer = LoopWriter(looped)
    seeds = [(output, 1.0, 1.0)] if type(output) is int else []
    known = adjoints(OUTPUT, wanted, LoopedFlow(looped, seeds, wanted, writer, backward, gathered=gathered))
    found = [writer.atom(known.get(place, 0.0)) for place in wanted]
    items, moved = Live(writer.placed(), writer.end, found).renumbered(range(writer.builder.first))
    outputs = (*looped.outputs, *moved_to(found, moved))
    head = replace(looped.head, outputs=outputs, derivatives=tuple(wanted), adjoints=())
    return Looped(head, (*looped.items, *items))

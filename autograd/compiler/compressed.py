"""Sparse Jacobians and Hessians of programs: their patterns, and programs that compute the entries and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from autograd import rules
from autograd.compiler.differentiate import differentiated
from autograd.compiler.passes import without_dead
from autograd.compiler.program import Equation, Program
from autograd.compiler.pushed import pushed_along
from autograd.compiler.symbols import may_drop
from autograd.sparse.compression import Compression, compressed_hessian, compressed_jacobian
from autograd.sparse.pattern import hessian_pattern, jacobian_pattern

# Equations times colours up to which entries are written out: that runs faster than a batch of directions, since
# products with 0 are left out, but for many colours takes longer to build.
WRITTEN = 50_000


def jacobian_plan(recorded: Program, wanted: Sequence[int]) -> Compression:
    """The pattern of the derivatives of the outputs by some inputs, coloured.

    >>> from autograd.rules import exp, sin
    >>> program = Program(("x", "y"), (Equation(exp, (0,)), Equation(sin, (1,))), (), (2, 3))
    >>> print(jacobian_plan(program, (0, 1)))
    2 × 2, 2 nonzeros, 1 colour, forward
    """
    return compressed_jacobian(jacobian_pattern(len(recorded.names), recorded.equations, recorded.outputs, wanted))


def hessian_plan(recorded: Program, wanted: Sequence[int]) -> Compression:
    """The pattern of the second derivatives of the one output by some inputs, coloured."""
    (output,) = recorded.outputs
    return compressed_hessian(hessian_pattern(len(recorded.names), recorded.equations, output, wanted))


def is_written_out(recorded: Program, plan: Compression) -> bool:
    """Whether entries are written out: not where a rule asks which branch is taken, which would become guards."""
    if not plan.count:
        return True
    if len(recorded.equations) * plan.count > WRITTEN:
        return False
    return bool(recorded.batched) or not any(may_drop(row, len(operands)) for row, operands in recorded.equations)


def entries(
    recorded: Program, plan: Compression, wanted: Sequence[int], numbers: Sequence[float], where: Callable[[], str]
) -> Program:
    """A program whose outputs are the entries of the matrix, row by row: directions are constants.

    >>> from autograd.rules import mul
    >>> program = Program(("x", "y"), (Equation(mul, (0, 0)), Equation(mul, (2, 1))), (), (3,))
    >>> print(entries(program, hessian_plan(program, (0, 1)), (0, 1), [2.0, 3.0], str))
    program(x, y):
        t2 = dot(x, x, 1.0, 1.0, 0.0)
        t3 = dot(y, y, 1.0, 1.0, 0.0)
        return t3, t2, t2
    """
    if not plan.count:
        return without_dead(replace(recorded, outputs=(), adjoints=()))
    if plan.mode == "reverse":
        return _selected(_backward(recorded, plan, wanted, numbers, where), plan, len(recorded.outputs), len(wanted))
    if plan.mode == "forward":
        program, skipped, length = recorded, len(recorded.outputs), len(recorded.outputs)
    else:
        program, _ = differentiated(recorded, recorded.outputs, wanted, numbers, where)
        program = replace(program, outputs=program.outputs[1:])
        skipped = length = len(wanted)
    along = [dict.fromkeys([wanted[j] for j in group], 1.0) for group in plan.groups]
    return _selected(pushed_along(program, along, numbers, where)[0], plan, skipped, length)


def _selected(program: Program, plan: Compression, skipped: int, length: int) -> Program:
    """The program with the entries as outputs; it has those of each direction, `length` of them, after the skipped."""
    outputs = [program.outputs[skipped + colour * length + place] for colour, place in zip(*plan.sources, strict=True)]
    return without_dead(replace(program, outputs=tuple(outputs), adjoints=()))


def _backward(
    recorded: Program, plan: Compression, wanted: Sequence[int], numbers: Sequence[float], where: Callable[[], str]
) -> Program:
    """The gradient of the sum of the outputs of each colour."""
    first = len(recorded.names) + len(recorded.equations)
    sums = [Equation(rules.total, tuple([recorded.outputs[i] for i in group])) for group in plan.groups]
    program = replace(recorded, equations=(*recorded.equations, *sums))
    return differentiated(program, range(first, first + len(sums)), wanted, numbers, where)[0]

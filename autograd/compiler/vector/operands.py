"""Operands of a step in the shape that its lanes have."""

from __future__ import annotations

from collections.abc import Sequence

from autograd._numpy import np
from autograd.compiler.vector.layout import factored
from autograd.compiler.vector.steps import Lanes, Operand


def common_shape(operands: Sequence[Operand], results: Lanes | None) -> tuple[int, ...]:
    """The shape in which lanes (n,) or (k, n) are views."""
    columns = [] if results is None else [results]
    for operand in operands:
        if operand.lanes.size:
            columns += [operand.lanes] if operand.lanes.ndim == 1 else [operand.lanes[0], operand.lanes[-1]]
    return factored(columns) if columns else max([each.numbers.shape[-1:] for each in operands] or [(1,)]) or (1,)


def in_shape(operand: Operand, shape: tuple[int, ...]) -> Operand:
    """The same with the last axis in that shape; an axis of length 1 stays short."""
    table = operand.table
    if not table.ndim:
        return operand
    last = shape if table.shape[-1] == np.prod(shape) else (1,) * len(shape)
    return operand.with_table(table.reshape(*table.shape[:-1], *last))


def taken(operand: Operand, order: Lanes) -> Operand:
    """A column of atoms in that order; one number where all are the same constant."""
    column = operand.table[order, 0]
    bits = column.view(np.int64)
    return operand.with_table(column[0] if operand.kind == "constant" and (bits == bits[0]).all() else column)


def flat(operand: Operand) -> Operand:
    """A bias of one column, along the lanes."""
    table = operand.table[:, 0]
    return operand.with_table(table[0] if operand.kind == "constant" and len(table) == 1 else table)

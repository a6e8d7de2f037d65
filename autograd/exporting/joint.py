"""Rows of the same operands, written as one piece of code where their formulas share what takes time.

tanh and its derivative have an exp in common, as have the sigmoid, softplus and their derivatives. The formulas write
into one `Formulas`, which has no statement twice, so no table says which rows share something.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from autograd import rules
from autograd.exporting.formulas import Formulas, wide
from autograd.exporting.spelling import name_of
from autograd.exporting.writing import File, Lines
from autograd.primitive import Primitive

T = TypeVar("T")
Rows = tuple[Primitive, ...]
PAIRED = frozenset((rules.sin, rules.cos))  # compilers of C make one call of both


def write_joint(to: Lines, rows: Sequence[Primitive], operands: Sequence[str], results: Sequence[str]) -> None:
    """Assign the rows of these operands to the results, in a block whose names do not matter to what is around it.

    >>> from autograd.exporting.language import JAVASCRIPT
    >>> lines = Lines(JAVASCRIPT, File(JAVASCRIPT))
    >>> write_joint(lines, [rules.sigmoid_slope, rules.sigmoid], ["w[i1]"], ["w[4 + i1]", "w[8 + i1]"])
    >>> print("\\n".join(lines.lines))
        {
            const x0 = w[i1];
            const v1 = Math.abs(x0);
            const v2 = -v1;
            const v3 = Math.exp(v2);
            const v4 = v3 + 1.0;
            const v5 = v4 * v4;
            const v6 = v3 / v5;
            const v7 = x0 >= 0.0;
            const v8 = v7 ? 1.0 : v3;
            const v9 = v8 / v4;
            w[4 + i1] = v6;
            w[8 + i1] = v9;
        }
    """
    body, found = _written(to.file, rows)
    to.file.used |= body.used
    with to.block():
        for i, operand in enumerate(operands):
            to.add(f"{body.language.constant} x{i} = {operand};")
        for line in body.lines:
            to.add(line)
        for target, name in zip(results, found, strict=True):
            to.add(f"{target} = {name};")


def _written(file: File, rows: Sequence[Primitive]) -> tuple[Formulas, list[str]]:
    """The statements for all the rows, of operands x0, x1, …, and the names of what they give."""
    body = Formulas(wide(file.language))
    results = []
    for row in rows:
        count, builder = file.formulas[name_of(row)]
        results.append(builder(body, *[f"x{i}" for i in range(count)]))
    return body, results


def sharing(file: File, items: Iterable[tuple[Hashable, Primitive, T]]) -> list[list[T]]:
    """The groups of two or more items that are to be written together.

    An item is what tells its operands from others, its row, which is a function, and its name in the result.

    >>> from autograd.exporting.language import DOUBLE
    >>> sharing(File(DOUBLE), [("z", rules.sigmoid, 1), ("z", rules.exp, 2), ("z", rules.softplus, 3)])
    [[1, 3]]
    """
    cost = _costs(file)
    of_operands: dict[Hashable, list[tuple[Rows, list[T]]]] = {}
    for operands, row, item in items:
        groups = of_operands.setdefault(operands, [])
        for i, (rows, members) in enumerate(groups):
            if cost((*rows, row)) < cost(rows) + cost((row,)):
                groups[i] = (*rows, row), [*members, item]
                break
        else:
            groups.append(((row,), [item]))
    return [members for groups in of_operands.values() for _, members in groups if len(members) > 1]


def _costs(file: File) -> Callable[[Rows], int]:
    """How many functions of the C library rows of the same operands need."""
    known: dict[Rows, int] = {}

    def cost(rows: Rows) -> int:
        if rows not in known:
            both = file.language.name == "C" and PAIRED.issubset(rows)
            known[rows] = len(_written(file, rows)[0].library) - both
        return known[rows]

    return cost

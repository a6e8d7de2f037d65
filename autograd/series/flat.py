"""The recurrences of a row as straight-line Python: it is applied to series of names, which write down what it does.

Most of the time of an operation on short series is not arithmetic. What a row of the table computes does not depend on
its numbers, but for powers, so after a few uses its coefficients are computed by one function, with the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd import rules
from autograd.arithmetic import Arithmetic
from autograd.inline import function
from autograd.primitive import Primitive

USES = 8  # of a row, for series of these degrees, before it is worth a function of its own
LONGEST = 24  # the order up to which it is
KEPT = 1000  # functions
ROWS = {row for row in vars(rules).values() if isinstance(row, Primitive) and row.arity in (1, 2)} - {rules.pow_}
_INFIX = {rules.add: "+", rules.sub: "-", rules.mul: "*"}
Key = tuple[Primitive, int, tuple[int | None, ...]]  # a row, an order, and the degrees of operands; None: a constant
SeriesOf = Callable[[int, list[list[Any]]], list[Any]]
Code = tuple[Callable[..., list[float]], int]  # the function, and the degree of its result


class Sheet:
    """Lines of a function, each with the names that it uses."""

    def __init__(self) -> None:
        self.lines: dict[str, tuple[str, list[str]]] = {}
        self.values: dict[str, Any] = {}

    def write(self, text: str, operands: Sequence[Any]) -> Name:
        """A new name for an expression; braces stand for the operands."""
        found = [x.text if isinstance(x, Name) else repr(float(x)) for x in operands]
        name = f"t{len(self.lines)}"
        self.lines[name] = (text.format(*found), [x.text for x in operands if isinstance(x, Name)])
        return Name(self, name)

    def needed(self, outputs: Sequence[Any]) -> list[str]:
        """The lines that the outputs depend on, in order."""
        wanted = {x.text for x in outputs if isinstance(x, Name)}
        kept = []
        for name, (text, used) in reversed(self.lines.items()):
            if name in wanted:
                kept.append(f"    {name} = {text}")
                wanted.update(used)
        return kept[::-1]


class Name(Arithmetic):
    """A coefficient by its name."""

    def __init__(self, sheet: Sheet, text: str) -> None:
        self.sheet, self.text = sheet, text

    def __primitive__(self, row: Primitive, operands: tuple[Any, ...]) -> Any:
        if not all(isinstance(x, Name | float) for x in operands):
            return NotImplemented
        if row in _INFIX:
            return self.sheet.write(f"{{}} {_INFIX[row]} {{}}", operands)
        if row is rules.dot:
            n = len(operands) // 2
            products = " + ".join(["{} * {}"] * n)
            pairs = [x for pair in zip(operands[:n], operands[n:-1], strict=True) for x in pair]
            return self.sheet.write(f"{{}} + {products}", [operands[-1], *pairs])
        self.sheet.values[row.name] = row.value
        return self.sheet.write(f"{row.name}({', '.join(['{}'] * len(operands))})", operands)

    def __truediv__(self, other: Any) -> Any:
        if type(other) is float and other != 0.0:
            return self.sheet.write("{} / {}", (self, other))
        return rules.div(self, other)

    def __neg__(self) -> Any:
        return self.sheet.write("-{}", (self,))


_known: dict[Key, Code | int] = {}  # the code of a key, or how often it was asked for


def code_for(key: Key, series: SeriesOf) -> Code | None:
    """The function of a key, if it has been asked for often enough.

    `series` makes series of one run out of their coefficients.
    """
    found = _known.get(key, 0)
    if type(found) is not int:
        return found  # type: ignore[return-value]
    if len(_known) == KEPT:
        _known.clear()
    _known[key] = found + 1 if found < USES else _code(*key, series)
    return None


def _code(row: Primitive, order: int, ends: Sequence[int | None], series: SeriesOf) -> Code:
    """The function takes the coefficients of operands that move, and the numbers of the others."""
    sheet = Sheet()
    names = [[Name(sheet, f"x{i}_{k}") for k in range((end or 0) + 1)] for i, end in enumerate(ends)]
    moving = iter(series(order, [each for each, end in zip(names, ends, strict=True) if end is not None]))
    y = row(*[each[0] if end is None else next(moving) for each, end in zip(names, ends, strict=True)])
    unpacked = [
        f"    {', '.join([x.text for x in each])}{'' if end is None else ','} = x{i}"
        for i, (each, end) in enumerate(zip(names, ends, strict=True))
    ]
    results = ", ".join([x.text if isinstance(x, Name) else repr(x) for x in y.coefficients])
    given = ", ".join([f"x{i}" for i in range(len(ends))])
    lines = [f"def coefficients({given}):", *unpacked, *sheet.needed(y.coefficients), f"    return [{results}]"]
    return function("\n".join(lines), "coefficients", {"inf": float("inf"), "nan": float("nan"), **sheet.values}), y.end

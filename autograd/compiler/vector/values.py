"""Rows of the table on tables of lanes: new steps, or numbers where all operands are constant."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from autograd import rules
from autograd._numpy import np
from autograd.compiler.program import Atom, Equation
from autograd.compiler.vector.groups import ANY_CONSTANT
from autograd.compiler.vector.lanes import Files
from autograd.compiler.vector.program import Operand
from autograd.compiler.vector.terms import Sums
from autograd.primitive import Primitive


@cache
def one() -> Operand:
    """The constant 1."""
    return Operand("constant", numbers=np.array(1.0))


def ones(shape: tuple[int, ...]) -> Operand:
    """A table of the constant 1."""
    return Operand("constant", numbers=np.ones(shape))


class RowWriter(Sums):
    """A writer that applies rows, each to the same operands once."""

    def __init__(self, files: Files, means: bool) -> None:
        super().__init__(files, means)
        self._equal: dict[tuple[object, ...], Operand] = {}

    def apply(self, form: str, row: Primitive, operands: Sequence[Operand], shape: tuple[int, ...]) -> Operand:
        """A row of lanes or numbers; what is known is not computed again."""
        if form == "map":
            operands = [filling(each, shape) for each in operands]
        if all(each.kind == "constant" for each in operands):
            return _of_numbers(form, row, operands, shape)
        once = _changing(operands, shape) if form == "map" else shape
        if once != shape:
            first = self.apply(form, row, [_first(each, once) for each in operands], once)
            return first.with_table(np.broadcast_to(first.table, shape))
        key = (form, row, shape, *[(each.kind, each.shape, each.table.tobytes()) for each in operands])
        found = self._equal.get(key)
        if found is None:
            batched = any(each.kind == "batched" for each in operands)
            found = self._equal[key] = self.new(form, operands, shape, batched, row)
        return found

    def one_file(self, operands: Sequence[Operand]) -> list[Operand]:
        """All of them as lanes of one file."""
        found = [self.in_lanes(each) for each in operands]
        if len({each.kind for each in found}) > 1:
            found = [self.lifted(each) if each.kind == "shared" else each for each in found]
        return found

    def in_lanes(self, operand: Operand) -> Operand:
        if operand.kind != "constant":
            return operand
        lanes = [self.files.constant(number, False) for number in operand.numbers.ravel().tolist()]
        return Operand("shared", np.array(lanes, np.intp).reshape(operand.shape))


class Values:
    """The equations of a rule on the lanes of a step: those of one kind at once."""

    def __init__(
        self, to: RowWriter, equations: Sequence[Equation], given: Sequence[Operand], shape: tuple[int, ...]
    ) -> None:
        self.to, self.shape = to, shape
        self.known: list[Operand] = [*given, *[one()] * len(equations)]
        first = len(given)
        level = [0] * first
        for _, operands in equations:
            level.append(1 + max([level[each] for each in operands if type(each) is int], default=0))
        by_level: dict[int, list[int]] = {}
        for place in range(first, len(level)):
            by_level.setdefault(level[place], []).append(place)
        for _, places in sorted(by_level.items()):
            groups: dict[tuple[object, ...], list[int]] = {}
            for place in places:
                groups.setdefault(self._kind(equations[place - first]), []).append(place)
            for members in groups.values():
                self._compute([equations[place - first] for place in members], members)

    def at(self, atom: Atom) -> Operand:
        """A constant, or the table of a place."""
        return Operand("constant", numbers=np.array(atom)) if type(atom) is float else self.known[int(atom)]

    def _kind(self, equation: Equation) -> tuple[object, ...]:
        row, operands = equation
        by_value = row not in ANY_CONSTANT
        return row, *[repr(each) if type(each) is float and by_value else self.at(each).kind for each in operands]

    def _compute(self, equations: Sequence[Equation], places: Sequence[int]) -> None:
        row = equations[0].primitive
        lead = (len(places),) if len(places) > 1 else ()
        shape = (*lead, *self.shape)
        columns = [
            present(stacked([self.at(atom) for atom in column], self.shape))
            for column in zip(*[operands for _, operands in equations], strict=True)
        ]
        found = self._applied(row, columns, shape)
        for i, place in enumerate(places):
            self.known[place] = found.with_table(np.broadcast_to(found.table, shape)[i]) if lead else found

    def _applied(self, row: Primitive, columns: Sequence[Operand], shape: tuple[int, ...]) -> Operand:
        if not row.variadic:
            return self.to.apply("map", row, columns, shape)
        if row is rules.total or row is rules.dot:
            n = len(columns) // 2 if row is rules.dot else 0
            ones = Operand("constant", numbers=np.ones((len(columns), *(1,) * len(shape))))
            w = self._stack(columns[:n], shape) if n else ones
            return self.to.apply("pairs", rules.dot, [w, self._stack(columns[n : 2 * n or None], shape)], shape)
        fixed = 1 if row is rules.pick else 0
        operands = [*[filling(each, shape) for each in columns[:fixed]], self._stack(columns[fixed:], shape)]
        return self.to.apply("reduce", row, operands, shape)

    def _stack(self, columns: Sequence[Operand], shape: tuple[int, ...]) -> Operand:
        files = self.to.one_file(columns)
        return files[0].with_table(np.stack([np.broadcast_to(each.table, shape) for each in files]))


# --- operands ---------------------------------------------------------------------------------------------------------


def as_number(operand: Operand) -> float | None:
    """The constant that an operand is in all lanes."""
    if operand.kind != "constant":
        return None
    bits = np.ascontiguousarray(operand.numbers).view(np.int64)
    return float(operand.numbers.flat[0]) if (bits == bits.flat[0]).all() else None


def stacked(operands: Sequence[Operand | None], shape: tuple[int, ...]) -> Operand | None:
    """Operands of one kind as one, with an axis in front if there are several."""
    first = operands[0]
    if first is None or len(operands) == 1:
        return first
    some = [present(each) for each in operands]
    if first.kind == "constant" and len({each.numbers.tobytes() for each in some}) == 1:
        return first
    return first.with_table(np.stack([np.broadcast_to(each.table, shape) for each in some]))


def present(operand: Operand | None) -> Operand:
    assert operand is not None
    return operand


def filling(operand: Operand, shape: tuple[int, ...]) -> Operand:
    """An operand in that shape, or the one number that it is."""
    number = as_number(operand) if operand.kind == "constant" and operand.numbers.ndim == len(shape) else None
    if number is not None:
        return Operand("constant", numbers=np.array(number))
    return operand if operand.shape in ((), shape) else operand.with_table(np.broadcast_to(operand.table, shape))


def _changing(operands: Sequence[Operand], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without what is repeated: 1 along axes along which no operand changes."""
    tables = [each.table for each in operands if each.shape]

    def changes(axis: int) -> bool:
        return any(bool((table != table.take([0], axis)).any()) for table in tables)

    return tuple([size if size == 1 or changes(axis) else 1 for axis, size in enumerate(shape)])


def _first(operand: Operand, shape: tuple[int, ...]) -> Operand:
    """The part of an operand that has this shape."""
    return operand.with_table(operand.table[tuple(map(slice, shape))]) if operand.shape else operand


def _of_numbers(form: str, row: Primitive, operands: Sequence[Operand], shape: tuple[int, ...]) -> Operand:
    """A row of constants."""
    if form == "map":
        columns = [np.broadcast_to(each.numbers, shape).ravel().tolist() for each in operands]
    else:
        *fixed, xs = operands
        columns = [np.broadcast_to(each.numbers, shape).ravel().tolist() for each in fixed]
        columns += [np.broadcast_to(each, shape).ravel().tolist() for each in xs.numbers]
    numbers = [float(row.value(*at)) for at in zip(*columns, strict=True)]
    return Operand("constant", numbers=np.array(numbers).reshape(shape))

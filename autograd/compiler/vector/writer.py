"""Write the steps of a vector program: new lanes for each, sums of products as matrix products where they are some."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from autograd import rules
from autograd._numpy import NDArray, np
from autograd.compiler.vector.lanes import Files, ordered
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.operands import common_shape, flat, in_shape
from autograd.compiler.vector.products import PRODUCTS, Block, blocks, turned
from autograd.compiler.vector.program import Lanes, Operand, Step
from autograd.primitive import Primitive

Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Target:
    """What some results are for: `places` name them, `last` says that nothing but outputs looks at them.

    `mean` says that they are means over the samples, and so shared, of numbers that are not.
    """

    places: Places
    batched: bool
    mean: bool = False
    last: bool = False

    def of(self, members: Places) -> Target:
        """A part of them."""
        return Target(self.places[members], self.batched, self.mean, self.last)


Bias = Callable[
    [Places], Operand | None
]  # of the dots with these numbers: a column, or None if there is nothing to add


def no_bias(_: Places) -> None:
    """Nothing to add."""


class StepWriter:
    """Steps so far. What a place is, and which output, is up to those who inherit."""

    def __init__(self, files: Files, means: bool) -> None:
        self.files = files
        self.means = means  # whether outputs are means over the samples, which are divided by B all at once
        self.steps: list[Step] = []
        self.starts: tuple[list[int], list[int]] = ([], [])  # the first lanes of the steps, of each file, ascending

    def give(self, places: Places, batched: bool) -> int:
        """New lanes for these places, in their order; the first of them."""
        raise NotImplementedError

    def results(self, places: Places) -> Places:
        """The number of the output that each place is, −1 for none or several."""
        return np.full(places.shape, -1, np.intp)

    def append(self, step: Step) -> None:
        """Append a step, whose lanes are the newest of its file."""
        self.steps.append(step)
        self.starts[step.batched].append(step.start)

    def emit(
        self,
        to: Target,
        form: str,
        operands: Sequence[Operand],
        row: Primitive | None = None,
        bias: Operand | None = None,
    ) -> None:
        """Append a step, its result in new lanes, or directly in the outputs where nothing else reads it."""
        places, results = to.places, self.results(to.places)
        whole = not self.means or to.mean
        direct = whole and to.last and not to.batched and bool((results >= 0).all())
        start = self.give(places, to.batched)
        operands = [*operands, *([] if bias is None else [bias])]
        if places.ndim == 1:
            shape = common_shape(operands, results if direct else None)
            places, results = places.reshape(shape), results.reshape(shape)
            operands = [in_shape(each, shape) for each in operands]
        direct = direct and strides(results) is not None
        self.append(
            Step(form, to.batched, start, places.shape, tuple(operands), row, places, results if direct else None)
        )

    def order(self, to: Target, columns: Sequence[Lanes]) -> Places:
        """The order of lanes: that of the outputs, else the one in which operands are contiguous."""
        results = self.results(to.places)
        if to.last and (results >= 0).all():
            return np.argsort(results)
        return ordered(columns) if columns else np.arange(len(to.places))

    def by_source(self, lanes: Lanes, batched: bool) -> Iterator[Places]:
        """The indices of these lanes, grouped by the step that computes them."""
        starts = self.starts[batched]
        source = np.array([bisect_right(starts, lane) for lane in lanes.tolist()], np.intp)
        order = np.argsort(source, kind="stable")
        yield from np.split(order, np.flatnonzero(np.diff(source[order])) + 1)

    # --- sums of products ---------------------------------------------------------------------------------------------

    def dots(self, to: Target, left: Operand, right: Operand, bias: Bias = no_bias) -> None:
        """`left[i] · right[i] + bias(i)`, of tables (n, k): products of matrices, and the rest."""
        if left.kind == right.kind:
            older, younger = turned(left.lanes, right.lanes, partial(self.files.age, kind=right.kind))
            left, right = Operand(right.kind, older), Operand(right.kind, younger)
        found: list[Block] = []
        rest = np.arange(len(to.places))
        # Products of two batched factors are no matrix products, unless summed over the samples.
        if left.kind != "constant" and (not to.batched or (left.kind == "shared" and right.kind == "batched")):
            found, rest = blocks(left.lanes, right.lanes, to.mean)
        for block in found:
            self._product(to, block, left.kind, right.kind, bias)
        for part in self._parts(to, right, rest):
            self._pairs(to, left, right, part, bias)

    def _parts(self, to: Target, right: Operand, rest: Places) -> Iterator[Places]:
        """The remaining dots: results grouped by source (BP4, layer by layer), unless there are many sources."""
        parts = list(self.by_source(right.lanes[rest, 0], right.kind == "batched")) if to.last else []
        if 1 < len(parts) <= PRODUCTS:
            yield from (rest[part] for part in parts)
        elif rest.size:
            yield rest

    def _product(self, to: Target, block: Block, kind: str, other: str, bias: Bias) -> None:
        left, right, members = block.left, block.right, block.members
        results = self.results(to.places[members])
        of_inputs = kind == "shared" and bool((left < self.files.inputs[0]).all())
        if to.last and kind == other and _runs_down(results) and (results.shape[1] > 1 or not of_inputs):
            left, right, members = right, left, members.T
        if to.mean:
            self.emit(to.of(members), "mean_product", [Operand(kind, left), Operand(other, right)])
        else:
            sides = [Operand(kind, left), Operand(other, right.T)]
            self.emit(to.of(members), "product", sides, bias=_squeezed(bias(members.ravel()), members))

    def _pairs(self, to: Target, left: Operand, right: Operand, part: Places, bias: Bias) -> None:
        columns = [right.lanes[part, 0]] if left.kind == "constant" else [left.lanes[part, 0], right.lanes[part, 0]]
        chosen = part[self.order(to.of(part), columns)]
        to = to.of(chosen)
        sides = [each.with_table(each.table[chosen].T) for each in (left, right)]
        if to.mean:
            self.emit(to, "mean_pairs", sides)
            return
        column = _squeezed(bias(chosen), chosen[:, None])
        if len(sides[1].lanes) == 1 and column is None and left.kind != "constant":
            self.emit(to, "map", [Operand(each.kind, each.lanes[0]) for each in sides], rules.mul)
        else:
            self.emit(to, "pairs", self._coefficients(sides), rules.dot, None if column is None else flat(column))

    def _coefficients(self, sides: Sequence[Operand]) -> Sequence[Operand]:
        """Constant factors, as one number for each pair where they do not differ from lane to lane."""
        left, right = sides
        if left.kind != "constant":
            return sides
        zero = self.files.constants.get((right.kind == "batched", struct.pack("d", 0.0)), -1)
        numbers = np.where(right.lanes == zero, left.numbers.max(axis=1, keepdims=True), left.numbers)
        same = (numbers == numbers[:, :1]).all()
        return [Operand("constant", numbers=numbers[:, :1] if same else left.numbers), right]


def _squeezed(column: Operand | None, members: Places) -> Operand | None:
    """A column of atoms in the shape of a product, with an axis of length 1 where it does not change along it."""
    if column is None:
        return None
    table = column.table.reshape(members.shape)
    if (table == table[:, :1]).all():
        table = table[:, :1]
    elif (table == table[:1]).all():
        table = table[:1]
    return column.with_table(table)


def _runs_down(results: Places) -> bool:
    """Whether outputs follow each other down the columns, so that the transposed product is laid out as they are."""
    r, c = results.shape
    down = results[1, 0] - results[0, 0] if r > 1 else 2
    across = results[0, 1] - results[0, 0] if c > 1 else 2
    return bool(down == 1 and across != 1)

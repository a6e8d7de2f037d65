"""Programs with matrix products: products as loops over blocks of samples, everything between them straight-line.

A block is up to `stride` tiles. The vector frame holds each lane of the vector program for all tiles of a block, side
by side; the text's function `block` runs a part of the straight-line code tile by tile, then a product for all tiles,
and so on. Means over the samples come last: they are added up as single numbers and divided at the end. `prologue`
computes what depends on shared inputs only, `epilogue` what depends on means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import rules
from autograd.compiler.llvm.code import Atom, Code
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.llvm.rows import LOOPED
from autograd.compiler.llvm.spelling import SPELLING, spell
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import Lanes, Operand, Step, VectorProgram
from autograd.primitive import Primitive

FRAME_BYTES = 128 * 1024  # of a block: a part of the second-level cache
LONGEST = 16  # tiles in a block
LANES_WORTH = 4  # lanes from which on a row is applied in a loop
WORTH = 8  # multiplications from which on a product is a loop
Element = tuple[Primitive, list[Atom]]
Atoms = NDArray[Any]  # of objects: atoms


def has_products(vectors: VectorProgram) -> bool:
    """Whether there is a product over the batch that is worth a loop."""
    return any(map(_is_product, vectors.steps))


def _is_product(step: Step) -> bool:
    if step.form == "mean_product":
        return step.size >= WORTH
    return step.form == "product" and step.batched and step.size * step.operands[0].shape[1] >= WORTH


class Call:
    """A kernel and its arguments: pointers as (frame "f", "s" or "g", place in it), integers, "%n" for the tiles.

    Places in the vector frame are slots, steps in it vectors.
    """

    def __init__(self, kernel: str, pointers: Sequence[tuple[str, int]], *counts: int | str) -> None:
        self.kernel, self.pointers, self.counts = kernel, pointers, counts


class Blocks:
    """A spelled vector program: three codes, the kernels between them, and where everything is.

    stride     tiles in a block: lane l of tile t is vector stride l + t of the vector frame
    stored     for each code the (operation, slot) pairs of values that the frames have to hold
    exports    pairs (lane of the scalar frame, slot of the vector frame that gets it for all samples)
    fixed      slots of the vector frame that hold a constant
    products   (operations of the tile's code before it, kernel)
    means      the kernels that add up over the samples
    sums       the scalar lanes that get the means, in the order in which they are added up
    """

    def __init__(self, vectors: VectorProgram, scalar: Kind, vector: Kind) -> None:
        self.vectors = vectors
        self.library = Library()
        self.prologue, self.epilogue = Code(scalar, self.library), Code(scalar, self.library)
        self.tile = Code(vector, self.library)
        self.stored: dict[Code, list[tuple[int, int]]] = {self.prologue: [], self.epilogue: [], self.tile: []}
        self.exports: list[tuple[int, int]] = []
        self.fixed: dict[int, float] = {}
        self.products: list[tuple[int, Call]] = []
        self.means: list[Call] = []
        self.sums: list[int] = []
        self.slots = vectors.sizes[1]
        width = vector.lanes * (4 if vector.single else 8)
        self.stride = max(1, min(LONGEST, FRAME_BYTES // (width * max(self.slots, 1))))
        self.zero = vectors.sizes[0]  # a place of the scalar frame that stays 0: the bias of a product that has none
        self._atoms: dict[tuple[Code, int], Atom] = {}  # of lanes that a code computes
        self._export_slots: dict[tuple[int, ...], int] = {}
        self._late: set[int] = set()  # shared lanes that depend on means
        for step in vectors.steps:
            self._add(step)

    def _add(self, step: Step) -> None:
        if step.form.startswith("mean"):
            self._mean(step)
        elif not step.batched:
            late = any(self._late.intersection(each.lanes.ravel().tolist()) for each in step.operands)
            if late:
                self._late.update(range(step.start, step.start + step.size))
            self._spell(step, self.epilogue if late else self.prologue, step.start)
        elif not (_is_product(step) and self._product(step)) and not (step.form == "map" and self._looped(step)):
            self._spell(step, self.tile, step.start)

    # --- straight-line ------------------------------------------------------------------------------------------------

    def _spell(self, step: Step, code: Code, start: int) -> None:
        """One equation after the other; results go to the lanes, or slots, from `start` on."""
        columns = [self._column(code, each) for each in step.operands]
        for lane, (row, operands) in enumerate(_elements(step, columns), start):
            atom = spell(code, row, operands)
            if type(atom) is float or atom < 0:
                atom = code.two("fadd", atom, -0.0)
            self._atoms[code, lane] = atom
            self.stored[code].append((int(atom), lane))

    def _column(self, code: Code, operand: Operand) -> Atoms:
        """The atoms of an operand, in its shape."""
        if operand.kind == "constant":
            atoms: list[Atom] = operand.numbers.ravel().tolist()
        else:
            atoms = [self._atom(code, operand.kind, lane) for lane in operand.lanes.ravel().tolist()]
        table = np.empty(len(atoms), object)
        table[:] = atoms
        return table.reshape(operand.shape)

    def _atom(self, code: Code, kind: str, lane: int) -> Atom:
        if code is self.tile and kind == "shared":
            return -1 - self._exported([lane])
        return self._atoms.get((code, lane), -1 - lane)

    def _exported(self, lanes: Sequence[int]) -> int:
        """The first of the slots that get these lanes of the scalar frame."""
        key = tuple(lanes)
        if key not in self._export_slots:
            first = self._export_slots[key] = self._new_slots(len(lanes))
            self.exports += zip(lanes, range(first, first + len(lanes)), strict=True)
        return self._export_slots[key]

    def _new_slots(self, count: int) -> int:
        self.slots += count
        return self.slots - count

    # --- kernels ------------------------------------------------------------------------------------------------------

    def _product(self, step: Step) -> bool:
        """Kernels for a product of shared and batched lanes, one for each column of the batched side."""
        w, x, *bias = step.operands
        r, c = step.shape
        if w.kind == "shared":
            columns = [(w.lanes, x.lanes[:, j], _part(bias, j, 1), step.start + j, c) for j in range(c)]
        else:
            columns = [(x.lanes.T, w.lanes[i], _part(bias, i, 0), step.start + i * c, 1) for i in range(r)]
        calls = [self._product_call(*column) for column in columns]
        if any(call is None for call in calls):
            return False
        self.products += [(len(self.tile.texts), call) for call in calls if call is not None]
        return True

    def _product_call(self, w: Lanes, x: Lanes, bias: Operand | None, slot: int, step: int) -> Call | None:
        w_steps, x_steps = strides(w), strides(x)
        bias_lane, bias_steps = self.zero, (0,)
        if bias is not None:
            lanes = np.broadcast_to(bias.lanes, (len(w),)) if bias.kind == "shared" else None
            found = None if lanes is None else strides(lanes)
            if lanes is None or found is None:
                return None
            bias_lane, bias_steps = int(lanes[0]), (found[0],)
        if w_steps is None or x_steps is None:
            return None
        pointers = [("f", slot), ("f", int(x[0])), ("s", int(w[0, 0])), ("s", bias_lane)]
        (rows, inner), across = w.shape, self.stride
        counts = (inner, step * across, x_steps[0] * across, *w_steps, *bias_steps, "%n", rows)
        return Call(self.tile.kind.symbol("product"), pointers, *counts)

    def _looped(self, step: Step) -> bool:
        """A loop for a row on many lanes, if there is one and all operands are regular."""
        assert step.row is not None
        name = step.row.name
        if SPELLING.get(step.row) is None or name not in LOOPED or step.size < LANES_WORTH:
            return False
        found = [self._run_of(each) for each in step.operands]
        if any(each is None for each in found):
            return False
        runs = [each for each in found if each is not None]
        pointers = [("f", step.start), *[("f", slot) for slot, _ in runs]]
        steps = [moved * self.stride for _, moved in runs]
        symbol = self.library.loop(self.tile.kind, name)
        call = Call(symbol, pointers, self.stride, *steps, "%n", step.size)
        self.products.append((len(self.tile.texts), call))
        return True

    def _run_of(self, operand: Operand) -> tuple[int, int] | None:
        """The first slot of an operand and the step from lane to lane, if it is regular."""
        if operand.kind == "constant":
            if operand.numbers.ndim:
                return None
            slot = self._new_slots(1)
            self.fixed[slot] = float(operand.numbers)
            return slot, 0
        lanes = operand.lanes.ravel()
        moved = strides(lanes)
        if moved is None or not lanes.size:
            return None
        if operand.kind == "batched":
            return int(lanes[0]), moved[0]
        return self._exported(lanes[:1].tolist() if not moved[0] else lanes.tolist()), int(moved[0] != 0)

    def _mean(self, step: Step) -> None:
        """Kernels for a mean: of lanes as they stand, or of what has to be computed for it first."""
        self._late.update(range(step.start, step.start + step.size))
        place = len(self.sums)
        self.sums += range(step.start, step.start + step.size)
        if step.form == "mean_product" and _is_product(step):
            left, right = (strides(each.lanes) for each in step.operands)
            if left is not None and right is not None:
                self._mean_product(step, place, left[0], right[0])
                return
        lanes = step.operands[0].lanes.ravel()
        steps = strides(lanes) if step.form == "mean" and step.operands[0].kind == "batched" else None
        if steps is None:
            lanes = np.array([self._new_slots(step.size)])
            steps = (1,)
            self._spell(step, self.tile, int(lanes[0]))
        pointers = [("g", place), ("f", int(lanes[0]))]
        self.means.append(Call(self.tile.kind.symbol("mean"), pointers, "%n", steps[0] * self.stride, 1, step.size))

    def _mean_product(self, step: Step, place: int, down: int, across: int) -> None:
        (left, right), (rows, columns) = step.operands, step.shape
        for d, a in zip(left.lanes[0], right.lanes[0], strict=True):
            pointers = [("g", place), ("f", int(d)), ("f", int(a))]
            counts = ("%n", down * self.stride, across * self.stride, columns, 1, rows, columns)
            self.means.append(Call(self.tile.kind.symbol("mean_product"), pointers, *counts))


def _part(bias: Sequence[Operand], index: int, axis: int) -> Operand | None:
    """Column (axis 1) or row (axis 0) of a product's bias."""
    if not bias:
        return None
    (given,) = bias
    if given.kind != "shared":
        return given
    return Operand("shared", np.take(given.lanes, min(index, given.lanes.shape[axis] - 1), axis=axis))


# --- steps, element by element ----------------------------------------------------------------------------------------


def _elements(step: Step, columns: Sequence[Atoms]) -> Iterator[Element]:
    """The row and the atoms that each number of a step's result is."""
    if step.form in ("product", "mean_product"):
        yield from _dots(step, columns)
        return
    size, folded = step.size, step.form in ("reduce", "pairs", "mean_pairs")
    wide = [_spread(column, step.shape, folded and column.ndim > len(step.shape)) for column in columns]
    row = {"map": step.row, "reduce": step.row, "pairs": rules.dot, "mean_pairs": rules.dot}.get(step.form, rules.add)
    assert row is not None
    end = {"pairs": [0.0], "mean_pairs": [0.0], "mean": [-0.0], "lift": [-0.0]}.get(step.form, [])
    if step.form == "pairs" and len(wide) == 3:
        end = []
    for i in range(size):
        yield row, [atom for table in wide for atom in table[:, i].tolist()] + end


def _spread(column: Atoms, shape: tuple[int, ...], folded: bool) -> Atoms:
    """A table with the operands of one element in each column."""
    whole = (column.shape[0], *shape) if folded else (1, *shape)
    return np.broadcast_to(column, whole).reshape(whole[0], -1)


def _dots(step: Step, columns: Sequence[Atoms]) -> Iterator[Element]:
    """The sums of a product; the right side of a mean's stands in rows."""
    left, right, *bias = columns
    rows: list[list[Atom]] = left.tolist()
    others: list[list[Atom]] = (right.T if step.form == "product" else right).tolist()
    starts: list[list[Atom]] = np.broadcast_to(bias[0] if bias else np.array(0.0, object), step.shape).tolist()
    for row, line in zip(rows, starts, strict=True):
        for other, start in zip(others, line, strict=True):
            yield rules.dot, [*row, *other, start]

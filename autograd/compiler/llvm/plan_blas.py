"""Which products are left to BLAS, and their descriptors."""

from __future__ import annotations

from typing import NamedTuple

from autograd.compiler.llvm.blas import WORTH, Gemm, dgemm, gemm_text
from autograd.compiler.llvm.grouping import Item
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.plan import Plan


class Side(NamedTuple):
    """A matrix in a frame (see `Gemm`): where it begins, and its steps by row and column, one of which is 1."""

    frame: str
    start: int
    down: int
    across: int

    def words(self, rows: int, columns: int) -> tuple[str, int] | None:
        """For Fortran, where it is (columns, rows): transposed or not, and the step between its columns; else None."""
        if self.frame == "x":
            return ("N", 0) if self.across == 1 else ("T", 0)
        down = self.down if rows > 1 else max(self.down, columns)  # of one row, any
        across = self.across if columns > 1 else max(self.across, rows)
        if (self.across == 1 or columns == 1) and down >= columns:
            return "N", down
        return ("T", across) if (self.down == 1 or rows == 1) and across >= rows else None


def is_large(rows: int, terms: int, columns: int) -> bool:
    """Whether a product is left to BLAS, if that can do it; a size of 0 is the samples'."""
    return max(rows * terms, rows * columns, terms * columns) >= WORTH and dgemm() != 0


def add_gemm(
    plan: Plan,
    item: Item,
    kind: Kind,
    sizes: tuple[int, int, int],
    w: Side,
    x: Side,
    z: Side,
    bias: tuple[int, int] | None = None,
) -> bool:
    """An entry for z (r, c) = w (r, k) x (k, c) + bias, if it is large enough.

    `bias` is where that of the first row stands, and its step by row. Sums ("g") are added to.
    """
    if kind.single or not is_large(*sizes):
        return False
    rows, terms, columns = (size or plan.room for size in sizes)
    left, right, to = w.words(rows, terms), x.words(terms, columns), z.words(rows, columns)
    if left is None or right is None or to is None or to[0] == "T":
        return False
    gemm = Gemm(x.frame, w.frame, z.frame, bias is not None, is_filled=x.frame == "x" and z.frame == "f")
    fields = [dgemm(), sizes[2], sizes[0], sizes[1], right[1], left[1], to[1], x.start, w.start, z.start]
    fields += [*(bias or (0, 0)), plan.state, ord(right[0]), ord(left[0])]
    plan.add([item], gemm_text(kind, gemm), fields)
    return True

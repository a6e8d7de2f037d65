"""How large the blocks of products are that are computed in registers."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import NamedTuple

from autograd.compiler.llvm.engine import vector_registers

BUSY = 8  # sums that keep two units busy, each of which takes four cycles for a fused addition
ROWS = range(1, 9)  # of a block: each has an address, and processors have 16 registers for those


class Block(NamedTuple):
    """Rows and vectors (or columns) of a block: a sum in a register for each pair."""

    rows: int
    vectors: int


def best_block(rows: int, vectors: int, row_sizes: Iterable[int], vector_sizes: Iterable[int]) -> Block:
    """The block of such sizes for which a product takes the fewest cycles, two additions and two loads in each.

    >>> best_block(1, 7, ROWS, (1, 2))
    Block(rows=1, vectors=2)
    """
    registers = vector_registers()
    pairs = [Block(i, k) for i in row_sizes if i <= rows for k in vector_sizes if k <= vectors]
    fitting = [block for block in pairs if block.rows * block.vectors + block.vectors < registers] or pairs[:1]
    return min(fitting, key=lambda block: _cost(rows, vectors, block))


def _cost(rows: int, vectors: int, block: Block) -> tuple[int, float]:
    loads = block.rows + 2 * block.vectors  # a vector may lie across two lines of the cache
    sums = block.rows * block.vectors
    return ceil(rows / block.rows) * ceil(vectors / block.vectors) * max(sums, loads, BUSY), loads / sums

"""Sums of products over samples as text: blocks of Σ d aᵀ in registers, which are added to what is there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.loop_text import Text
from autograd.compiler.llvm.product_text import clamped, counted, declared, opened, summed, vector_at

# How many products there are for each result, rows, columns; tables of where the lanes of both sides are, and of where
# each row of the sums begins.
SUMS = ("count", "rows", "columns", "d", "a", "down")


@lru_cache(maxsize=64)
def sums_text(kind: Kind, rows: int, columns: int) -> Text:
    """The text of Σ d aᵀ over the samples, in blocks of that many rows and columns, a power of two."""
    f, d = opened(kind, SUMS)
    with f.loop(d["rows"]) as top:
        r = clamped(f, top, rows, d["rows"])
        numbers = [f.do(f"add i64 {r}, {i}") for i in range(rows)]
        with f.loop(d["columns"]) as left:
            c = clamped(f, left, columns, d["columns"])
            is_new = [f.do(f"icmp sge i64 {number}, {top}") for number in numbers]
            done = f.do(f"sub i64 {left}, {c}")
            for number, vectors, flag in zip(numbers, _summed(f, d, numbers, c, columns), is_new, strict=True):
                place = f.do(f"add i64 {f.load('i64', d['down'], number)}, {c}")
                add_to_sums(f, totals(f, vectors), min(columns, kind.lanes), flag, done, place)
            f.pass_on(left, f.do(f"add i64 {left}, {columns}"))
        f.pass_on(top, f.do(f"add i64 {top}, {rows}"))
    return declared(f)


def _summed(f: FunctionText, d: dict[str, str], rows: list[str], c: str, columns: int) -> list[list[str]]:
    kind = f.kind
    with f.loop(d["count"]) as j:
        outer = [[f.carry(kind.type, "zeroinitializer") for _ in range(columns)] for _ in rows]
        first_row, first_column = f.do(f"mul i64 {j}, " + d["rows"]), f.do(f"mul i64 {j}, " + d["columns"])
        left = [f.load("i64", d["d"], f.do(f"add i64 {first_row}, {row}")) for row in rows]
        at = f.do(f"add i64 {first_column}, {c}")
        right = [f.load("i64", d["a"], f.do(f"add i64 {at}, {k}")) for k in range(columns)]
        starts = [[f.at(kind.number, "%f", place) for place in side] for side in (left, right)]
        with f.loop("%n") as t:
            sums = [[f.carry(kind.type, x) for x in of_row] for of_row in outer]
            deltas, inputs = ([vector_at(f, f.at(kind.number, start, t)) for start in side] for side in starts)
            results = summed(f, deltas, inputs, sums)
            f.pass_on(t, f.do(f"add i64 {t}, {kind.lanes}"))
        for sum_, result in zip(chain(*outer), chain(*results), strict=True):
            f.pass_on(sum_, result)
    return results


def totals(f: FunctionText, vectors: Sequence[str]) -> list[str]:
    """The sums of the lanes of each vector, as vectors of doubles."""
    lanes = f.kind.lanes
    groups = [vectors[begin : begin + lanes] for begin in range(0, len(vectors), lanes)]
    return [_total(f, group) for group in groups]


def _total(f: FunctionText, vectors: Sequence[str]) -> str:
    number, lanes = f.kind.number, f.kind.lanes
    left, size = list(vectors), 1
    while len(left) > 1:  # halves of lanes change places, so that two vectors become one
        begins = range(0, lanes, 2 * size)
        even = [begin + side + i for begin in begins for side in (0, lanes) for i in range(size)]
        odd = [lane + size for lane in even]
        left = [_added(f, x, y, even, odd) for x, y in zip(left[::2], left[1::2], strict=True)]
        size *= 2
    whole = left[0]
    while lanes > len(vectors):
        of, lanes = f"<{lanes} x {number}>", lanes // 2
        low, high = (f.do(f"shufflevector {of} {whole}, {of} poison, {_mask(range(i, i + lanes))}") for i in (0, lanes))
        whole = f.do(f"fadd <{lanes} x {number}> {low}, {high}")
    return f.do(f"fpext <{lanes} x float> {whole} to <{lanes} x double>") if f.kind.single else whole


def _added(f: FunctionText, x: str, y: str, *lanes: Sequence[int]) -> str:
    """The sum of two choices of the lanes of x and y."""
    of = f.kind.type
    low, high = (f.do(f"shufflevector {of} {x}, {of} {y}, {_mask(each)}") for each in lanes)
    return f.do(f"fadd {of} {low}, {high}")


def _mask(lanes: Sequence[int]) -> str:
    return f"<{len(lanes)} x i32> <{', '.join([f'i32 {i}' for i in lanes])}>"


def add_to_sums(f: FunctionText, totals: Sequence[str], lanes: int, is_new: str, done: str, place: str) -> None:
    """Add vectors of doubles, one behind the other, to the sums at a place.

    Not if the row is not new, and not those of the first `done` columns: a block before this one has added them.
    """
    of, flags, in_row = f"<{lanes} x double>", f"<{lanes} x i1>", f.spread("i1", is_new, lanes)
    for v, total in enumerate(totals):
        begin = f.do(f"sub i64 {done}, {v * lanes}")
        mask = f.do(f"icmp sge <{lanes} x i64> {counted(lanes)}, {f.spread('i64', begin, lanes)}")
        kept = f.do(f"select {flags} {f.do(f'and {flags} {mask}, {in_row}')}, {of} {total}, {of} zeroinitializer")
        at = f.at("double", "%g", f.do(f"add i64 {place}, {v * lanes}"))
        before = f.do(f"load {of}, ptr {at}, align 8")
        f.add(f"store {of} {f.do(f'fadd {of} {before}, {kept}')}, ptr {at}, align 8")

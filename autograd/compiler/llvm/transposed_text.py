"""Matrices turned around, as text: square blocks in registers, which change rows for columns by shuffles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.loop_text import Text
from autograd.compiler.llvm.product_text import clamped, declared, opened, smaller, vector_at

# Of w, which has contiguous rows and is written down by columns: its sizes, its step by row, the step by column of the
# result, and where both begin.
TRANSPOSED = ("rows", "columns", "step", "width", "w", "to")


def transposed(f: FunctionText, vectors: Sequence[str]) -> list[str]:
    """Vectors of the first lanes, of the second ones, …, of as many vectors as they have lanes."""
    of, lanes = f.kind.type, f.kind.lanes
    found, size = list(vectors), 1
    while size < lanes:
        low = [lane if not lane & size else lanes + lane - size for lane in range(lanes)]
        for i in range(lanes):
            if not i & size:
                pair = found[i], found[i + size]
                for place, move in ((i, 0), (i + size, size)):
                    mask = ", ".join([f"i32 {lane + move}" for lane in low])
                    words = f"{of} {pair[0]}, {of} {pair[1]}, <{lanes} x i32> <{mask}>"
                    found[place] = f.do(f"shufflevector {words}")
        size *= 2
    return found


@lru_cache(maxsize=8)
def transposed_text(kind: Kind) -> Text:
    """The text of a copy of w, column after column: what is beyond the last row is a copy of that."""
    f, d = opened(kind, TRANSPOSED, frozenset())
    lanes, last = range(kind.lanes), f.do(f"sub i64 {d['rows']}, 1")
    with f.loop(d["rows"]) as r:
        numbers = [smaller(f, f.do(f"add i64 {r}, {i}"), last) for i in lanes]
        starts = [
            f.at(kind.number, "%s", f.do(f"add i64 {f.do(f'mul i64 {n}, ' + d['step'])}, {d['w']}")) for n in numbers
        ]
        with f.loop(d["columns"]) as begin:
            c = clamped(f, begin, kind.lanes, d["columns"])
            found = transposed(f, [vector_at(f, f.at(kind.number, start, c)) for start in starts])
            for i, vector in enumerate(found):
                column = f.do(f"mul i64 {f.do(f'add i64 {c}, {i}')}, {d['width']}")
                at = f.do(f"add i64 {f.do(f'add i64 {column}, ' + d['to'])}, {r}")
                f.add(f"store {kind.type} {vector}, ptr {f.at(kind.number, '%s', at)}, align {kind.bytes}")
            f.pass_on(begin, f.do(f"add i64 {begin}, {kind.lanes}"))
        f.pass_on(r, f.do(f"add i64 {r}, {kind.lanes}"))
    return declared(f)

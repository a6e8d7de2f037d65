"""Matrix products as text: blocks of the result in registers, loops around them.

The sums of a block stay in registers over all terms. The last block of a row or column begins where it ends with it,
and computes some numbers twice. How large blocks are is chosen in `blocks.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from autograd.compiler.llvm.body import Body
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.llvm.loop_text import ARGUMENTS, NAME, Text
from autograd.compiler.llvm.views import CONTIGUOUS


@dataclass(frozen=True)
class Product:
    """z = w x + bias for several (w, x, z) of one shape: w in numbers of "s", x and z with contiguous rows.

    rows, vectors  of a block
    frame          of x and z
    bias           the frame of the bias, or ""; `bias_walk` along a row of z
    """

    rows: int
    vectors: int
    frame: str
    bias: str = ""
    bias_walk: str = CONTIGUOUS


# Of a product's descriptor: how many, rows, terms, columns (0: samples); steps in w by row and term, in x by term, in z
# and in the bias by row; tables of where w, x, z and the bias begin.
PRODUCT = ("count", "rows", "terms", "columns", "wr", "wk", "xk", "zr", "br", "w", "x", "z", "b")
TABLES = frozenset({"w", "x", "z", "b", "d", "a", "down"})  # fields that are tables


def opened(kind: Kind, fields: tuple[str, ...], tables: frozenset[str] = TABLES) -> tuple[FunctionText, dict[str, str]]:
    """A kernel that is being written, and the fields of its descriptor."""
    f = FunctionText(kind, NAME, ARGUMENTS, linkage="")
    return f, {name: f.load("ptr" if name in tables else "i64", "%d", i) for i, name in enumerate(fields)}


def smaller(f: FunctionText, x: str, y: str) -> str:
    """The smaller one of two integers."""
    return f.do(f"select i1 {f.do(f'icmp slt i64 {x}, {y}')}, i64 {x}, i64 {y}")


def clamped(f: FunctionText, begin: str, size: int, end: str) -> str:
    """Where a block begins that may not reach beyond the end."""
    return smaller(f, begin, f.do(f"sub i64 {end}, {size}"))


def fma(f: FunctionText, x: str, y: str, z: str) -> str:
    """x y + z."""
    of = f.kind.type
    return f.do(f"call {of} @llvm.fmuladd.{f.kind.suffix}({of} {x}, {of} {y}, {of} {z})")


def summed(f: FunctionText, w: Sequence[str], x: Sequence[str], sums: Sequence[Sequence[str]]) -> list[list[str]]:
    """The sums that a loop carries, with the products of each of w and each of x added."""
    results = [[fma(f, a, b, sum_) for b, sum_ in zip(x, row, strict=True)] for a, row in zip(w, sums, strict=True)]
    for sum_, result in zip(chain(*sums), chain(*results), strict=True):
        f.pass_on(sum_, result)
    return results


def vector_at(f: FunctionText, place: str) -> str:
    """A vector in memory."""
    return f.do(f"load {f.kind.type}, ptr {place}, align {f.kind.bytes}")


def _vector(f: FunctionText, start: str, vector: int) -> str:
    return vector_at(f, f.at(f.kind.type, start, vector))


def counted(lanes: int) -> str:
    """The numbers of the lanes of a vector."""
    return f"<{', '.join([f'i64 {i}' for i in range(lanes)])}>"


def declared(f: FunctionText, *more: str) -> Text:
    """The whole text."""
    of = f.kind.type
    return Text("\n".join([f"declare {of} @llvm.fmuladd.{f.kind.suffix}({of}, {of}, {of})", *more, str(f)]), Library())


def _filled(kind: Kind, x: float) -> str:
    return Body(kind.lanes, of=kind.number).word(x)


@lru_cache(maxsize=64)
def product_text(kind: Kind, product: Product) -> Text:
    """The text of a product."""
    f, d = opened(kind, PRODUCT)
    columns = f.do(f"select i1 {f.do('icmp eq i64 ' + d['columns'] + ', 0')}, i64 %n, i64 {d['columns']}")
    width = product.vectors * kind.lanes
    with f.loop(d["count"]) as j:
        frames = {"w": "s", "x": product.frame, "z": product.frame} | ({"b": product.bias} if product.bias else {})
        at = {name: f.at(kind.number, f"%{frame}", f.load("i64", d[name], j)) for name, frame in frames.items()}
        with f.loop(columns) as begin:
            c = clamped(f, begin, width, columns)
            with f.loop(d["rows"]) as top:
                _block(f, product, d, at, clamped(f, top, product.rows, d["rows"]), c)
                f.pass_on(top, f.do(f"add i64 {top}, {product.rows}"))
            f.pass_on(begin, f.do(f"add i64 {begin}, {width}"))
    return declared(f)


def _block(f: FunctionText, product: Product, d: dict[str, str], at: dict[str, str], r: str, c: str) -> None:
    kind = f.kind
    rows = [f.do(f"add i64 {r}, {i}") for i in range(product.rows)]
    weights = [f.at(kind.number, at["w"], f.do(f"mul i64 {row}, {d['wr']}")) for row in rows]
    starts = [_biases(f, product, d, at, row, c) for row in rows]
    x_column = f.at(kind.number, at["x"], c)
    with f.loop(d["terms"]) as k:
        sums = [[f.carry(kind.type, start) for start in each] for each in starts]
        x_row = f.at(kind.number, x_column, f.do(f"mul i64 {k}, {d['xk']}"))
        x = [_vector(f, x_row, v) for v in range(product.vectors)]
        along = f.do(f"mul i64 {k}, {d['wk']}")
        results = summed(f, [f.splat(f.load(kind.number, weight, along)) for weight in weights], x, sums)
    for row, of_row in zip(rows, results, strict=True):
        z = f.at(kind.number, at["z"], f.do(f"add i64 {f.do(f'mul i64 {row}, ' + d['zr'])}, {c}"))
        for v, result in enumerate(of_row):
            f.add(f"store {kind.type} {result}, ptr {f.at(kind.type, z, v)}, align {kind.bytes}")


def _biases(f: FunctionText, product: Product, d: dict[str, str], at: dict[str, str], row: str, c: str) -> list[str]:
    if not product.bias:
        return [_filled(f.kind, -0.0)] * product.vectors  # −0 + x is x, also for −0
    kind = f.kind
    start = f.at(kind.number, at["b"], f.do(f"mul i64 {row}, {d['br']}"))
    if product.bias_walk == CONTIGUOUS:
        start = f.at(kind.number, start, c)
        return [_vector(f, start, v) for v in range(product.vectors)]
    return [f.splat(f.do(f"load {kind.number}, ptr {start}"))] * product.vectors

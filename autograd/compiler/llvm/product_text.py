"""Matrix products as text: blocks of the result in registers, loops around them.

A block has up to 4 rows and 2 vectors (or columns): 8 sums, enough to keep two fused units of latency 4 busy, and all
in registers. The last block of a row or column begins where it ends with it, and computes some numbers twice.
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

ROWS, VECTORS = 4, 2


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
# Of a sum of products over samples: how many there are for each result, rows, columns, a place of the sums that nobody
# reads; tables of where the lanes of both sides are, and of the places of results by row and column.
SUMS = ("count", "rows", "columns", "nowhere", "d", "a", "down", "across")
TABLES = frozenset({"w", "x", "z", "b", "d", "a", "down", "across"})  # fields that are tables


def opened(kind: Kind, fields: tuple[str, ...], tables: frozenset[str] = TABLES) -> tuple[FunctionText, dict[str, str]]:
    """A kernel that is being written, and the fields of its descriptor."""
    f = FunctionText(kind, NAME, ARGUMENTS, linkage="")
    return f, {name: f.load("ptr" if name in tables else "i64", "%d", i) for i, name in enumerate(fields)}


def clamped(f: FunctionText, begin: str, size: int, end: str) -> str:
    """Where a block begins that may not reach beyond the end."""
    last = f.do(f"sub i64 {end}, {size}")
    return f.do(f"select i1 {f.do(f'icmp slt i64 {begin}, {last}')}, i64 {begin}, i64 {last}")


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


def pair_of_sums(f: FunctionText, x: str, y: str) -> str:
    """The sums of the lanes of two vectors, as a vector of 2."""
    number, lanes = f.kind.number, f.kind.lanes
    even = [i + side for i in range(0, lanes, 2) for side in (0, lanes)]
    left, right = (
        f.do(f"shufflevector {f.kind.type} {x}, {f.kind.type} {y}, {_mask([i + odd for i in even])}") for odd in (0, 1)
    )
    whole = f.do(f"fadd {f.kind.type} {left}, {right}")
    while lanes > 2:
        of, half = f"<{lanes} x {number}>", lanes // 2
        parts = [f.do(f"shufflevector {of} {whole}, {of} poison, {_mask(range(i, i + half))}") for i in (0, half)]
        whole = f.do(f"fadd <{half} x {number}> {parts[0]}, {parts[1]}")
        lanes = half
    return whole


def _mask(lanes: Sequence[int]) -> str:
    return f"<{len(lanes)} x i32> <{', '.join([f'i32 {i}' for i in lanes])}>"


def vector_at(f: FunctionText, place: str) -> str:
    """A vector in memory."""
    return f.do(f"load {f.kind.type}, ptr {place}, align {f.kind.bytes}")


def _vector(f: FunctionText, start: str, vector: int) -> str:
    return vector_at(f, f.at(f.kind.type, start, vector))


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


@lru_cache(maxsize=64)
def sums_text(kind: Kind, rows: int, columns: int) -> Text:
    """The text of Σ d aᵀ over the samples, in blocks of that many rows and columns, added to sums."""
    f, d = opened(kind, SUMS)
    with f.loop(d["rows"]) as top:
        r = clamped(f, top, rows, d["rows"])
        with f.loop(d["columns"]) as left:
            c = clamped(f, left, columns, d["columns"])
            results = _summed(f, d, [f.do(f"add i64 {r}, {i}") for i in range(rows)], c, columns)
            for i in range(rows):
                row = f.do(f"add i64 {r}, {i}")
                down = f.load("i64", d["down"], row)
                totals = _totals(f, results[i])
                for k in range(columns):
                    column = f.do(f"add i64 {c}, {k}")
                    place = f.do(f"add i64 {down}, {f.load('i64', d['across'], column)}")
                    new_row, new_column = f.do(f"icmp sge i64 {row}, {top}"), f.do(f"icmp sge i64 {column}, {left}")
                    is_new = f.do(f"and i1 {new_row}, {new_column}")
                    place = f.do(f"select i1 {is_new}, i64 {place}, i64 {d['nowhere']}")
                    total = f.do(f"fadd double {f.load('double', '%g', place)}, {totals[k]}")
                    f.store("double", total, "%g", place)
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
            deltas, inputs = [
                [f.do(f"load {kind.type}, ptr {f.at(kind.number, start, t)}, align {kind.bytes}") for start in side]
                for side in starts
            ]
            results = summed(f, deltas, inputs, sums)
            f.pass_on(t, f.do(f"add i64 {t}, {kind.lanes}"))
        for sum_, result in zip(chain(*outer), chain(*results), strict=True):
            f.pass_on(sum_, result)
    return results


def _totals(f: FunctionText, vectors: Sequence[str]) -> list[str]:
    """The sums of the lanes of one or two vectors, as doubles."""
    of = f.kind.number
    pair = pair_of_sums(f, vectors[0], vectors[-1])
    totals = [f.do(f"extractelement <2 x {of}> {pair}, i32 {i}") for i in range(len(vectors))]
    return [f.do(f"fpext float {total} to double") for total in totals] if f.kind.single else totals

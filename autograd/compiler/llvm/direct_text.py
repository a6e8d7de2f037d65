"""Products with samples as they come, rows of numbers side by side: nothing has to be turned around for them.

The samples' address, their distance, the first of this block and how many there are stand in the frame, see `STATE`.
Doubles only; others have to be converted anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.loop_text import Text
from autograd.compiler.llvm.product_text import VECTORS, clamped, declared, fma, opened, pair_of_sums, summed, vector_at

STATE = ("first", "live")  # integers behind a frame, then the address and the distance of rows of each run of inputs
# Of z = w x + b for all samples: the sizes of w, its steps by row, those of z and of the bias, places in the frame of
# the state and of the run, and where w, z and the bias begin.
PRODUCT = ("rows", "terms", "wr", "zr", "br", "state", "run", "w", "z", "b")
# Of Σ d xᵀ: the sizes of the result, places of the state, the run, the lanes of d, and of the first sum of each row.
SUMS = ("rows", "columns", "state", "run", "d", "down")


@dataclass(frozen=True)
class _Run:
    """Where samples are: the row of a sample is `start` + `step` · its number in the block."""

    start: str
    step: str
    live: str


def _run(f: FunctionText, d: dict[str, str]) -> _Run:
    state, run = f.at("i64", "%f", d["state"]), f.at("i64", "%f", d["run"])
    step = f.load("i64", run, 1)
    start = f.at("double", f.load("ptr", run, 0), f.do(f"mul i64 {f.load('i64', state, 0)}, {step}"))
    return _Run(start, step, f.load("i64", state, 1))


def _row(f: FunctionText, run: _Run, sample: str) -> str:
    return f.at("double", run.start, f.do(f"mul i64 {sample}, {run.step}"))


def _smaller(f: FunctionText, x: str, y: str) -> str:
    return f.do(f"select i1 {f.do(f'icmp slt i64 {x}, {y}')}, i64 {x}, i64 {y}")


@lru_cache(maxsize=64)
def direct_product_text(kind: Kind, rows: int, has_bias: bool) -> Text:
    """The text of a product: vectors of terms, which are summed up at the end."""
    f, d = opened(kind, PRODUCT, frozenset())
    run = _run(f, d)
    last = f.do(f"sub i64 {run.live}, 1")
    whole = f.do(f"mul i64 {f.do('udiv i64 ' + d['terms'] + f', {kind.lanes}')}, {kind.lanes}")
    rest = f.do(f"sub i64 {d['terms']}, {whole}")
    lanes = ", ".join([f"i64 {i}" for i in range(kind.lanes)])
    of = f"<{kind.lanes} x i64>"
    one = f.do(f"insertelement {of} poison, i64 {rest}, i32 0")
    left = f.do(f"shufflevector {of} {one}, {of} poison, <{kind.lanes} x i32> zeroinitializer")
    mask = f.do(f"icmp slt {of} <{lanes}>, {left}")
    with f.loop(d["rows"]) as top:
        r = clamped(f, top, rows, d["rows"])
        numbers = [f.do(f"add i64 {r}, {i}") for i in range(rows)]
        w = [f.at("double", "%s", f.do(f"add i64 {f.do(f'mul i64 {n}, ' + d['wr'])}, {d['w']}")) for n in numbers]
        with f.loop("%n") as t:
            samples = [f.do(f"add i64 {t}, {i}") for i in range(VECTORS)]
            x = [_row(f, run, _smaller(f, sample, last)) for sample in samples]
            with f.loop(whole) as k:
                sums = [[f.carry(kind.type, "zeroinitializer") for _ in x] for _ in w]
                at_w, at_x = ([vector_at(f, f.at("double", each, k)) for each in side] for side in (w, x))
                found = summed(f, at_w, at_x, sums)
                f.pass_on(k, f.do(f"add i64 {k}, {kind.lanes}"))
            at_w, at_x = ([_masked(f, f.at("double", each, whole), mask) for each in side] for side in (w, x))
            for i, number in enumerate(numbers):
                bias = "-0.0"
                if has_bias:
                    bias = f.load("double", "%s", f.do(f"add i64 {f.do(f'mul i64 {number}, ' + d['br'])}, {d['b']}"))
                place = f.do(f"add i64 {f.do(f'mul i64 {number}, ' + d['zr'])}, {d['z']}")
                pair = pair_of_sums(f, *[fma(f, at_w[i], x_, sum_) for x_, sum_ in zip(at_x, found[i], strict=True)])
                one = f.do(f"insertelement <2 x double> poison, double {bias}, i32 0")
                both = f.do(f"shufflevector <2 x double> {one}, <2 x double> poison, <2 x i32> zeroinitializer")
                result = f.do(f"fadd <2 x double> {pair}, {both}")
                at = f.at("double", "%f", f.do(f"add i64 {place}, {t}"))
                f.add(f"store <2 x double> {result}, ptr {at}, align 8")
            f.pass_on(t, f.do(f"add i64 {t}, {VECTORS}"))
        f.pass_on(top, f.do(f"add i64 {top}, {rows}"))
    load = f"declare {kind.type} @llvm.masked.load.{kind.suffix}.p0(ptr, i32, <{kind.lanes} x i1>, {kind.type})"
    return declared(f, load)


def _masked(f: FunctionText, place: str, mask: str) -> str:
    kind = f.kind
    words = f"ptr {place}, i32 8, <{kind.lanes} x i1> {mask}, {kind.type} zeroinitializer"
    return f.do(f"call {kind.type} @llvm.masked.load.{kind.suffix}.p0({words})")


@lru_cache(maxsize=64)
def direct_sums_text(kind: Kind, rows: int, vectors: int) -> Text:
    """The text of Σ d xᵀ: vectors along a sample, blocks of results that are added to the sums."""
    f, d = opened(kind, SUMS, frozenset({"d", "down"}))
    run = _run(f, d)
    width = vectors * kind.lanes
    with f.loop(d["columns"]) as left:
        c = clamped(f, left, width, d["columns"])
        start = f.at("double", run.start, c)
        shifted = _Run(start, run.step, run.live)
        with f.loop(d["rows"]) as top:
            r = clamped(f, top, rows, d["rows"])
            numbers = [f.do(f"add i64 {r}, {i}") for i in range(rows)]
            deltas = [f.at("double", "%f", f.load("i64", d["d"], number)) for number in numbers]
            with f.loop(run.live) as t:
                sums = [[f.carry(kind.type, "zeroinitializer") for _ in range(vectors)] for _ in deltas]
                at = _row(f, shifted, t)
                x = [vector_at(f, f.at(kind.type, at, v)) for v in range(vectors)]
                w = [f.splat(f.load("double", delta, t)) for delta in deltas]
                found = summed(f, w, x, sums)
            for number, of_row in zip(numbers, found, strict=True):
                _add(f, of_row, number, top, f.do(f"add i64 {f.load('i64', d['down'], number)}, {c}"), c, left)
            f.pass_on(top, f.do(f"add i64 {top}, {rows}"))
        f.pass_on(left, f.do(f"add i64 {left}, {width}"))
    return declared(f)


def _add(f: FunctionText, results: list[str], row: str, top: str, place: str, c: str, left: str) -> None:
    """Add vectors to a row of the sums, where the block before has not."""
    kind = f.kind
    is_new = f.do(f"icmp sge i64 {row}, {top}")
    wide = f"<{kind.lanes} x i64>"
    flags = f"<{kind.lanes} x i1>"
    for v, result in enumerate(results):
        done = f.do(f"sub i64 {left}, {f.do(f'add i64 {c}, {v * kind.lanes}')}")
        one = f.do(f"insertelement {wide} poison, i64 {done}, i32 0")
        every = f.do(f"shufflevector {wide} {one}, {wide} poison, <{kind.lanes} x i32> zeroinitializer")
        lanes = ", ".join([f"i64 {i}" for i in range(kind.lanes)])
        mask = f.do(f"icmp sge {wide} <{lanes}>, {every}")
        row_flag = f.do(f"insertelement {flags} poison, i1 {is_new}, i32 0")
        in_row = f.do(f"shufflevector {flags} {row_flag}, {flags} poison, <{kind.lanes} x i32> zeroinitializer")
        mask = f.do(f"and {flags} {mask}, {in_row}")
        kept = f.do(f"select {flags} {mask}, {kind.type} {result}, {kind.type} zeroinitializer")
        at = f.at("double", "%g", f.do(f"add i64 {place}, {v * kind.lanes}"))
        total = f.do(f"fadd {kind.type} {vector_at(f, at)}, {kept}")
        f.add(f"store {kind.type} {total}, ptr {at}, align 8")

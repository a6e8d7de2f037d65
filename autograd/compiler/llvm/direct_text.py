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
from autograd.compiler.llvm.product_text import clamped, counted, declared, fma, opened, smaller, summed, vector_at
from autograd.compiler.llvm.sums_text import add_to_sums, totals
from autograd.compiler.llvm.transposed_text import transposed

STATE = ("first", "live")  # integers behind a frame, then the address and the distance of rows of each run of inputs
# Of z = w x + b for all samples: the sizes of w, its step (by row or by term, where the other one is 1), those of z and
# of the bias by row, places in the frame of the state and of the run, and where w, z and the bias begin.
PRODUCT = ("rows", "terms", "step", "zr", "br", "state", "run", "w", "z", "b")
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


@lru_cache(maxsize=64)
def direct_product_text(kind: Kind, samples: int, vectors: int, stored: int, has_bias: bool) -> Text:
    """The text of a product by a w with contiguous columns: blocks of so many samples and vectors of rows.

    `stored` is how many rows a block has; if fewer than lanes, numbers behind each column are read.
    """
    f, d = opened(kind, PRODUCT, frozenset())
    run, width = _run(f, d), vectors * kind.lanes
    with f.loop("%n") as t:
        x = _samples(f, run, t, samples)
        with f.loop(d["rows"]) as top:
            r = clamped(f, top, width, d["rows"]) if stored == width else top
            start = f.at("double", "%s", f.do(f"add i64 {d['w']}, {r}"))
            with f.loop(d["terms"]) as k:
                sums = [[f.carry(kind.type, "zeroinitializer") for _ in range(vectors)] for _ in x]
                column = f.at("double", start, f.do(f"mul i64 {k}, {d['step']}"))
                w = [vector_at(f, f.at(kind.type, column, v)) for v in range(vectors)]
                found = summed(f, [f.splat(f.load("double", each, k)) for each in x], w, sums)
            for begin in range(0, samples, kind.lanes):
                at_t = f.do(f"add i64 {t}, {begin}")
                for v in range(vectors):
                    by_row = transposed(f, [found[begin + i][v] for i in range(kind.lanes)])
                    for i, sum_ in enumerate(by_row[: stored - v * kind.lanes]):
                        _store(f, d, has_bias, (f.do(f"add i64 {r}, {v * kind.lanes + i}"), at_t), sum_, kind.lanes)
            f.pass_on(top, f.do(f"add i64 {top}, {width}"))
        f.pass_on(t, f.do(f"add i64 {t}, {samples}"))
    return declared(f)


@lru_cache(maxsize=64)
def few_rows_text(kind: Kind, samples: int, rows: int, has_bias: bool) -> Text:
    """The text of a product by a few rows of numbers side by side: vectors of terms, which are summed up at the end."""
    f, d = opened(kind, PRODUCT, frozenset())
    run = _run(f, d)
    whole = f.do(f"mul i64 {f.do('udiv i64 ' + d['terms'] + f', {kind.lanes}')}, {kind.lanes}")
    rest = f.do(f"sub i64 {d['terms']}, {whole}")
    mask = f.do(f"icmp slt <{kind.lanes} x i64> {counted(kind.lanes)}, {f.spread('i64', rest, kind.lanes)}")
    starts = [f.do(f"add i64 {f.do(f'mul i64 {i}, ' + d['step'])}, {d['w']}") for i in range(rows)]
    w = [f.at("double", "%s", start) for start in starts]
    with f.loop("%n") as t:
        x = _samples(f, run, t, samples)
        with f.loop(whole) as k:
            sums = [[f.carry(kind.type, "zeroinitializer") for _ in x] for _ in w]
            at_w, at_x = ([vector_at(f, f.at("double", each, k)) for each in side] for side in (w, x))
            found = summed(f, at_w, at_x, sums)
            f.pass_on(k, f.do(f"add i64 {k}, {kind.lanes}"))
        at_w, at_x = ([_masked(f, f.at("double", each, whole), mask) for each in side] for side in (w, x))
        for i, of_row in enumerate(found):
            all_terms = [fma(f, at_w[i], x_, sum_) for x_, sum_ in zip(at_x, of_row, strict=True)]
            count = min(samples, kind.lanes)
            for v, total in enumerate(totals(f, all_terms)):
                _store(f, d, has_bias, (str(i), f.do(f"add i64 {t}, {v * count}")), total, count)
        f.pass_on(t, f.do(f"add i64 {t}, {samples}"))
    load = f"declare {kind.type} @llvm.masked.load.{kind.suffix}.p0(ptr, i32, <{kind.lanes} x i1>, {kind.type})"
    return declared(f, load)


def _samples(f: FunctionText, run: _Run, first: str, count: int) -> list[str]:
    """Where the rows of some samples begin; beyond the last one, where that begins."""
    last = f.do(f"sub i64 {run.live}, 1")
    return [_row(f, run, smaller(f, f.do(f"add i64 {first}, {i}"), last)) for i in range(count)]


def _store(f: FunctionText, d: dict[str, str], has_bias: bool, at: tuple[str, str], sums: str, lanes: int) -> None:
    """Write some samples of a row of z: their sums and the bias."""
    of, (row, t) = f"<{lanes} x double>", at
    if has_bias:
        bias = f.load("double", "%s", f.do(f"add i64 {f.do(f'mul i64 {row}, ' + d['br'])}, {d['b']}"))
        sums = f.do(f"fadd {of} {sums}, {f.spread('double', bias, lanes)}")
    place = f.do(f"add i64 {f.do(f'mul i64 {row}, ' + d['zr'])}, {d['z']}")
    f.add(f"store {of} {sums}, ptr {f.at('double', '%f', f.do(f'add i64 {place}, {t}'))}, align 8")


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
        shifted = _Run(f.at("double", run.start, c), run.step, run.live)
        done = f.do(f"sub i64 {left}, {c}")
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
                place = f.do(f"add i64 {f.load('i64', d['down'], number)}, {c}")
                is_new = f.do(f"icmp sge i64 {number}, {top}")
                add_to_sums(f, of_row, kind.lanes, is_new, done, place)
            f.pass_on(top, f.do(f"add i64 {top}, {rows}"))
        f.pass_on(left, f.do(f"add i64 {left}, {width}"))
    return declared(f)

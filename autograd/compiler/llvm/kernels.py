"""Matrix products in machine code: small blocks of the result in registers, loops around them.

Vectors of samples stand in a frame, `stride` vectors from one lane to the next, the tiles of a lane side by side; what
all samples share stands in memory as single numbers. A block has up to 4 rows and 2 tiles (or columns): 8 sums,
enough to keep two fused units of latency 4 busy, and all in registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind

ROWS, COLUMNS = 4, 2

# (name, arguments): what a program calls. `w` and `bias` are shared, x and z in the frame, n tiles of them.
PRODUCT = "ptr %z, ptr %x, ptr %w, ptr %b, i64 %inner, i64 %zs, i64 %xs, i64 %wr, i64 %wc, i64 %bs, i64 %n, i64 %rows"
MEAN = "ptr %g, ptr %d, ptr %a, i64 %n, i64 %ds, i64 %as, i64 %gr, i64 %gc, i64 %rows, i64 %columns"
SUM = "ptr %g, ptr %d, i64 %n, i64 %ds, i64 %gs, i64 %rows"
SIGNATURES = {"product": PRODUCT, "mean_product": MEAN, "mean": SUM}


def kernels(kind: Kind) -> str:
    """The text of `product`, `mean_product` and `mean` for vectors of a kind."""
    texts: list[FunctionText | str] = [_product(kind, rows, tiles) for rows in (ROWS, 1) for tiles in (COLUMNS, 1)]
    texts += [_mean_product(kind, rows, columns) for rows in (ROWS, 1) for columns in (COLUMNS, 1)]
    for rows in (ROWS, 1):
        moved = (("z", kind.type, "%at"), ("x", kind.type, "%at"))
        texts.append(_steps(f"product{rows}", PRODUCT, "%n", COLUMNS, moved, f"product{rows}x"))
        moved = (("a", kind.type, "%across"), ("g", "double", "%over"))
        texts.append(_steps(f"mean_product{rows}", MEAN, "%columns", COLUMNS, moved, f"mean_product{rows}x"))
    down = (("z", kind.type, "%down"), ("w", kind.number, "%along"), ("b", kind.number, "%bias"))
    texts.append(_steps("product", PRODUCT, "%rows", ROWS, down, "product"))
    side = (("d", kind.type, "%side"), ("g", "double", "%under"))
    texts.append(_steps("mean_product", MEAN, "%rows", ROWS, side, "mean_product"))
    return "\n".join([*map(str, texts), str(_mean(kind)), _FMULADD.format(of=kind.type, suffix=kind.suffix)])


_FMULADD = "declare {of} @llvm.fmuladd.{suffix}({of}, {of}, {of})\n"


_STEPS = {
    "%at": "{i}",
    "%across": "mul i64 {i}, %as",
    "%over": "mul i64 {i}, %gc",
    "%down": "mul i64 {i}, %zs",
    "%along": "mul i64 {i}, %wr",
    "%bias": "mul i64 {i}, %bs",
    "%side": "mul i64 {i}, %ds",
    "%under": "mul i64 {i}, %gr",
}


def _steps(name: str, signature: str, count: str, size: int, moved: Sequence[tuple[str, str, str]], inner: str) -> str:
    """A function that calls `inner`<size> and then `inner`1 for 0, …, count − 1, with some pointers moved on."""
    many, one = (_call(inner, signature, moved, i, of) for i, of in (("%i", size), ("%k", 1)))
    linkage = "" if name in SIGNATURES else "internal "
    return f"""define {linkage}void @{name}({signature}) {{
entry:
  br label %test
test:
  %i = phi i64 [0, %entry], [%i1, %many]
  %left = sub i64 {count}, %i
  %enough = icmp sge i64 %left, {size}
  br i1 %enough, label %many, label %rest
many:
{many}
  %i1 = add i64 %i, {size}
  br label %test
rest:
  %k = phi i64 [%i, %test], [%k1, %one]
  %more = icmp slt i64 %k, {count}
  br i1 %more, label %one, label %done
one:
{one}
  %k1 = add i64 %k, 1
  br label %rest
done:
  ret void
}}
"""


def _call(inner: str, signature: str, moved: Sequence[tuple[str, str, str]], i: str, size: int) -> str:
    lines, words = [], signature
    for pointer, of, step in moved:
        offset = _STEPS[step].format(i=i)
        if not offset.startswith("%"):
            lines.append(f"  {step}{size} = {offset}")
            offset = f"{step}{size}"
        lines.append(f"  %{pointer}{size} = getelementptr {of}, ptr %{pointer}, i64 {offset}")
        words = words.replace(f"ptr %{pointer},", f"ptr %{pointer}{size},")
    return "\n".join([*lines, f"  call void @{inner}{size}({words})"])


def _fma(f: FunctionText, x: str, y: str, z: str) -> str:
    """x y + z."""
    of = f.kind.type
    return f.do(f"call {of} @llvm.fmuladd.{f.kind.suffix}({of} {x}, {of} {y}, {of} {z})")


def _product(kind: Kind, rows: int, tiles: int) -> FunctionText:
    f = FunctionText(kind, f"product{rows}x{tiles}", PRODUCT)
    biases, weights = [], []
    for i in range(rows):
        biases.append(f.splat(f.load(kind.number, "%b", f.do(f"mul i64 {i}, %bs"))))
        weights.append(f.at(kind.number, "%w", f.do(f"mul i64 {i}, %wr")))
    with f.loop("%inner") as j:
        sums = [[f.carry(kind.type, bias) for _ in range(tiles)] for bias in biases]
        down, along = f.do(f"mul i64 {j}, %xs"), f.do(f"mul i64 {j}, %wc")
        row = f.at(kind.type, "%x", down)
        x = [f.load(kind.type, row, t) for t in range(tiles)]
        results = []
        for w, of_row in zip(weights, sums, strict=True):
            weight = f.splat(f.load(kind.number, w, along))
            results.append([_fma(f, weight, each, sum_) for each, sum_ in zip(x, of_row, strict=True)])
        _pass_on(f, sums, results)
    for i, of_row in enumerate(results):
        row = f.at(kind.type, "%z", f.do(f"mul i64 {i}, %zs"))
        for t, result in enumerate(of_row):
            f.store(kind.type, result, row, t)
    return f


def _mean_product(kind: Kind, rows: int, columns: int) -> FunctionText:
    f = FunctionText(kind, f"mean_product{rows}x{columns}", MEAN)
    deltas, activations = [
        [f.at(kind.type, f"%{side}", f.do(f"mul i64 {i}, %{side}s")) for i in range(count)]
        for side, count in (("d", rows), ("a", columns))
    ]
    with f.loop("%n") as t:
        sums = [[f.carry(kind.type, "zeroinitializer") for _ in activations] for _ in deltas]
        d, a = [[f.load(kind.type, pointer, t) for pointer in side] for side in (deltas, activations)]
        results = [[_fma(f, d[i], a[c], sum_) for c, sum_ in enumerate(of_row)] for i, of_row in enumerate(sums)]
        _pass_on(f, sums, results)
    for i, of_row in enumerate(results):
        for c, result in enumerate(of_row):
            down, across = f.do(f"mul i64 {i}, %gr"), f.do(f"mul i64 {c}, %gc")
            _add_lanes(f, result, f.do(f"add i64 {down}, {across}"))
    return f


def _pass_on(f: FunctionText, sums: Sequence[Sequence[str]], results: Sequence[Sequence[str]]) -> None:
    for sum_, result in zip(chain(*sums), chain(*results), strict=True):
        f.pass_on(sum_, result)


def _add_lanes(f: FunctionText, vector: str, index: str) -> None:
    """Add the lanes of a vector to an entry of %g."""
    sum_ = f.sum_of_lanes(vector)
    entry = f.at("double", "%g", index)
    total = f.do(f"fadd double {f.do(f'load double, ptr {entry}')}, {sum_}")
    f.add(f"store double {total}, ptr {entry}")


def _mean(kind: Kind) -> FunctionText:
    f = FunctionText(kind, "mean", SUM, linkage="")
    with f.loop("%rows") as i:
        down, entry = f.do(f"mul i64 {i}, %ds"), f.do(f"mul i64 {i}, %gs")
        row = f.at(kind.type, "%d", down)
        with f.loop("%n") as t:
            sum_ = f.carry(kind.type, "zeroinitializer")
            total = f.do(f"fadd {kind.type} {sum_}, {f.load(kind.type, row, t)}")
            f.pass_on(sum_, total)
        _add_lanes(f, total, entry)
    return f

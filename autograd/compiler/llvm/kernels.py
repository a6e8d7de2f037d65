"""Matrix products in machine code: small blocks of the result in registers, loops around them.

Vectors of samples stand in a frame, `stride` vectors from one lane to the next, the tiles of a lane side by side; what
all samples share stands in memory as single numbers. A block has up to 4 rows and 2 tiles (or columns): 8 sums, as
many as it takes to keep two fused units of latency 4 busy, and all in registers.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.llvm.library import Kind

ROWS, COLUMNS = 4, 2

# (name, arguments): what a program calls. `w` and `bias` are shared, x and z in the frame, n tiles of them.
PRODUCT = "ptr %z, ptr %x, ptr %w, ptr %b, i64 %inner, i64 %zs, i64 %xs, i64 %wr, i64 %wc, i64 %bs, i64 %n, i64 %rows"
MEAN = "ptr %g, ptr %d, ptr %a, i64 %n, i64 %ds, i64 %as, i64 %gr, i64 %gc, i64 %rows, i64 %columns"
SUM = "ptr %g, ptr %d, i64 %n, i64 %ds, i64 %gs, i64 %rows"
SIGNATURES = {"product": PRODUCT, "mean_product": MEAN, "mean": SUM}


def kernels(kind: Kind) -> str:
    """The text of `product`, `mean_product` and `mean` for vectors of a kind."""
    texts = [_product(kind, rows, tiles) for rows in (ROWS, 1) for tiles in (COLUMNS, 1)]
    texts += [_mean_product(kind, rows, columns) for rows in (ROWS, 1) for columns in (COLUMNS, 1)]
    for rows in (ROWS, 1):
        moved = (("z", kind.type, "%at"), ("x", kind.type, "%at"))
        texts.append(_steps(f"product{rows}", PRODUCT, "%n", COLUMNS, moved, f"product{rows}x"))
        moved = (("a", kind.type, "%across"), ("g", "double", "%over"))
        texts.append(_steps(f"mean_product{rows}", MEAN, "%columns", COLUMNS, moved, f"mean_product{rows}x"))
    number = "float" if kind.single else "double"
    down = (("z", kind.type, "%down"), ("w", number, "%along"), ("b", number, "%bias"))
    texts.append(_steps("product", PRODUCT, "%rows", ROWS, down, "product"))
    side = (("d", kind.type, "%side"), ("g", "double", "%under"))
    texts.append(_steps("mean_product", MEAN, "%rows", ROWS, side, "mean_product"))
    return "\n".join([*texts, _mean(kind)])


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


class _Loop:
    """Text of a loop that adds products to vectors of sums."""

    def __init__(self, kind: Kind) -> None:
        self.type = kind.type
        self.number = "float" if kind.single else "double"
        self.lanes = kind.lanes
        self.suffix = f"v{kind.lanes}f{32 if kind.single else 64}"
        self.lines: list[str] = []

    def load(self, name: str, of: str, pointer: str, index: str) -> None:
        """A value of memory."""
        self.lines += [f"  %{name}.at = getelementptr {of}, ptr {pointer}, i64 {index}"]
        self.lines += [f"  %{name} = load {of}, ptr %{name}.at"]

    def splat(self, name: str, x: str) -> None:
        """A number in all lanes."""
        self.lines.append(f"  %{name}.one = insertelement {self.type} poison, {self.number} {x}, i32 0")
        zeros = f"<{self.lanes} x i32> zeroinitializer"
        self.lines.append(f"  %{name} = shufflevector {self.type} %{name}.one, {self.type} poison, {zeros}")

    def fma(self, name: str, x: str, y: str, z: str) -> None:
        """x y + z."""
        words = ", ".join(f"{self.type} %{each}" for each in (x, y, z))
        self.lines.append(f"  %{name} = call {self.type} @llvm.fmuladd.{self.suffix}({words})")


def _product(kind: Kind, rows: int, tiles: int) -> str:
    loop = _Loop(kind)
    sums = [(i, t) for i in range(rows) for t in range(tiles)]
    for i in range(rows):
        loop.lines.append(f"  %bi{i} = mul i64 {i}, %bs")
        loop.load(f"bias{i}", loop.number, "%b", f"%bi{i}")
        loop.splat(f"start{i}", f"%bias{i}")
        loop.lines.append(f"  %wi{i} = mul i64 {i}, %wr")
        loop.lines.append(f"  %w{i} = getelementptr {loop.number}, ptr %w, i64 %wi{i}")
    loop.lines += ["  br label %loop", "loop:", "  %j = phi i64 [0, %entry], [%j1, %loop]"]
    loop.lines += [f"  %s{i}.{t} = phi {loop.type} [%start{i}, %entry], [%n{i}.{t}, %loop]" for i, t in sums]
    loop.lines += ["  %xj = mul i64 %j, %xs", "  %wj = mul i64 %j, %wc"]
    loop.lines.append(f"  %xr = getelementptr {loop.type}, ptr %x, i64 %xj")
    for t in range(tiles):
        loop.load(f"x{t}", loop.type, "%xr", str(t))
    for i in range(rows):
        loop.load(f"one{i}", loop.number, f"%w{i}", "%wj")
        loop.splat(f"all{i}", f"%one{i}")
        for t in range(tiles):
            loop.fma(f"n{i}.{t}", f"all{i}", f"x{t}", f"s{i}.{t}")
    loop.lines += [
        "  %j1 = add i64 %j, 1",
        "  %more = icmp slt i64 %j1, %inner",
        "  br i1 %more, label %loop, label %done",
    ]
    loop.lines.append("done:")
    for i in range(rows):
        loop.lines.append(f"  %zi{i} = mul i64 {i}, %zs")
        loop.lines.append(f"  %z{i} = getelementptr {loop.type}, ptr %z, i64 %zi{i}")
        for t in range(tiles):
            loop.lines.append(f"  %z{i}.{t} = getelementptr {loop.type}, ptr %z{i}, i64 {t}")
            loop.lines.append(f"  store {loop.type} %n{i}.{t}, ptr %z{i}.{t}")
    text = "\n".join(["entry:", *loop.lines, "  ret void"])
    return f"define internal void @product{rows}x{tiles}({PRODUCT}) {{\n{text}\n}}\n"


def _mean_product(kind: Kind, rows: int, columns: int) -> str:
    loop = _Loop(kind)
    sums = [(i, c) for i in range(rows) for c in range(columns)]
    for side, count in (("d", rows), ("a", columns)):
        for i in range(count):
            loop.lines.append(f"  %{side}i{i} = mul i64 {i}, %{side}s")
            loop.lines.append(f"  %{side}{i} = getelementptr {loop.type}, ptr %{side}, i64 %{side}i{i}")
    loop.lines += ["  br label %loop", "loop:", "  %t = phi i64 [0, %entry], [%t1, %loop]"]
    loop.lines += [f"  %s{i}.{c} = phi {loop.type} [zeroinitializer, %entry], [%n{i}.{c}, %loop]" for i, c in sums]
    for side, count in (("d", rows), ("a", columns)):
        for i in range(count):
            loop.load(f"{side}v{i}", loop.type, f"%{side}{i}", "%t")
    for i, c in sums:
        loop.fma(f"n{i}.{c}", f"dv{i}", f"av{c}", f"s{i}.{c}")
    loop.lines += ["  %t1 = add i64 %t, 1", "  %more = icmp slt i64 %t1, %n", "  br i1 %more, label %loop, label %done"]
    loop.lines.append("done:")
    for i, c in sums:
        loop.lines += [f"  %gi{i}.{c} = mul i64 {i}, %gr", f"  %gj{i}.{c} = mul i64 {c}, %gc"]
        loop.lines += [f"  %gk{i}.{c} = add i64 %gi{i}.{c}, %gj{i}.{c}"]
        loop.lines += _added(loop, f"{i}.{c}", f"%n{i}.{c}", f"%gk{i}.{c}")
    text = "\n".join(["entry:", *loop.lines, "  ret void"])
    return f"define internal void @mean_product{rows}x{columns}({MEAN}) {{\n{text}\n}}\n"


def _added(loop: _Loop, name: str, vector: str, index: str) -> list[str]:
    """The lanes of a vector added to a double in memory."""
    return [
        f"  %sum{name} = call reassoc {loop.number} @llvm.vector.reduce.fadd.{loop.suffix}"
        f"({loop.number} -0.0, {loop.type} {vector})",
        f"  %wide{name} = call double @wide({loop.number} %sum{name})",
        f"  %g{name} = getelementptr double, ptr %g, i64 {index}",
        f"  %old{name} = load double, ptr %g{name}",
        f"  %new{name} = fadd double %old{name}, %wide{name}",
        f"  store double %new{name}, ptr %g{name}",
    ]


def _mean(kind: Kind) -> str:
    loop = _Loop(kind)
    added = "\n".join(_added(loop, ".all", "%next", "%over"))
    return f"""define void @mean({SUM}) {{
entry:
  br label %outer
outer:
  %i = phi i64 [0, %entry], [%i1, %next_row]
  %down = mul i64 %i, %ds
  %over = mul i64 %i, %gs
  %row = getelementptr {kind.type}, ptr %d, i64 %down
  br label %inner
inner:
  %t = phi i64 [0, %outer], [%t1, %inner]
  %sum = phi {kind.type} [zeroinitializer, %outer], [%next, %inner]
  %x.at = getelementptr {kind.type}, ptr %row, i64 %t
  %x = load {kind.type}, ptr %x.at
  %next = fadd {kind.type} %sum, %x
  %t1 = add i64 %t, 1
  %more = icmp slt i64 %t1, %n
  br i1 %more, label %inner, label %next_row
next_row:
{added}
  %i1 = add i64 %i, 1
  %again = icmp slt i64 %i1, %rows
  br i1 %again, label %outer, label %done
done:
  ret void
}}
declare {kind.type} @llvm.fmuladd.{loop.suffix}({kind.type}, {kind.type}, {kind.type})
"""

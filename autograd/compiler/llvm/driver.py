"""The loops around a program's tile: gather samples, run the tile, add up or hand out, all in machine code.

One set of functions for each kind of vector, compiled once. `run` takes a block of whole numbers, `ARGUMENTS`, and runs
the tiles first, first + step, …; what happens after each tile is one of `mask` (sums in the lanes: dead lanes are set
to 0), `in_order` (sums sample by sample) and `scatter` (an output for each sample). Samples come as a list of arrays:
address, bytes from row to row, bytes from column to column, columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from autograd.compiler.llvm.engine import LOOPS, Machine, add_symbols, machine
from autograd.compiler.llvm.kernels import SIGNATURES, kernels
from autograd.compiler.llvm.library import Kind

# What `run` is told: addresses of functions and memory, and counts; `sums` is 1 if outputs are added up in the frame.
ARGUMENTS = (
    *("tile", "after", "arrays", "kinds", "samples", "first", "step", "tiles", "frame", "inputs", "outputs", "count"),
    *("target", "scalars", "broadcast", "sums"),
)
# What `run_blocks` is told: `last` is the tile after the last one, `exports` pairs (number in the scalar frame, slot).
BLOCK_ARGUMENTS = (
    *("tile", "arrays", "kinds", "samples", "first", "last", "stride", "frame", "scalars", "target", "exports"),
    "export_count",
)
POINTERS = {"tile", "after", "arrays", "frame", "target", "scalars", "exports"}


@lru_cache(maxsize=8)
def driver(kind: Kind) -> Machine:
    """The loops for vectors of a kind."""
    single = "float" if kind.single else "double"
    words = {"T": kind.type, "S": single, "W": str(kind.lanes), "LAST": str(kind.lanes - 1)}
    words["SUFFIX"] = f"v{kind.lanes}f{32 if kind.single else 64}"
    text = _LOOPS + _run("run", ARGUMENTS, _RUN) + _run("run_blocks", BLOCK_ARGUMENTS, _RUN_BLOCKS) + _conversions(kind)
    for gap, word in words.items():
        text = text.replace(f"${gap}$", word)
    text = text.replace("$ROWS$", _rows(kind)).replace("$LANES$", _lanes(kind))
    made = machine([text + kernels(kind)], LOOPS)
    add_symbols({kind.symbol(name): made.address(name) for name in (*SIGNATURES, "repeat", "clear")})
    return made


def _run(function: str, arguments: Sequence[str], rest: str) -> str:
    """A function that takes a block of arguments."""
    lines = []
    for place, name in enumerate(arguments):
        of = "ptr" if name in POINTERS else "i64"
        lines += [
            f"%{name}.at = getelementptr i64, ptr %arguments, i64 {place}",
            f"%{name} = load {of}, ptr %{name}.at",
        ]
    return "\n".join([f"define void @{function}(ptr %arguments) {{", "entry:", *lines, rest])


_RUN = """
  %out = getelementptr $T$, ptr %frame, i64 %outputs
  %adds = icmp ne i64 %sums, 0
  %cleared = select i1 %adds, i64 %count, i64 0
  call void @broadcast(ptr %scalars, ptr %frame, i64 %broadcast)
  call void @zero(ptr %out, i64 %cleared)
  call void @drive(ptr %tile, ptr %after, ptr %arrays, i64 %kinds, i64 %samples, i64 %first, i64 %step, i64 %tiles,
                   ptr %frame, i64 %inputs, ptr %out, i64 %count, ptr %target)
  br i1 %adds, label %add, label %done
add:
  call void @add_lanes(ptr %out, i64 %count, ptr %target)
  br label %done
done:
  ret void
}
"""

_RUN_BLOCKS = """
  call void @spread(ptr %scalars, ptr %frame, ptr %exports, i64 %export_count, i64 %stride)
  br label %blocks
blocks:
  %begin = phi i64 [%first, %entry], [%end, %ran]
  %left = sub i64 %last, %begin
  %is_short = icmp slt i64 %left, %stride
  %n = select i1 %is_short, i64 %left, i64 %stride
  %end = add i64 %begin, %n
  br label %tiles
tiles:
  %t = phi i64 [0, %blocks], [%t1, %tiles]
  %number = add i64 %begin, %t
  %sample = mul i64 %number, $W$
  %rest = sub i64 %samples, %sample
  %is_last = icmp slt i64 %rest, $W$
  %live = select i1 %is_last, i64 %rest, i64 $W$
  %in = getelementptr $T$, ptr %frame, i64 %t
  call void @gather_all(ptr %arrays, i64 %kinds, i64 %sample, i64 %live, i64 %stride, ptr %in)
  %t1 = add i64 %t, 1
  %more = icmp slt i64 %t1, %n
  br i1 %more, label %tiles, label %ran
ran:
  call void %tile(ptr %frame, ptr %scalars, ptr %target, i64 %n, i64 %live)
  %again = icmp slt i64 %end, %last
  br i1 %again, label %blocks, label %done
done:
  ret void
}

define internal void @spread(ptr %s, ptr %f, ptr %pairs, i64 %count, i64 %stride) {
entry:
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %outer
outer:
  %i = phi i64 [0, %entry], [%i1, %next]
  %pair = mul i64 %i, 2
  %from.at = getelementptr i64, ptr %pairs, i64 %pair
  %from = load i64, ptr %from.at
  %slot.at = getelementptr i64, ptr %from.at, i64 1
  %slot = load i64, ptr %slot.at
  %x.at = getelementptr $S$, ptr %s, i64 %from
  %x = load $S$, ptr %x.at
  %one = insertelement $T$ poison, $S$ %x, i32 0
  %all = shufflevector $T$ %one, $T$ poison, <$W$ x i32> zeroinitializer
  %begin = mul i64 %slot, %stride
  br label %inner
inner:
  %t = phi i64 [0, %outer], [%t1, %inner]
  %place = add i64 %begin, %t
  %to = getelementptr $T$, ptr %f, i64 %place
  store $T$ %all, ptr %to
  %t1 = add i64 %t, 1
  %more = icmp slt i64 %t1, %stride
  br i1 %more, label %inner, label %next
next:
  %i1 = add i64 %i, 1
  %again = icmp slt i64 %i1, %count
  br i1 %again, label %outer, label %done
done:
  ret void
}

define void @repeat(ptr %function, ptr %f, i64 %n) {
entry:
  br label %loop
loop:
  %t = phi i64 [0, %entry], [%t1, %loop]
  %at = getelementptr $T$, ptr %f, i64 %t
  call void %function(ptr %at)
  %t1 = add i64 %t, 1
  %more = icmp slt i64 %t1, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}

define void @clear(ptr %f, i64 %slots, i64 %stride, i64 %live) {
entry:
  %full = icmp eq i64 %live, $W$
  br i1 %full, label %done, label %outer
outer:
  %j = phi i64 [0, %entry], [%j1, %next]
  %vectors = mul i64 %j, %stride
  %begin = mul i64 %vectors, $W$
  br label %inner
inner:
  %lane = phi i64 [%live, %outer], [%lane1, %inner]
  %place = add i64 %begin, %lane
  %at = getelementptr $S$, ptr %f, i64 %place
  store $S$ 0.0, ptr %at
  %lane1 = add i64 %lane, 1
  %more = icmp slt i64 %lane1, $W$
  br i1 %more, label %inner, label %next
next:
  %j1 = add i64 %j, 1
  %again = icmp slt i64 %j1, %slots
  br i1 %again, label %outer, label %done
done:
  ret void
}
"""


def _conversions(kind: Kind) -> str:
    """`narrow` and `wide`: from a double and to a double."""
    down, up = ("fptrunc double %x to float", "fpext float %x to double") if kind.single else ("", "")
    narrow = f"%y = {down}\nret float %y" if kind.single else "ret double %x"
    wide = f"%y = {up}\nret double %y" if kind.single else "ret double %x"
    of = "float" if kind.single else "double"
    return (
        f"define internal {of} @narrow(double %x) alwaysinline {{\n{narrow}\n}}\n"
        f"define internal double @wide({of} %x) alwaysinline {{\n{wide}\n}}\n"
    )


def _rows(kind: Kind) -> str:
    """For each lane the address of its row; a dead lane takes the last live one, so that it is harmless."""
    lines = []
    for lane in range(kind.lanes):
        lines += [
            f"%near{lane} = icmp slt i64 {lane}, %live",
            f"%row{lane} = select i1 %near{lane}, i64 {lane}, i64 %last",
            f"%down{lane} = mul i64 %row{lane}, %by_row",
            f"%base{lane} = getelementptr i8, ptr %from, i64 %down{lane}",
        ]
    return "\n".join(lines)


def _lanes(kind: Kind) -> str:
    """A number from each row, as a vector."""
    lines, of = [], "float" if kind.single else "double"
    for lane in range(kind.lanes):
        before = f"%w{lane - 1}" if lane else "poison"
        lines += [
            f"%at{lane} = getelementptr i8, ptr %base{lane}, i64 %across",
            f"%x{lane} = load double, ptr %at{lane}, align 1",
            f"%n{lane} = call {of} @narrow(double %x{lane})",
            f"%w{lane} = insertelement {kind.type} {before}, {of} %n{lane}, i32 {lane}",
        ]
    return "\n".join(lines)


_LOOPS = """
define internal void @broadcast(ptr %s, ptr %f, i64 %count) {
entry:
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %loop]
  %from = getelementptr $S$, ptr %s, i64 %i
  %x = load $S$, ptr %from
  %one = insertelement $T$ poison, $S$ %x, i32 0
  %all = shufflevector $T$ %one, $T$ poison, <$W$ x i32> zeroinitializer
  %to = getelementptr $T$, ptr %f, i64 %i
  store $T$ %all, ptr %to
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}

define internal void @zero(ptr %f, i64 %count) {
entry:
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %loop]
  %to = getelementptr $T$, ptr %f, i64 %i
  store $T$ zeroinitializer, ptr %to
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}

define internal void @gather(ptr %array, i64 %first, i64 %live, i64 %stride, ptr %f) {
entry:
  %begin.at = getelementptr i64, ptr %array, i64 0
  %begin = load ptr, ptr %begin.at
  %by_row.at = getelementptr i64, ptr %array, i64 1
  %by_row = load i64, ptr %by_row.at
  %by_column.at = getelementptr i64, ptr %array, i64 2
  %by_column = load i64, ptr %by_column.at
  %columns.at = getelementptr i64, ptr %array, i64 3
  %columns = load i64, ptr %columns.at
  %skipped = mul i64 %first, %by_row
  %from = getelementptr i8, ptr %begin, i64 %skipped
  %last = sub i64 %live, 1
  $ROWS$
  %none = icmp eq i64 %columns, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %loop]
  %across = mul i64 %i, %by_column
  $LANES$
  %place = mul i64 %i, %stride
  %to = getelementptr $T$, ptr %f, i64 %place
  store $T$ %w$LAST$, ptr %to
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %columns
  br i1 %more, label %loop, label %done
done:
  ret void
}

define internal void @gather_all(ptr %arrays, i64 %count, i64 %first, i64 %live, i64 %stride, ptr %f) {
entry:
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %loop]
  %slot = phi i64 [0, %entry], [%slot1, %loop]
  %offset = mul i64 %i, 4
  %array = getelementptr i64, ptr %arrays, i64 %offset
  %place = mul i64 %slot, %stride
  %to = getelementptr $T$, ptr %f, i64 %place
  call void @gather(ptr %array, i64 %first, i64 %live, i64 %stride, ptr %to)
  %columns.at = getelementptr i64, ptr %array, i64 3
  %columns = load i64, ptr %columns.at
  %slot1 = add i64 %slot, %columns
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}

define internal void @drive(ptr %tile, ptr %after, ptr %arrays, i64 %kinds, i64 %samples, i64 %first, i64 %step,
                            i64 %tiles, ptr %f, i64 %inputs, ptr %out, i64 %count, ptr %target) {
entry:
  %in = getelementptr $T$, ptr %f, i64 %inputs
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %loop]
  %steps = mul i64 %i, %step
  %number = add i64 %first, %steps
  %sample = mul i64 %number, $W$
  %rest = sub i64 %samples, %sample
  %is_last = icmp slt i64 %rest, $W$
  %live = select i1 %is_last, i64 %rest, i64 $W$
  call void @gather_all(ptr %arrays, i64 %kinds, i64 %sample, i64 %live, i64 1, ptr %in)
  call void %tile(ptr %f)
  call void %after(ptr %out, i64 %count, i64 %live, i64 %sample, ptr %target)
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %tiles
  br i1 %more, label %loop, label %done
done:
  ret void
}

define void @mask(ptr %out, i64 %count, i64 %live, i64 %sample, ptr %target) {
entry:
  %full = icmp eq i64 %live, $W$
  br i1 %full, label %done, label %outer
outer:
  %j = phi i64 [0, %entry], [%j1, %next]
  %begin = mul i64 %j, $W$
  br label %inner
inner:
  %lane = phi i64 [%live, %outer], [%lane1, %inner]
  %place = add i64 %begin, %lane
  %at = getelementptr $S$, ptr %out, i64 %place
  store $S$ 0.0, ptr %at
  %lane1 = add i64 %lane, 1
  %more = icmp slt i64 %lane1, $W$
  br i1 %more, label %inner, label %next
next:
  %j1 = add i64 %j, 1
  %again = icmp slt i64 %j1, %count
  br i1 %again, label %outer, label %done
done:
  ret void
}

define void @in_order(ptr %out, i64 %count, i64 %live, i64 %sample, ptr %target) {
entry:
  br label %outer
outer:
  %j = phi i64 [0, %entry], [%j1, %next]
  %begin = mul i64 %j, $W$
  %to = getelementptr double, ptr %target, i64 %j
  %before = load double, ptr %to
  br label %inner
inner:
  %lane = phi i64 [0, %outer], [%lane1, %inner]
  %sum = phi double [%before, %outer], [%sum1, %inner]
  %place = add i64 %begin, %lane
  %at = getelementptr $S$, ptr %out, i64 %place
  %x = load $S$, ptr %at
  %y = call double @wide($S$ %x)
  %sum1 = fadd double %sum, %y
  %lane1 = add i64 %lane, 1
  %more = icmp slt i64 %lane1, %live
  br i1 %more, label %inner, label %next
next:
  store double %sum1, ptr %to
  %j1 = add i64 %j, 1
  %again = icmp slt i64 %j1, %count
  br i1 %again, label %outer, label %done
done:
  ret void
}

define void @scatter(ptr %out, i64 %count, i64 %live, i64 %sample, ptr %target) {
entry:
  %skipped = mul i64 %sample, %count
  %first = getelementptr double, ptr %target, i64 %skipped
  br label %outer
outer:
  %j = phi i64 [0, %entry], [%j1, %next]
  %begin = mul i64 %j, $W$
  br label %inner
inner:
  %lane = phi i64 [0, %outer], [%lane1, %inner]
  %place = add i64 %begin, %lane
  %at = getelementptr $S$, ptr %out, i64 %place
  %x = load $S$, ptr %at
  %y = call double @wide($S$ %x)
  %down = mul i64 %lane, %count
  %over = add i64 %down, %j
  %to = getelementptr double, ptr %first, i64 %over
  store double %y, ptr %to
  %lane1 = add i64 %lane, 1
  %more = icmp slt i64 %lane1, %live
  br i1 %more, label %inner, label %next
next:
  %j1 = add i64 %j, 1
  %again = icmp slt i64 %j1, %count
  br i1 %again, label %outer, label %done
done:
  ret void
}

define internal void @add_lanes(ptr %out, i64 %count, ptr %target) {
entry:
  br label %loop
loop:
  %j = phi i64 [0, %entry], [%j1, %loop]
  %at = getelementptr $T$, ptr %out, i64 %j
  %x = load $T$, ptr %at
  %sum = call reassoc $S$ @llvm.vector.reduce.fadd.$SUFFIX$($S$ -0.0, $T$ %x)
  %y = call double @wide($S$ %sum)
  %to = getelementptr double, ptr %target, i64 %j
  store double %y, ptr %to
  %j1 = add i64 %j, 1
  %more = icmp slt i64 %j1, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}

declare $S$ @llvm.vector.reduce.fadd.$SUFFIX$($S$, $T$)
"""

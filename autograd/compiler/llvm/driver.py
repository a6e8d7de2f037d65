"""The loops around a program's tile, in machine code: gather samples, run the tile, add up or scatter the outputs.

One set of functions for each kind of vector, compiled once. `run` takes a block of integers, `ARGUMENTS`, and runs
the tiles first, first + step, …; what follows each tile is one of `mask` (sums in the lanes: dead lanes are set to 0),
`in_order` (sums sample by sample) and `scatter` (an output for each sample). Samples come as a list of arrays: the
object (objects.py), bytes from row to row, bytes from column to column, columns. `target` is such an object too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from autograd.compiler.llvm.engine import LOOPS, Machine, machine
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind

# The arguments of `run`: addresses of functions and memory, and counts; `sums` is 1 if outputs are added in the frame.
ARGUMENTS = (
    *("tile", "after", "arrays", "kinds", "samples", "first", "step", "tiles", "frame", "inputs", "outputs", "count"),
    *("target", "scalars", "broadcast", "sums"),
)
POINTERS = {"tile", "after", "arrays", "frame", "target", "scalars"}
_AFTER = "ptr %out, i64 %count, i64 %live, i64 %sample, ptr %target"  # what `mask`, `in_order` and `scatter` take


@lru_cache(maxsize=8)
def driver(kind: Kind) -> Machine:
    """The loops for vectors of a kind."""
    return machine([driver_text(kind)], LOOPS)


def driver_text(kind: Kind) -> str:
    """The source of `driver(kind)`."""
    gathering = [_broadcast(kind), _zero(kind), _gather(kind), _gather_all(kind), _drive(kind)]
    after = [_mask(kind), _in_order(kind), _scatter(kind), _add_lanes(kind)]
    reduction = f"declare {kind.number} @llvm.vector.reduce.fadd.{kind.suffix}({kind.number}, {kind.type})\n"
    return "\n".join(map(str, [*gathering, *after, reduction, _run(kind)])) + _conversions(kind)


# --- samples in -------------------------------------------------------------------------------------------------------


def _broadcast(kind: Kind) -> FunctionText:
    """Numbers to vectors that hold each of them in all lanes."""
    f = FunctionText(kind, "broadcast", "ptr %scalars, ptr %frame, i64 %count")
    f.return_if("icmp eq i64 %count, 0")
    with f.loop("%count") as i:
        f.store(kind.type, f.splat(f.load(kind.number, "%scalars", i)), "%frame", i)
    return f


def _zero(kind: Kind) -> FunctionText:
    f = FunctionText(kind, "zero", "ptr %frame, i64 %count")
    f.return_if("icmp eq i64 %count, 0")
    with f.loop("%count") as i:
        f.store(kind.type, "zeroinitializer", "%frame", i)
    return f


def _gather(kind: Kind) -> FunctionText:
    """The samples of one array, a vector for each column; a dead lane takes the last live row, which is harmless."""
    f = FunctionText(kind, "gather", "ptr %array, i64 %first, i64 %live, i64 %stride, ptr %frame")
    array, by_row, by_column, columns = [f.load(of, "%array", i) for i, of in enumerate(("ptr", "i64", "i64", "i64"))]
    start = f.at("i8", f.numbers(array), f.do(f"mul i64 %first, {by_row}"))
    last = f.do("sub i64 %live, 1")
    rows = []
    for lane in range(kind.lanes):
        is_live = f.do(f"icmp slt i64 {lane}, %live")
        row = f.do(f"select i1 {is_live}, i64 {lane}, i64 {last}")
        rows.append(f.at("i8", start, f.do(f"mul i64 {row}, {by_row}")))
    f.return_if(f"icmp eq i64 {columns}, 0")
    with f.loop(columns) as i:
        across = f.do(f"mul i64 {i}, {by_column}")
        vector = "poison"
        for lane, row in enumerate(rows):
            number = f.do(f"load double, ptr {f.at('i8', row, across)}, align 1")
            number = f.do(f"call {kind.number} @narrow(double {number})")
            vector = f.do(f"insertelement {kind.type} {vector}, {kind.number} {number}, i32 {lane}")
        f.store(kind.type, vector, "%frame", f.do(f"mul i64 {i}, %stride"))
    return f


def _gather_all(kind: Kind) -> FunctionText:
    f = FunctionText(kind, "gather_all", "ptr %arrays, i64 %count, i64 %first, i64 %live, i64 %stride, ptr %frame")
    with f.loop("%count") as i:
        slot = f.carry("i64", 0)
        array = f.at("i64", "%arrays", f.do(f"mul i64 {i}, 4"))
        to = f.at(kind.type, "%frame", f.do(f"mul i64 {slot}, %stride"))
        f.add(f"call void @gather(ptr {array}, i64 %first, i64 %live, i64 %stride, ptr {to})")
        f.pass_on(slot, f.do(f"add i64 {slot}, {f.load('i64', array, 3)}"))
    return f


def _gather_tile(f: FunctionText, tile: str, stride: str | int, frame: str) -> tuple[str, str]:
    """Gather the samples of a tile; its first sample, and how many of its lanes are live."""
    lanes = f.kind.lanes
    sample = f.do(f"mul i64 {tile}, {lanes}")
    rest = f.do(f"sub i64 %samples, {sample}")
    is_last = f.do(f"icmp slt i64 {rest}, {lanes}")
    live = f.do(f"select i1 {is_last}, i64 {rest}, i64 {lanes}")
    f.add(f"call void @gather_all(ptr %arrays, i64 %kinds, i64 {sample}, i64 {live}, i64 {stride}, ptr {frame})")
    return sample, live


# --- tile by tile -----------------------------------------------------------------------------------------------------


def _taking(kind: Kind, name: str, arguments: Sequence[str]) -> FunctionText:
    """A function that takes a block of arguments, and reads it."""
    f = FunctionText(kind, name, "ptr %arguments", linkage="")
    for place, argument in enumerate(arguments):
        f.add(f"%{argument}.at = getelementptr i64, ptr %arguments, i64 {place}")
        f.add(f"%{argument} = load {'ptr' if argument in POINTERS else 'i64'}, ptr %{argument}.at")
    return f


def _run(kind: Kind) -> FunctionText:
    f = _taking(kind, "run", ARGUMENTS)
    out = f.at(kind.type, "%frame", "%outputs")
    target = f.numbers("%target")
    adds = f.do("icmp ne i64 %sums, 0")
    cleared = f.do(f"select i1 {adds}, i64 %count, i64 0")
    f.add("call void @broadcast(ptr %scalars, ptr %frame, i64 %broadcast)")
    f.add(f"call void @zero(ptr {out}, i64 {cleared})")
    f.add(
        "call void @drive(ptr %tile, ptr %after, ptr %arrays, i64 %kinds, i64 %samples, i64 %first, i64 %step, "
        f"i64 %tiles, ptr %frame, i64 %inputs, ptr {out}, i64 %count, ptr {target})"
    )
    f.return_if(f"xor i1 {adds}, true")
    f.add(f"call void @add_lanes(ptr {out}, i64 %count, ptr {target})")
    return f


def _drive(kind: Kind) -> FunctionText:
    f = FunctionText(
        kind,
        "drive",
        "ptr %tile, ptr %after, ptr %arrays, i64 %kinds, i64 %samples, i64 %first, i64 %step, i64 %tiles, "
        "ptr %frame, i64 %inputs, ptr %out, i64 %count, ptr %target",
    )
    inputs = f.at(kind.type, "%frame", "%inputs")
    with f.loop("%tiles") as i:
        tile = f.do(f"add i64 %first, {f.do(f'mul i64 {i}, %step')}")
        sample, live = _gather_tile(f, tile, 1, inputs)
        f.add("call void %tile(ptr %frame)")
        f.add(f"call void %after(ptr %out, i64 %count, i64 {live}, i64 {sample}, ptr %target)")
    return f


def _dead_lanes(f: FunctionText, slots: str, stride: str | None = None) -> FunctionText:
    """Set the lanes from `live` on to 0 in vectors that are `stride` apart."""
    kind = f.kind
    f.return_if(f"icmp eq i64 %live, {kind.lanes}")
    with f.loop(slots) as j:
        begin = f.do(f"mul i64 {f.do(f'mul i64 {j}, {stride}') if stride else j}, {kind.lanes}")
        with f.loop(str(kind.lanes), "%live") as lane:
            f.store(kind.number, "0.0", "%frame", f.do(f"add i64 {begin}, {lane}"))
    return f


def _mask(kind: Kind) -> FunctionText:
    return _dead_lanes(FunctionText(kind, "mask", _AFTER.replace("%out", "%frame"), linkage=""), "%count")


def _lane(f: FunctionText, begin: str, lane: str) -> str:
    """The number in a lane of the outputs, as a double."""
    of = f.kind.number
    return f.do(f"call double @wide({of} {f.load(of, '%out', f.do(f'add i64 {begin}, {lane}'))})")


def _in_order(kind: Kind) -> FunctionText:
    f = FunctionText(kind, "in_order", _AFTER, linkage="")
    with f.loop("%count") as j:
        begin = f.do(f"mul i64 {j}, {kind.lanes}")
        target = f.at("double", "%target", j)
        before = f.do(f"load double, ptr {target}")
        with f.loop("%live") as lane:
            sum_ = f.carry("double", before)
            total = f.do(f"fadd double {sum_}, {_lane(f, begin, lane)}")
            f.pass_on(sum_, total)
        f.add(f"store double {total}, ptr {target}")
    return f


def _scatter(kind: Kind) -> FunctionText:
    f = FunctionText(kind, "scatter", _AFTER, linkage="")
    first = f.at("double", "%target", f.do("mul i64 %sample, %count"))
    with f.loop("%count") as j:
        begin = f.do(f"mul i64 {j}, {kind.lanes}")
        with f.loop("%live") as lane:
            number = _lane(f, begin, lane)
            f.store("double", number, first, f.do(f"add i64 {f.do(f'mul i64 {lane}, %count')}, {j}"))
    return f


def _add_lanes(kind: Kind) -> FunctionText:
    f = FunctionText(kind, "add_lanes", "ptr %out, i64 %count, ptr %target")
    with f.loop("%count") as j:
        f.store("double", f.sum_of_lanes(f.load(kind.type, "%out", j)), "%target", j)
    return f


def _conversions(kind: Kind) -> str:
    """`narrow` and `wide`: from a double and to a double."""
    narrow = "%y = fptrunc double %x to float\nret float %y" if kind.single else "ret double %x"
    wide = "%y = fpext float %x to double\nret double %y" if kind.single else "ret double %x"
    return (
        f"\ndefine internal {kind.number} @narrow(double %x) alwaysinline {{\n{narrow}\n}}\n"
        f"define internal double @wide({kind.number} %x) alwaysinline {{\n{wide}\n}}\n"
    )

"""Numbers of arrays to frames and back, and sums to means, as many at a time as a register holds.

Code is generated without looking for vectors in loops, so these are written as vectors.
"""

from __future__ import annotations

from collections.abc import Callable

from autograd.compiler.llvm.body import vector
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind

Each = Callable[[FunctionText, int, str], None]
"""Writes what is done with so many numbers from a place on."""


def copies_text(kind: Kind) -> str:
    """The source of four functions, for frames of a kind of number; arrays are of doubles.

    - `take(x, y, count)`: the numbers of an array to a frame; `give(x, y, count)`: those of a frame to an array
    - `zero(y, count)`: 0 everywhere in an array; `divide(y, count, by)`: what its numbers are divided by
    """
    functions = [
        *_function(kind, "take", "ptr %x, ptr %y", lambda f, width, at: _copy(f, width, at, "double", kind.number)),
        *_function(kind, "give", "ptr %x, ptr %y", lambda f, width, at: _copy(f, width, at, kind.number, "double")),
        *_function(kind, "zero", "ptr %y", _zero),
        *_function(kind, "divide", "ptr %y, double %by", _divide),
    ]
    return "\n".join(map(str, functions))


def _function(kind: Kind, name: str, arguments: str, each: Each) -> list[FunctionText]:
    """Registers as long as they are full, then one by one."""
    parts = []
    for part, width in (("registers", kind.lanes), ("rest", 1)):
        f = FunctionText(kind, f"{name}_{part}", f"{arguments}, i64 %begin, i64 %end")
        f.return_if("icmp sge i64 %begin, %end")
        with f.loop("%end", "%begin") as i:
            each(f, width, i)
            f.pass_on(i, f.do(f"add i64 {i}, {width}"))
        parts.append(f)
    both = FunctionText(kind, name, f"{arguments}, i64 %count")
    full = both.do(f"and i64 %count, {-kind.lanes}")
    both.add(f"call void @{name}_registers({arguments}, i64 0, i64 {full})")
    both.add(f"call void @{name}_rest({arguments}, i64 {full}, i64 %count)")
    return [*parts, both]


def _copy(f: FunctionText, width: int, at: str, of: str, to: str) -> None:
    number = f.do(f"load {vector(of, width)}, ptr {f.at(of, '%x', at)}, align 4")
    if of != to:
        change = "fptrunc" if of == "double" else "fpext"
        number = f.do(f"{change} {vector(of, width)} {number} to {vector(to, width)}")
    f.add(f"store {vector(to, width)} {number}, ptr {f.at(to, '%y', at)}, align 4")


def _zero(f: FunctionText, width: int, at: str) -> None:
    f.add(
        f"store {vector('i64', width)} {'0' if width == 1 else 'zeroinitializer'}, ptr {f.at('i64', '%y', at)}, align 8"
    )


def _divide(f: FunctionText, width: int, at: str) -> None:
    of, place, by = vector("double", width), f.at("double", "%y", at), "%by"
    if width > 1:
        one = f.do(f"insertelement {of} poison, double %by, i32 0")
        by = f.do(f"shufflevector {of} {one}, {of} poison, <{width} x i32> zeroinitializer")
    number = f.do(f"load {of}, ptr {place}, align 8")
    f.add(f"store {of} {f.do(f'fdiv {of} {number}, {by}')}, ptr {place}, align 8")

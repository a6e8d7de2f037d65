"""A program as one function that C calls with numbers: straight-line code whose frame is on the caller's stack."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.llvm.code import constant
from autograd.compiler.llvm.emit import Written, written
from autograd.compiler.llvm.engine import KERNELS, Machine, machine, vector_bytes
from autograd.compiler.llvm.library import Kind
from autograd.compiler.program import Program
from autograd.errors import CompileError

OF_NUMBER, OF_ARRAY = "of_number", "of_array"  # double f(double, void *), double f(int, double *, void *)
FRAME = 1 << 17  # bytes of a frame at most; a thread's stack may have no more than half a megabyte


def entry(program: Program, output: int, fixed: Sequence[float], exact: bool = False) -> Machine:
    """Machine code in which `OF_NUMBER` and `OF_ARRAY` give one output.

    program  without a batch and without guards
    output   its index
    fixed    the last inputs; the others are what the functions take, nan for another number of them
    exact    whether functions are the C library's

    CompileError where llvmlite is not installed, for a primitive that only Python computes, and for a program that does
    not fit on the stack.
    """
    kind = Kind(1, False, exact)
    text = written(program, kind, Kind(vector_bytes() // 8, False, exact), sums=False)
    if rows := text.library.python_rows:
        raise CompileError(f"C cannot call {', '.join(rows)}, which only Python computes")
    if 8 * text.sizes[0] > FRAME:
        raise CompileError(f"the program needs {8 * text.sizes[0]} bytes on the stack of the caller, more than {FRAME}")
    text.library.compile()
    return machine([*text.texts, _functions(text, len(program.names), output, fixed)], KERNELS)


def _functions(text: Written, inputs: int, output: int, fixed: Sequence[float]) -> str:
    free = inputs - len(fixed)
    copied = [_copied(slot) for slot in range(free)]
    begin = f"entry:\n%frame = alloca double, i64 {max(1, text.sizes[0])}, align 64"
    stored = [_store(constant(x, Kind(1, False)), slot) for slot, x in enumerate(fixed, free)]
    end = [
        *stored,
        "%answer = call i64 @prologue(ptr %frame)",
        f"%out = getelementptr double, ptr %frame, i64 {text.outputs + output}",
        "%y = load double, ptr %out\nret double %y\n}",
    ]
    of_number = [f"define double @{OF_NUMBER}(double %x, ptr %data) {{", begin, _store("%x", 0), *end]
    of_array = [
        f"define double @{OF_ARRAY}(i32 %n, ptr %x, ptr %data) {{",
        begin,
        f"%fits = icmp eq i32 %n, {free}\nbr i1 %fits, label %run, label %wrong",
        "wrong:\nret double 0x7FF8000000000000\nrun:",
        *copied,
        *end,
    ]
    return "\n".join(["declare i64 @prologue(ptr)", *(of_number if free == 1 else ()), *of_array, ""])


def _copied(slot: int) -> str:
    at = f"%x{slot}.at = getelementptr double, ptr %x, i64 {slot}\n%x{slot} = load double, ptr %x{slot}.at, align 8"
    return f"{at}\n{_store(f'%x{slot}', slot)}"


def _store(word: str, slot: int) -> str:
    return f"%s{slot} = getelementptr double, ptr %frame, i64 {slot}\nstore double {word}, ptr %s{slot}"

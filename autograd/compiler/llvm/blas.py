"""Large products by BLAS, where SciPy brings one: the pointer that it exports to Cython, called from machine code.

A BLAS blocks for all caches, the kernels here for registers only. Value and gradient of an MLP by kernels and OpenBLAS,
one thread of a busy machine with AVX-512, best of many: 784-30-10 and 128 samples 209 and 294 us, 256-128-10 and 256
samples 608 and 753, 256-256-10 1.5 and 1.5 ms, 784-128-10 2.3 and 2.2, 512-256-10 11 and 8.6. Results differ by
rounding.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.loop_text import Text
from autograd.compiler.llvm.product_text import declared, opened

WORTH = 50_000  # numbers of a matrix: more than the second-level cache holds beside the samples
# c = op(a) op(b) + (bias or c), columns first as in Fortran: sizes (0: the samples), distances of columns, places in
# the frames; `bias` and its step by column; of a run, the place of its address. `state` as in direct_text.py.
GEMM = ("function", "m", "n", "k", "lda", "ldb", "ldc", "a", "b", "c", "bias", "by", "state", "ta", "tb")


@lru_cache(maxsize=1)
def dgemm() -> int:
    """The address of BLAS's product of matrices of doubles; 0 where there is none."""
    try:
        exported = importlib.import_module("scipy.linalg.cython_blas").__pyx_capi__["dgemm"]
    except (ImportError, AttributeError, KeyError):
        return 0
    name_of, pointer_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    name: bytes = name_of(exported)
    return int(pointer_of(exported, name)) if name.count(b"int *") == 6 else 0


@dataclass(frozen=True)
class Gemm:
    """Where a, b and c are: in the frame "s" or "f", in the sums "g", or in a run of samples "x".

    has_bias   c starts from a number for each column; else from 0, or in "g" from what is there
    is_filled  samples of c beyond the last are copies of that
    """

    a: str
    b: str
    c: str
    has_bias: bool = False
    is_filled: bool = False


@lru_cache(maxsize=64)
def gemm_text(kind: Kind, gemm: Gemm) -> Text:
    """The text of a product by BLAS."""
    f, d = opened(kind, GEMM, frozenset({"function"}))
    state = f.at("double", "%f", d["state"])
    live = f.load("i64", state, 1) if "x" in (gemm.a, gemm.b) or gemm.is_filled else "%n"
    sizes = [_or_samples(f, d[name], live) for name in ("m", "n", "k")]
    steps, places = [], []
    for side, frame in (("a", gemm.a), ("b", gemm.b), ("c", gemm.c)):
        if frame == "x":
            run = f.at("double", "%f", d[side])
            step = f.load("i64", run, 1)
            first = f.do(f"mul i64 {f.load('i64', state, 0)}, {step}")
            steps.append(step)
            places.append(f.at("double", f.load("ptr", run, 0), first))
        else:
            steps.append(d[f"ld{side}"])
            places.append(f.at("double", f"%{frame}", d[side]))
    if gemm.has_bias:
        _start(f, places[2], sizes, d)
    _call(f, d, sizes, steps, places, 1.0 if gemm.has_bias or gemm.c == "g" else 0.0)
    if gemm.is_filled:
        _fill(f, places[2], sizes, live, d)
    return declared(f)


def _or_samples(f: FunctionText, size: str, live: str) -> str:
    return f.do(f"select i1 {f.do(f'icmp eq i64 {size}, 0')}, i64 {live}, i64 {size}")


def _start(f: FunctionText, c: str, sizes: Sequence[str], d: dict[str, str]) -> None:
    """Write the bias of each column to c."""
    with f.loop(sizes[1]) as j:
        at = f.do(f"add i64 {f.do(f'mul i64 {j}, ' + d['by'])}, {d['bias']}")
        bias, column = f.load("double", "%s", at), f.at("double", c, f.do(f"mul i64 {j}, {d['ldc']}"))
        with f.loop(sizes[0]) as i:
            f.store("double", bias, column, i)


def _call(
    f: FunctionText, d: dict[str, str], sizes: Sequence[str], steps: Sequence[str], places: Sequence[str], beta: float
) -> None:
    words = []
    for size in (*sizes, *steps):
        words.append(f.do("alloca i32"))
        f.add(f"store i32 {f.do(f'trunc i64 {size} to i32')}, ptr {words[-1]}")
    for number in (1.0, beta):
        words.append(f.do("alloca double"))
        f.add(f"store double {number}, ptr {words[-1]}")
    for flag in ("ta", "tb"):
        words.append(f.do("alloca i8"))
        f.add(f"store i8 {f.do(f'trunc i64 {d[flag]} to i8')}, ptr {words[-1]}")
    m, n, k, lda, ldb, ldc, one, start, ta, tb = words
    a, b, c = places
    order = (ta, tb, m, n, k, one, a, lda, b, ldb, start, c, ldc)
    f.add(f"call void {d['function']}({', '.join([f'ptr {word}' for word in order])})")


def _fill(f: FunctionText, c: str, sizes: Sequence[str], live: str, d: dict[str, str]) -> None:
    """Copy the last sample to those that are none."""
    last = f.do(f"sub i64 {live}, 1")
    with f.loop(sizes[1]) as j:
        column = f.at("double", c, f.do(f"mul i64 {j}, {d['ldc']}"))
        number = f.load("double", column, last)
        with f.loop("%n", last) as i:
            f.store("double", number, column, i)

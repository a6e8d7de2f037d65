"""The back end that makes machine code of a program, with llvmlite.

Three ways; the second is chosen by `runner.over_time`, else the first by `runner.is_regular`:

*Loops* over the steps of a vector program, where a step has eight operations or more. A frame holds shared numbers, a
second one the samples of a block, a lane of samples side by side. Compile time depends on the number of steps.

    prepare.py          steps as kernels want them: constants as lanes, products with contiguous rows
    recomputed.py       differences computed where they are read
    compacted.py        lanes of samples that nothing computes, or that stay in registers
    views.py            how a loop walks through an operand: contiguous, constant, by table
    grouping.py         neighbouring steps of one size are one loop; when each is computed
    sinking.py          steps that one later loop reads move there
    loop_kernel.py      loops, from loop_text.py; loop_rows.py: the rows of the table in them; division.py: quotients
    fold_text.py        sums and other folds along rows
    product_text.py     matrix products, register by register; direct_text.py: on samples as they come; blas.py: large
    sums_text.py        products summed over samples; blocks.py: how large the blocks of all of them are
    transposed_text.py  a matrix that changes rows for columns
    plan.py             texts and descriptors of a program, from plan_loops, plan_products, plan_blas, by planned.py
    steps_driver.py     runs entries, asks guards, gathers samples block by block; copies.py: numbers in and out
    steps_runner.py     a plan, compiled and run; memory.py, samples.py: its memory and its inputs
    objects.py          where machine code finds the numbers of an array

A kernel gets sizes and places from a descriptor, so its text depends on neither: equal kernels are compiled once in a
process, and a program of another length compiles little or nothing. Figures that decided (float64, AVX2, one thread, a
busy machine, side by side): a GPT document as one straight line runs in 66 us and compiles in 2.7 s, as 68 entries of
43 kernels in 22 to 34 us and 0.27 s, of which 0.2 s the first time only. Loops of less than 300 operations are compiled
at level 0: 2 ms instead of 7 for a kernel, and 5 % of the run.

*Loops over time*, for what repeats in a chain (a pendulum, a small RNN): `compiler/loops` finds them, time_text.py
and time_function.py write them, time_loops.py runs them. A body is code on single numbers, but the functions in it that
do not need each other are called for several at once (packing.py).

*Straight-line* code for `exact=True`, which keeps the order of additions to the bit, for other chains of numbers, and
for what is small: spelling.py, code.py, frame.py, writing.py, emit.py. The tiles of a
batch, here and with loops over time, are run by tiles.py and driver.py.
"""

from autograd.compiler.llvm.runner import build, build_from, is_regular, over_time

__all__ = ["build", "build_from", "is_regular", "over_time"]

"""From vector program to kernels."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.llvm.compacted import compact, leave_out
from autograd.compiler.llvm.direct import direct_runs
from autograd.compiler.llvm.grouping import Grouping
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.plan import Plan
from autograd.compiler.llvm.plan_blas import is_large
from autograd.compiler.llvm.plan_loops import add_fold, add_loop
from autograd.compiler.llvm.plan_products import Means, add_product
from autograd.compiler.llvm.prepare import Prepared, prepared
from autograd.compiler.llvm.recomputed import recompute
from autograd.compiler.llvm.sinking import sink
from autograd.compiler.llvm.steps_driver import RELATIONS
from autograd.compiler.vector.program import Step, VectorProgram, check_lanes

FRAME_BYTES = 128 * 1024  # of a block of samples: a part of the second-level cache
MOST_FRAME_BYTES = 4 * FRAME_BYTES  # where a block would be one unit of samples
LARGE_FRAME_BYTES = 16 * 1024 * 1024  # with products by BLAS
MOST_SAMPLES = 256  # in a block


def planned(vectors: VectorProgram, kind: Kind) -> Plan:
    """The kernels of a vector program, for vectors of a kind; CompileError unless their order is right."""
    made = prepared(vectors, kind.lanes)
    recompute(made)
    compact(made)
    grouping = Grouping(made, kind.lanes)
    sink(grouping)
    grouping.mark_stored()
    check_lanes(made.program, grouping.steps)
    runs = direct_runs(made, kind)
    leave_out(grouping)
    plan = Plan(made, *_block_of_samples(made, kind, runs), runs)
    means = Means(plan)
    for group in grouping.groups:
        item = group.items[0]
        if item.form == "loop":
            add_loop(plan, group, kind)
        elif item.form == "fold":
            add_fold(plan, item, kind)
        elif item.form == "product":
            add_product(plan, item, kind)
        else:
            means.add(item, kind)
    means.finish()
    _add_guards(plan)
    return plan


def _block_of_samples(made: Prepared, kind: Kind, runs: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """How many samples a block has room for, and the unit of which a block is a multiple."""
    bytes_ = kind.bytes * max(made.sizes[1] - sum([count for _, count in runs]), 1)
    unit = 2 * kind.lanes
    if kind.single and FRAME_BYTES // bytes_ < 2 * unit:
        unit = kind.lanes  # where a batch is one block, it is often smaller than two vectors of singles
    room = FRAME_BYTES // bytes_ // unit * unit
    if room < 2 * unit <= MOST_FRAME_BYTES // bytes_:
        room = 2 * unit  # to begin a kernel takes as long as some samples
    if not kind.single and any(map(_is_large, made.steps)):
        room = LARGE_FRAME_BYTES // bytes_ // unit * unit  # BLAS blocks by itself
    return max(unit, min(room, MOST_SAMPLES)), unit


def _is_large(step: Step) -> bool:
    if step.form == "mean_product":
        return is_large(step.shape[0], 0, step.shape[1])
    rows, terms = step.operands[0].shape if step.form == "product" else (0, 0)
    return step.batched and is_large(rows, terms, 0)


def _add_guards(plan: Plan) -> None:
    for relation, *atoms, outcome in plan.made.vectors.guards:
        left, right = [atom if type(atom) is int else plan.made.constant(float(atom)) for atom in atoms]
        plan.guards.append((RELATIONS.index(relation), left, right, int(outcome)))

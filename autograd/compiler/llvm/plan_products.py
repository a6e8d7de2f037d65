"""Products of matrices and means over the samples: their kernels and descriptors."""

from __future__ import annotations

from autograd._numpy import np
from autograd.compiler.llvm.blocks import ROWS, best_block
from autograd.compiler.llvm.direct_text import direct_product_text, direct_sums_text, few_rows_text
from autograd.compiler.llvm.fold_text import Folding, fold_text
from autograd.compiler.llvm.grouping import BEFORE, Item, result_lanes
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.loop_rows import PLAIN
from autograd.compiler.llvm.loop_text import Stream, Text
from autograd.compiler.llvm.plan import Plan
from autograd.compiler.llvm.plan_blas import Side, add_gemm
from autograd.compiler.llvm.product_text import Product, product_text
from autograd.compiler.llvm.sums_text import sums_text
from autograd.compiler.llvm.transposed_text import transposed_text
from autograd.compiler.llvm.views import CONSTANT, CONTIGUOUS
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import Lanes, Operand, Step


def add_product(plan: Plan, item: Item, kind: Kind) -> None:
    step = item.step
    w, x, *bias = step.operands
    (rows, columns), room = step.shape, plan.room
    if not step.batched:
        _shared_product(plan, item, kind)
        return
    if w.kind == "batched":  # the transposed of both sides
        w, x = Operand(x.kind, x.lanes.T), Operand(w.kind, w.lanes.T)
        bias = [each.with_table(np.broadcast_to(each.table, step.shape).T) for each in bias]
        (rows, columns), zr, across = step.shape[::-1], 1, columns
    else:
        zr, across = columns, 1
    w_steps, x_steps = strides(w.lanes), strides(x.lanes)
    assert w_steps is not None
    assert x_steps is not None
    each = np.arange(columns)
    b, br, frame, bias_walk = np.zeros(columns, np.intp), 0, "", CONSTANT
    if bias:
        lanes = np.broadcast_to(bias[0].lanes, (rows, columns))
        by = strides(lanes)
        assert by is not None
        is_batched = bias[0].kind == "batched"
        frame, bias_walk = ("f", CONTIGUOUS) if is_batched else ("s", CONSTANT)
        b, br = lanes[0] * (room if is_batched else 1), by[0] * (room if is_batched else 1)
    run = plan.run(int(x.lanes[0, 0]))
    if columns == 1 and frame != "f":
        sides = (
            Side("s", int(w.lanes[0, 0]), *w_steps),
            # As rows of samples, the right side is (samples, terms).
            Side("f", int(x.lanes[0, 0]) * room, x_steps[0] * room, 1) if run is None else Side("x", run, 1, 0),
            Side("f", step.start * room, zr * room, 1),
        )
        if add_gemm(plan, item, kind, (rows, w.lanes.shape[1], 0), *sides, (int(b[0]), br) if bias else None):
            return
    if run is not None:
        terms = w.lanes.shape[1]
        text, start, w_step = _direct_product(plan, kind, (rows, terms), w_steps, int(w.lanes[0, 0]), bool(bias))
        places = [plan.state, run, start, step.start * room, int(b[0])]
        plan.add([item], text, [rows, terms, w_step, zr * room, br, *places])
        return
    vectors = plan.unit // kind.lanes
    product = Product(*best_block(rows, vectors, ROWS, (vectors,)), "f", frame, bias_walk)
    fields = [columns, rows, w.lanes.shape[1], 0, *w_steps, x_steps[0] * room, zr * room, br]
    starts = [np.full(columns, w.lanes[0, 0]), x.lanes[0] * room, (step.start + each * across) * room, b]
    plan.add([item], product_text(kind, product), [*fields, *starts])


def _direct_product(
    plan: Plan, kind: Kind, sizes: tuple[int, int], steps: tuple[int, ...], w: int, has_bias: bool
) -> tuple[Text, int, int]:
    """The kernel of a product with samples as they come, where its w begins, and the step of that."""
    (rows, terms), lanes = sizes, kind.lanes
    if rows <= lanes // 2 and steps[1] == 1:
        samples = best_block(rows, 2 * lanes, (rows,), (2, 4, 8)).vectors
        return few_rows_text(kind, samples, rows, has_bias), w, steps[0]
    samples = max(lanes, 4)
    vectors = best_block(samples, -(-rows // lanes), (samples,), (1, 2, 3)).vectors
    width = vectors * lanes
    text = direct_product_text(kind, samples, vectors, min(rows, width), has_bias)
    if steps[0] == 1:
        return text, w, steps[1]
    step = max(width, -(-rows // lanes) * lanes)
    start = -(-plan.made.take(terms * step + lanes, False) // lanes) * lanes
    plan.enter(BEFORE, f"transposed {sizes}", transposed_text(kind), [rows, terms, steps[0], step, w, start])
    return text, start, step


def _shared_product(plan: Plan, item: Item, kind: Kind) -> None:
    step = item.step
    w, x, *bias = step.operands
    rows, columns = step.shape
    w_steps, x_steps = strides(w.lanes), strides(x.lanes)
    assert w_steps is not None
    assert x_steps is not None
    b, br, frame, bias_walk = 0, 0, "", CONSTANT
    if bias:
        lanes = np.broadcast_to(bias[0].lanes, step.shape)
        by = strides(lanes)
        assert by is not None
        frame, bias_walk, b, br = "s", (CONTIGUOUS if by[1] else CONSTANT), int(lanes[0, 0]), by[0]
    z = result_lanes(step, plan.made).reshape(step.shape)
    z_steps = strides(z)
    assert z_steps is not None
    if not (bias and bias_walk == CONTIGUOUS):
        left, right = (Side("s", int(each.lanes[0, 0]), *by) for each, by in ((w, w_steps), (x, x_steps)))
        sizes = (rows, w.lanes.shape[1], columns)
        to = Side("s", int(z[0, 0]), *z_steps)
        if add_gemm(plan, item, kind, sizes, left, right, to, (b, br) if bias else None):
            return
    product = Product(*best_block(rows, columns // kind.lanes, ROWS, (1, 2)), "s", frame, bias_walk)
    fields = [1, rows, w.lanes.shape[1], columns, *w_steps, x_steps[0], z_steps[0], br]
    starts = [np.array([each]) for each in (int(w.lanes[0, 0]), int(x.lanes[0, 0]), int(z[0, 0]), b)]
    plan.add([item], product_text(kind, product), [*fields, *starts])


# --- means ------------------------------------------------------------------------------------------------------------


class Means:
    """Sums over samples: those of outputs stand where the output is, others behind them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        program = plan.made.vectors.program
        self.outputs = 0 if program.per_sample or not program.batched else len(plan.made.vectors.outputs)
        self.sums = self.outputs
        self.places: list[Lanes] = []
        self.slots: list[Lanes] = []
        self.cleared: list[Lanes] = []

    def add(self, item: Item, kind: Kind) -> None:
        """The kernel of a mean."""
        plan, step = self.plan, item.step
        slots = self._slots(step)
        self.cleared += [each.lanes.ravel() for each in step.operands if each.kind == "batched" and not self._run(each)]
        if item.form == "mean_product":
            self._product(item, slots, kind)
            return
        operands = [operand for operand, _ in item.operands]
        streams = [
            Stream(*(("f", CONTIGUOUS) if each.kind == "batched" else ("s", CONSTANT)), True) for each in operands
        ]
        tables = [each.lanes.T.ravel() * (plan.room if each.kind == "batched" else 1) for each in operands]
        wide = Kind(plan.unit, kind.single)
        sides = plan.made.sides.get(step, PLAIN)
        text = fold_text(wide, Folding(tuple(streams), sides=sides, is_sum=True))
        state = [plan.live_state(kind)] if sides != PLAIN else []
        plan.add([item], text, [step.size, 0, len(operands[0].lanes), *tables, slots, *state])

    def _slots(self, step: Step) -> Lanes:
        """Where the sums of a step stand."""
        if step.results is not None:
            self.places.append(step.results.ravel() + self.plan.made.outputs)
            if step.form != "mean_product" or _has_rows(step.results) or _has_rows(step.results.T):
                self.slots.append(step.results.ravel())
                return step.results.ravel()
        else:
            self.places.append(step.lanes.ravel())
        slots = np.arange(self.sums, self.sums + step.size)
        self.sums += step.size
        self.slots.append(slots)
        return slots

    def _product(self, item: Item, slots: Lanes, kind: Kind) -> None:
        plan, step = self.plan, item.step
        d, a = step.operands
        rows, columns = step.shape
        table = slots.reshape(step.shape)
        run = self._run(a)
        if self._gemm(item, table, kind, run):
            return
        if run is not None:
            text = direct_sums_text(kind, *best_block(rows, columns // kind.lanes, ROWS, (1, 2, 3, 4)))
            plan.add([item], text, [rows, columns, plan.state, run, d.lanes[:, 0] * plan.room, table[:, 0]])
            return
        if not _has_rows(table):
            d, a, table, rows, columns = a, d, table.T, columns, rows
        text = sums_text(kind, *best_block(rows, columns, (1, 2, 3, 4), (1, 2, 4)))
        tables = d.lanes.T.ravel() * plan.room, a.lanes.T.ravel() * plan.room, table[:, 0]
        plan.add([item], text, [d.lanes.shape[1], rows, columns, *tables])

    def _gemm(self, item: Item, table: Lanes, kind: Kind, run: int | None) -> bool:
        """Leave a product to BLAS, if it can do it and is worth it."""
        room, (d, a) = self.plan.room, item.step.operands
        found = strides(d.lanes), strides(a.lanes), strides(table)
        if d.lanes.shape[1] != 1 or any(each is None for each in found):
            return False
        (down, _), (across, _), (step, by) = (each or (0, 0) for each in found)
        right = Side("f", int(a.lanes[0, 0]) * room, 1, across * room) if run is None else Side("x", run, 0, 1)
        left = Side("f", int(d.lanes[0, 0]) * room, down * room, 1)
        sizes = (table.shape[0], 0, table.shape[1])
        return add_gemm(self.plan, item, kind, sizes, left, right, Side("g", int(table[0, 0]), step, by))

    def _run(self, operand: Operand) -> int | None:
        return self.plan.run(int(operand.lanes.flat[0]))

    def finish(self) -> None:
        """Write down how many sums there are, and where they go."""
        plan = self.plan
        plan.sums = self.sums + 1
        if self.places:
            plan.means = np.concatenate(self.places), np.concatenate(self.slots)
            plan.cleared = np.unique(np.concatenate(self.cleared)) * plan.room


def _has_rows(table: Lanes) -> bool:
    """Whether the places of each row follow each other."""
    return bool((table - table[:, :1] == np.arange(table.shape[1])).all())

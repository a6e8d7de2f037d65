"""Vector programs as kernels want them: every operand is lanes of a frame, products have contiguous rows.

Constants become lanes of the shared frame, outputs that are lanes already are copied to where outputs are, operands of
products whose columns do not follow each other are copied so that they do, and what is no matrix product for a kernel
is sums of pairs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from autograd import rules
from autograd._numpy import np
from autograd.compiler.llvm.loop_rows import OTHERS, PLAIN, POWERS, Sides, is_native
from autograd.compiler.vector.exponentials import Known, shared_first
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import Lanes, Operand, Step, VectorProgram
from autograd.primitive import Primitive

FEW_LANES, FEW_PAIRS = 2, 4  # of a step that is computed lane by lane: beyond, loops over lanes are as good
WORTH = 8  # multiplications from which on a product has a kernel of its own


@dataclass
class Prepared:
    """Steps in order, how many lanes both files have, and what lanes hold from the beginning.

    powers   the exponents of steps that are powers of a constant
    sides    of sums of products whose factors are computed there, for both: the row, and how many operands it has
    outputs  the first lane of the outputs in the shared file; those of each sample are lanes of `sample_outputs`
    """

    vectors: VectorProgram
    steps: list[Step]
    sizes: list[int]
    constants: dict[int, float] = field(default_factory=dict)
    batched_constants: dict[int, float] = field(default_factory=dict)
    powers: dict[Step, float] = field(default_factory=dict)
    sides: dict[Step, Sides] = field(default_factory=dict)
    outputs: int = 0
    sample_outputs: Lanes = field(default_factory=lambda: np.zeros(0, np.intp))
    known: dict[bytes, int] = field(default_factory=dict)  # lanes of constants, by their bits

    @property
    def program(self) -> VectorProgram:
        """The steps as a vector program."""
        constants = [("shared", lane, x) for lane, x in self.constants.items()]
        constants += [("batched", lane, x) for lane, x in self.batched_constants.items()]
        sizes = self.sizes[0], self.sizes[1]
        outputs = self.vectors.outputs
        if self.vectors.program.per_sample:
            outputs = tuple([("batched", lane) for lane in self.sample_outputs.tolist()])
        return replace(self.vectors, steps=tuple(self.steps), sizes=sizes, constants=tuple(constants), outputs=outputs)

    def constant(self, x: float) -> int:
        """The lane of a constant."""
        bits = struct.pack("d", x)
        if bits not in self.known:
            self.known[bits] = self.take(1, False)
            self.constants[self.known[bits]] = x
        return self.known[bits]

    def take(self, count: int, batched: bool) -> int:
        """The first of some new lanes."""
        self.sizes[batched] += count
        return self.sizes[batched] - count

    def operand(self, operand: Operand) -> Operand:
        """The same as lanes."""
        if operand.kind != "constant":
            return operand
        numbers = operand.numbers
        if numbers.size and (numbers == numbers.flat[0]).all():
            return Operand("shared", np.full(numbers.shape, self.constant(float(numbers.flat[0])), np.intp))
        first = self.take(numbers.size, False)
        self.constants.update(zip(range(first, first + numbers.size), numbers.ravel().tolist(), strict=True))
        return Operand("shared", np.arange(first, first + numbers.size).reshape(numbers.shape))

    def copied(self, operand: Operand, batched: bool) -> Operand:
        """The same numbers in lanes that follow each other, for every sample if `batched`."""
        first = self.take(operand.lanes.size, batched)
        self.steps.append(Step("lift", batched, first, operand.shape, (operand,)))
        return Operand("batched" if batched else "shared", self.steps[-1].lanes)


def prepared(vectors: VectorProgram, width: int) -> Prepared:
    """The steps of a vector program for kernels on vectors of `width` numbers."""
    made = Prepared(vectors, [], list(vectors.sizes))
    for kind, lane, number in vectors.constants:
        (made.batched_constants if kind == "batched" else made.constants)[lane] = number
    per_sample = vectors.program.per_sample
    made.outputs = made.take(0 if per_sample else len(vectors.outputs), False)
    steps, known = shared_first(vectors.steps)
    for step in steps:
        softmax = known.get(step)
        for each in [step] if softmax is None else _from_weights(made, step, softmax):
            _add(made, replace(each, results=None) if per_sample else each, width)
    _add_outputs(made, per_sample)
    return made


def _add(made: Prepared, step: Step, width: int) -> None:
    power = None
    if step.row is rules.pow_ and step.operands[1].kind == "constant" and not step.operands[1].shape:
        power = float(step.operands[1].numbers)
    if power in POWERS:
        step = replace(step, operands=step.operands[:1])
    step = replace(step, operands=tuple(map(made.operand, step.operands)))
    if step.form == "product":
        step = _product(made, step, width)
    elif step.form.startswith("mean") and not any(each.kind == "batched" for each in step.operands):
        step = replace(step, operands=(made.copied(step.operands[0], True), *step.operands[1:]))
    if step.form == "mean_product" and any(each.kind != "batched" for each in step.operands):
        lifted = [each if each.kind == "batched" else made.copied(each, True) for each in step.operands]
        step = replace(step, operands=tuple(lifted))
    results = step.results
    if _is_small(step):
        made.steps += _one_by_one(made, step, power)
        return
    is_far = step.form == "product" and results is not None and not _has_rows(results)
    step = replace(step, results=None) if is_far else step
    made.steps.append(step)
    if power in POWERS:
        made.powers[step] = power  # type: ignore[assignment]
    if is_far:
        lanes = Operand("shared", step.lanes)
        made.steps.append(
            replace(step, form="lift", start=made.take(step.size, False), operands=(lanes,), results=results)
        )


def _from_weights(made: Prepared, step: Step, softmax: Known) -> list[Step]:
    """A logsumexp by the exponentials that its derivative needs too: c + log1p(Σ exp(xᵢ − c) − 1), c the largest."""

    def taken(form: str, row: Primitive, *operands: Operand) -> Step:
        start = made.take(step.size, step.batched)
        return replace(step, form=form, row=row, start=start, operands=operands, results=None)

    others = taken("reduce", OTHERS, softmax.shifted)
    rest = taken("map", rules.log1p, Operand(step.kind, others.lanes))
    lanes = Operand(softmax.largest.kind, np.broadcast_to(softmax.largest.lanes, step.shape))
    return [others, rest, replace(step, form="map", row=rules.add, operands=(lanes, Operand(step.kind, rest.lanes)))]


def _is_small(step: Step) -> bool:
    """Whether a step of samples is computed lane by lane, so that others of this kind are in the same loop."""
    if not step.batched or step.form not in ("map", "lift", "pairs") or step.size > FEW_LANES:
        return False
    if step.form == "pairs":
        return len(step.operands[1].lanes) <= FEW_PAIRS
    return step.row is None or is_native(step.row)


def _one_by_one(made: Prepared, step: Step, power: float | None) -> Iterator[Step]:
    """A step for each lane; sums of pairs have their factors as operands."""
    pairs = step.form == "pairs"
    operands = term_lanes(step)
    for i in range(step.size):
        sides = [[Operand(each.kind, lanes[i : i + 1]) for lanes in each.lanes] for each, _ in operands]
        of = [*chain.from_iterable(zip(*sides[:2], strict=True)), *chain(*sides[2:])] if pairs else [*chain(*sides)]
        found = Step("dot" if pairs else step.form, True, step.start + i, (1,), tuple(of), step.row)
        if power in POWERS:
            made.powers[found] = power  # type: ignore[assignment]
        yield found


def _has_rows(results: Lanes) -> bool:
    """Whether the rows of a matrix of outputs are contiguous."""
    steps = strides(results)
    return steps is not None and (steps[1] == 1 or results.shape[1] == 1)


# --- products ---------------------------------------------------------------------------------------------------------


def _product(made: Prepared, step: Step, width: int) -> Step:
    """A product with contiguous rows, or the same as pairs."""
    w, x, *bias = step.operands
    kinds = w.kind, x.kind
    work = step.size * w.shape[1]
    if step.batched:
        if kinds == ("batched", "batched") or work < WORTH:
            return _as_pairs(step)
        if bias and strides(_spread(bias[0], step.shape)) is None:
            bias = [made.copied(_part_of(bias[0], step.shape), bias[0].kind == "batched")]
        if kinds[0] == "batched":
            w = w if strides(w.lanes) else made.copied(w, True)
            x = x if strides(x.lanes) else made.copied(x, False)
        else:
            w = w if strides(w.lanes) else made.copied(w, False)
            x = x if strides(x.lanes) else made.copied(x, True)
        return replace(step, operands=(w, x, *bias))
    if step.shape[1] < width or work < WORTH * width:
        return _as_pairs(step)
    w = w if strides(w.lanes) else made.copied(w, False)
    steps = strides(x.lanes)
    x = x if steps and steps[1] == 1 else made.copied(x, False)
    if bias:
        steps = strides(_spread(bias[0], step.shape))
        if steps is None or steps[1] not in (0, 1):
            bias = [made.copied(_part_of(bias[0], step.shape), False)]
    return replace(step, operands=(w, x, *bias))


def _spread(operand: Operand, shape: tuple[int, ...]) -> Lanes:
    return np.broadcast_to(operand.lanes, shape)


def _part_of(operand: Operand, shape: tuple[int, ...]) -> Operand:
    return Operand(operand.kind, _spread(operand, shape))


def _as_pairs(step: Step) -> Step:
    """Σ over k of w (k, r, c) and x (k, r, c)."""
    w, x, *bias = step.operands
    (rows, columns), terms = step.shape, w.shape[1]
    left = Operand(w.kind, np.broadcast_to(w.lanes.T[:, :, None], (terms, rows, columns)))
    right = Operand(x.kind, np.broadcast_to(x.lanes[:, None, :], (terms, rows, columns)))
    return replace(step, form="pairs", operands=(left, right, *bias))


# --- outputs ----------------------------------------------------------------------------------------------------------


def _add_outputs(made: Prepared, per_sample: bool) -> None:
    """Steps that bring outputs to their place, where they are not there already."""
    outputs = made.vectors.outputs
    if per_sample:
        made.sample_outputs = np.array([_sample_lane(made, kind, value) for kind, value in outputs], np.intp)
        return
    copies = [(number, int(lane)) for number, (kind, lane) in enumerate(outputs) if kind == "shared"]
    for number, (kind, value) in enumerate(outputs):
        if kind == "constant":
            made.constants[made.outputs + number] = value
    if copies:
        numbers, lanes = (np.array(each, np.intp) for each in zip(*copies, strict=True))
        first = made.take(len(lanes), False)
        made.steps.append(Step("lift", False, first, lanes.shape, (Operand("shared", lanes),), results=numbers))


def _sample_lane(made: Prepared, kind: str, value: float) -> int:
    """The batched lane of an output; what is the same for all samples is copied to one."""
    if kind == "batched":
        return int(value)
    if kind == "result":
        source = next(step for step in made.vectors.steps if step.results is not None and value in step.results)
        assert source.results is not None
        lane = source.start + int(np.flatnonzero(source.results.ravel() == value)[0])
        if source.batched:
            return lane
    else:
        lane = made.constant(value) if kind == "constant" else int(value)
    copy = made.copied(Operand("shared", np.array([lane], np.intp)), True)
    return int(copy.lanes[0])


def term_lanes(step: Step, sides: Sides = PLAIN) -> list[tuple[Operand, bool]]:
    """The operands of a step as lanes (terms, lanes of the result), and whether each has several terms."""
    factors = sum([count for _, count in sides])
    deep = step.operands[:factors] if "pairs" in step.form else step.operands[-1:] if step.form == "reduce" else ()
    terms = max([each.shape[0] for each in deep], default=1)
    found = []
    for operand in step.operands:
        is_deep = any(operand is each for each in deep)
        shape = (terms, *step.shape) if is_deep else step.shape
        lanes = np.broadcast_to(operand.lanes, shape).reshape(-1, step.size)
        found.append((Operand(operand.kind, lanes), is_deep))
    return found

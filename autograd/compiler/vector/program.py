"""Vector programs: what a program comes to when equations of one kind are computed at once.

    program ::= step* result
    step    ::= lanes "=" form operand …                    the lanes of a step are new and follow each other
    form    ::= map | reduce | product | pairs | mean | mean_product | mean_pairs | lift
    operand ::= lanes of one of the two files, or constants

Numbers live in two files: a lane of `shared` is one number, a lane of `batched` is one number for each sample. Both
begin with the inputs of their kind, in order. `places` connects lanes with the program of scalars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.program import Program
from autograd.errors import CompileError
from autograd.primitive import Primitive

Lanes = NDArray[np.intp]
Numbers = NDArray[np.float64]

FORMS = ("map", "reduce", "product", "pairs", "mean", "mean_product", "mean_pairs", "lift")


@dataclass(frozen=True)
class Operand:
    """Lanes of a file, or constants. `lanes` and `numbers` have the shape in which the step wants them."""

    kind: str  # "shared", "batched" or "constant"
    lanes: Lanes = field(default_factory=lambda: np.zeros(0, np.intp))
    numbers: Numbers = field(default_factory=lambda: np.zeros(0))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the lanes, without the samples; () for one constant."""
        return self.numbers.shape if self.kind == "constant" else self.lanes.shape


@dataclass(frozen=True)
class Step:
    """One vector equation. Its result has `shape` (and the samples behind, if `batched`), rows first, in new lanes.

    form          operands                          result
    map           x, y, … each of `shape`           `row` of them, lane by lane
    reduce        xs (n, *shape); for `pick` index (*shape), xs     `row` over the first axis
    product       w (r, k), x (k, c) [, bias]       w x + bias, shape (r, c); the bias broadcasts
    pairs         w, x (k, *shape) [, bias]         Σ w x + bias over the first axis; w may be constants (k, 1…)
    mean          x (*shape), batched               the mean over the samples, shared
    mean_product  w (r, k), x (c, k), both batched  Σ w xᵀ over k, mean over the samples: shape (r, c), shared
    mean_pairs    w, x (k, *shape), both batched    Σ w x over k, mean over the samples, shared
    lift          x (*shape), shared                the same numbers for every sample
    """

    form: str
    batched: bool
    start: int  # the first lane, in the file of its kind
    shape: tuple[int, ...]
    operands: tuple[Operand, ...]
    row: Primitive | None = None
    places: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))  # of `shape`; of the scalar program
    results: NDArray[np.intp] | None = None  # of `shape`: the outputs that these are; nothing else looks at them
    name: str = ""
    note: str = ""

    @property
    def size(self) -> int:
        """How many lanes."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True)
class Array:
    """Lanes that have a name together: a matrix (r, c) or a vector (n,)."""

    name: str
    kind: str  # "shared" or "batched"
    lanes: Lanes


@dataclass(frozen=True)
class VectorProgram:
    """Steps in order; `sizes` are the lanes of (shared, batched) with constants among them as `constants` says.

    `outputs[i]` is the (kind, lane) of output i, or ("constant", number), or ("result", i) where a step's `results`
    gives it directly.
    """

    program: Program
    steps: tuple[Step, ...]
    sizes: tuple[int, int]
    constants: tuple[tuple[str, int, float], ...]  # (kind, lane, number): lanes that never change
    outputs: tuple[tuple[str, float], ...]
    guards: tuple[tuple[str, float | int, float | int, bool], ...]  # atoms are constants or lanes of `shared`
    inputs: tuple[Array, ...] = ()  # with their names

    @property
    def equations(self) -> int:
        """The number of vector equations."""
        return len(self.steps)

    def work(self, samples: int = 1) -> int:
        """Multiplications, additions and function values that one run needs."""
        return sum(_work(step) * (samples if _per_sample(step) else 1) for step in self.steps)


def _per_sample(step: Step) -> bool:
    return step.batched or step.form.startswith("mean")


def _work(step: Step) -> int:
    if step.form in ("product", "mean_product"):
        return 2 * step.size * step.operands[0].shape[1]
    if step.form in ("pairs", "mean_pairs", "reduce"):
        return 2 * step.size * step.operands[-1].shape[0] if step.operands[-1].shape else 2 * step.size
    return step.size


def check(vectors: VectorProgram) -> VectorProgram:
    """The vector program itself, if every lane is computed once and before it is used; else CompileError."""
    inputs = {"shared": len(vectors.program.shared), "batched": len(vectors.program.batched)}
    known = {kind: np.zeros(size, bool) for kind, size in zip(("shared", "batched"), vectors.sizes, strict=True)}
    for kind, size in inputs.items():
        known[kind][:size] = True
    for kind, lane, _ in vectors.constants:
        known[kind][lane] = True
    for number, step in enumerate(vectors.steps):
        if step.form not in FORMS:
            raise CompileError(f"step {number} has the unknown form {step.form!r}")
        for operand in step.operands:
            if operand.kind != "constant" and not known[operand.kind][operand.lanes].all():
                raise CompileError(f"step {number} ({step.form}) uses lanes that are not computed before it")
        mine = known["batched" if step.batched else "shared"][step.start : step.start + step.size]
        if step.results is None and mine.any():
            raise CompileError(f"step {number} ({step.form}) computes lanes that are known already")
        mine[:] = True
        if wrong := _wrong_shape(step):
            raise CompileError(f"step {number} ({step.form}) {wrong}")
    return vectors


def _wrong_shape(step: Step) -> str:
    shapes = [operand.shape for operand in step.operands]
    if step.form == "product" and (shapes[0][0], shapes[1][1], shapes[0][1]) != (*step.shape, shapes[1][0]):
        return f"gives {step.shape} from {shapes}"
    if step.form in ("map", "mean", "lift") and any(shape not in ((), step.shape) for shape in shapes):
        return f"gives {step.shape} from {shapes}"
    return ""


def lanes_of(operands: Sequence[Operand], kind: str) -> list[Lanes]:
    """The lanes that operands of that kind look at."""
    return [operand.lanes for operand in operands if operand.kind == kind]

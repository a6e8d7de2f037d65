"""Vector programs: programs whose equations of one kind are computed at once.

    program ::= step* result
    step    ::= lanes "=" form operand …                    the lanes of a step are new and follow each other
    form    ::= map | reduce | product | pairs | mean | mean_product | mean_pairs | lift
    operand ::= lanes of one of the two files, or constants

Numbers live in two files: a lane of `shared` is one number, a lane of `batched` is one number for each sample. Both
begin with the inputs of their kind, in order. `places` connects lanes with the program of scalars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd._numpy import np
from autograd.compiler.program import Program
from autograd.compiler.vector.order import Reads, check_reads
from autograd.compiler.vector.printing import KINDS, Texts, printed
from autograd.compiler.vector.steps import FORMS, Array, Lanes, Numbers, Operand, Step
from autograd.errors import CompileError

__all__ = ["FORMS", "Array", "Lanes", "Numbers", "Operand", "Step", "VectorProgram", "check", "check_lanes"]


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

    def __str__(self) -> str:
        fixed = {(kind, lane): number for kind, lane, number in self.constants}
        return printed(self.texts, self.outputs, fixed)

    @property
    def texts(self) -> Texts:
        """Operands and steps as text."""
        return Texts(self.inputs, self.steps, self.sizes)

    @property
    def equations(self) -> int:
        """The number of vector equations."""
        return len(self.steps)

    def output_lanes(self, kind: str) -> Lanes:
        """The lanes of the outputs of a kind, in order."""
        return np.array([int(lane) for each, lane in self.outputs if each == kind], np.intp)

    @property
    def guard_lanes(self) -> Lanes:
        """The lanes that guards look at."""
        return np.array([atom for _, *atoms, _ in self.guards for atom in atoms if type(atom) is int], np.intp)

    def work(self, samples: int = 1) -> int:
        """Multiplications, additions and function values that one run needs."""
        return sum(self.costs(samples))

    def costs(self, samples: int = 1) -> tuple[int, int]:
        """`work` divided into that of matrix products and all the rest."""
        found = [0, 0]
        for step in self.steps:
            found["product" not in step.form] += _work(step) * (samples if _per_sample(step) else 1)
        return found[0], found[1]


def _per_sample(step: Step) -> bool:
    return step.batched or step.form.startswith("mean")


def _work(step: Step) -> int:
    if step.form in ("product", "mean_product"):
        return 2 * step.size * step.operands[0].shape[1]
    if step.form in ("pairs", "mean_pairs", "reduce"):
        deep = step.operands[-1:] if step.form == "reduce" else step.operands[:2]  # a bias may follow
        return 2 * step.size * max([each.shape[0] for each in deep if each.shape], default=1)
    return step.size


def check(vectors: VectorProgram) -> VectorProgram:
    """The vector program itself, if every lane is computed once and before it is used; else CompileError."""
    check_lanes(vectors, vectors.steps)
    for number, step in enumerate(vectors.steps):
        if step.form not in FORMS:
            raise CompileError(f"step {number} has the unknown form {step.form!r}")
        if wrong := _wrong_shape(step):
            raise CompileError(f"step {number} ({step.form}) {wrong}")
    return vectors


def check_lanes(vectors: VectorProgram, steps: Sequence[Step], also: Reads | None = None) -> None:
    """CompileError unless these steps, in their order, read only what is written; guards and outputs likewise.

    `also` are operands that a back end reads besides those of a step.
    """
    program = vectors.program
    written = {kind: np.zeros(size, bool) for kind, size in zip(KINDS, vectors.sizes, strict=True)}
    for kind, inputs in zip(KINDS, (program.shared, program.batched), strict=True):
        written[kind][: len(inputs)] = True
    for kind, constant, _ in vectors.constants:
        written[kind][constant] = True
    check_reads(steps, written, also)
    given = np.zeros(len(vectors.outputs), bool)
    for step in steps:
        if step.results is not None:
            given[step.results] = True
    for kind, there in {**written, "result": given}.items():
        lanes = vectors.output_lanes(kind)
        for lane in lanes[~there[lanes]].tolist():
            raise CompileError(f"the result looks at lane {lane} ({kind}), which no step computes")
    lanes = vectors.guard_lanes
    for lane in lanes[~written["shared"][lanes]].tolist():
        raise CompileError(f"a guard looks at lane {lane}, which no step computes")


def _wrong_shape(step: Step) -> str:
    shapes = [operand.shape for operand in step.operands]
    if step.form == "product" and (shapes[0][0], shapes[1][1], shapes[0][1]) != (*step.shape, shapes[1][0]):
        return f"gives {step.shape} from {shapes}"
    if step.form in ("map", "mean", "lift") and any(shape not in ((), step.shape) for shape in shapes):
        return f"gives {step.shape} from {shapes}"
    return ""
